//! The churn learner measured: in worlds whose truth is known, and for speed.
//!
//! `worlds ACCOUNTS MONTHS SEEDS` prints how near it comes to the truth and how often it
//! sees a signal where there is none; `fit FOLDER` learns from the numbers that
//! `run.py` wrote there and leaves its probabilities beside them.

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]

mod world;

use std::error::Error;
use std::fs;
use std::path::Path;

use kenko::config::{ChurnSettings, Pipeline, SHIPPED_PIPELINE};
use kenko::function::churn_model::{Calibration, ChurnModel, MODEL_FORMAT, Scorer};
use kenko::step::{Boosting, Values, Watched, average_precision, fit_forest, roc_auc, train};
use kenko::time::Stopwatch;
use rayon::prelude::*;
use world::{HORIZON, Kind, World, world};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["worlds", accounts, months, seeds] => {
            worlds(accounts.parse()?, months.parse()?, seeds.parse()?)
        }
        ["chance", accounts, months, seeds] => {
            chance(accounts.parse()?, months.parse()?, seeds.parse()?)
        }
        ["fit", folder] => fit(Path::new(folder)),
        _ => Err(
            "say `worlds ACCOUNTS MONTHS SEEDS`, `chance ACCOUNTS MONTHS SEEDS` or `fit FOLDER`"
                .into(),
        ),
    }
}

fn settings() -> Result<ChurnSettings, Box<dyn Error>> {
    Ok(Pipeline::parse("nightly.yaml", SHIPPED_PIPELINE)?.churn_model)
}

fn day_after(made: &World) -> i32 {
    made.examples
        .rows
        .last()
        .map_or(0, |row| row.cutoff + HORIZON)
}

fn worlds(accounts: u32, months: i32, last_seed: u64) -> Outcome {
    println!("world seed kind verdict lost auc truth_auc auc_gap log_loss truth_loss ece seconds");
    for kind in [Kind::Observable, Kind::Hidden] {
        for seed in 1..=last_seed {
            let made = world(kind, accounts, months, seed);
            let watch = Stopwatch::start();
            let trained = train(&made.examples, day_after(&made), HORIZON, &settings()?);
            let seconds = watch.seconds();
            let card = &trained.card;
            let rows: Vec<usize> = trained
                .forecast
                .probabilities()
                .map(|(row, _)| row)
                .collect();
            let truth: Vec<f64> = rows.iter().map(|row| made.truth[*row]).collect();
            let is_lost = |row: &usize| made.examples.rows[*row].churned_on.is_some();
            let labels: Vec<bool> = rows.iter().map(is_lost).collect();
            let best = roc_auc(&truth, &labels).unwrap_or(f64::NAN);
            let surprise =
                |(truth, lost): (&f64, &bool)| -if *lost { truth.ln() } else { (-truth).ln_1p() };
            let total: f64 = truth.iter().zip(&labels).map(surprise).sum();
            let loss = total / f64::from(u32::try_from(labels.len())?);
            let of = |metric: &str| card.total(metric).unwrap_or(f64::NAN);
            println!(
                "{kind:?} {seed} {} {} {} {:.4} {best:.4} {:.4} {:.5} {loss:.5} {:.4} {seconds:.1}",
                trained.kind,
                trained.verdict.name(),
                of("lost_accounts"),
                of("auc"),
                best - of("auc"),
                of("log_loss"),
                of("expected_calibration_error"),
            );
        }
    }
    Ok(())
}

fn chance(accounts: u32, months: i32, seeds: u64) -> Outcome {
    let settings = settings()?;
    let found: Vec<(u64, String, &str)> = (1..=seeds)
        .into_par_iter()
        .map(|seed| {
            let made = world(Kind::Chance, accounts, months, seed);
            let trained = train(&made.examples, day_after(&made), HORIZON, &settings);
            (seed, trained.kind.clone(), trained.verdict.name())
        })
        .collect();
    let silent = found
        .iter()
        .filter(|(_, _, verdict)| *verdict == "no_signal")
        .count();
    for (seed, kind, verdict) in found
        .iter()
        .filter(|(_, _, verdict)| *verdict != "no_signal")
    {
        println!("seed {seed}: {kind} {verdict}");
    }
    println!(
        "{silent} of {seeds} say that there is no signal ({accounts} accounts, {months} months)"
    );
    Ok(())
}

fn numbers(path: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let cells = bytes
        .chunks_exact(8)
        .map(|cell| cell.try_into().map(f64::from_le_bytes));
    Ok(cells.collect::<Result<_, _>>()?)
}

fn table(path: &Path, columns: usize) -> Result<Values, Box<dyn Error>> {
    let mut values = Values::new(columns);
    for row in numbers(path)?.chunks_exact(columns) {
        values.push(row);
    }
    Ok(values)
}

fn fit(folder: &Path) -> Outcome {
    let labels = |name: &str| -> Result<Vec<bool>, Box<dyn Error>> {
        Ok(fs::read(folder.join(name))?
            .iter()
            .map(|label| *label == 1)
            .collect())
    };
    let columns: usize = fs::read_to_string(folder.join("columns"))?.trim().parse()?;
    let (kept, watched) = (
        table(&folder.join("kept"), columns)?,
        table(&folder.join("watched"), columns)?,
    );
    let (kept_labels, watched_labels) = (labels("kept_labels")?, labels("watched_labels")?);
    let watch = Stopwatch::start();
    let aside = Watched {
        values: &watched,
        labels: &watched_labels,
    };
    let forest = fit_forest(&kept, &kept_labels, Some(&aside), &Boosting::default());
    let fitting = watch.seconds();
    let trees = forest.trees.len();
    let model = Scorer::new(ChurnModel {
        format: MODEL_FORMAT,
        features: (0..columns).map(|column| format!("f{column}")).collect(),
        logistic: None,
        forest: Some(forest),
        calibration: Calibration::None,
    })?;
    let cells = numbers(&folder.join("test"))?;
    let rows: Vec<&[f64]> = cells.chunks_exact(columns).collect();
    let watch = Stopwatch::start();
    let scores: Vec<f64> = rows.par_iter().map(|row| model.probability(row)).collect();
    let scoring = watch.seconds();
    let watch = Stopwatch::start();
    let parts: Vec<i64> = rows
        .par_iter()
        .map(|row| model.parts(row).probability)
        .collect();
    let explaining = watch.seconds();
    let happened = labels("test_labels")?;
    println!(
        "trees {trees} fit {fitting:.3} score {scoring:.3} parts {explaining:.3} rows {} auc {:.4} pr_auc {:.4}",
        parts.len(),
        roc_auc(&scores, &happened).unwrap_or(f64::NAN),
        average_precision(&scores, &happened).unwrap_or(f64::NAN),
    );
    let bytes: Vec<u8> = scores
        .iter()
        .flat_map(|score| score.to_le_bytes())
        .collect();
    fs::write(folder.join("kenko_scores"), bytes)?;
    Ok(())
}

//! The churn model: that it learns what there is to learn and nothing else, and
//! that a night asks the model in charge. The long forms are in `benches/churn`.

#[path = "../../benches/churn/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use kenko::config::{ChurnSettings, Pipeline, SHIPPED_PIPELINE};
use kenko::step::{Trained, roc_auc, train};
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use world::{HORIZON, Kind, World, world};

use crate::support::company::{Company, files};

fn settings() -> ChurnSettings {
    let pipeline = Pipeline::parse("nightly.yaml", SHIPPED_PIPELINE).unwrap();
    ChurnSettings {
        resamples: 100,
        ..pipeline.churn_model
    }
}

fn trained(made: &World) -> Trained {
    let day = made.examples.rows.last().unwrap().cutoff + HORIZON;
    train(&made.examples, day, HORIZON, &settings())
}

#[test]
fn where_there_is_nothing_to_know_it_says_so_ten_times_of_ten() {
    let verdicts: Vec<&str> = (1..=10_u64)
        .into_par_iter()
        .map(|seed| trained(&world(Kind::Chance, 130, 15, seed)).verdict.name())
        .collect();
    assert_eq!(verdicts, ["no_signal"; 10]);
}

#[test]
fn any_number_of_threads_learns_the_same_bits() {
    let made = world(Kind::Observable, 120, 15, 4);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| trained(&made))
    };
    let (one, three) = (with(1), with(3));
    assert!(one.model.is_some());
    assert_eq!(one.model, three.model);
    assert_eq!(one.card, three.card);
    assert_eq!(one.references, three.references);
}

#[test]
fn what_can_be_seen_is_learned() {
    let made = world(Kind::Observable, 250, 16, 2);
    let found = trained(&made);
    assert_eq!(found.verdict.name(), "better");
    let gap = best_auc(&made, &found) - found.card.total("auc").unwrap();
    assert!(gap < 0.04, "{gap}");
    assert!(found.card.total("expected_calibration_error").unwrap() < 0.03);
    for baseline in [
        "chance",
        "recency",
        "days_to_renewal",
        "last_quarter_score",
        "scorecard",
    ] {
        let line = found
            .card
            .line("log_loss_gain", "baseline", baseline)
            .unwrap();
        assert!(line.value.unwrap() > 0.0, "{baseline}");
    }
    // No label is looked at whose horizon had not passed on the day of the training.
    let early = made.examples.rows[0].cutoff + HORIZON - 1;
    let nothing = train(&made.examples, early, HORIZON, &settings());
    assert_eq!(nothing.card.total("training_rows"), Some(0.0));
    assert_eq!(nothing.verdict.name(), "too_few_events");
}

/// How well the true probability ranks the rows that were forecast.
fn best_auc(made: &World, found: &Trained) -> f64 {
    let rows: Vec<usize> = found.forecast.probabilities().map(|(row, _)| row).collect();
    let truth: Vec<f64> = rows.iter().map(|row| made.truth[*row]).collect();
    let lost = |row: &usize| made.examples.rows[*row].churned_on.is_some();
    let labels: Vec<bool> = rows.iter().map(lost).collect();
    roc_auc(&truth, &labels).unwrap()
}

#[test]
fn what_is_hidden_leaves_a_gap_to_the_truth() {
    let made = world(Kind::Hidden, 250, 16, 2);
    let found = trained(&made);
    let gap = best_auc(&made, &found) - found.card.total("auc").unwrap();
    assert!((0.005..0.06).contains(&gap), "{gap}");
}

/// Puts a model and the decision for it where `train` would.
fn appoint(company: &Company, number: u64, as_of: &str, intercept: f64) -> String {
    let term = json!({
        "low": 0.0, "high": 60.0, "mean": 5.0, "scale": 0.1, "weight": 0.7,
        "missing_share": 0.0, "missing_weight": 0.0,
    });
    let bins = json!([
        {"from": null, "to": 3.0, "is_missing": false, "share": 0.5},
        {"from": 3.0, "to": null, "is_missing": false, "share": 0.5},
        {"from": null, "to": null, "is_missing": true, "share": 0.0},
    ]);
    let line = json!({
        "metric": "auc", "dimension": "all", "dimension_value": "all", "value": 0.8,
        "low": 0.7, "high": 0.9, "n": 100, "events": 40, "note_en": "", "note_ja": "",
    });
    let file = json!({
        "format": 1, "pipeline": "nightly", "trained_as_of": as_of, "kind": "logistic",
        "verdict": "better",
        "model": {
            "format": 1, "features": ["days_since_active"],
            "logistic": {"intercept": intercept, "terms": [term]}, "forest": null,
            "calibration": {"platt": {"slope": 0.9, "intercept": -0.1}},
        },
        "card": {"lines": [line]},
        "references": [{
            "feature": "days_since_active", "typical": 3.0, "rows": 100, "accounts": 50,
            "chi_square": 3.841_459, "bins": bins,
        }],
    });
    let text = file.to_string();
    let version = format!("{:x}", Sha256::digest(text.as_bytes()))[..16].to_owned();
    company.write(&format!("out/_kenko/models/nightly/{version}.json"), &text);
    let decision = json!({
        "format": 1, "number": number, "as_of": as_of, "newest": version, "champion": version,
        "note_en": "It is in charge.", "note_ja": "採用した。",
    });
    let entry = format!("out/_kenko/models/nightly/log/{number:020}.json");
    company.write(&entry, &decision.to_string());
    version
}

const IN_CHARGE: &str = "select distinct model, model_version from churn_risk";

fn asked(company: &Company, sql: &str) -> String {
    let answer = company.kenko(&["query", sql, "--output", "out", "--format", "csv"]);
    let answer = answer.succeeded();
    answer.stdout().to_owned()
}

#[test]
fn a_night_asks_the_model_that_was_in_charge_on_its_day() {
    let company = Company::small();
    company.run("2026-06-30", "out", &[]).succeeded();
    assert_eq!(
        asked(&company, IN_CHARGE),
        "model,model_version\nscorecard,1\n"
    );
    assert_eq!(
        asked(&company, "select count(*) as n from model_drift"),
        "n\n0\n"
    );

    let version = appoint(&company, 1, "2026-06-30", -2.0);
    let later = appoint(&company, 2, "2026-07-15", -1.0);
    // Another model is another run: the same day is published anew.
    let night = company.run("2026-06-30", "out", &[]).succeeded();
    assert!(
        night.stdout().contains("published version 2"),
        "{}",
        night.stdout()
    );
    assert_eq!(
        asked(&company, IN_CHARGE),
        format!("model,model_version\nlogistic,{version}\n")
    );
    let sums = "select count(*) as n from churn_risk where cast(churn_probability as decimal(9,6)) \
                <> cast(base_probability as decimal(9,6)) + coalesce((select sum(contribution) \
                from churn_reason where churn_reason.account_id = churn_risk.account_id), 0)";
    assert_eq!(asked(&company, sums), "n\n0\n");
    let reasons = "select count(*) > 0 as some, min(reason) like '%days since last activity%' as said \
                   from churn_reason";
    assert_eq!(asked(&company, reasons), "some,said\ntrue,true\n");
    let card = "select model_role, model_version, value from model_card where metric = 'auc' \
                order by model_role";
    let lines = format!("champion,{version},0.8\nnewest,{version},0.8\n");
    assert_eq!(
        asked(&company, card),
        format!("model_role,model_version,value\n{lines}")
    );
    assert_eq!(
        asked(&company, "select feature from model_drift"),
        "feature\ndays_since_active\n"
    );
    assert!(!asked(&company, IN_CHARGE).contains(&later));

    // A model that was tampered with stops the night.
    let path = company.path(&format!("out/_kenko/models/nightly/{version}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("0.7", "7.0");
    std::fs::write(&path, text).unwrap();
    let stopped = company.run("2026-06-30", "out", &[]);
    assert_eq!(stopped.code(), 3, "{}", stopped.shown());
}

/// The stored month-ends with the time of their making.
fn examples(company: &Company) -> BTreeMap<PathBuf, SystemTime> {
    let folder = company.path("out/_kenko/state/int_churn_example");
    let made = |file: PathBuf| {
        let time = file.metadata().unwrap().modified().unwrap();
        (file, time)
    };
    files(&folder).into_iter().map(made).collect()
}

#[test]
fn training_on_a_young_company_says_what_is_lacking_and_leaves_the_scorecard() {
    let company = Company::small();
    let pipeline = SHIPPED_PIPELINE.replace("  months: 36\n", "  months: 6\n");
    company.write("pipelines/nightly.yaml", &pipeline);
    let order = [
        "train",
        "pipelines/nightly.yaml",
        "--as-of",
        "2026-06-30",
        "--output",
        "out",
    ];
    let first = company.kenko(&order).succeeded();
    assert!(
        first.stdout().contains("in charge: the scorecard"),
        "{}",
        first.stdout()
    );
    assert!(
        first.stdout().contains("Too few accounts were lost"),
        "{}",
        first.stdout()
    );
    // What the training took outlives a prune, and is not computed again.
    let kept = examples(&company);
    assert_eq!(kept.len(), 6);
    let prune = [
        "prune",
        "--output",
        "out",
        "--older-than",
        "0",
        "--keep-results",
        "0",
    ];
    company.kenko(&prune).succeeded();
    assert!(examples(&company) == kept);
    let again = company.kenko(&order).succeeded();
    assert!(
        again.stdout().contains("(already done)"),
        "{}",
        again.stdout()
    );
    assert!(examples(&company) == kept);
    company.run("2026-06-30", "out", &[]).succeeded();
    let card = "select model_role, model, note like 'Too few accounts%' as said from model_card \
                where metric = 'decision' order by model_role";
    let lines = "champion,scorecard,true\nnewest,none,true\n";
    assert_eq!(
        asked(&company, card),
        format!("model_role,model,said\n{lines}")
    );
    let wrong = company.kenko(&["train", "pipelines/nightly.yaml", "--as-of", "2026-06-31"]);
    assert_eq!(wrong.code(), 2);

    // Nobody learns from what only today's state says, whatever the pipeline lists.
    let listed = "  features:\n    - feature: days_since_active\n";
    let today = "  features:\n    - feature: auto_renew_off\n      label: {en: no renewal, ja: 更新なし}\n      \
                 is_actionable: false\n    - feature: days_since_active\n";
    assert!(pipeline.contains(listed));
    company.write("pipelines/nightly.yaml", &pipeline.replace(listed, today));
    // No extract could mend that, so it is known before any is read.
    for command in [&["check", "pipelines/nightly.yaml"][..], &order[..]] {
        let refused = company.kenko(command);
        assert_eq!(refused.code(), 2, "{}", refused.shown());
        let said = refused.messages();
        assert!(said.contains("churn_feature_for_training"), "{said}");
        assert!(said.contains("auto_renew_off"), "{said}");
    }
    let short = pipeline.replace("  horizon_days: 90\n", "  horizon_days: 180\n");
    company.write("pipelines/nightly.yaml", &short);
    let refused = company.kenko(&["check", "pipelines/nightly.yaml"]);
    assert_eq!(refused.code(), 2, "{}", refused.shown());
    assert!(
        refused.messages().contains("from less than 9 months"),
        "{}",
        refused.shown()
    );
}

/// The shipped pipeline, made to learn from this many months and to publish `marts` only.
fn learning(months: u32, marts: &str) -> String {
    let shipped = SHIPPED_PIPELINE.replace("  months: 36\n", &format!("  months: {months}\n"));
    format!("{shipped}\nmarts: [{marts}]\n")
}

#[test]
fn a_second_training_meets_the_model_in_charge_on_later_month_ends() {
    let company = Company::nobody();
    company.kenko(&["init", "."]).succeeded();
    let sample = "sample --world observable --accounts 500 --days 480 --events 20000 --seed 3 \
                  --until 2026-06-30 --to testdata";
    company
        .kenko(&sample.split_whitespace().collect::<Vec<_>>())
        .succeeded();
    let marts = "churn_risk, churn_reason, model_card, model_drift, risk_list, task";
    company.write("pipelines/nightly.yaml", &learning(8, marts));
    let train = |as_of: &str| {
        let order = [
            "train",
            "pipelines/nightly.yaml",
            "--as-of",
            as_of,
            "--output",
            "out",
        ];
        let said = company.kenko(&order).succeeded();
        said.stdout().to_owned()
    };
    let newest = |said: &str| {
        let line = said
            .lines()
            .find(|line| line.contains(" as of 2026-"))
            .unwrap();
        line.split(' ').nth(2).unwrap().to_owned()
    };
    let first = train("2026-01-31");
    let champion = newest(&first);
    assert!(
        first.contains(&format!("in charge: model {champion}\n")),
        "{first}"
    );
    assert!(first.contains("better than every baseline"), "{first}");

    // The night before did not know the model; tasks in hand go on under their names.
    let tasks = "select account_id, min(task_key) as task_key, count(*) as n from task \
                 where task_type = 'risk' and is_handed_over group by account_id order by account_id";
    company.run("2026-01-30", "out", &[]).succeeded();
    assert_eq!(
        asked(&company, IN_CHARGE),
        "model,model_version\nscorecard,1\n"
    );
    let before = asked(&company, tasks);
    company.run("2026-01-31", "out", &[]).succeeded();
    let kind = first.split(' ').next().unwrap();
    assert!(
        asked(&company, IN_CHARGE).ends_with(&format!("{champion}\n")),
        "{kind}"
    );
    let after = asked(&company, tasks);
    let accounts = |lines: &str| -> BTreeMap<String, String> {
        let cells = lines
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').unwrap());
        cells
            .map(|(account, task)| (account.to_owned(), task.to_owned()))
            .collect()
    };
    let (before, after) = (accounts(&before), accounts(&after));
    let stayed = before
        .iter()
        .filter(|(account, _)| after.contains_key(*account));
    let stayed: Vec<_> = stayed.collect();
    assert!(stayed.len() > 3, "{before:?} {after:?}");
    for (account, task) in stayed {
        assert_eq!(&after[account], task);
        assert!(task.ends_with(",1"), "{task}");
    }

    let second = train("2026-06-30");
    assert!(second.contains("log loss "), "{second}");
    let challenger = newest(&second);
    assert_ne!(challenger, champion);
    let winner = if second.contains("it is in charge") {
        &challenger
    } else {
        assert!(second.contains("that one stays in charge"), "{second}");
        &champion
    };
    company.run("2026-06-30", "out", &[]).succeeded();
    assert!(asked(&company, IN_CHARGE).ends_with(&format!(",{winner}\n")));
    let card = "select model_role, model_version, note like '%log loss%' as by_figures from model_card \
                where metric = 'decision' order by model_role";
    assert_eq!(
        asked(&company, card),
        format!(
            "model_role,model_version,by_figures\nchampion,{winner},true\nnewest,{challenger},true\n"
        )
    );
    let judged = "select model_role, model_version from model_card where metric = 'auc' and dimension = 'all' \
                  order by model_role";
    assert_eq!(
        asked(&company, judged),
        format!("model_role,model_version\nchampion,{winner}\nnewest,{challenger}\n")
    );
}

//! Health and risk as they would have been at past month-ends, beside what
//! happened afterwards.
//!
//! The scores are computed by runs of the graph as of those days, and the tables
//! that judge them by the models that every night runs on them: this module
//! says only which days, and that they become an input of the nights to come
//! when the checks hold. What is good enough is a check in SQL.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::ToSpan;
use jiff::civil::Date;

use super::check;
use super::cutoff::{CutoffRequest, WantedModels, series};
use super::key::Keys;
use super::night::{Night, RunOptions, scratch_folder};
use super::past::Past;
use super::preview;
use super::progress::Observer;
use super::project::Project;
use super::reuse::Forced;
use super::state::{self, State};
use crate::error::{Error, Result};
use crate::source;
use crate::storage::Storage;
use crate::time::date_of;

/// The marts whose past is judged.
const JUDGED: [&str; 2] = ["account_health", "churn_risk"];
/// The marts that judge it.
const TABLES: [&str; 4] = [
    "health_backtest",
    "health_backtest_decile",
    "health_backtest_lead",
    "health_backtest_missed",
];
/// Days of events that must lie before a month-end that is judged: as far as
/// use is looked back at and compared.
const DAYS_OF_USE: i64 = 56;

/// What a backtest found.
#[derive(Debug)]
pub struct Backtest {
    /// The newest day that was known.
    pub as_of: String,
    /// The month-ends.
    pub cutoffs: Vec<Date>,
    /// The tables that judge them, by name.
    pub tables: BTreeMap<String, PathBuf>,
    _folder: tempfile::TempDir,
}

/// Computes health and risk as of past month-ends and judges them. What was
/// found is read by every night from then on; with a failed check it is not.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] when a check fails, for example because the
/// pipeline asks for a better AUC, or when no month-end can be judged yet;
/// otherwise as a run.
pub async fn backtest(
    project: &Project,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<Backtest> {
    for mart in JUDGED.iter().chain(&TABLES) {
        if project.graph.get(mart).is_none() {
            return Err(Error::usage(format!("the pipeline has no `{mart}`"))
                .with_hint("add it to `marts:`, or leave `marts:` out")
                .at(&project.file, None, None));
        }
    }
    let output = options.output.as_deref();
    let storage = Storage::open(output.unwrap_or(&project.pipeline.output))?;
    let night = Night::begin(storage, project, options, observer).await?;
    let cutoffs = month_ends(&night)?;
    if cutoffs.is_empty() {
        return Err(Error::data(
            "there is no month-end whose horizon is over and that has use before it",
        )
        .with_hint("a backtest needs about half a year of extracts"));
    }
    let marts = JUDGED.map(str::to_owned).to_vec();
    let models: WantedModels = cutoffs.iter().map(|day| (*day, marts.clone())).collect();
    let request = CutoffRequest {
        purpose: "backtest",
        models,
    };
    let results = series(&night, &request).await?;
    let mut past = Past::default();
    for (result, day) in results.results.iter().zip(&cutoffs) {
        let cut = night.cut(*day, options).await?;
        let keys = Keys::new(&cut.basis())?;
        for (name, file) in &result.files {
            let mart = project.graph.get(name).zip(keys.whole.get(name));
            let (mart, key) = mart.ok_or_else(|| Error::bug(format!("`{name}` has no key")))?;
            let size = tokio::fs::metadata(file).await.map_err(|cause| {
                Error::bug(format!("cannot look at {}", file.display())).with_source(cause)
            })?;
            past.add(mart, state::path(name, None, &key.hash)?, size.len());
        }
    }
    let judged = judge(&night, options, past).await?;
    Ok(Backtest { cutoffs, ..judged })
}

/// Builds the tables on `past`, and makes it what nights read if the checks hold.
async fn judge(night: &Night<'_>, options: &RunOptions, past: Past) -> Result<Backtest> {
    let options = RunOptions {
        select: TABLES.map(str::to_owned).to_vec(),
        ..options.clone()
    };
    let judging = night.with_past(past, &options).await?;
    let schemas = preview::validate(night.project).await?.schemas;
    let scratch = scratch_folder()?;
    let state = State::open(&judging.storage).await?;
    let keys = Keys::new(&judging.basis())?;
    let forced = Forced::new();
    let schemas = schemas.into_iter().collect();
    let built = judging.build(keys, state, &forced, &schemas, scratch.path());
    let (work, _) = built.await?;
    check::verdict(&work.checks)?;
    judging.frozen.recheck().await?;
    judging.past.write(&judging.storage).await?;
    let tables = work.models.iter().filter_map(|model| {
        let is_wanted = TABLES.contains(&model.name.as_str());
        let file = model.file.clone().filter(|_| is_wanted)?;
        Some((model.name.clone(), file))
    });
    Ok(Backtest {
        as_of: judging.as_of.to_string(),
        cutoffs: Vec::new(),
        tables: tables.collect(),
        _folder: scratch,
    })
}

/// The newest month-ends whose horizon is over, with enough use before them.
fn month_ends(night: &Night<'_>) -> Result<Vec<Date>> {
    let pipeline = &night.project.pipeline;
    let edge = |cause: jiff::Error| {
        Error::usage("the as-of date is at the edge of the calendar").with_source(cause)
    };
    let horizon = i64::from(pipeline.risk.horizon_days);
    let ripe = night
        .as_of
        .date()
        .checked_sub(horizon.days())
        .map_err(edge)?;
    let events = source::days(&night.frozen, pipeline, &night.as_of, "event");
    let first = events.and_then(|events| events.days().next());
    let first = first.map(date_of).transpose()?;
    let first = first.map(|first| first.checked_add(DAYS_OF_USE.days()));
    let first = first.transpose().map_err(edge)?;
    let mut month = ripe.first_of_month();
    if ripe < ripe.last_of_month() {
        month = month.checked_sub(1.month()).map_err(edge)?;
    }
    let mut days = Vec::new();
    for _ in 0..pipeline.backtest.months {
        let day = month.last_of_month();
        if first.is_some_and(|first| day < first) {
            break;
        }
        days.push(day);
        month = month.checked_sub(1.month()).map_err(edge)?;
    }
    days.reverse();
    Ok(days)
}

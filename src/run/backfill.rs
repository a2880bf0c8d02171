//! Many nights: one run after another for every day of a range.
//!
//! Days are run in order, because each reads what the day before published,
//! and each is published by itself. A day that is published already costs a
//! listing. The first failure stops the backfill: nothing that is done is lost
//! and the same command resumes. What days share is no concern of this module.

use jiff::ToSpan;
use jiff::civil::Date;

use super::night::{Outcome, RunOptions, run};
use super::progress::{Event, Observer};
use super::project::Project;
use crate::error::{Error, Result};
use crate::time::{RunClock, Stopwatch, parse_date};

/// More days than anybody backfills: a year mistyped.
const MOST_DAYS: usize = 3660;

/// What became of one day.
#[derive(Clone, Debug)]
pub struct BackfilledDay {
    /// The business day.
    pub as_of: Date,
    /// What became of its run; `None` when it failed.
    pub outcome: Option<Outcome>,
    /// Seconds it took.
    pub seconds: f64,
}

/// What a backfill did.
#[derive(Debug)]
pub struct Backfill {
    /// The days that were run, in order; the last one may have failed.
    pub days: Vec<BackfilledDay>,
    /// Days that were asked for.
    pub asked: usize,
    /// Why it stopped before the end.
    pub failure: Option<Error>,
}

/// Every day from `from` to `to`, both included.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] for what is no range of days that are over.
pub fn days_between(project: &Project, from: &str, to: &str) -> Result<Vec<Date>> {
    let (first, last) = (parse_date(from)?, parse_date(to)?);
    if last < first {
        return Err(Error::usage(format!("{last} is before {first}"))
            .with_hint("give the first day as --from and the last one as --to"));
    }
    let zone = &project.pipeline.zone;
    let newest = RunClock.yesterday(zone)?;
    if last > newest {
        return Err(
            Error::usage(format!("{last} is not over yet in {}", zone.name()))
                .with_hint(format!("the newest complete day is {newest}")),
        );
    }
    let days: Vec<Date> = first
        .series(1.day())
        .take_while(|day| *day <= last)
        .take(MOST_DAYS + 1)
        .collect();
    if days.len() > MOST_DAYS {
        return Err(
            Error::usage(format!("{first} to {last} are more than {MOST_DAYS} days"))
                .with_hint("backfill ten years at a time"),
        );
    }
    Ok(days)
}

/// Runs `project` for each of `days`, one after another, until one fails.
pub async fn backfill(
    project: &Project,
    days: &[Date],
    options: &RunOptions,
    observer: &dyn Observer,
) -> Backfill {
    let mut done = Backfill {
        days: Vec::new(),
        asked: days.len(),
        failure: None,
    };
    for (index, day) in days.iter().enumerate() {
        observer.observe(Event::Day {
            number: index + 1,
            of: days.len(),
            as_of: &day.to_string(),
        });
        let options = RunOptions {
            as_of: Some(day.to_string()),
            ..options.clone()
        };
        let watch = Stopwatch::start();
        let result = run(project, &options, observer).await;
        let seconds = watch.seconds();
        let (outcome, failure) = match result {
            Ok(report) => (Some(report.outcome), None),
            Err(error) => (None, Some(error)),
        };
        done.days.push(BackfilledDay {
            as_of: *day,
            outcome,
            seconds,
        });
        if failure.is_some() {
            done.failure = failure;
            break;
        }
    }
    done
}

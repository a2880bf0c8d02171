//! Removes what no kept commit reaches, stored results included.
//!
//! Which commits are kept is `publish`'s to say; which stored results they
//! reach is in the records of their runs. Only the newest commits keep their
//! stored results: older ones are read, but no run starts from them. What
//! accumulates is kept for the last commit of each month as well, so that a row
//! that comes late is not the end of all that was added up. Results as of past
//! days are kept as long as the newest use of them is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::cutoff;
use super::key::Keys;
use super::past;
use super::record::recorded_keys;
use super::state;
use crate::error::Result;
use crate::publish::{self, Commit, Unreached};
use crate::storage::Storage;
use crate::time::{DAY_MICROSECONDS, EpochDays, RunClock};

/// Characters of a day that name its month.
const MONTH: usize = "2026-02".len();

/// What is removed.
#[derive(Clone, Copy, Debug)]
pub struct PruneOptions {
    /// Only what was last written so many days ago: younger files may belong to
    /// a run that is under way.
    pub older_than_days: u32,
    /// How many of the newest commits keep their stored results: as many by when they
    /// were made and as many by their day.
    pub keep_results: usize,
    /// Only tell.
    pub dry_run: bool,
}

/// Finds, and unless told otherwise removes, what no kept commit of `output`
/// reaches.
///
/// # Errors
/// The storage's own; what was removed before stays removed.
pub async fn prune(output: &str, options: PruneOptions) -> Result<Vec<Unreached>> {
    let storage = Storage::open(output)?;
    let before = RunClock.now() - i64::from(options.older_than_days) * DAY_MICROSECONDS;
    loop {
        let kept = publish::kept(&storage).await?;
        let newest = newest(&kept, options.keep_results);
        let mut reached = cutoff::kept(&storage).await?;
        reached.extend(past::kept(&storage).await?);
        let months = month_ends(&kept);
        for commit in &kept {
            let is_newest = newest.contains(&commit.commit_id);
            if (is_newest || months.contains(&commit.commit_id))
                && let Some(record) = recorded_keys(&storage, commit).await?
            {
                reached.extend(accumulated(&record)?);
                if is_newest {
                    reached.extend(paths(&record)?);
                }
            }
        }
        let found = publish::unreached(&storage, &kept, &reached, before).await?;
        if options.dry_run {
            return Ok(found);
        }
        // A commit that came meanwhile may reach what was found.
        if publish::kept(&storage).await? == kept {
            publish::remove(&storage, &found).await?;
            return Ok(found);
        }
    }
}

/// The ids of the newest `number` commits, by when they were made and by their day:
/// after a backfill of old days the next night still starts from the newest day.
fn newest(kept: &[Commit], number: usize) -> BTreeSet<String> {
    let mut made: Vec<&Commit> = kept.iter().collect();
    made.sort_by_key(|commit| Reverse(commit.version));
    let mut dated = made.clone();
    dated.sort_by_key(|commit| Reverse((&commit.as_of, commit.version)));
    let newest = made.iter().take(number).chain(dated.iter().take(number));
    newest.map(|commit| commit.commit_id.clone()).collect()
}

/// The ids of the last commit of each month.
fn month_ends(kept: &[Commit]) -> BTreeSet<String> {
    let mut newest: BTreeMap<&str, &Commit> = BTreeMap::new();
    for commit in kept {
        let month = commit.as_of.get(..MONTH).unwrap_or(&commit.as_of);
        let known = newest.entry(month).or_insert(commit);
        if commit.as_of > known.as_of {
            *known = commit;
        }
    }
    newest
        .into_values()
        .map(|commit| commit.commit_id.clone())
        .collect()
}

/// What the models had that accumulate.
fn accumulated(record: &Keys) -> Result<Vec<String>> {
    let models = record.accumulated.keys();
    let newest = models.filter_map(|model| Some((model, record.after(model, EpochDays::MAX)?)));
    newest
        .map(|(model, (day, key))| state::path(model, Some(day), &key.hash))
        .collect()
}

fn paths(record: &Keys) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for (model, key) in &record.whole {
        paths.push(state::path(model, None, &key.hash)?);
    }
    for (model, days) in record.by_day.iter().chain(&record.by_cutoff) {
        for (day, key) in days {
            paths.push(state::path(model, Some(*day), &key.hash)?);
        }
    }
    Ok(paths)
}

//! Removes what no kept commit reaches, stored results included.
//!
//! Which commits are kept is `publish`'s to say; which stored results they
//! reach is in the records of their runs. Only the newest commits keep their
//! stored results: older ones are read, but no run starts from them. Results as
//! of past days are kept as long as the newest use of them is.

use super::cutoff;
use super::key::Keys;
use super::past;
use super::record::recorded_keys;
use super::state;
use crate::error::Result;
use crate::publish::{self, Unreached};
use crate::storage::Storage;
use crate::time::{DAY_MICROSECONDS, RunClock};

/// What is removed.
#[derive(Clone, Copy, Debug)]
pub struct PruneOptions {
    /// Only what was last written so many days ago: younger files may belong to
    /// a run that is under way.
    pub older_than_days: u32,
    /// How many of the newest commits keep their stored results.
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
        let mut by_version: Vec<_> = kept.iter().collect();
        by_version.sort_by_key(|commit| std::cmp::Reverse(commit.version));
        let mut reached = cutoff::kept(&storage).await?;
        reached.extend(past::kept(&storage).await?);
        for commit in by_version.into_iter().take(options.keep_results) {
            if let Some(record) = recorded_keys(&storage, commit).await? {
                reached.extend(paths(&record)?);
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

fn paths(record: &Keys) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for (model, key) in &record.whole {
        paths.push(state::path(model, None, &key.hash)?);
    }
    for (model, days) in &record.by_day {
        for (day, key) in days {
            paths.push(state::path(model, Some(*day), &key.hash)?);
        }
    }
    Ok(paths)
}

//! Finds what no kept commit reaches, so that it can be removed.
//!
//! Kept is the newest commit of every business day: its tables, its run's
//! record, and what the caller knows it to reach besides. Everything else below
//! `snapshots/`, `_kenko/runs/` and `_kenko/state/` that is old enough was left
//! by runs that ended early, or belongs to a commit that a newer one of the same
//! day has replaced. So was, anywhere in a local folder, a file that was never
//! put in its place. The log, `latest/` and `history/` are never touched.

use std::collections::{BTreeMap, BTreeSet};

use super::log::commits;
use super::{Commit, REQUESTS_UNDER_WAY, at_once};
use crate::error::Result;
use crate::storage::Storage;
use crate::time::Microseconds;

/// The folders in which something may be unreached.
const FOLDERS: [&str; 3] = ["snapshots", "_kenko/runs", "_kenko/state"];

/// One object that no kept commit reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// Path below the output.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The newest commit of every business day, oldest day first.
///
/// # Errors
/// As [`commits`].
pub async fn kept(storage: &Storage) -> Result<Vec<Commit>> {
    let mut by_day: BTreeMap<String, Commit> = BTreeMap::new();
    for commit in commits(storage).await? {
        by_day.insert(commit.as_of.clone(), commit);
    }
    Ok(by_day.into_values().collect())
}

/// Objects last written before `before` that neither a `kept` commit nor
/// `reached`, paths below the output, needs.
///
/// # Errors
/// The storage's own.
pub async fn unreached(
    storage: &Storage,
    kept: &[Commit],
    reached: &BTreeSet<String>,
    before: Microseconds,
) -> Result<Vec<Unreached>> {
    let tables: BTreeSet<&str> = kept
        .iter()
        .flat_map(|commit| &commit.tables)
        .map(|table| table.path.as_str())
        .collect();
    let runs: BTreeSet<&str> = kept.iter().map(|commit| commit.run_id.as_str()).collect();
    let is_reached = |path: &str| {
        let of_run = path.strip_prefix("_kenko/runs/");
        let run = of_run.and_then(|rest| rest.split('/').next());
        tables.contains(path) || reached.contains(path) || run.is_some_and(|run| runs.contains(run))
    };
    let mut left = storage.unfinished().await?;
    for folder in FOLDERS {
        let listed = storage.list(folder).await?.into_iter();
        left.extend(listed.filter(|meta| !is_reached(&storage.relative(&meta.location))));
    }
    let old = left.into_iter();
    let old = old.filter(|meta| meta.last_modified.timestamp_micros() < before);
    let found = old.map(|meta| Unreached {
        path: storage.relative(&meta.location),
        bytes: meta.size,
    });
    Ok(found.collect())
}

/// Removes objects; one that is gone already is no error.
///
/// # Errors
/// The storage's own; what was removed before stays removed.
pub async fn remove(storage: &Storage, objects: &[Unreached]) -> Result<()> {
    let removals = objects.iter().map(|object| storage.delete(&object.path));
    at_once(REQUESTS_UNDER_WAY, removals.collect()).await?;
    Ok(())
}

//! Copies for readers who know nothing of the log: `latest/` and `history/`.
//!
//! Both follow from the log alone, so they can always be made again, by anyone.
//! When a pass is over, a receipt `_kenko/exports/<20 digits>.json` is written
//! for each commit it covered: a commit without a receipt is not exported yet.
//! The newest receipt also keeps size, hash and tag of every object in
//! `latest/`, so that one listing shows whether they are still those: a pass
//! that was asleep may have put older ones in their place. Whoever writes looks
//! at the log again afterwards, and starts over if it has grown. Only files
//! whose bytes the log knows are removed.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::log::{Commit, PublishedTable, commits, greatest, version_of};
use super::{FILES_UNDER_WAY, FORMAT, Publication, REQUESTS_UNDER_WAY};
use crate::error::{Error, Result};
use crate::storage::Storage;

const LATEST: &str = "latest";
const RECEIPTS: &str = "_kenko/exports";

/// What a pass over the exports has left behind.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    format: u32,
    /// The commit that `latest/` showed.
    commit_id: String,
    latest: Vec<Exported>,
}

/// One object in `latest/`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Exported {
    table: String,
    bytes: u64,
    sha256: String,
    e_tag: Option<String>,
}

/// Brings `latest/` and `history/` to what the log says, and does nothing but
/// look if they are there already.
///
/// # Errors
/// By who acts; what was done is kept, and the next call goes on.
pub async fn finish_exports(storage: &Storage) -> Result<()> {
    let mut log = commits(storage).await?;
    while let Some(target) = greatest(&log) {
        let receipts = Receipts::read(storage).await?;
        let pending: Vec<&Commit> = log
            .iter()
            .filter(|commit| !receipts.versions.contains(&commit.version))
            .collect();
        let present = objects(storage).await?;
        let (kept, stale): (Vec<_>, Vec<_>) = target
            .tables
            .iter()
            .map(|table| (table, receipts.shows(table, &present)))
            .partition(|(_, exported)| exported.is_some());
        if pending.is_empty() && stale.is_empty() {
            return Ok(());
        }
        let mut latest: Vec<Exported> = kept.into_iter().filter_map(|(_, kept)| kept).collect();
        let stale: Vec<&PublishedTable> = stale.into_iter().map(|(table, _)| table).collect();
        latest.extend(write_latest(storage, &stale).await?);
        let days: BTreeSet<&str> = pending.iter().map(|commit| commit.as_of.as_str()).collect();
        for day in days {
            write_day(storage, &log, day).await?;
        }
        remove_dropped(storage, &log, target, present.keys()).await?;
        let grown = commits(storage).await?;
        if grown.len() != log.len() {
            log = grown;
            continue;
        }
        let receipt = Receipt {
            format: FORMAT,
            commit_id: target.commit_id.clone(),
            latest,
        };
        return receipt.write(storage, &log, &pending).await;
    }
    Ok(())
}

/// The receipts there are, and the newest of them.
struct Receipts {
    versions: BTreeSet<u64>,
    newest: Option<Receipt>,
}

impl Receipts {
    async fn read(storage: &Storage) -> Result<Self> {
        let listed = storage.list(RECEIPTS).await?;
        let versions: BTreeSet<u64> = listed
            .iter()
            .filter_map(|meta| version_of(meta.location.as_ref()))
            .collect();
        let newest = match versions.last() {
            Some(version) => storage.get(&receipt_path(*version)).await?,
            None => None,
        };
        Ok(Self {
            versions,
            // A receipt that cannot be understood is as good as none: the
            // copies are made again.
            newest: newest.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
        })
    }

    /// What the newest receipt says of a table in `latest/`, provided the
    /// object that is there now is the one it speaks of.
    fn shows(
        &self,
        table: &PublishedTable,
        present: &BTreeMap<String, ObjectMeta>,
    ) -> Option<Exported> {
        let exported = self
            .newest
            .iter()
            .flat_map(|receipt| &receipt.latest)
            .find(|exported| exported.table == table.name && exported.sha256 == table.sha256)?;
        let object = present.get(&table.name)?;
        let is_same = exported.e_tag.is_some()
            && object.e_tag == exported.e_tag
            && object.size == table.bytes;
        is_same.then(|| exported.clone())
    }
}

impl Receipt {
    /// Written for every commit that had none and for the last one, whose
    /// receipt is the one that counts.
    async fn write(&self, storage: &Storage, log: &[Commit], pending: &[&Commit]) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|cause| Error::bug("a receipt is not JSON").with_source(cause))?;
        text.push(b'\n');
        let text = bytes::Bytes::from(text);
        let versions: BTreeSet<u64> = pending
            .iter()
            .map(|commit| commit.version)
            .chain(log.last().map(|commit| commit.version))
            .collect();
        for version in versions {
            storage.put(&receipt_path(version), text.clone()).await?;
        }
        Ok(())
    }
}

fn receipt_path(version: u64) -> String {
    format!("{RECEIPTS}/{version:020}.json")
}

fn latest_path(table: &str) -> String {
    format!("{LATEST}/{table}.parquet")
}

fn history_path(table: &str, as_of: &str) -> String {
    format!("history/{table}/as_of={as_of}/{table}.parquet")
}

/// The Parquet files directly in `latest/`, by table.
async fn objects(storage: &Storage) -> Result<BTreeMap<String, ObjectMeta>> {
    let listed = storage.list(LATEST).await?;
    Ok(listed
        .into_iter()
        .filter_map(|meta| {
            let relative = storage.relative(&meta.location);
            let name = relative.strip_prefix("latest/")?.strip_suffix(".parquet")?;
            (!name.contains('/')).then(|| (name.to_owned(), meta))
        })
        .collect())
}

async fn write_latest(storage: &Storage, tables: &[&PublishedTable]) -> Result<Vec<Exported>> {
    stream::iter(tables)
        .map(|table| async move {
            let digest = table.digest();
            let stored = storage
                .copy(&table.path, &latest_path(&table.name), &digest)
                .await?;
            Ok(Exported {
                table: table.name.clone(),
                bytes: digest.bytes,
                sha256: digest.sha256,
                e_tag: stored.e_tag,
            })
        })
        .buffered(FILES_UNDER_WAY)
        .try_collect()
        .await
}

/// Writes the newest commit of a day to `history/`, and removes tables of
/// earlier commits of that day that it does not have.
async fn write_day(storage: &Storage, log: &[Commit], day: &str) -> Result<()> {
    let of_day = || log.iter().filter(|commit| commit.as_of == day);
    let Some(newest) = of_day().max_by_key(|commit| commit.version) else {
        return Ok(());
    };
    stream::iter(&newest.tables)
        .map(|table| async move {
            let path = history_path(&table.name, day);
            storage.copy(&table.path, &path, &table.digest()).await
        })
        .buffered(FILES_UNDER_WAY)
        .try_collect::<Vec<_>>()
        .await?;
    let dropped: BTreeSet<&str> = of_day()
        .flat_map(|commit| &commit.tables)
        .map(|table| table.name.as_str())
        .filter(|name| newest.table(name).is_none())
        .collect();
    for name in dropped {
        remove_ours(storage, log, name, &history_path(name, day)).await?;
    }
    Ok(())
}

/// Removes from `latest/` the tables that the commit shown there does not have.
async fn remove_dropped(
    storage: &Storage,
    log: &[Commit],
    target: &Commit,
    present: impl Iterator<Item = &String>,
) -> Result<()> {
    for name in present.filter(|name| target.table(name).is_none()) {
        remove_ours(storage, log, name, &latest_path(name)).await?;
    }
    Ok(())
}

/// Removes a file if its bytes are those of a published version of the table;
/// anything else under that name is somebody else's.
async fn remove_ours(storage: &Storage, log: &[Commit], name: &str, path: &str) -> Result<()> {
    let mut versions = log
        .iter()
        .filter_map(|commit| commit.table(name))
        .peekable();
    if versions.peek().is_none() {
        return Ok(());
    }
    let Some(digest) = storage.digest(path).await? else {
        return Ok(());
    };
    if versions.any(|version| version.digest() == digest) {
        storage.delete(path).await?;
    }
    Ok(())
}

/// Refuses a publication whose exports would overwrite files that no commit
/// has put there.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] naming the file.
pub(super) async fn refuse_foreign(storage: &Storage, publication: &Publication) -> Result<()> {
    let names = publication.tables.iter().map(|table| table.name.as_str());
    let mut found: BTreeMap<String, (&str, Option<&str>)> = BTreeMap::new();
    let present = objects(storage).await?;
    for name in names.clone().filter(|name| present.contains_key(*name)) {
        found.insert(latest_path(name), (name, None));
    }
    let day = publication.as_of.as_str();
    let dated: Vec<Option<&str>> = stream::iter(names)
        .map(|name| async move {
            let head = storage.head(&history_path(name, day)).await?;
            Ok::<_, Error>(head.map(|_| name))
        })
        .buffered(REQUESTS_UNDER_WAY)
        .try_collect()
        .await?;
    for name in dated.into_iter().flatten() {
        found.insert(history_path(name, day), (name, Some(day)));
    }
    if found.is_empty() {
        return Ok(());
    }
    // The log is read after the files were seen: a file of ours appears after
    // its commit, so no commit of another run can be missed.
    let log = commits(storage).await?;
    found.retain(|_, (name, day)| {
        !log.iter()
            .any(|commit| commit.table(name).is_some() && day.is_none_or(|day| commit.as_of == day))
    });
    match found.keys().next() {
        None => Ok(()),
        Some(path) => Err(Error::usage(format!(
            "{} was not published by kenko and would be overwritten",
            storage.place(path)
        ))
        .with_hint("publish to a folder of its own, or move that file away")),
    }
}

//! Copies for readers who know nothing of the log: `latest/` and `history/`.
//!
//! Both follow from the log alone, so they can always be made again, by anyone.
//! When a pass is over, a receipt `_kenko/exports/<20 digits>.json` is written
//! for each commit it covered: a commit without a receipt is not exported yet.
//! The newest receipt also keeps size, hash and tag of every object in
//! `latest/` and of the last commit's day in `history/`, so that a listing
//! shows whether they are still those: a pass that was asleep may have put
//! older ones in their place. Whoever writes looks at the log again
//! afterwards, and does everything it has written over if the log has grown.
//! Only files whose bytes the log knows are removed.

use std::collections::{BTreeMap, BTreeSet};

use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::log::{Commit, PublishedTable, greatest, grown, version_of};
use super::{FILES_UNDER_WAY, FORMAT, Publication, REQUESTS_UNDER_WAY, at_once};
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
    /// The day of the last commit in `history/`; absent in older receipts.
    #[serde(default)]
    history: Vec<Exported>,
}

/// One copy of a table.
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
    finish_after(storage, &[]).await
}

/// As [`finish_exports`]; `known` is the log as it was read before.
pub(super) async fn finish_after(storage: &Storage, known: &[Commit]) -> Result<()> {
    let mut log = grown(storage, known).await?;
    // Days that were written while the log grew: with what, nobody knows.
    let mut doubtful: BTreeSet<String> = BTreeSet::new();
    while let (Some(target), Some(last)) = (greatest(&log), log.last()) {
        let receipts = Receipts::read(storage).await?;
        let pending: Vec<&Commit> = log
            .iter()
            .filter(|commit| !receipts.versions.contains(&commit.version))
            .collect();
        let present = objects(storage).await?;
        let shown = receipts.latest(storage, target, &present).await?;
        let dated = receipts.history(storage, last).await?;
        let mut days: BTreeSet<&str> = pending.iter().map(|commit| commit.as_of.as_str()).collect();
        days.extend(doubtful.iter().map(String::as_str));
        if dated.iter().any(Option::is_none) {
            days.insert(&last.as_of);
        }
        let stale: Vec<&PublishedTable> = target
            .tables
            .iter()
            .zip(&shown)
            .filter_map(|(table, exported)| exported.is_none().then_some(table))
            .collect();
        if days.is_empty() && stale.is_empty() {
            return Ok(());
        }
        let mut latest = write_latest(storage, &stale).await?;
        latest.extend(shown.into_iter().flatten());
        let mut history: Vec<Exported> = dated.into_iter().flatten().collect();
        for day in &days {
            let written = write_day(storage, &log, day).await?;
            if *day == last.as_of {
                history = written;
            }
        }
        for name in present.keys() {
            if target.table(name).is_none() {
                remove_ours(storage, &log, name, &latest_path(name)).await?;
            }
        }
        let now = grown(storage, &log).await?;
        if now.len() != log.len() {
            doubtful = days.into_iter().map(str::to_owned).collect();
            log = now;
            continue;
        }
        let receipt = Receipt {
            format: FORMAT,
            commit_id: target.commit_id.clone(),
            latest,
            history,
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

    /// What the newest receipt says of each table in `latest/`, where the
    /// object that is there now is the one it speaks of.
    async fn latest(
        &self,
        storage: &Storage,
        target: &Commit,
        present: &BTreeMap<String, ObjectMeta>,
    ) -> Result<Vec<Option<Exported>>> {
        let kept = self.newest.as_ref().map(|receipt| &receipt.latest[..]);
        let looks = target.tables.iter().map(|table| {
            let listed = present.get(&table.name);
            shows(storage, kept, table, latest_path(&table.name), listed)
        });
        at_once(REQUESTS_UNDER_WAY, looks.collect()).await
    }

    /// The same of the last commit's tables in `history/`.
    async fn history(&self, storage: &Storage, last: &Commit) -> Result<Vec<Option<Exported>>> {
        let kept = self.newest.as_ref().map(|receipt| &receipt.history[..]);
        let looks = last.tables.iter().map(|table| {
            let path = history_path(&table.name, &last.as_of);
            shows(storage, kept, table, path, None)
        });
        at_once(REQUESTS_UNDER_WAY, looks.collect()).await
    }
}

/// What is `kept` of a table, provided the object at `path` is the one it
/// speaks of; `listed` is what a listing says of that object.
async fn shows(
    storage: &Storage,
    kept: Option<&[Exported]>,
    table: &PublishedTable,
    path: String,
    listed: Option<&ObjectMeta>,
) -> Result<Option<Exported>> {
    let Some(exported) = kept
        .unwrap_or_default()
        .iter()
        .find(|exported| exported.table == table.name && exported.sha256 == table.sha256)
    else {
        return Ok(None);
    };
    let is_it = |object: &ObjectMeta| {
        exported.e_tag.is_some() && object.e_tag == exported.e_tag && object.size == table.bytes
    };
    // Some stores list objects without their tags, or write them otherwise
    // there than where the object itself is asked for.
    let is_same = listed.is_some_and(is_it)
        || storage
            .head(&path)
            .await?
            .is_some_and(|object| is_it(&object));
    Ok(is_same.then(|| exported.clone()))
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
    let copies = tables
        .iter()
        .map(|table| copy(storage, table, latest_path(&table.name)))
        .collect();
    at_once(FILES_UNDER_WAY, copies).await
}

async fn copy(storage: &Storage, table: &PublishedTable, path: String) -> Result<Exported> {
    let digest = table.digest();
    let stored = storage.copy(&table.path, &path, &digest).await?;
    Ok(Exported {
        table: table.name.clone(),
        bytes: digest.bytes,
        sha256: digest.sha256,
        e_tag: stored.e_tag,
    })
}

/// Writes the newest commit of a day to `history/`, and removes tables of
/// earlier commits of that day that it does not have.
async fn write_day(storage: &Storage, log: &[Commit], day: &str) -> Result<Vec<Exported>> {
    let of_day: Vec<&Commit> = log.iter().filter(|commit| commit.as_of == day).collect();
    let Some(newest) = of_day.last() else {
        return Ok(Vec::new());
    };
    let copies = newest
        .tables
        .iter()
        .map(|table| copy(storage, table, history_path(&table.name, day)))
        .collect();
    let written = at_once(FILES_UNDER_WAY, copies).await?;
    let dropped: BTreeSet<&str> = of_day
        .iter()
        .flat_map(|commit| &commit.tables)
        .map(|table| table.name.as_str())
        .filter(|name| newest.table(name).is_none())
        .collect();
    for name in dropped {
        remove_ours(storage, log, name, &history_path(name, day)).await?;
    }
    Ok(written)
}

/// Removes a file if its bytes are those of a published version of the table;
/// anything else under that name is somebody else's.
async fn remove_ours(storage: &Storage, log: &[Commit], name: &str, path: &str) -> Result<()> {
    let versions: BTreeSet<&str> = log
        .iter()
        .filter_map(|commit| commit.table(name))
        .map(|table| table.sha256.as_str())
        .collect();
    if versions.is_empty() {
        return Ok(());
    }
    match storage.digest(path).await? {
        Some(digest) if versions.contains(digest.sha256.as_str()) => storage.delete(path).await,
        _ => Ok(()),
    }
}

/// Refuses a publication whose exports would overwrite files that no commit
/// has put there.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] naming the file.
pub(super) async fn refuse_foreign(
    storage: &Storage,
    publication: &Publication,
    known: &[Commit],
) -> Result<()> {
    let day = publication.as_of.as_str();
    let names: Vec<&str> = publication
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    let present = objects(storage).await?;
    let dated: Vec<String> = names.iter().map(|name| history_path(name, day)).collect();
    let heads = dated.iter().map(|path| storage.head(path)).collect();
    let heads = at_once(REQUESTS_UNDER_WAY, heads).await?;
    let mut found: BTreeMap<String, (&str, Option<&str>)> = BTreeMap::new();
    for ((name, path), head) in names.into_iter().zip(dated).zip(heads) {
        if present.contains_key(name) {
            found.insert(latest_path(name), (name, None));
        }
        if head.is_some() {
            found.insert(path, (name, Some(day)));
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    // The log is read after the files were seen: a file of ours appears after
    // its commit, so no commit of another run can be missed.
    let log = grown(storage, known).await?;
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

//! The numbered log: `_kenko/log/<20 digits>.json`, from 1, without gaps, each
//! entry created once and never changed.
//!
//! A commit is what its entry says; files that no entry names do not exist for
//! a reader. Order is the order of numbers: no clock decides it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{REQUESTS_UNDER_WAY, at_once};
use crate::error::{Error, Result};
use crate::storage::{Digest, Storage};

const FOLDER: &str = "_kenko/log";
/// Version of the format of log entries that this kenko reads and writes.
pub const FORMAT: u32 = 1;

/// One entry of the log: one publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Version of the format of the entry.
    pub format: u32,
    /// Number of the entry, from 1.
    pub version: u64,
    /// Unique name; also the folder of its files.
    pub commit_id: String,
    /// The commit before it; none for the first.
    pub parent: Option<String>,
    /// Equal for runs that must give equal results: never in two commits of a day
    /// that follow each other, unless their tables differ after all.
    pub run_key: String,
    /// The run that published it.
    pub run_id: String,
    /// The pipeline of the run.
    pub pipeline: String,
    /// Business day, `YYYY-MM-DD`.
    pub as_of: String,
    /// When the entry was written, RFC 3339 in UTC; for people only.
    pub written_at: String,
    /// Version of kenko that wrote it.
    pub kenko: String,
    /// The tables, in the order of the run.
    pub tables: Vec<PublishedTable>,
}

/// One table of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTable {
    /// Name of the table.
    pub name: String,
    /// Path of its Parquet file below the output.
    pub path: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Rows in the file.
    pub rows: u64,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Columns that identify a row.
    pub grain: Vec<String>,
}

impl PublishedTable {
    /// What the file must be.
    pub(super) fn digest(&self) -> Digest {
        Digest {
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        }
    }
}

impl Commit {
    /// The table of that name, if the commit has it.
    pub fn table(&self, name: &str) -> Option<&PublishedTable> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Reads the entry with number `version`.
    pub(super) fn parse(storage: &Storage, version: u64, bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = || damaged(storage, version);
        let Format { format } = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        if format > FORMAT {
            return Err(Error::usage(format!(
                "{} was written by a newer kenko",
                storage.place(&entry_path(version))
            ))
            .with_hint("update kenko on this machine"));
        }
        let commit: Self =
            serde_json::from_slice(bytes).map_err(|cause| damaged().with_source(cause))?;
        if commit.version != version {
            return Err(damaged());
        }
        Ok(commit)
    }

    /// The entry as it is written: one JSON document.
    pub(super) fn to_bytes(&self) -> Result<Bytes> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|cause| Error::bug("a log entry is not JSON").with_source(cause))?;
        text.push(b'\n');
        Ok(text.into())
    }
}

/// Path of the entry with number `version` below the output.
pub(super) fn entry_path(version: u64) -> String {
    format!("{FOLDER}/{version:020}.json")
}

/// The number in a path made of 20 digits and `.json`.
pub(super) fn version_of(path: &str) -> Option<u64> {
    let digits = path.rsplit('/').next()?.strip_suffix(".json")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn damaged(storage: &Storage, version: u64) -> Error {
    Error::data(format!(
        "{} is missing or damaged",
        storage.place(&entry_path(version))
    ))
    .with_hint("restore it from a backup: kenko never changes or removes entries of the log")
}

/// The whole log, oldest first.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] when an entry is missing or damaged,
/// otherwise by who acts.
pub async fn commits(storage: &Storage) -> Result<Vec<Commit>> {
    grown(storage, &[]).await
}

/// The log as it is now, of which `known` is the beginning as it was read
/// before: an entry never changes, so only what came since is read.
///
/// # Errors
/// As [`commits`].
pub(super) async fn grown(storage: &Storage, known: &[Commit]) -> Result<Vec<Commit>> {
    let listed = storage.list(FOLDER).await?;
    // A listing made while others write may miss an entry before the last one:
    // the last number is taken from it and every entry is asked for.
    let last = listed
        .iter()
        .filter_map(|meta| version_of(meta.location.as_ref()))
        .max()
        .unwrap_or(0);
    let next = known.last().map_or(1, |commit| commit.version + 1);
    let entries = (next..=last)
        .map(|version| read_entry(storage, version))
        .collect();
    let mut log = known.to_vec();
    log.extend(at_once(REQUESTS_UNDER_WAY, entries).await?);
    for pair in log.windows(2) {
        if pair[1].parent.as_ref() != Some(&pair[0].commit_id) {
            return Err(damaged(storage, pair[1].version));
        }
    }
    Ok(log)
}

async fn read_entry(storage: &Storage, version: u64) -> Result<Commit> {
    match storage.get(&entry_path(version)).await? {
        Some(bytes) => Commit::parse(storage, version, &bytes),
        None => Err(damaged(storage, version)),
    }
}

/// The commit that `latest/` shows: that of the greatest business day, the
/// newest among several of that day.
///
/// # Errors
/// As [`commits`].
pub async fn current(storage: &Storage) -> Result<Option<Commit>> {
    Ok(greatest(&commits(storage).await?).cloned())
}

/// The commit that people read, or what to do when there is none.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if nothing is published; else as [`commits`].
pub async fn published(storage: &Storage) -> Result<Commit> {
    current(storage).await?.ok_or_else(|| {
        Error::usage(format!("nothing is published at `{}`", storage.url()))
            .with_hint("run a pipeline first, or name its output with --output")
    })
}

/// The commit of the greatest business day before `as_of`, the newest among
/// several of that day: what a run of `as_of` calls "the last time".
pub fn before<'a>(log: &'a [Commit], pipeline: &str, as_of: &str) -> Option<&'a Commit> {
    let earlier = log
        .iter()
        .filter(|commit| commit.pipeline == pipeline && commit.as_of.as_str() < as_of);
    newest_of(earlier)
}

/// The commit of a run key, while it is the newest of its day: after a run of the day
/// from other inputs, going back to the first ones is something to publish again.
pub fn find<'a>(log: &'a [Commit], run_key: &str) -> Option<&'a Commit> {
    let commit = log.iter().rfind(|commit| commit.run_key == run_key)?;
    newest_of(log.iter().filter(|other| other.as_of == commit.as_of))
        .filter(|newest| newest.version == commit.version)
}

pub(super) fn greatest(commits: &[Commit]) -> Option<&Commit> {
    newest_of(commits.iter())
}

fn newest_of<'a>(commits: impl Iterator<Item = &'a Commit>) -> Option<&'a Commit> {
    commits.max_by(|one, other| (&one.as_of, one.version).cmp(&(&other.as_of, other.version)))
}

/// The Parquet file of a table, compared with the hash in the log.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] when the file is missing or changed,
/// [`crate::error::ErrorKind::Usage`] when the commit has no such table.
pub async fn read_table(storage: &Storage, commit: &Commit, name: &str) -> Result<Bytes> {
    let Some(table) = commit.table(name) else {
        return Err(Error::usage(format!(
            "commit {} has no table `{name}`",
            commit.version
        )));
    };
    match storage.get(&table.path).await? {
        Some(bytes) if Digest::of(&bytes) == table.digest() => Ok(bytes),
        found => Err(Error::data(format!(
            "{} is {}",
            storage.place(&table.path),
            if found.is_some() {
                "not what was published"
            } else {
                "missing"
            }
        ))
        .with_hint(
            "run its day again with `--full`: from the same inputs, that puts back what is gone",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> (tempfile::TempDir, Storage) {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().to_str().unwrap()).unwrap();
        (folder, storage)
    }

    fn commit(version: u64, as_of: &str) -> Commit {
        Commit {
            format: FORMAT,
            version,
            commit_id: format!("c{version}"),
            parent: (version > 1).then(|| format!("c{}", version - 1)),
            run_key: format!("k{version}"),
            run_id: format!("r{version}"),
            pipeline: "nightly".to_owned(),
            as_of: as_of.to_owned(),
            written_at: String::new(),
            kenko: String::new(),
            tables: Vec::new(),
        }
    }

    async fn write(storage: &Storage, commit: &Commit) {
        let path = entry_path(commit.version);
        storage
            .put(&path, commit.to_bytes().unwrap())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn the_current_commit_is_of_the_greatest_day_and_newest_of_it() {
        let (_folder, storage) = storage();
        assert_eq!(current(&storage).await.unwrap(), None);
        for (version, as_of) in [
            (1, "2026-01-30"),
            (2, "2026-01-31"),
            (3, "2026-01-31"),
            (4, "2025-03-01"),
        ] {
            write(&storage, &commit(version, as_of)).await;
        }
        let version = |found: Option<Commit>| found.map(|commit| commit.version);
        assert_eq!(version(current(&storage).await.unwrap()), Some(3));
        let log = commits(&storage).await.unwrap();
        let earlier = |as_of| version(before(&log, "nightly", as_of).cloned());
        assert_eq!(earlier("2026-02-01"), Some(3));
        assert_eq!(earlier("2026-01-31"), Some(1));
        assert_eq!(earlier("2025-03-01"), None);
        assert_eq!(version(find(&log, "k4").cloned()), Some(4));
        assert_eq!(
            version(find(&log, "k2").cloned()),
            None,
            "version 3 replaced it"
        );
        assert_eq!(before(&log, "other", "2027-01-01"), None);
    }

    #[tokio::test]
    async fn of_a_log_that_is_known_only_what_came_since_is_read() {
        let (_folder, storage) = storage();
        for version in 1..=3 {
            write(&storage, &commit(version, "2026-01-31")).await;
        }
        let known = commits(&storage).await.unwrap();
        assert_eq!(grown(&storage, &known).await.unwrap(), known);
        // An entry that is read again would be found damaged.
        storage.put(&entry_path(2), "nothing".into()).await.unwrap();
        write(&storage, &commit(4, "2026-02-01")).await;
        let log = grown(&storage, &known).await.unwrap();
        assert_eq!(log.len(), 4);
        assert_eq!(log[..3], known);

        let mut other = commit(5, "2026-02-01");
        other.parent = Some("somebody".to_owned());
        write(&storage, &other).await;
        assert!(grown(&storage, &log).await.is_err());
    }

    #[tokio::test]
    async fn a_log_with_a_gap_a_broken_chain_or_a_newer_format_is_not_read() {
        let (_folder, storage) = storage();
        for version in 1..=3 {
            write(&storage, &commit(version, "2026-01-31")).await;
        }
        assert_eq!(commits(&storage).await.unwrap().len(), 3);
        storage.delete(&entry_path(2)).await.unwrap();
        let gap = commits(&storage).await.unwrap_err();
        assert!(gap.to_string().contains("00000000000000000002.json"));

        let mut other = commit(2, "2026-01-31");
        other.parent = Some("somebody".to_owned());
        write(&storage, &other).await;
        assert!(commits(&storage).await.is_err());

        let mut newer = commit(2, "2026-01-31");
        newer.format = FORMAT + 1;
        write(&storage, &newer).await;
        let error = commits(&storage).await.unwrap_err();
        assert!(error.hint().unwrap().contains("update"));
    }

    #[test]
    fn only_twenty_digits_number_an_entry() {
        assert_eq!(version_of(&entry_path(7)), Some(7));
        for path in [
            "_kenko/log/7.json",
            "_kenko/log/x",
            "0000000000000000000a.json",
        ] {
            assert_eq!(version_of(path), None);
        }
    }
}

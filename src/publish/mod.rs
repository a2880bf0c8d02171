//! All or nothing: staged files, a numbered log, exports.
//!
//! [`publish`] writes the tables of a run under names of their own, reads them
//! back, and then creates one entry of the log: from that moment the run is
//! published, all of it. Nothing is renamed, overwritten or deleted before, and
//! nothing is deleted when an outcome is unknown. What people read, `latest/`
//! and `history/`, are copies made afterwards and finished by the next run if
//! this one dies. The module does not look into the tables, and it
//! removes nothing by itself.

mod export;
mod log;
mod prune;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Created, Digest, Storage};
use crate::time::{RunClock, format_instant, parse_date};

pub use export::finish_exports;
pub use log::{
    Commit, FORMAT, PublishedTable, before, commits, current, find, published, read_table,
};
pub use prune::{Unreached, kept, remove, unreached};

/// Created by the first publication; proves on each that the storage refuses
/// to create what exists.
const MARKER: &str = "_kenko/format.json";
/// Requests under way at the same time, for large and for small objects.
const FILES_UNDER_WAY: usize = 4;
const REQUESTS_UNDER_WAY: usize = 16;

/// A finished table on local disk.
#[derive(Clone, Debug)]
pub struct StagedTable {
    /// Name: lower-case letters, digits and `_`.
    pub name: String,
    /// The Parquet file; its content says nothing of the run.
    pub file: PathBuf,
    /// Rows in the file.
    pub rows: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Columns that identify a row.
    pub grain: Vec<String>,
}

/// What a run wants to publish.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Name of the pipeline; an output folder belongs to one.
    pub pipeline: String,
    /// Business day, `YYYY-MM-DD`.
    pub as_of: String,
    /// The run: unique, and sorted by time of start.
    pub run_id: String,
    /// Equal for runs that must give equal results.
    pub run_key: String,
    /// At least one table.
    pub tables: Vec<StagedTable>,
    /// Files for `_kenko/runs/<run_id>/`: name and content.
    pub records: Vec<(String, Bytes)>,
}

impl Publication {
    /// Whether `commit` says the same: its run key and the bytes of its tables, in
    /// whatever order they were finished.
    fn is_in(&self, commit: &Commit) -> bool {
        let published = |table: &StagedTable| {
            let other = commit.table(&table.name);
            other.is_some_and(|other| other.sha256 == table.sha256)
        };
        commit.run_key == self.run_key
            && commit.tables.len() == self.tables.len()
            && self.tables.iter().all(published)
    }
}

/// A publication that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The entry of the log.
    pub commit: Commit,
    /// Whether another run, or this one before, had published it.
    pub already_done: bool,
}

/// Publishes a run: all its tables in one commit, then the exports. What the newest
/// commit of the day says already is not published again, whoever put it there; its
/// exports are finished.
///
/// # Errors
/// [`ErrorKind::Usage`] when the folder holds files or the pipeline of somebody
/// else, [`ErrorKind::Conflict`] when a run that started later has published
/// the same day, [`ErrorKind::OutcomeUnknown`] when the log entry can be
/// neither confirmed nor denied, otherwise by who acts. When the sentence says
/// that the commit is published, only the exports are missing.
pub async fn publish(storage: &Storage, publication: &Publication) -> Result<Published> {
    publish_after(storage, publication, &[]).await
}

/// As [`publish`], for who has read the log before: `known` is what it was then.
/// What came since is read here, before anything is decided.
///
/// # Errors
/// As [`publish`].
pub async fn publish_after(
    storage: &Storage,
    publication: &Publication,
    known: &[Commit],
) -> Result<Published> {
    check(publication)?;
    let known = log::grown(storage, known).await?;
    let published = match find(&known, &publication.run_key) {
        Some(done) if publication.is_in(done) => {
            put_back(storage, publication, &done.tables).await?;
            Published {
                commit: done.clone(),
                already_done: true,
            }
        }
        _ => commit(storage, publication, &known).await?,
    };
    finish(storage, &published.commit, &known).await?;
    Ok(published)
}

/// Finishes the copies of a run that is in the log, with a second attempt when
/// the storage fails: a run that is published should not end with an error
/// because one answer was lost. `known` is the log as it was read before.
///
/// # Errors
/// By who acts, with a sentence that says that the commit is published.
pub async fn finish(storage: &Storage, commit: &Commit, known: &[Commit]) -> Result<()> {
    let mut finished = export::finish_after(storage, known).await;
    if finished
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::Unavailable)
    {
        finished = export::finish_after(storage, known).await;
    }
    finished.map_err(|cause| {
        Error::new(
            cause.kind(),
            format!(
                "commit {} is published, but the copies in latest/ and history/ are not finished",
                commit.version
            ),
        )
        .with_hint("run again: that only finishes the copies")
        .with_source(cause)
    })
}

/// Writes files about a run under `_kenko/runs/<run_id>/`; a run that publishes
/// nothing leaves its record this way.
///
/// # Errors
/// By who acts.
pub async fn write_records(
    storage: &Storage,
    run_id: &str,
    records: &[(String, Bytes)],
) -> Result<()> {
    for (name, content) in records {
        let path = format!("_kenko/runs/{run_id}/{name}");
        storage.put(&path, content.clone()).await?;
    }
    Ok(())
}

async fn commit(
    storage: &Storage,
    publication: &Publication,
    known: &[Commit],
) -> Result<Published> {
    for earlier in known {
        refuse_rival(storage, publication, earlier)?;
    }
    storage
        .require_exclusive_create(MARKER, format!("{{\"format\":{FORMAT}}}\n").into())
        .await?;
    export::refuse_foreign(storage, publication, known).await?;
    let commit_id = commit_id(publication);
    let staged = publication
        .tables
        .iter()
        .map(|table| stage(storage, publication, &commit_id, table))
        .collect();
    let tables = at_once(FILES_UNDER_WAY, staged).await?;
    write_records(storage, &publication.run_id, &publication.records).await?;
    put_back(storage, publication, &tables).await?;
    let entry = Commit {
        format: FORMAT,
        version: 0,
        commit_id,
        parent: None,
        run_key: publication.run_key.clone(),
        run_id: publication.run_id.clone(),
        pipeline: publication.pipeline.clone(),
        as_of: publication.as_of.clone(),
        written_at: format_instant(RunClock.now()),
        kenko: env!("CARGO_PKG_VERSION").to_owned(),
        tables,
    };
    append(storage, publication, entry, known.last()).await
}

/// Puts the entry at the end of the log. Every entry that others put there
/// meanwhile is looked at: it may be the same run, or forbid this one.
async fn append(
    storage: &Storage,
    publication: &Publication,
    mut entry: Commit,
    head: Option<&Commit>,
) -> Result<Published> {
    let mut head = head.cloned();
    loop {
        entry.version = head.as_ref().map_or(1, |commit| commit.version + 1);
        entry.parent = head.map(|commit| commit.commit_id);
        let is_ours = |stored: &[u8]| {
            Commit::parse(storage, entry.version, stored)
                .is_ok_and(|stored| stored.commit_id == entry.commit_id)
        };
        let path = log::entry_path(entry.version);
        let created = storage
            .create_once(&path, entry.to_bytes()?, is_ours)
            .await?;
        let taken = match created {
            Created::Done => {
                return Ok(Published {
                    commit: entry,
                    already_done: false,
                });
            }
            Created::Taken(bytes) => Commit::parse(storage, entry.version, &bytes)?,
        };
        if publication.is_in(&taken) {
            return Ok(Published {
                commit: taken,
                already_done: true,
            });
        }
        refuse_rival(storage, publication, &taken)?;
        head = Some(taken);
    }
}

/// Refuses to commit beside another pipeline, whose tables would leave
/// `latest/`, or after a run of the same day that started later and so has
/// seen newer inputs: this run may have been asleep since.
fn refuse_rival(storage: &Storage, publication: &Publication, other: &Commit) -> Result<()> {
    if other.pipeline != publication.pipeline {
        return Err(Error::usage(format!(
            "{} belongs to the pipeline `{}`, not to `{}`",
            storage.url(),
            other.pipeline,
            publication.pipeline
        ))
        .with_hint("give each pipeline an output folder of its own"));
    }
    if other.as_of == publication.as_of && other.run_id > publication.run_id {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "run {} started after this one and has published {} already",
                other.run_id, other.as_of
            ),
        )
        .with_hint("run again if this day is to be published from newer inputs"));
    }
    Ok(())
}

/// Drives several pieces of work, some at a time; results are in order.
async fn at_once<T>(limit: usize, works: Vec<impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    stream::iter(works).buffered(limit).try_collect().await
}

/// Puts one table under a name of its own.
async fn stage(
    storage: &Storage,
    publication: &Publication,
    commit_id: &str,
    table: &StagedTable,
) -> Result<PublishedTable> {
    let path = format!(
        "snapshots/{}/{commit_id}/{}.parquet",
        publication.as_of, table.name
    );
    put_table(storage, &path, table).await?;
    Ok(PublishedTable {
        name: table.name.clone(),
        path,
        bytes: table.bytes,
        rows: table.rows,
        sha256: table.sha256.clone(),
        grain: table.grain.clone(),
    })
}

/// Puts back what is no longer there of `tables`, all in one folder: until a commit
/// names them, `kenko prune` may take them for what a dead run left, and of published
/// ones somebody may have removed a file by hand.
async fn put_back(
    storage: &Storage,
    publication: &Publication,
    tables: &[PublishedTable],
) -> Result<()> {
    let folder = tables.first().and_then(|table| table.path.rsplit_once('/'));
    let Some((folder, _)) = folder else {
        return Ok(());
    };
    let listed = storage.list(folder).await?.into_iter();
    let present: BTreeMap<String, u64> = listed
        .map(|object| (storage.relative(&object.location), object.size))
        .collect();
    for table in tables {
        let staged = publication.tables.iter();
        let mut staged = staged.filter(|staged| staged.name == table.name);
        if present.get(&table.path) != Some(&table.bytes)
            && let Some(staged) = staged.next()
        {
            put_table(storage, &table.path, staged).await?;
        }
    }
    Ok(())
}

/// Puts a table in its place and reads it back.
async fn put_table(storage: &Storage, path: &str, table: &StagedTable) -> Result<()> {
    let digest = Digest {
        bytes: table.bytes,
        sha256: table.sha256.clone(),
    };
    let stored = storage.put_file(path, &table.file).await?;
    if stored.digest != digest {
        return Err(Error::bug(format!(
            "{} has changed since it was written",
            table.file.display()
        )));
    }
    if storage.digest(path).await?.as_ref() != Some(&digest) {
        return Err(Error::unavailable(format!(
            "{} does not read back as it was written",
            storage.place(path)
        ))
        .with_hint("run again; if it stays so, check the disk or the storage"));
    }
    Ok(())
}

/// Names the commit of one run: unique because the run's name is.
fn commit_id(publication: &Publication) -> String {
    let Publication {
        pipeline,
        as_of,
        run_id,
        run_key,
        ..
    } = publication;
    let mut digest = Digest::of(
        [pipeline, as_of, run_id, run_key]
            .map(String::as_str)
            .join("\n")
            .as_bytes(),
    )
    .sha256;
    digest.truncate(32);
    digest
}

fn check(publication: &Publication) -> Result<()> {
    let Publication { as_of, run_id, .. } = publication;
    if parse_date(as_of)?.to_string() != *as_of {
        return Err(Error::bug(format!("`{as_of}` is not written YYYY-MM-DD")));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if run_id.is_empty() || !run_id.bytes().all(is_plain) {
        return Err(Error::bug(format!("`{run_id}` cannot name a run")));
    }
    if publication.run_key.is_empty() || publication.tables.is_empty() {
        return Err(Error::bug("a publication needs a run key and a table"));
    }
    let mut names = BTreeSet::new();
    for StagedTable { name, .. } in &publication.tables {
        let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name || !names.insert(name) {
            return Err(Error::bug(format!(
                "`{name}` cannot name a table, or names two"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication() -> Publication {
        Publication {
            pipeline: "nightly".to_owned(),
            as_of: "2026-01-31".to_owned(),
            run_id: "r1".to_owned(),
            run_key: "k1".to_owned(),
            tables: vec![StagedTable {
                name: "account_health".to_owned(),
                file: PathBuf::new(),
                rows: 0,
                bytes: 0,
                sha256: String::new(),
                grain: Vec::new(),
            }],
            records: Vec::new(),
        }
    }

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        check(&publication()).unwrap();
        for name in ["", "../x", "A", "1a", "a.b", "a b"] {
            let mut bad = publication();
            name.clone_into(&mut bad.tables[0].name);
            assert_eq!(check(&bad).unwrap_err().kind(), ErrorKind::Bug, "{name}");
        }
        let mut bad = publication();
        "a/b".clone_into(&mut bad.run_id);
        assert_eq!(check(&bad).unwrap_err().kind(), ErrorKind::Bug);
        let mut twice = publication();
        twice.tables.push(twice.tables[0].clone());
        assert_eq!(check(&twice).unwrap_err().kind(), ErrorKind::Bug);
    }

    #[test]
    fn the_order_of_tables_does_not_matter_and_their_bytes_do() {
        let mut publication = publication();
        let mut other = publication.tables[0].clone();
        "risk_list".clone_into(&mut other.name);
        "ab".clone_into(&mut other.sha256);
        publication.tables.push(other);
        let published = |table: &StagedTable| PublishedTable {
            name: table.name.clone(),
            path: String::new(),
            bytes: table.bytes,
            rows: table.rows,
            sha256: table.sha256.clone(),
            grain: Vec::new(),
        };
        let mut commit = Commit {
            format: FORMAT,
            version: 1,
            commit_id: String::new(),
            parent: None,
            run_key: publication.run_key.clone(),
            run_id: "r0".to_owned(),
            pipeline: publication.pipeline.clone(),
            as_of: publication.as_of.clone(),
            written_at: String::new(),
            kenko: String::new(),
            tables: publication.tables.iter().rev().map(published).collect(),
        };
        assert!(publication.is_in(&commit));
        "cd".clone_into(&mut commit.tables[0].sha256);
        assert!(!publication.is_in(&commit));
        commit.tables.remove(0);
        assert!(!publication.is_in(&commit), "a table less");
    }

    #[test]
    fn every_run_has_a_commit_id_of_its_own() {
        let (one, mut two) = (publication(), publication());
        "r2".clone_into(&mut two.run_id);
        assert_ne!(commit_id(&one), commit_id(&two));
        assert_eq!(commit_id(&one), commit_id(&one.clone()));
    }
}

//! What must hold after any fault, in one place: the log is whole, every file
//! it names is there and is what a run without faults makes, copies are whole,
//! a run says the truth about itself, and readers never see anything else.
//!
//! An oracle returns what is wrong in words; who asks it decides what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kenko::error::{ErrorKind, Result as RunResult};
use kenko::publish::{Commit, commits, current, read_table};
use kenko::run::{Outcome, RunReport};
use kenko::storage::{Digest, Storage};
use tokio::task::JoinHandle;

pub(super) type Verdict<T = ()> = Result<T, String>;

/// The tables of a commit: name and SHA-256.
type Tables = BTreeMap<String, String>;

/// What runs without faults have published: the only versions there may be.
#[derive(Clone, Debug, Default)]
pub(super) struct Golden {
    versions: BTreeSet<(String, Tables)>,
}

impl Golden {
    pub(super) fn add(&mut self, log: &[Commit]) {
        for commit in log {
            self.versions.insert((commit.as_of.clone(), tables(commit)));
        }
    }

    fn knows(&self, commit: &Commit) -> bool {
        self.versions
            .contains(&(commit.as_of.clone(), tables(commit)))
    }

    /// Whether a file of a table may exist, for a day or for any.
    fn knows_file(&self, day: Option<&str>, table: &str, sha256: &str) -> bool {
        self.versions.iter().any(|(of, tables)| {
            day.is_none_or(|day| day == of) && tables.get(table).is_some_and(|hash| hash == sha256)
        })
    }
}

fn tables(commit: &Commit) -> Tables {
    let tables = commit.tables.iter();
    tables
        .map(|table| (table.name.clone(), table.sha256.clone()))
        .collect()
}

fn ensure(holds: bool, told: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(told()) }
}

/// The log has no gap and a chain of parents, no commit id is in it twice, no commit
/// repeats the run key of the one before it of its day, and every file of every commit is there with its size and hash and
/// is one of those that runs without faults make.
pub(super) async fn whole_log(storage: &Storage, golden: &Golden) -> Verdict<Vec<Commit>> {
    let log = commits(storage).await.map_err(|error| error.render())?;
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for commit in &log {
        let before = keys.insert(&commit.as_of, &commit.run_key);
        ensure(before != Some(&commit.run_key), || {
            "a run key is in the log twice in a row".to_owned()
        })?;
    }
    let ids: BTreeSet<&str> = log.iter().map(|commit| commit.commit_id.as_str()).collect();
    ensure(ids.len() == log.len(), || {
        "a commit id is in the log twice".to_owned()
    })?;
    for commit in &log {
        whole_commit(storage, commit, golden).await?;
    }
    Ok(log)
}

async fn whole_commit(storage: &Storage, commit: &Commit, golden: &Golden) -> Verdict {
    for table in &commit.tables {
        let read = read_table(storage, commit, &table.name).await;
        read.map_err(|error| format!("version {}: {}", commit.version, error.render()))?;
    }
    ensure(golden.knows(commit), || {
        format!(
            "version {} of {} is not what a run without faults publishes",
            commit.version, commit.as_of
        )
    })
}

/// `latest/` and `history/` hold exactly what the log says.
pub(super) async fn settled(storage: &Storage, log: &[Commit]) -> Verdict {
    let mut expected: BTreeMap<String, &str> = BTreeMap::new();
    let mut days: BTreeMap<&str, &Commit> = BTreeMap::new();
    for commit in log {
        days.insert(&commit.as_of, commit);
    }
    for (day, commit) in &days {
        for table in &commit.tables {
            let path = format!("history/{0}/as_of={day}/{0}.parquet", table.name);
            expected.insert(path, &table.sha256);
        }
    }
    if let Some((_, newest)) = days.last_key_value() {
        for table in &newest.tables {
            expected.insert(format!("latest/{}.parquet", table.name), &table.sha256);
        }
    }
    let mut found = BTreeMap::new();
    for folder in ["latest", "history"] {
        let listed = storage.list(folder).await.map_err(|error| error.render())?;
        for object in listed {
            let path = storage.relative(&object.location);
            let digest = storage
                .digest(&path)
                .await
                .map_err(|error| error.render())?;
            found.insert(path, digest.map(|digest| digest.sha256).unwrap_or_default());
        }
    }
    let paths: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let wrong: Vec<&&String> = paths
        .iter()
        .filter(|path| expected.get(**path).copied() != found.get(**path).map(String::as_str))
        .collect();
    ensure(wrong.is_empty(), || {
        format!("copies are not those of the log: {wrong:?}")
    })
}

/// How a run ended, as its caller sees it.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// The exit code; none when the process was killed.
    pub(crate) code: Option<i32>,
    pub(crate) told: String,
}

impl End {
    pub(super) fn of(result: &RunResult<RunReport>) -> Self {
        match result {
            Ok(report) => Self {
                code: Some(0),
                told: match &report.outcome {
                    Outcome::Published(commit) => format!("published {}", commit.version),
                    Outcome::AlreadyDone(commit) => format!("already done in {}", commit.version),
                    Outcome::Previewed(_) => "previewed".to_owned(),
                },
            },
            Err(error) => Self {
                code: Some(i32::from(error.kind().exit_code())),
                told: error.render(),
            },
        }
    }

    /// Exit code 0 if and only if the run is in the log and its copies are
    /// finished. A run that could not reach the storage any more may be in the
    /// log all the same; then it must have said so, or that it cannot know.
    pub(super) fn is_honest(&self, is_committed: bool) -> Verdict {
        let Some(code) = self.code else {
            return Ok(());
        };
        let unknown = i32::from(ErrorKind::OutcomeUnknown.exit_code());
        let says_published = self.told.contains("is published, but the copies");
        let is_honest = match (code, is_committed) {
            (0, _) => is_committed,
            (code, true) => says_published || code == unknown,
            (_, false) => !says_published,
        };
        ensure(is_honest, || {
            format!("exit code {code} with the commit in the log: {is_committed}")
        })
    }

    /// As [`End::is_honest`], for a fault that happens once: there is no excuse.
    pub(super) fn is_exact(&self, is_committed: bool) -> Verdict {
        self.is_honest(is_committed)?;
        ensure((self.code == Some(0)) == is_committed, || {
            format!(
                "one fault only, and exit code {:?} with the commit in the log: {is_committed}",
                self.code
            )
        })
    }
}

/// Somebody who reads all the time: the newest version through the log, and
/// every file in `latest/` and `history/`.
pub(super) struct Reader {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Verdict<usize>>,
}

impl Reader {
    pub(super) fn start(storage: &Storage, golden: &Arc<Golden>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (storage, golden, stopped) = (storage.clone(), Arc::clone(golden), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let (mut looks, mut last) = (0, 0);
            loop {
                let is_last = stopped.load(Ordering::Relaxed);
                last = look(&storage, &golden, last).await?;
                looks += 1;
                if is_last {
                    return Ok(looks);
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        });
        Self { stop, task }
    }

    /// How often the reader has looked; an error if it has ever seen anything
    /// but a whole version.
    pub(super) async fn stop(self) -> Verdict<usize> {
        self.stop.store(true, Ordering::Relaxed);
        let looked = self.task.await.map_err(|error| error.to_string())?;
        looked.map_err(|told| format!("a reader saw: {told}"))
    }
}

/// One look; returns the version seen, which must not be older than `last`.
async fn look(storage: &Storage, golden: &Golden, last: u64) -> Verdict<u64> {
    let seen = current(storage).await.map_err(|error| error.render())?;
    let version = seen.as_ref().map_or(0, |commit| commit.version);
    ensure(version >= last, || {
        format!("version {version} after {last}")
    })?;
    if let Some(commit) = &seen {
        whole_commit(storage, commit, golden).await?;
    }
    for folder in ["latest", "history"] {
        let listed = storage.list(folder).await.map_err(|error| error.render())?;
        for object in listed {
            let path = storage.relative(&object.location);
            let bytes = storage.get(&path).await.map_err(|error| error.render())?;
            let bytes = bytes.ok_or_else(|| format!("{path} was listed and is gone"))?;
            let table = path.rsplit('/').next().unwrap_or_default();
            let table = table.trim_end_matches(".parquet");
            let day = path.split("as_of=").nth(1).and_then(|rest| rest.get(..10));
            ensure(
                golden.knows_file(day, table, &Digest::of(&bytes).sha256),
                || format!("{path} is no published file"),
            )?;
        }
    }
    Ok(version)
}

//! Publishing on disk and in memory: races, lost answers, crashes, and the
//! sweep in which every operation of a publication fails once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kenko::error::ErrorKind;
use kenko::publish::{
    Commit, Publication, before, commits, current, find, finish_exports, publish, read_table,
};
use kenko::storage::{Created, Storage};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::support::fault::{Fault, FaultStore, When};
use crate::support::{content, publication};

const DAY: &str = "2026-01-31";
const EARLIER: &str = "2025-03-31";

fn on(store: impl ObjectStore) -> Storage {
    Storage::from_store("memory://test", Arc::new(store), "out").unwrap()
}

fn memory() -> (Arc<dyn ObjectStore>, Storage) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let storage = Storage::from_store("memory://test", Arc::clone(&store), "out").unwrap();
    (store, storage)
}

fn local() -> (tempfile::TempDir, Storage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path().join("out").to_str().unwrap()).unwrap();
    (folder, storage)
}

fn versions(log: &[Commit]) -> Vec<u64> {
    log.iter().map(|commit| commit.version).collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

/// What a reader of the log sees: every table of every commit, verified.
async fn read_all(storage: &Storage) -> Vec<Commit> {
    let log = commits(storage).await.unwrap();
    for commit in &log {
        for table in &commit.tables {
            read_table(storage, commit, &table.name).await.unwrap();
        }
    }
    let keys: BTreeSet<_> = log.iter().map(|commit| &commit.run_key).collect();
    assert_eq!(keys.len(), log.len(), "a run key twice");
    log
}

#[tokio::test]
async fn a_publication_is_in_the_log_in_latest_and_in_history() {
    let scratch = tempfile::tempdir().unwrap();
    let (_folder, storage) = local();
    let first = publication(
        scratch.path(),
        "r1",
        "k1",
        DAY,
        &[("health", "h1"), ("risk", "r1")],
    );
    let done = publish(&storage, &first).await.unwrap();
    assert!(!done.already_done);
    assert_eq!(
        (done.commit.version, done.commit.parent.as_ref()),
        (1, None)
    );

    let second = publication(scratch.path(), "r2", "k2", DAY, &[("health", "h2")]);
    let done = publish(&storage, &second).await.unwrap();
    assert_eq!(done.commit.version, 2);
    assert_eq!(
        content(&storage, "latest").await,
        map(&[("latest/health.parquet", "h2")])
    );
    assert_eq!(
        content(&storage, "history").await,
        map(&[("history/health/as_of=2026-01-31/health.parquet", "h2")])
    );
    let log = read_all(&storage).await;
    assert_eq!(log[1].parent.as_ref(), Some(&log[0].commit_id));
    assert_eq!(read_table(&storage, &log[0], "risk").await.unwrap(), "r1");
    assert_eq!(
        storage
            .get("_kenko/runs/r1/run.json")
            .await
            .unwrap()
            .unwrap(),
        "{}"
    );
}

#[tokio::test]
async fn the_same_key_is_published_once_and_costs_no_copies() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, _) = memory();
    let counted = FaultStore::new(store);
    let storage = on(counted.clone());
    let tables = [("health", "h1")];
    let first = publication(scratch.path(), "r1", "k", DAY, &tables);
    let again = publication(scratch.path(), "r2", "k", DAY, &tables);
    publish(&storage, &first).await.unwrap();
    let before = counted.seen().len();
    let done = publish(&storage, &again).await.unwrap();
    assert!(done.already_done);
    assert_eq!(done.commit.run_id, "r1");
    let asked = counted.seen().split_off(before);
    assert!(
        asked.iter().all(|what| !what.starts_with("put")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn an_earlier_day_enters_history_and_leaves_latest_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (_store, storage) = memory();
    let today = publication(scratch.path(), "r1", "k1", DAY, &[("health", "today")]);
    publish(&storage, &today).await.unwrap();
    let march = publication(scratch.path(), "r2", "k2", EARLIER, &[("health", "march")]);
    publish(&storage, &march).await.unwrap();
    assert_eq!(
        content(&storage, "latest").await,
        map(&[("latest/health.parquet", "today")])
    );
    assert_eq!(
        content(&storage, "history").await,
        map(&[
            ("history/health/as_of=2025-03-31/health.parquet", "march"),
            ("history/health/as_of=2026-01-31/health.parquet", "today"),
        ])
    );
    let as_of = |commit: Option<Commit>| commit.map(|commit| commit.as_of);
    assert_eq!(
        as_of(current(&storage).await.unwrap()).as_deref(),
        Some(DAY)
    );
    let log = commits(&storage).await.unwrap();
    let prior = before(&log, "nightly", DAY);
    assert_eq!(as_of(prior.cloned()).as_deref(), Some(EARLIER));
}

#[tokio::test]
async fn files_of_others_are_neither_overwritten_nor_removed() {
    let scratch = tempfile::tempdir().unwrap();
    let (_folder, storage) = local();
    let first = publication(scratch.path(), "r1", "k1", DAY, &[("health", "h1")]);
    for path in [
        "latest/health.parquet",
        "history/health/as_of=2026-01-31/health.parquet",
    ] {
        storage.put(path, "theirs".into()).await.unwrap();
        let error = publish(&storage, &first).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains(path), "{error}");
        assert_eq!(storage.get(path).await.unwrap().unwrap(), "theirs");
        storage.delete(path).await.unwrap();
    }
    storage.put("latest/note.txt", "x".into()).await.unwrap();
    storage
        .put("latest/other.parquet", "x".into())
        .await
        .unwrap();
    publish(&storage, &first).await.unwrap();

    // A table that was ours, is no longer published, and was replaced by hand.
    let second = publication(
        scratch.path(),
        "r2",
        "k2",
        DAY,
        &[("health", "h2"), ("risk", "r2")],
    );
    publish(&storage, &second).await.unwrap();
    storage
        .put("latest/risk.parquet", "theirs".into())
        .await
        .unwrap();
    let third = publication(scratch.path(), "r3", "k3", DAY, &[("health", "h3")]);
    publish(&storage, &third).await.unwrap();
    assert_eq!(
        content(&storage, "latest").await,
        map(&[
            ("latest/health.parquet", "h3"),
            ("latest/note.txt", "x"),
            ("latest/other.parquet", "x"),
            ("latest/risk.parquet", "theirs"),
        ])
    );
}

#[tokio::test]
async fn a_folder_belongs_to_one_pipeline() {
    let scratch = tempfile::tempdir().unwrap();
    let (_store, storage) = memory();
    let mine = publication(scratch.path(), "r1", "k1", DAY, &[("health", "h1")]);
    publish(&storage, &mine).await.unwrap();
    let mut theirs = publication(scratch.path(), "r2", "k2", DAY, &[("funnel", "f1")]);
    "funnels".clone_into(&mut theirs.pipeline);
    let error = publish(&storage, &theirs).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(versions(&read_all(&storage).await), [1]);
}

#[tokio::test]
async fn a_run_that_was_asleep_does_not_replace_a_newer_one() {
    let scratch = tempfile::tempdir().unwrap();
    let (_store, storage) = memory();
    let newer = publication(scratch.path(), "r2", "k2", DAY, &[("health", "new")]);
    publish(&storage, &newer).await.unwrap();
    let sleeper = publication(scratch.path(), "r1", "k1", DAY, &[("health", "old")]);
    let error = publish(&storage, &sleeper).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let other_day = publication(scratch.path(), "r1", "k3", EARLIER, &[("health", "old")]);
    publish(&storage, &other_day).await.unwrap();
    assert_eq!(
        content(&storage, "latest").await,
        map(&[("latest/health.parquet", "new")])
    );
}

/// As when everything young is pruned while a run is about to commit.
#[tokio::test]
async fn what_is_removed_before_the_commit_is_put_back() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, clean) = memory();
    let when = When::First("_kenko/runs/");
    let sleepy = FaultStore::failing(store, when, Fault::HoldBefore);
    let run = publication(
        scratch.path(),
        "r1",
        "k1",
        DAY,
        &[("funnel", "f1"), ("health", "h1")],
    );
    let publishing = {
        let (storage, run) = (on(sleepy.clone()), run.clone());
        tokio::spawn(async move { publish(&storage, &run).await })
    };
    sleepy.fallen_asleep().await;
    let staged = content(&clean, "snapshots").await;
    assert_eq!(staged.len(), 2);
    for path in staged.keys() {
        clean.delete(path).await.unwrap();
    }
    sleepy.wake();
    let done = publishing.await.unwrap().unwrap();
    assert_eq!(versions(&read_all(&clean).await), [1]);

    // Of a commit, somebody may have removed one by hand, or cut it short.
    let lost = &done.commit.tables[0].path;
    clean.delete(lost).await.unwrap();
    clean
        .put(&done.commit.tables[1].path, "h".into())
        .await
        .unwrap();
    assert!(read_table(&clean, &done.commit, "funnel").await.is_err());
    assert!(publish(&clean, &run).await.unwrap().already_done);
    assert_eq!(content(&clean, "snapshots").await, staged);
}

/// Publishes from tasks on several threads at once.
async fn race(storage: &Storage, publications: Vec<Publication>) -> Vec<(u64, bool)> {
    let tasks: Vec<_> = publications
        .into_iter()
        .map(|publication| {
            let storage = storage.clone();
            tokio::spawn(async move {
                let done = publish(&storage, &publication).await.unwrap();
                (done.commit.version, done.already_done)
            })
        })
        .collect();
    let mut ends = Vec::new();
    for task in tasks {
        ends.push(task.await.unwrap());
    }
    ends
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_runs_of_one_key_make_one_commit() {
    let scratch = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let (_folder, storage) = local();
        let runs = (0..8).map(|number| {
            let run_id = format!("r{number}");
            publication(scratch.path(), &run_id, "k", DAY, &[("health", "h")])
        });
        let ends = race(&storage, runs.collect()).await;
        assert_eq!(ends.iter().filter(|(_, already)| !already).count(), 1);
        assert_eq!(versions(&read_all(&storage).await), [1]);
        finish_exports(&storage).await.unwrap();
        assert_eq!(
            content(&storage, "latest").await,
            map(&[("latest/health.parquet", "h")])
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_runs_of_different_keys_are_all_in_the_log() {
    let scratch = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let (_folder, storage) = local();
        let runs = (1..=8).map(|day| {
            publication(
                scratch.path(),
                &format!("r{day}"),
                &format!("k{day}"),
                &format!("2026-01-0{day}"),
                &[("health", &format!("h{day}"))],
            )
        });
        let ends = race(&storage, runs.collect()).await;
        assert!(ends.iter().all(|(_, already)| !already));
        let log = read_all(&storage).await;
        assert_eq!(versions(&log), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            content(&storage, "latest").await,
            map(&[("latest/health.parquet", "h8")])
        );
        assert_eq!(content(&storage, "history").await.len(), 8);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_whole_versions_while_runs_publish() {
    let scratch = tempfile::tempdir().unwrap();
    let (_folder, storage) = local();
    let writing = {
        let storage = storage.clone();
        tokio::spawn(async move {
            for number in 1..=12 {
                let text = number.to_string();
                let tables = [("health", text.as_str()), ("risk", text.as_str())];
                let run_id = format!("r{number:02}");
                let run = publication(scratch.path(), &run_id, &run_id, DAY, &tables);
                publish(&storage, &run).await.unwrap();
            }
        })
    };
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let storage = storage.clone();
            tokio::spawn(async move {
                let mut last = 0;
                while last < 12 {
                    let Some(commit) = current(&storage).await.unwrap() else {
                        continue;
                    };
                    assert!(commit.version >= last, "a version was lost");
                    last = commit.version;
                    let expected = last.to_string();
                    for table in ["health", "risk"] {
                        let bytes = read_table(&storage, &commit, table).await.unwrap();
                        assert_eq!(bytes, expected);
                        let path = format!("latest/{table}.parquet");
                        if let Some(bytes) = storage.get(&path).await.unwrap() {
                            let text = String::from_utf8(bytes.to_vec()).unwrap();
                            assert!((1..=12).contains(&text.parse::<u64>().unwrap()));
                        }
                    }
                }
            })
        })
        .collect();
    writing.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_create_finds_out_what_became_of_it() {
    let mine = |stored: &[u8]| stored == b"mine";
    for (fault, expected) in [
        (Fault::After, Some(Created::Done)),
        (Fault::Before, Some(Created::Done)),
        (Fault::Conflict, Some(Created::Done)),
        (Fault::DeadAfter, None),
        (Fault::DeadBefore, None),
    ] {
        let (store, _) = memory();
        let storage = on(FaultStore::failing(store, When::First("put"), fault));
        let created = storage.create_once("log/1", "mine".into(), mine).await;
        match expected {
            Some(expected) => assert_eq!(created.unwrap(), expected, "{fault:?}"),
            None => assert_eq!(created.unwrap_err().kind(), ErrorKind::OutcomeUnknown),
        }
    }
    let (store, storage) = memory();
    storage.put("log/1", "theirs".into()).await.unwrap();
    let faulty = on(FaultStore::failing(
        store,
        When::First("put"),
        Fault::Conflict,
    ));
    let created = faulty.create_once("log/1", "mine".into(), mine).await;
    assert_eq!(created.unwrap(), Created::Taken("theirs".into()));

    let (store, storage) = memory();
    let faulty = on(FaultStore::failing(
        store,
        When::Every("put"),
        Fault::Before,
    ));
    let error = faulty.create_once("log/1", "mine".into(), mine).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(storage.get("log/1").await.unwrap(), None);
}

#[tokio::test]
async fn a_short_answer_and_a_full_disk_are_told() {
    let (store, storage) = memory();
    storage.put("a", "whole".into()).await.unwrap();
    let short = on(FaultStore::failing(
        Arc::clone(&store),
        When::First("get"),
        Fault::Short,
    ));
    let error = short.get("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("4 bytes"), "{error}");
    let full = on(FaultStore::failing(
        store,
        When::First("put"),
        Fault::NoSpace,
    ));
    let error = full.put("a", "more".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Resources);
}

#[tokio::test]
async fn a_table_that_reads_back_differently_is_not_published() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, storage) = memory();
    let faulty = on(FaultStore::failing(
        store,
        When::First("get out/snapshots"),
        Fault::Short,
    ));
    let run = publication(scratch.path(), "r1", "k1", DAY, &[("health", "h1")]);
    let error = publish(&faulty, &run).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(commits(&storage).await.unwrap(), []);

    std::fs::write(&run.tables[0].file, "changed").unwrap();
    let error = publish(&storage, &run).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bug);
    assert_eq!(commits(&storage).await.unwrap(), []);
}

#[tokio::test]
async fn a_crash_between_log_and_exports_is_finished_by_the_next_start() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, storage) = memory();
    let first = publication(scratch.path(), "r1", "k1", DAY, &[("health", "h1")]);
    publish(&storage, &first).await.unwrap();
    let second = publication(scratch.path(), "r2", "k2", DAY, &[("health", "h2")]);
    let crash = When::First("put out/_kenko/log");
    let dying = on(FaultStore::failing(
        Arc::clone(&store),
        crash,
        Fault::DeadAfter,
    ));
    let error = publish(&dying, &second).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(
        content(&storage, "latest").await,
        map(&[("latest/health.parquet", "h1")])
    );
    finish_exports(&storage).await.unwrap();
    assert_eq!(
        content(&storage, "latest").await,
        map(&[("latest/health.parquet", "h2")])
    );
    assert_eq!(
        content(&storage, "history").await,
        map(&[("history/health/as_of=2026-01-31/health.parquet", "h2")])
    );
}

#[tokio::test]
async fn an_export_put_in_place_by_a_sleeper_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    let (_folder, storage) = local();
    for number in 1..=2 {
        let text = format!("h{number}");
        let run_id = format!("r{number}");
        let run = publication(scratch.path(), &run_id, &run_id, DAY, &[("health", &text)]);
        publish(&storage, &run).await.unwrap();
    }
    storage
        .put("latest/health.parquet", "h1".into())
        .await
        .unwrap();
    finish_exports(&storage).await.unwrap();
    assert_eq!(
        content(&storage, "latest").await,
        map(&[("latest/health.parquet", "h2")])
    );
}

/// A pass over the exports sleeps in the middle of a day's history while a
/// newer run publishes that day; `is_killed` when it does not survive waking.
async fn slept_through(is_killed: bool) -> BTreeMap<String, String> {
    let scratch = tempfile::tempdir().unwrap();
    let (store, storage) = memory();
    let when = When::First("put out/history");
    let sleepy = FaultStore::failing(store, when, Fault::HoldBefore);
    let older = publication(scratch.path(), "r1", "k1", DAY, &[("health", "h1")]);
    let sleeper = {
        let storage = on(sleepy.clone());
        tokio::spawn(async move { publish(&storage, &older).await })
    };
    sleepy.fallen_asleep().await;
    let newer = publication(scratch.path(), "r2", "k2", DAY, &[("health", "h2")]);
    publish(&storage, &newer).await.unwrap();
    if is_killed {
        sleeper.abort();
        let path = "history/health/as_of=2026-01-31/health.parquet";
        storage.put(path, "h1".into()).await.unwrap();
        finish_exports(&storage).await.unwrap();
    } else {
        sleepy.wake();
        sleeper.await.unwrap().unwrap();
    }
    content(&storage, "history").await
}

#[tokio::test]
async fn a_pass_that_slept_leaves_no_older_history() {
    let expected = map(&[("history/health/as_of=2026-01-31/health.parquet", "h2")]);
    assert_eq!(slept_through(false).await, expected);
    assert_eq!(slept_through(true).await, expected);
}

/// The state before and after the publication that the sweep breaks.
const OLD: [(&str, &str); 2] = [("health", "h1"), ("risk", "r1")];
const NEW: [(&str, &str); 2] = [("health", "h2"), ("funnel", "f2")];

/// Publishes `OLD`, then `NEW` on a store that fails as told, and checks what
/// every reader and the next run see. Returns whether the fault came to pass.
async fn broken_publication(store: Arc<dyn ObjectStore>, number: usize, fault: Fault) -> bool {
    let scratch = tempfile::tempdir().unwrap();
    let storage = Storage::from_store("memory://test", Arc::clone(&store), "out").unwrap();
    let old = publication(scratch.path(), "r1", "k1", DAY, &OLD);
    publish(&storage, &old).await.unwrap();
    let exports_before = content(&storage, "latest").await;

    let new = publication(scratch.path(), "r2", "k2", DAY, &NEW);
    let faulty = FaultStore::failing(store, When::Nth(number), fault);
    let end = publish(&on(faulty.clone()), &new).await;
    let has_failed = faulty.seen().len() > number;
    let place = faulty.seen().get(number).cloned().unwrap_or_default();
    let told = format!("operation {number} ({place}), {fault:?}: {end:?}");

    // The log is whole, and every table of every commit is there.
    let log = read_all(&storage).await;
    let is_published = find(&commits(&storage).await.unwrap(), "k2").is_some();
    assert_eq!(log.len(), 1 + usize::from(is_published), "{told}");
    assert!(end.is_err() || is_published, "{told}");
    if matches!(fault, Fault::Before | Fault::After | Fault::Conflict) {
        // One failure is no reason to call a publication failed.
        assert!(end.is_ok() || !is_published, "{told}");
    }
    let latest = content(&storage, "latest").await;
    if end.is_ok() {
        let expected = map(&[
            ("latest/funnel.parquet", "f2"),
            ("latest/health.parquet", "h2"),
        ]);
        assert_eq!(latest, expected, "{told}");
    } else if is_published {
        let whole = ["h1", "r1", "h2", "f2"];
        assert!(
            latest.values().all(|text| whole.contains(&text.as_str())),
            "{told}"
        );
    } else {
        assert_eq!(latest, exports_before, "{told}");
    }

    let again = publication(scratch.path(), "r3", "k2", DAY, &NEW);
    let done = publish(&storage, &again).await.unwrap();
    assert_eq!(done.already_done, is_published, "{told}");
    assert_eq!(versions(&read_all(&storage).await), [1, 2], "{told}");
    assert_eq!(
        content(&storage, "latest").await,
        map(&[
            ("latest/funnel.parquet", "f2"),
            ("latest/health.parquet", "h2"),
        ]),
        "{told}"
    );
    assert_eq!(
        content(&storage, "history").await,
        map(&[
            ("history/funnel/as_of=2026-01-31/funnel.parquet", "f2"),
            ("history/health/as_of=2026-01-31/health.parquet", "h2"),
        ]),
        "{told}"
    );
    has_failed
}

/// Every operation fails, one publication each; returns how many there are.
async fn sweep(fault: Fault, is_local: bool) -> usize {
    let mut number = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ObjectStore> = if is_local {
            let storage = Storage::open(folder.path().to_str().unwrap()).unwrap();
            Arc::clone(storage.object_store())
        } else {
            Arc::new(InMemory::new())
        };
        if !broken_publication(store, number, fault).await {
            return number;
        }
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_operation_fails_nothing_is_lost_or_half_visible() {
    let in_memory = [
        Fault::Before,
        Fault::After,
        Fault::Conflict,
        Fault::NoSpace,
        Fault::DeadBefore,
        Fault::DeadAfter,
    ]
    .map(|fault| tokio::spawn(sweep(fault, false)));
    let on_disk = [Fault::After, Fault::DeadBefore].map(|fault| tokio::spawn(sweep(fault, true)));
    for sweep in in_memory.into_iter().chain(on_disk) {
        let operations = sweep.await.unwrap();
        assert!(operations > 30, "{operations} operations only");
    }
}

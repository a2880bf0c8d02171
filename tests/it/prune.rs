//! What is pruned and what never is: nothing that a kept commit reaches, and of a run
//! that is under way nothing that it cannot do again.

use std::fs;
use std::sync::Arc;

use kenko::error::ErrorKind;
use kenko::run::{Outcome, PruneOptions, RunOptions, Silent};
use kenko::storage::Storage;

use crate::fire::on_threads;
use crate::reuse::{FIRST, MODELS, Office, PIPELINE, computed, name, number};
use crate::support::company::files;
use crate::support::fault::{Fault, FaultStore, When};

/// Whatever is not reached, however young, and the results of all but the newest commit.
pub(crate) const EVERYTHING: PruneOptions = PruneOptions {
    older_than_days: 0,
    keep_results: 1,
    dry_run: false,
};

#[test]
fn pruning_removes_what_no_kept_commit_reaches_and_nothing_else() {
    on_threads(|| async {
        let office = Office::new(3);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        office.night(&project, first).await.unwrap();
        // The same day again from other rows: the first commit is replaced.
        office.deliver(first, 1);
        office.night(&project, first).await.unwrap();
        let output = office.path("out").to_str().unwrap().to_owned();
        let shown = PruneOptions {
            dry_run: true,
            ..EVERYTHING
        };
        let found = kenko::run::prune(&output, shown).await.unwrap();
        let below = |folder: &str| {
            found
                .iter()
                .filter(|object| object.path.starts_with(folder))
                .count()
        };
        assert_eq!(below("snapshots/"), 3, "{found:?}");
        assert_eq!(
            below("_kenko/state/int_account_day"),
            1,
            "only the changed day"
        );
        let young = PruneOptions {
            older_than_days: 7,
            ..EVERYTHING
        };
        assert_eq!(kenko::run::prune(&output, young).await.unwrap(), []);

        assert_eq!(kenko::run::prune(&output, EVERYTHING).await.unwrap(), found);
        assert_eq!(kenko::run::prune(&output, EVERYTHING).await.unwrap(), []);
        assert_eq!(computed(&office.plan(&project, first).await), []);
        // An older day that is published later keeps its results, and this one does too.
        office.night(&project, first - 1).await.unwrap();
        kenko::run::prune(&output, EVERYTHING).await.unwrap();
        for day in [first - 1, first] {
            let plan = office.plan(&project, day).await;
            let anew = computed(&plan);
            assert!(
                anew.iter().all(|(model, _)| *model != "int_account_day"),
                "{anew:?}"
            );
        }
        let storage = Storage::open(&output).unwrap();
        let commit = kenko::publish::published(&storage).await.unwrap();
        for table in &commit.tables {
            kenko::publish::read_table(&storage, &commit, &table.name)
                .await
                .unwrap();
        }
    });
}

/// What a process that died was writing is under no name that anybody reads, so nothing
/// but the folder's size tells that it is there.
#[test]
fn pruning_removes_what_a_dead_process_was_writing() {
    on_threads(|| async {
        let office = Office::new(3);
        let project = office.project(PIPELINE, &MODELS);
        office.night(&project, number(FIRST)).await.unwrap();
        let shown = office.latest("out");
        let torn = [
            "latest/account_use.parquet#77000000003",
            "_kenko/state/a/b.parquet#1",
        ];
        for path in torn {
            let path = office.path("out").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "half").unwrap();
        }
        let output = office.path("out").to_str().unwrap().to_owned();
        let young = PruneOptions {
            older_than_days: 1,
            ..EVERYTHING
        };
        assert_eq!(kenko::run::prune(&output, young).await.unwrap(), []);
        let removed = kenko::run::prune(&output, EVERYTHING).await.unwrap();
        let removed: Vec<&str> = removed.iter().map(|object| object.path.as_str()).collect();
        assert_eq!(removed, ["_kenko/state/a/b.parquet#1", torn[0]]);
        assert!(
            torn.iter()
                .all(|path| !office.path("out").join(path).exists())
        );
        assert!(office.latest("out") == shown);
    });
}

/// A prune that spares nothing, while a run reads results that only an old commit reaches.
#[test]
fn pruning_beside_a_run_costs_at_most_that_run() {
    on_threads(|| async {
        let office = Office::new(6);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        for day in [first - 2, first - 1, first] {
            office.night(&project, day).await.unwrap();
        }
        let before = office.latest("out");
        // Another threshold for an old day: all but the threshold's reader is stored.
        let stricter = office.project(&format!("{PIPELINE}minimum_n: 3\n"), &MODELS);
        let options = office.options(first - 2, "out");
        let output = options.output.clone().unwrap();
        let storage = Storage::open(&output).unwrap();
        let reads = When::First("get _kenko/state/");
        let sleepy =
            FaultStore::failing(Arc::clone(storage.object_store()), reads, Fault::HoldBefore);
        let faulty = Storage::from_store(storage.url(), Arc::new(sleepy.clone()), "").unwrap();
        let night = tokio::spawn(async move {
            let ended = kenko::run::run_on(faulty, &stricter, &options, &Silent).await;
            (ended.map(|report| report.outcome), stricter, options)
        });
        sleepy.fallen_asleep().await;
        let removed = kenko::run::prune(&output, EVERYTHING).await.unwrap();
        let of_state = removed
            .iter()
            .filter(|object| object.path.contains("/state/"));
        assert!(of_state.count() > 0, "{removed:?}");
        sleepy.wake();
        let (ended, stricter, options) = night.await.unwrap();
        let log = kenko::publish::commits(&storage).await.unwrap();
        match ended {
            Ok(outcome) => assert!(matches!(outcome, Outcome::Published(_)), "{outcome:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.render());
                assert_eq!(log.len(), 3, "a run that failed is in the log");
            }
        }
        kenko::run::run(&stricter, &options, &Silent).await.unwrap();
        assert!(
            office.latest("out") == before,
            "the newest day is another one"
        );
        let clean = RunOptions {
            output: Some(office.path("clean").to_str().unwrap().to_owned()),
            ..options
        };
        kenko::run::run(&stricter, &clean, &Silent).await.unwrap();
        let of_day = |output: &str| {
            let path = format!("{output}/history/large_segment/as_of={}", name(first - 2));
            fs::read(files(&office.path(&path)).remove(0)).unwrap()
        };
        assert!(of_day("out") == of_day("clean"));
    });
}

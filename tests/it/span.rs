//! Models that are built of several days, night after night: those that add new
//! days to what they had, and those that are kept by cutoff.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::util::pretty::pretty_format_batches;
use kenko::run::{Plan, PlannedWork, QueryOptions, RunOptions, Silent, run_on};
use kenko::storage::Storage;
use kenko::time::EpochDays;

use crate::fire::killed::{blocking, folder};
use crate::fire::on_threads;
use crate::fire::operations::copied;
use crate::fire::process::{Process, as_process};
use crate::prune::EVERYTHING;
use crate::reuse::{
    FIRST, MODELS, Office, PIPELINE, computed, name, number, options, project, why,
};
use crate::support::company::files;
use crate::support::fault::{Fault, FaultStore};

const SPANS: [(&str, &str); 4] = [
    (
        "intermediate/int_account_gap.sql",
        "-- The gaps between the active days of one account.\n-- grain: account_id\n\
         -- accumulates: day\n-- columns:\n--   account_id | text | key | the account\n\
         --   last_on | date | day | last active day\n--   gaps | integer | gaps | how many\n\
         --   longest | integer | days | the longest\n\
         with log as (select account_id, day from int_account_day union all\n\
         select account_id, last_on as day from earlier_int_account_gap),\n\
         gap as (select account_id, day,\n\
         day - lag(day) over (partition by account_id order by day) as days from log),\n\
         found as (select account_id, max(day) as last_on, count(days) as gaps,\n\
         max(days) as longest from gap group by account_id)\n\
         select found.account_id, found.last_on, found.gaps + coalesce(known.gaps, 0) as gaps,\n\
         greatest(found.longest, known.longest) as longest from found\n\
         left join earlier_int_account_gap as known on found.account_id = known.account_id\n",
    ),
    (
        "intermediate/int_account_rush.sql",
        "-- The most events of one account on three days in a row.\n-- grain: account_id\n\
         -- accumulates: day\n-- lookback: 2 days\n-- columns:\n\
         --   account_id | text | key | the account\n--   events | integer | events | the most\n\
         with three as (select one.account_id, one.day, sum(other.events) as events\n\
         from run_earlier inner join int_account_day as one on run_earlier.day < one.day\n\
         inner join int_account_day as other on one.account_id = other.account_id\n\
         and other.day between one.day - 2 and one.day group by one.account_id, one.day),\n\
         latest as (select account_id, max(events) as events from three group by account_id)\n\
         select coalesce(latest.account_id, known.account_id) as account_id,\n\
         greatest(latest.events, known.events) as events from latest\n\
         full outer join earlier_int_account_rush as known\n\
         on latest.account_id = known.account_id\n",
    ),
    (
        "intermediate/int_account_cutoff.sql",
        "-- The events of one account in the five days up to a cutoff.\n\
         -- grain: cutoff, account_id\n-- partition: cutoff\n-- lookback: 5 days\n\
         select run_cutoff.cutoff, int_account_day.account_id,\n\
         sum(int_account_day.events) as events from run_cutoff\n\
         inner join int_account_day on int_account_day.day > run_cutoff.cutoff - 5\n\
         and int_account_day.day <= run_cutoff.cutoff\n\
         group by run_cutoff.cutoff, int_account_day.account_id\n",
    ),
    (
        "marts/account_story.sql",
        "-- One account on all that is known.\n-- grain: account_id\n-- columns:\n\
         --   account_id | text | key | the account\n--   gaps | integer | gaps | how many\n\
         --   longest | integer | days | the longest\n--   rush | integer | events | the most\n\
         --   at_cutoffs | integer | events | summed over the cutoffs\n\
         select int_account_gap.account_id, int_account_gap.gaps, int_account_gap.longest,\n\
         int_account_rush.events as rush, cast(sum(int_account_cutoff.events) as bigint)\n\
         as at_cutoffs from int_account_gap\n\
         inner join int_account_rush on int_account_gap.account_id = int_account_rush.account_id\n\
         left join int_account_cutoff\n\
         on int_account_gap.account_id = int_account_cutoff.account_id\n\
         group by int_account_gap.account_id, int_account_gap.gaps, int_account_gap.longest,\n\
         int_account_rush.events\n",
    ),
];

fn models() -> Vec<(&'static str, &'static str)> {
    MODELS.iter().chain(&SPANS).copied().collect()
}

/// Three months, two of which end before the first night.
fn pipeline() -> String {
    format!("{PIPELINE}history: {{days: 60, months: 3}}\nretention_months: [1]\n")
}

fn work(plan: &Plan, model: &str) -> PlannedWork {
    let found = plan.models.iter().find(|planned| planned.name == model);
    found.unwrap().work
}

fn adds(days: usize, after: Option<EpochDays>) -> PlannedWork {
    PlannedWork::Add { days, after }
}

/// Stored results below an output, by path, with their bytes.
fn stored(output: &Path) -> BTreeMap<String, Vec<u8>> {
    let state = output.join("_kenko/state");
    let mut found = BTreeMap::new();
    let mut open = vec![state.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&state).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn new_days_are_added_to_what_was_there() {
    on_threads(|| async {
        let office = Office::new(9);
        let project = office.project(&pipeline(), &models());
        let first = number(FIRST);
        let before = office.plan(&project, first).await;
        assert_eq!(work(&before, "int_account_gap"), adds(9, None));
        office.night(&project, first).await.unwrap();
        let same = office.plan(&project, first).await;
        assert_eq!(computed(&same), [], "nothing changed, nothing is computed");
        assert_eq!(work(&same, "int_account_rush"), PlannedWork::Stored);

        office.deliver(first + 1, 0);
        let new = office.plan(&project, first + 1).await;
        assert_eq!(work(&new, "int_account_gap"), adds(1, Some(first)));
        let whys = computed(&new);
        assert_eq!(why(&whys, "int_account_gap"), ["int_account_day"]);
        assert_eq!(why(&whys, "int_account_cutoff"), ["new cutoff"]);
        let report = office.night(&project, first + 1).await.unwrap();
        let built = |model: &str| {
            let found = report.models.iter().find(|result| result.name == model);
            found.unwrap().days_built
        };
        assert_eq!(built("int_account_rush"), Some(1));
        assert_eq!(built("int_account_cutoff"), Some(1));

        let late = first - 1;
        office.deliver(late, 1);
        office.deliver(first + 2, 0);
        let plan = office.plan(&project, first + 2).await;
        assert_eq!(
            work(&plan, "int_account_gap"),
            adds(11, None),
            "nothing is stored of the days before the late one"
        );
        office.night(&project, first + 2).await.unwrap();
        office.deliver(first + 2, 1);
        office.deliver(first + 3, 0);
        let plan = office.plan(&project, first + 3).await;
        assert_eq!(
            work(&plan, "int_account_gap"),
            adds(12, None),
            "both stored nights were without one of the late rows"
        );
    });
}

/// An output folder, and who sees every operation on it.
fn watched(output: &Path) -> (Storage, FaultStore) {
    let storage = folder(output);
    let seen = FaultStore::new(Arc::clone(storage.object_store()));
    let storage = Storage::from_store(storage.url(), Arc::new(seen.clone()), "").unwrap();
    (storage, seen)
}

/// The results in the store. A file that was being written when the process died keeps
/// the name of an unfinished one, which nobody reads.
fn whole(output: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = stored(output).into_iter();
    let whole = files.filter(|(name, _)| name.ends_with(".parquet"));
    whole.collect()
}

/// The day after the first delivery, in a process that may die.
#[test]
#[ignore = "run by a_night_that_dies_while_days_are_added_changes_no_byte"]
fn one_night() {
    as_process(|company, output| async move {
        let project = project(&company, &pipeline(), &models());
        let options = options(number(FIRST) + 1, &company);
        run_on(output, &project, &options, &Silent).await
    });
}

/// The process ends before and after each operation on what an accumulating model was
/// and becomes. The same night, run again, has the bytes of one that nothing stopped.
#[test]
fn a_night_that_dies_while_days_are_added_changes_no_byte() {
    on_threads(|| async {
        let office = Office::new(9);
        let project = office.project(&pipeline(), &models());
        let day = number(FIRST) + 1;
        office.night(&project, day - 1).await.unwrap();
        office.deliver(day, 0);

        let golden = copied(&office.path("out"));
        let (storage, counted) = watched(golden.path());
        let options = office.options(day, "out");
        run_on(storage, &project, &options, &Silent).await.unwrap();
        let places: BTreeSet<String> = counted
            .seen()
            .into_iter()
            .filter(|seen| {
                let models = ["int_account_gap", "int_account_rush"];
                models
                    .iter()
                    .any(|model| seen.contains(&format!("state/{model}/")))
            })
            .collect();
        let is_there = |verb: &str| places.iter().any(|place| place.starts_with(verb));
        assert!(is_there("get") && is_there("put"), "{places:?}");
        let put = |file: &String| places.contains(&format!("put _kenko/state/{file}"));
        assert!(whole(golden.path()).keys().any(put), "{places:?}");

        let shown = |output: &Path| {
            let latest = files(&output.join("latest")).into_iter();
            latest
                .map(|file| fs::read(file).unwrap())
                .collect::<Vec<_>>()
        };
        for place in &places {
            for fault in [Fault::AbortBefore, Fault::AbortAfter] {
                let output = copied(&office.path("out"));
                let before = shown(output.path());
                let abort = Some((fault, place.clone()));
                let process =
                    Process::of("span::one_night", &office.path(""), output.path(), abort);
                let end = blocking(move || process.end()).await;
                assert_eq!(end.code, None, "{place}: {}", end.told);
                assert!(
                    shown(output.path()) == before,
                    "{place}: half a night is shown"
                );
                let kept = whole(output.path());
                let (storage, seen) = watched(output.path());
                let again = run_on(storage, &project, &options, &Silent).await;
                again.unwrap_or_else(|error| panic!("{place}: {error}"));
                for file in kept.keys() {
                    let put = format!("put _kenko/state/{file}");
                    assert!(
                        !seen.seen().contains(&put),
                        "{place}: {file} is computed again"
                    );
                }
                assert!(
                    shown(output.path()) == shown(golden.path()),
                    "{fault:?} {place}: another table"
                );
                assert!(
                    whole(output.path()) == whole(golden.path()),
                    "{fault:?} {place}: another stored result"
                );
            }
        }
    });
}

#[test]
fn a_late_row_goes_back_to_the_night_before_it() {
    on_threads(|| async {
        let office = Office::new(3);
        let project = office.project(&pipeline(), &models());
        let first = number(FIRST);
        for night in 0..4 {
            office.deliver(first + night, 0);
            office.night(&project, first + night).await.unwrap();
        }
        office.deliver(first + 2, 1);
        office.deliver(first + 4, 0);
        let plan = office.plan(&project, first + 4).await;
        assert_eq!(work(&plan, "int_account_gap"), adds(3, Some(first + 1)));
        assert_eq!(work(&plan, "int_account_rush"), adds(3, Some(first + 1)));
        // Another definition begins anew, and only that one.
        let text = SPANS[0].1.replace("max(days)", "min(days)");
        let mut changed = models();
        changed[MODELS.len()].1 = &text;
        let changed = office.project(&pipeline(), &changed);
        let plan = office.plan(&changed, first + 4).await;
        assert_eq!(work(&plan, "int_account_gap"), adds(7, None));
        assert_eq!(
            why(&computed(&plan), "int_account_gap"),
            ["sql", "int_account_day"]
        );
        assert_eq!(work(&plan, "int_account_rush"), adds(3, Some(first + 1)));
    });
}

#[test]
fn only_cutoffs_that_see_a_changed_day_are_computed() {
    on_threads(|| async {
        let office = Office::new(20);
        let project = office.project(&pipeline(), &models());
        let first = number(FIRST);
        office.night(&project, first).await.unwrap();
        office.deliver(number("2026-02-26"), 1);
        let plan = office.plan(&project, first).await;
        let february = number("2026-02-28");
        assert_eq!(
            work(&plan, "int_account_cutoff"),
            PlannedWork::Cutoffs {
                compute: 1,
                stored: 2,
                range: Some((february, february)),
            }
        );
        assert_eq!(
            why(&computed(&plan), "int_account_cutoff"),
            ["int_account_day"]
        );
    });
}

#[test]
fn thirty_nights_of_adding_end_in_the_bytes_of_beginning_anew() {
    on_threads(|| async {
        let office = Office::new(4);
        let project = office.project(&pipeline(), &models());
        let first = number(FIRST);
        for night in 0..30 {
            let day = first + night;
            office.deliver(day, 0);
            if night % 4 == 1 {
                office.deliver(day - night / 2 - 1, i64::from(night));
            }
            office.night(&project, day).await.unwrap();
            let output = format!("full-{night}");
            let full = RunOptions {
                full: true,
                ..office.options(day, &output)
            };
            kenko::run::run(&project, &full, &Silent).await.unwrap();
            let all = stored(&office.path("out"));
            let anew = stored(&office.path(&output));
            let spans = anew.keys().filter(|path| path.contains("int_account_gap/"));
            assert_eq!(spans.count(), 1);
            for (path, bytes) in anew {
                // What a mart published before is not the same in both.
                let is_mart = path.starts_with("account_use/");
                assert!(
                    is_mart || all.get(&path) == Some(&bytes),
                    "{path} differs in night {night}"
                );
            }
        }
        let options = office.options(first + 29, "out");
        let all = kenko::run::verify(&project, &options, usize::MAX, &Silent)
            .await
            .unwrap();
        assert_eq!(all.equal, all.stored);
    });
}

#[test]
fn a_run_that_reads_the_events_whole_says_the_same() {
    on_threads(|| async {
        let office = Office::new(6);
        let first = number(FIRST);
        let project = office.project(&pipeline(), &models());
        office.night(&project, first).await.unwrap();
        let mut whole = models();
        let texts: Vec<String> = whole
            .iter()
            .map(|(_, text)| text.replace("-- partition: day\n", ""))
            .collect();
        for (model, text) in whole.iter_mut().zip(&texts) {
            model.1 = text;
        }
        let whole = office.project(&pipeline(), &whole);
        let options = office.options(first, "whole");
        let report = kenko::run::run(&whole, &options, &Silent).await.unwrap();
        assert!(report.models.iter().all(|model| model.days_built.is_none()));
        let rows = async |output: &str| {
            let sql = "select account_id, gaps, longest, rush, at_cutoffs from account_story \
                       order by account_id";
            let storage = Storage::open(office.path(output).to_str().unwrap()).unwrap();
            let options = QueryOptions {
                threads: 2,
                memory_bytes: 8 << 30,
            };
            let (_, rows) = kenko::run::query_published(&storage, sql, &options)
                .await
                .unwrap();
            pretty_format_batches(&rows).unwrap().to_string()
        };
        assert_eq!(rows("out").await, rows("whole").await);
    });
}

#[test]
fn pruning_keeps_what_had_accumulated_at_the_end_of_a_month() {
    on_threads(|| async {
        let office = Office::new(3);
        let project = office.project(&pipeline(), &models());
        let march = number("2026-03-31");
        for day in number(FIRST) + 1..=march + 6 {
            office.deliver(day, 0);
            if day >= march - 1 {
                office.night(&project, day).await.unwrap();
            }
        }
        let output = office.path("out").to_str().unwrap().to_owned();
        kenko::run::prune(&output, EVERYTHING).await.unwrap();
        let days = fs::read_dir(office.path("out/_kenko/state/int_account_gap")).unwrap();
        let mut days: Vec<_> = days
            .map(|day| day.unwrap().path())
            .filter(|day| !files(day).is_empty())
            .map(|day| day.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        days.sort();
        assert_eq!(days, [name(march), name(march + 6)]);
        office.deliver(march + 2, 1);
        let plan = office.plan(&project, march + 6).await;
        assert_eq!(work(&plan, "int_account_gap"), adds(6, Some(march)));
    });
}

//! What a night computes when most of it is stored: one company, small enough
//! for many nights, whose days arrive one by one, some of them late.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use kenko::config::{Pipeline, TABLE_NAMES, contract};
use kenko::error::{Error, ErrorKind};
use kenko::model::graph::Graph;
use kenko::model::parse_all;
use kenko::run::{Outcome, Plan, PlannedWork, Project, RunOptions, RunReport, Silent};
use kenko::time::{date_of, epoch_days, parse_date};
use tempfile::TempDir;

use crate::fire::on_threads;
use crate::support::company::files;
use crate::support::extract;

const DAY_MICROSECONDS: i64 = 86_400_000_000;
const ACCOUNTS: i64 = 7;

pub(crate) const PIPELINE: &str = "\
name: office
timezone: Asia/Tokyo
currency: JPY
output: out
sources:
  account: {path: extracts/account.parquet}
  event: {path: extracts/event/}
";

pub(crate) const MODELS: [(&str, &str); 8] = [
    (
        "staging/stg_account.sql",
        "-- One account.\n-- grain: account_id\nselect account_id, segment from raw_account\n",
    ),
    (
        "staging/stg_event.sql",
        "-- One event.\n-- grain: event_id, day\n-- materialise: view\n-- partition: day\n\
         select event_id, account_id, local_day(occurred_at) as day from raw_event\n",
    ),
    (
        "intermediate/int_account_day.sql",
        "-- One account on one day.\n-- grain: account_id, day\n-- partition: day\n\
         select account_id, day, count(*) as events from stg_event group by account_id, day\n",
    ),
    (
        "intermediate/int_event_key.sql",
        "-- One event of an account.\n-- grain: event_id, day\n-- partition: day\n\
         select event_id, day, account_id from stg_event where account_id is not null\n",
    ),
    (
        "marts/account_use.sql",
        "-- One account and its use, now and when last published.\n-- grain: account_id\n\
         -- columns:\n--   account_id | text | key | the account\n\
         --   active_days | integer | days | days with an event\n\
         --   events | integer | events | events\n\
         --   events_before | integer | events | events as published before\n\
         select stg_account.account_id, count(int_account_day.day) as active_days,\n\
         cast(coalesce(sum(int_account_day.events), 0) as bigint) as events,\n\
         max(prior_account_use.events) as events_before\n\
         from stg_account\n\
         left join int_account_day on stg_account.account_id = int_account_day.account_id\n\
         left join prior_account_use on stg_account.account_id = prior_account_use.account_id\n\
         group by stg_account.account_id\n",
    ),
    (
        "marts/large_segment.sql",
        "-- One segment with enough accounts.\n-- grain: segment\n\
         -- columns:\n--   segment | text | key | segment\n\
         --   accounts | integer | accounts | accounts in it\n\
         select stg_account.segment, count(*) as accounts from stg_account\n\
         cross join cfg_pipeline\n\
         group by stg_account.segment, cfg_pipeline.minimum_n\n\
         having count(*) >= cfg_pipeline.minimum_n\n",
    ),
    (
        "marts/event_key.sql",
        "-- How many events have a key.\n-- grain: account_id\n-- columns:\n\
         --   account_id | text | key | the account\n--   keys | integer | keys | different keys\n\
         select account_id, count(distinct event_id) as keys from int_event_key group by account_id\n",
    ),
    (
        "checks/use_is_of_accounts.sql",
        "-- Use of accounts that do not exist.\n-- severity: error\n-- checks: int_account_day\n\
         select int_account_day.account_id from int_account_day\n\
         left anti join stg_account on int_account_day.account_id = stg_account.account_id\n",
    ),
];

/// The last day of the first delivery.
pub(crate) const FIRST: &str = "2026-03-10";

pub(crate) fn number(day: &str) -> i32 {
    epoch_days(parse_date(day).unwrap())
}

pub(crate) fn name(day: i32) -> String {
    date_of(day).unwrap().to_string()
}

pub(crate) struct Office {
    folder: TempDir,
}

impl Office {
    /// The company with the `days` days up to [`FIRST`] delivered.
    pub(crate) fn new(days: i32) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("office-")
            .tempdir()
            .unwrap();
        let office = Self { folder };
        extract::write(&office.path("extracts/account.parquet"), &accounts());
        for day in number(FIRST) - days + 1..=number(FIRST) {
            office.deliver(day, 0);
        }
        office
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The events of a day, or the `part`-th late delivery of it.
    pub(crate) fn deliver(&self, day: i32, part: i64) {
        let file = self.path(&format!("extracts/event/{day}-{part}.parquet"));
        extract::write(&file, &events(day, part));
    }

    pub(crate) fn project(&self, pipeline: &str, models: &[(&str, &str)]) -> Project {
        project(&self.path(""), pipeline, models)
    }

    pub(crate) fn options(&self, day: i32, output: &str) -> RunOptions {
        options(day, &self.path(output))
    }

    pub(crate) async fn night(&self, project: &Project, day: i32) -> Result<RunReport, Error> {
        kenko::run::run(project, &self.options(day, "out"), &Silent).await
    }

    pub(crate) async fn plan(&self, project: &Project, day: i32) -> Plan {
        let output = self.path("out").to_str().unwrap().to_owned();
        let day = name(day);
        kenko::run::plan(project, Some(&day), Some(&output), &[], false)
            .await
            .unwrap()
    }

    /// The published files of a run, by name, with their bytes.
    pub(crate) fn latest(&self, output: &str) -> Vec<(String, Vec<u8>)> {
        let latest = self.path(&format!("{output}/latest"));
        let found = files(&latest).into_iter();
        let named = found.map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(file).unwrap())
        });
        named.collect()
    }
}

/// The project of these models in the folder of an [`Office`].
pub(crate) fn project(folder: &Path, pipeline: &str, models: &[(&str, &str)]) -> Project {
    let file = folder.join("office.yaml").to_str().unwrap().to_owned();
    let pipeline = Pipeline::parse(&file, pipeline).unwrap();
    let tables = contract::shipped().unwrap();
    let known: BTreeSet<String> = (tables.keys().map(|table| format!("raw_{table}")))
        .chain(TABLE_NAMES.iter().map(|name| (*name).to_owned()))
        .collect();
    let graph = Graph::new(parse_all(models.iter().copied()).unwrap(), &known).unwrap();
    Project {
        file,
        pipeline,
        graph,
    }
}

pub(crate) fn options(day: i32, output: &Path) -> RunOptions {
    RunOptions {
        as_of: Some(name(day)),
        output: Some(output.to_str().unwrap().to_owned()),
        select: Vec::new(),
        threads: 2,
        // All tests share one process, and with it what is resident.
        memory_bytes: 8 << 30,
        full: false,
    }
}

fn accounts() -> RecordBatch {
    let keys = (0..ACCOUNTS).map(|number| format!("A{number}"));
    let segments = (0..ACCOUNTS).map(|number| if number < 2 { "small" } else { "large" });
    let columns: [(&str, ArrayRef); 2] = [
        ("account_id", Arc::new(StringArray::from_iter_values(keys))),
        ("segment", Arc::new(StringArray::from_iter_values(segments))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn events(day: i32, part: i64) -> RecordBatch {
    let numbers = || 0..10 + i64::from(day) % 5 + part;
    let keys = numbers().map(|number| format!("E{day}-{part}-{number}"));
    let accounts = numbers().map(|number| format!("A{}", (number * 3 + part) % (ACCOUNTS - 1)));
    let names = numbers().map(|_| "used");
    let instants = numbers().map(|number| {
        // The day in Tokyo begins nine hours before that of UTC.
        i64::from(day) * DAY_MICROSECONDS + (number - 9) * 3_600_000_000
    });
    extract::events(keys, instants, accounts, names)
}

/// The models that a plan would compute, with the reasons.
pub(crate) fn computed(plan: &Plan) -> Vec<(&str, Vec<&str>)> {
    let models = plan.models.iter().filter(|model| match model.work {
        PlannedWork::Compute | PlannedWork::Add { .. } => true,
        PlannedWork::Days { compute, .. } | PlannedWork::Cutoffs { compute, .. } => compute > 0,
        PlannedWork::View | PlannedWork::Stored => false,
    });
    models
        .map(|model| {
            (
                model.name.as_str(),
                model
                    .why
                    .iter()
                    .map(|reason| reason.part.as_str())
                    .collect(),
            )
        })
        .collect()
}

/// The reasons for one model; none when it is not computed.
pub(crate) fn why<'p>(whys: &[(&str, Vec<&'p str>)], model: &str) -> Vec<&'p str> {
    let found = whys.iter().find(|(name, _)| *name == model);
    found.map_or_else(Vec::new, |(_, reasons)| reasons.clone())
}

/// The reasons for one model with the days that they make anew.
fn days_of_reasons<'p>(plan: &'p Plan, model: &str) -> Vec<(&'p str, Vec<i32>)> {
    let planned = plan.models.iter().find(|planned| planned.name == model);
    let reasons = planned.unwrap().why.iter();
    reasons
        .map(|reason| (reason.part.as_str(), reason.days.clone()))
        .collect()
}

/// How many days of each model kept by day would be computed.
fn days(plan: &Plan) -> Vec<(&str, usize, usize)> {
    let models = plan.models.iter();
    let days = models.filter_map(|model| match model.work {
        PlannedWork::Days {
            compute, stored, ..
        } => Some((model.name.as_str(), compute, stored)),
        _ => None,
    });
    days.collect()
}

#[test]
fn a_night_computes_what_is_new_and_what_follows_from_it() {
    on_threads(|| async {
        let office = Office::new(9);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        let before = office.plan(&project, first).await;
        assert_eq!(
            days(&before),
            [("int_account_day", 9, 0), ("int_event_key", 9, 0)]
        );
        office.night(&project, first).await.unwrap();

        let same = office.plan(&project, first).await;
        assert_eq!(computed(&same), [], "nothing changed, nothing is computed");
        assert_eq!((same.checks, same.checks_stored), (1, 1));
        assert_eq!(same.already_done, Some(1));
        let spelled = office.project(&PIPELINE.replace("path: ", "path: ./"), &MODELS);
        let same = office.plan(&spelled, first).await;
        assert_eq!(computed(&same), [], "the same files, by another name");

        office.deliver(first + 1, 0);
        let new = office.plan(&project, first + 1).await;
        assert_eq!(
            days(&new),
            [("int_account_day", 1, 9), ("int_event_key", 1, 9)]
        );
        let whys = computed(&new);
        assert_eq!(why(&whys, "int_account_day"), ["new day"]);
        assert_eq!(
            why(&whys, "account_use"),
            ["as_of", "prior_account_use", "int_account_day"]
        );
        assert_eq!(
            why(&whys, "stg_account"),
            [""; 0],
            "accounts are as they were"
        );
        let report = office.night(&project, first + 1).await.unwrap();
        let built: Vec<_> = report
            .models
            .iter()
            .filter_map(|model| model.days_built)
            .collect();
        assert_eq!(built, [1, 1]);

        office.deliver(first + 2, 0);
        office.deliver(first - 4, 1);
        let late = office.plan(&project, first + 2).await;
        assert_eq!(
            days(&late),
            [("int_account_day", 2, 9), ("int_event_key", 2, 9)]
        );
        let whys = computed(&late);
        assert_eq!(why(&whys, "int_account_day"), ["new day", "raw_event"]);
        let expected = [("new day", vec![first + 2]), ("raw_event", vec![first - 4])];
        assert_eq!(days_of_reasons(&late, "int_account_day"), expected);
        office.night(&project, first + 2).await.unwrap();

        // Stored by that night, but removed since: each day says so for itself.
        let lost = office.path(&format!(
            "out/_kenko/state/int_account_day/{}",
            name(first + 1)
        ));
        fs::remove_dir_all(lost).unwrap();
        office.deliver(first - 4, 2);
        let plan = office.plan(&project, first + 2).await;
        let expected = [
            ("no longer stored", vec![first + 1]),
            ("raw_event", vec![first - 4]),
        ];
        assert_eq!(days_of_reasons(&plan, "int_account_day"), expected);
    });
}

#[test]
fn only_the_readers_of_a_threshold_are_computed_when_it_changes() {
    on_threads(|| async {
        let office = Office::new(5);
        let first = number(FIRST);
        office
            .night(&office.project(PIPELINE, &MODELS), first)
            .await
            .unwrap();

        let stricter = format!("{PIPELINE}minimum_n: 3\n");
        let plan = office
            .plan(&office.project(&stricter, &MODELS), first)
            .await;
        assert_eq!(computed(&plan), [("large_segment", vec!["cfg_pipeline"])]);

        let mut respelt = MODELS;
        let text = format!(
            "-- Comments.\n{}",
            MODELS[2].1.replace("select ", "select  -- said\n")
        );
        respelt[2].1 = &text;
        let plan = office
            .plan(&office.project(PIPELINE, &respelt), first)
            .await;
        assert_eq!(computed(&plan), [], "comments and spacing do not count");

        let mut changed = MODELS;
        let text = MODELS[2].1.replace("count(*)", "2 * count(*)");
        changed[2].1 = &text;
        let plan = office
            .plan(&office.project(PIPELINE, &changed), first)
            .await;
        let whys = computed(&plan);
        assert_eq!(why(&whys, "int_account_day"), ["sql"]);
        assert_eq!(why(&whys, "account_use"), ["int_account_day"]);
        assert_eq!(whys.len(), 2);
    });
}

#[test]
fn thirty_nights_with_late_rows_end_in_the_bytes_of_full_runs() {
    on_threads(|| async {
        let office = Office::new(4);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        for night in 0..30 {
            let day = first + night;
            office.deliver(day, 0);
            if night % 4 == 1 {
                office.deliver(day - night / 2 - 1, i64::from(night));
            }
            office.night(&project, day).await.unwrap();
            let full = RunOptions {
                full: true,
                ..office.options(day, "full")
            };
            kenko::run::run(&project, &full, &Silent).await.unwrap();
            let (chain, anew) = (office.latest("out"), office.latest("full"));
            assert_eq!(chain.len(), 3);
            assert!(chain == anew, "night {night} differs");
        }
    });
}

#[test]
fn what_a_failed_run_computed_is_there_for_the_next() {
    on_threads(|| async {
        let office = Office::new(3);
        let first = number(FIRST);
        let mut failing = MODELS.to_vec();
        failing.push((
            "checks/never.sql",
            "-- Never right.\n-- severity: error\n-- checks: account_use\n\
             select account_id from account_use\n",
        ));
        let error = office
            .night(&office.project(PIPELINE, &failing), first)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        let report = office
            .night(&office.project(PIPELINE, &MODELS), first)
            .await
            .unwrap();
        assert!(matches!(report.outcome, Outcome::Published(_)));
        let again: Vec<_> = report
            .models
            .iter()
            .filter(|model| model.bytes.is_some() && !model.is_reused)
            .collect();
        assert!(again.is_empty(), "{again:?}");
    });
}

#[test]
fn going_back_to_what_a_day_was_made_of_publishes_it_again() {
    on_threads(|| async {
        let office = Office::new(3);
        let first = number(FIRST);
        let one = office.project(PIPELINE, &MODELS);
        let mut changed = MODELS;
        let text = MODELS[2].1.replace("count(*)", "2 * count(*)");
        changed[2].1 = &text;
        let other = office.project(PIPELINE, &changed);
        let mut shown = Vec::new();
        for project in [&one, &other, &one] {
            let report = office.night(project, first).await.unwrap();
            assert!(matches!(report.outcome, Outcome::Published(_)));
            shown.push(office.latest("out"));
        }
        assert!(shown[0] == shown[2] && shown[0] != shown[1]);
        let report = office.night(&one, first).await.unwrap();
        let Outcome::AlreadyDone(commit) = report.outcome else {
            panic!("{:?}", report.outcome);
        };
        assert_eq!(commit.version, 3);
    });
}

#[test]
fn a_full_run_of_a_published_day_mends_what_is_stored() {
    on_threads(|| async {
        let office = Office::new(3);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        office.night(&project, first).await.unwrap();
        let folder = office.path("out/_kenko/state/account_use");
        let stored = files(&folder).remove(0);
        let right = fs::read(&stored).unwrap();
        fs::write(&stored, "not this").unwrap();
        let full = RunOptions {
            full: true,
            ..office.options(first, "out")
        };
        let report = kenko::run::run(&project, &full, &Silent).await.unwrap();
        // Its tables are those that are published, so there is nothing to publish.
        assert!(matches!(report.outcome, Outcome::AlreadyDone(_)));
        assert!(report.models.iter().all(|model| !model.is_reused));
        assert!(fs::read(&stored).unwrap() == right);
    });
}

#[test]
fn verification_names_a_result_that_comes_out_differently() {
    on_threads(|| async {
        let office = Office::new(3);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        office.night(&project, first).await.unwrap();
        let options = office.options(first, "out");
        let all = kenko::run::verify(&project, &options, usize::MAX, &Silent)
            .await
            .unwrap();
        assert_eq!((all.equal, all.stored), (all.stored, 2 * 3 + 1 + 3 + 1));
        let some = kenko::run::verify(&project, &options, 4, &Silent)
            .await
            .unwrap();
        assert_eq!(some.equal, 4);

        let of_day = |day: i32| {
            let folder = office
                .path("out/_kenko/state/int_account_day")
                .join(name(day));
            files(&folder).remove(0)
        };
        fs::copy(of_day(first - 1), of_day(first)).unwrap();
        let error = kenko::run::verify(&project, &options, usize::MAX, &Silent)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Bug);
        let shown = error.render();
        assert!(
            shown.contains("int_account_day") && shown.contains(&name(first)),
            "{shown}"
        );
    });
}

#[test]
fn an_extract_whose_rows_have_no_day_is_built_whole() {
    on_threads(|| async {
        let office = Office::new(2);
        // A text file has no statistics: nothing says which days it holds.
        fs::remove_dir_all(office.path("extracts/event")).unwrap();
        fs::write(
            office.path("extracts/event.csv"),
            "event_id,occurred_at,account_id,name\nE1,2026-03-09T10:00:00Z,A1,used\n",
        )
        .unwrap();
        let pipeline = PIPELINE.replace("extracts/event/", "extracts/event.csv");
        let project = office.project(&pipeline, &MODELS);
        let report = office.night(&project, number(FIRST)).await.unwrap();
        assert!(report.models.iter().all(|model| model.days_built.is_none()));
        let plan = office.plan(&project, number(FIRST)).await;
        assert_eq!(computed(&plan), []);
    });
}

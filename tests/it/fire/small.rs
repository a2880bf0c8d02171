//! A pipeline so small that a night takes a moment: three extracts, four
//! models of their own, three marts and a check, in place of all that ships.
//!
//! Its models have names of their own, so that the program can run it too, beside those
//! that ship. It has one of everything that a night does with its output: a mart that
//! reads the publication before, a model kept by day, a mart that reads what
//! the checks found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, RecordBatch, StringArray};
use kenko::config::contract;
use kenko::config::{Pipeline, TABLE_NAMES};
use kenko::error::Result;
use kenko::model::graph::Graph;
use kenko::model::parse_all;
use kenko::run::{Project, RunOptions, RunReport, Silent, run_on};
use kenko::storage::Storage;
use kenko::time::{epoch_days, parse_date};
use tempfile::TempDir;

use crate::support::company::files;
use crate::support::extract;

/// The day published before anything goes wrong.
pub(super) const FIRST: &str = "2026-06-29";
/// The day that is published under fire.
pub(super) const SECOND: &str = "2026-06-30";

const ACCOUNTS: usize = 9;
const DAYS: i32 = 12;
const DAY_MICROSECONDS: i64 = 86_400_000_000;

const PIPELINE: &str = "\
name: small
timezone: Asia/Tokyo
currency: JPY
output: out
sources:
  account: {path: extracts/account.parquet}
  subscription: {path: extracts/subscription.parquet}
  event: {path: extracts/event/}
";

const MODELS: [(&str, &str); 8] = [
    (
        "staging/stg_firm.sql",
        "-- One account.\n-- grain: account_id\n\
         select account_id, segment from raw_account\n",
    ),
    (
        "staging/stg_price.sql",
        "-- One contract.\n-- grain: subscription_id\n-- materialise: view\n\
         select subscription_id, account_id, mrr from raw_subscription\n",
    ),
    (
        "staging/stg_use.sql",
        "-- One event.\n-- grain: event_id\n-- materialise: view\n\
         select event_id, account_id, local_day(occurred_at) as day from raw_event\n",
    ),
    (
        "intermediate/int_firm_day.sql",
        "-- One account on one day.\n-- grain: account_id, day\n-- partition: day\n\
         select account_id, day, count(*) as events from stg_use group by account_id, day\n",
    ),
    (
        "marts/account_use.sql",
        "-- One account, its use until now and what was published of it before.\n\
         -- grain: account_id\n-- columns:\n\
         --   account_id | text | key | the account\n\
         --   active_days | integer | days | days with an event\n\
         --   events | integer | events | events\n\
         --   events_before | integer | events | events as published before\n\
         select stg_firm.account_id, count(int_firm_day.day) as active_days,\n\
         cast(coalesce(sum(int_firm_day.events), 0) as bigint) as events,\n\
         max(prior_account_use.events) as events_before\n\
         from stg_firm\n\
         left join int_firm_day on stg_firm.account_id = int_firm_day.account_id\n\
         left join prior_account_use on stg_firm.account_id = prior_account_use.account_id\n\
         group by stg_firm.account_id\n",
    ),
    (
        "marts/segment_money.sql",
        "-- Money by segment.\n-- grain: segment\n-- columns:\n\
         --   segment | text | key | segment\n\
         --   mrr | decimal(38,4) | JPY a month | recurring revenue\n\
         select stg_firm.segment, sum(cast(stg_price.mrr as decimal(38,4))) as mrr\n\
         from stg_price\n\
         inner join stg_firm on stg_price.account_id = stg_firm.account_id\n\
         group by stg_firm.segment\n",
    ),
    (
        "marts/finding.sql",
        "-- What a check found.\n-- grain: model, check_name\n-- columns:\n\
         --   model | text | key | the table\n\
         --   check_name | text | key | the check\n\
         --   rows_failed | integer | rows | wrong rows\n\
         select model, check_name, rows_failed from run_check\n",
    ),
    (
        "checks/every_event_has_an_account.sql",
        "-- Use of accounts that do not exist.\n-- severity: error\n-- checks: int_firm_day\n\
         select int_firm_day.account_id from int_firm_day\n\
         left anti join stg_firm on int_firm_day.account_id = stg_firm.account_id\n",
    ),
];

/// The company in a folder of its own.
pub(super) struct Small {
    folder: TempDir,
}

impl Small {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("small-").tempdir().unwrap();
        let small = Self { folder };
        extract::write(&small.extract("account.parquet"), &accounts());
        small.deliver(false);
        small
    }

    /// Where the pipeline lies.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn extract(&self, name: &str) -> PathBuf {
        self.folder.path().join("extracts").join(name)
    }

    /// Writes the extracts that change; `is_newer` ones hold another contract
    /// and events that came late.
    pub(super) fn deliver(&self, is_newer: bool) {
        extract::write(&self.extract("subscription.parquet"), &contracts(is_newer));
        let last = epoch_days(parse_date(SECOND).unwrap());
        for day in last - DAYS + 1..=last {
            let file = self.extract(&format!("event/{day}.parquet"));
            extract::write(&file, &events(day, is_newer));
        }
    }

    /// The same rows of events in `parts` files, last rows first.
    pub(super) fn deal_events_anew(&self, parts: usize) {
        let old = files(&self.extract("event"));
        let batches: Vec<RecordBatch> = old.iter().map(|file| extract::read(file)).collect();
        let schema = batches[0].schema();
        let all = arrow::compute::concat_batches(&schema, &batches).unwrap();
        for file in old {
            fs::remove_file(file).unwrap();
        }
        for part in 0..parts {
            let rows = extract::filtered(&all, |row| row * 7 % parts == part);
            let name = format!("event/{:03}.parquet", parts - part);
            extract::write(&self.extract(&name), &extract::reversed(&rows));
        }
    }

    pub(super) fn project(&self) -> Project {
        project(self.folder.path())
    }

    /// Writes the pipeline and its models to files, for the program; where they are.
    pub(super) fn in_files(&self) -> PathBuf {
        for (name, text) in MODELS {
            let file = self.folder.path().join("sql").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let file = self.folder.path().join("program.yaml");
        let marts = "marts: [account_use, segment_money, finding]";
        fs::write(&file, format!("{PIPELINE}sql: sql\n{marts}\n")).unwrap();
        file
    }
}

/// The project in a folder that [`Small`] has made.
pub(super) fn project(folder: &Path) -> Project {
    let file = folder.join("small.yaml").to_str().unwrap().to_owned();
    let pipeline = Pipeline::parse(&file, PIPELINE).unwrap();
    let tables = contract::shipped().unwrap();
    let known: BTreeSet<String> = (tables.keys().map(|table| format!("raw_{table}")))
        .chain(TABLE_NAMES.iter().map(|name| (*name).to_owned()))
        .collect();
    let graph = Graph::new(parse_all(MODELS).unwrap(), &known).unwrap();
    Project {
        file,
        pipeline,
        graph,
    }
}

/// One night of `project`, published to `storage`.
pub(super) async fn night(project: &Project, storage: Storage, day: &str) -> Result<RunReport> {
    night_on(project, storage, day, 2).await
}

/// One night on a number of threads.
pub(super) async fn night_on(
    project: &Project,
    storage: Storage,
    day: &str,
    threads: usize,
) -> Result<RunReport> {
    let options = RunOptions {
        as_of: Some(day.to_owned()),
        output: None,
        select: Vec::new(),
        threads,
        // All tests share one process, and with it what is resident.
        memory_bytes: 8 << 30,
        full: false,
    };
    run_on(storage, project, &options, &Silent).await
}

fn accounts() -> RecordBatch {
    let names = || (0..ACCOUNTS).map(|number| format!("A{number}"));
    let segments = (0..ACCOUNTS).map(|number| ["small", "large"][number % 2]);
    let columns: [(&str, ArrayRef); 2] = [
        (
            "account_id",
            Arc::new(StringArray::from_iter_values(names())),
        ),
        ("segment", Arc::new(StringArray::from_iter_values(segments))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn contracts(is_newer: bool) -> RecordBatch {
    let count = ACCOUNTS + usize::from(is_newer);
    let keys = (0..count).map(|number| format!("S{number}"));
    let accounts = (0..count).map(|number| format!("A{}", number % ACCOUNTS));
    let prices = (0..count).map(|number| i128::try_from(number + 1).unwrap() * 12_345_678);
    let prices = Decimal128Array::from_iter_values(prices);
    let prices = prices.with_precision_and_scale(18, 4).unwrap();
    let columns: [(&str, ArrayRef); 5] = [
        (
            "subscription_id",
            Arc::new(StringArray::from_iter_values(keys)),
        ),
        (
            "account_id",
            Arc::new(StringArray::from_iter_values(accounts)),
        ),
        ("mrr", Arc::new(prices)),
        (
            "started_on",
            Arc::new(Date32Array::from_iter_values(vec![20_000; count])),
        ),
        ("ended_on", Arc::new(Date32Array::from(vec![None; count]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn events(day: i32, is_newer: bool) -> RecordBatch {
    let count = 20 + usize::from(is_newer) * 3;
    let numbers = || (0..count).map(move |number| (number, i64::try_from(number).unwrap()));
    let keys = numbers().map(|(number, _)| format!("E{day}-{number}"));
    let accounts = numbers().map(|(number, _)| format!("A{}", number * 5 % (ACCOUNTS - 1)));
    let names = numbers().map(|_| "used");
    let instants = numbers().map(|(_, number)| {
        // The day in Tokyo begins nine hours before that of UTC.
        i64::from(day) * DAY_MICROSECONDS - 9 * 3_600_000_000 + number * 3_600_000_000
    });
    extract::events(keys, instants, accounts, names)
}

//! Whole nights: extracts in, published tables out. What must not change a
//! byte (rows from after the day, threads, the order of files and rows), what
//! one night hands to the next, and what stops a publication.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type};
use kenko::config::contract;
use kenko::model::Layer;
use kenko::report::Rows;
use kenko::storage::Storage;
use kenko::time::parse_date;

use crate::support::company::{Company, files};
use crate::support::{extract, publication};

/// A day weeks before the committed extracts end.
const DAY: &str = "2026-06-09";

/// The tables whose published bytes differ.
fn differing(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    names
        .into_iter()
        .filter(|name| left.get(*name) != right.get(*name))
        .cloned()
        .collect()
}

/// One test, because every run takes seconds: first night; the same night
/// again; the night on extracts made later, on one thread; the night on files
/// and rows in another order, on eight.
#[test]
fn only_what_was_known_on_the_day_decides_what_is_published() {
    let company = Company::committed();
    let night = company.run(DAY, "out", &[]).succeeded();
    assert!(
        night.stdout().contains("published version 1"),
        "{}",
        night.stdout()
    );
    let base = company.published("out");
    let models = kenko::model::shipped::shipped().unwrap();
    let marts = models.iter().filter(|model| model.layer == Layer::Mart);
    assert_eq!(
        base.len(),
        2 * marts.count(),
        "every mart, in latest/ and in history/"
    );

    let before = everything(&company.path("out"));
    let again = company.run(DAY, "out", &[]).succeeded();
    assert!(
        again.stdout().starts_with("already done"),
        "{}",
        again.stdout()
    );
    assert_eq!(
        before,
        everything(&company.path("out")),
        "the second run wrote something"
    );

    let later = Company::committed();
    plant_what_came_later(&later);
    later.run(DAY, "out", &["--threads", "1"]).succeeded();
    let differing_tables = differing(&base, &later.published("out"));
    assert!(
        differing_tables.is_empty(),
        "what came later shows in {differing_tables:?}"
    );

    let shuffled = Company::committed();
    shuffled.deal_anew(3);
    shuffled.run(DAY, "out", &["--threads", "8"]).succeeded();
    let differing_tables = differing(&base, &shuffled.published("out"));
    assert!(
        differing_tables.is_empty(),
        "order or threads show in {differing_tables:?}"
    );
}

/// Every file of an output with its bytes.
fn everything(output: &Path) -> BTreeMap<String, Vec<u8>> {
    let named = |path: &Path| {
        path.strip_prefix(output)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    files(output)
        .iter()
        .map(|path| (named(path), fs::read(path).unwrap()))
        .collect()
}

/// Brings every extract that knows time to a later state.
fn plant_what_came_later(company: &Company) {
    let day = kenko::time::epoch_days(parse_date(DAY).unwrap());
    let mut planted = Vec::new();
    for (table, contract) in contract::shipped().unwrap() {
        if contract.visible_from.is_none() {
            continue;
        }
        let file = company.path(&format!("testdata/{table}.parquet"));
        if table == "event" {
            // late in an old folder and in one of its own; the old folder's
            // rows are repeated by their keys
            let old = extract::read(&company.path("testdata/event/day=2026-05-20/part-0.parquet"));
            let rows = extract::rows_from_later(&old, &contract, day);
            for folder in ["day=2026-05-20", "day=2026-07-20"] {
                extract::write(
                    &company.path(&format!("testdata/event/{folder}/later.parquet")),
                    &rows,
                );
            }
        } else if file.exists() {
            let extract = extract::read(&file);
            let known = extract::known_later(&extract, &contract, day);
            let rows = extract::rows_from_later(&extract, &contract, day);
            let both = arrow::compute::concat_batches(&extract.schema(), [&rows, &known]).unwrap();
            extract::write(&file, &both);
        } else {
            continue;
        }
        planted.push(table);
    }
    let pipeline = company.path("pipelines/nightly.yaml");
    let pipeline = fs::read_to_string(pipeline).unwrap();
    let pipeline = kenko::config::Pipeline::parse("pipelines/nightly.yaml", &pipeline).unwrap();
    let timed = pipeline
        .sources
        .iter()
        .filter(|(_, spec)| spec.contract.visible_from.is_some());
    let timed: Vec<String> = timed.map(|(table, _)| table.clone()).collect();
    planted.sort();
    assert_eq!(planted, timed, "an extract of the pipeline was forgotten");
}

const FIRST: &str = "2026-06-28";
const SECOND: &str = "2026-06-29";
/// The day whose events arrive late.
const LATE: &str = "testdata/event/day=2026-06-11/part-0.parquet";
const CONTRACTS: &str = "testdata/subscription.parquet";

/// Night one, late rows, night two; beside it both nights on the final rows.
#[test]
fn late_rows_are_in_the_second_night_as_if_they_had_always_been() {
    let company = Company::small();
    let final_events = extract::read(&company.path(LATE));
    let final_contracts = extract::read(&company.path(CONTRACTS));
    let account = customer_since_spring(&company);
    let accounts = extract::texts(&final_events, "account_id");
    let early = extract::filtered(&final_events, |row| {
        accounts[row].as_ref() != Some(&account)
    });
    assert!(
        early.num_rows() < final_events.num_rows(),
        "{account} has no events to come late"
    );
    extract::write(&company.path(LATE), &early);
    extract::write(
        &company.path(CONTRACTS),
        &at_half_the_price(&final_contracts, &account),
    );
    company.run(FIRST, "late", &[]).succeeded();
    let first = company.published("late");
    let first_health = company.table("late", "account_health");
    let first_list = company.table("late", "risk_list");

    extract::write(&company.path(LATE), &final_events);
    extract::write(&company.path(CONTRACTS), &final_contracts);
    company.run(SECOND, "late", &[]).succeeded();
    company.run(FIRST, "fresh", &[]).succeeded();
    let fresh_first = company.table("fresh", "account_health");
    company.run(SECOND, "fresh", &[]).succeeded();

    for (name, bytes) in first
        .iter()
        .filter(|(name, _)| name.starts_with("history/"))
    {
        assert!(
            company.published("late")[name] == *bytes,
            "{name} is no longer what it was"
        );
    }
    assert_ne!(
        score(&first_health, &account),
        score(&fresh_first, &account),
        "what came late did not matter to {account}"
    );
    let differing = differing(&company.published("late"), &company.published("fresh"));
    let second: Vec<&String> = differing
        .iter()
        .filter(|name| name.starts_with("latest/"))
        .collect();
    assert_eq!(
        second,
        [
            "latest/account_health.parquet",
            "latest/health_change.parquet",
            "latest/kpi_overview.parquet",
            "latest/source_history.parquet",
            "latest/task.parquet",
            "latest/task_diff.parquet",
        ],
        "all else follows from the extracts"
    );
    health_carries_over(&company, &first_health);
    the_list_carries_over(&company, &first_list);
    what_changed_is_told(&company, &account);
}

/// A customer with events to come late, who paid before and whose newest
/// contract began since spring: its price counts now and did not 90 days ago,
/// so it moves the score.
fn customer_since_spring(company: &Company) -> String {
    let contracts = extract::read(&company.path(CONTRACTS));
    let accounts = extract::texts(&contracts, "account_id");
    let spring = kenko::time::epoch_days(parse_date("2026-04-15").unwrap());
    let started = contracts.column_by_name("started_on").unwrap();
    let started = started.as_primitive::<Date32Type>();
    let prices = contracts.column_by_name("mrr").unwrap();
    let prices = prices.as_primitive::<Decimal128Type>();
    let running = running(&contracts);
    let paying = |wanted: &dyn Fn(usize) -> bool| -> BTreeSet<&String> {
        let rows = (0..contracts.num_rows()).filter(|row| prices.value(*row) > 0 && wanted(*row));
        rows.filter_map(|row| accounts[row].as_ref()).collect()
    };
    let since = paying(&|row| running[row] && started.value(row) > spring);
    let before = paying(&|row| started.value(row) < spring - 60);
    let customers: BTreeSet<&String> = since.intersection(&before).copied().collect();
    let active = extract::texts(&extract::read(&company.path(LATE)), "account_id");
    let mut both = active
        .iter()
        .flatten()
        .filter(|account| customers.contains(account));
    both.next()
        .unwrap_or_else(|| panic!("none of {customers:?} is active"))
        .clone()
}

/// Which contracts have no end yet.
fn running(contracts: &RecordBatch) -> Vec<bool> {
    let ended = contracts.column_by_name("ended_on").unwrap();
    (0..contracts.num_rows())
        .map(|row| ended.is_null(row))
        .collect()
}

fn at_half_the_price(contracts: &RecordBatch, account: &str) -> RecordBatch {
    let accounts = extract::texts(contracts, "account_id").into_iter();
    let wrong = accounts.zip(running(contracts));
    let wrong = wrong.map(|(of, running)| running && of.as_deref() == Some(account));
    let prices = contracts.column_by_name("mrr").unwrap();
    let kind = prices.data_type().clone();
    let prices = prices.as_primitive::<Decimal128Type>().iter().zip(wrong);
    let prices = prices.map(|(price, wrong)| price.map(|p| if wrong { p / 2 } else { p }));
    let prices = prices.collect::<Decimal128Array>().with_data_type(kind);
    extract::replaced(contracts, "mrr", Arc::new(prices))
}

fn score(health: &Rows, account: &str) -> Option<f64> {
    health.only("account_id", &[account]).float(0, "score")
}

/// `score_previous` and `tier_since` of the second night come from what the
/// first one published; nothing else depends on it here.
fn health_carries_over(company: &Company, first: &Rows) {
    let late = company.table("late", "account_health");
    let fresh = company.table("fresh", "account_health");
    assert!(!late.is_empty());
    assert_eq!(late.len(), fresh.len());
    for row in 0..late.len() {
        let account = late.text(row, "account_id").unwrap();
        let before = first.only("account_id", &[account]);
        assert_eq!(
            late.float(row, "score_previous"),
            before.float(0, "score"),
            "{account}"
        );
        let stayed = late.text(row, "tier") == before.text(0, "tier");
        let since = if stayed { FIRST } else { SECOND };
        assert_eq!(
            late.day_text(row, "tier_since").unwrap(),
            since,
            "{account}"
        );
        for column in late.batch().schema().fields() {
            let is_of_the_past = column.name().ends_with("_previous");
            if !is_of_the_past && column.name() != "tier_since" {
                let values = [&late, &fresh].map(|rows| rows.shown(row, column.name()));
                assert_eq!(values[0], values[1], "{account}: {}", column.name());
            }
        }
    }
}

fn the_list_carries_over(company: &Company, first: &Rows) {
    let second = company.table("late", "risk_list");
    assert!(
        !second.is_empty(),
        "nobody is at risk: choose another company"
    );
    for row in 0..second.len() {
        let account = second.text(row, "account_id").unwrap();
        let stayed = !first.only("account_id", &[account]).is_empty();
        let since = if stayed { FIRST } else { SECOND };
        assert_eq!(
            second.day_text(row, "at_risk_since").unwrap(),
            since,
            "{account}"
        );
    }
}

fn what_changed_is_told(company: &Company, account: &str) {
    let told = company
        .kenko(&["explain", account, "--output", "late"])
        .succeeded();
    let before = "at the run before: health ";
    assert!(told.stdout().contains(before), "{}", told.stdout());
    let changes = company.table("late", "health_change");
    let causes = changes.only("account_id", &[account]);
    let since = format!("why the score moved since {FIRST}");
    assert_eq!(
        told.stdout().contains(&since),
        !causes.is_empty(),
        "{}",
        told.stdout()
    );
    assert!(!changes.is_empty());
}

/// A check of the user's own and a mart of the user's own that repeats its
/// grain: both stop the night, and what a good night published stays.
#[test]
fn a_failed_check_publishes_nothing_and_keeps_the_wrong_rows() {
    let company = Company::small();
    company.overlay_its_sql();
    fs::remove_dir_all(company.path("sql")).unwrap();
    company.write(
        "sql/checks/nobody_in_tokyo.sql",
        "-- Accounts, of which there must be none.\n-- severity: error\n\
         -- checks: stg_account\nselect account_id from stg_account\n",
    );
    company.write(
        "sql/marts/owner_load.sql",
        "-- One owner of accounts, wrongly once for each account.\n-- grain: owner_id\n\
         -- columns:\n--   owner_id | text | key | the owner\n\
         select owner_id from stg_account\n",
    );
    publish_an_earlier_day(&company);
    let before = company.published("out");
    assert!(!before.is_empty());

    let night = company.run("2026-06-30", "out", &[]);
    assert_eq!(night.code(), 3, "{}", night.messages());
    assert_eq!(night.stdout(), "");
    let failure = night.messages();
    assert!(
        failure.contains("nobody_in_tokyo on `stg_account`"),
        "{failure}"
    );
    assert!(failure.contains("grain on `owner_load`"), "{failure}");
    assert!(failure.contains("nothing was published"), "{failure}");
    assert!(
        differing(&before, &company.published("out")).is_empty(),
        "readers see a change"
    );
    assert_eq!(
        files(&company.path("out/_kenko/log")).len(),
        1,
        "the log has grown"
    );

    let kept = everything(&company.path("out/_kenko/runs"));
    let wrong = |name: &str| {
        let file = kept
            .iter()
            .find(|(path, _)| path.ends_with(&format!("/failed/{name}.parquet")));
        let (_, bytes) = file.unwrap_or_else(|| panic!("{name} is not in {:?}", kept.keys()));
        Rows::from_parquet(name, bytes.clone().into()).unwrap()
    };
    assert_eq!(wrong("nobody_in_tokyo").len(), 14);
    assert!(!wrong("owner_load").is_empty());
    assert!(
        kept.keys().any(|path| path.ends_with("/run.json")),
        "{:?}",
        kept.keys()
    );
}

/// What a good night of an earlier day left: one table is enough.
fn publish_an_earlier_day(company: &Company) {
    let storage = Storage::open(company.path("out").to_str().unwrap()).unwrap();
    let tables = [("survey_metric", "as it was")];
    let earlier = publication(
        &company.path("."),
        "20260101T000000000000Z-1",
        "k",
        "2026-06-29",
        &tables,
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(kenko::publish::publish(&storage, &earlier))
        .unwrap();
}

#[test]
fn a_mistake_in_a_model_is_shown_where_it_stands() {
    let company = Company::small();
    company.overlay_its_sql();
    let model = company.path("sql/staging/stg_account.sql");
    let text = fs::read_to_string(&model).unwrap();
    let wrong = text.replacen("lower(trim(domain))", "lower(trim(domian))", 1);
    let line = wrong
        .lines()
        .position(|line| line.contains("domian"))
        .unwrap()
        + 1;
    fs::write(&model, wrong).unwrap();
    for command in ["check", "run"] {
        let refused = company.kenko(&[command, "pipelines/nightly.yaml"]);
        assert_eq!(refused.code(), 2, "{command}: {}", refused.messages());
        let place = format!("sql/staging/stg_account.sql:{line}:");
        let failure = refused.messages();
        assert!(failure.contains(&place), "{command}: {failure}");
        assert!(failure.contains("hint: "), "{command}: {failure}");
        assert!(failure.contains("domain"), "{command}: {failure}");
    }
    assert!(
        !company.path("out/_kenko/log").exists(),
        "something was published"
    );
}

/// A company that keeps little still gets what follows from that little.
fn night_on(sources: &str) -> Company {
    let company = Company::small();
    let text = format!(
        "name: little\ntimezone: Asia/Tokyo\ncurrency: JPY\noutput: ../out\nsources:\n{sources}"
    );
    company.write("pipelines/nightly.yaml", &text);
    let night = company.run("2026-06-30", "out", &[]).succeeded();
    assert!(
        night.stdout().contains("published version 1"),
        "{}",
        night.stdout()
    );
    company
}

/// Marts without a row, and the extracts that `data_quality` calls missing.
fn missing(company: &Company) -> (Vec<String>, BTreeSet<String>) {
    let files = files(&company.path("out/latest")).into_iter();
    let names = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    let empty = names
        .filter(|name| company.table("out", name).is_empty())
        .collect();
    let quality = company
        .table("out", "data_quality")
        .only("check_name", &["declared"]);
    let undeclared = (0..quality.len())
        .filter(|row| {
            let message = quality.text(*row, "message").unwrap_or_default();
            message.starts_with("not declared")
        })
        .filter_map(|row| quality.text(row, "source_table").map(str::to_owned))
        .collect();
    (empty, undeclared)
}

#[test]
fn contracts_alone_give_revenue_and_no_behaviour() {
    let company = night_on(
        "  account: {path: ../testdata/account.parquet}\n  \
         subscription: {path: ../testdata/subscription.parquet}\n",
    );
    let (empty, undeclared) = missing(&company);
    assert_eq!(
        empty,
        [
            "account_voice",
            "advocate_list",
            "alert",
            "buying_group",
            "contact_profile",
            "content_effect",
            "disagreement",
            "expansion_list",
            "experience_factor",
            "experiment_readout",
            "fulfilment_gap",
            "funnel_account",
            "funnel_conversion",
            "funnel_trend",
            "health_backtest",
            "health_backtest_decile",
            "health_backtest_lead",
            "health_backtest_missed",
            "health_change",
            "health_sensitivity",
            "key_driver",
            "lifecycle",
            "lifecycle_month",
            "model_drift",
            "next_best_action",
            "nurture_list",
            "parent_health",
            "support_metric",
            "survey_coverage",
            "survey_metric",
            "survey_send_list",
            "touchpoint_attribution",
        ]
    );
    for table in ["contact", "event", "ticket", "survey_response", "invoice"] {
        assert!(
            undeclared.contains(table),
            "{table} is not in {undeclared:?}"
        );
    }
    let measures = company.table("out", "health_measure");
    let usage = measures.only("measure", &["usage"]);
    assert!(!usage.is_empty());
    for row in 0..usage.len() {
        assert_eq!(
            usage.float(row, "raw_value"),
            None,
            "{}",
            usage.shown(row, "account_id")
        );
    }
    assert!(!company.table("out", "revenue_movement").is_empty());
}

#[test]
fn events_alone_give_no_revenue() {
    let company = night_on(
        "  account: {path: ../testdata/account.parquet}\n  event: {path: ../testdata/event/}\n",
    );
    let (empty, undeclared) = missing(&company);
    for table in [
        "retention",
        "revenue_movement",
        "churn_risk",
        "risk_list",
        "support_metric",
    ] {
        assert!(
            empty.contains(&table.to_owned()),
            "{table} is not in {empty:?}"
        );
    }
    assert!(undeclared.contains("subscription"), "{undeclared:?}");
    assert!(!undeclared.contains("event"), "{undeclared:?}");
    assert!(!company.table("out", "data_quality").is_empty());
}

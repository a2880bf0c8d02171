//! The simulated company as it lies on disk: same bytes whatever the threads,
//! keys that are unique and found, the promised sizes, and the committed
//! `testdata/` being what its README says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Date32Type, Float64Type, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use bytes::Bytes;
use kenko::config::contract;
use kenko::error::ErrorKind;
use kenko::sample::{Company, Summary, WorldKind, write};
use kenko::storage::Storage;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn make(company: &Company, to: &Path, threads: usize) -> Summary {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let storage = Storage::open(to.to_str().unwrap()).unwrap();
    runtime
        .block_on(write(company, &storage, threads, &|_| {}))
        .unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn table(files: &BTreeMap<String, Vec<u8>>, name: &str) -> RecordBatch {
    let prefix = format!("{name}/");
    let mut batches = Vec::new();
    for (path, bytes) in files {
        if *path == format!("{name}.parquet") || path.starts_with(&prefix) {
            let bytes = Bytes::from(bytes.clone());
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
                .unwrap()
                .build()
                .unwrap();
            batches.extend(reader.map(Result::unwrap));
        }
    }
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    column
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

fn keys(batch: &RecordBatch, column: &str) -> BTreeSet<String> {
    texts(batch, column).into_iter().flatten().collect()
}

fn distinct(batch: &RecordBatch, columns: &[String]) -> usize {
    let key = |row| -> Vec<String> {
        let columns = columns
            .iter()
            .map(|name| batch.column_by_name(name).unwrap());
        columns
            .map(|column| array_value_to_string(column, row).unwrap())
            .collect()
    };
    (0..batch.num_rows())
        .map(key)
        .collect::<BTreeSet<_>>()
        .len()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_1_2_and_4_threads() {
    let company = Company::new(300, 31, 3).unwrap();
    let folders: Vec<_> = [1, 2, 4]
        .map(|threads| {
            let folder = tempfile::tempdir().unwrap();
            make(&company, folder.path(), threads);
            folder
        })
        .into();
    let first = files(folders[0].path());
    assert!(first.len() > 31);
    for folder in &folders[1..] {
        assert!(first == files(folder.path()));
    }
    let other = tempfile::tempdir().unwrap();
    make(&Company::new(300, 31, 4).unwrap(), other.path(), 2);
    assert!(first["account.parquet"] != files(other.path())["account.parquet"]);
}

#[test]
fn tables_keep_their_contracts_and_refer_to_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let company = Company::new(200, 90, 5).unwrap();
    make(&company, folder.path(), 2);
    let files = files(folder.path());
    for (name, contract) in contract::shipped().unwrap() {
        if !files.contains_key(&format!("{name}.parquet")) && name != "event" {
            continue;
        }
        let batch = table(&files, &name);
        assert!(batch.num_rows() > 0, "{name} is empty");
        for field in batch.schema().fields() {
            let column = contract.column(field.name()).unwrap();
            assert_eq!(
                *field.data_type(),
                column.kind.arrow_type(),
                "{name}.{}",
                field.name()
            );
        }
        for column in contract.columns.iter().filter(|column| column.required) {
            assert!(
                batch.column_by_name(&column.name).is_some(),
                "{name}.{}",
                column.name
            );
        }
        for key in &contract.key {
            assert_eq!(
                batch.column_by_name(key).unwrap().null_count(),
                0,
                "{name}.{key}"
            );
        }
        if name != "event" {
            let repeated = batch.num_rows() - distinct(&batch, &contract.key);
            assert_eq!(repeated, 0, "{name}: keys that repeat");
        }
        let own = ["account", "product"].contains(&&*name);
        for (column, target) in [
            ("account_id", "account"),
            ("contact_id", "contact"),
            ("opportunity_id", "opportunity"),
            ("invitation_id", "survey_invitation"),
            ("response_id", "survey_response"),
            ("ticket_id", "ticket"),
            ("product_id", "product"),
        ] {
            if own || batch.column_by_name(column).is_none() || name == target {
                continue;
            }
            let mut unknown = keys(&batch, column);
            unknown.retain(|key| !(name == "event" && key.starts_with("A9")));
            let known = keys(&table(&files, target), column);
            assert!(
                unknown.is_subset(&known),
                "{name}.{column} is not in {target}"
            );
        }
    }
}

#[test]
fn events_are_sorted_lie_on_their_day_and_are_dirty_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let mut company = Company::new(100, 60, 9).unwrap();
    company.events = Some(60_000);
    let summary = make(&company, folder.path(), 2);
    let rows = summary.tables["event"].rows;
    assert!(
        (54_000..66_000).contains(&rows),
        "{rows} events, not about 60,000"
    );
    let mut files = files(folder.path());
    let events = table(&files, "event");
    assert_eq!(u64::try_from(events.num_rows()).unwrap(), rows);
    let ids = texts(&events, "event_id");
    let at = events.column_by_name("occurred_at").unwrap();
    let at = at.as_primitive::<TimestampMicrosecondType>();
    let mut repeats = 0;
    for row in 1..events.num_rows() {
        assert!((at.value(row - 1), &ids[row - 1]) <= (at.value(row), &ids[row]));
        repeats += usize::from(ids[row - 1] == ids[row]);
    }
    assert!(repeats > 0);
    let unknown = texts(&events, "account_id").into_iter().flatten();
    let unknown = unknown.filter(|account| account.starts_with("A9")).count();
    let readme = String::from_utf8(files.remove("README.md").unwrap()).unwrap();
    assert!(
        readme.contains(&format!("| {repeats} | events delivered twice")),
        "{readme}"
    );
    assert!(readme.contains(&format!(
        "| {unknown} | events of an account that does not exist"
    )));
    assert!(readme.contains("--accounts 100 --days 60 --seed 9 --until 2026-06-30 --events 60000"));
    // One day of the zone, in UTC.
    files.retain(|path, _| path.contains("day=2026-05-15"));
    let day = table(&files, "event");
    let at = day.column_by_name("occurred_at").unwrap();
    let at = at.as_primitive::<TimestampMicrosecondType>();
    let start = 1_778_770_800_000_000; // 2026-05-15T00:00:00+09:00
    assert!(
        at.iter()
            .flatten()
            .all(|at| (start..start + 86_400_000_000).contains(&at))
    );
}

#[test]
fn the_truth_lies_beside_and_is_a_probability() {
    let folder = tempfile::tempdir().unwrap();
    let mut company = Company::new(150, 100, 2).unwrap();
    company.truth_every_days = Some(7);
    make(&company, folder.path(), 2);
    let files = files(folder.path());
    let truth = table(&files, "truth/account_day");
    let probability = truth.column_by_name("churn_probability_90d").unwrap();
    let probability = probability.as_primitive::<Float64Type>();
    assert_eq!(probability.null_count(), 0);
    assert!(probability.values().iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(probability.values().iter().any(|p| *p > 0.2 && *p < 0.9));
    let days = truth
        .column_by_name("day")
        .unwrap()
        .as_primitive::<Date32Type>();
    let last = 20_634; // 2026-06-30
    assert!(days.values().iter().all(|day| (last - day) % 7 == 0));
    let states = keys(&truth, "state");
    assert_eq!(
        states.into_iter().collect::<Vec<_>>(),
        ["drifting", "leaving", "steady", "thriving"]
    );
}

/// A company of another world with the truth of every day.
fn world(world: WorldKind) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut company = Company::new(120, 120, 4).unwrap();
    company.world = world;
    company.truth_every_days = Some(1);
    make(&company, folder.path(), 2);
    files(folder.path())
}

#[test]
fn where_the_extracts_show_the_state_open_tickets_tell_it() {
    let files = world(WorldKind::Observable);
    let readme = String::from_utf8(files["README.md"].clone()).unwrap();
    assert!(readme.contains("--truth-every 1 --world observable"));
    let tickets = table(&files, "ticket");
    let instants = |column: &str| {
        let column = tickets.column_by_name(column).unwrap();
        let column = column.as_primitive::<TimestampMicrosecondType>();
        column.iter().collect::<Vec<_>>()
    };
    let (opened, resolved) = (instants("opened_at"), instants("resolved_at"));
    let owners = texts(&tickets, "account_id");
    let truth = table(&files, "truth/account_day");
    let days = truth
        .column_by_name("day")
        .unwrap()
        .as_primitive::<Date32Type>();
    let states = texts(&truth, "state");
    let mut seen = BTreeSet::new();
    for (row, account) in texts(&truth, "account_id").into_iter().enumerate() {
        // The day in Tokyo ends nine hours before that of UTC.
        let end = i64::from(days.value(row) + 1) * 86_400_000_000 - 9 * 3_600_000_000;
        let is_open = |ticket: &usize| {
            owners[*ticket] == account
                && opened[*ticket].is_some_and(|at| at < end)
                && resolved[*ticket].is_none_or(|at| at >= end)
        };
        let open = (0..owners.len()).filter(is_open).count();
        let state = states[row].as_deref().unwrap();
        let wanted = match state {
            "drifting" => 1,
            "leaving" => 2,
            _ => 0,
        };
        assert_eq!(open, wanted, "{account:?} {state}");
        seen.insert(state.to_owned());
    }
    assert_eq!(seen.len(), 4);
}

#[test]
fn where_leaving_is_chance_nothing_announces_it() {
    let files = world(WorldKind::Chance);
    let truth = table(&files, "truth/account_day");
    let probability = truth.column_by_name("churn_probability_90d").unwrap();
    let probability = probability.as_primitive::<Float64Type>().values();
    assert!(
        probability
            .iter()
            .all(|p| (p - probability[0]).abs() < 1e-15)
    );
    let contracts = table(&files, "subscription");
    let days = |column: &str| {
        let column = contracts.column_by_name(column).unwrap();
        column
            .as_primitive::<Date32Type>()
            .iter()
            .collect::<Vec<_>>()
    };
    let (cancelled, ended) = (days("cancelled_on"), days("ended_on"));
    let products = texts(&contracts, "product_id");
    let mut gone = 0;
    for (row, cancelled) in cancelled.into_iter().enumerate() {
        if products[row].as_deref() == Some("core") && cancelled.is_some() {
            assert_eq!(cancelled, ended[row]);
            gone += 1;
        }
    }
    assert!(gone > 0);
}

#[test]
fn events_of_another_sample_are_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    make(&Company::new(3, 20, 1).unwrap(), folder.path(), 1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let storage = Storage::open(folder.path().to_str().unwrap()).unwrap();
    let shorter = Company::new(3, 10, 1).unwrap();
    let error = runtime
        .block_on(write(&shorter, &storage, 1, &|_| {}))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(
        error
            .to_string()
            .contains("event/day=2026-06-11/part-0.parquet"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("empty folder"));
    let none = Company::new(0, 10, 1).unwrap();
    let error = runtime
        .block_on(write(&none, &storage, 1, &|_| {}))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

/// `cargo run -- sample --accounts 60 --days 200 --seed 8 --to testdata` writes
/// the committed files again.
#[test]
fn the_committed_sample_is_what_its_readme_says() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let folder = tempfile::tempdir().unwrap();
    let company = Company::new(60, 200, 8).unwrap();
    make(&company, folder.path(), 2);
    let (fresh, committed) = (files(folder.path()), files(&committed));
    for (path, bytes) in &fresh {
        assert!(
            committed.get(path) == Some(bytes),
            "testdata/{path} is not up to date"
        );
    }
    let size: usize = fresh.values().map(Vec::len).sum();
    assert!(size < 2_500_000, "{size} bytes");
}

//! The as-of cut, what is hidden until its day, and that every row is accounted
//! for.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray,
};

use super::{Night, parquet, texts};

/// 2026-01-31, the as-of date of every night here.
const TODAY: i32 = 20_484;
/// 2026-02-01T00:00 in Tokyo, the first instant that is not known.
const MIDNIGHT: i64 = 1_769_871_600_000_000;
const HOUR: i64 = 3_600_000_000;

fn dates(values: Vec<Option<i32>>) -> ArrayRef {
    Arc::new(Date32Array::from(values))
}

fn instants(values: Vec<Option<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
}

fn events(ids: Vec<Option<&str>>, occurred: Vec<Option<i64>>) -> Vec<u8> {
    let names = vec!["login"; ids.len()];
    parquet(vec![
        ("event_id", Arc::new(StringArray::from(ids))),
        ("occurred_at", instants(occurred)),
        ("name", Arc::new(StringArray::from(names))),
    ])
}

#[tokio::test]
async fn the_day_ends_at_midnight_of_the_zone() {
    let night = Night::new().source("event", "event.parquet", "");
    let ids = vec![Some("last"), Some("first of tomorrow"), Some("year 9999")];
    let occurred = vec![
        Some(MIDNIGHT - 1),
        Some(MIDNIGHT),
        Some(253_402_300_799_000_000),
    ];
    night.write("event.parquet", events(ids, occurred));
    let read = night.read().await.unwrap();
    assert_eq!(read.rows("select event_id from raw_event").await, ["last"]);
    assert_eq!(read.counts("event"), [3, 1, 2, 0]);
}

#[tokio::test]
async fn rows_planted_after_the_day_change_nothing_that_is_said() {
    let of = |planted: bool| {
        let mut ids = vec![Some("1"), None, Some("3")];
        let mut occurred = vec![Some(MIDNIGHT - HOUR), Some(MIDNIGHT - HOUR), None];
        if planted {
            ids.extend([Some("4"), None, Some("")]);
            occurred.extend([Some(MIDNIGHT), Some(MIDNIGHT + HOUR), Some(MIDNIGHT + HOUR)]);
        }
        events(ids, occurred)
    };
    let mut said = Vec::new();
    for planted in [false, true] {
        let night = Night::new().source("event", "event.parquet", "");
        night.write("event.parquet", of(planted));
        let read = night.read().await.unwrap();
        assert_eq!(
            read.counts("event"),
            [
                if planted { 6 } else { 3 },
                1,
                if planted { 3 } else { 0 },
                2
            ]
        );
        said.push((
            read.rows("select * from raw_event").await,
            read.rows("select * from run_source order by source_table, check_name")
                .await,
        ));
    }
    assert_eq!(said[0], said[1]);
}

#[tokio::test]
async fn values_are_hidden_until_their_day_has_come() {
    let night = Night::new()
        .source("ticket", "ticket.parquet", "")
        .source("subscription", "subscription.parquet", "")
        .source("opportunity", "opportunity.csv", "");
    night.write(
        "ticket.parquet",
        parquet(vec![
            ("ticket_id", texts(["open", "done", "later"])),
            ("opened_at", instants(vec![Some(MIDNIGHT - 9 * HOUR); 3])),
            (
                "resolved_at",
                instants(vec![None, Some(MIDNIGHT - HOUR), Some(MIDNIGHT + HOUR)]),
            ),
            ("reopens", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ]),
    );
    let mrr = Decimal128Array::from(vec![10_000; 3])
        .with_precision_and_scale(18, 4)
        .unwrap();
    night.write(
        "subscription.parquet",
        parquet(vec![
            ("subscription_id", texts(["ended", "ends", "forever"])),
            ("account_id", texts(["a", "a", "a"])),
            ("mrr", Arc::new(mrr)),
            ("started_on", dates(vec![Some(TODAY - 100); 3])),
            (
                "ended_on",
                dates(vec![Some(TODAY), Some(TODAY + 1), Some(2_932_896)]),
            ),
        ]),
    );
    night.write(
        "opportunity.csv",
        "opportunity_id,account_id,created_on,close_on,is_won\n\
         closed,a,2026-01-01,2026-01-31,true\n\
         closing,a,2026-01-01,2026-02-01,false\n\
         nonsense later,a,2026-01-01,2026-02-01,perhaps\n\
         nonsense,a,2026-01-01,2026-01-31,perhaps\n",
    );
    let read = night.read().await.unwrap();
    let tickets = "select ticket_id, resolved_at is null, reopens from raw_ticket order by 1";
    assert_eq!(
        read.rows(tickets).await,
        ["done|false|2", "later|true|", "open|true|"]
    );
    let ends = "select subscription_id, ended_on from raw_subscription order by 1";
    assert_eq!(
        read.rows(ends).await,
        ["ended|2026-01-31", "ends|", "forever|"]
    );
    let won = "select opportunity_id, close_on, is_won from raw_opportunity order by 1";
    assert_eq!(
        read.rows(won).await,
        [
            "closed|2026-01-31|true",
            "closing|2026-02-01|",
            "nonsense later|2026-02-01|"
        ]
    );
    assert_eq!(read.counts("subscription"), [3, 3, 0, 0]);
    assert_eq!(read.counts("opportunity"), [4, 3, 0, 1]);
}

#[tokio::test]
async fn every_row_is_used_later_or_quarantined() {
    let night = Night::new().source("event", "event", "");
    let mut ids = Vec::new();
    let mut occurred = Vec::new();
    let names: Vec<String> = (0..10_000).map(|number| format!("e{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let number = i64::try_from(number).unwrap();
        ids.push((number % 7 != 0).then_some(name.as_str()));
        occurred.push(match number % 11 {
            0 => None,
            1 => Some(MIDNIGHT + number),
            2 => Some(-3_000_000_000_000_000),
            _ => Some(MIDNIGHT - 1 - number * HOUR / 100),
        });
    }
    for part in 0..4 {
        let range = part * 2_500..(part + 1) * 2_500;
        let file = events(ids[range.clone()].to_vec(), occurred[range].to_vec());
        night.write(&format!("event/{part}.parquet"), file);
    }
    let read = night.read().await.unwrap();
    let [rows, used, later, quarantined] = read.counts("event");
    assert_eq!(rows, 10_000);
    assert_eq!(rows, used + later + quarantined);
    let later_expected = (0..10_000).filter(|number| number % 11 == 1).count() as u64;
    assert_eq!(later, later_expected);
    let used_expected = (0..10_000).filter(|n| n % 11 > 2 && n % 7 != 0).count() as u64;
    assert_eq!(used, used_expected);
    let counted = read.rows("select count(*) from raw_event").await;
    assert_eq!(counted, [used.to_string()]);
    let by_rule: u64 = read.report.sources["event"]
        .quarantined_by_rule
        .values()
        .sum();
    assert_eq!(by_rule, quarantined);
}

#[tokio::test]
async fn dated_snapshots_end_with_the_day_too() {
    let night = Night::of_account("account.parquet");
    night.write(
        "account.parquet",
        parquet(vec![
            ("account_id", texts(["a", "a", "b", "c"])),
            (
                "created_on",
                dates(vec![
                    Some(TODAY - 10),
                    Some(TODAY - 10),
                    None,
                    Some(TODAY + 1),
                ]),
            ),
            (
                "snapshot_date",
                dates(vec![Some(TODAY), Some(TODAY + 1), Some(TODAY - 1), None]),
            ),
        ]),
    );
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select account_id, snapshot_date from raw_account order by 1")
        .await;
    assert_eq!(rows, ["a|2026-01-31", "b|2026-01-30"]);
    assert_eq!(read.counts("account"), [4, 2, 2, 0]);
    // Yesterday the newer snapshot of `a` was not there yet.
    let night = Night::of_account("account.csv").on("2026-01-30");
    night.write(
        "account.csv",
        "account_id,snapshot_date\na,2026-01-31\nb,2026-01-30\n",
    );
    let read = night.read().await.unwrap();
    assert_eq!(read.rows("select account_id from raw_account").await, ["b"]);
}

#[tokio::test]
async fn undeclared_tables_are_empty_and_said_to_be() {
    let night = Night::of_account("account.parquet");
    night.write("account.parquet", super::accounts());
    let read = night.read().await.unwrap();
    for (table, contract) in kenko::config::contract::shipped().unwrap() {
        let sql = format!("select * from raw_{table}");
        let (schema, batches) = read.collected(&sql).await.unwrap();
        assert_eq!(schema.fields(), contract.schema().fields(), "{table}");
        let rows: usize = batches
            .iter()
            .map(arrow::array::RecordBatch::num_rows)
            .sum();
        assert_eq!(rows, if table == "account" { 500 } else { 0 }, "{table}");
    }
    let declared = "select source_table, rows_checked, message from run_source \
                    where check_name = 'declared' and source_table in ('account', 'event') order by 1";
    assert_eq!(
        read.rows(declared).await,
        [
            "account|500|declared",
            "event|0|not declared: what depends on it is empty"
        ]
    );
    let twice = "select source_table, check_name from run_source group by 1, 2 having count(*) > 1";
    assert_eq!(read.rows(twice).await, Vec::<String>::new());
    assert_eq!(
        read.failing("account"),
        ["history=500/500", "missing_optional_columns=500/500"]
    );
}

/// A table of the pipeline's own may have any name.
#[tokio::test]
async fn names_of_own_tables_do_not_meet_those_of_the_work() {
    let own = "key: [id]\ncolumns:\n  id: {type: text, required: true}";
    let mut night = Night::new();
    for table in ["judged", "quarantined", "files_judged"] {
        night = night.source(table, &format!("{table}.csv"), own);
    }
    for table in ["judged", "quarantined", "files_judged"] {
        night.write(&format!("{table}.csv"), format!("id,more\n{table},x\n,y\n"));
    }
    let read = night.read().await.unwrap();
    for table in ["judged", "quarantined", "files_judged"] {
        assert_eq!(
            read.rows(&format!("select id from raw_{table}")).await,
            [table]
        );
        assert_eq!(read.counts(table), [2, 1, 0, 1]);
    }
}

#[test]
fn the_least_that_must_be_supplied_is_named() {
    let check = |tables: &[&str]| kenko::source::check_minimum(|table| tables.contains(&table));
    assert!(check(&["account", "event"]).is_ok());
    assert!(check(&["account", "subscription"]).is_ok());
    assert!(
        check(&["event"])
            .unwrap_err()
            .to_string()
            .contains("`account`")
    );
    let error = check(&["account", "ticket"]).unwrap_err();
    assert!(error.to_string().contains("`event` or `subscription`"));
}

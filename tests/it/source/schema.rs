//! Names and types of columns against the contract.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
    Int32Array, Int64Array, LargeStringArray, NullArray, StringArray, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::Int32Type;

use super::{Night, assert_refused, parquet, texts};

fn money(value: i128, precision: u8, scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(vec![value]);
    Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
}

fn date(days: i32) -> ArrayRef {
    Arc::new(Date32Array::from(vec![days]))
}

/// 2026-01-10.
const DAY: i32 = 20_463;

/// A sound subscription of one row, with one column replaced or, where there
/// is no value, left out.
fn subscription(name: &str, values: Option<ArrayRef>) -> Vec<u8> {
    let null_date: ArrayRef = Arc::new(Date32Array::from(vec![None]));
    let mut columns = vec![
        ("subscription_id", texts(["s"])),
        ("account_id", texts(["a"])),
        ("mrr", money(1_000_000, 18, 4)),
        ("started_on", date(DAY)),
        ("ended_on", null_date),
    ];
    columns.retain(|(column, _)| *column != name);
    if let Some(values) = values {
        columns.push((name, values));
    }
    parquet(columns)
}

async fn refused(name: &str, values: Option<ArrayRef>) -> kenko::error::Error {
    let night = Night::new().source("subscription", "subscription.parquet", "");
    night.write("subscription.parquet", subscription(name, values));
    night.refused().await
}

#[tokio::test]
async fn a_missing_column_is_named_with_what_was_probably_meant() {
    let error = refused("mrr", None).await;
    assert_refused(
        &error,
        "subscription.parquet",
        "column `mrr` (decimal) is missing",
    );

    let night = Night::new().source("subscription", "s.parquet", "");
    let columns = vec![
        ("subscription_id", texts(["s"])),
        ("account_id", texts(["a"])),
        ("mrr_usd", money(1, 18, 4)),
        ("started_on", date(DAY)),
        ("ended_on", date(DAY)),
    ];
    night.write("s.parquet", parquet(columns));
    assert_refused(
        &night.refused().await,
        "s.parquet",
        "did you mean `mrr_usd`?",
    );

    let night = Night::of_account("a.parquet");
    night.write("a.parquet", parquet(vec![("accountid", texts(["a"]))]));
    assert_refused(
        &night.refused().await,
        "a.parquet",
        "did you mean `accountid`?",
    );

    let night = Night::of_account("a.parquet");
    let columns = vec![("account_id", texts(["a"])), ("Segment", texts(["x"]))];
    night.write("a.parquet", parquet(columns));
    assert_refused(
        &night.refused().await,
        "a.parquet",
        "`segment` is written `Segment`",
    );
}

#[tokio::test]
async fn two_columns_of_one_name_are_refused() {
    let night = Night::of_account("a.parquet");
    let columns = vec![
        ("account_id", texts(["a"])),
        ("name", texts(["x"])),
        ("NAME", texts(["y"])),
    ];
    night.write("a.parquet", parquet(columns));
    assert_refused(&night.refused().await, "a.parquet", "differ by case only");

    let night = Night::of_account("a.parquet");
    let columns = vec![
        ("account_id", texts(["a"])),
        ("note", texts(["x"])),
        ("note", texts(["y"])),
    ];
    night.write("a.parquet", parquet(columns));
    assert_refused(
        &night.refused().await,
        "a.parquet",
        "two columns called `note`",
    );
}

#[tokio::test]
async fn types_that_would_lose_something_are_refused() {
    let naive: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]));
    let zoned: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC"));
    let cases: Vec<(&str, ArrayRef, &str)> = vec![
        (
            "account_id",
            Arc::new(Int64Array::from(vec![1])),
            "is int64, but text",
        ),
        (
            "mrr",
            Arc::new(Float64Array::from(vec![1.0])),
            "cannot hold every cent",
        ),
        ("mrr", money(1, 18, 6), "does not round money"),
        ("mrr", texts(["1.0"]), "is text, but decimal(18, 4)"),
        ("started_on", texts(["2026-01-01"]), "is text, but date"),
        ("started_on", zoned, "which day an instant falls on"),
        (
            "seats",
            Arc::new(Float64Array::from(vec![1.0])),
            "astype('Int64')",
        ),
        ("plan", Arc::new(NullArray::new(1)), "so no type"),
        (
            "is_trial",
            Arc::new(Int32Array::from(vec![1])),
            "is int32, but boolean",
        ),
        ("auto_renew", texts(["true"]), "is text, but boolean"),
    ];
    for (name, values, expected) in cases {
        let error = refused(name, Some(values)).await;
        assert_refused(&error, "subscription.parquet", expected);
        assert!(error.to_string().contains(&format!("column `{name}`")));
    }
    let night = Night::new().source("event", "event.parquet", "");
    let event = vec![
        ("event_id", texts(["e"])),
        ("name", texts(["login"])),
        ("occurred_at", naive),
    ];
    night.write("event.parquet", parquet(event));
    assert_refused(&night.refused().await, "event.parquet", "without a zone");
}

#[tokio::test]
async fn types_that_lose_nothing_are_read() {
    let dictionary: DictionaryArray<Int32Type> = vec!["pro"].into_iter().collect();
    let night = Night::new().source("subscription", "s.parquet", "");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ended_on", Arc::new(Date32Array::from(vec![None]))),
        (
            "subscription_id",
            Arc::new(LargeStringArray::from(vec!["s"])),
        ),
        ("account_id", Arc::new(StringViewArray::from(vec!["a"]))),
        ("plan", Arc::new(dictionary)),
        ("seats", Arc::new(UInt64Array::from(vec![5]))),
        ("mrr", money(12_345, 9, 2)),
        ("started_on", date(DAY)),
        ("is_trial", Arc::new(BooleanArray::from(vec![false]))),
        ("surprise", Arc::new(NullArray::new(1))),
    ];
    night.write("s.parquet", parquet(columns));
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select subscription_id, account_id, plan, seats, mrr, started_on, ended_on, is_trial from raw_subscription")
        .await;
    assert_eq!(rows, ["s|a|pro|5|123.4500|2026-01-10||false"]);
    let notes = &read.frozen.sources["subscription"].notes;
    assert!(notes[0].contains("`surprise`"), "{notes:?}");
    // The columns are those of the contract, in its order, whatever the file's.
    let (schema, _) = read
        .collected("select * from raw_subscription")
        .await
        .unwrap();
    let contract = kenko::config::contract::shipped().unwrap()["subscription"].schema();
    assert_eq!(schema.fields(), contract.fields());
}

#[tokio::test]
async fn instants_of_every_unit_are_the_same_instants() {
    // 2026-01-10T00:00:00Z
    let second = 1_768_003_200_i64;
    let units: [ArrayRef; 3] = [
        Arc::new(TimestampMillisecondArray::from(vec![second * 1_000]).with_timezone("UTC")),
        Arc::new(
            TimestampMicrosecondArray::from(vec![second * 1_000_000])
                .with_timezone("Europe/Berlin"),
        ),
        Arc::new(
            TimestampNanosecondArray::from(vec![second * 1_000_000_000]).with_timezone("+00:00"),
        ),
    ];
    let night = Night::new().source("event", "event", "");
    for (number, instants) in units.into_iter().enumerate() {
        let columns = vec![
            ("event_id", texts([&number.to_string()])),
            ("name", texts(["login"])),
            ("occurred_at", instants),
        ];
        night.write(&format!("event/{number}.parquet"), parquet(columns));
    }
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select distinct occurred_at from raw_event")
        .await;
    assert_eq!(rows, ["2026-01-10T00:00:00Z"]);
    assert_eq!(read.counts("event"), [3, 3, 0, 0]);
}

#[tokio::test]
async fn numbers_and_instants_that_do_not_fit_are_quarantined() {
    let night =
        Night::new()
            .source("subscription", "s.parquet", "")
            .source("event", "e.parquet", "");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("subscription_id", texts(["fits", "seats", "mrr"])),
        ("account_id", texts(["a", "a", "a"])),
        ("seats", Arc::new(UInt64Array::from(vec![5, u64::MAX, 5]))),
        ("mrr", Arc::new(Int64Array::from(vec![10, 10, i64::MAX]))),
        ("started_on", Arc::new(Date32Array::from(vec![DAY; 3]))),
        ("ended_on", Arc::new(Date32Array::from(vec![None; 3]))),
    ];
    night.write("s.parquet", parquet(columns));
    // Milliseconds that no number of microseconds can say; a time long ago.
    let instants = TimestampMillisecondArray::from(vec![1_768_003_200_000, i64::MIN / 10, 0]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("event_id", texts(["1", "2", "3"])),
        ("name", texts(["login", "login", "login"])),
        ("occurred_at", Arc::new(instants.with_timezone("UTC"))),
    ];
    night.write("e.parquet", parquet(columns));
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select subscription_id, seats, mrr from raw_subscription")
        .await;
    assert_eq!(rows, ["fits|5|10.0000"]);
    assert_eq!(read.counts("subscription"), [3, 1, 0, 2]);
    assert!(
        read.failing("subscription")
            .contains(&"quarantined_number_out_of_range=2/3".to_owned())
    );
    assert_eq!(
        read.rows("select event_id from raw_event order by 1").await,
        ["1", "3"]
    );
    assert_eq!(read.counts("event"), [3, 2, 0, 1]);
}

#[tokio::test]
async fn an_optional_column_that_only_some_files_have_reads_null_in_the_others() {
    let night = Night::of_account("account");
    let with = vec![("account_id", texts(["a"])), ("segment", texts(["x"]))];
    night.write("account/1.parquet", parquet(with));
    night.write(
        "account/2.parquet",
        parquet(vec![("account_id", texts(["b"]))]),
    );
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select account_id, segment from raw_account order by 1")
        .await;
    assert_eq!(rows, ["a|x", "b|"]);
    let missing = read.report.findings.iter().find(|finding| {
        finding.source_table == "account" && finding.check_name == "missing_optional_columns"
    });
    let message = &missing.unwrap().message;
    assert!(
        message.contains("`domain`") && !message.contains("`segment`"),
        "{message}"
    );
}

#[tokio::test]
async fn a_table_of_the_pipelines_own_is_held_to_its_own_contract() {
    let own = "key: [order_id]\nvisible_from: placed_on\ncolumns:\n  order_id: {type: text, required: true}\n  placed_on: {type: date}\n  weight: {type: float}";
    let night = Night::new().source("order", "order.parquet", own);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("order_id", texts(["1", "2", "3"])),
        (
            "placed_on",
            Arc::new(Date32Array::from(vec![Some(DAY), None, Some(DAY + 400)])),
        ),
        (
            "weight",
            Arc::new(Float64Array::from(vec![1.5, f64::NAN, 2.0])),
        ),
    ];
    night.write("order.parquet", parquet(columns));
    let read = night.read().await.unwrap();
    assert_eq!(
        read.rows("select order_id, weight from raw_order").await,
        ["1|1.5"]
    );
    assert_eq!(read.counts("order"), [3, 1, 1, 1]);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_error() {
    // Parquet readers check it; a file that lies about it must not give a figure.
    let bytes = parquet(vec![(
        "account_id",
        Arc::new(StringArray::from(vec!["aaaa", "bbbb"])) as ArrayRef,
    )]);
    let at = bytes
        .windows(4)
        .position(|window| window == b"bbbb")
        .unwrap();
    let mut bytes = bytes;
    bytes[at..at + 4].copy_from_slice(&[0xff, 0xfe, 0xff, 0xfe]);
    let night = Night::of_account("a.parquet");
    night.write("a.parquet", bytes);
    let error = match night.read().await {
        Err(error) => error,
        Ok(read) => read
            .collected("select account_id from raw_account")
            .await
            .unwrap_err(),
    };
    assert_eq!(
        error.kind(),
        kenko::error::ErrorKind::Data,
        "{}",
        error.render()
    );
}

//! The file that a query becomes: its bytes, types, order and what was seen while writing.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::prelude::{col, lit};
use kenko::engine::Materialise;
use kenko::error::ErrorKind;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Lab, batch, integers, register_accounts, sorted, statement, texts};

/// A query with strings, nulls, lists, decimals, dates, and joins.
const MIXED: &str = "
    select
        'account ' || (value % 1000) as account_id,
        cast('2026-01-01' as date) + cast(value % 31 as integer) as day,
        count(*) as events,
        sum(cast(value * 1.25 as decimal(38, 4))) as amount,
        [min(value % 7), max(value % 7)] as weekdays,
        max(case when value % 3 = 0 then arrow_cast(value, 'Utf8View') end) as largest
    from generate_series(0, 40000) as series (value)
    group by 1, 2";

#[tokio::test]
async fn the_same_rows_give_the_same_bytes_whatever_the_threads() {
    let mut hashes = Vec::new();
    for threads in [1, 2, 8] {
        let lab = Lab::with(threads, 1 << 30);
        let options = Materialise {
            sort_by: vec!["day".to_owned(), "account_id".to_owned()],
            append: vec![(
                Field::new("as_of", DataType::Date32, true),
                ScalarValue::Date32(Some(20_484)),
            )],
            metadata: BTreeMap::from([("kenko.model".to_owned(), "mixed".to_owned())]),
            ..Materialise::default()
        };
        let target = lab.path("mixed.parquet");
        let made = (lab.engine)
            .materialise(&statement(MIXED), &target, &options)
            .await
            .unwrap();
        assert_eq!(made.rows, 31_000);
        assert_eq!(made.bytes, std::fs::metadata(&target).unwrap().len());
        assert!(!lab.path("mixed.parquet.partial").exists());
        assert_eq!(made.grain.duplicates + made.grain.nulls, 0);
        hashes.push(made.sha256);
        lab.engine
            .register_local_parquet("mixed", &target, Arc::clone(&made.schema))
            .unwrap();
        assert_eq!(lab.count("select sum(events) from mixed").await, 40_001);
        assert_eq!(
            lab.count("select count(*) from mixed where weekdays[1] >= 0")
                .await,
            31_000
        );
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[tokio::test]
async fn files_are_plain_parquet() {
    let lab = Lab::new();
    let sql = "select 1 as a, 'x' as b, [1] as c, cast(1 as decimal(38, 4)) as d,
        cast('2026-01-31T00:00:00Z' as timestamp) as e, true as f, 0.5 as g, $as_of as h,
        arrow_cast('y', 'Dictionary(Int32, Utf8)') as i";
    let made = lab.materialise(sql, "plain.parquet", &["a"]).await;
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let types = [
        DataType::Int64,
        DataType::Utf8,
        DataType::new_list(DataType::Int64, true),
        DataType::Decimal128(38, 4),
        timestamp,
        DataType::Boolean,
        DataType::Float64,
        DataType::Date32,
        DataType::Utf8,
    ];
    for (field, expected) in made.schema.fields().iter().zip(types) {
        assert_eq!(field.data_type(), &expected, "{}", field.name());
        assert!(field.is_nullable());
    }
    let file = std::fs::File::open(lab.path("plain.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().file_metadata();
    assert_eq!(metadata.created_by(), Some("kenko version 1"));
    assert_eq!(metadata.key_value_metadata(), None);
    let mut text = Vec::new();
    parquet::schema::printer::print_schema(&mut text, metadata.schema());
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "message arrow_schema {
  OPTIONAL INT64 a;
  OPTIONAL BYTE_ARRAY b (STRING);
  OPTIONAL group c (LIST) {
    REPEATED group list {
      OPTIONAL INT64 element;
    }
  }
  OPTIONAL FIXED_LEN_BYTE_ARRAY (16) d (DECIMAL(38,4));
  OPTIONAL INT64 e (TIMESTAMP(MICROS,true));
  OPTIONAL BOOLEAN f;
  OPTIONAL DOUBLE g;
  OPTIONAL INT32 h (DATE);
  OPTIONAL BYTE_ARRAY i (STRING);
}
"
    );
}

#[tokio::test]
async fn an_empty_result_is_a_file_with_columns() {
    let lab = Lab::new();
    register_accounts(&lab);
    let made = lab
        .materialise(
            "select * from stg_account where false",
            "empty.parquet",
            &["account_id"],
        )
        .await;
    assert_eq!(made.rows, 0);
    lab.engine
        .register_local_parquet("empty", &lab.path("empty.parquet"), made.schema)
        .unwrap();
    assert_eq!(lab.count("select count(seats) from empty").await, 0);
}

#[tokio::test]
async fn rows_come_in_the_order_of_the_grain_nulls_last() {
    let lab = Lab::new();
    register_accounts(&lab);
    let made = lab
        .materialise("select * from stg_account", "t.parquet", &["account_id"])
        .await;
    assert_eq!(made.grain.nulls, 1);
    assert_eq!(made.grain.example.as_deref(), Some("account_id = null"));
    let file = std::fs::File::open(lab.path("t.parquet")).unwrap();
    let reader = ParquetRecordBatchReader::try_new(file, 10).unwrap();
    let rows: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let ids = rows[0].column(0).as_string::<i32>();
    assert_eq!(
        ids.iter().collect::<Vec<_>>(),
        [Some("a1"), Some("a2"), None]
    );
}

#[tokio::test]
async fn wrong_columns_are_named() {
    let lab = Lab::new();
    let target = lab.path("t.parquet");
    for (sql, message) in [
        (
            "select null as a",
            "column `a` has the type Null, which tables do not have",
        ),
        (
            "select 1 as b",
            "`model` has no column `a`, which its grain names",
        ),
        ("select 1 as a, 1 as as_of", "column `as_of` is there twice"),
    ] {
        let options = Materialise {
            append: vec![(
                Field::new("as_of", DataType::Date32, true),
                ScalarValue::Date32(Some(0)),
            )],
            ..sorted(&["a"])
        };
        let error = (lab.engine)
            .materialise(&statement(sql), &target, &options)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert_eq!(error.to_string(), message);
        assert!(error.location().is_some());
    }
    assert!(!target.exists());
}

#[tokio::test]
async fn violations_are_counted_while_writing_and_by_query_alike() {
    let lab = Lab::new();
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![
        Some(1.0),
        Some(f64::NAN),
        Some(f64::NEG_INFINITY),
        None,
        Some(f64::MAX),
    ]));
    let rows = batch(vec![
        (
            "id",
            texts(&[Some("b"), Some("a"), Some("b"), None, Some("b")]),
        ),
        ("day", integers(&[1, 1, 1, 1, 2])),
        ("score", floats),
    ]);
    lab.engine
        .register_batches("t", rows.schema(), vec![rows])
        .unwrap();
    let made = lab
        .materialise("select * from t", "t.parquet", &["id", "day"])
        .await;
    let grain = ["id".to_owned(), "day".to_owned()];
    let asked = lab.engine.grain_violations("t", &grain).await.unwrap();
    assert_eq!((asked.nulls, asked.duplicates), (1, 1));
    assert_eq!(asked.example.as_deref(), Some("id = b, day = 1"));
    assert_eq!(made.grain.nulls, asked.nulls);
    assert_eq!(made.grain.duplicates, asked.duplicates);
    assert_eq!(made.non_finite, [("score".to_owned(), 2)]);
    assert_eq!(lab.engine.non_finite("t").await.unwrap(), made.non_finite);
    assert_eq!(
        lab.engine
            .count_where("t", col("day").eq(lit(1_i64)))
            .await
            .unwrap(),
        4
    );
}

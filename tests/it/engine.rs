//! The engine from outside: what it refuses, where its errors point, what it
//! reads of a frozen list of files, and that the same rows give the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::{col, lit};
use kenko::engine::session::{self, Session};
use kenko::engine::{
    DataFile, Engine, FileFormat, FileTable, Materialise, Materialised, Settings, Statement,
};
use kenko::error::{Error, ErrorKind};
use kenko::time::{Zone, epoch_days, parse_date};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};

/// A folder and an engine that spills into it.
struct Lab {
    folder: tempfile::TempDir,
    session: Session,
    engine: Engine,
}

impl Lab {
    fn new() -> Self {
        Self::with(2, 1 << 30)
    }

    fn with(threads: usize, memory_bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let day = |text| parse_date(text).unwrap();
        let settings = Settings {
            threads,
            memory_bytes,
            scratch: folder.path().to_owned(),
            days: zone.days(day("2025-01-01"), day("2026-12-31")).unwrap(),
            zone,
        };
        let session = session::open(&settings).unwrap();
        Self {
            engine: Engine::over(session.clone()),
            session,
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn count(&self, sql: &str) -> i64 {
        let (_, batches) = self.engine.collect(&statement(sql)).await.unwrap();
        batches[0].column(0).as_primitive::<Int64Type>().value(0)
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        let (_, batches) = self.engine.collect(&statement(sql)).await.unwrap();
        let text = arrow::util::pretty::pretty_format_batches(&batches).unwrap();
        let lines = text.to_string();
        let rows = lines.lines().filter(|line| line.starts_with("| ")).skip(1);
        rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    async fn materialise(&self, sql: &str, name: &str, key: &[&str]) -> Materialised {
        let options = sorted(key);
        let target = self.path(name);
        self.engine
            .materialise(&statement(sql), &target, &options)
            .await
            .unwrap()
    }

    async fn file(&self, name: &str) -> DataFile {
        let path = object_store::path::Path::from(name);
        DataFile::new(self.store().head(&path).await.unwrap())
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(LocalFileSystem::new_with_prefix(self.folder.path()).unwrap())
    }

    fn table(&self, schema: &SchemaRef, files: Vec<DataFile>, format: FileFormat) -> FileTable {
        FileTable {
            store: self.store(),
            store_url: "file://".to_owned(),
            files,
            format,
            schema: Arc::clone(schema),
            partition_columns: Vec::new(),
        }
    }
}

fn statement(sql: &str) -> Statement<'_> {
    Statement {
        name: "model",
        file: "sql/marts/model.sql",
        sql,
        as_of: epoch_days(parse_date("2026-01-31").unwrap()),
    }
}

fn sorted(key: &[&str]) -> Materialise {
    Materialise {
        sort_by: key.iter().map(|name| (*name).to_owned()).collect(),
        ..Materialise::default()
    }
}

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields = fields.iter();
    let fields = fields.map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn integers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn register_accounts(lab: &Lab) {
    let rows = batch(vec![
        ("account_id", texts(&[Some("a1"), Some("a2"), None])),
        ("seats", integers(&[1, 2, 3])),
    ]);
    lab.engine
        .register_batches("stg_account", rows.schema(), vec![rows])
        .unwrap();
}

async fn error_of(sql: &str) -> Error {
    let lab = Lab::new();
    register_accounts(&lab);
    lab.engine.schema_of(&statement(sql)).await.unwrap_err()
}

async fn check_error(sql: &str, expected: &str) {
    let error = error_of(sql).await;
    assert_eq!(error.kind(), ErrorKind::Usage, "{}", error.render());
    assert_eq!(error.render(), expected);
}

#[tokio::test]
async fn errors_of_sql_point_at_line_and_column() {
    check_error(
        "select\n    account_id,\n    seat\nfrom stg_account",
        "error: sql/marts/model.sql:3:5: column 'seat' not found\n\n\
         hint: possible column stg_account.seats",
    )
    .await;
    check_error(
        "select 1 from\n  stg_acount",
        "error: sql/marts/model.sql:2:3: table 'stg_acount' not found",
    )
    .await;
    check_error(
        "select\n  coalesc(seats, 1) from stg_account",
        "error: sql/marts/model.sql:2:3: Invalid function 'coalesc'\n\n\
         hint: did you mean `coalesce`?",
    )
    .await;
    check_error(
        "select account_id\nfrom stg_account\nwhere )",
        "error: sql/marts/model.sql:3:7: syntax error: Expected: an expression, found: )",
    )
    .await;
    check_error(
        "select account_id, count(*)\nfrom stg_account",
        "error: sql/marts/model.sql:1:8: 'stg_account.account_id' must appear in GROUP BY clause \
         because it's not an aggregate expression\n\n\
         hint: Either add 'stg_account.account_id' to GROUP BY clause, or use an aggregate \
         function like ANY_VALUE(stg_account.account_id)",
    )
    .await;
    check_error(
        "select $today",
        "error: sql/marts/model.sql: No value found for placeholder with name $today\n\n\
         hint: `$as_of` is the only parameter; thresholds come from cfg_ tables",
    )
    .await;
}

#[tokio::test]
async fn what_is_not_one_query_is_refused() {
    for sql in [
        "copy stg_account to '/tmp/x.parquet'",
        "create external table t stored as csv location '/etc/passwd'",
        "create table t as select 1",
        "create view t as select 1",
        "insert into stg_account values ('a', 1)",
        "drop table stg_account",
        "set datafusion.execution.batch_size = 1",
        "explain copy stg_account to '/tmp/x.parquet'",
        "select 1; select 2",
        "show tables",
        "begin",
        "",
    ] {
        let error = error_of(sql).await;
        assert_eq!(error.kind(), ErrorKind::Usage, "{sql}");
        let place = error
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(place.starts_with("sql/marts/model.sql"), "{sql}: {place}");
    }
}

#[tokio::test]
async fn functions_that_answer_differently_each_time_do_not_exist() {
    for name in [
        "now()",
        "current_date",
        "current_timestamp",
        "random()",
        "uuid()",
    ] {
        let error = error_of(&format!("select {name}")).await;
        assert_eq!(error.kind(), ErrorKind::Usage, "{name}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("$as_of")),
            "{}",
            error.render()
        );
    }
}

#[tokio::test]
async fn explain_and_parameters_work() {
    let lab = Lab::new();
    register_accounts(&lab);
    let (schema, batches) = lab
        .engine
        .collect(&statement("explain select * from stg_account"))
        .await
        .unwrap();
    assert_eq!(schema.fields().len(), 2);
    assert!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 0);
    assert_eq!(
        lab.rows("select $as_of as d, $as_of - interval '31 days' as e")
            .await,
        ["| 2026-01-31 | 2025-12-31 |"]
    );
}

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
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 10).unwrap();
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

#[tokio::test]
async fn missing_columns_read_null_and_narrow_ones_are_widened() {
    let lab = Lab::new();
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![7]));
    write_parquet(&lab.path("old.parquet"), &batch(vec![("seats", narrow)]));
    let wide = batch(vec![
        ("account_id", texts(&[Some("a")])),
        ("seats", integers(&[9])),
    ]);
    write_parquet(&lab.path("new.parquet"), &wide);
    let wanted = schema(&[
        ("account_id", DataType::Utf8),
        ("seats", DataType::Int64),
        ("region", DataType::Utf8),
    ]);
    let files = vec![lab.file("old.parquet").await, lab.file("new.parquet").await];
    let table = lab.table(&wanted, files, FileFormat::Parquet);
    lab.engine.register_files("raw_account", table).unwrap();
    assert_eq!(
        lab.rows("select account_id, seats, region from raw_account order by seats")
            .await,
        ["| | 7 | |", "| a | 9 | |"]
    );
    assert_eq!(
        lab.rows("select count(*), max(seats), min(seats), count(region) from raw_account")
            .await,
        ["| 2 | 9 | 7 | 0 |"]
    );
    assert_eq!(
        lab.count("select count(*) from raw_account where seats > 8 and region is null")
            .await,
        1
    );
}

#[tokio::test]
async fn a_list_of_files_is_frozen() {
    let lab = Lab::new();
    let rows = |value| batch(vec![("value", integers(&[value]))]);
    write_parquet(&lab.path("1.parquet"), &rows(1));
    let wanted = rows(0).schema();
    let files = vec![lab.file("1.parquet").await];
    let table = lab.table(&wanted, files, FileFormat::Parquet);
    lab.engine.register_files("raw", table).unwrap();
    write_parquet(&lab.path("2.parquet"), &rows(2));
    assert_eq!(lab.count("select count(*) from raw").await, 1);

    write_parquet(
        &lab.path("1.parquet"),
        &batch(vec![("value", integers(&[5, 6, 7]))]),
    );
    let error = lab
        .engine
        .collect(&statement("select value from raw"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.render());
    std::fs::remove_file(lab.path("1.parquet")).unwrap();
    let error = lab
        .engine
        .collect(&statement("select value from raw"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.render());
}

#[tokio::test]
async fn files_of_other_partitions_are_not_opened() {
    let lab = Lab::new();
    write_parquet(
        &lab.path("a.parquet"),
        &batch(vec![("value", integers(&[1, 2]))]),
    );
    std::fs::write(lab.path("b.parquet"), "not Parquet at all").unwrap();
    let mut files = vec![lab.file("a.parquet").await, lab.file("b.parquet").await];
    files[0].partition_values = vec![ScalarValue::Date32(Some(10))];
    files[1].partition_values = vec![ScalarValue::Date32(Some(11))];
    let wanted = schema(&[("value", DataType::Int64)]);
    let mut table = lab.table(&wanted, files, FileFormat::Parquet);
    table.partition_columns = vec![Field::new("snapshot_date", DataType::Date32, true)];
    lab.engine.register_files("raw", table).unwrap();
    let old = "where snapshot_date <= cast('1970-01-11' as date)";
    assert_eq!(
        lab.rows(&format!("select value, snapshot_date from raw {old}"))
            .await,
        ["| 1 | 1970-01-11 |", "| 2 | 1970-01-11 |"]
    );
    let error = lab
        .engine
        .collect(&statement("select * from raw"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data, "{}", error.render());
    assert!(
        error.render().contains("file:///b.parquet"),
        "{}",
        error.render()
    );
}

#[tokio::test]
async fn columns_of_text_files_are_found_by_name() {
    let lab = Lab::new();
    std::fs::write(lab.path("1.csv"), "id,extra,seats\na,x,1\n\"b\nc\",y,\n").unwrap();
    std::fs::write(lab.path("2.csv"), "seats,id\n3,d\n").unwrap();
    std::fs::write(
        lab.path("1.jsonl"),
        "{\"seats\": 4, \"id\": \"e\"}\n{\"id\": \"f\"}\n",
    )
    .unwrap();
    let wanted = schema(&[
        ("region", DataType::Utf8),
        ("id", DataType::Utf8),
        ("seats", DataType::Int64),
    ]);
    let mut files = vec![lab.file("1.csv").await, lab.file("2.csv").await];
    files[0].header = ["id", "extra", "seats"].map(str::to_owned).to_vec();
    files[1].header = ["seats", "id"].map(str::to_owned).to_vec();
    let table = lab.table(&wanted, files, FileFormat::Csv { delimiter: b',' });
    lab.engine.register_files("csv", table).unwrap();
    let json = lab.table(
        &wanted,
        vec![lab.file("1.jsonl").await],
        FileFormat::JsonLines,
    );
    lab.engine.register_files("json", json).unwrap();
    assert_eq!(
        lab.rows("select replace(id, chr(10), '/'), seats, region from csv order by id")
            .await,
        ["| a | 1 | |", "| b/c | | |", "| d | 3 | |"]
    );
    assert_eq!(lab.count("select count(*) from csv").await, 3);
    assert_eq!(
        lab.rows("select region, id, seats from json order by id")
            .await,
        ["| | e | 4 |", "| | f | |"]
    );
}

#[tokio::test]
async fn a_view_keeps_the_table_it_was_made_of() {
    let lab = Lab::new();
    register_accounts(&lab);
    let columns = vec![col("account_id").alias("id"), col("seats") * lit(2_i64)];
    lab.engine
        .define_view(
            "v",
            "stg_account",
            columns,
            Some(col("seats").gt(lit(1_i64))),
        )
        .await
        .unwrap();
    let replaced = batch(vec![("account_id", texts(&[])), ("seats", integers(&[]))]);
    lab.engine
        .register_batches("stg_account", replaced.schema(), vec![replaced])
        .unwrap();
    assert_eq!(lab.count("select count(*) from v").await, 2);

    let model = Statement {
        name: "m",
        ..statement("select $as_of as day, id from v")
    };
    lab.engine.define_model_view(&model).await.unwrap();
    assert_eq!(
        lab.count("select count(*) from m where day = $as_of").await,
        2
    );
}

#[tokio::test]
async fn too_little_memory_says_so() {
    let lab = Lab::with(2, 4 << 20);
    let sql = "select a.value from generate_series(1, 3000000) as a (value)
        join generate_series(1, 3000000) as b (value) on a.value = b.value";
    let target = lab.path("t.parquet");
    let error = (lab.engine)
        .materialise(&statement(sql), &target, &sorted(&["value"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Resources, "{}", error.render());
    assert!(
        error
            .hint()
            .unwrap()
            .contains("needs more memory: raise `--memory`")
    );
    assert!(!target.exists());
    assert!(!lab.path("t.parquet.partial").exists());
}

#[tokio::test]
async fn a_join_that_does_not_fit_into_memory_is_sorted_on_disk() {
    let sql = "select a.value, b.other
        from (select value, 'left ' || value as text from generate_series(1, 400000) as s (value)) as a
        join (select value, 'right ' || value as other from generate_series(1, 400000) as s (value))
            as b on a.value = b.value";
    let mut hashes = Vec::new();
    for memory_bytes in [48 << 20, 1 << 30] {
        let lab = Lab::with(2, memory_bytes);
        let made = lab.materialise(sql, "t.parquet", &["value"]).await;
        assert_eq!(made.rows, 400_000);
        hashes.push(made.sha256);
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn what_does_not_fit_into_memory_spills() {
    let lab = Lab::with(2, 100 << 20);
    let made = lab
        .materialise(
            "select value, 'some text that takes memory ' || value as text
             from generate_series(1, 200000) as s (value)",
            "t.parquet",
            &["text"],
        )
        .await;
    assert_eq!(made.rows, 200_000);
}

#[tokio::test]
async fn a_panic_is_a_bug_that_names_the_model() {
    let lab = Lab::new();
    register_accounts(&lab);
    let explode =
        |_: &[ColumnarValue]| -> datafusion::error::Result<ColumnarValue> { panic!("exploded") };
    lab.session.register_udf(create_udf(
        "explode",
        vec![DataType::Int64],
        DataType::Int64,
        Volatility::Immutable,
        Arc::new(explode),
    ));
    let target = lab.path("t.parquet");
    let error = (lab.engine)
        .materialise(
            &statement("select account_id, explode(sum(seats)) as x from stg_account group by 1"),
            &target,
            &sorted(&["account_id"]),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bug, "{}", error.render());
    assert!(error.to_string().contains("`model`"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_says_so() {
    let lab = Lab::new();
    let target = lab.path("t.parquet");
    std::os::unix::fs::symlink("/dev/full", lab.path("t.parquet.partial")).unwrap();
    let error = (lab.engine)
        .materialise(&statement("select 1 as a"), &target, &sorted(&["a"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Resources, "{}", error.render());
    assert!(!target.exists());
}

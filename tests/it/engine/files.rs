//! Tables over frozen lists of files.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use kenko::engine::{DataFile, FileFormat, FileTable};
use kenko::error::ErrorKind;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{Lab, batch, integers, schema, statement, texts, write_parquet};
use crate::support::s3::S3Server;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_files_is_frozen_in_an_object_store_too() {
    let lab = Lab::new();
    let server = S3Server::start().await;
    let store: Arc<dyn ObjectStore> = Arc::new(server.client());
    let path = object_store::path::Path::from("in/1.parquet");
    let put = async |values: &[i64]| {
        write_parquet(&lab.path("t"), &batch(vec![("value", integers(values))]));
        let bytes = std::fs::read(lab.path("t")).unwrap();
        store.put(&path, bytes.into()).await.unwrap();
    };
    put(&[1, 2]).await;
    let table = FileTable {
        store: Arc::clone(&store),
        store_url: "s3://bucket".to_owned(),
        files: vec![DataFile::new(store.head(&path).await.unwrap())],
        format: FileFormat::Parquet,
        schema: schema(&[("value", DataType::Int64)]),
        partition_columns: Vec::new(),
    };
    lab.engine.register_files("raw", table).unwrap();
    assert_eq!(lab.count("select sum(value) from raw").await, 3);
    put(&[3, 4]).await;
    let changed = lab
        .engine
        .collect(&statement("select value from raw"))
        .await;
    let error = changed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.render());
    assert!(
        error.to_string().contains("changed during the run"),
        "{}",
        error.render()
    );
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
async fn a_column_of_texts_from_a_file_and_from_the_query_is_text() {
    let lab = Lab::new();
    let rows = batch(vec![
        ("account_id", texts(&[Some("a"), Some("b")])),
        ("seats", integers(&[1, 2])),
    ]);
    write_parquet(&lab.path("1.parquet"), &rows);
    let files = vec![lab.file("1.parquet").await];
    let table = lab.table(&rows.schema(), files, FileFormat::Parquet);
    lab.engine.register_files("raw", table).unwrap();
    let sql = "select case when seats > 1 then 'many' else account_id end as label from raw
        union all select 'other' union all select upper(account_id) from raw";
    let made = lab.materialise(sql, "t.parquet", &["label"]).await;
    assert_eq!(made.schema.field(0).data_type(), &DataType::Utf8);
    let (schema, batches) = lab.engine.collect(&statement(sql)).await.unwrap();
    assert_eq!(schema.field(0).data_type(), &DataType::Utf8);
    assert!(
        batches
            .iter()
            .all(|batch| batch.schema().field(0).data_type() == &DataType::Utf8)
    );
}

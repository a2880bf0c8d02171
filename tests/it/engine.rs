//! The engine from outside: what it refuses, where its errors point, what it
//! reads of a frozen list of files, and that the same rows give the same bytes.

mod files;
mod resources;
mod statement;
mod written;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use kenko::engine::session::{self, Session};
use kenko::engine::{
    DataFile, Engine, FileFormat, FileTable, Materialise, Materialised, Settings, Statement,
};
use kenko::time::{Zone, epoch_days, parse_date};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;

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

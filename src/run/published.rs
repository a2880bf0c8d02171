//! A query over the published tables, as `kenko query` runs it.
//!
//! Reads the commit that `latest/` shows, each table checked by its hash.
//! Nothing can be changed from here: the engine runs one SELECT only.

use std::fs::File;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::inputs;
use super::night::{engine_for, scratch_folder};
use crate::engine::Statement;
use crate::error::{Error, ErrorKind, Result};
use crate::publish;
use crate::storage::Storage;
use crate::time::{AsOf, Zone};

/// How much of the machine a query may use.
#[derive(Clone, Copy, Debug)]
pub struct QueryOptions {
    /// Threads to use.
    pub threads: usize,
    /// Memory to stay within, in bytes.
    pub memory_bytes: u64,
}

/// Runs `sql` over the tables published in `storage`; `$as_of` is their day.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] for SQL that cannot run, or when nothing
/// is published.
pub async fn query_published(
    storage: &Storage,
    sql: &str,
    options: &QueryOptions,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let commit = publish::published(storage).await?;
    let as_of = AsOf::parse(&commit.as_of, &Zone::parse("UTC")?)?;
    let scratch = scratch_folder()?;
    let engine = engine_for(
        &as_of,
        options.threads,
        options.memory_bytes,
        scratch.path(),
    )?;
    // SQL folds names to lower case
    let text = sql.to_lowercase();
    for table in commit
        .tables
        .iter()
        .filter(|table| text.contains(&table.name))
    {
        let bytes = publish::read_table(storage, &commit, &table.name).await?;
        let file = scratch.path().join(format!("{}.parquet", table.name));
        inputs::write(&file, &bytes).await?;
        let opened = File::open(&file).map_err(|cause| {
            Error::bug(format!("cannot read back {}", file.display())).with_source(cause)
        })?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|cause| {
            Error::data(format!("published table `{}` cannot be read", table.name))
                .with_source(cause)
        })?;
        let schema = Arc::clone(reader.schema());
        engine.register_local_parquet(&table.name, &file, schema)?;
    }
    let statement = Statement {
        name: "query",
        file: "query",
        sql,
        as_of: as_of.epoch_days(),
    };
    let collected = engine.collect(&statement).await;
    collected.map_err(|error| match (error.kind(), error.hint()) {
        (ErrorKind::Usage, None) => error.with_hint(
            "write one SELECT over published tables: `kenko tables` shows them and their columns",
        ),
        _ => error,
    })
}

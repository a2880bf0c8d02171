//! `past_<mart>`: a mart as of past days, each computed with nothing later
//! visible.
//!
//! A backtest computes them; every night after it reads them as one more input,
//! until the next backtest. One small file says which stored results they are,
//! and is replaced at once, so that a night sees all of one backtest or all of
//! another. What the results are good for is SQL's to say.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::inputs::{self, is_read};
use super::project::Project;
use crate::engine::{DataFile, Engine, FileFormat, FileTable};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::storage::{Digest, Storage};

/// A mart as it was on past days.
pub(crate) const PAST_PREFIX: &str = "past_";
/// Says which stored results they are.
const FILE: &str = "_kenko/past.json";

/// The marts as of past days, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    tables: BTreeMap<String, PastTable>,
}

/// One mart as of several days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PastTable {
    /// Hash of the columns it had then.
    columns: String,
    /// Stored results: path below the output, and bytes.
    files: BTreeMap<String, u64>,
}

impl Past {
    /// What the newest backtest found, as far as `project` reads it. A mart
    /// whose columns have changed since is as if there had been none.
    ///
    /// # Errors
    /// The storage's own; [`crate::error::ErrorKind::Data`] when what says it is
    /// damaged.
    pub(crate) async fn read(storage: &Storage, project: &Project) -> Result<Self> {
        if read_marts(project).next().is_none() {
            return Ok(Self::default());
        }
        let mut past = Self::stored(storage).await?;
        past.tables.retain(|name, table| {
            let mart = read_marts(project).find(|mart| mart.name == *name);
            mart.is_some_and(|mart| columns(&inputs::prior_schema(mart)) == table.columns)
        });
        Ok(past)
    }

    async fn stored(storage: &Storage) -> Result<Self> {
        let Some(bytes) = storage.get(FILE).await? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes).map_err(|cause| {
            Error::data(format!("{} is damaged", storage.place(FILE)))
                .with_source(cause)
                .with_hint("remove it and run `kenko backtest` again")
        })
    }

    /// Adds the result of `mart` as of one day.
    pub(super) fn add(&mut self, mart: &Model, path: String, bytes: u64) {
        let table = self.tables.entry(mart.name.clone()).or_default();
        table.columns = columns(&inputs::prior_schema(mart));
        table.files.insert(path, bytes);
    }

    /// Makes it what nights read from now on.
    ///
    /// # Errors
    /// The storage's own.
    pub(super) async fn write(&self, storage: &Storage) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|cause| Error::bug("past days cannot be written").with_source(cause))?;
        storage.put(FILE, Bytes::from(text)).await?;
        Ok(())
    }

    /// What the rows of `past_<mart>` follow from.
    pub(crate) fn fingerprint(&self, mart: &str) -> String {
        let table = self.tables.get(mart);
        let files = table.into_iter().flat_map(|table| table.files.keys());
        let paths: Vec<&str> = files.map(String::as_str).collect();
        Digest::of(paths.join("\n").as_bytes()).sha256
    }

    /// What all of them follow from.
    pub(crate) fn fingerprints(&self) -> String {
        let names = self.tables.keys();
        let lines = names.map(|name| format!("{name} {}", self.fingerprint(name)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The stored results, by path below the output.
    fn paths(&self) -> impl Iterator<Item = &String> {
        self.tables.values().flat_map(|table| table.files.keys())
    }

    /// Registers `past_<mart>` for every mart that a model reads so; without rows
    /// where there was no backtest.
    ///
    /// # Errors
    /// As the engine.
    pub(super) fn register(
        &self,
        engine: &Engine,
        project: &Project,
        storage: &Storage,
    ) -> Result<()> {
        for mart in read_marts(project) {
            let name = format!("{PAST_PREFIX}{}", mart.name);
            let schema = inputs::prior_schema(mart);
            let Some(table) = self.tables.get(&mart.name) else {
                let empty = RecordBatch::new_empty(Arc::clone(&schema));
                engine.register_batches(&name, schema, vec![empty])?;
                continue;
            };
            let mut files = Vec::new();
            for (path, bytes) in &table.files {
                files.push(DataFile::new(ObjectMeta {
                    location: storage.path(path)?,
                    last_modified: std::time::UNIX_EPOCH.into(),
                    size: *bytes,
                    e_tag: None,
                    version: None,
                }));
            }
            engine.register_files(
                &name,
                FileTable {
                    store: Arc::clone(storage.object_store()),
                    store_url: storage.store_url().to_owned(),
                    files,
                    format: FileFormat::Parquet,
                    schema,
                    partition_columns: Vec::new(),
                },
            )?;
        }
        Ok(())
    }
}

/// The stored results that nights read as past days, by path below the output.
///
/// # Errors
/// The storage's own; [`crate::error::ErrorKind::Data`] when what says so is damaged.
pub(crate) async fn kept(storage: &Storage) -> Result<Vec<String>> {
    let past = Past::stored(storage).await?;
    Ok(past.paths().cloned().collect())
}

/// The marts whose past days some model reads.
fn read_marts(project: &Project) -> impl Iterator<Item = &Model> {
    project
        .marts()
        .filter(move |mart| is_read(project, &format!("{PAST_PREFIX}{}", mart.name)))
}

fn columns(schema: &SchemaRef) -> String {
    let fields = schema.fields().iter();
    let lines = fields.map(|field| format!("{} {:?}", field.name(), field.data_type()));
    Digest::of(lines.collect::<Vec<_>>().join("\n").as_bytes()).sha256
}

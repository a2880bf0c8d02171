//! The store of results that can be used again: `_kenko/state/` of the output.
//!
//! A file is named by its model, for models built by day also by the day, and
//! by its key; it is written once and never changed, so a file that is there is
//! the result. Only results that passed the checks of their header are kept.
//! Which of them are still reached is not known here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::inputs;
use super::key::Key;
use crate::engine::{DataFile, Engine, FileFormat, FileTable};
use crate::error::{Error, Result};
use crate::storage::{Digest, Storage};
use crate::time::{EpochDays, date_of};

/// Folder below the output.
pub(crate) const FOLDER: &str = "_kenko/state";

/// What is in the store.
#[derive(Debug)]
pub(crate) struct State {
    storage: Storage,
    /// By path below the output.
    found: BTreeMap<String, ObjectMeta>,
    compared: Mutex<Compared>,
}

/// Results that were computed although they are stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compared {
    /// How many have the stored bytes.
    pub(crate) equal: usize,
    /// Those that have others, by path below the output.
    pub(crate) different: Vec<String>,
}

impl State {
    /// Looks at what is stored.
    ///
    /// # Errors
    /// The storage's own.
    pub(crate) async fn open(storage: &Storage) -> Result<Self> {
        let listed = storage.list(FOLDER).await?;
        let found = listed.into_iter();
        let found = found.map(|meta| (storage.relative(&meta.location), untagged(meta)));
        Ok(Self {
            storage: storage.clone(),
            found: found.collect(),
            compared: Mutex::default(),
        })
    }

    /// A store in which nothing is found: everything is computed.
    pub(crate) fn ignored(storage: &Storage) -> Self {
        Self {
            storage: storage.clone(),
            found: BTreeMap::new(),
            compared: Mutex::default(),
        }
    }

    /// The stored result of `model`, or of one day of it.
    pub(crate) fn find(
        &self,
        model: &str,
        day: Option<EpochDays>,
        key: &Key,
    ) -> Result<Option<&ObjectMeta>> {
        Ok(self.found.get(&path(model, day, &key.hash)?))
    }

    /// Keeps a result; it is found from [`State::add`] on. One that is stored
    /// already is compared and stays as it is.
    ///
    /// # Errors
    /// The storage's own.
    pub(crate) async fn keep(
        &self,
        model: &str,
        day: Option<EpochDays>,
        key: &Key,
        file: &Path,
    ) -> Result<ObjectMeta> {
        let path = path(model, day, &key.hash)?;
        if let Some(meta) = self.found.get(&path) {
            self.compare(&path, file).await?;
            return Ok(meta.clone());
        }
        let stored = self.storage.put_file(&path, file).await?;
        Ok(ObjectMeta {
            location: self.storage.path(&path)?,
            // Unknown without asking; the size says whether it is the file.
            last_modified: std::time::UNIX_EPOCH.into(),
            size: stored.digest.bytes,
            e_tag: None,
            version: None,
        })
    }

    async fn compare(&self, path: &str, file: &Path) -> Result<()> {
        let computed = tokio::fs::read(file).await.map_err(|cause| {
            Error::bug(format!("cannot read back {}", file.display())).with_source(cause)
        })?;
        let is_equal = self.storage.digest(path).await? == Some(Digest::of(&computed));
        if let Ok(mut compared) = self.compared.lock() {
            if is_equal {
                compared.equal += 1;
            } else {
                compared.different.push(path.to_owned());
            }
        }
        Ok(())
    }

    /// What became of results that were computed although they are stored.
    pub(crate) fn compared(&self) -> Compared {
        let compared = self.compared.lock();
        compared
            .map(|compared| compared.clone())
            .unwrap_or_default()
    }

    /// Copies a stored result to local disk and says what it is.
    ///
    /// # Errors
    /// The storage's own; [`crate::error::ErrorKind::Data`] when it is damaged,
    /// [`crate::error::ErrorKind::Unavailable`] when it was removed since it was found.
    pub(crate) async fn fetch(&self, stored: &ObjectMeta, file: &Path) -> Result<Fetched> {
        let path = self.storage.relative(&stored.location);
        let gone = || {
            Error::unavailable(format!("{} is gone", self.storage.place(&path)))
                .with_hint("run again: what was removed meanwhile is computed anew")
        };
        let damaged = || {
            Error::data(format!("{} is damaged", self.storage.place(&path)))
                .with_hint("run with `--full`, which computes everything anew")
        };
        let bytes = self.storage.get(&path).await?.ok_or_else(gone)?;
        let reader = SerializedFileReader::new(bytes.clone());
        let reader = reader.map_err(|cause| damaged().with_source(cause))?;
        let rows = reader.metadata().file_metadata().num_rows();
        inputs::write(file, &bytes).await?;
        Ok(Fetched {
            rows: u64::try_from(rows).map_err(|cause| damaged().with_source(cause))?,
            sha256: Digest::of(&bytes).sha256,
        })
    }

    /// Binds a stored result to `name`.
    ///
    /// # Errors
    /// As the engine.
    pub(crate) fn register(
        &self,
        engine: &Engine,
        name: &str,
        stored: &ObjectMeta,
        schema: SchemaRef,
    ) -> Result<()> {
        engine.register_files(
            name,
            self.table(schema, vec![DataFile::new(stored.clone())]),
        )
    }

    /// A table over stored files.
    pub(crate) fn table(&self, schema: SchemaRef, files: Vec<DataFile>) -> FileTable {
        FileTable {
            store: Arc::clone(self.storage.object_store()),
            store_url: self.storage.store_url().to_owned(),
            files,
            format: FileFormat::Parquet,
            schema,
            partition_columns: Vec::new(),
        }
    }

    /// The table of stored files that hold one value of `column` each. It comes with
    /// the file's name, so that files of other values need not be opened.
    pub(crate) fn parts(
        &self,
        schema: &SchemaRef,
        column: &str,
        stored: &[(EpochDays, ObjectMeta)],
    ) -> FileTable {
        let fields = schema
            .fields()
            .iter()
            .filter(|field| field.name() != column);
        let files = stored.iter().map(|(day, meta)| DataFile {
            partition_values: vec![ScalarValue::Date32(Some(*day))],
            ..DataFile::new(meta.clone())
        });
        let schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
        let mut table = self.table(schema, files.collect());
        table.partition_columns = vec![Field::new(column, DataType::Date32, true)];
        table
    }

    /// Makes kept results known.
    pub(crate) fn add(&mut self, kept: impl IntoIterator<Item = ObjectMeta>) {
        for meta in kept {
            let path = self.storage.relative(&meta.location);
            self.found.insert(path, meta);
        }
    }
}

/// A stored file is known by its name and size. Two runs side by side may both
/// write it, with the same bytes: the tag changes then, the result does not.
fn untagged(meta: ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        e_tag: None,
        version: None,
        ..meta
    }
}

/// A result that was copied to local disk.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) rows: u64,
    pub(crate) sha256: String,
}

/// Path of a result below the output.
pub(crate) fn path(model: &str, day: Option<EpochDays>, hash: &str) -> Result<String> {
    Ok(match day {
        None => format!("{FOLDER}/{model}/{hash}.parquet"),
        Some(day) => format!("{FOLDER}/{model}/{}/{hash}.parquet", date_of(day)?),
    })
}

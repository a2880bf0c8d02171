//! Writes rows into one Parquet file, so that the same rows always give the same
//! bytes, and says what it saw on the way.
//!
//! Everything the bytes depend on is fixed here: batches are cut anew, the
//! writer's properties are constants, and no library version is written. The
//! file appears under its name only when it is complete; it is scratch, so the
//! disk is not asked to keep it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use super::audit::Audit;
use super::columns;

/// What wrote the file. Readers look for "name version"; it is constant so
/// that a new release of kenko does not change the bytes of old rows.
const CREATED_BY: &str = "kenko version 1";

/// Rows of a row group: enough for good compression, few enough that readers
/// can work on several at once and that writing needs little memory.
const ROW_GROUP_ROWS: usize = 1 << 18;

/// Rows handed to the writer at once. Pages end at batch boundaries, so batches
/// are cut anew: DataFusion's depend on the number of threads.
const BATCH_ROWS: usize = 1 << 13;

const BUFFER_BYTES: usize = 1 << 20;

/// A file that has been written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) audit: Audit,
}

/// Why writing stopped.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file could not be written.
    Io(io::Error),
    /// The rows could not be encoded.
    Parquet(parquet::errors::ParquetError),
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

impl From<arrow::error::ArrowError> for Failure {
    fn from(cause: arrow::error::ArrowError) -> Self {
        Self::Parquet(cause.into())
    }
}

impl From<parquet::errors::ParquetError> for Failure {
    fn from(cause: parquet::errors::ParquetError) -> Self {
        match cause {
            parquet::errors::ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(cause) => Self::Io(*cause),
                Err(cause) => Self::Parquet(parquet::errors::ParquetError::External(cause)),
            },
            other => Self::Parquet(other),
        }
    }
}

/// A file in the making. Dropping it before [`PartialFile::finish`] removes it.
pub(super) struct PartialFile {
    partial: Partial,
    target: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<HashingFile>,
    batches: BatchCoalescer,
    audit: Audit,
    rows: u64,
    progress: Option<Arc<AtomicU64>>,
}

impl PartialFile {
    /// Begins `target`; rows must come in the order of `key`.
    pub(super) fn create(
        target: &Path,
        schema: &SchemaRef,
        key: &[String],
        metadata: &BTreeMap<String, String>,
        is_small: bool,
        progress: Option<Arc<AtomicU64>>,
    ) -> Result<Self, Failure> {
        let mut partial = target.as_os_str().to_owned();
        partial.push(".partial");
        let partial = Partial(PathBuf::from(partial));
        let file = HashingFile::create(&partial.0)?;
        let options = ArrowWriterOptions::new()
            .with_properties(properties(schema, metadata, is_small)?)
            // Readers other than Arrow's cannot use it, and Arrow's need not.
            .with_skip_arrow_metadata(true);
        Ok(Self {
            partial,
            target: target.to_owned(),
            schema: Arc::clone(schema),
            writer: ArrowWriter::try_new_with_options(file, Arc::clone(schema), options)?,
            batches: BatchCoalescer::new(Arc::clone(schema), BATCH_ROWS),
            audit: Audit::new(schema, key),
            rows: 0,
            progress,
        })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let batch = columns::of_schema(batch, &self.schema)?;
        self.batches.push_batch(batch)?;
        self.write_completed()
    }

    fn write_completed(&mut self) -> Result<(), Failure> {
        while let Some(batch) = self.batches.next_completed_batch() {
            self.audit.see(&batch)?;
            self.writer.write(&batch)?;
            self.rows += batch.num_rows() as u64;
            if let Some(progress) = &self.progress {
                progress.store(self.rows, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Completes the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<Written, Failure> {
        self.batches.finish_buffered_batch()?;
        self.write_completed()?;
        let (bytes, sha256) = self.writer.into_inner()?.finish()?;
        fs::rename(&self.partial.0, &self.target)?;
        Ok(Written {
            rows: self.rows,
            bytes,
            sha256,
            audit: self.audit,
        })
    }
}

/// Removes what is left of an unfinished file.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // After success it is gone, after a failure the scratch folder is swept anyway.
        let _ = fs::remove_file(&self.0);
    }
}

/// Of a small file the pages are not indexed, and they are packed in a way that
/// needs no preparation to unpack.
fn properties(
    schema: &Schema,
    metadata: &BTreeMap<String, String>,
    is_small: bool,
) -> Result<WriterProperties, parquet::errors::ParquetError> {
    let metadata: Vec<KeyValue> = metadata
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect();
    let mut properties = WriterProperties::builder();
    if is_small {
        // Numbers and instants seldom repeat enough to pay for looking each one up.
        let texts = schema.fields().iter().filter(|field| is_text(field));
        properties = properties.set_dictionary_enabled(false);
        properties = texts.fold(properties, |properties, field| {
            properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), true)
        });
    }
    Ok(properties
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(if is_small {
            Compression::LZ4_RAW
        } else {
            Compression::ZSTD(ZstdLevel::try_new(3)?)
        })
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(if is_small {
            EnabledStatistics::Chunk
        } else {
            EnabledStatistics::Page
        })
        // List items are called `element`, as the format's specification asks.
        .set_coerce_types(true)
        .set_key_value_metadata((!metadata.is_empty()).then_some(metadata))
        .build())
}

fn is_text(field: &Field) -> bool {
    *field.data_type() == DataType::Utf8
}

/// A file that is hashed while it is written.
struct HashingFile {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl HashingFile {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?),
            sha256: Sha256::new(),
            bytes: 0,
        })
    }

    fn finish(mut self) -> io::Result<(u64, String)> {
        self.file.flush()?;
        Ok((self.bytes, format!("{:x}", self.sha256.finalize())))
    }
}

impl Write for HashingFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.file.write(data)?;
        self.sha256.update(&data[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

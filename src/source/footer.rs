//! Preflight of a Parquet file: its footer is checked before anything trusts it.
//!
//! Files come from outside and a torn or crafted footer makes a reader panic,
//! hang or answer wrongly (an empty file reads as no rows at all). What passes
//! here has consistent counts, and every byte range it names lies inside the
//! file. Pages are not read: damage inside one shows when the run reads it,
//! or by its checksum where the writer kept one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use sha2::{Digest, Sha256};

use super::fault;
use super::listing::Listed;
use super::outline::{self, Outline};
use super::sniff;
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED_MAGIC: &[u8] = b"PARE";
/// Magic, footer length and magic again.
const SIZE_MIN: u64 = 12;
/// Length and magic at the end of the file.
const TAIL_BYTES: u64 = 8;
/// Read from the end at once: most footers fit.
const TAIL_GUESS_BYTES: u64 = 64 * 1024;
const FOOTER_BYTES_MAX: u64 = 16 * 1024 * 1024;
const COLUMNS_MAX: u64 = 10_000;
/// The ordinal of a row group is a 16-bit number.
const ROW_GROUPS_MAX: u64 = 32_767;
const CHUNK_BYTES_MAX: i64 = 2 * 1024 * 1024 * 1024;
/// The best real compression is far below; a row bomb is far above.
const ROWS_PER_BYTE_MAX: u64 = 10_000;

/// A footer that passed.
#[derive(Debug)]
pub(super) struct Footer {
    /// Columns as the reader will see them.
    pub(super) schema: SchemaRef,
    pub(super) metadata: ParquetMetaData,
    /// SHA-256 of the footer.
    pub(super) digest: [u8; 32],
}

/// Reads and checks the footer of `file`.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] that names the file and what is wrong
/// with it; the storage's own errors.
pub(super) async fn read(store: &dyn ObjectStore, file: &Listed) -> Result<Footer> {
    let size = file.meta.size;
    let head_end = size.min(sniff::HEAD_BYTES);
    let tail_start = size.saturating_sub(TAIL_GUESS_BYTES);
    let ranges = [0..head_end, tail_start..size];
    let parts = store.get_ranges(&file.meta.location, &ranges).await;
    let parts = parts.map_err(|error| fault::of_store(&file.shown, &error))?;
    let [head, tail] = parts.as_slice() else {
        return Err(Error::bug(
            "a store answered two ranges with another number of parts",
        ));
    };
    let refuse = |problem: String| refusal(&file.shown, &problem, head);
    let length = footer_length(size, head, tail).map_err(refuse)?;
    let start = size - TAIL_BYTES - length;
    let footer = if start >= tail_start {
        slice(tail, start - tail_start, length)
    } else {
        let range = start..start + length;
        let bytes = store.get_range(&file.meta.location, range).await;
        bytes.map_err(|error| fault::of_store(&file.shown, &error))?
    };
    let footer = tokio::task::spawn_blocking(move || guarded_decode(&footer, start, size))
        .await
        .unwrap_or_else(|_| Err(DAMAGED.to_owned()))
        .map_err(refuse)?;
    refuse_two_files(store, file, &footer.metadata, start).await?;
    Ok(footer)
}

const DAMAGED: &str = "has a damaged footer";

/// The last bytes of `tail`, or nothing if they are not there.
fn slice(tail: &Bytes, from: u64, length: u64) -> Bytes {
    let range = usize::try_from(from)
        .ok()
        .zip(usize::try_from(from + length).ok())
        .filter(|(_, end)| *end <= tail.len());
    range.map_or_else(Bytes::new, |(from, end)| tail.slice(from..end))
}

fn refusal(shown: &str, problem: &str, head: &[u8]) -> Error {
    let hint = match sniff::looks_like(head) {
        Some("a Parquet file") | None => {
            "write the file again: it was probably cut off or damaged on its way".to_owned()
        }
        Some("an encrypted Parquet file") => "write it without encryption".to_owned(),
        Some(other) => {
            format!("it looks like {other}; write Parquet, or declare the source's `format:`")
        }
    };
    Error::data(format!("`{shown}` {problem}")).with_hint(hint)
}

/// The footer's length, once both ends of the file are those of Parquet.
fn footer_length(size: u64, head: &[u8], tail: &[u8]) -> Result<u64, String> {
    let looks = sniff::looks_like(head).filter(|name| *name != "a Parquet file");
    let is_not = || match looks {
        Some(name) => format!("is not a Parquet file: it looks like {name}"),
        None => "is not a Parquet file".to_owned(),
    };
    if head.starts_with(ENCRYPTED_MAGIC) || tail.ends_with(ENCRYPTED_MAGIC) {
        return Err("is an encrypted Parquet file, which kenko does not read".to_owned());
    }
    if !head.starts_with(MAGIC) {
        return Err(is_not());
    }
    if size < SIZE_MIN {
        return Err(format!("is too short for a Parquet file ({size} bytes)"));
    }
    if !tail.ends_with(MAGIC) {
        return Err(
            "does not end as a Parquet file does: it was cut off, or something was \
                    appended"
                .to_owned(),
        );
    }
    let length = tail
        .len()
        .checked_sub(8)
        .and_then(|at| tail.get(at..at + 4));
    let length = length.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let length = u64::from(length.map(u32::from_le_bytes).ok_or(DAMAGED)?);
    if length == 0 {
        return Err("has an empty footer".to_owned());
    }
    if length > size - SIZE_MIN {
        return Err(format!(
            "claims a footer of {length} bytes, but has only {size} bytes in all"
        ));
    }
    if length > FOOTER_BYTES_MAX {
        return Err(format!(
            "has a footer of {length} bytes; the limit is {FOOTER_BYTES_MAX}"
        ));
    }
    Ok(length)
}

/// The decoder still has assertions; a panic means the footer is damaged.
fn guarded_decode(footer: &[u8], start: u64, size: u64) -> Result<Footer, String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| decode(footer, start, size)));
    outcome.unwrap_or_else(|_| Err(DAMAGED.to_owned()))
}

fn decode(footer: &[u8], start: u64, size: u64) -> Result<Footer, String> {
    check_outline(outline::scan(footer).map_err(|problem| format!("cannot be read: {problem}"))?)?;
    let metadata = ParquetMetaDataReader::decode_metadata(footer)
        .map_err(|error| format!("has a damaged footer ({error})"))?;
    check_rows(&metadata, size)?;
    for (group, row_group) in metadata.row_groups().iter().enumerate() {
        for column in row_group.columns() {
            check_chunk(column, row_group.num_rows(), start).map_err(|problem| {
                let name = column.column_path().string();
                format!("is damaged: row group {group}, column `{name}`: {problem}")
            })?;
        }
    }
    let described = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(described.schema_descr(), described.key_value_metadata())
        .map_err(|error| format!("has a schema that cannot be read ({error})"))?;
    check_names(&schema)?;
    Ok(Footer {
        schema: Arc::new(schema),
        digest: Sha256::digest(footer).into(),
        metadata,
    })
}

fn check_outline(outline: Outline) -> Result<(), String> {
    let Outline {
        leaves, row_groups, ..
    } = outline;
    if outline.columns == 0 {
        return Err("has no columns".to_owned());
    }
    if leaves > COLUMNS_MAX {
        return Err(format!("has {leaves} columns; the limit is {COLUMNS_MAX}"));
    }
    if row_groups > ROW_GROUPS_MAX {
        return Err(format!(
            "has {row_groups} row groups; the limit is {ROW_GROUPS_MAX}"
        ));
    }
    Ok(())
}

fn check_rows(metadata: &ParquetMetaData, size: u64) -> Result<(), String> {
    let rows = u64::try_from(metadata.file_metadata().num_rows())
        .map_err(|_| "claims a negative number of rows".to_owned())?;
    let mut sum = 0_u64;
    for group in metadata.row_groups() {
        let count = u64::try_from(group.num_rows())
            .map_err(|_| "claims a negative number of rows".to_owned())?;
        sum = sum.saturating_add(count);
    }
    if sum != rows {
        return Err(format!("claims {rows} rows, but its row groups hold {sum}"));
    }
    if rows / size > ROWS_PER_BYTE_MAX {
        return Err(format!("claims {rows} rows in {size} bytes"));
    }
    Ok(())
}

fn check_chunk(column: &ColumnChunkMetaData, rows: i64, footer_start: u64) -> Result<(), String> {
    let values = column.num_values();
    let is_flat = column.column_descr().max_rep_level() == 0;
    if values < 0 || (is_flat && values != rows) {
        return Err(format!("{values} values for {rows} rows"));
    }
    if values == 0 {
        // A legal file without rows may leave every offset at 0.
        return Ok(());
    }
    let (start, end) = range_of(column).ok_or("its bytes lie outside of the file")?;
    if start < MAGIC.len() as u64 || end > footer_start {
        return Err("its bytes lie outside of the file".to_owned());
    }
    let unpacked = column.uncompressed_size();
    if !(0..=CHUNK_BYTES_MAX).contains(&unpacked) {
        return Err(format!(
            "claims {unpacked} bytes unpacked; the limit is {CHUNK_BYTES_MAX}"
        ));
    }
    Ok(())
}

/// Start and end of a chunk's pages.
fn range_of(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    // Some writers put 0 where they mean that there is no dictionary.
    let dictionary = column
        .dictionary_page_offset()
        .filter(|offset| *offset != 0);
    let data = column.data_page_offset();
    let start = u64::try_from(dictionary.map_or(data, |offset| offset.min(data))).ok()?;
    let length = u64::try_from(column.compressed_size()).ok()?;
    Some((start, start.checked_add(length)?))
}

fn check_names(schema: &Schema) -> Result<(), String> {
    let mut names: Vec<(String, &str)> = schema
        .fields()
        .iter()
        .map(|field| (field.name().to_lowercase(), field.name().as_str()))
        .collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0].0 == pair[1].0);
    match twice {
        Some(pair) if pair[0].1 == pair[1].1 => {
            Err(format!("has two columns called `{}`", pair[0].1))
        }
        Some(pair) => Err(format!(
            "has the columns `{}` and `{}`, which differ by case only",
            pair[0].1, pair[1].1
        )),
        None => Ok(()),
    }
}

/// Two Parquet files written one after the other end like the second one, whose
/// offsets then point into the first: half the rows, or nonsense.
async fn refuse_two_files(
    store: &dyn ObjectStore,
    file: &Listed,
    metadata: &ParquetMetaData,
    start: u64,
) -> Result<()> {
    let groups = metadata.row_groups().iter();
    let used = groups
        .flat_map(RowGroupMetaData::columns)
        .filter_map(last_byte);
    let used = used.max().unwrap_or(MAGIC.len() as u64);
    let unused = start.saturating_sub(used);
    if unused < SIZE_MIN {
        return Ok(());
    }
    let around = unused - MAGIC.len() as u64..unused + MAGIC.len() as u64;
    let bytes = store.get_range(&file.meta.location, around).await;
    let bytes = bytes.map_err(|error| fault::of_store(&file.shown, &error))?;
    if bytes.as_ref() != b"PAR1PAR1" {
        return Ok(());
    }
    Err(Error::data(format!(
        "`{}` consists of two Parquet files, one after the other",
        file.shown
    ))
    .with_hint("write them as two files; Parquet files cannot be joined like text"))
}

/// The end of what a column chunk names: pages, indexes and bloom filter.
fn last_byte(column: &ColumnChunkMetaData) -> Option<u64> {
    let end = |offset: Option<i64>, length: Option<i32>| {
        let offset = u64::try_from(offset?).ok()?;
        offset.checked_add(u64::try_from(length?).ok()?)
    };
    let pages = range_of(column).map(|(_, end)| end);
    let ends = [
        pages,
        end(column.column_index_offset(), column.column_index_length()),
        end(column.offset_index_offset(), column.offset_index_length()),
        end(column.bloom_filter_offset(), column.bloom_filter_length()),
    ];
    ends.into_iter().flatten().max()
}

//! Rows of the extracts, typed by their contracts, and Parquet bytes of them.
//!
//! A table is built in pieces, one a group of accounts, so that threads can
//! work side by side; pieces are written in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::config::contract::{self, ColumnType, Contract, DECIMAL_PRECISION, DECIMAL_SCALE};
use crate::error::{Error, Result};
use crate::time::{EpochDays, Microseconds};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(EpochDays),
    Instant(Microseconds),
    /// Ten-thousandths.
    Money(i128),
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Names and types of a table's columns.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) schema: SchemaRef,
    kinds: Vec<ColumnType>,
}

impl Layout {
    /// A table with these columns, in this order.
    pub(super) fn new(name: &'static str, columns: &[(&str, ColumnType)]) -> Self {
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, kind)| Field::new(*name, kind.arrow_type(), true))
            .collect();
        Self {
            name,
            schema: Arc::new(Schema::new(fields)),
            kinds: columns.iter().map(|(_, kind)| *kind).collect(),
        }
    }

    /// An extract with these columns of its contract.
    pub(super) fn of_contract(
        contracts: &BTreeMap<String, Contract>,
        name: &'static str,
        columns: &[&str],
    ) -> Result<Self> {
        let contract = contracts
            .get(name)
            .ok_or_else(|| Error::bug(format!("there is no contract for `{name}`")))?;
        let typed = columns.iter().map(|column| {
            contract
                .column(column)
                .map(|found| (*column, found.kind))
                .ok_or_else(|| {
                    Error::bug(format!("the contract of `{name}` has no column `{column}`"))
                })
        });
        Ok(Self::new(name, &typed.collect::<Result<Vec<_>>>()?))
    }
}

/// The contracts that layouts are made of.
pub(super) fn contracts() -> Result<BTreeMap<String, Contract>> {
    contract::shipped()
}

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
    Money(Decimal128Builder),
}

impl Builder {
    fn new(kind: ColumnType) -> Result<Self> {
        Ok(match kind {
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Integer => Self::Integer(Int64Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Timestamp => {
                Self::Instant(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            ColumnType::Decimal => Self::Money(
                Decimal128Builder::new()
                    .with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE)
                    .map_err(|cause| Error::bug("money has no type").with_source(cause))?,
            ),
        })
    }

    /// Whether the cell was of the column's type.
    fn append(&mut self, cell: Cell) -> bool {
        match (self, cell) {
            (Self::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (Self::Text(builder), Cell::Null) => builder.append_null(),
            (Self::Integer(builder), Cell::Integer(value)) => builder.append_value(value),
            (Self::Integer(builder), Cell::Null) => builder.append_null(),
            (Self::Float(builder), Cell::Float(value)) => builder.append_value(value),
            (Self::Float(builder), Cell::Null) => builder.append_null(),
            (Self::Boolean(builder), Cell::Boolean(value)) => builder.append_value(value),
            (Self::Boolean(builder), Cell::Null) => builder.append_null(),
            (Self::Date(builder), Cell::Date(value)) => builder.append_value(value),
            (Self::Date(builder), Cell::Null) => builder.append_null(),
            (Self::Instant(builder), Cell::Instant(value)) => builder.append_value(value),
            (Self::Instant(builder), Cell::Null) => builder.append_null(),
            (Self::Money(builder), Cell::Money(value)) => builder.append_value(value),
            (Self::Money(builder), Cell::Null) => builder.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Instant(builder) => Arc::new(builder.finish()),
            Self::Money(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Rows that are being collected.
pub(super) struct Rows {
    layout: Layout,
    builders: Vec<Builder>,
}

impl Rows {
    /// No rows yet.
    pub(super) fn new(layout: &Layout) -> Result<Self> {
        let builders = layout.kinds.iter().map(|kind| Builder::new(*kind));
        Ok(Self {
            layout: layout.clone(),
            builders: builders.collect::<Result<_>>()?,
        })
    }

    /// Adds a row; the cells are in the order of the layout's columns.
    pub(super) fn push<const N: usize>(&mut self, cells: [Cell; N]) -> Result<()> {
        if N != self.builders.len() {
            return Err(Error::bug(format!(
                "a row of `{}` has {N} cells for {} columns",
                self.layout.name,
                self.builders.len()
            )));
        }
        for (position, (builder, cell)) in self.builders.iter_mut().zip(cells).enumerate() {
            if !builder.append(cell) {
                return Err(Error::bug(format!(
                    "`{}.{}` was given a value of another type",
                    self.layout.name,
                    self.layout.schema.field(position).name()
                )));
            }
        }
        Ok(())
    }

    /// The rows as one batch.
    pub(super) fn finish(mut self) -> Result<RecordBatch> {
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.layout.schema, columns)
            .map_err(|cause| Error::bug("rows do not fit their table").with_source(cause))
    }
}

/// A Parquet file that is being written, in memory: a few bytes a row.
pub(super) struct File {
    writer: ArrowWriter<Vec<u8>>,
    pub(super) rows: u64,
}

impl File {
    /// A file for this schema. Columns in `ascending` hold values that grow
    /// from row to row and are stored as differences.
    pub(super) fn new(schema: &SchemaRef, ascending: &[(&str, Encoding)]) -> Result<Self> {
        let level = ZstdLevel::try_new(3).map_err(wrong)?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk);
        for (column, encoding) in ascending {
            let path = ColumnPath::from(*column);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, *encoding);
        }
        // The Arrow schema would repeat in every small file what Parquet's own
        // schema says already.
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options);
        Ok(Self {
            writer: writer.map_err(wrong)?,
            rows: 0,
        })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += u64::try_from(batch.num_rows()).unwrap_or(0);
        self.writer.write(batch).map_err(wrong)
    }

    /// The finished file.
    pub(super) fn finish(self) -> Result<Bytes> {
        Ok(self.writer.into_inner().map_err(wrong)?.into())
    }
}

fn wrong(cause: parquet::errors::ParquetError) -> Error {
    Error::bug("cannot write Parquet").with_source(cause)
}

//! Rows that were read from text, converted and staged as one Parquet file.
//!
//! A row that cannot be converted is staged too, with the rule it breaks and
//! the reason in two extra columns. Whether it is quarantined is decided where
//! every other row is judged. The file lies in the run's scratch folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;

use super::fault;
use super::layout::{Layout, Reading};
use super::proof::{self, Known};
use super::rules::Rule;
use super::value::{self, Formats, Problem, Value};
use crate::config::contract::{Column, ColumnType, Contract, HiddenAfter};
use crate::error::{Error, Result};
use crate::time::AsOf;

/// The rule that a staged row breaks; null for a good one.
pub(super) const RULE_COLUMN: &str = "__rule";
/// Why, in words without personal values.
pub(super) const REASON_COLUMN: &str = "__reason";

const BATCH_ROWS: usize = 8_192;
const GROUP_ROWS: usize = 131_072;
/// Letters of a wrong value that a reason shows.
const SHOWN_LETTERS_MAX: usize = 80;

/// A source's rows, staged.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) path: PathBuf,
    /// The contract's columns, then rule and reason.
    pub(super) schema: SchemaRef,
    pub(super) layout: Layout,
    pub(super) rows: u64,
    /// Whether any row breaks a rule of conversion.
    pub(super) has_defects: bool,
}

/// Writes rows as they are converted.
pub(super) struct Stager<'a> {
    contract: &'a Contract,
    formats: Formats<'a>,
    as_of: &'a AsOf,
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
    builders: Vec<Builder>,
    rules: StringBuilder,
    reasons: StringBuilder,
    buffered: usize,
    rows: u64,
    defects: u64,
    unreadable: u64,
}

impl<'a> Stager<'a> {
    /// Opens `path`, whose folder exists, for writing.
    pub(super) fn create(
        path: &Path,
        contract: &'a Contract,
        formats: Formats<'a>,
        as_of: &'a AsOf,
    ) -> Result<Self> {
        let fields = contract.schema().fields().to_vec().into_iter();
        let extra = [RULE_COLUMN, REASON_COLUMN]
            .map(|name| Arc::new(Field::new(name, DataType::Utf8, true)));
        let schema = Arc::new(Schema::new(fields.chain(extra).collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let file = File::create(path).map_err(|error| fault::of_disk(path, error))?;
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        Ok(Self {
            contract,
            formats,
            as_of,
            path: path.to_owned(),
            schema,
            writer: writer.map_err(|error| cannot_write(path, error))?,
            builders: contract
                .columns
                .iter()
                .map(|column| Builder::new(column.kind))
                .collect(),
            rules: StringBuilder::new(),
            reasons: StringBuilder::new(),
            buffered: 0,
            rows: 0,
            defects: 0,
            unreadable: 0,
        })
    }

    /// Rows so far, and those that could not be read at all.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.rows, self.unreadable)
    }

    /// A row that cannot be taken apart.
    pub(super) fn unreadable(&mut self, reason: String) -> Result<()> {
        for builder in &mut self.builders {
            builder.append(None);
        }
        self.unreadable += 1;
        self.end_row(Some((Rule::Unreadable, reason)))
    }

    /// A row with a text, or nothing, for each column of the contract.
    pub(super) fn row(&mut self, place: &str, cells: &[Option<String>]) -> Result<()> {
        let mut problems: Vec<(usize, Problem)> = Vec::new();
        let mut values: Vec<Option<Value>> = Vec::with_capacity(cells.len());
        for (at, (column, cell)) in self.contract.columns.iter().zip(cells).enumerate() {
            let parsed = cell
                .as_deref()
                .map(|text| value::parse(column.kind, text, &self.formats))
                .transpose();
            values.push(parsed.unwrap_or_else(|problem| {
                problems.push((at, problem));
                None
            }));
        }
        let defect = problems.into_iter().find_map(|(at, problem)| {
            let column = self.contract.columns.get(at)?;
            if self.is_hidden(column, &values) {
                return None;
            }
            let text = cells.get(at)?.as_deref()?;
            Some(defect(place, column, text, problem))
        });
        for (builder, value) in self.builders.iter_mut().zip(values) {
            builder.append(value);
        }
        self.end_row(defect)
    }

    /// Whether the column's value is not known yet on the day: then it cannot
    /// be wrong either.
    fn is_hidden(&self, column: &Column, values: &[Option<Value>]) -> bool {
        let Some(HiddenAfter::Column(other)) = &column.hidden_after else {
            return false;
        };
        let at = self
            .contract
            .columns
            .iter()
            .position(|column| column.name == *other);
        match at.and_then(|at| values.get(at)) {
            Some(Some(Value::Date(day))) => *day > self.as_of.epoch_days(),
            Some(Some(Value::Timestamp(instant))) => *instant >= self.as_of.ends_at(),
            _ => true,
        }
    }

    fn end_row(&mut self, defect: Option<(Rule, String)>) -> Result<()> {
        self.defects += u64::from(defect.is_some());
        let (rule, reason) = defect.unzip();
        self.rules.append_option(rule.map(Rule::code));
        self.reasons.append_option(reason);
        self.rows += 1;
        self.buffered += 1;
        if self.buffered >= BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let mut arrays: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
        arrays.push(Arc::new(self.rules.finish()));
        arrays.push(Arc::new(self.reasons.finish()));
        self.buffered = 0;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|error| Error::bug("a staged row does not fit").with_source(error))?;
        self.writer
            .write(&batch)
            .map_err(|error| cannot_write(&self.path, error))
    }

    /// Closes the file; `seen` are the columns that any input file has.
    pub(super) fn finish(mut self, seen: &BTreeSet<String>) -> Result<Staged> {
        if self.buffered > 0 {
            self.flush()?;
        }
        let metadata = self
            .writer
            .close()
            .map_err(|error| cannot_write(&self.path, error))?;
        Ok(Staged {
            layout: layout(self.contract, &self.schema, &metadata, seen),
            path: self.path,
            schema: self.schema,
            rows: self.rows,
            has_defects: self.defects > 0,
        })
    }
}

fn layout(
    contract: &Contract,
    schema: &Schema,
    metadata: &ParquetMetaData,
    seen: &BTreeSet<String>,
) -> Layout {
    let mut layout = Layout::default();
    for column in &contract.columns {
        if !seen.contains(&column.name) {
            layout.missing.push(column.name.clone());
            continue;
        }
        let kind = column.kind.arrow_type();
        let known = match metadata.file_metadata().num_rows() {
            0 => Known::NO_ROWS,
            _ => proof::of_column(metadata, schema, &column.name, &kind),
        };
        let reading = Reading {
            kind,
            is_checked: false,
            known,
        };
        layout.columns.insert(column.name.clone(), reading);
    }
    let extra = seen.iter().filter(|name| contract.column(name).is_none());
    layout.extra = extra.cloned().collect();
    layout
}

fn defect(place: &str, column: &Column, text: &str, problem: Problem) -> (Rule, String) {
    let (rule, why) = match problem {
        Problem::Unreadable(why) => (Rule::Unconvertible, why),
        Problem::TooLarge(why) => (Rule::NumberOutOfRange, why),
    };
    let name = &column.name;
    let reason = if column.personal {
        format!("{place}: {name}: the value {why}")
    } else {
        let shown: String = text.chars().take(SHOWN_LETTERS_MAX).collect();
        format!("{place}: {name}: `{shown}` {why}")
    };
    (rule, reason)
}

fn cannot_write(path: &Path, error: parquet::errors::ParquetError) -> Error {
    let is_full = error.to_string().contains("No space left");
    let cause = if is_full {
        std::io::Error::new(std::io::ErrorKind::StorageFull, error)
    } else {
        std::io::Error::other(error)
    };
    fault::of_disk(path, cause)
}

/// Collects the values of one column.
enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Decimal(Decimal128Builder),
}

impl Builder {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Integer => Self::Integer(Int64Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Timestamp => Self::Timestamp(
                TimestampMicrosecondBuilder::new().with_data_type(kind.arrow_type()),
            ),
            ColumnType::Decimal => {
                Self::Decimal(Decimal128Builder::new().with_data_type(kind.arrow_type()))
            }
        }
    }

    /// Appends a value of the builder's own type; any other reads null.
    fn append(&mut self, value: Option<Value>) {
        match (self, value) {
            (Self::Text(builder), Some(Value::Text(value))) => builder.append_value(value),
            (Self::Integer(builder), Some(Value::Integer(value))) => builder.append_value(value),
            (Self::Float(builder), Some(Value::Float(value))) => builder.append_value(value),
            (Self::Boolean(builder), Some(Value::Boolean(value))) => builder.append_value(value),
            (Self::Date(builder), Some(Value::Date(value))) => builder.append_value(value),
            (Self::Timestamp(builder), Some(Value::Timestamp(value))) => {
                builder.append_value(value);
            }
            (Self::Decimal(builder), Some(Value::Decimal(value))) => builder.append_value(value),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Integer(builder), _) => builder.append_null(),
            (Self::Float(builder), _) => builder.append_null(),
            (Self::Boolean(builder), _) => builder.append_null(),
            (Self::Date(builder), _) => builder.append_null(),
            (Self::Timestamp(builder), _) => builder.append_null(),
            (Self::Decimal(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder) => Arc::new(builder.finish()),
        }
    }
}

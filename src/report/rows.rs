//! Published rows, read by column name.
//!
//! A thin view on one Arrow batch: a missing column or a null is `None`, never
//! a default value. It does not convert between types.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{
    SortColumn, SortOptions, concat_batches, filter_record_batch, lexsort_to_indices,
    take_record_batch,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::time::{EpochDays, date_of};

/// Rows of one table.
#[derive(Clone, Debug)]
pub struct Rows {
    batch: RecordBatch,
}

impl Rows {
    /// The rows of a Parquet file called `name`.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Data`] if the bytes are not Parquet.
    pub fn from_parquet(name: &str, bytes: Bytes) -> Result<Self> {
        let damaged = |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::data(format!("published table `{name}` cannot be read")).with_source(cause)
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .map_err(|cause| damaged(Box::new(cause)))?;
        let schema = std::sync::Arc::clone(builder.schema());
        let reader = builder.build().map_err(|cause| damaged(Box::new(cause)))?;
        let batches = reader
            .collect::<Result<Vec<_>, _>>()
            .map_err(|cause| damaged(Box::new(cause)))?;
        Self::from_batches(&schema, &batches)
    }

    /// The rows of several batches of one schema.
    ///
    /// # Errors
    /// A bug if the schemas differ.
    pub fn from_batches(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self> {
        let batch = concat_batches(schema, batches)
            .map_err(|cause| Error::bug("batches of one table differ").with_source(cause))?;
        Ok(Self { batch })
    }

    /// No rows, of no columns.
    #[must_use]
    pub fn none() -> Self {
        Self {
            batch: RecordBatch::new_empty(SchemaRef::new(arrow::datatypes::Schema::empty())),
        }
    }

    /// The rows as one Arrow batch.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows whose text in `column` is one of `values`.
    #[must_use]
    pub fn only(&self, column: &str, values: &[&str]) -> Self {
        let keep: BooleanArray = (0..self.len())
            .map(|row| {
                Some(
                    self.text(row, column)
                        .is_some_and(|text| values.contains(&text)),
                )
            })
            .collect();
        let batch =
            filter_record_batch(&self.batch, &keep).unwrap_or_else(|_| self.batch.slice(0, 0));
        Self { batch }
    }

    /// The rows whose `column` is true.
    #[must_use]
    pub fn only_true(&self, column: &str) -> Self {
        let flags = self.batch.column_by_name(column);
        let flags = flags.and_then(|flags| flags.as_boolean_opt());
        let batch = flags.and_then(|flags| filter_record_batch(&self.batch, flags).ok());
        Self {
            batch: batch.unwrap_or_else(|| self.batch.slice(0, 0)),
        }
    }

    /// The rows in ascending order of a column; nulls last.
    #[must_use]
    pub fn sorted_by(&self, column: &str) -> Self {
        self.sorted_by_all(&[column])
    }

    /// The rows in ascending order of the first column, then of the next; nulls last. Columns
    /// that are not there order nothing.
    #[must_use]
    pub fn sorted_by_all(&self, columns: &[&str]) -> Self {
        let keys: Vec<SortColumn> = columns
            .iter()
            .filter_map(|column| self.batch.column_by_name(column))
            .map(|values| SortColumn {
                values: std::sync::Arc::clone(values),
                options: Some(SortOptions {
                    descending: false,
                    nulls_first: false,
                }),
            })
            .collect();
        let sorted = lexsort_to_indices(&keys, None)
            .ok()
            .and_then(|order| take_record_batch(&self.batch, &order).ok());
        Self {
            batch: sorted.unwrap_or_else(|| self.batch.clone()),
        }
    }

    /// The first `most` rows.
    #[must_use]
    pub fn first(&self, most: usize) -> Self {
        Self {
            batch: self.batch.slice(0, most.min(self.len())),
        }
    }

    fn column(&self, row: usize, name: &str, kind: &DataType) -> Option<&dyn Array> {
        let array = self.batch.column_by_name(name)?;
        let fits = array.data_type() == kind && row < array.len() && array.is_valid(row);
        fits.then(|| array.as_ref())
    }

    /// A text.
    pub fn text(&self, row: usize, column: &str) -> Option<&str> {
        let array = self.column(row, column, &DataType::Utf8)?;
        Some(array.as_string::<i32>().value(row))
    }

    /// A number; a decimal as the nearest float.
    pub fn float(&self, row: usize, column: &str) -> Option<f64> {
        let array = self.batch.column_by_name(column)?;
        if row >= array.len() || array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Float64 => Some(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(_, _) => self.shown(row, column).parse().ok(),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(&self, row: usize, column: &str) -> Option<i64> {
        let array = self.column(row, column, &DataType::Int64)?;
        Some(array.as_primitive::<Int64Type>().value(row))
    }

    /// A calendar day.
    pub fn day(&self, row: usize, column: &str) -> Option<EpochDays> {
        let array = self.column(row, column, &DataType::Date32)?;
        Some(array.as_primitive::<Date32Type>().value(row))
    }

    /// A calendar day as YYYY-MM-DD.
    pub fn day_text(&self, row: usize, column: &str) -> Option<String> {
        let day = self.day(row, column)?;
        date_of(day).ok().map(|date| date.to_string())
    }

    /// An amount of money without its digits after the point, grouped by
    /// thousands: what fits a list.
    pub fn money(&self, row: usize, column: &str) -> Option<String> {
        let array = self.batch.column_by_name(column)?;
        let DataType::Decimal128(_, scale) = array.data_type() else {
            return None;
        };
        if row >= array.len() || array.is_null(row) {
            return None;
        }
        let unit = 10_i128.pow(u32::from(scale.unsigned_abs()));
        let amount = array.as_primitive::<Decimal128Type>().value(row);
        let rounded = (amount + amount.signum() * unit / 2) / unit;
        Some(grouped(rounded))
    }

    /// Any value as text; null is empty.
    pub fn shown(&self, row: usize, column: &str) -> String {
        let options = FormatOptions::default();
        self.batch
            .column_by_name(column)
            .and_then(|array| ArrayFormatter::try_new(array.as_ref(), &options).ok())
            .map(|formatter| formatter.value(row).to_string())
            .unwrap_or_default()
    }

    /// The texts of a list.
    pub fn texts(&self, row: usize, column: &str) -> Vec<String> {
        let list = self
            .batch
            .column_by_name(column)
            .and_then(|array| array.as_list_opt::<i32>());
        let Some(list) = list.filter(|list| row < list.len() && list.is_valid(row)) else {
            return Vec::new();
        };
        let items = list.value(row);
        items.as_string_opt::<i32>().map_or_else(Vec::new, |texts| {
            texts.iter().flatten().map(str::to_owned).collect()
        })
    }
}

fn grouped(amount: i128) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if amount < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_rounded() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
    }
}

//! What must hold for every table: a key that is unique and never null, and
//! numbers that are numbers.
//!
//! [`Audit`] looks at rows while they are written, in the order of their key;
//! the functions ask the same of a table by a query. Both only report.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, is_null, or, partition};
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::prelude::{Expr, ident, lit, when};

/// Rows whose key is not a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrainViolations {
    /// Rows with a null in a key column.
    pub nulls: u64,
    /// Rows whose key another row before them has.
    pub duplicates: u64,
    /// The first wrong key as text, for messages.
    pub example: Option<String>,
}

/// Counts what is wrong with rows that come in the order of their key.
#[derive(Clone, Debug)]
pub(super) struct Audit {
    key: Vec<usize>,
    names: Vec<String>,
    floats: Vec<(usize, String, u64)>,
    last: Option<Vec<ArrayRef>>,
    pub(super) grain: GrainViolations,
}

impl Audit {
    pub(super) fn new(schema: &Schema, key: &[String]) -> Self {
        let key: Vec<usize> = key
            .iter()
            .filter_map(|name| schema.index_of(name).ok())
            .collect();
        let names = schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let floats = schema.fields().iter().enumerate();
        let floats = floats
            .filter(|(_, field)| *field.data_type() == DataType::Float64)
            .map(|(position, field)| (position, field.name().clone(), 0));
        Self {
            floats: floats.collect(),
            key,
            names,
            last: None,
            grain: GrainViolations::default(),
        }
    }

    /// Float columns with NaN or infinite values, and how many.
    pub(super) fn non_finite(&self) -> Vec<(String, u64)> {
        let found = self.floats.iter().filter(|(_, _, wrong)| *wrong > 0);
        found
            .map(|(_, name, wrong)| (name.clone(), *wrong))
            .collect()
    }

    /// Looks at the next rows.
    pub(super) fn see(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for (position, _, wrong) in &mut self.floats {
            let values = batch.column(*position).as_primitive::<Float64Type>();
            let bad = values.iter().flatten().filter(|value| !value.is_finite());
            *wrong += bad.count() as u64;
        }
        if self.key.is_empty() || batch.num_rows() == 0 {
            return Ok(());
        }
        let keys = self
            .key
            .iter()
            .map(|&column| Arc::clone(batch.column(column)));
        let keys: Vec<ArrayRef> = keys.collect();
        self.see_nulls(batch, &keys)?;
        self.see_duplicates(batch, &keys)?;
        self.last = Some(keys.iter().map(|key| key.slice(key.len() - 1, 1)).collect());
        Ok(())
    }

    fn see_nulls(&mut self, batch: &RecordBatch, keys: &[ArrayRef]) -> Result<(), ArrowError> {
        if keys.iter().all(|key| key.null_count() == 0) {
            return Ok(());
        }
        let mut any = is_null(&keys[0])?;
        for key in &keys[1..] {
            any = or(&any, &is_null(key)?)?;
        }
        self.grain.nulls += any.true_count() as u64;
        if let Some(row) = any.iter().position(|null| null == Some(true)) {
            self.example(batch, row);
        }
        Ok(())
    }

    fn see_duplicates(&mut self, batch: &RecordBatch, keys: &[ArrayRef]) -> Result<(), ArrowError> {
        let mut repeats_last = self.last.is_some();
        for (last, key) in self.last.iter().flatten().zip(keys) {
            let compare = make_comparator(last, key, SortOptions::default())?;
            repeats_last &= compare(0, 0) == Ordering::Equal;
        }
        let groups = partition(keys)?;
        let repeats = batch.num_rows() - groups.len() + usize::from(repeats_last);
        if repeats == 0 {
            return Ok(());
        }
        self.grain.duplicates += repeats as u64;
        let first = groups.ranges().into_iter().find(|range| range.len() > 1);
        let row = if repeats_last {
            0
        } else {
            first.map_or(0, |range| range.start)
        };
        self.example(batch, row);
        Ok(())
    }

    fn example(&mut self, batch: &RecordBatch, row: usize) {
        if self.grain.example.is_none() {
            self.grain.example = Some(key_text(batch, row, &self.key, &self.names));
        }
    }
}

fn key_text(batch: &RecordBatch, row: usize, key: &[usize], names: &[String]) -> String {
    let parts = key.iter().map(|&column| {
        let array = batch.column(column);
        let value = if array.is_null(row) {
            "null".to_owned()
        } else {
            array_value_to_string(array, row).unwrap_or_default()
        };
        format!("{} = {value}", names[column])
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Counts the rows of a table whose `grain` is null or repeated.
pub(super) async fn grain_violations(
    table: DataFrame,
    grain: &[String],
) -> Result<GrainViolations> {
    let any_null = grain.iter().map(|name| ident(name).is_null());
    let Some(any_null) = any_null.reduce(Expr::or) else {
        return Ok(GrainViolations::default());
    };
    let nulls = table.clone().filter(any_null)?.count().await? as u64;
    let copies = "copies of the key";
    let key: Vec<Expr> = grain.iter().map(ident).collect();
    let order: Vec<_> = key
        .iter()
        .map(|column| column.clone().sort(true, false))
        .collect();
    let repeated = table
        .aggregate(key, vec![count(lit(1_i64)).alias(copies)])?
        .filter(ident(copies).gt(lit(1_i64)))?;
    let total = (repeated.clone())
        .aggregate(
            Vec::new(),
            vec![sum(ident(copies) - lit(1_i64)).alias("repeats")],
        )?
        .collect()
        .await?;
    let duplicates = total
        .first()
        .map(|batch| {
            batch
                .column(0)
                .as_primitive::<arrow::datatypes::Int64Type>()
        })
        .filter(|sums| sums.is_valid(0))
        .map_or(0, |sums| sums.value(0).unsigned_abs());
    let first = repeated.sort(order)?.limit(0, Some(1))?.collect().await?;
    let columns: Vec<usize> = (0..grain.len()).collect();
    let example = (first.iter())
        .find(|batch| batch.num_rows() > 0)
        .map(|batch| key_text(batch, 0, &columns, grain));
    Ok(GrainViolations {
        nulls,
        duplicates,
        example,
    })
}

/// Float columns of a table with NaN or infinite values, and how many.
pub(super) async fn non_finite(table: DataFrame) -> Result<Vec<(String, u64)>> {
    let fields = table.schema().fields().iter();
    let floats: Vec<String> = fields
        .filter(|field| *field.data_type() == DataType::Float64)
        .map(|field| field.name().clone())
        .collect();
    if floats.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = floats.iter().map(|name| {
        let finite = ident(name).between(lit(f64::MIN), lit(f64::MAX));
        Ok(count(when(!finite, lit(1_i64)).end()?).alias(name))
    });
    let wrong = wrong.collect::<Result<Vec<_>>>()?;
    let counts = table.aggregate(Vec::new(), wrong)?.collect().await?;
    let Some(counts) = counts.first() else {
        return Ok(Vec::new());
    };
    let found = floats
        .into_iter()
        .zip(counts.columns())
        .map(|(name, column)| {
            let wrong = column
                .as_primitive::<arrow::datatypes::Int64Type>()
                .value(0);
            (name, wrong.unsigned_abs())
        });
    Ok(found.filter(|(_, wrong)| *wrong > 0).collect())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn batch(ids: &[Option<&str>], days: &[i64]) -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from(ids.to_vec()));
        let days: ArrayRef = Arc::new(Int64Array::from(days.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("day", days, true)]).unwrap()
    }

    fn seen(batches: &[RecordBatch]) -> GrainViolations {
        let key = ["id".to_owned(), "day".to_owned()];
        let mut audit = Audit::new(&batches[0].schema(), &key);
        for batch in batches {
            audit.see(batch).unwrap();
        }
        audit.grain
    }

    #[test]
    fn a_key_may_repeat_across_batches() {
        let one = batch(&[Some("a"), Some("b")], &[1, 1]);
        let repeats = batch(&[Some("b"), Some("b"), Some("c")], &[1, 1, 1]);
        let empty = one.slice(0, 0);
        let found = seen(&[one.clone(), empty, repeats]);
        assert_eq!((found.nulls, found.duplicates), (0, 2));
        assert_eq!(found.example.as_deref(), Some("id = b, day = 1"));
        let other_day = batch(&[Some("b")], &[2]);
        assert_eq!(seen(&[one, other_day]), GrainViolations::default());
    }

    #[test]
    fn a_null_in_the_key_is_counted_and_shown() {
        let found = seen(&[batch(&[Some("a"), None, None], &[1, 1, 2])]);
        assert_eq!((found.nulls, found.duplicates), (2, 0));
        assert_eq!(found.example.as_deref(), Some("id = null, day = 1"));
    }
}

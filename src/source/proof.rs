//! What a file's own statistics prove about a column.
//!
//! A check whose outcome is already proven need not read the column. Statistics
//! that are missing, or that cannot be converted, prove nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::ScalarValue;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

/// The least text that is not empty.
pub(super) const SHORTEST_TEXT: &str = "\0";

/// Values that occur in a column, nulls aside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Span {
    /// There is no value at all.
    Empty,
    /// Every value lies between these two, both included.
    Between(ScalarValue, ScalarValue),
    /// Anything may be there.
    Unknown,
}

/// What is known of a column, in the contract's type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    /// No value is null.
    pub(super) has_no_nulls: bool,
    /// Where the values lie.
    pub(super) span: Span,
}

impl Known {
    /// Nothing is known.
    pub(super) const NOTHING: Self = Self {
        has_no_nulls: false,
        span: Span::Unknown,
    };

    /// No row was seen yet.
    pub(super) const NO_ROWS: Self = Self {
        has_no_nulls: true,
        span: Span::Empty,
    };

    /// Every row holds `value`.
    pub(super) fn constant(value: &ScalarValue) -> Self {
        if value.is_null() {
            return Self::nulls();
        }
        Self {
            has_no_nulls: true,
            span: Span::Between(value.clone(), value.clone()),
        }
    }

    /// Every row is null.
    pub(super) const fn nulls() -> Self {
        Self {
            has_no_nulls: false,
            span: Span::Empty,
        }
    }

    /// What is known of the rows of both.
    pub(super) fn and(self, other: Self) -> Self {
        let span = match (self.span, other.span) {
            (Span::Unknown, _) | (_, Span::Unknown) => Span::Unknown,
            (Span::Empty, known) | (known, Span::Empty) => known,
            (Span::Between(low, high), Span::Between(other_low, other_high)) => Span::Between(
                if other_low < low { other_low } else { low },
                if other_high > high { other_high } else { high },
            ),
        };
        Self {
            has_no_nulls: self.has_no_nulls && other.has_no_nulls,
            span,
        }
    }

    /// What is known of the rows of all of `groups`.
    pub(super) fn of_all(groups: impl IntoIterator<Item = Self>) -> Self {
        groups.into_iter().fold(Self::NO_ROWS, Self::and)
    }

    /// Whether no value lies above `limit`.
    pub(super) fn is_at_most(&self, limit: &ScalarValue) -> bool {
        match &self.span {
            Span::Empty => true,
            Span::Between(_, high) => high <= limit,
            Span::Unknown => false,
        }
    }

    /// Whether no value lies below `limit`.
    pub(super) fn is_at_least(&self, limit: &ScalarValue) -> bool {
        match &self.span {
            Span::Empty => true,
            Span::Between(low, _) => low >= limit,
            Span::Unknown => false,
        }
    }
}

/// What the statistics of a Parquet file say of a column, converted to `kind`.
pub(super) fn of_column(
    metadata: &ParquetMetaData,
    schema: &Schema,
    column: &str,
    kind: &DataType,
) -> Known {
    let groups = of_row_groups(metadata, schema, column, kind);
    groups.map_or(Known::NOTHING, Known::of_all)
}

/// What the statistics say of each row group; `None` when they cannot be read.
pub(super) fn of_row_groups(
    metadata: &ParquetMetaData,
    schema: &Schema,
    column: &str,
    kind: &DataType,
) -> Option<Vec<Known>> {
    // Statistics of a wrong length make the converter panic: they prove nothing.
    let read = || by_row_group(metadata, schema, column, kind);
    catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

fn by_row_group(
    metadata: &ParquetMetaData,
    schema: &Schema,
    column: &str,
    kind: &DataType,
) -> Option<Vec<Known>> {
    let described = metadata.file_metadata().schema_descr();
    let converter = StatisticsConverter::try_new(column, schema, described)
        .ok()?
        .with_missing_null_counts_as_zero(false);
    let groups = metadata.row_groups();
    let nulls = converter.row_group_null_counts(groups).ok()?;
    let convert = |values: ArrayRef| cast(&values, kind).ok();
    let lows = convert(converter.row_group_mins(groups).ok()?)?;
    let highs = convert(converter.row_group_maxes(groups).ok()?)?;
    let mut known = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let rows = u64::try_from(group.num_rows()).ok()?;
        let null_count = nulls.is_valid(index).then(|| nulls.value(index));
        let is_bounded = lows.is_valid(index) && highs.is_valid(index);
        let span = if null_count == Some(rows) {
            Span::Empty
        } else if is_bounded {
            Span::Between(
                ScalarValue::try_from_array(&lows, index).ok()?,
                ScalarValue::try_from_array(&highs, index).ok()?,
            )
        } else {
            Span::Unknown
        };
        known.push(Known {
            has_no_nulls: null_count == Some(0),
            span,
        });
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowledge_of_two_files_is_the_weaker_one() {
        let day = |day: i32| ScalarValue::Date32(Some(day));
        let one = Known::constant(&day(3));
        let other = Known::constant(&day(9));
        let both = one.clone().and(other);
        assert!(both.is_at_most(&day(9)) && !both.is_at_most(&day(8)));
        assert!(both.is_at_least(&day(3)) && both.has_no_nulls);
        assert_eq!(Known::NO_ROWS.and(one.clone()), one);
        assert!(!one.clone().and(Known::nulls()).has_no_nulls);
        assert_eq!(one.and(Known::NOTHING), Known::NOTHING);
    }
}

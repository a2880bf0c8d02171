//! Which types of a file's columns may stand for a contract's types.
//!
//! Only what loses nothing is allowed, and what may not fit is checked value by
//! value. Everything else is refused with what to do about it: a cast made in
//! silence changes numbers that somebody trusts.

use arrow::datatypes::{DataType, TimeUnit};

use crate::config::contract::{ColumnType, DECIMAL_PRECISION, DECIMAL_SCALE};

/// How a file's type fits the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Widening {
    /// The same type.
    Same,
    /// Every value fits.
    Always,
    /// A value may be too large; such rows are quarantined.
    Checked,
}

/// How `found` fits `kind`.
///
/// # Errors
/// What to do about it.
pub(super) fn widening(found: &DataType, kind: ColumnType) -> Result<Widening, String> {
    if *found == kind.arrow_type() {
        return Ok(Widening::Same);
    }
    let allowed = match kind {
        ColumnType::Text => text(found),
        ColumnType::Integer => integer(found),
        ColumnType::Float => match found {
            DataType::Float32 | DataType::Float16 => Some(Widening::Always),
            _ => None,
        },
        ColumnType::Boolean => None,
        ColumnType::Date => (*found == DataType::Date64).then_some(Widening::Checked),
        ColumnType::Timestamp => match found {
            DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, Some(_)) => {
                Some(Widening::Always)
            }
            DataType::Timestamp(_, Some(_)) => Some(Widening::Checked),
            _ => None,
        },
        ColumnType::Decimal => decimal(found),
    };
    allowed.ok_or_else(|| remedy(found, kind))
}

fn text(found: &DataType) -> Option<Widening> {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Widening::Always),
        DataType::Dictionary(_, values) => text(values),
        _ => None,
    }
}

fn integer(found: &DataType) -> Option<Widening> {
    match found {
        DataType::UInt64 => Some(Widening::Checked),
        other if other.is_integer() => Some(Widening::Always),
        _ => None,
    }
}

fn decimal(found: &DataType) -> Option<Widening> {
    // Digits before the point that every amount has.
    let whole_max = i16::from(DECIMAL_PRECISION) - i16::from(DECIMAL_SCALE);
    match found {
        DataType::Int64 | DataType::UInt64 => Some(Widening::Checked),
        other if other.is_integer() => Some(Widening::Always),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale)
            if *scale <= DECIMAL_SCALE =>
        {
            let whole = i16::from(*precision) - i16::from(*scale);
            Some(if whole <= whole_max {
                Widening::Always
            } else {
                Widening::Checked
            })
        }
        _ => None,
    }
}

fn remedy(found: &DataType, kind: ColumnType) -> String {
    match (kind, found) {
        (_, DataType::Null) => format!(
            "the file holds no value in it and so no type; write it as {} even when all is null",
            describe(&kind.arrow_type())
        ),
        (ColumnType::Timestamp, DataType::Timestamp(_, None)) => {
            "it has no zone, so the instant is anybody's guess; write it in UTC with its zone \
             (pandas: dt.tz_localize('UTC'); Spark: spark.sql.parquet.outputTimestampType = \
             TIMESTAMP_MICROS)"
                .to_owned()
        }
        (ColumnType::Timestamp, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
            "write it as a timestamp in UTC, not as text".to_owned()
        }
        (ColumnType::Date, DataType::Timestamp(..)) => {
            "write it as a date: which day an instant falls on depends on the zone".to_owned()
        }
        (ColumnType::Integer, other) if other.is_floating() => {
            "write it as int64 (pandas: astype('Int64'), which allows nulls)".to_owned()
        }
        (ColumnType::Decimal, other) if other.is_floating() => format!(
            "write money as decimal({DECIMAL_PRECISION}, {DECIMAL_SCALE}): a float cannot hold \
             every cent"
        ),
        (ColumnType::Decimal, DataType::Decimal128(..) | DataType::Decimal256(..)) => format!(
            "write at most {DECIMAL_SCALE} digits after the point; kenko does not round money"
        ),
        (ColumnType::Text, DataType::Binary | DataType::LargeBinary | DataType::BinaryView) => {
            "mark the column as UTF-8 text when writing it".to_owned()
        }
        _ => format!("write it as {}", describe(&kind.arrow_type())),
    }
}

/// A type as messages name it.
pub(super) fn describe(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "us",
                TimeUnit::Nanosecond => "ns",
            };
            match zone {
                Some(zone) => format!("timestamp[{unit}, {zone}]"),
                None => format!("timestamp[{unit}] without a zone"),
            }
        }
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Dictionary(_, values) => format!("dictionary of {}", describe(values)),
        DataType::Null => "a column of nulls without a type".to_owned(),
        DataType::List(_) | DataType::LargeList(_) => "a list".to_owned(),
        DataType::Struct(_) => "a struct".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zoned(unit: TimeUnit, zone: &str) -> DataType {
        DataType::Timestamp(unit, Some(zone.into()))
    }

    #[test]
    fn what_loses_nothing_is_allowed() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let cases = [
            (DataType::Utf8, ColumnType::Text, Widening::Same),
            (dictionary, ColumnType::Text, Widening::Always),
            (DataType::Utf8View, ColumnType::Text, Widening::Always),
            (DataType::Int16, ColumnType::Integer, Widening::Always),
            (DataType::UInt64, ColumnType::Integer, Widening::Checked),
            (DataType::Float32, ColumnType::Float, Widening::Always),
            (
                zoned(TimeUnit::Nanosecond, "UTC"),
                ColumnType::Timestamp,
                Widening::Always,
            ),
            (
                zoned(TimeUnit::Microsecond, "Europe/Berlin"),
                ColumnType::Timestamp,
                Widening::Always,
            ),
            (
                zoned(TimeUnit::Millisecond, "+00:00"),
                ColumnType::Timestamp,
                Widening::Checked,
            ),
            (
                DataType::Decimal128(10, 2),
                ColumnType::Decimal,
                Widening::Always,
            ),
            (
                DataType::Decimal128(38, 2),
                ColumnType::Decimal,
                Widening::Checked,
            ),
            (DataType::Int32, ColumnType::Decimal, Widening::Always),
            (DataType::Int64, ColumnType::Decimal, Widening::Checked),
        ];
        for (found, kind, expected) in cases {
            assert_eq!(widening(&found, kind), Ok(expected), "{found} as {kind:?}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_remedy() {
        let cases = [
            (DataType::Int64, ColumnType::Text, "write it as text"),
            (DataType::Float64, ColumnType::Integer, "int64"),
            (DataType::Int32, ColumnType::Float, "float64"),
            (DataType::Float64, ColumnType::Decimal, "cent"),
            (
                DataType::Decimal128(18, 6),
                ColumnType::Decimal,
                "does not round",
            ),
            (
                DataType::Timestamp(TimeUnit::Microsecond, None),
                ColumnType::Timestamp,
                "no zone",
            ),
            (DataType::Utf8, ColumnType::Timestamp, "not as text"),
            (DataType::Utf8, ColumnType::Date, "write it as date"),
            (
                zoned(TimeUnit::Microsecond, "UTC"),
                ColumnType::Date,
                "zone",
            ),
            (DataType::Null, ColumnType::Text, "no type"),
            (DataType::Binary, ColumnType::Text, "UTF-8"),
            (DataType::Int8, ColumnType::Boolean, "boolean"),
        ];
        for (found, kind, expected) in cases {
            let remedy = widening(&found, kind).unwrap_err();
            assert!(remedy.contains(expected), "{found} as {kind:?}: {remedy}");
        }
    }
}

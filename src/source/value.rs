//! Reads text as a value of a contract's type.
//!
//! Used for CSV, JSON lines and the names of partition folders. Nothing is
//! rounded and nothing is guessed: what does not convert says why.

use datafusion::common::ScalarValue;

use crate::config::contract::{ColumnType, DECIMAL_PRECISION, DECIMAL_SCALE};
use crate::time::{self, EpochDays, Microseconds, Zone};

/// How dates and timestamps are written; ISO 8601 where nothing is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formats<'a> {
    /// `strftime` directives of dates.
    pub(super) date: Option<&'a str>,
    /// `strftime` directives of timestamps.
    pub(super) timestamp: Option<&'a str>,
    /// The zone of a wall clock.
    pub(super) zone: &'a Zone,
}

/// A value in the contract's type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// Days since 1970.
    Date(EpochDays),
    Timestamp(Microseconds),
    /// In units of the last decimal place.
    Decimal(i128),
}

/// Why a text is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It cannot be read: "is not …".
    Unreadable(String),
    /// It is a number, but a larger one than the type holds: "is …".
    TooLarge(String),
}

/// Reads `text`, which is not empty, as a value of `kind`.
pub(super) fn parse(kind: ColumnType, text: &str, formats: &Formats<'_>) -> Result<Value, Problem> {
    let trimmed = text.trim();
    match kind {
        ColumnType::Text => Ok(Value::Text(text.to_owned())),
        ColumnType::Integer => integer(trimmed),
        ColumnType::Float => trimmed
            .parse()
            .map(Value::Float)
            .map_err(|_| unreadable("is not a number")),
        ColumnType::Boolean => boolean(trimmed),
        ColumnType::Date => date(trimmed, formats),
        ColumnType::Timestamp => timestamp(trimmed, formats),
        ColumnType::Decimal => decimal(trimmed),
    }
}

impl Value {
    /// The value as Arrow's scalar.
    pub(super) fn scalar(self) -> ScalarValue {
        match self {
            Self::Text(text) => ScalarValue::Utf8(Some(text)),
            Self::Integer(number) => ScalarValue::Int64(Some(number)),
            Self::Float(number) => ScalarValue::Float64(Some(number)),
            Self::Boolean(flag) => ScalarValue::Boolean(Some(flag)),
            Self::Date(day) => ScalarValue::Date32(Some(day)),
            Self::Timestamp(instant) => {
                ScalarValue::TimestampMicrosecond(Some(instant), Some("UTC".into()))
            }
            Self::Decimal(units) => {
                ScalarValue::Decimal128(Some(units), DECIMAL_PRECISION, DECIMAL_SCALE)
            }
        }
    }
}

fn unreadable(text: &str) -> Problem {
    Problem::Unreadable(text.to_owned())
}

/// Whole numbers; `12.0` is one too, for that is how pandas writes integers of
/// a column that also has gaps.
fn integer(text: &str) -> Result<Value, Problem> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') => {
            whole
        }
        _ => text,
    };
    if !is_digits(whole) {
        return Err(unreadable("is not a whole number"));
    }
    whole
        .parse()
        .map(Value::Integer)
        .map_err(|_| Problem::TooLarge("is too large for a 64-bit integer".to_owned()))
}

/// An optional sign and at least one digit.
fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

fn boolean(text: &str) -> Result<Value, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(Value::Boolean(true)),
        "false" | "0" => Ok(Value::Boolean(false)),
        _ => Err(unreadable("is not true, false, 1 or 0")),
    }
}

fn date(text: &str, formats: &Formats<'_>) -> Result<Value, Problem> {
    let format = formats.date.unwrap_or("%Y-%m-%d");
    time::parse_date_as(text, format)
        .map(Value::Date)
        .ok_or_else(|| Problem::Unreadable(format!("is not a date in format `{format}`")))
}

fn timestamp(text: &str, formats: &Formats<'_>) -> Result<Value, Problem> {
    let instant = match formats.timestamp {
        Some(format) => time::parse_instant_as(text, format, formats.zone),
        None => time::parse_instant(text),
    };
    instant
        .map(Value::Timestamp)
        .ok_or_else(|| match formats.timestamp {
            Some(format) => Problem::Unreadable(format!("is not a timestamp in format `{format}`")),
            None => {
                unreadable("is not an ISO 8601 timestamp with a zone, such as 2026-01-31T09:00:00Z")
            }
        })
}

fn decimal(text: &str) -> Result<Value, Problem> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let is_number = (!digits.is_empty() || !fraction.is_empty())
        && digits
            .bytes()
            .chain(fraction.bytes())
            .all(|digit| digit.is_ascii_digit());
    if !is_number {
        return Err(unreadable("is not a decimal number"));
    }
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::from(DECIMAL_SCALE.unsigned_abs());
    if fraction.len() > scale {
        return Err(Problem::Unreadable(format!(
            "has more than {DECIMAL_SCALE} digits after the point"
        )));
    }
    let digits = digits.trim_start_matches('0');
    let precision = usize::from(DECIMAL_PRECISION);
    if digits.len() > precision - scale {
        return Err(Problem::TooLarge(format!(
            "is too large for decimal({DECIMAL_PRECISION}, {DECIMAL_SCALE})"
        )));
    }
    let padded = format!("{digits}{fraction:0<scale$}");
    let units: i128 = padded
        .parse()
        .map_err(|_| unreadable("is not a decimal number"))?;
    Ok(Value::Decimal(if negative { -units } else { units }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: ColumnType, text: &str) -> Result<Value, Problem> {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let formats = Formats {
            date: None,
            timestamp: None,
            zone: &zone,
        };
        parse(kind, text, &formats)
    }

    #[test]
    fn what_is_exact_converts() {
        let cases = [
            (ColumnType::Integer, " 42 ", Value::Integer(42)),
            (ColumnType::Integer, "-7.00", Value::Integer(-7)),
            (ColumnType::Boolean, "TRUE", Value::Boolean(true)),
            (ColumnType::Boolean, "0", Value::Boolean(false)),
            (ColumnType::Date, "1970-01-03", Value::Date(2)),
            (
                ColumnType::Timestamp,
                "1970-01-01T09:00:00+09:00",
                Value::Timestamp(0),
            ),
            (
                ColumnType::Timestamp,
                "1970-01-01 00:00:01Z",
                Value::Timestamp(1_000_000),
            ),
            (ColumnType::Decimal, "12.5", Value::Decimal(125_000)),
            (ColumnType::Decimal, "-0.00010", Value::Decimal(-1)),
            (ColumnType::Decimal, ".5", Value::Decimal(5_000)),
            (
                ColumnType::Decimal,
                "99999999999999.9999",
                Value::Decimal(999_999_999_999_999_999),
            ),
            (ColumnType::Float, "1e3", Value::Float(1000.0)),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(read(kind, text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_says_why() {
        let cases = [
            (ColumnType::Integer, "3.5", "whole number"),
            (ColumnType::Integer, "99999999999999999999", "too large"),
            (ColumnType::Boolean, "yes", "true, false"),
            (ColumnType::Date, "31.01.2026", "format `%Y-%m-%d`"),
            (ColumnType::Date, "2026-02-30", "date"),
            (ColumnType::Timestamp, "2026-01-31 09:00:00", "with a zone"),
            (ColumnType::Decimal, "1,234.50", "decimal number"),
            (ColumnType::Decimal, "1.23456", "more than 4 digits"),
            (ColumnType::Decimal, "100000000000000", "too large"),
            (ColumnType::Decimal, "-", "decimal number"),
            (ColumnType::Float, "1,5", "number"),
        ];
        for (kind, text, expected) in cases {
            let (Problem::Unreadable(why) | Problem::TooLarge(why)) = read(kind, text).unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }

    #[test]
    fn a_declared_format_reads_a_wall_clock_in_the_zone() {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let formats = Formats {
            date: Some("%d-%m-%Y"),
            timestamp: Some("%d-%m-%Y %H:%M"),
            zone: &zone,
        };
        let instant = parse(ColumnType::Timestamp, "01-01-1970 09:00", &formats);
        assert_eq!(instant, Ok(Value::Timestamp(0)));
        let day = parse(ColumnType::Date, "02-01-1970", &formats);
        assert_eq!(day, Ok(Value::Date(1)));
    }
}

//! Rows as text: one form for each value, whatever the machine.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use sqllogictest::ColumnType;

/// The type letter of a column in a `query` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// T: text.
    Text,
    /// I: integers.
    Integer,
    /// R: floats and decimals.
    Number,
    /// B: boolean.
    Boolean,
    /// D: dates.
    Date,
    /// P: timestamps.
    Timestamp,
    /// ?: anything.
    Any,
}

impl ColumnType for Column {
    fn from_char(value: char) -> Option<Self> {
        match value {
            'T' => Some(Self::Text),
            'I' => Some(Self::Integer),
            'R' => Some(Self::Number),
            'B' => Some(Self::Boolean),
            'D' => Some(Self::Date),
            'P' => Some(Self::Timestamp),
            '?' => Some(Self::Any),
            _ => None,
        }
    }

    fn to_char(&self) -> char {
        match self {
            Self::Text => 'T',
            Self::Integer => 'I',
            Self::Number => 'R',
            Self::Boolean => 'B',
            Self::Date => 'D',
            Self::Timestamp => 'P',
            Self::Any => '?',
        }
    }
}

/// As many columns as expected; numbers must be of the expected kind, `?`
/// stands for everything, and `T` also for what is neither number nor text.
#[expect(
    clippy::ptr_arg,
    reason = "the runner takes a function of this signature"
)]
pub(crate) fn column_validator<T: ColumnType>(actual: &Vec<T>, expected: &Vec<T>) -> bool {
    let fits = |(actual, expected): (&T, &T)| match (expected.to_char(), actual.to_char()) {
        ('?', _) => true,
        ('T', actual) => !matches!(actual, 'I' | 'R'),
        (expected, actual) => expected == actual,
    };
    actual.len() == expected.len() && actual.iter().zip(expected).all(fits)
}

pub(crate) fn columns(schema: &SchemaRef) -> Vec<Column> {
    let kind = |data_type: &DataType| match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Column::Text,
        integer if integer.is_integer() => Column::Integer,
        number if number.is_numeric() => Column::Number,
        DataType::Boolean => Column::Boolean,
        DataType::Date32 | DataType::Date64 => Column::Date,
        DataType::Timestamp(..) => Column::Timestamp,
        _ => Column::Any,
    };
    let fields = schema.fields().iter();
    fields.map(|field| kind(field.data_type())).collect()
}

pub(crate) fn rows(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            rows.push(
                batch
                    .columns()
                    .iter()
                    .map(|column| cell(column, row))
                    .collect(),
            );
        }
    }
    rows
}

fn cell(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".to_owned();
    }
    match array.data_type() {
        DataType::Float32 => float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items = (0..items.len()).map(|item| cell(&items, item));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        DataType::Struct(fields) => {
            let values = array.as_struct().columns().iter();
            let items = fields
                .iter()
                .zip(values)
                .map(|(field, value)| format!("{}: {}", field.name(), cell(value, row)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
        _ => {
            let options = FormatOptions::default();
            match ArrayFormatter::try_new(array, &options) {
                Ok(formatter) => match formatter.value(row).to_string() {
                    text if text.is_empty() => "(empty)".to_owned(),
                    text => text,
                },
                Err(cause) => cause.to_string(),
            }
        }
    }
}

/// Six digits after the point at most, one at least.
fn float(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let rounded = format!("{value:.6}");
    let short = rounded.trim_end_matches('0');
    match short {
        "-0." | "0." => "0.0".to_owned(),
        short if short.ends_with('.') => format!("{short}0"),
        short => short.to_owned(),
    }
}

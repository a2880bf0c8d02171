//! Extracts as tests need them: events made up, and extracts changed as time changes them
//! (rows that come later, values that become known later, corrections, another order).

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{concat_batches, nullif, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use kenko::config::contract::{Contract, HiddenAfter};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const DAY: i64 = 86_400_000_000;
/// Tokyo's day begins nine hours before that of UTC.
const TOKYO: i64 = 9 * 3_600_000_000;

pub(crate) fn read(file: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

pub(crate) fn write(file: &Path, batch: &RecordBatch) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(file).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Events of these keys, instants (microseconds), accounts and names.
pub(crate) fn events(
    keys: impl Iterator<Item = String>,
    instants: impl Iterator<Item = i64>,
    accounts: impl Iterator<Item = String>,
    names: impl Iterator<Item: AsRef<str>>,
) -> RecordBatch {
    let instants = TimestampMicrosecondArray::from_iter_values(instants).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 4] = [
        ("event_id", Arc::new(StringArray::from_iter_values(keys))),
        ("occurred_at", Arc::new(instants)),
        (
            "account_id",
            Arc::new(StringArray::from_iter_values(accounts)),
        ),
        ("name", Arc::new(StringArray::from_iter_values(names))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The same rows, last one first.
pub(crate) fn reversed(batch: &RecordBatch) -> RecordBatch {
    pick(batch, (0..batch.num_rows()).rev())
}

/// Only the rows that `keep` wants.
pub(crate) fn filtered(batch: &RecordBatch, keep: impl Fn(usize) -> bool) -> RecordBatch {
    pick(batch, (0..batch.num_rows()).filter(|row| keep(*row)))
}

fn pick(batch: &RecordBatch, rows: impl Iterator<Item = usize>) -> RecordBatch {
    let rows = rows.map(|row| u32::try_from(row).unwrap());
    take_record_batch(batch, &UInt32Array::from_iter_values(rows)).unwrap()
}

/// The texts of a column.
pub(crate) fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let texts = batch.column_by_name(column).unwrap().as_string::<i32>();
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

/// The batch with another column in the place of one.
pub(crate) fn replaced(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of(name).unwrap()] = column;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// The extract as it was at the end of `day`: without the rows, and without the
/// values, that came later.
pub(crate) fn known_on(batch: &RecordBatch, contract: &Contract, day: i32) -> RecordBatch {
    let first_later = |column: &ArrayRef| after(day, 0, column.data_type());
    let visible_from = contract.visible_from.as_ref();
    let known = match visible_from.and_then(|name| batch.column_by_name(name)) {
        None => batch.clone(),
        Some(column) => {
            let moments = moment_values(column);
            let limit = first_later(column);
            filtered(batch, |row| {
                moments[row].is_none_or(|moment| moment < limit)
            })
        }
    };
    let mut cut = known.clone();
    for column in &contract.columns {
        let dated = match &column.hidden_after {
            None => continue,
            Some(HiddenAfter::Own) => &column.name,
            Some(HiddenAfter::Column(dated)) => dated,
        };
        let both = known.column_by_name(&column.name);
        let Some((value, date)) = both.zip(known.column_by_name(dated)) else {
            continue;
        };
        let hidden = BooleanArray::from(is_unknown(date, day));
        let value = nullif(value, &hidden).unwrap();
        cut = replaced(&cut, &column.name, value);
    }
    cut
}

/// What the extract would say if it were made long after `day`: values not
/// known on that day are filled in.
pub(crate) fn known_later(batch: &RecordBatch, contract: &Contract, day: i32) -> RecordBatch {
    let mut later = batch.clone();
    for column in &contract.columns {
        let Some(now) = batch.column_by_name(&column.name) else {
            continue;
        };
        let changed = match &column.hidden_after {
            None => continue,
            Some(HiddenAfter::Own) => {
                let unknown = is_unknown(now, day);
                let later = |row| Some(after(day, row, now.data_type()));
                moments(
                    now,
                    |row, value| if unknown[row] { later(row) } else { value },
                )
            }
            Some(HiddenAfter::Column(dated)) => {
                let unknown = is_unknown(batch.column_by_name(dated).unwrap(), day);
                other_value(now, &unknown)
            }
        };
        later = replaced(&later, &column.name, changed);
    }
    later
}

/// Rows from after `day`: some with keys of their own, some that repeat the
/// key of a row that was known before.
pub(crate) fn rows_from_later(batch: &RecordBatch, contract: &Contract, day: i32) -> RecordBatch {
    let visible_from = contract.visible_from.as_ref().unwrap();
    let some = batch.slice(0, batch.num_rows().min(6));
    let instants = some.column_by_name(visible_from).unwrap();
    let later = moments(instants, |row, _| {
        Some(after(day, row, instants.data_type()))
    });
    let repeated = replaced(&some, visible_from, later);
    let mut new = repeated.clone();
    for key in contract.key.iter().filter(|key| *key != visible_from) {
        let names = texts(&some, key).into_iter().enumerate();
        let names = names.map(|(row, name)| name.map(|name| format!("{name}-later-{row}")));
        new = replaced(&new, key, Arc::new(names.collect::<StringArray>()));
    }
    concat_batches(&batch.schema(), [&repeated, &new]).unwrap()
}

/// A moment after `day` in Tokyo: of row 0 the very first one.
fn after(day: i32, row: usize, kind: &DataType) -> i64 {
    let days = i64::from(day) + 1 + i64::try_from(row % 5).unwrap() * 9;
    match kind {
        DataType::Date32 => days,
        _ => days * DAY - TOKYO,
    }
}

fn is_unknown(column: &ArrayRef, day: i32) -> Vec<bool> {
    let first_later = after(day, 0, column.data_type());
    let values = moment_values(column);
    values
        .into_iter()
        .map(|value| value.is_none_or(|value| value >= first_later))
        .collect()
}

fn moment_values(column: &ArrayRef) -> Vec<Option<i64>> {
    match column.data_type() {
        DataType::Date32 => column
            .as_primitive::<Date32Type>()
            .iter()
            .map(|day| day.map(i64::from))
            .collect(),
        DataType::Timestamp(_, _) => column
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .collect(),
        other => panic!("{other} holds no moments"),
    }
}

fn moments(column: &ArrayRef, change: impl Fn(usize, Option<i64>) -> Option<i64>) -> ArrayRef {
    let values = moment_values(column).into_iter().enumerate();
    let values = values.map(|(row, value)| change(row, value));
    if let DataType::Timestamp(_, zone) = column.data_type() {
        let instants = values.collect::<TimestampMicrosecondArray>();
        return Arc::new(instants.with_timezone_opt(zone.clone()));
    }
    let days = values.map(|day| day.map(|day| i32::try_from(day).unwrap()));
    Arc::new(days.collect::<Date32Array>())
}

/// Another value in each row that is marked.
fn other_value(column: &ArrayRef, marked: &[bool]) -> ArrayRef {
    match column.data_type() {
        DataType::Boolean => {
            let values = column.as_boolean().iter().zip(marked);
            let values = values.map(|(value, marked)| match marked {
                true => Some(value != Some(true)),
                false => value,
            });
            Arc::new(values.collect::<BooleanArray>())
        }
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>().iter().zip(marked);
            let values = values.map(|(value, marked)| match marked {
                true => Some(value.map_or(1, |value| value + 1)),
                false => value,
            });
            Arc::new(values.collect::<Int64Array>())
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>().iter().zip(marked);
            let values = values.map(|(value, marked)| match marked {
                true => Some(value.map_or(1.0, |value| value + 1.0)),
                false => value,
            });
            Arc::new(values.collect::<Float64Array>())
        }
        DataType::Utf8 => {
            let values = column.as_string::<i32>().iter().zip(marked);
            let values = values.map(|(value, marked)| match marked {
                true => Some(value.map_or_else(|| "other".to_owned(), |value| format!("{value}!"))),
                false => value.map(str::to_owned),
            });
            Arc::new(values.collect::<StringArray>())
        }
        other => panic!("no other value of type {other} is known here"),
    }
}

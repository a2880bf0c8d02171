//! What the functions share: texts in any of Arrow's layouts, and errors.

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, LargeStringArray, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::ScalarFunctionArgs;

use super::FunctionDoc;
use crate::error::Error;

/// A text column as the engine happens to hold it.
#[derive(Clone, Copy)]
pub(crate) enum Texts<'a> {
    Utf8(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    pub(crate) fn of(array: &'a ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Utf8(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view())),
            other => Err(DataFusionError::Internal(format!("{other} is no text"))),
        }
    }

    pub(crate) fn get(self, row: usize) -> Option<&'a str> {
        match self {
            Self::Utf8(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

/// Accepts any layout of text as it is, so that nothing is copied.
pub(super) fn text_type(function: &str, given: &DataType) -> Result<DataType> {
    match given {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(given.clone()),
        DataType::Null => Ok(DataType::Utf8),
        DataType::Dictionary(_, value) => text_type(function, value),
        other => plan_err!("{function} needs a text, not {other}"),
    }
}

/// Accepts two texts, each in its own layout.
pub(super) fn two_texts(function: &FunctionDoc, given: &[DataType]) -> Result<Vec<DataType>> {
    match given {
        [one, other] => Ok(vec![
            text_type(function.name, one)?,
            text_type(function.name, other)?,
        ]),
        _ => wrong_count(function.signature, given.len()),
    }
}

/// Accepts timestamps of any unit as instants; one without a zone is in UTC.
pub(super) fn instant_type(function: &str, given: &DataType) -> Result<DataType> {
    match given {
        DataType::Timestamp(_, _) | DataType::Null => Ok(instant()),
        other => plan_err!("{function} needs a timestamp, not {other}"),
    }
}

/// Accepts integers of any width.
pub(super) fn integer_type(function: &str, given: &DataType) -> Result<DataType> {
    if given.is_integer() || given.is_null() {
        return Ok(DataType::Int64);
    }
    plan_err!("{function} needs an integer, not {given}")
}

/// Accepts numbers of any kind as floats.
pub(super) fn float_type(function: &str, given: &DataType) -> Result<DataType> {
    if given.is_numeric() || given.is_null() {
        return Ok(DataType::Float64);
    }
    plan_err!("{function} needs a number, not {given}")
}

/// The arguments as columns of as many rows as the call has, also where all of them are
/// the same for every row.
pub(super) fn columns(arguments: &ScalarFunctionArgs) -> Result<Vec<ArrayRef>> {
    let rows = arguments.number_rows;
    let columns = arguments.args.iter().map(|one| one.to_array(rows));
    columns.collect()
}

/// The type of every timestamp column of kenko.
pub(super) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A value that the function cannot work with: the author of the SQL acts.
pub(super) fn refuse(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(Error::usage(message)))
}

/// The error of a call with another number of arguments.
pub(super) fn wrong_count<T>(signature: &str, given: usize) -> Result<T> {
    plan_err!("{signature} cannot take {given} arguments")
}

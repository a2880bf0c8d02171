//! `in_words(text, value, …)`: numbers put into a sentence of the pipeline.
//!
//! The sentence says where: `{1}` is the first value, `{1%}` the same as whole percent. The
//! wording and the choice of numbers are the caller's; nothing is translated here.

use std::fmt::Write;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Float64Array, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{Texts, columns, refuse, text_type, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "in_words",
    signature: "in_words(text, value float, …) → text",
    meaning: "The text with every `{1}` replaced by the first value and every `{1%}` by the same \
              in whole percent, `{2}` by the second, and so on: whole numbers without a point, \
              others with two digits at most, halves away from zero. A value that is null reads `?`; null where the \
              text is null.",
    source: "",
};

/// A number as people read it: two digits after the point at most, halves away from zero.
fn plain(value: f64) -> String {
    let text = format!("{:.2}", (value * 100.0).round() / 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// Appends `text` with its places filled; what is no place stays as it is.
fn fill(text: &str, values: &[Option<f64>], out: &mut impl Write) -> std::fmt::Result {
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.write_str(&rest[..start])?;
        let after = &rest[start + 1..];
        let place = after.find('}').map(|end| &after[..end]);
        let found = place.and_then(|place| {
            let (number, is_percent) = match place.strip_suffix('%') {
                Some(number) => (number, true),
                None => (place, false),
            };
            let position = number.parse::<usize>().ok()?.checked_sub(1)?;
            Some((*values.get(position)?, is_percent, place.len()))
        });
        let Some((value, is_percent, length)) = found else {
            out.write_str("{")?;
            rest = after;
            continue;
        };
        match value {
            None => out.write_str("?")?,
            Some(value) if is_percent => write!(out, "{:.0}", (value * 100.0).round())?,
            Some(value) => out.write_str(&plain(value))?,
        }
        rest = &after[length + 1..];
    }
    out.write_str(rest)
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct InWords {
    signature: Signature,
}

impl InWords {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for InWords {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let Some((text, values)) = given.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        let mut types = vec![text_type(self.name(), text)?];
        for value in values {
            if !value.is_numeric() && !value.is_null() {
                return plan_err!("{} needs a number, not {value}", self.name());
            }
            types.push(DataType::Float64);
        }
        Ok(types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let arrays = columns(&arguments)?;
        let texts = Texts::of(&arrays[0])?;
        let values: Vec<&Float64Array> = arrays[1..]
            .iter()
            .map(AsArray::as_primitive::<Float64Type>)
            .collect();
        let mut built = StringBuilder::new();
        for row in 0..rows {
            let Some(text) = texts.get(row) else {
                built.append_null();
                continue;
            };
            let of_row: Vec<Option<f64>> = values
                .iter()
                .map(|array| array.is_valid(row).then(|| array.value(row)))
                .collect();
            fill(text, &of_row, &mut built).map_err(|cause| refuse(cause.to_string()))?;
            built.append_value("");
        }
        Ok(ColumnarValue::Array(Arc::new(built.finish())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, values: &[Option<f64>]) -> String {
        let mut out = String::new();
        fill(text, values, &mut out).unwrap();
        out
    }

    #[test]
    fn places_are_filled_and_nothing_else() {
        let values = [Some(12.0), Some(0.256), None];
        assert_eq!(filled("{1} days, {2%} %", &values), "12 days, 26 %");
        assert_eq!(filled("{2} and {3}", &values), "0.26 and ?");
        assert_eq!(filled("{4} {0} {x} { {1", &values), "{4} {0} {x} { {1");
        assert_eq!(
            filled("推奨度{1}（10点満点）", &values),
            "推奨度12（10点満点）"
        );
        assert_eq!(filled("", &values), "");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(plain(60.0), "60");
        assert_eq!(plain(6.5), "6.5");
        assert_eq!(plain(0.345), "0.35");
        assert_eq!(filled("{1%}", &[Some(0.345)]), "35");
        assert_eq!(plain(-0.001), "0");
        assert_eq!(plain(1_000.126), "1000.13");
    }
}

//! `parse_date(text, format)`: dates of extracts that write them their own way.

use std::sync::Arc;

use datafusion::arrow::array::Date32Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{Texts, two_texts};
use crate::time;

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "parse_date",
    signature: "parse_date(text, format text) → date",
    meaning: "The date that the text says by strftime directives such as `%d-%m-%Y`; null when it \
              does not fit.",
    source: "",
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ParseDate {
    signature: Signature,
}

impl ParseDate {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ParseDate {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        two_texts(&DOCUMENTATION, given)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (texts, formats) = (Texts::of(&arrays[0])?, Texts::of(&arrays[1])?);
        let dates: Date32Array = (0..arrays[0].len())
            .map(|row| time::parse_date_as(texts.get(row)?, formats.get(row)?))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(dates)))
    }
}

//! `parse_timestamp(text, format)`: instants of extracts that write them their
//! own way. The zone is part of the function, as in [`super::local_day`].

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::TimestampMicrosecondArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{Texts, instant, two_texts};
use crate::time::{self, Zone};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "parse_timestamp",
    signature: "parse_timestamp(text, format text) → timestamp",
    meaning: "The instant that the text says by strftime directives: with `%z` by its own offset, \
              else as a wall clock in the pipeline's time zone. A reading that a clock change \
              repeats means the first of the two; a format without a time means midnight. Null \
              when the text does not fit.",
    source: "",
};

#[derive(Debug)]
pub(super) struct ParseTimestamp {
    zone: Zone,
    signature: Signature,
}

impl ParseTimestamp {
    pub(super) fn new(zone: &Zone) -> Self {
        Self {
            zone: zone.clone(),
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl PartialEq for ParseTimestamp {
    fn eq(&self, other: &Self) -> bool {
        self.zone.name() == other.zone.name()
    }
}

impl Eq for ParseTimestamp {}

impl Hash for ParseTimestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.zone.name().hash(state);
    }
}

impl ScalarUDFImpl for ParseTimestamp {
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
        Ok(instant())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (texts, formats) = (Texts::of(&arrays[0])?, Texts::of(&arrays[1])?);
        let instants: TimestampMicrosecondArray = (0..arrays[0].len())
            .map(|row| time::parse_instant_as(texts.get(row)?, formats.get(row)?, &self.zone))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(
            instants.with_timezone("UTC"),
        )))
    }
}

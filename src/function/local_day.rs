//! `local_day(timestamp)`: the business day an instant falls on.
//!
//! The zone belongs to the function, not to its arguments: two sessions of
//! different zones have two different functions of this name, and a plan that
//! holds one never equals a plan that holds the other.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Date32Array};
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{instant_type, wrong_count};
use crate::time::{Days, Zone};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "local_day",
    signature: "local_day(timestamp) → date",
    meaning: "The calendar day in the pipeline's time zone on which the instant falls; days of 23 \
              and 25 hours included.",
    source: "",
};

#[derive(Debug)]
pub(super) struct LocalDay {
    zone: Zone,
    days: Arc<Days>,
    signature: Signature,
}

impl LocalDay {
    pub(super) fn new(zone: &Zone, days: &Days) -> Self {
        Self {
            zone: zone.clone(),
            days: Arc::new(days.clone()),
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl PartialEq for LocalDay {
    fn eq(&self, other: &Self) -> bool {
        self.zone.name() == other.zone.name()
    }
}

impl Eq for LocalDay {}

impl Hash for LocalDay {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.zone.name().hash(state);
    }
}

impl ScalarUDFImpl for LocalDay {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [instant] => Ok(vec![instant_type(self.name(), instant)?]),
            _ => wrong_count(DOCUMENTATION.signature, given.len()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let instants = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let days: Date32Array = instants
            .iter()
            .map(|instant| {
                let instant = instant?;
                self.days
                    .day_of(instant)
                    .or_else(|| self.zone.day_of(instant))
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(days) as ArrayRef))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::ScalarUDF;

    use super::*;
    use crate::time::parse_date;

    #[test]
    fn zones_make_different_functions() {
        let function = |name: &str| {
            let zone = Zone::parse(name).unwrap();
            let day = parse_date("2026-01-31").unwrap();
            ScalarUDF::new_from_impl(LocalDay::new(&zone, &zone.days(day, day).unwrap()))
        };
        assert_eq!(function("Asia/Tokyo"), function("Asia/Tokyo"));
        assert_ne!(function("Asia/Tokyo"), function("Asia/Seoul"));
    }
}

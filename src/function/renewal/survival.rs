//! `renewal_survival(alpha, beta, shape, renewals)`: the share that comes through
//! so many renewals.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::{Curve, FunctionDoc};
use crate::function::argument::{float_type, integer_type, refuse, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "renewal_survival",
    signature: "renewal_survival(alpha float, beta float, shape float, renewals integer) → float",
    meaning: "Share of customers, 0 to 1, that come through so many renewals, by a curve of \
              renewal_fit: B(alpha, beta + renewals ^ shape) / B(alpha, beta). Of two values, the \
              later divided by the earlier is the chance to come from there to here.",
    source: "Fader and Hardie 2007, Journal of Interactive Marketing 21; with a shape other than \
             1 Fader, Hardie, Liu, Davin and Steenburgh 2018, Journal of Interactive Marketing 43",
};

/// No customer has so many renewals; a wrong unit does.
pub(super) const RENEWALS_MAX: i64 = 10_000;

/// The number of renewals, checked.
pub(super) fn renewals_of(function: &str, renewals: i64) -> Result<usize> {
    match usize::try_from(renewals) {
        Ok(count) if renewals <= RENEWALS_MAX => Ok(count),
        _ => Err(refuse(format!(
            "`{function}` cannot take {renewals} renewals"
        ))),
    }
}

/// The curve of three parameters; none where one is null.
pub(super) fn curve_of(function: &str, parameters: [Option<f64>; 3]) -> Result<Option<Curve>> {
    let [Some(alpha), Some(beta), Some(shape)] = parameters else {
        return Ok(None);
    };
    match Curve::new(alpha, beta, shape) {
        Some(curve) => Ok(Some(curve)),
        None => Err(refuse(format!(
            "`{function}` needs positive parameters, not {alpha}, {beta} and {shape}"
        ))),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::function) struct RenewalSurvival {
    signature: Signature,
}

impl RenewalSurvival {
    pub(in crate::function) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for RenewalSurvival {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [parameters @ .., renewals] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        if parameters.len() != 3 {
            return wrong_count(DOCUMENTATION.signature, given.len());
        }
        let floats = parameters.iter().map(|one| float_type(self.name(), one));
        floats
            .chain([integer_type(self.name(), renewals)])
            .collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let floats = [0, 1, 2].map(|index: usize| arrays[index].as_primitive::<Float64Type>());
        let renewals = arrays[3].as_primitive::<Int64Type>();
        let values = renewals.iter().enumerate().map(|(row, renewals)| {
            let parameters = floats.map(|column| column.is_valid(row).then(|| column.value(row)));
            let curve = curve_of(self.name(), parameters)?;
            let (Some(curve), Some(renewals)) = (curve, renewals) else {
                return Ok(None);
            };
            let last = renewals_of(self.name(), renewals)?;
            Ok(curve.log_survival(last).last().map(|log| log.exp()))
        });
        let values: Float64Array = values.collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

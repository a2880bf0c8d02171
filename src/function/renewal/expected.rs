//! `expected_renewals(alpha, beta, shape, renewals, periods, factor)`: how many
//! renewals are still to come, each weighed by its distance.
//!
//! With a factor of 1 / (1 + d) and no end this is the discounted expected residual
//! lifetime of Fader and Hardie (2010), whose closed form is a hypergeometric
//! function; the sum itself converges as fast, and holds for every curve.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::survival::{RENEWALS_MAX, curve_of, renewals_of};
use super::{Curve, FunctionDoc};
use crate::function::argument::{float_type, integer_type, refuse, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "expected_renewals",
    signature: "expected_renewals(alpha float, beta float, shape float, renewals integer, periods \
                integer, factor float) → float",
    meaning: "Expected number of the next `periods` renewals of a customer that came through \
              `renewals` of them and stands just before the next, the k-th weighed with factor ^ \
              (k - 1). Without an end where periods is null; the factor must then be below 1.",
    source: "Fader and Hardie 2010, Marketing Science 29, equation 6 (DERL)",
};

/// A rest that no printed digit shows.
const NEGLIGIBLE: f64 = 1e-15;

fn expected(curve: Curve, renewals: usize, periods: Option<usize>, factor: f64) -> f64 {
    let mut sum = 0.0;
    let mut logarithm = 0.0;
    let mut weight = 1.0;
    let mut period = 0;
    while periods.is_none_or(|periods| period < periods) {
        period += 1;
        logarithm += curve.log_retention(renewals + period);
        let term = weight * logarithm.exp();
        sum += term;
        weight *= factor;
        // what is left is at most a geometric series from here
        if periods.is_none() && term * factor < NEGLIGIBLE * sum * (1.0 - factor) {
            break;
        }
    }
    sum
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::function) struct ExpectedRenewals {
    signature: Signature,
}

impl ExpectedRenewals {
    pub(in crate::function) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    fn checked(&self, periods: Option<i64>, factor: f64) -> Result<Option<usize>> {
        let most = if periods.is_some() { 2.0 } else { 0.999 };
        if !(factor > 0.0 && factor <= most) {
            return Err(refuse(format!(
                "`{}` needs a factor above 0 and up to {most}, not {factor}",
                self.name()
            )));
        }
        let Some(periods) = periods else {
            return Ok(None);
        };
        match usize::try_from(periods) {
            Ok(count) if periods <= RENEWALS_MAX => Ok(Some(count)),
            _ => Err(refuse(format!(
                "`{}` cannot take {periods} periods",
                self.name()
            ))),
        }
    }
}

impl ScalarUDFImpl for ExpectedRenewals {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [alpha, beta, shape, renewals, periods, factor] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        let name = self.name();
        Ok(vec![
            float_type(name, alpha)?,
            float_type(name, beta)?,
            float_type(name, shape)?,
            integer_type(name, renewals)?,
            integer_type(name, periods)?,
            float_type(name, factor)?,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let floats = [0, 1, 2, 5].map(|index: usize| arrays[index].as_primitive::<Float64Type>());
        let integers = [3, 4].map(|index: usize| arrays[index].as_primitive::<Int64Type>());
        let values = (0..arrays[0].len()).map(|row| {
            let [alpha, beta, shape, factor] =
                floats.map(|column| column.is_valid(row).then(|| column.value(row)));
            let [renewals, periods] =
                integers.map(|column| column.is_valid(row).then(|| column.value(row)));
            let curve = curve_of(self.name(), [alpha, beta, shape])?;
            let (Some(curve), Some(renewals), Some(factor)) = (curve, renewals, factor) else {
                return Ok(None);
            };
            let renewals = renewals_of(self.name(), renewals)?;
            let periods = self.checked(periods, factor)?;
            Ok(Some(expected(curve, renewals, periods, factor)))
        });
        let values: Float64Array = values.collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2F1(1, b; c; z) by its series: the closed form of the paper.
    fn hypergeometric(b: f64, c: f64, z: f64) -> f64 {
        let (mut sum, mut term, mut k) = (1.0, 1.0, 0.0);
        while term > 1e-17 {
            term *= (b + k) / (c + k) * z;
            sum += term;
            k += 1.0;
        }
        sum
    }

    #[test]
    fn residual_lifetimes_of_the_published_customers_at_ten_percent() {
        let regular = Curve::new(0.704_077, 1.182_043, 1.0).unwrap();
        let high_end = Curve::new(0.668_088, 3.806_095, 1.0).unwrap();
        let cases = [
            (
                regular,
                [2.964_399, 4.103_140, 4.869_805, 5.442_059, 5.894_095],
                3.694_908,
            ),
            (
                high_end,
                [5.414_479, 5.901_378, 6.293_892, 6.619_920, 6.896_707],
                5.922_254,
            ),
        ];
        for (curve, known, new_customer) in cases {
            let mut n = 1.0;
            for (renewals, known) in known.into_iter().enumerate() {
                let sum = expected(curve, renewals, None, 1.0 / 1.1);
                let (a, b) = (curve.alpha, curve.beta);
                let closed =
                    (b + n - 1.0) / (a + b + n - 1.0) * hypergeometric(b + n, a + b + n, 1.0 / 1.1);
                assert!((sum - closed).abs() < 1e-9, "{sum} {closed}");
                assert!((sum - known).abs() < 1e-5, "{sum} {known}");
                n += 1.0;
            }
            // the first payment is certain and comes now
            let lifetime = 1.0 + expected(curve, 0, None, 1.0 / 1.1) / 1.1;
            assert!((lifetime - new_customer).abs() < 1e-5, "{lifetime}");
        }
    }

    #[test]
    fn a_constant_hazard_is_a_geometric_series() {
        // 2 % a month for ever, 1,000 a month in advance, 10 % a year
        let curve = Curve::new(2e9, 98e9, 1.0).unwrap();
        let monthly = 1.1_f64.powf(-1.0 / 12.0);
        let value = 1000.0 * (1.0 + monthly * expected(curve, 0, None, monthly));
        assert!((value - 36_032.354).abs() < 5e-3, "{value}");
        let undiscounted = expected(curve, 0, Some(2), 1.0);
        assert!((undiscounted - 0.98 - 0.98 * 0.98).abs() < 1e-9);
        assert!(expected(curve, 5, Some(0), 1.0).abs() < 1e-12);
    }
}

//! `chi_square_p(statistic, degrees)`: how often chance alone gives such a sum.
//!
//! The upper tail of the chi-square distribution, by the series of the incomplete
//! gamma function on the left of its bend and its continued fraction on the right.
//! The statistic itself is a sum that SQL says well, and is not here.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{integer_type, refuse, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "chi_square_p",
    signature: "chi_square_p(statistic float, degrees integer) → float",
    meaning: "The probability, 0 to 1, that a chi-square variable with so many degrees of freedom \
              is at least the statistic; null with a null.",
    source: "Abramowitz and Stegun 1964, 26.4; Pearson 1900",
};

const ROUNDS_MAX: u32 = 10_000;
const TOLERANCE: f64 = 1e-15;
/// Keeps a fraction from being divided by zero.
const TINY: f64 = 1e-300;

/// ln Γ(x) of a half or whole number above zero: exact factors up, then Stirling.
fn ln_gamma(x: f64) -> f64 {
    let mut x = x;
    let mut factors = 0.0;
    while x < 15.0 {
        factors += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let tail = 1.0 / (12.0 * x) - 1.0 / (360.0 * x * square) + 1.0 / (1260.0 * x * square * square)
        - 1.0 / (1680.0 * x * square * square * square);
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + tail - factors
}

/// Q(shape, x), the regularised upper incomplete gamma function; x > 0.
fn upper_gamma(shape: f64, x: f64) -> f64 {
    let scale = (shape * x.ln() - x - ln_gamma(shape)).exp();
    if x < shape + 1.0 {
        let mut term = 1.0 / shape;
        let mut sum = term;
        let mut step = shape;
        for _ in 0..ROUNDS_MAX {
            step += 1.0;
            term *= x / step;
            sum += term;
            if term < sum * TOLERANCE {
                break;
            }
        }
        return (1.0 - scale * sum).clamp(0.0, 1.0);
    }
    // Lentz's way to evaluate a continued fraction
    let mut whole = x + 1.0 - shape;
    let mut above = 1.0 / TINY;
    let mut below = 1.0 / whole;
    let mut fraction = below;
    for round in 1..ROUNDS_MAX {
        let round = f64::from(round);
        let part = -round * (round - shape);
        whole += 2.0;
        below = part * below + whole;
        above = whole + part / above;
        if below.abs() < TINY {
            below = TINY;
        }
        if above.abs() < TINY {
            above = TINY;
        }
        below = 1.0 / below;
        let change = below * above;
        fraction *= change;
        if (change - 1.0).abs() < TOLERANCE {
            break;
        }
    }
    (scale * fraction).clamp(0.0, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "a few degrees of freedom")]
fn probability(statistic: f64, degrees: i64) -> Result<f64> {
    if !statistic.is_finite() || statistic < 0.0 || degrees < 1 {
        return Err(refuse(format!(
            "`{}` cannot take the statistic {statistic} with {degrees} degrees of freedom",
            DOCUMENTATION.name
        )));
    }
    if statistic == 0.0 {
        return Ok(1.0);
    }
    Ok(upper_gamma(degrees as f64 / 2.0, statistic / 2.0))
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ChiSquare {
    signature: Signature,
}

impl ChiSquare {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ChiSquare {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [statistic, degrees] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        if !(statistic.is_numeric() || statistic.is_null()) {
            return plan_err!("{} needs a number, not {statistic}", self.name());
        }
        Ok(vec![DataType::Float64, integer_type(self.name(), degrees)?])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let statistics = arrays[0].as_primitive::<Float64Type>();
        let degrees = arrays[1].as_primitive::<Int64Type>();
        let values: Float64Array = (statistics.iter().zip(degrees.iter()))
            .map(|(statistic, degrees)| match (statistic, degrees) {
                (Some(statistic), Some(degrees)) => probability(statistic, degrees).map(Some),
                _ => Ok(None),
            })
            .collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun, table 26.8.
    #[test]
    fn percentage_points_of_the_tables() {
        let cases = [
            (3.841_459, 1, 0.05),
            (6.634_897, 1, 0.01),
            (10.827_566, 1, 0.001),
            (5.991_465, 2, 0.05),
            (16.918_978, 9, 0.05),
            (0.003_932_14, 1, 0.95),
            (124.342_113, 100, 0.05),
            (0.710_723, 4, 0.95),
        ];
        for (statistic, degrees, expected) in cases {
            let found = probability(statistic, degrees).unwrap();
            assert!(
                (found - expected).abs() < 1e-6,
                "{statistic} {degrees}: {found}"
            );
        }
    }

    #[test]
    fn ends_and_nonsense() {
        assert!((probability(0.0, 3).unwrap() - 1.0).abs() < f64::EPSILON);
        // with two degrees the tail is exp(-x / 2)
        let far = probability(80.0, 2).unwrap();
        assert!((far / (-40.0_f64).exp() - 1.0).abs() < 1e-12, "{far}");
        assert!(probability(-1.0, 1).is_err());
        assert!(probability(1.0, 0).is_err());
        assert!(probability(f64::NAN, 1).is_err());
    }
}

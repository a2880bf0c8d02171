//! `wilson_low`, `wilson_high`: the 95 % interval of a rate.
//!
//! Wilson's score interval (1927) keeps its promise for small n and for rates
//! near 0 and 1, where the textbook interval does not; reference numbers are
//! those of Newcombe (1998), Statistics in Medicine 17, 857-872.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::argument::{integer_type, refuse, wrong_count};
use super::{FunctionDoc, Z_95};

const SOURCE: &str = "Wilson 1927; Newcombe 1998, Statistics in Medicine 17";

pub(super) const LOW: FunctionDoc = FunctionDoc {
    name: "wilson_low",
    signature: "wilson_low(successes integer, n integer) → float",
    meaning: "Lower end, 0 to 1, of the 95 % score interval of the rate successes / n; null when \
              n = 0.",
    source: SOURCE,
};

pub(super) const HIGH: FunctionDoc = FunctionDoc {
    name: "wilson_high",
    signature: "wilson_high(successes integer, n integer) → float",
    meaning: "Upper end, 0 to 1, of the 95 % score interval of the rate successes / n; null when \
              n = 0.",
    source: SOURCE,
};

/// The interval of `successes` out of `n`; `n` is positive.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^53, where floats stop being exact"
)]
fn interval(successes: i64, n: i64) -> (f64, f64) {
    let size = n as f64;
    let rate = successes as f64 / size;
    let square = Z_95 * Z_95;
    let centre = rate + square / (2.0 * size);
    let spread = Z_95 * (rate * (1.0 - rate) / size + square / (4.0 * size * size)).sqrt();
    let scale = 1.0 + square / size;
    // At the ends the formula is exactly 0 or 1; the arithmetic is not.
    let low = if successes == 0 {
        0.0
    } else {
        (centre - spread) / scale
    };
    let high = if successes == n {
        1.0
    } else {
        (centre + spread) / scale
    };
    (low, high)
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Wilson {
    is_high: bool,
    signature: Signature,
}

impl Wilson {
    pub(super) fn low() -> Self {
        Self::new(false)
    }

    pub(super) fn high() -> Self {
        Self::new(true)
    }

    fn new(is_high: bool) -> Self {
        Self {
            is_high,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    fn documentation_of(&self) -> FunctionDoc {
        if self.is_high { HIGH } else { LOW }
    }

    fn value(&self, successes: Option<i64>, n: Option<i64>) -> Result<Option<f64>> {
        let (Some(successes), Some(n)) = (successes, n) else {
            return Ok(None);
        };
        if n < 0 || successes < 0 || successes > n {
            return Err(refuse(format!(
                "`{}` cannot take {successes} successes out of {n}",
                self.name()
            )));
        }
        if n == 0 {
            return Ok(None);
        }
        let (low, high) = interval(successes, n);
        Ok(Some(if self.is_high { high } else { low }))
    }
}

impl ScalarUDFImpl for Wilson {
    fn name(&self) -> &'static str {
        self.documentation_of().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [_, _] => given
                .iter()
                .map(|one| integer_type(self.name(), one))
                .collect(),
            _ => wrong_count(self.documentation_of().signature, given.len()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let successes = arrays[0].as_primitive::<Int64Type>();
        let sizes = arrays[1].as_primitive::<Int64Type>();
        let values: Float64Array = successes
            .iter()
            .zip(sizes.iter())
            .map(|(successes, n)| self.value(successes, n))
            .collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcombes_four_cases() {
        let cases = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (successes, n, low, high) in cases {
            let found = interval(successes, n);
            assert!((found.0 - low).abs() < 5e-5, "{successes}/{n}: {found:?}");
            assert!((found.1 - high).abs() < 5e-5, "{successes}/{n}: {found:?}");
        }
    }

    #[test]
    fn ends_are_exact_and_nonsense_is_refused() {
        assert_eq!(Wilson::low().value(Some(0), Some(7)).unwrap(), Some(0.0));
        assert_eq!(Wilson::high().value(Some(7), Some(7)).unwrap(), Some(1.0));
        assert_eq!(Wilson::low().value(Some(0), Some(0)).unwrap(), None);
        assert_eq!(Wilson::low().value(None, Some(3)).unwrap(), None);
        assert!(Wilson::low().value(Some(4), Some(3)).is_err());
        assert!(Wilson::low().value(Some(-1), Some(3)).is_err());
    }
}

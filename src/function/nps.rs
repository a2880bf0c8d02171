//! `nps_low`, `nps_high`: the 95 % interval of a Net Promoter Score.
//!
//! Adjusted Wald (Rocks 2016, The American Statistician 70, 365-372; Lewis and
//! Sauro 2021): three answers are added, ¾ of them to promoters and ¾ to
//! detractors. The plain Wald interval of five promoters out of five has width
//! zero; this one says what five answers are worth.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::argument::{integer_type, refuse, wrong_count};
use super::{FunctionDoc, Z_95};

const SOURCE: &str = "Rocks 2016, The American Statistician 70; Lewis and Sauro 2021";

pub(super) const LOW: FunctionDoc = FunctionDoc {
    name: "nps_low",
    signature: "nps_low(promoters integer, detractors integer, n integer) → float",
    meaning: "Lower end, in points, of the 95 % adjusted Wald interval of the NPS, not below \
              -100; n counts passives too; null when n = 0.",
    source: SOURCE,
};

pub(super) const HIGH: FunctionDoc = FunctionDoc {
    name: "nps_high",
    signature: "nps_high(promoters integer, detractors integer, n integer) → float",
    meaning: "Upper end, in points, of the 95 % adjusted Wald interval of the NPS, not above 100; \
              n counts passives too; null when n = 0.",
    source: SOURCE,
};

/// The interval in points, clipped to -100 and 100.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^53, where floats stop being exact"
)]
fn interval(promoters: i64, detractors: i64, n: i64) -> (f64, f64) {
    let size = n as f64 + 3.0;
    let promoting = (promoters as f64 + 0.75) / size;
    let detracting = (detractors as f64 + 0.75) / size;
    let score = promoting - detracting;
    let variance = promoting + detracting - score * score;
    let margin = Z_95 * (variance / size).sqrt();
    (
        (100.0 * (score - margin)).max(-100.0),
        (100.0 * (score + margin)).min(100.0),
    )
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Nps {
    is_high: bool,
    signature: Signature,
}

impl Nps {
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

    fn value(&self, counts: [Option<i64>; 3]) -> Result<Option<f64>> {
        let [Some(promoters), Some(detractors), Some(n)] = counts else {
            return Ok(None);
        };
        let is_sound =
            promoters >= 0 && detractors >= 0 && promoters.saturating_add(detractors) <= n;
        if !is_sound {
            return Err(refuse(format!(
                "`{}` cannot take {promoters} promoters and {detractors} detractors out of {n}",
                self.name()
            )));
        }
        if n == 0 {
            return Ok(None);
        }
        let (low, high) = interval(promoters, detractors, n);
        Ok(Some(if self.is_high { high } else { low }))
    }
}

impl ScalarUDFImpl for Nps {
    fn name(&self) -> &'static str {
        self.documentation_of().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [_, _, _] => given
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
        let counts = [0, 1, 2].map(|index: usize| arrays[index].as_primitive::<Int64Type>());
        let [promoters, detractors, sizes] = counts;
        let values: Float64Array = promoters
            .iter()
            .zip(detractors.iter())
            .zip(sizes.iter())
            .map(|((promoters, detractors), n)| self.value([promoters, detractors, n]))
            .collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_intervals() {
        let cases = [
            ((50, 20, 100), (14.05, 44.20)),
            ((5, 0, 5), (17.49, 100.0)),
            ((3, 1, 6), (-26.74, 71.19)),
            ((0, 5, 5), (-100.0, -17.49)),
        ];
        for ((promoters, detractors, n), (low, high)) in cases {
            let found = interval(promoters, detractors, n);
            assert!((found.0 - low).abs() < 0.006, "{n}: {found:?}");
            assert!((found.1 - high).abs() < 0.006, "{n}: {found:?}");
        }
    }

    #[test]
    fn nothing_answered_is_null_and_nonsense_is_refused() {
        assert_eq!(Nps::low().value([Some(0), Some(0), Some(0)]).unwrap(), None);
        assert_eq!(Nps::low().value([Some(1), None, Some(2)]).unwrap(), None);
        assert!(Nps::high().value([Some(2), Some(2), Some(3)]).is_err());
    }
}

//! `km_quantile(days, observed, q)`: how long it takes, when many are not done.
//!
//! The product-limit estimate of Kaplan and Meier (1958): a journey that is
//! still open has lasted at least so long, and counts as at risk until then. The
//! mean of the finished ones alone would call a slow funnel fast. Only quantiles
//! are here; the whole curve, its errors and comparisons are not.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, ListArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::FunctionDoc;
use super::argument::{refuse, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "km_quantile",
    signature: "km_quantile(days float, observed boolean, q float) → float",
    meaning: "The smallest time by which the share q is estimated to be done, by Kaplan and Meier: \
              rows with observed = false were not done when last seen. Rows without a time or \
              without observed are left out. Null when the estimate never gets so far.",
    source: "Kaplan and Meier 1958, Journal of the American Statistical Association 53",
};

/// Rounding of the product of a few thousand factors stays well below this; it
/// keeps ½ from being missed when the exact estimate is ½.
const TOLERANCE: f64 = 1e-12;

/// The smallest time t with S(t) <= 1 - q; `durations` holds (time, observed)
/// and is put in order.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^53, where floats stop being exact"
)]
fn quantile(durations: &mut [(f64, bool)], q: f64) -> Option<f64> {
    durations.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let mut survival = 1.0;
    let mut start = 0;
    while start < durations.len() {
        let time = durations[start].0;
        let at_risk = durations.len() - start;
        let ties = durations[start..].partition_point(|(other, _)| *other <= time);
        let done = durations[start..start + ties]
            .iter()
            .filter(|(_, observed)| *observed)
            .count();
        survival *= (at_risk - done) as f64 / at_risk as f64;
        if done > 0 && survival <= 1.0 - q + TOLERANCE {
            return Some(time);
        }
        start += ties;
    }
    None
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct KaplanMeierQuantile {
    signature: Signature,
}

impl KaplanMeierQuantile {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for KaplanMeierQuantile {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [days, observed, q] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        if !(days.is_numeric() || days.is_null()) || !(q.is_numeric() || q.is_null()) {
            return plan_err!("{} needs numbers, not {days} and {q}", self.name());
        }
        if !matches!(observed, DataType::Boolean | DataType::Null) {
            return plan_err!("{} needs a boolean `observed`, not {observed}", self.name());
        }
        Ok(vec![
            DataType::Float64,
            DataType::Boolean,
            DataType::Float64,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return plan_err!("{} has no `distinct`: equal times count each", self.name());
        }
        Ok(Box::new(Durations::default()))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            Arc::new(Field::new_list(
                name,
                Field::new_list_field(item, true),
                true,
            ))
        };
        Ok(vec![
            list("days", DataType::Float64),
            list("observed", DataType::Boolean),
            Arc::new(Field::new("q", DataType::Float64, true)),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The times of one group.
#[derive(Debug, Default)]
struct Durations {
    durations: Vec<(f64, bool)>,
    q: Option<f64>,
}

impl Durations {
    fn ask(&mut self, q: f64) -> Result<()> {
        if !(0.0..=1.0).contains(&q) {
            return Err(refuse(format!(
                "`{}` needs q between 0 and 1, not {q}",
                DOCUMENTATION.name
            )));
        }
        match self.q {
            Some(asked) if asked.total_cmp(&q).is_ne() => Err(refuse(format!(
                "`{}` needs one q per group, not {asked} and {q}",
                DOCUMENTATION.name
            ))),
            _ => {
                self.q = Some(q);
                Ok(())
            }
        }
    }

    fn add(&mut self, days: &Float64Array, observed: &BooleanArray) -> Result<()> {
        for (days, observed) in days.iter().zip(observed.iter()) {
            let (Some(days), Some(observed)) = (days, observed) else {
                continue;
            };
            if !days.is_finite() {
                return Err(refuse(format!(
                    "`{}` cannot take the time {days}",
                    DOCUMENTATION.name
                )));
            }
            self.durations.push((days, observed));
        }
        Ok(())
    }
}

impl Accumulator for Durations {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for q in values[2].as_primitive::<Float64Type>().iter().flatten() {
            self.ask(q)?;
        }
        self.add(
            values[0].as_primitive::<Float64Type>(),
            values[1].as_boolean(),
        )
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let time = self.q.and_then(|q| quantile(&mut self.durations, q));
        Ok(ScalarValue::Float64(time))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.durations.capacity() * size_of::<(f64, bool)>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let days: Float64Array = self.durations.iter().map(|(days, _)| Some(*days)).collect();
        let observed: BooleanArray = self.durations.iter().map(|(_, seen)| Some(*seen)).collect();
        let list = |values: ArrayRef| {
            let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
            let lengths = OffsetBuffer::from_lengths([values.len()]);
            ScalarValue::List(Arc::new(ListArray::new(field, lengths, values, None)))
        };
        Ok(vec![
            list(Arc::new(days)),
            list(Arc::new(observed)),
            ScalarValue::Float64(self.q),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for q in states[2].as_primitive::<Float64Type>().iter().flatten() {
            self.ask(q)?;
        }
        let (days, observed) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for (days, observed) in days.iter().zip(observed.iter()) {
            if let (Some(days), Some(observed)) = (days, observed) {
                self.add(days.as_primitive::<Float64Type>(), observed.as_boolean())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weeks of remission under 6-MP (Freireich and others 1963, Blood 21);
    /// false where the study ended first.
    const REMISSION: [(f64, bool); 21] = [
        (6.0, true),
        (6.0, true),
        (6.0, true),
        (6.0, false),
        (7.0, true),
        (9.0, false),
        (10.0, true),
        (10.0, false),
        (11.0, false),
        (13.0, true),
        (16.0, true),
        (17.0, false),
        (19.0, false),
        (20.0, false),
        (22.0, true),
        (23.0, true),
        (25.0, false),
        (32.0, false),
        (32.0, false),
        (34.0, false),
        (35.0, false),
    ];

    #[test]
    fn freireichs_remission_times() {
        let mut durations = REMISSION;
        durations.reverse();
        // S: 6 .857, 7 .807, 10 .753, 13 .690, 16 .627, 22 .538, 23 .448.
        let cases = [
            (0.0, Some(6.0)),
            (0.142, Some(6.0)),
            (0.143, Some(7.0)),
            (0.25, Some(13.0)),
            (0.372, Some(16.0)),
            (0.5, Some(23.0)),
            (0.55, Some(23.0)),
            (0.56, None),
        ];
        for (q, expected) in cases {
            assert_eq!(quantile(&mut durations, q), expected, "{q}");
        }
    }

    #[test]
    fn the_exact_half_is_met_and_open_ones_alone_say_nothing() {
        let mut even: Vec<(f64, bool)> = (1..=6).map(|day| (f64::from(day), true)).collect();
        assert_eq!(quantile(&mut even, 0.5), Some(3.0));
        assert_eq!(quantile(&mut even, 1.0), Some(6.0));
        assert_eq!(quantile(&mut [(1.0, false), (2.0, false)], 0.5), None);
        assert_eq!(quantile(&mut [], 0.5), None);
    }

    #[test]
    fn states_merge_in_any_order_and_q_is_one() {
        let mut whole = Durations::default();
        for part in [&REMISSION[15..], &REMISSION[..4], &REMISSION[4..15]] {
            let mut partial = Durations::default();
            partial.ask(0.5).unwrap();
            partial.durations.extend_from_slice(part);
            let state: Vec<ArrayRef> = partial
                .state()
                .unwrap()
                .iter()
                .map(|value| value.to_array().unwrap())
                .collect();
            whole.merge_batch(&state).unwrap();
        }
        assert_eq!(whole.evaluate().unwrap(), ScalarValue::Float64(Some(23.0)));
        assert!(whole.ask(0.75).is_err());
        assert!(Durations::default().ask(1.5).is_err());
    }
}

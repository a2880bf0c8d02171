//! `renewal_fit(renewals, is_lost, weight, draws)`: the curve of a group's renewals.
//!
//! Fitted to counts, so it does not matter how the rows were spread or ordered.
//! A weight other than 1 is for customers of other groups who lend a small group
//! their experience (a power prior: Ibrahim and Chen 2000).

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, StructArray};
use datafusion::arrow::array::{BooleanArray, Int64Array, StringArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::likelihood::{Counts, Fitted};
use super::survival::renewals_of;
use super::{Curve, FunctionDoc};
use crate::function::argument::{float_type, integer_type, refuse, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "renewal_fit",
    signature: "renewal_fit(renewals integer, is_lost boolean, weight float, draws integer) → \
                struct(family text, alpha float, beta float, shape float, log_likelihood float, \
                draws list<struct(draw integer, alpha float, beta float, shape float)>)",
    meaning: "Fits, by highest likelihood, how many customers come through how many renewals. A \
              row is a customer that came through `renewals` and then left at the next one \
              (is_lost) or has not met it yet. family is sbg, or bdw where Akaike's criterion \
              prefers chances that change with age. draws are fits with random weights of the \
              customers (Bayesian bootstrap), for intervals. Rows with a null are left out. Null \
              where nobody left, nobody came through a renewal, or only one renewal was met.",
    source: "Fader and Hardie 2007, Journal of Interactive Marketing 21; Fader, Hardie, Liu, \
             Davin and Steenburgh 2018, the same 43; Rubin 1981, Annals of Statistics 9",
};

const DRAWS_MAX: i64 = 10_000;

fn curve_fields() -> Vec<Field> {
    let float = |name: &str| Field::new(name, DataType::Float64, true);
    vec![float("alpha"), float("beta"), float("shape")]
}

fn draw_fields() -> Fields {
    let mut fields = vec![Field::new("draw", DataType::Int64, true)];
    fields.extend(curve_fields());
    Fields::from(fields)
}

fn result_fields() -> Fields {
    let draws = Field::new_list_field(DataType::Struct(draw_fields()), true);
    let mut fields = vec![Field::new("family", DataType::Utf8, true)];
    fields.extend(curve_fields());
    fields.push(Field::new("log_likelihood", DataType::Float64, true));
    fields.push(Field::new_list("draws", draws, true));
    Fields::from(fields)
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::function) struct RenewalFit {
    signature: Signature,
}

impl RenewalFit {
    pub(in crate::function) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for RenewalFit {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [renewals, is_lost, weight, draws] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        if !matches!(is_lost, DataType::Boolean | DataType::Null) {
            return plan_err!("{} needs a boolean `is_lost`, not {is_lost}", self.name());
        }
        Ok(vec![
            integer_type(self.name(), renewals)?,
            DataType::Boolean,
            float_type(self.name(), weight)?,
            integer_type(self.name(), draws)?,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(result_fields()))
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return plan_err!(
                "{} has no `distinct`: equal customers count each",
                self.name()
            );
        }
        Ok(Box::new(Customers::default()))
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
            list("renewals", DataType::Int64),
            list("is_lost", DataType::Boolean),
            list("weight", DataType::Float64),
            list("customers", DataType::Int64),
            Arc::new(Field::new("draws", DataType::Int64, true)),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// How many customers there are of each kind: renewals, lost, weight (as its bits,
/// which order positive floats as their values do).
#[derive(Debug, Default)]
struct Customers {
    kinds: BTreeMap<(usize, bool, u64), i64>,
    draws: Option<i64>,
}

impl Customers {
    fn ask(&mut self, draws: i64) -> Result<()> {
        if !(0..=DRAWS_MAX).contains(&draws) {
            return Err(refuse(format!(
                "`{}` makes 0 to {DRAWS_MAX} draws, not {draws}",
                DOCUMENTATION.name
            )));
        }
        match self.draws {
            Some(asked) if asked != draws => Err(refuse(format!(
                "`{}` needs one number of draws per group, not {asked} and {draws}",
                DOCUMENTATION.name
            ))),
            _ => {
                self.draws = Some(draws);
                Ok(())
            }
        }
    }

    fn add(&mut self, renewals: i64, is_lost: bool, weight: f64, customers: i64) -> Result<()> {
        if !(weight >= 0.0 && weight.is_finite()) {
            return Err(refuse(format!(
                "`{}` cannot take the weight {weight}",
                DOCUMENTATION.name
            )));
        }
        let renewals = renewals_of(DOCUMENTATION.name, renewals)?;
        let kind = (renewals, is_lost, weight.abs().to_bits());
        *self.kinds.entry(kind).or_default() += customers;
        Ok(())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts are far below 2^53, where floats stop being exact"
    )]
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for ((renewals, is_lost, weight), customers) in &self.kinds {
            let weight = f64::from_bits(*weight) * *customers as f64;
            counts.add(*renewals, *is_lost, weight);
        }
        counts
    }
}

fn one_list(values: ArrayRef) -> ListArray {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let lengths = OffsetBuffer::from_lengths([values.len()]);
    ListArray::new(field, lengths, values, None)
}

fn result(fitted: Fitted, draws: &[(i64, Curve)]) -> ScalarValue {
    let floats = |read: fn(&Curve) -> f64| -> ArrayRef {
        let values = draws.iter().map(|(_, curve)| Some(read(curve)));
        Arc::new(values.collect::<Float64Array>())
    };
    let numbers: Int64Array = draws.iter().map(|(draw, _)| Some(*draw)).collect();
    let draws = StructArray::new(
        draw_fields(),
        vec![
            Arc::new(numbers),
            floats(|curve| curve.alpha),
            floats(|curve| curve.beta),
            floats(|curve| curve.shape),
        ],
        None,
    );
    let curve = fitted.curve;
    let family = if curve.is_geometric() { "sbg" } else { "bdw" };
    let float = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![family])),
        float(curve.alpha),
        float(curve.beta),
        float(curve.shape),
        float(fitted.log_likelihood),
        Arc::new(one_list(Arc::new(draws))),
    ];
    ScalarValue::Struct(Arc::new(StructArray::new(result_fields(), columns, None)))
}

impl Accumulator for Customers {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let renewals = values[0].as_primitive::<Int64Type>();
        let is_lost = values[1].as_boolean();
        let weights = values[2].as_primitive::<Float64Type>();
        for draws in values[3].as_primitive::<Int64Type>().iter().flatten() {
            self.ask(draws)?;
        }
        for ((renewals, is_lost), weight) in renewals.iter().zip(is_lost).zip(weights) {
            if let (Some(renewals), Some(is_lost), Some(weight)) = (renewals, is_lost, weight) {
                self.add(renewals, is_lost, weight, 1)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let counts = self.counts();
        let Some(fitted) = counts.fit() else {
            return ScalarValue::try_from(&DataType::Struct(result_fields()));
        };
        let draws: Vec<(i64, Curve)> = (1..=self.draws.unwrap_or(0))
            .filter_map(|draw| {
                let curve = counts.drawn(fitted, draw.unsigned_abs())?;
                Some((draw, curve))
            })
            .collect();
        Ok(result(fitted, &draws))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.kinds.len() * 64
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let kinds = || self.kinds.keys();
        let renewals = kinds().map(|kind| i64::try_from(kind.0).ok());
        let list = |values: ArrayRef| ScalarValue::List(Arc::new(one_list(values)));
        Ok(vec![
            list(Arc::new(renewals.collect::<Int64Array>())),
            list(Arc::new(
                kinds().map(|kind| Some(kind.1)).collect::<BooleanArray>(),
            )),
            list(Arc::new(
                kinds()
                    .map(|kind| Some(f64::from_bits(kind.2)))
                    .collect::<Float64Array>(),
            )),
            list(Arc::new(
                self.kinds
                    .values()
                    .map(|customers| Some(*customers))
                    .collect::<Int64Array>(),
            )),
            ScalarValue::Int64(self.draws),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for draws in states[4].as_primitive::<Int64Type>().iter().flatten() {
            self.ask(draws)?;
        }
        let lists = [0, 1, 2, 3].map(|state: usize| states[state].as_list::<i32>());
        for row in 0..lists[0].len() {
            let [renewals, is_lost, weights, customers] = lists.map(|list| list.value(row));
            let renewals = renewals.as_primitive::<Int64Type>().values();
            let weights = weights.as_primitive::<Float64Type>().values();
            let customers = customers.as_primitive::<Int64Type>().values();
            for (index, is_lost) in is_lost.as_boolean().iter().enumerate() {
                let is_lost = is_lost.unwrap_or_default();
                self.add(renewals[index], is_lost, weights[index], customers[index])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [(i64, bool, f64); 8] = [
        (0, true, 1.0),
        (0, true, 1.0),
        (0, true, 0.25),
        (1, true, 1.0),
        (1, false, 1.0),
        (2, false, 1.0),
        (3, true, 0.25),
        (4, false, 1.0),
    ];

    fn customers(rows: &[(i64, bool, f64)]) -> Customers {
        let mut customers = Customers::default();
        customers.ask(20).unwrap();
        for (renewals, is_lost, weight) in rows {
            customers.add(*renewals, *is_lost, *weight, 1).unwrap();
        }
        customers
    }

    #[test]
    fn states_merge_in_any_order_to_the_same_bytes() {
        let whole = customers(&ROWS).evaluate().unwrap();
        let mut merged = Customers::default();
        for part in [&ROWS[5..], &ROWS[..2], &ROWS[2..5]] {
            let states: Vec<ArrayRef> = (customers(part).state().unwrap().iter())
                .map(|state| state.to_array().unwrap())
                .collect();
            merged.merge_batch(&states).unwrap();
        }
        assert_eq!(merged.evaluate().unwrap(), whole);
        assert!(!whole.is_null());
    }

    #[test]
    fn what_determines_nothing_is_null_and_nonsense_is_refused() {
        assert!(customers(&ROWS[..2]).evaluate().unwrap().is_null());
        let mut customers = customers(&ROWS);
        assert!(customers.ask(21).is_err());
        assert!(Customers::default().ask(-1).is_err());
        assert!(customers.add(-1, true, 1.0, 1).is_err());
        assert!(customers.add(1, true, f64::NAN, 1).is_err());
    }
}

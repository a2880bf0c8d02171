//! `apportion(amount, weights [, places])`: an amount divided by weights, to the last unit.
//!
//! Every part is rounded down to the scale of the amount, and what is then left
//! over goes, one unit each, to the parts that lost most by the rounding (the
//! method of largest remainders, Hare 1859; Balinski and Young 2001, Fair
//! Representation). The parts therefore sum to the amount exactly, which rounding
//! each part alone cannot promise. Where the weights come from is not known here.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, ListArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, Float64Type, Int64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{refuse, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "apportion",
    signature: "apportion(amount decimal, weights list<float> [, places list<integer>]) → \
                list<decimal>",
    meaning: "The amount divided in proportion to the weights, which are not negative and not all \
              zero; a part for each weight, in their order. The parts sum to the amount exactly: \
              each is cut to the amount's scale, and the units left over go to the largest \
              remainders, of equal ones to the one of the lower place; places are those in the \
              list unless they are given, for lists gathered in any order. A negative amount is divided as its \
              positive and negated. Null where either is null.",
    source: "Hare 1859; Balinski and Young 2001, Fair Representation",
};

/// The largest weight becomes this, so that shares are compared as integers:
/// the same on every machine, and exact from there on.
const RESOLUTION: f64 = 4_503_599_627_370_496.0;

/// `units` divided by `weights`; the parts sum to `units`. Of equal remainders the
/// one of the lower place goes first.
fn parts(units: i128, weights: &[f64], places: &[i64]) -> Result<Vec<i128>> {
    let refused = |why: &str| refuse(format!("`{}` {why}", DOCUMENTATION.name));
    if places.len() != weights.len() {
        return Err(refused("needs a place for every weight"));
    }
    if weights
        .iter()
        .any(|weight| !weight.is_finite() || *weight < 0.0)
    {
        return Err(refused("needs weights that are finite and not negative"));
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Err(refused("cannot divide an amount among nobody"));
    }
    let shares: Vec<u128> = weights
        .iter()
        .map(|weight| share(weight / largest))
        .collect();
    let total: u128 = shares.iter().sum();
    let amount = units.unsigned_abs();
    let mut taken = Vec::with_capacity(shares.len());
    let mut remainders = Vec::with_capacity(shares.len());
    for (index, (share, place)) in shares.iter().zip(places).enumerate() {
        let product = amount
            .checked_mul(*share)
            .ok_or_else(|| refused(&format!("cannot divide as much as {units} units")))?;
        taken.push(product / total);
        remainders.push((std::cmp::Reverse(product % total), *place, index));
    }
    let left = amount - taken.iter().sum::<u128>();
    remainders.sort_unstable();
    for (_, _, index) in remainders
        .iter()
        .take(usize::try_from(left).unwrap_or(usize::MAX))
    {
        taken[*index] += 1;
    }
    let signed = |part: u128| i128::try_from(part).map(|part| part * units.signum());
    taken
        .into_iter()
        .map(|part| signed(part).map_err(|_| refused("cannot divide as much")))
        .collect()
}

/// A weight of 0 to 1 as an integer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the product lies between 0 and 2^52"
)]
fn share(weight: f64) -> u128 {
    (weight * RESOLUTION).round() as u128
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Apportion {
    signature: Signature,
}

impl Apportion {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Apportion {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (amount, weights, places) = match given {
            [amount, weights] => (amount, weights, None),
            [amount, weights, places] => (amount, weights, Some(places)),
            _ => return wrong_count(DOCUMENTATION.signature, given.len()),
        };
        if !matches!(amount, DataType::Decimal128(_, _)) {
            return plan_err!("{} needs a decimal amount, not {amount}", self.name());
        }
        match weights {
            DataType::List(item) if item.data_type().is_numeric() => {}
            other => return plan_err!("{} needs a list of weights, not {other}", self.name()),
        }
        let list = |item| DataType::List(Arc::new(Field::new_list_field(item, true)));
        let mut taken = vec![amount.clone(), list(DataType::Float64)];
        match places {
            None => {}
            Some(DataType::List(item)) if item.data_type().is_integer() => {
                taken.push(list(DataType::Int64));
            }
            Some(other) => {
                return plan_err!("{} needs a list of places, not {other}", self.name());
            }
        }
        Ok(taken)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let part = Field::new_list_field(arguments[0].clone(), true);
        Ok(DataType::List(Arc::new(part)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let amounts = arrays[0].as_primitive::<Decimal128Type>();
        let weights = arrays[1].as_list::<i32>();
        let places = arrays.get(2).map(AsArray::as_list::<i32>);
        let mut values = Vec::new();
        let mut lengths = Vec::with_capacity(amounts.len());
        let mut known = Vec::with_capacity(amounts.len());
        for row in 0..amounts.len() {
            let before = values.len();
            let is_known = amounts.is_valid(row)
                && weights.is_valid(row)
                && places.is_none_or(|places| places.is_valid(row));
            if is_known {
                let weights = all_of::<Float64Type>(&weights.value(row))?;
                let places = match places {
                    Some(places) => all_of::<Int64Type>(&places.value(row))?,
                    None => (0..).take(weights.len()).collect(),
                };
                values.extend(parts(amounts.value(row), &weights, &places)?);
            }
            lengths.push(values.len() - before);
            known.push(is_known);
        }
        let values = Decimal128Array::from(values).with_data_type(arrays[0].data_type().clone());
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let lengths = OffsetBuffer::from_lengths(lengths);
        let list = ListArray::new(
            field,
            lengths,
            Arc::new(values),
            Some(NullBuffer::from(known)),
        );
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}

/// The weights or places of one row; none may be missing.
fn all_of<T: ArrowPrimitiveType>(items: &ArrayRef) -> Result<Vec<T::Native>> {
    let items = items.as_primitive::<T>();
    if items.null_count() > 0 {
        let name = DOCUMENTATION.name;
        return Err(refuse(format!(
            "`{name}` cannot take a weight or a place that is null"
        )));
    }
    Ok(items.values().to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `parts` with places in the order of the list.
    fn in_order(units: i128, weights: &[f64]) -> Result<Vec<i128>> {
        let places: Vec<i64> = (0..).take(weights.len()).collect();
        parts(units, weights, &places)
    }

    #[test]
    fn thirds_and_ties() {
        assert_eq!(in_order(100, &[1.0, 1.0, 1.0]).unwrap(), [34, 33, 33]);
        assert_eq!(in_order(-100, &[1.0, 1.0, 1.0]).unwrap(), [-34, -33, -33]);
        assert_eq!(in_order(2, &[1.0, 1.0, 1.0]).unwrap(), [1, 1, 0]);
        assert_eq!(in_order(0, &[0.3, 0.7]).unwrap(), [0, 0]);
        assert_eq!(in_order(10, &[0.4, 0.2, 0.4]).unwrap(), [4, 2, 4]);
        assert_eq!(in_order(7, &[0.0, 5.0]).unwrap(), [0, 7]);
        assert_eq!(parts(2, &[1.0, 1.0, 1.0], &[3, 1, 2]).unwrap(), [0, 1, 1]);
        assert!(parts(2, &[1.0, 1.0], &[1]).is_err());
    }

    /// Removal effects and credits as `ChannelAttribution`'s sample data give
    /// them when the chain is solved exactly; the effects are printed to six
    /// digits, which bounds how near the credits can come.
    #[test]
    fn markov_credits_of_a_published_example() {
        let effects = [
            0.558_399, 0.405_835, 0.349_026, 0.264_039, 0.206_010, 0.134_022, 0.062_639, 0.039_811,
            0.028_663, 0.017_880, 0.000_482, 0.000_180,
        ];
        let credits = [
            5344.9477, 3884.6147, 3340.8474, 2527.3522, 1971.9129, 1282.8472, 599.5707, 381.0626,
            274.3633, 171.1454, 4.6136, 1.7224,
        ];
        let found = in_order(197_850_000, &effects).unwrap();
        assert_eq!(found.iter().sum::<i128>(), 197_850_000);
        for (found, credit) in found.iter().zip(credits) {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            let found = *found as f64 / 1e4;
            assert!((found - credit).abs() < 0.012, "{found} {credit}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for weights in [&[][..], &[0.0], &[-1.0, 2.0], &[f64::NAN], &[f64::INFINITY]] {
            assert!(in_order(1, weights).is_err(), "{weights:?}");
        }
        assert!(in_order(i128::MAX, &[1.0]).is_err());
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_amount_and_stay_within_a_unit_of_their_share(
            units in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            weights in prop::collection::vec(0.0_f64..1000.0, 1..60),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0.0));
            let units = i128::from(units);
            let found = in_order(units, &weights).unwrap();
            prop_assert_eq!(found.iter().sum::<i128>(), units);
            let total: f64 = weights.iter().sum();
            for (part, weight) in found.iter().zip(&weights) {
                #[expect(clippy::cast_precision_loss, reason = "compared within a margin")]
                let (exact, part) = (units as f64 * weight / total, *part as f64);
                prop_assert!((part - exact).abs() <= 1.0 + exact.abs() * 1e-9);
            }
        }
    }
}

//! `shrunken(key, value, variance)`: what small groups are worth, seen together.
//!
//! Parametric empirical Bayes for unequal variances (Morris 1983): a group's value
//! is drawn towards the common mean, the more the less is known of it. The interval
//! holds that the mean and the spread of the groups are estimated too, which plain
//! posterior intervals leave out. With equal variances this is the estimator that
//! Efron and Morris (1977) use on batting averages. Covariates are not here.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, ListArray, StringArray, StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::argument::{Texts, refuse, text_type, wrong_count};
use super::{FunctionDoc, Z_95};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "shrunken",
    signature: "shrunken(key text, value float, variance float) → list<struct(key text, value \
                float, low float, high float, pull float)>",
    meaning: "The value of every key drawn towards the common mean, with a 95 % interval, by key; \
              variance is the sampling variance of the value, pull the share of the mean in the \
              result. Rows with a null are left out; null for fewer than four keys, of which \
              nothing can be learnt about the others.",
    source: "Morris 1983, Journal of the American Statistical Association 78; Efron and Morris 1977",
};

/// With fewer groups the estimate is worse than the values themselves.
const GROUPS_MIN: usize = 4;
const ROUNDS_MAX: usize = 1000;
const TOLERANCE: f64 = 1e-13;

/// A group: its key, its value, and the sampling variance of that.
type Group = (String, f64, f64);

/// A group's value seen together with the others.
#[derive(Clone, Copy, Debug)]
struct Shrunken {
    value: f64,
    low: f64,
    high: f64,
    pull: f64,
}

/// The mean of the groups, and the variance of their true values.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn common(groups: &[Group]) -> (f64, f64) {
    let count = groups.len() as f64;
    let correction = count / (count - 1.0);
    let mean_of = |between: f64| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (_, value, variance) in groups {
            let weight = 1.0 / (variance + between);
            sum += weight * value;
            weights += weight;
        }
        (sum / weights, weights)
    };
    let largest = groups.iter().map(|group| group.2).fold(0.0, f64::max);
    let mut between = largest;
    for _ in 0..ROUNDS_MAX {
        let (mean, weights) = mean_of(between);
        let excess: f64 = (groups.iter())
            .map(|(_, value, variance)| {
                let distance = value - mean;
                (correction * distance * distance - variance) / (variance + between)
            })
            .sum();
        let next = (excess / weights).max(0.0);
        let is_settled = (next - between).abs() <= TOLERANCE * (largest + next);
        between = next;
        if is_settled {
            break;
        }
    }
    (mean_of(between).0, between)
}

/// Every group in the order given; there are at least [`GROUPS_MIN`].
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn shrink(groups: &[Group]) -> Vec<Shrunken> {
    let count = groups.len() as f64;
    let (mean, between) = common(groups);
    let weights: f64 = groups.iter().map(|group| 1.0 / (group.2 + between)).sum();
    let usual = (groups.iter())
        .map(|group| group.2 / (group.2 + between))
        .sum::<f64>()
        / weights;
    let one = |(_, value, variance): &Group| {
        let pull = (count - 3.0) / (count - 1.0) * variance / (variance + between);
        let share = count / (variance + between) / weights;
        let distance = value - mean;
        let unsure = 2.0 / (count - 3.0) * pull * pull * (usual + between) / (variance + between);
        let error =
            (1.0 - (count - share) / count * pull) * variance + unsure * distance * distance;
        let margin = Z_95 * error.max(0.0).sqrt();
        let value = value - pull * distance;
        Shrunken {
            value,
            low: value - margin,
            high: value + margin,
            pull,
        }
    };
    groups.iter().map(one).collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Shrink {
    signature: Signature,
}

impl Shrink {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn result_fields() -> Fields {
    let number = |name: &str| Field::new(name, DataType::Float64, false);
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        number("value"),
        number("low"),
        number("high"),
        number("pull"),
    ])
}

impl AggregateUDFImpl for Shrink {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [key, value, variance] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        for number in [value, variance] {
            if !(number.is_numeric() || number.is_null()) {
                return plan_err!("{} needs numbers, not {number}", self.name());
            }
        }
        Ok(vec![
            text_type(self.name(), key)?,
            DataType::Float64,
            DataType::Float64,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        let item = DataType::Struct(result_fields());
        Ok(DataType::List(Arc::new(Field::new_list_field(item, true))))
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return plan_err!("{} has no `distinct`: a key comes once", self.name());
        }
        Ok(Box::new(Groups::default()))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            let item = Field::new_list_field(item, true);
            Arc::new(Field::new_list(name, item, true))
        };
        Ok(vec![
            list("key", DataType::Utf8),
            list("value", DataType::Float64),
            list("variance", DataType::Float64),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

fn one_list(values: ArrayRef) -> ScalarValue {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let lengths = OffsetBuffer::from_lengths([values.len()]);
    ScalarValue::List(Arc::new(ListArray::new(field, lengths, values, None)))
}

/// Every group so far, in any order.
#[derive(Debug, Default)]
struct Groups {
    groups: Vec<Group>,
}

impl Groups {
    fn add(&mut self, keys: &ArrayRef, values: &ArrayRef, variances: &ArrayRef) -> Result<()> {
        let keys = Texts::of(keys)?;
        let values = values.as_primitive::<Float64Type>();
        let variances = variances.as_primitive::<Float64Type>();
        for (row, (value, variance)) in values.iter().zip(variances.iter()).enumerate() {
            let (Some(key), Some(value), Some(variance)) = (keys.get(row), value, variance) else {
                continue;
            };
            if !value.is_finite() || !variance.is_finite() || variance <= 0.0 {
                return Err(refuse(format!(
                    "`{}` cannot take the value {value} with the variance {variance}",
                    DOCUMENTATION.name
                )));
            }
            self.groups.push((key.to_owned(), value, variance));
        }
        Ok(())
    }
}

impl Accumulator for Groups {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0], &values[1], &values[2])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // sums of floats must not depend on the order in which rows came
        self.groups.sort_by(|one, other| one.0.cmp(&other.0));
        if let Some(pair) = (self.groups.windows(2)).find(|pair| pair[0].0 == pair[1].0) {
            return Err(refuse(format!(
                "`{}` was given the key `{}` twice",
                DOCUMENTATION.name, pair[0].0
            )));
        }
        if self.groups.len() < GROUPS_MIN {
            let item = DataType::Struct(result_fields());
            return ScalarValue::try_from(&DataType::List(Arc::new(Field::new_list_field(
                item, true,
            ))));
        }
        let results = shrink(&self.groups);
        let keys: StringArray = (self.groups.iter()).map(|group| Some(&group.0)).collect();
        let number = |of: fn(&Shrunken) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(results.iter().map(of)))
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(keys),
            number(|result| result.value),
            number(|result| result.low),
            number(|result| result.high),
            number(|result| result.pull),
        ];
        let rows = StructArray::new(result_fields(), columns, None);
        Ok(one_list(Arc::new(rows)))
    }

    fn size(&self) -> usize {
        let texts: usize = self.groups.iter().map(|group| group.0.capacity()).sum();
        size_of::<Self>() + texts + self.groups.capacity() * size_of::<Group>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let keys: StringArray = (self.groups.iter()).map(|group| Some(&group.0)).collect();
        let number = |of: fn(&Group) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(self.groups.iter().map(of)))
        };
        Ok(vec![
            one_list(Arc::new(keys)),
            one_list(number(|group| group.1)),
            one_list(number(|group| group.2)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = [0, 1, 2].map(|state: usize| states[state].as_list::<i32>());
        for row in 0..lists[0].len() {
            let [keys, values, variances] = lists.map(|list| list.value(row));
            self.add(&keys, &values, &variances)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hits of eighteen players in their first 45 at bats of 1970, and their
    /// average over the rest of the season (Efron and Morris 1977).
    const HITS: [(f64, f64); 18] = [
        (18.0, 0.346),
        (17.0, 0.298),
        (16.0, 0.276),
        (15.0, 0.222),
        (14.0, 0.273),
        (14.0, 0.270),
        (13.0, 0.263),
        (12.0, 0.210),
        (11.0, 0.269),
        (11.0, 0.230),
        (10.0, 0.264),
        (10.0, 0.256),
        (10.0, 0.303),
        (10.0, 0.264),
        (10.0, 0.226),
        (9.0, 0.285),
        (8.0, 0.316),
        (7.0, 0.200),
    ];

    fn players() -> Vec<Group> {
        let mean: f64 = HITS.iter().map(|(hits, _)| hits / 45.0).sum::<f64>() / 18.0;
        let variance = mean * (1.0 - mean) / 45.0;
        (HITS.iter().enumerate())
            .map(|(number, (hits, _))| (format!("{number:02}"), hits / 45.0, variance))
            .collect()
    }

    #[test]
    fn efron_and_morris_batting_averages() {
        let players = players();
        let (mean, _) = common(&players);
        assert!((mean - 0.2654).abs() < 5e-5, "{mean}");
        let shrunken = shrink(&players);
        // c = 1 - (k - 3) sigma^2 / S, published as .212
        assert!((1.0 - shrunken[0].pull - 0.2117).abs() < 2e-4);
        assert!((shrunken[0].value - 0.294).abs() < 5e-4, "{shrunken:?}");
        let squares = |estimates: Vec<f64>| -> f64 {
            (estimates.iter().zip(HITS))
                .map(|(estimate, (_, truth))| (estimate - truth).powi(2))
                .sum()
        };
        let raw = squares(players.iter().map(|player| player.1).collect());
        let seen_together = squares(shrunken.iter().map(|one| one.value).collect());
        assert!(raw / seen_together > 3.0, "{raw} {seen_together}");
        assert!((shrunken.iter()).all(|one| one.low < one.value && one.value < one.high));
    }

    #[test]
    fn the_less_is_known_the_more_it_is_drawn() {
        let groups: Vec<Group> = [
            ("a", 1.0, 0.9),
            ("b", 1.0, 0.01),
            ("c", -0.8, 0.01),
            ("d", 0.1, 0.05),
            ("e", -0.3, 0.2),
        ]
        .map(|(key, value, variance)| (key.to_owned(), value, variance))
        .into();
        let shrunken = shrink(&groups);
        assert!(shrunken[0].value < shrunken[1].value);
        // the same distance from the others: only what is known makes the difference
        assert!(
            shrunken[0].pull > 0.2 && shrunken[1].pull < 0.05,
            "{shrunken:?}"
        );
        let width = |one: &Shrunken| one.high - one.low;
        assert!(width(&shrunken[0]) > width(&shrunken[1]));
    }

    /// Groups that differ by chance only have no variance of their own.
    #[test]
    fn equal_groups_are_drawn_as_far_as_their_number_allows() {
        let groups: Vec<Group> = (0..11).map(|key| (format!("{key}"), 0.5, 0.1)).collect();
        let shrunken = shrink(&groups);
        assert!((shrunken[0].pull - 0.8).abs() < 1e-12, "{shrunken:?}");
        assert!((shrunken[0].value - 0.5).abs() < 1e-12);
    }

    #[test]
    fn parts_merge_and_three_groups_say_nothing() {
        let add = |groups: &mut Groups, part: &[Group]| {
            let keys: StringArray = part.iter().map(|group| Some(&group.0)).collect();
            let values = Float64Array::from_iter_values(part.iter().map(|group| group.1));
            let variances = Float64Array::from_iter_values(part.iter().map(|group| group.2));
            let columns: [ArrayRef; 3] = [Arc::new(keys), Arc::new(values), Arc::new(variances)];
            groups.update_batch(&columns).unwrap();
        };
        let players = players();
        let mut all = Groups::default();
        add(&mut all, &players);
        let mut merged = Groups::default();
        for part in [&players[10..], &players[..10]] {
            let mut partial = Groups::default();
            add(&mut partial, part);
            let state: Vec<ArrayRef> = (partial.state().unwrap().iter())
                .map(|value| value.to_array().unwrap())
                .collect();
            merged.merge_batch(&state).unwrap();
        }
        assert_eq!(all.evaluate().unwrap(), merged.evaluate().unwrap());
        let mut few = Groups::default();
        add(&mut few, &players[..3]);
        assert!(few.evaluate().unwrap().is_null());
        add(&mut few, &players[..3]);
        assert!(few.evaluate().is_err(), "a key that comes twice");
        let none: [ArrayRef; 3] = [
            Arc::new(StringArray::from(vec!["a"])),
            Arc::new(Float64Array::from(vec![1.0])),
            Arc::new(Float64Array::from(vec![0.0])),
        ];
        assert!(few.update_batch(&none).is_err());
    }
}

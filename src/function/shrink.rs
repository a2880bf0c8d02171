//! `shrunken(key, value, variance)`: what small groups are worth, seen together.
//!
//! A group's value is drawn towards the common mean, the more the less is known of it:
//! the normal model of Morris (1983) with nothing known of mean and variance beforehand,
//! averaged over every spread that the groups may have (Gelman et al. 2013, section 5.4).
//! One estimated spread, as in empirical Bayes, gives intervals that are too narrow where
//! the groups differ little. Covariates are not here.

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
              result. Mean and deviation are those of the posterior under a flat prior for mean \
              and variance of the groups. Rows with a null are left out; null for fewer than four \
              keys, of which nothing can be learnt about the others.",
    source: "Morris 1983, Journal of the American Statistical Association 78; Gelman et al. 2013, \
             Bayesian Data Analysis, section 5.4",
};

/// With fewer groups the posterior has no end.
const GROUPS_MIN: usize = 4;
/// Deviations of the groups that are averaged over, dense near zero.
const STEPS: u32 = 256;
/// The largest of them, in deviations of what was seen.
const FARTHEST: f64 = 100.0;

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

/// What one deviation of the groups says, and how likely it is.
struct Step {
    between: f64,
    mean: f64,
    mean_variance: f64,
    share: f64,
}

/// The steps with their shares of the posterior; `prior` is the density of a deviation.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn steps(groups: &[Group], prior: fn(f64) -> f64) -> Vec<Step> {
    let count = groups.len() as f64;
    let centre = groups.iter().map(|group| group.1).sum::<f64>() / count;
    let spread = (groups.iter())
        .map(|group| (group.1 - centre).powi(2))
        .sum::<f64>()
        / count;
    let largest = groups.iter().map(|group| group.2).fold(spread, f64::max);
    let mut steps: Vec<Step> = (0..STEPS)
        .map(|step| {
            let place = (f64::from(step) + 0.5) / f64::from(STEPS);
            let deviation = FARTHEST * largest.sqrt() * place.powi(4);
            let between = deviation * deviation;
            let (mut weights, mut sum, mut logarithms) = (0.0, 0.0, 0.0);
            for (_, value, variance) in groups {
                let weight = 1.0 / (variance + between);
                weights += weight;
                sum += weight * value;
                logarithms += weight.ln();
            }
            let mean = sum / weights;
            let distance: f64 = (groups.iter())
                .map(|(_, value, variance)| (value - mean).powi(2) / (variance + between))
                .sum();
            // steps near zero are close together: the last factor is their width
            let weight = (logarithms - weights.ln() - distance) / 2.0
                + (prior(deviation) * place.powi(3)).ln();
            Step {
                between,
                mean,
                mean_variance: 1.0 / weights,
                share: weight,
            }
        })
        .collect();
    let highest = steps.iter().map(|step| step.share).fold(f64::MIN, f64::max);
    for step in &mut steps {
        step.share = (step.share - highest).exp();
    }
    let total: f64 = steps.iter().map(|step| step.share).sum();
    for step in &mut steps {
        step.share /= total;
    }
    steps
}

/// Every group in the order given; there are at least [`GROUPS_MIN`].
fn shrink(groups: &[Group], prior: fn(f64) -> f64) -> Vec<Shrunken> {
    let steps = steps(groups, prior);
    let one = |(_, value, variance): &Group| {
        let at = |step: &Step| {
            let pull = variance / (variance + step.between);
            (pull, value - pull * (value - step.mean))
        };
        let (mut pull, mut mean) = (0.0, 0.0);
        for step in &steps {
            let (own_pull, own_mean) = at(step);
            pull += step.share * own_pull;
            mean += step.share * own_mean;
        }
        let error: f64 = (steps.iter())
            .map(|step| {
                let (pull, own_mean) = at(step);
                let within = variance * (1.0 - pull) + pull * pull * step.mean_variance;
                step.share * (within + (own_mean - mean).powi(2))
            })
            .sum();
        let margin = Z_95 * error.sqrt();
        Shrunken {
            value: mean,
            low: mean - margin,
            high: mean + margin,
            pull,
        }
    };
    groups.iter().map(one).collect()
}

/// Nothing is known of the variance of the groups: a deviation is as likely as it is large.
fn flat_on_variance(deviation: f64) -> f64 {
    deviation
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
        let results = shrink(&self.groups, flat_on_variance);
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

    /// Rubin's eight schools under a flat prior for the deviation: means and deviations
    /// as Stan prints them for 20,000 draws, within its error.
    #[test]
    fn eight_schools() {
        let seen = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
        let errors: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
        let means = [11.4, 7.9, 6.1, 7.6, 5.1, 6.2, 10.6, 8.4];
        let deviations = [8.3, 6.2, 7.7, 6.5, 6.4, 6.7, 6.8, 7.9];
        let groups: Vec<Group> = (0..8)
            .map(|school| (school.to_string(), seen[school], errors[school].powi(2)))
            .collect();
        for (school, one) in shrink(&groups, |_| 1.0).iter().enumerate() {
            let deviation = (one.high - one.value) / Z_95;
            assert!((one.value - means[school]).abs() < 0.12, "{one:?}");
            assert!((deviation - deviations[school]).abs() < 0.12, "{one:?}");
        }
    }

    #[test]
    fn batting_averages_come_closer_to_the_truth() {
        let players = players();
        let shrunken = shrink(&players, flat_on_variance);
        // James and Stein's point estimate has .79: one spread instead of all of them
        assert!((shrunken[0].pull - 0.674).abs() < 1e-3, "{shrunken:?}");
        assert!((shrunken[0].value - 0.3093).abs() < 1e-4, "{shrunken:?}");
        let squares = |estimates: Vec<f64>| -> f64 {
            (estimates.iter().zip(HITS))
                .map(|(estimate, (_, truth))| (estimate - truth).powi(2))
                .sum()
        };
        let raw = squares(players.iter().map(|player| player.1).collect());
        let seen_together = squares(shrunken.iter().map(|one| one.value).collect());
        assert!(raw / seen_together > 3.0, "{raw} {seen_together}");
        let within = (shrunken.iter().zip(HITS))
            .filter(|(one, (_, truth))| one.low < *truth && *truth < one.high)
            .count();
        assert_eq!(within, 18);
    }

    /// Groups of a known truth: 95 % of the intervals hold it, whether the groups differ
    /// as much as their answers are uncertain, by a tenth of that, or not at all. A single
    /// estimated spread gives 90 % in the second case.
    #[test]
    fn intervals_hold_the_truth() {
        let mut state = 7_u64;
        let mut normal = || {
            let sum: f64 = (0..12)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31)
                })
                .sum();
            sum - 6.0
        };
        for (between, least, most) in [(0.0, 0.97, 1.0), (0.03, 0.93, 0.97), (0.3, 0.93, 0.97)] {
            let (mut held, mut all) = (0.0, 0.0);
            for _ in 0..40 {
                let (groups, truths): (Vec<Group>, Vec<f64>) = (0..150_u32)
                    .map(|key| {
                        let variance = 0.68 / f64::from(key % 8 + 1);
                        let truth = 0.2 + f64::sqrt(between) * normal();
                        let seen = truth + variance.sqrt() * normal();
                        ((format!("{key:03}"), seen, variance), truth)
                    })
                    .unzip();
                for (one, truth) in shrink(&groups, flat_on_variance).iter().zip(truths) {
                    all += 1.0;
                    held += f64::from(u8::from(one.low <= truth && truth <= one.high));
                }
            }
            let share: f64 = held / all;
            assert!((least..=most).contains(&share), "{between}: {share}");
        }
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
        let shrunken = shrink(&groups, flat_on_variance);
        assert!(shrunken[0].value < shrunken[1].value);
        // the same distance from the others: only what is known makes the difference
        assert!(
            shrunken[0].pull > 0.2 && shrunken[1].pull < 0.05,
            "{shrunken:?}"
        );
        let width = |one: &Shrunken| one.high - one.low;
        assert!(width(&shrunken[0]) > width(&shrunken[1]));
    }

    /// Of equal values in n groups the pull is a ratio of two integrals over the variance
    /// of the groups, (n - 3) / (n - 1): ten groups more leave less room for a spread.
    #[test]
    fn equal_groups_are_drawn_as_far_as_their_number_allows() {
        for (count, pull) in [(11, 0.8), (21, 0.9)] {
            let groups: Vec<Group> = (0..count).map(|key| (format!("{key}"), 0.5, 0.1)).collect();
            let shrunken = shrink(&groups, flat_on_variance);
            assert!((shrunken[0].pull - pull).abs() < 1e-3, "{shrunken:?}");
            assert!((shrunken[0].value - 0.5).abs() < 1e-12);
        }
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

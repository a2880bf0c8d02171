//! `removal_effects(path, conversions, nulls)`: how much fewer journeys would
//! convert without a channel, by a Markov chain that is solved, not simulated.
//!
//! A journey is a walk from a start through the values of its path to conversion
//! or to nothing; `p(u, v)` is the share of the steps out of u that go to v. The
//! effect of a value is `1 - P' / P`, where P is the probability to convert and P'
//! the same with every step into the value leading to nothing (Anderl, Becker,
//! von Wangenheim, Schumann 2016). With N the inverse of I − Q over the values, what
//! is lost is the chance ever to come to c, `visits(c) / N(c, c)`, times the chance to
//! convert from there. One inverse therefore gives every effect. Chains of higher
//! order are not here.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::FunctionDoc;
use super::argument::{Texts, integer_type, refuse, text_type, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "removal_effects",
    signature: "removal_effects(path list<text>, conversions integer, nulls integer) → \
                list<struct(value text, effect float)>",
    meaning: "By which share fewer journeys would convert if a value led nowhere, for each value \
              of the paths, in their order; first-order Markov chain, solved exactly. A row is a \
              path with how many journeys along it converted and how many did not. Empty paths are \
              left out; null where nothing converted; more than 500 values are refused.",
    source: "Anderl, Becker, von Wangenheim and Schumann 2016, IJRM 33(3)",
};

/// A matrix of this side is inverted within a second.
const VALUES_MAX: usize = 500;

/// Where a step leads from or to. Values are numbered as they are first seen.
const START: usize = 0;
const CONVERSION: usize = 1;
const NOTHING: usize = 2;
const FIRST_VALUE: usize = 3;

/// How often a journey went from one place to another. Integers, so that parts
/// merge to the same counts in any order.
#[derive(Debug, Default)]
struct Chain {
    places: BTreeMap<String, usize>,
    steps: BTreeMap<(usize, usize), i64>,
}

impl Chain {
    fn place(&mut self, value: &str) -> Result<usize> {
        if let Some(place) = self.places.get(value) {
            return Ok(*place);
        }
        if self.places.len() == VALUES_MAX {
            return Err(refuse(format!(
                "`{}` takes up to {VALUES_MAX} different values; put rare ones together",
                DOCUMENTATION.name
            )));
        }
        let place = FIRST_VALUE + self.places.len();
        self.places.insert(value.to_owned(), place);
        Ok(place)
    }

    fn count(&mut self, from: usize, to: usize, times: i64) {
        if times > 0 {
            *self.steps.entry((from, to)).or_default() += times;
        }
    }

    fn add(&mut self, path: Texts<'_>, length: usize, conversions: i64, nulls: i64) -> Result<()> {
        if conversions < 0 || nulls < 0 {
            return Err(refuse(format!(
                "`{}` cannot take {conversions} conversions and {nulls} nulls",
                DOCUMENTATION.name
            )));
        }
        let mut here = START;
        for value in (0..length).filter_map(|row| path.get(row)) {
            let next = self.place(value)?;
            self.count(here, next, conversions + nulls);
            here = next;
        }
        if here != START {
            self.count(here, CONVERSION, conversions);
            self.count(here, NOTHING, nulls);
        }
        Ok(())
    }

    /// Every value with its effect, by name; `None` where nothing converted.
    fn effects(&self) -> Result<Option<Vec<(&str, f64)>>> {
        let rows = self.probabilities();
        let size = rows.values.len();
        let Some(inverse) = inverse(&rows.values) else {
            return Err(refuse(format!(
                "`{}` met a path without an end",
                DOCUMENTATION.name
            )));
        };
        let times = |row: &[f64], column: &[f64]| -> f64 {
            row.iter()
                .zip(column)
                .map(|(left, right)| left * right)
                .sum()
        };
        let converting: Vec<f64> = (inverse.iter())
            .map(|row| times(row, &rows.to_conversion))
            .collect();
        let probability = times(&rows.from_start, &converting);
        if probability <= 0.0 {
            return Ok(None);
        }
        let effects = self.places.keys().enumerate().map(|(value, name)| {
            let visits: f64 = (0..size)
                .map(|from| rows.from_start[from] * inverse[from][value])
                .sum();
            let ever = visits / inverse[value][value];
            (name.as_str(), ever * converting[value] / probability)
        });
        Ok(Some(effects.collect()))
    }

    /// The steps as shares, values in the order of their names.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn probabilities(&self) -> Probabilities {
        let size = self.places.len();
        let mut order = vec![0; FIRST_VALUE + size];
        for (position, place) in self.places.values().enumerate() {
            order[*place] = position;
        }
        let mut leaving: BTreeMap<usize, i64> = BTreeMap::new();
        for ((from, _), times) in &self.steps {
            *leaving.entry(*from).or_default() += times;
        }
        let mut shares = Probabilities {
            from_start: vec![0.0; size],
            values: vec![vec![0.0; size]; size],
            to_conversion: vec![0.0; size],
        };
        for ((from, to), times) in &self.steps {
            let share = *times as f64 / leaving[from] as f64;
            match (*from, *to) {
                (START, to) => shares.from_start[order[to]] = share,
                (from, CONVERSION) => shares.to_conversion[order[from]] = share,
                (_, NOTHING) => {}
                (from, to) => shares.values[order[from]][order[to]] = share,
            }
        }
        shares
    }
}

struct Probabilities {
    /// To each value, from the start.
    from_start: Vec<f64>,
    /// From each value to each value.
    values: Vec<Vec<f64>>,
    /// From each value to conversion.
    to_conversion: Vec<f64>,
}

/// The inverse of I − `matrix`, by Gauss and Jordan with the largest pivot;
/// `None` where there is none.
fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let unit = |row: usize, column: usize| f64::from(u8::from(row == column));
    // each row with the row of the unit matrix beside it
    let mut rows: Vec<Vec<f64>> = matrix
        .iter()
        .enumerate()
        .map(|(row, shares)| {
            let left = (0..size).map(|column| unit(row, column) - shares[column]);
            left.chain((0..size).map(|column| unit(row, column)))
                .collect()
        })
        .collect();
    for column in 0..size {
        let pivot = (column..size).reduce(|best, row| {
            if rows[row][column].abs() > rows[best][column].abs() {
                row
            } else {
                best
            }
        })?;
        if rows[pivot][column].abs() < 1e-14 {
            return None;
        }
        rows.swap(column, pivot);
        let scale = rows[column][column];
        for cell in &mut rows[column] {
            *cell /= scale;
        }
        let settled = rows[column].clone();
        for (row, cells) in rows.iter_mut().enumerate() {
            let factor = cells[column];
            if row == column || factor == 0.0 {
                continue;
            }
            for (cell, other) in cells.iter_mut().zip(&settled).skip(column) {
                *cell -= factor * other;
            }
        }
    }
    Some(rows.into_iter().map(|row| row[size..].to_vec()).collect())
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RemovalEffects {
    signature: Signature,
}

impl RemovalEffects {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for RemovalEffects {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [path, conversions, nulls] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        let DataType::List(item) = path else {
            return plan_err!("{} needs a list of texts, not {path}", self.name());
        };
        let item = text_type(self.name(), item.data_type())?;
        Ok(vec![
            DataType::List(Arc::new(Field::new_list_field(item, true))),
            integer_type(self.name(), conversions)?,
            integer_type(self.name(), nulls)?,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        let item = DataType::Struct(result_fields());
        Ok(DataType::List(Arc::new(Field::new_list_field(item, true))))
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return plan_err!(
                "{} has no `distinct`: equal journeys count each",
                self.name()
            );
        }
        Ok(Box::new(Chain::default()))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            let item = Field::new_list_field(item, true);
            Arc::new(Field::new_list(name, item, true))
        };
        Ok(vec![
            list("value", DataType::Utf8),
            list("place", DataType::Int64),
            list("step_from", DataType::Int64),
            list("step_to", DataType::Int64),
            list("times", DataType::Int64),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

fn result_fields() -> Fields {
    Fields::from(vec![
        Field::new("value", DataType::Utf8, false),
        Field::new("effect", DataType::Float64, false),
    ])
}

fn one_list(values: ArrayRef) -> ScalarValue {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let lengths = OffsetBuffer::from_lengths([values.len()]);
    ScalarValue::List(Arc::new(ListArray::new(field, lengths, values, None)))
}

/// A place as an integer of the state.
fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

impl Accumulator for Chain {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let paths = values[0].as_list::<i32>();
        let conversions = values[1].as_primitive::<Int64Type>();
        let nulls = values[2].as_primitive::<Int64Type>();
        for row in 0..paths.len() {
            let is_known = paths.is_valid(row) && conversions.is_valid(row) && nulls.is_valid(row);
            if is_known {
                let path = paths.value(row);
                let (conversions, nulls) = (conversions.value(row), nulls.value(row));
                self.add(Texts::of(&path)?, path.len(), conversions, nulls)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let list = DataType::List(Arc::new(Field::new_list_field(
            DataType::Struct(result_fields()),
            true,
        )));
        let Some(effects) = self.effects()? else {
            return ScalarValue::try_from(&list);
        };
        let values: StringArray = effects.iter().map(|(value, _)| Some(*value)).collect();
        let effects: Float64Array = effects.iter().map(|(_, effect)| Some(*effect)).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(values), Arc::new(effects)];
        let rows = StructArray::new(result_fields(), columns, None);
        Ok(one_list(Arc::new(rows)))
    }

    fn size(&self) -> usize {
        let texts: usize = self.places.keys().map(|value| value.len() + 64).sum();
        size_of::<Self>() + texts + self.steps.len() * 48
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: StringArray = self.places.keys().map(Some).collect();
        let integers = |numbers: Vec<i64>| one_list(Arc::new(Int64Array::from(numbers)));
        Ok(vec![
            one_list(Arc::new(values)),
            integers(self.places.values().map(|place| number(*place)).collect()),
            integers(self.steps.keys().map(|step| number(step.0)).collect()),
            integers(self.steps.keys().map(|step| number(step.1)).collect()),
            integers(self.steps.values().copied().collect()),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = [0, 1, 2, 3, 4].map(|state: usize| states[state].as_list::<i32>());
        for row in 0..lists[0].len() {
            let values = lists[0].value(row);
            let integers = |list: usize| {
                let numbers = lists[list].value(row);
                numbers.as_primitive::<Int64Type>().values().to_vec()
            };
            // the places of the other part, in our own numbers
            let mut ours: BTreeMap<i64, usize> = [START, CONVERSION, NOTHING]
                .map(|place| (number(place), place))
                .into();
            for (value, place) in integers(1).into_iter().enumerate() {
                if let Some(text) = Texts::of(&values)?.get(value) {
                    ours.insert(place, self.place(text)?);
                }
            }
            for ((from, to), times) in integers(2).iter().zip(integers(3)).zip(integers(4)) {
                if let (Some(from), Some(to)) = (ours.get(from), ours.get(&to)) {
                    self.count(*from, *to, times);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(journeys: &[(&[&str], i64, i64)]) -> Chain {
        let mut chain = Chain::default();
        for (path, conversions, nulls) in journeys {
            let texts: ArrayRef = Arc::new(StringArray::from(path.to_vec()));
            let path_texts = Texts::of(&texts).unwrap();
            chain
                .add(path_texts, path.len(), *conversions, *nulls)
                .unwrap();
        }
        chain
    }

    /// The worked example of analyzecore.com (2016): P = 1/3, effects ½, 1, 1.
    const WORKED: [(&[&str], i64, i64); 3] = [
        (&["c1", "c2", "c3"], 1, 0),
        (&["c1"], 0, 1),
        (&["c2", "c3"], 0, 1),
    ];

    #[test]
    fn the_worked_example_of_2016() {
        let worked = chain(&WORKED);
        let effects = worked.effects().unwrap().unwrap();
        let expected = [("c1", 0.5), ("c2", 1.0), ("c3", 1.0)];
        for ((value, effect), (name, known)) in effects.iter().zip(expected) {
            assert_eq!(*value, name);
            assert!((effect - known).abs() < 1e-12, "{value} {effect}");
        }
        let total: f64 = effects.iter().map(|(_, effect)| effect).sum();
        for ((_, effect), share) in effects.iter().zip([0.2, 0.4, 0.4]) {
            assert!((effect / total - share).abs() < 1e-12);
        }
        assert!((probability(&worked, None) - 1.0 / 3.0).abs() < 1e-12);
    }

    /// The chance to convert, with every step into `removed` leading nowhere, by
    /// walking: nothing of the closed form is used.
    fn probability(chain: &Chain, removed: Option<usize>) -> f64 {
        let shares = chain.probabilities();
        let mut here = shares.from_start.clone();
        let mut converted = 0.0;
        for _ in 0..20_000 {
            if let Some(removed) = removed {
                here[removed] = 0.0;
            }
            let mut next = vec![0.0; here.len()];
            for (from, mass) in here.iter().enumerate() {
                converted += mass * shares.to_conversion[from];
                for (to, share) in shares.values[from].iter().enumerate() {
                    next[to] += mass * share;
                }
            }
            here = next;
            if here.iter().sum::<f64>() < 1e-15 {
                break;
            }
        }
        converted
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn effects_are_those_of_walking_the_chain_without_the_value(
            journeys in prop::collection::vec(
                (prop::collection::vec(0_usize..5, 1..7), 0_i64..4, 0_i64..4), 1..30),
        ) {
            const NAMES: [&str; 5] = ["ad", "email", "event", "phone", "web"];
            let mut chain = Chain::default();
            let (mut converted, mut all) = (0, 0);
            for (path, conversions, nulls) in &journeys {
                let texts: StringArray = path.iter().map(|value| Some(NAMES[*value])).collect();
                let texts: ArrayRef = Arc::new(texts);
                chain.add(Texts::of(&texts).unwrap(), path.len(), *conversions, *nulls).unwrap();
                converted += conversions;
                all += conversions + nulls;
            }
            prop_assume!(converted > 0);
            let whole = probability(&chain, None);
            // an identity of first-order chains: the solved chance is the share that converted
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let rate = converted as f64 / all as f64;
            prop_assert!((whole - rate).abs() < 1e-9);
            for (value, (_, effect)) in chain.effects().unwrap().unwrap().iter().enumerate() {
                let walked = 1.0 - probability(&chain, Some(value)) / whole;
                prop_assert!((effect - walked).abs() < 1e-9, "{} {}", effect, walked);
            }
        }
    }

    #[test]
    fn states_merge_in_any_order() {
        let mut merged = Chain::default();
        for part in [&WORKED[2..], &WORKED[..1], &WORKED[1..2]] {
            let states: Vec<ArrayRef> = (chain(part).state().unwrap().iter())
                .map(|state| state.to_array().unwrap())
                .collect();
            merged.merge_batch(&states).unwrap();
        }
        let whole = chain(&WORKED);
        assert_eq!(merged.effects().unwrap(), whole.effects().unwrap());
    }

    #[test]
    fn nothing_converted_is_null_and_too_many_values_are_refused() {
        assert_eq!(chain(&[(&["a"], 0, 3)]).effects().unwrap(), None);
        assert_eq!(chain(&[(&[], 1, 0)]).effects().unwrap(), None);
        let mut wide = Chain::default();
        for value in 0..VALUES_MAX {
            wide.place(&format!("v{value}")).unwrap();
        }
        assert!(wide.place("one more").is_err());
    }
}

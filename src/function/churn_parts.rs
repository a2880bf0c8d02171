//! `churn_parts(model, features, feature_values)` and `log_odds_parts(base, points)`:
//! a probability and what it is made of.
//!
//! Both give the probability, the probability of an account of which nothing
//! special is known, and what each feature or point adds to that; the last ones
//! sum to the first exactly. How a model is trained is not known here.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, ListArray, StringArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int32Type};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{Texts, refuse, text_type, wrong_count};
use super::churn_model::{Parts, Scorer, log_odds_parts};

pub(super) const MODEL: FunctionDoc = FunctionDoc {
    name: "churn_parts",
    signature: "churn_parts(model text, features list<text>, feature_values list<float>) → \
                list<decimal(9,6)>",
    meaning: "What a trained churn model says of one account: the probability, the probability of \
              an average account, then what each feature adds to that, in the order given. The \
              last ones sum to the first exactly. A value that is null is not known; a feature \
              that the model does not know adds nothing, and one that it knows and that is not \
              given counts as not known. Null where an argument is null.",
    source: "Saabas 2014 for trees; largest remainders, Hare 1859",
};

pub(super) const LOG_ODDS: FunctionDoc = FunctionDoc {
    name: "log_odds_parts",
    signature: "log_odds_parts(base float, points list<float>) → list<decimal(9,6)>",
    meaning: "What points added to log-odds mean for the probability: the probability, that of the \
              base alone, then what each point adds to that, in the order given. The last ones sum \
              to the first exactly. Null where an argument is null.",
    source: "largest remainders, Hare 1859",
};

fn decimal() -> DataType {
    DataType::Decimal128(9, 6)
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

/// Lists of parts as they come, row by row.
#[derive(Default)]
struct Rows {
    values: Vec<i128>,
    lengths: Vec<usize>,
    known: Vec<bool>,
}

impl Rows {
    fn push(&mut self, parts: Option<Parts>) {
        let before = self.values.len();
        self.known.push(parts.is_some());
        if let Some(parts) = parts {
            self.values.push(parts.probability.into());
            self.values.push(parts.base.into());
            self.values
                .extend(parts.contributions.iter().map(|part| i128::from(*part)));
        }
        self.lengths.push(self.values.len() - before);
    }

    fn finish(self) -> Result<ColumnarValue> {
        let values = Decimal128Array::from(self.values).with_precision_and_scale(9, 6)?;
        let list = ListArray::new(
            Arc::new(Field::new_list_field(decimal(), true)),
            OffsetBuffer::from_lengths(self.lengths),
            Arc::new(values),
            Some(NullBuffer::from(self.known)),
        );
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}

/// The numbers of one row; NaN where null.
fn numbers(items: &ArrayRef) -> Vec<f64> {
    let items = items.as_primitive::<Float64Type>();
    items
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect()
}

#[derive(Debug)]
pub(super) struct ChurnParts {
    signature: Signature,
    /// The model that was read last: a query asks the same one for every batch.
    last: Mutex<Option<(String, Arc<Scorer>)>>,
}

// One function is as good as another: what is kept only saves reading again.
impl PartialEq for ChurnParts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ChurnParts {}

impl std::hash::Hash for ChurnParts {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        MODEL.name.hash(state);
    }
}

impl ChurnParts {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
            last: Mutex::new(None),
        }
    }

    fn scorer(&self, text: &str) -> Result<Arc<Scorer>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, scorer)) if known == text => Ok(Arc::clone(scorer)),
            _ => {
                let scorer = Scorer::parse(text).map_err(|why| {
                    refuse(format!("`{}` cannot read the model: {why}", MODEL.name))
                })?;
                let scorer = Arc::new(scorer);
                *last = Some((text.to_owned(), Arc::clone(&scorer)));
                Ok(scorer)
            }
        }
    }
}

/// The model of each row, read once where it is the same.
struct Models<'a> {
    texts: Texts<'a>,
    keys: Option<&'a [i32]>,
    valid: &'a ArrayRef,
}

impl<'a> Models<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_dictionary::<Int32Type>();
                Ok(Self {
                    texts: Texts::of(dictionary.values())?,
                    keys: Some(dictionary.keys().values()),
                    valid: array,
                })
            }
            _ => Ok(Self {
                texts: Texts::of(array)?,
                keys: None,
                valid: array,
            }),
        }
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        if !self.valid.is_valid(row) {
            return None;
        }
        let place = match self.keys {
            Some(keys) => usize::try_from(keys[row]).ok()?,
            None => row,
        };
        self.texts.get(place)
    }
}

/// Where the model's features stand among those that a row gives.
struct Layout {
    names: StringArray,
    places: Vec<Option<usize>>,
}

impl Layout {
    fn new(names: &StringArray, scorer: &Scorer) -> Self {
        let place = |feature: &String| {
            let mut given = names.iter();
            given.position(|name| name == Some(feature))
        };
        Self {
            names: names.clone(),
            places: scorer.features().iter().map(place).collect(),
        }
    }

    /// Asks the model and puts its answer into the order of the row.
    fn parts(&self, scorer: &Scorer, given: &[f64]) -> Parts {
        let value = |place: &Option<usize>| place.map_or(f64::NAN, |place| given[place]);
        let values: Vec<f64> = self.places.iter().map(value).collect();
        let said = scorer.parts(&values);
        let mut parts = Parts {
            contributions: vec![0; given.len()],
            ..said
        };
        for (place, contribution) in self.places.iter().zip(said.contributions) {
            match place {
                Some(place) => parts.contributions[*place] += contribution,
                // What nobody gave cannot be shown as a reason.
                None => parts.base += contribution,
            }
        }
        parts
    }
}

impl ScalarUDFImpl for ChurnParts {
    fn name(&self) -> &'static str {
        MODEL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [model, features, values] = given else {
            return wrong_count(MODEL.signature, given.len());
        };
        let keys = Box::new(DataType::Int32);
        let model = match model {
            DataType::Dictionary(key, value) if **key == DataType::Int32 => {
                DataType::Dictionary(keys, Box::new(text_type(MODEL.name, value)?))
            }
            other => text_type(MODEL.name, other)?,
        };
        if !matches!(features, DataType::List(_) | DataType::Null) {
            return plan_err!("{} needs a list of features, not {features}", MODEL.name);
        }
        if !matches!(values, DataType::List(_) | DataType::Null) {
            return plan_err!("{} needs a list of values, not {values}", MODEL.name);
        }
        Ok(vec![
            model,
            list_of(DataType::Utf8),
            list_of(DataType::Float64),
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_of(decimal()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let models = Models::of(&arrays[0])?;
        let (features, values) = (arrays[1].as_list::<i32>(), arrays[2].as_list::<i32>());
        let mut rows = Rows::default();
        let mut last: Option<(&str, Arc<Scorer>, Layout)> = None;
        for row in 0..features.len() {
            let model = models
                .get(row)
                .filter(|_| features.is_valid(row) && values.is_valid(row));
            let Some(model) = model else {
                rows.push(None);
                continue;
            };
            let (names, given) = (features.value(row), numbers(&values.value(row)));
            let names = names.as_string::<i32>();
            if names.len() != given.len() {
                return Err(refuse(format!(
                    "`{}` needs a value for each feature",
                    MODEL.name
                )));
            }
            // The same place in memory is the same text: no need to compare a megabyte.
            let is_same = |(text, _, layout): &(&str, Arc<Scorer>, Layout)| {
                std::ptr::eq(*text, model) && layout.names == *names
            };
            if !last.as_ref().is_some_and(is_same) {
                let scorer = self.scorer(model)?;
                let layout = Layout::new(names, &scorer);
                last = Some((model, scorer, layout));
            }
            let parts = last
                .as_ref()
                .map(|(_, scorer, layout)| layout.parts(scorer, &given));
            rows.push(parts);
        }
        rows.finish()
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct LogOddsParts {
    signature: Signature,
}

impl LogOddsParts {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for LogOddsParts {
    fn name(&self) -> &'static str {
        LOG_ODDS.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [_, DataType::List(_) | DataType::Null] => {
                Ok(vec![DataType::Float64, list_of(DataType::Float64)])
            }
            [_, other] => plan_err!("{} needs a list of points, not {other}", LOG_ODDS.name),
            _ => wrong_count(LOG_ODDS.signature, given.len()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_of(decimal()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let bases = cast(&arrays[0], &DataType::Float64).map_err(DataFusionError::from)?;
        let (bases, points) = (
            bases.as_primitive::<Float64Type>(),
            arrays[1].as_list::<i32>(),
        );
        let mut rows = Rows::default();
        for row in 0..points.len() {
            if bases.is_null(row) || points.is_null(row) {
                rows.push(None);
                continue;
            }
            let points = numbers(&points.value(row));
            if points.iter().any(|point| !point.is_finite()) {
                return Err(refuse(format!(
                    "`{}` needs points that are known",
                    LOG_ODDS.name
                )));
            }
            rows.push(Some(log_odds_parts(bases.value(row), &points)));
        }
        rows.finish()
    }
}

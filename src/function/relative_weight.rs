//! `relative_weights(…)`: how much each driver tells about an outcome.
//!
//! Johnson's relative weights (2000): the drivers are replaced by the orthogonal
//! ones that are closest to them, and what these explain is handed back. The
//! weights sum to R² and agree with the average over all orders (LMG, Shapley)
//! closely, at the cost of one decomposition instead of 2^p regressions. Intervals
//! come from a bootstrap over accounts, because answers of one account are alike.
//! It refuses where the division would be arbitrary. Nothing here is causal.

mod answers;
mod decomposition;
#[cfg(test)]
mod recomputed;

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::FunctionDoc;
use super::argument::{Texts, integer_type, refuse, text_type, wrong_count};
use answers::{Answers, Findings, Rules};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "relative_weights",
    signature: "relative_weights(account text, outcome float, drivers list<float>, \
                answers_per_driver integer, largest_inflation float, draws integer) → \
                struct(answers integer, accounts integer, refusal text, r_squared float, \
                inflation list<float>, weights list<float>, share_low list<float>, share_high \
                list<float>)",
    meaning: "Johnson's relative weights of the drivers, in their order, which sum to R²; beside \
              them the variance inflation of each driver, and a 95 % interval of its share of R² \
              from a bootstrap over accounts. Rows with a null anywhere are left out. refusal is \
              too_few, constant or collinear where no weights are given, else null.",
    source: "Johnson 2000, Multivariate Behavioral Research 35; Chamandy et al. 2012 (Poisson \
             bootstrap)",
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RelativeWeights {
    signature: Signature,
}

impl RelativeWeights {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

fn result_fields() -> Fields {
    let list = |name: &str| Field::new(name, list_of(DataType::Float64), true);
    Fields::from(vec![
        Field::new("answers", DataType::Int64, true),
        Field::new("accounts", DataType::Int64, true),
        Field::new("refusal", DataType::Utf8, true),
        Field::new("r_squared", DataType::Float64, true),
        list("inflation"),
        list("weights"),
        list("share_low"),
        list("share_high"),
    ])
}

impl AggregateUDFImpl for RelativeWeights {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [account, outcome, drivers, answers, inflation, draws] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        if !matches!(drivers, DataType::List(item) if item.data_type().is_numeric()) {
            return plan_err!("{} needs a list of numbers, not {drivers}", self.name());
        }
        for number in [outcome, inflation] {
            if !(number.is_numeric() || number.is_null()) {
                return plan_err!("{} needs numbers, not {number}", self.name());
            }
        }
        Ok(vec![
            text_type(self.name(), account)?,
            DataType::Float64,
            list_of(DataType::Float64),
            integer_type(self.name(), answers)?,
            DataType::Float64,
            integer_type(self.name(), draws)?,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(result_fields()))
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return plan_err!(
                "{} has no `distinct`: equal answers count each",
                self.name()
            );
        }
        Ok(Box::new(Answers::default()))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            let item = Field::new_list_field(item, true);
            Arc::new(Field::new_list(name, item, true))
        };
        Ok(vec![
            list("account", DataType::Utf8),
            list("value", DataType::Float64),
            list("rule", DataType::Float64),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

fn one_list(values: ArrayRef) -> ScalarValue {
    ScalarValue::List(Arc::new(one_row(values)))
}

fn one_row(values: ArrayRef) -> ListArray {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let lengths = OffsetBuffer::from_lengths([values.len()]);
    ListArray::new(field, lengths, values, None)
}

fn numbers(values: Option<&[f64]>) -> ArrayRef {
    match values {
        Some(values) => Arc::new(one_row(Arc::new(Float64Array::from(values.to_vec())))),
        None => Arc::new(ListArray::new_null(
            Arc::new(Field::new_list_field(DataType::Float64, true)),
            1,
        )),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn rules_of(answers: i64, inflation: f64, draws: i64) -> Rules {
    Rules {
        answers_per_driver: answers as f64,
        largest_inflation: inflation,
        draws: draws as f64,
    }
}

fn result(answers: usize, accounts: usize, findings: &Findings) -> ScalarValue {
    let count = |count: usize| -> ArrayRef {
        Arc::new(Int64Array::from(vec![
            i64::try_from(count).unwrap_or(i64::MAX),
        ]))
    };
    let columns: Vec<ArrayRef> = vec![
        count(answers),
        count(accounts),
        Arc::new(StringArray::from(vec![findings.refusal])),
        Arc::new(Float64Array::from(vec![findings.r_squared])),
        numbers(findings.inflation.as_deref()),
        numbers(findings.weights.as_deref()),
        numbers(findings.share_low.as_deref()),
        numbers(findings.share_high.as_deref()),
    ];
    ScalarValue::Struct(Arc::new(StructArray::new(result_fields(), columns, None)))
}

impl Accumulator for Answers {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let accounts = Texts::of(&values[0])?;
        let outcomes = values[1].as_primitive::<Float64Type>();
        let drivers = values[2].as_list::<i32>();
        let least = values[3].as_primitive::<Int64Type>();
        let inflation = values[4].as_primitive::<Float64Type>();
        let draws = values[5].as_primitive::<Int64Type>();
        for row in 0..outcomes.len() {
            let is_ruled = least.is_valid(row) && inflation.is_valid(row) && draws.is_valid(row);
            if is_ruled {
                let rules = rules_of(least.value(row), inflation.value(row), draws.value(row));
                self.follow(rules)?;
            }
            let (Some(account), true, true) = (
                accounts.get(row),
                outcomes.is_valid(row),
                drivers.is_valid(row),
            ) else {
                continue;
            };
            let given = drivers.value(row);
            let given = given.as_primitive::<Float64Type>();
            if given.null_count() == 0 {
                self.add(account, outcomes.value(row), given.values())?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let findings = self.findings();
        Ok(result(self.rows.len(), self.accounts(), &findings))
    }

    fn size(&self) -> usize {
        let rows: usize = (self.rows.iter())
            .map(|row| row.account.capacity() + row.values.capacity() * 8 + 48)
            .sum();
        size_of::<Self>() + rows
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let accounts: StringArray = self.rows.iter().map(|row| Some(&row.account)).collect();
        let values = self.rows.iter().flat_map(|row| row.values.iter().copied());
        let rules = self.rules.map(|rules| {
            vec![
                rules.answers_per_driver,
                rules.largest_inflation,
                rules.draws,
            ]
        });
        Ok(vec![
            one_list(Arc::new(accounts)),
            one_list(Arc::new(Float64Array::from_iter_values(values))),
            one_list(Arc::new(Float64Array::from(rules.unwrap_or_default()))),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = [0, 1, 2].map(|state: usize| states[state].as_list::<i32>());
        for row in 0..lists[0].len() {
            let [accounts, values, rules] = lists.map(|list| list.value(row));
            if let [answers_per_driver, largest_inflation, draws] =
                *rules.as_primitive::<Float64Type>().values().as_ref()
            {
                self.follow(Rules {
                    answers_per_driver,
                    largest_inflation,
                    draws,
                })?;
            }
            if accounts.is_empty() {
                continue;
            }
            let values = values.as_primitive::<Float64Type>().values();
            let width = values.len() / accounts.len();
            let names = Texts::of(&accounts)?;
            for (number, values) in values.chunks(width).enumerate() {
                let account = names.get(number).unwrap_or_default();
                self.add(account, values[0], &values[1..])?;
            }
        }
        Ok(())
    }
}

fn refuse_row(what: &str) -> datafusion::common::DataFusionError {
    refuse(format!("`{}` {what}", DOCUMENTATION.name))
}

//! How far back health and risk are tried on what happened afterwards, and how
//! good they must have been.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Pipeline, within};
use super::tables::{integers, table};
use crate::error::{Error, Result};

/// The section `backtest:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    /// Month-ends that are looked at: the newest ones whose horizon is over.
    pub months: u32,
    /// The least AUC that the churn risk must have had; none when left out.
    pub minimum_auc: Option<f64>,
    /// Lost accounts below which no minimum is asked for: chance would decide.
    pub minimum_losses: u32,
}

pub(super) fn validate(backtest: &Backtest) -> Result<()> {
    within("backtest.months", backtest.months, 1, 120)?;
    within(
        "backtest.minimum_losses",
        backtest.minimum_losses,
        1,
        1_000_000,
    )?;
    match backtest.minimum_auc {
        Some(auc) if !(0.5..=1.0).contains(&auc) => Err(Error::usage(format!(
            "`backtest.minimum_auc` is {auc}, but must lie within 0.5 and 1"
        ))
        .with_hint("0.5 is what a coin does; leave it out to ask for nothing")),
        _ => Ok(()),
    }
}

pub(super) fn tables(pipeline: &Pipeline) -> Result<[(&'static str, RecordBatch); 1]> {
    let backtest = &pipeline.backtest;
    let minimum_auc: ArrayRef = Arc::new(Float64Array::from(vec![backtest.minimum_auc]));
    let settings = table(vec![
        ("minimum_auc", minimum_auc),
        integers("minimum_losses", [i64::from(backtest.minimum_losses)]),
    ])?;
    Ok([("cfg_backtest", settings)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_is_better_than_a_coin_and_possible() {
        let with = |minimum_auc| Backtest {
            months: 12,
            minimum_auc,
            minimum_losses: 30,
        };
        assert!(validate(&with(None)).is_ok());
        assert!(validate(&with(Some(0.7))).is_ok());
        assert!(validate(&with(Some(0.3))).is_err());
        assert!(validate(&with(Some(70.0))).is_err());
        assert!(validate(&with(Some(f64::NAN))).is_err());
    }
}

//! The scales of the survey metrics: what is asked, and which answers are good.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Error, Result};

/// A metric and its scale; a higher answer is always better.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyMetric {
    /// nps, csat or ces.
    pub metric: String,
    /// Lowest answer.
    pub scale_min: i32,
    /// Highest answer.
    pub scale_max: i32,
    /// Lowest answer that counts as good (promoter, satisfied, easy).
    pub good_from: i32,
    /// Highest answer that counts as bad (detractor, dissatisfied, hard).
    pub bad_to: i32,
}

pub(crate) fn validate(metrics: &[SurveyMetric]) -> Result<()> {
    let mut names = BTreeSet::new();
    for metric in metrics {
        let place = format!("survey metric `{}`", metric.metric);
        if !["nps", "csat", "ces"].contains(&metric.metric.as_str()) {
            return Err(Error::usage(format!(
                "{place} is not one of nps, csat, ces"
            )));
        }
        if !names.insert(&metric.metric) {
            return Err(Error::usage(format!("{place} is there twice")));
        }
        let grows = metric.scale_min <= metric.bad_to
            && metric.bad_to < metric.good_from
            && metric.good_from <= metric.scale_max;
        if !grows {
            return Err(Error::usage(format!(
                "{place}: scale_min <= bad_to < good_from <= scale_max must hold"
            )));
        }
    }
    Ok(())
}

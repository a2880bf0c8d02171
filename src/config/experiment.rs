//! The experiments to read out: arms and their shares, what is compared, and how
//! large an effect has to be to matter.
//!
//! Who is in which arm comes from the extract `exposure`; what came of it is
//! computed by `sql/marts/experiment_readout.sql`.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Pipeline, named_once, within};
use super::tables::{booleans, integers, points, table, texts};
use crate::error::{Error, Result};

/// What the SQL can measure for an account.
const OUTCOMES: [&str; 5] = ["active_days", "events", "is_paying", "nps_score", "outcome"];

/// One experiment, randomised by account.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name as the extract `exposure` gives it.
    pub experiment: String,
    /// The arm that the others are compared with.
    pub control: String,
    /// Every arm with its planned share of the accounts, relative to the others.
    pub arms: BTreeMap<String, u32>,
    /// Days after the exposure that count, and before it for the comparison.
    pub window_days: u32,
    /// What is compared: `active_days`, `events`, `is_paying`, `nps_score` (answers,
    /// several an account) or `outcome` (measured by the extract itself).
    pub outcomes: Vec<String>,
    /// The smallest change that matters, as a share of the control arm's mean.
    pub relevant_effect: f64,
    /// Arms whose sizes chance alone gives less often than this were not filled as
    /// planned, 0 to 1.
    pub mismatch_p: f64,
}

pub(crate) fn validate(experiments: &[Experiment], history_days: u32) -> Result<()> {
    let names = experiments.iter().map(|one| one.experiment.as_str());
    named_once("experiments", names)?;
    for one in experiments {
        let place = format!("experiment `{}`", one.experiment);
        within(
            &format!("{place}: window_days"),
            one.window_days,
            1,
            history_days / 2,
        )?;
        for (arm, share) in &one.arms {
            within(&format!("{place}: share of `{arm}`"), *share, 1, 1000)?;
        }
        if one.arms.len() < 2 || !one.arms.contains_key(&one.control) {
            return Err(Error::usage(format!(
                "{place} needs at least two arms, and its control `{}` among them",
                one.control
            )));
        }
        named_once(&place, one.outcomes.iter().map(String::as_str))?;
        if let Some(outcome) = (one.outcomes.iter()).find(|name| !OUTCOMES.contains(&name.as_str()))
        {
            return Err(
                Error::usage(format!("{place} has an outcome `{outcome}` that is none"))
                    .with_hint(format!("use {}", OUTCOMES.join(", "))),
            );
        }
        if !(0.0001..=0.1).contains(&one.mismatch_p) {
            return Err(Error::usage(format!(
                "{place}: mismatch_p is {}, but must lie within 0.0001 and 0.1",
                one.mismatch_p
            )));
        }
        if !(0.0001..=10.0).contains(&one.relevant_effect) {
            return Err(Error::usage(format!(
                "{place}: relevant_effect is {}, but must lie within 0.0001 and 10",
                one.relevant_effect
            )));
        }
    }
    Ok(())
}

/// `cfg_experiment_arm` and `cfg_experiment_outcome`; both repeat what belongs to
/// the experiment.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let arms: Vec<_> = (pipeline.experiments.iter())
        .flat_map(|one| one.arms.iter().map(move |arm| (one, arm)))
        .collect();
    let outcomes: Vec<_> = (pipeline.experiments.iter())
        .flat_map(|one| one.outcomes.iter().map(move |outcome| (one, outcome)))
        .collect();
    let arms = table(vec![
        texts(
            "experiment",
            arms.iter().map(|row| row.0.experiment.as_str()),
        ),
        texts("arm", arms.iter().map(|row| row.1.0.as_str())),
        booleans(
            "is_control",
            arms.iter().map(|row| *row.1.0 == row.0.control).collect(),
        ),
        integers("share", arms.iter().map(|row| i64::from(*row.1.1))),
        integers(
            "shares",
            arms.iter()
                .map(|row| row.0.arms.values().map(|share| i64::from(*share)).sum()),
        ),
        points("mismatch_p", arms.iter().map(|row| row.0.mismatch_p))?,
        integers(
            "window_days",
            arms.iter().map(|row| i64::from(row.0.window_days)),
        ),
    ])?;
    let outcomes = table(vec![
        texts(
            "experiment",
            outcomes.iter().map(|row| row.0.experiment.as_str()),
        ),
        texts("outcome", outcomes.iter().map(|row| row.1.as_str())),
        points(
            "relevant_effect",
            outcomes.iter().map(|row| row.0.relevant_effect),
        )?,
    ])?;
    Ok(vec![
        ("cfg_experiment_arm", arms),
        ("cfg_experiment_outcome", outcomes),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::SHIPPED_PIPELINE;
    use super::*;

    #[test]
    fn arms_hold_the_control_and_outcomes_are_known() {
        let pipeline = Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE).unwrap();
        let check = |change: &dyn Fn(&mut Experiment)| {
            let mut experiments = pipeline.experiments.clone();
            change(&mut experiments[0]);
            validate(&experiments, pipeline.history_days)
        };
        assert!(check(&|_| {}).is_ok());
        assert!(check(&|one| one.control = "nobody".to_owned()).is_err());
        assert!(check(&|one| one.outcomes.push("mood".to_owned())).is_err());
        assert!(check(&|one| one.relevant_effect = 0.0).is_err());
        assert!(check(&|one| one.mismatch_p = 0.5).is_err());
        assert!(check(&|one| one.window_days = 10_000).is_err());
    }
}

//! Cohorts as a pipeline declares them: what makes an account a member, and the ages
//! at which it is looked at.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::journey::Journey;
use crate::error::{Error, Result};

/// The section `cohorts:`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cohorts {
    /// Ages in days at which a cohort is looked at, ascending.
    pub ages_days: Vec<u32>,
    /// What begins an account's membership; each gives cohorts of its own.
    pub starts: Vec<CohortStart>,
}

/// The day on which accounts become members: that of their first paid contract, or of
/// their first day in a stage.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortStart {
    /// Name of the start.
    pub name: String,
    /// A journey of `stages`; the first paid contract counts when left out.
    pub journey: Option<String>,
    /// A stage of that journey.
    pub stage: Option<String>,
}

pub(crate) fn validate(cohorts: &Cohorts, journeys: &[Journey]) -> Result<()> {
    let ages = &cohorts.ages_days;
    let grows = ages.windows(2).all(|pair| pair[0] < pair[1]);
    if ages.is_empty() || !grows || ages.iter().any(|age| !(1..=3660).contains(age)) {
        return Err(Error::usage(
            "`cohorts.ages_days` must be days between 1 and 3660, each greater than the one before",
        ));
    }
    let mut names = BTreeSet::new();
    for start in &cohorts.starts {
        let place = format!("cohort start `{}`", start.name);
        if !names.insert(&start.name) {
            return Err(Error::usage(format!("{place} is there twice")));
        }
        match (&start.journey, &start.stage) {
            (None, None) => {}
            (Some(journey), Some(stage)) => {
                let is_known = |known: &Journey| {
                    known.journey == *journey && known.order.iter().any(|name| name == stage)
                };
                if !journeys.iter().any(is_known) {
                    return Err(Error::usage(format!(
                        "{place}: `stages` has no journey `{journey}` with a stage `{stage}`"
                    ))
                    .with_hint("a pipeline with `stages` of its own needs its own `cohorts`"));
                }
            }
            _ => {
                return Err(Error::usage(format!(
                    "{place} must name both `journey` and `stage`, or neither"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let cohorts: Cohorts = serde_saphyr::from_str(text).unwrap();
        validate(&cohorts, &[]).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn ages_grow_and_starts_are_known() {
        let fine = "{ages_days: [30, 90], starts: [{name: a}]}";
        assert_eq!(said(fine), "fine");
        assert!(said(&fine.replace("90", "30")).contains("greater than"));
        assert!(said(&fine.replace("30, 90", "")).contains("greater than"));
        assert!(said(&fine.replace("{name: a}", "{name: a}, {name: a}")).contains("twice"));
        assert!(said(&fine.replace("name: a", "name: a, stage: use")).contains("or neither"));
        let unknown = fine.replace("name: a", "name: a, journey: j, stage: use");
        assert!(said(&unknown).contains("no journey `j` with a stage `use`"));
    }
}

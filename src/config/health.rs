//! How health is scored: measures with weights and curves, tiers, coverage floor.
//!
//! The section is checked here so that no account can fall between two tiers
//! and no curve can run backwards; how the score is computed stands in
//! `sql/marts/account_health.sql`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::Localised;
use crate::error::{Error, Result};

/// The section `health:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HealthText {
    /// Ways to score health.
    pub(crate) profiles: Vec<HealthProfile>,
}

/// One way to score health.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthProfile {
    /// Name of the profile.
    pub name: String,
    /// Share of the applicable weight, 0 to 1, below which there is no tier.
    pub coverage_floor: f64,
    /// Points by which a score must pass a tier's boundary before the tier changes.
    pub hysteresis_points: f64,
    /// Tiers by the score at which each begins; the first begins at 0.
    pub tiers: Vec<ScoreTier>,
    /// What the score is made of.
    pub measures: Vec<Measure>,
}

/// A tier of the health score.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreTier {
    /// Name: red, amber or green.
    pub tier: String,
    /// Lowest score of the tier, 0 to 100.
    pub from: f64,
}

/// One measure of health.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Name, as in `int_account_measure`.
    pub name: String,
    /// The group it is shown under.
    pub dimension: String,
    /// Weight; the weights of what is present are scaled to 1.
    pub weight: f64,
    /// Days after which a value is too old to count; never when left out.
    pub stale_after_days: Option<u32>,
    /// What people read.
    pub label: Localised,
    /// Raw value to score 0 to 100, straight lines between, flat outside.
    pub curve: Vec<CurvePoint>,
}

/// A point of a curve: raw value, score.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct CurvePoint(pub f64, pub f64);

pub(crate) fn validate(profiles: &[HealthProfile]) -> Result<()> {
    let [profile] = profiles else {
        return Err(Error::usage(format!(
            "`health.profiles` has {} profiles, but exactly one can be used",
            profiles.len()
        )));
    };
    let place = format!("health profile `{}`", profile.name);
    if !(0.0..=1.0).contains(&profile.coverage_floor) {
        return Err(Error::usage(format!(
            "{place}: `coverage_floor` must lie within 0 and 1"
        )));
    }
    if !(0.0..=50.0).contains(&profile.hysteresis_points) {
        return Err(Error::usage(format!(
            "{place}: `hysteresis_points` must lie within 0 and 50"
        )));
    }
    validate_tiers(&place, profile)?;
    if profile.measures.is_empty() {
        return Err(Error::usage(format!("{place} has no measures")));
    }
    let mut names = BTreeSet::new();
    for measure in &profile.measures {
        if !names.insert(&measure.name) {
            return Err(Error::usage(format!(
                "{place}: measure `{}` is there twice",
                measure.name
            )));
        }
        validate_measure(&place, measure)?;
    }
    Ok(())
}

fn validate_tiers(place: &str, profile: &HealthProfile) -> Result<()> {
    let known = ["red", "amber", "green"];
    for tier in &profile.tiers {
        if !known.contains(&tier.tier.as_str()) {
            return Err(Error::usage(format!("{place}: `{}` is no tier", tier.tier))
                .with_hint(format!("tiers are {}", known.join(", "))));
        }
    }
    ascending(
        place,
        profile
            .tiers
            .iter()
            .map(|tier| (tier.tier.as_str(), tier.from)),
        100.0,
    )
}

/// Half-open ranges that begin at 0 and grow leave no gap and no overlap.
pub(crate) fn ascending<'a>(
    place: &str,
    tiers: impl Iterator<Item = (&'a str, f64)>,
    most: f64,
) -> Result<()> {
    let mut before: Option<f64> = None;
    let mut names = BTreeSet::new();
    for (name, from) in tiers {
        let fits = match before {
            None => from == 0.0,
            Some(last) => from > last && from < most,
        };
        if !fits || !names.insert(name) {
            return Err(
                Error::usage(format!("{place}: tier `{name}` cannot begin at {from}"))
                    .with_hint("the first tier begins at 0, each further one higher, each once"),
            );
        }
        before = Some(from);
    }
    if before.is_none() {
        return Err(Error::usage(format!("{place} has no tiers")));
    }
    Ok(())
}

fn validate_measure(place: &str, measure: &Measure) -> Result<()> {
    let place = format!("{place}, measure `{}`", measure.name);
    if !(measure.weight.is_finite() && measure.weight > 0.0) {
        return Err(Error::usage(format!("{place}: `weight` must be above 0")));
    }
    if measure.curve.len() < 2 {
        return Err(Error::usage(format!(
            "{place}: `curve` needs at least two points"
        )));
    }
    for pair in measure.curve.windows(2) {
        if !(pair[0].0.is_finite() && pair[1].0.is_finite() && pair[0].0 < pair[1].0) {
            return Err(Error::usage(format!(
                "{place}: raw values of `curve` must grow"
            )));
        }
    }
    if measure
        .curve
        .iter()
        .any(|point| !(0.0..=100.0).contains(&point.1))
    {
        return Err(Error::usage(format!(
            "{place}: scores of `curve` must lie within 0 and 100"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(list: &[(&str, f64)]) -> Result<()> {
        ascending("profile", list.iter().copied(), 100.0)
    }

    #[test]
    fn tiers_leave_no_gap_and_no_overlap() {
        assert!(tiers(&[("red", 0.0), ("amber", 45.0), ("green", 70.0)]).is_ok());
        assert!(tiers(&[("red", 10.0), ("green", 70.0)]).is_err());
        assert!(tiers(&[("red", 0.0), ("amber", 70.0), ("green", 45.0)]).is_err());
        assert!(tiers(&[("red", 0.0), ("green", 100.0)]).is_err());
        assert!(tiers(&[]).is_err());
    }
}

//! The churn scorecard: log-odds points for what is seen, and who gets listed.
//!
//! Points are decimals, so that their sum is the same in any order. How the
//! probability is computed stands in `sql/marts/churn_risk.sql`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::health::ascending;
use super::pipeline::Localised;
use crate::error::{Error, Result};

/// The section `risk:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// Log-odds of churn of an account of which nothing special is known.
    pub base_log_odds: f64,
    /// Days ahead that the probability is about.
    pub horizon_days: u32,
    /// Tiers by the probability at which each begins; the first begins at 0.
    pub tiers: Vec<ProbabilityTier>,
    /// Tiers whose accounts enter the risk list.
    pub list_tiers: Vec<String>,
    /// What adds to or takes from the log-odds.
    pub factors: Vec<RiskFactor>,
    /// How much sooner a near renewal is shown.
    pub renewal_weights: Vec<RenewalWeight>,
}

/// A tier of the churn probability.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbabilityTier {
    /// Name: low, medium or high.
    pub tier: String,
    /// Lowest probability of the tier, 0 to 1.
    pub from: f64,
}

/// A range of a feature that speaks for or against churn.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskFactor {
    /// Name of the factor.
    pub name: String,
    /// Name of the feature, as in `int_risk_feature`.
    pub feature: String,
    /// Lowest value; no lower end when left out.
    pub from: Option<f64>,
    /// First value beyond; no upper end when left out.
    pub to: Option<f64>,
    /// Log-odds added, four digits after the point at most.
    pub points: f64,
    /// Why, in words; `{value}` and `{percent}` stand for the feature's value.
    pub reason: Localised,
    /// What to do about it; needed where somebody can do something.
    pub next_step: Option<Localised>,
    /// Whether somebody can do something about it.
    pub is_actionable: bool,
}

/// How closeness of the renewal counts in the ranking of the risk list.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalWeight {
    /// Fewest days to renewal; no lower end when left out.
    pub from_days: Option<i32>,
    /// First number of days beyond; no upper end when left out.
    pub to_days: Option<i32>,
    /// Factor on probability × revenue.
    pub weight: f64,
}

pub(crate) fn validate(risk: &Risk) -> Result<()> {
    if !(1..=730).contains(&risk.horizon_days) {
        return Err(Error::usage(
            "`risk.horizon_days` must lie within 1 and 730",
        ));
    }
    let known = ["low", "medium", "high"];
    let tiers = risk.tiers.iter().map(|tier| tier.tier.as_str());
    if let Some(unknown) = tiers
        .chain(risk.list_tiers.iter().map(String::as_str))
        .find(|tier| !known.contains(tier))
    {
        return Err(Error::usage(format!("`risk`: `{unknown}` is no tier"))
            .with_hint(format!("tiers are {}", known.join(", "))));
    }
    ascending(
        "`risk`",
        risk.tiers
            .iter()
            .map(|tier| (tier.tier.as_str(), tier.from)),
        1.0,
    )?;
    scaled("risk.base_log_odds", risk.base_log_odds)?;
    let mut names = BTreeSet::new();
    let mut by_feature: BTreeMap<&str, Vec<(f64, f64, &str)>> = BTreeMap::new();
    for factor in &risk.factors {
        if !names.insert(&factor.name) {
            return Err(Error::usage(format!(
                "risk factor `{}` is there twice",
                factor.name
            )));
        }
        scaled(
            &format!("risk factor `{}`: points", factor.name),
            factor.points,
        )?;
        let range = (
            factor.from.unwrap_or(f64::MIN),
            factor.to.unwrap_or(f64::MAX),
            factor.name.as_str(),
        );
        by_feature.entry(&factor.feature).or_default().push(range);
    }
    for (feature, ranges) in by_feature {
        without_overlap(&format!("risk feature `{feature}`"), ranges)?;
    }
    let weights = risk.renewal_weights.iter().map(|weight| {
        let from = weight.from_days.map_or(f64::MIN, f64::from);
        (
            from,
            weight.to_days.map_or(f64::MAX, f64::from),
            "renewal weight",
        )
    });
    without_overlap("`risk.renewal_weights`", weights.collect())?;
    for weight in &risk.renewal_weights {
        scaled("risk.renewal_weights", weight.weight)?;
    }
    Ok(())
}

fn without_overlap(place: &str, mut ranges: Vec<(f64, f64, &str)>) -> Result<()> {
    ranges.sort_by(|left, right| left.0.total_cmp(&right.0));
    if let Some((from, to, name)) = ranges.iter().find(|(from, to, _)| from >= to) {
        return Err(Error::usage(format!(
            "{place}: the range of `{name}`, {from} to {to}, is empty"
        )));
    }
    match ranges.windows(2).find(|pair| pair[1].0 < pair[0].1) {
        None => Ok(()),
        Some(pair) => Err(Error::usage(format!(
            "{place}: the ranges of `{}` and `{}` overlap",
            pair[0].2, pair[1].2
        ))),
    }
}

/// `value` in ten-thousandths, the unit of points; refused when it has more digits.
pub(crate) fn scaled(place: &str, value: f64) -> Result<i128> {
    let scaled = value * 10_000.0;
    if !scaled.is_finite() || scaled.abs() >= 1e9 || (scaled - scaled.round()).abs() > 1e-6 {
        return Err(Error::usage(format!("`{place}` is {value}"))
            .with_hint("write a number below 100,000 with at most four digits after the point"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "its size was checked just above"
    )]
    Ok(scaled.round() as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_feature_do_not_overlap() {
        assert!(without_overlap("f", vec![(0.0, 1.0, "a"), (1.0, 2.0, "b")]).is_ok());
        assert!(without_overlap("f", vec![(0.0, 1.5, "a"), (1.0, 2.0, "b")]).is_err());
        assert!(without_overlap("f", vec![(2.0, 1.0, "a")]).is_err());
    }

    #[test]
    fn points_are_exact_decimals() {
        assert_eq!(scaled("points", -3.3).unwrap(), -33_000);
        assert!(scaled("points", 0.12345).is_err());
        assert!(scaled("points", f64::NAN).is_err());
    }
}

//! How health is scored: profiles and who they are for, dimensions and their measures,
//! tiers, caps, the frozen reference; and which signals contradict each other.
//!
//! The shape only. What must hold within it is proven by `health/proof.rs`; what SQL sees
//! is made by `health/tables.rs`; how a score is computed stands in `sql/`. Weights, limits
//! and conditions keep their place in the file, so that a mistake can be shown there.

mod proof;
mod tables;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::pipeline::Localised;

pub(crate) use proof::{ascending, validate};
pub(super) use tables::tables;

/// The measures of `int_account_measure`; beside them stands `experience_<factor>` for each
/// factor of `voice:`.
pub(crate) const MEASURES: [&str; 9] = [
    "adoption",
    "breadth",
    "commercial",
    "engagement",
    "fulfilment",
    "relationship",
    "support",
    "usage",
    "voice",
];

/// The signals of `int_health_signal`, which caps and disagreements may name.
pub(crate) const SIGNALS: [&str; 22] = [
    "active_days_28d",
    "bad_tickets_90d",
    "champion_nps_mean",
    "champions_left",
    "days_since_active",
    "days_to_renewal",
    "decider_nps_mean",
    "delivery_nps",
    "detractors",
    "features_28d",
    "mrr_change_90d",
    "notice_share",
    "nps_score_mean",
    "open_tickets",
    "overdue_days",
    "people_per_seat",
    "relationship_signs",
    "reported_on_time",
    "silent_contacts",
    "silent_share",
    "usage_change_28d",
    "user_nps_mean",
];

/// Signals that are only known once every account has its score: for disagreements.
pub(crate) const LATE_SIGNALS: [&str; 5] = [
    "churn_probability",
    "is_green",
    "is_red",
    "risk_rank",
    "score",
];

/// The section `health:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Days for which a person's override holds that names no day of its own.
    pub override_days: u32,
    /// Share of the group's revenue from which on a member of a group is important.
    pub important_share: f64,
    /// Measures that a model of your own adds to `int_account_measure`.
    #[serde(default)]
    pub own_measures: Vec<String>,
    /// Signals that a model of your own adds to `int_health_signal`.
    #[serde(default)]
    pub own_signals: Vec<String>,
    /// What measures are compared with that have no absolute meaning; frozen.
    pub reference: Option<Reference>,
    /// Ways to score health; of those that fit an account the first by priority counts.
    #[schemars(with = "Vec<HealthProfile>")]
    pub profiles: Vec<Spanned<HealthProfile>>,
    /// Signals that contradict each other.
    #[serde(default)]
    #[schemars(with = "Vec<Disagreement>")]
    pub disagreements: Vec<Spanned<Disagreement>>,
}

/// One way to score health.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthProfile {
    /// Name of the profile.
    pub name: String,
    /// 1 is tried first; no two profiles share a number.
    #[schemars(with = "u32")]
    pub priority: Spanned<u32>,
    /// All of these must hold; the profile of the last priority has none.
    #[serde(default)]
    #[schemars(with = "Vec<ProfileCondition>")]
    pub when: Vec<Spanned<ProfileCondition>>,
    /// How dimensions become the score.
    #[serde(default)]
    pub combiner: Combiner,
    /// Points that full marks everywhere add to 50; of `points_from_neutral` only.
    #[schemars(with = "Option<f64>")]
    pub reach: Option<Spanned<f64>>,
    /// Share of the applicable weight, 0 to 1, below which there is no tier.
    #[schemars(with = "f64")]
    pub coverage_floor: Spanned<f64>,
    /// Points by which a score must pass a tier's boundary before the tier changes.
    #[schemars(with = "f64")]
    pub hysteresis_points: Spanned<f64>,
    /// Tiers by the score at which each begins; the first begins at 0.
    #[schemars(with = "Vec<ScoreTier>")]
    pub tiers: Spanned<Vec<Spanned<ScoreTier>>>,
    /// What the score is made of; weights sum to 1.
    #[schemars(with = "Vec<Dimension>")]
    pub dimensions: Spanned<Vec<Spanned<Dimension>>>,
    /// Emergency rules, strictest first.
    #[serde(default)]
    #[schemars(with = "Vec<Cap>")]
    pub caps: Vec<Spanned<Cap>>,
}

/// How parts become a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combiner {
    /// The mean by weight; the weight of what is absent is spread over the rest.
    #[default]
    WeightedMean,
    /// 50, and up or down from there by weight; an absent dimension moves nothing.
    PointsFromNeutral,
    /// The lowest part that is known.
    WorstOf,
}

impl Combiner {
    /// As pipelines and tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WeightedMean => "weighted_mean",
            Self::PointsFromNeutral => "points_from_neutral",
            Self::WorstOf => "worst_of",
        }
    }
}

/// For whom a profile is: an attribute of the account, or its stage in a journey.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileCondition {
    /// segment, region, industry, country, owner or size.
    pub attribute: Option<String>,
    /// A journey of `stages:`.
    pub journey: Option<String>,
    /// Values of the attribute, or stages of the journey.
    #[serde(rename = "in")]
    pub values: Vec<String>,
}

impl ProfileCondition {
    /// What `int_health_profile` calls the thing asked about.
    pub(crate) fn subject(&self) -> String {
        match (&self.attribute, &self.journey) {
            (_, Some(journey)) => format!("journey:{journey}"),
            (attribute, None) => attribute.clone().unwrap_or_default(),
        }
    }
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

/// One side of the relationship.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Name of the dimension.
    pub name: String,
    /// What people read.
    pub label: Localised,
    /// Weight among the dimensions, four digits after the point at most.
    #[schemars(with = "f64")]
    pub weight: Spanned<f64>,
    /// How measures become the dimension: `weighted_mean` or `worst_of`.
    #[serde(default)]
    pub combiner: Combiner,
    /// Its measures; weights sum to 1.
    #[schemars(with = "Vec<Measure>")]
    pub measures: Spanned<Vec<Spanned<Measure>>>,
}

/// One measure of health. Either `curve` or `against_segment` makes a score of it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Name, as in `int_account_measure`.
    pub name: String,
    /// Weight within the dimension, four digits after the point at most.
    #[schemars(with = "f64")]
    pub weight: Spanned<f64>,
    /// Days after which a value is too old to count; never when left out.
    pub stale_after_days: Option<u32>,
    /// What people read.
    pub label: Localised,
    /// Raw value to score 0 to 100, straight lines between, flat outside.
    #[schemars(with = "Option<Vec<CurvePoint>>")]
    pub curve: Option<Spanned<Vec<CurvePoint>>>,
    /// Compared with the account's segment on the frozen reference.
    pub against_segment: Option<Direction>,
}

/// Which way a measure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
}

/// A point of a curve: raw value, score.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct CurvePoint(pub f64, pub f64);

/// Where segments stood on one day, written by `kenko reference` and never changed by a
/// run: an account does not move because others did.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Names this reference in `health_measure`.
    pub version: String,
    /// One for each measure and segment, `all` for segments without one.
    #[schemars(with = "Vec<ReferenceGroup>")]
    pub groups: Vec<Spanned<ReferenceGroup>>,
}

/// Where the accounts of one segment stood in one measure.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceGroup {
    /// The measure.
    pub measure: String,
    /// The segment; `all` for every account.
    pub segment: String,
    /// Number of accounts behind it.
    pub n: u32,
    /// Raw value, percent of the accounts below it (half of those at it).
    pub percentiles: Vec<CurvePoint>,
}

/// An emergency rule: while it holds, the score is at most `at_most`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Name of the rule.
    pub name: String,
    /// All of these must hold.
    #[schemars(with = "Vec<SignalRange>")]
    pub when: Vec<Spanned<SignalRange>>,
    /// The most that the score may be.
    #[schemars(with = "f64")]
    pub at_most: Spanned<f64>,
    /// Why, in words; `{1}` is the value of the first signal of `when`, `{1%}` in percent.
    pub reason: Localised,
}

/// A signal within a range: from `from` on, below `to`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalRange {
    /// Name, as in `int_health_signal`.
    pub signal: String,
    /// Lowest value; no lower end when left out.
    pub from: Option<f64>,
    /// First value beyond; no upper end when left out.
    pub to: Option<f64>,
}

/// Signals that contradict each other when all are in their ranges.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// Name of the rule.
    pub name: String,
    /// At least two signals, all of which must hold.
    #[schemars(with = "Vec<SignalRange>")]
    pub when: Vec<Spanned<SignalRange>>,
    /// What it says, in words; `{1}` is the value of the first signal of `when`.
    pub reason: Localised,
}

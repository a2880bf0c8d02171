//! A health score computed in floats, straight from the definitions: nothing here knows
//! how the SQL goes about it.

use super::world::{Dice, Profile};

/// What is known of one measure.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) measure: &'static str,
    pub(super) state: &'static str,
    pub(super) raw: f64,
}

/// A customer.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) segment: &'static str,
    pub(super) known: Vec<Known>,
    pub(super) overdue_days: Option<f64>,
    pub(super) said: Option<f64>,
}

/// A score and the steps on its way.
#[expect(
    clippy::struct_field_names,
    reason = "the score is what the steps lead to"
)]
#[derive(Clone, Debug)]
pub(super) struct Score {
    pub(super) uncapped: f64,
    pub(super) capped: f64,
    pub(super) is_capped: bool,
    pub(super) is_known: bool,
    pub(super) score: Option<f64>,
}

pub(super) const MEASURES: [&str; 8] = [
    "adoption",
    "breadth",
    "commercial",
    "engagement",
    "relationship",
    "support",
    "usage",
    "voice",
];

/// A value on straight lines between points, flat outside.
fn on_curve(curve: &[(f64, f64)], raw: f64) -> f64 {
    let first = curve[0];
    let last = curve[curve.len() - 1];
    if raw <= first.0 {
        return first.1;
    }
    if raw >= last.0 {
        return last.1;
    }
    let next = curve.iter().position(|point| point.0 > raw).unwrap();
    let (from, to) = (curve[next - 1], curve[next]);
    from.1 + (to.1 - from.1) * (raw - from.0) / (to.0 - from.0)
}

fn mean(parts: &[(f64, f64)]) -> f64 {
    let weight: f64 = parts.iter().map(|part| part.0).sum();
    parts.iter().map(|part| part.0 * part.1).sum::<f64>() / weight
}

fn worst(parts: &[(f64, f64)]) -> f64 {
    parts
        .iter()
        .map(|part| part.1)
        .fold(f64::INFINITY, f64::min)
}

/// The tier of a score, kept within the margin unless an emergency holds.
pub(super) fn tier_of(
    profile: &Profile,
    score: f64,
    kept: Option<&str>,
    is_capped: bool,
) -> &'static str {
    let ends = |index: usize| {
        profile
            .tiers
            .get(index + 1)
            .map_or(f64::INFINITY, |tier| tier.1)
    };
    for (index, (name, from)) in profile.tiers.iter().enumerate() {
        let is_kept = kept == Some(*name)
            && score >= from - profile.hysteresis
            && score <= ends(index) + profile.hysteresis;
        if is_kept && !is_capped {
            return name;
        }
    }
    profile
        .tiers
        .iter()
        .rev()
        .find(|tier| score >= tier.1)
        .unwrap()
        .0
}

impl Account {
    pub(super) fn some(dice: &mut Dice, count: usize) -> Vec<Self> {
        (0..count)
            .map(|index| Self {
                id: format!("a{index}"),
                segment: *dice.one(&["s1", "s2", "s3"]),
                known: MEASURES
                    .iter()
                    .filter_map(|measure| {
                        let states = [
                            "value",
                            "value",
                            "value",
                            "value",
                            "zero",
                            "missing",
                            "not_applicable",
                            "stale",
                            "",
                        ];
                        let state = *dice.one(&states);
                        let raw = if state == "zero" {
                            0.0
                        } else {
                            dice.number(-3.0, 23.0)
                        };
                        (!state.is_empty()).then_some(Known {
                            measure,
                            state,
                            raw,
                        })
                    })
                    .collect(),
                overdue_days: (dice.number(0.0, 1.0) < 0.7).then(|| dice.number(0.0, 100.0)),
                said: (dice.number(0.0, 1.0) < 0.1)
                    .then(|| (dice.number(0.0, 100.0) * 100.0).round() / 100.0),
            })
            .collect()
    }

    pub(super) fn profile<'a>(&self, profiles: &'a [Profile]) -> &'a Profile {
        profiles
            .iter()
            .find(|profile| {
                profile
                    .segment
                    .is_none_or(|segment| segment == self.segment)
            })
            .unwrap()
    }

    fn of(&self, measure: &str) -> Option<&Known> {
        self.known.iter().find(|known| known.measure == measure)
    }

    fn raw(&self, measure: &str) -> Option<f64> {
        let known = self.of(measure)?;
        ["value", "zero"]
            .contains(&known.state)
            .then_some(known.raw)
    }

    /// Whether moving this weight can mean anything: something of it is known.
    pub(super) fn is_known(&self, profile: &Profile, weight_of: &str, name: &str) -> bool {
        if weight_of == "measure" {
            return self.raw(name).is_some();
        }
        profile
            .dimensions
            .iter()
            .filter(|dimension| dimension.name == name)
            .flat_map(|dimension| &dimension.measures)
            .any(|measure| self.raw(measure.name).is_some())
    }

    pub(super) fn score(&self, profile: &Profile) -> Score {
        let uncapped = uncapped(profile, |measure| self.raw(measure));
        let (mut present, mut applicable) = (0.0, 0.0);
        for dimension in &profile.dimensions {
            for measure in &dimension.measures {
                let weight = dimension.weight * measure.weight;
                let state = self.of(measure.name).map_or("missing", |known| known.state);
                applicable += if state == "not_applicable" {
                    0.0
                } else {
                    weight
                };
                present += self.raw(measure.name).map_or(0.0, |_| weight);
            }
        }
        let is_known = present > 0.0 && present >= profile.floor * applicable - 1e-9;
        let cap = profile
            .cap
            .filter(|_| self.overdue_days.is_some_and(|days| days >= 60.0));
        let is_capped = cap.is_some_and(|cap| cap < uncapped);
        let capped = cap.map_or(uncapped, |cap| uncapped.min(cap));
        Score {
            uncapped,
            capped,
            is_capped: is_known && is_capped,
            is_known,
            score: self.said.or(is_known.then_some(capped)),
        }
    }

    /// Today's profile on what was known then; what then was not heard of, as it is now.
    pub(super) fn on_profile(&self, then: &Self, profile: &Profile) -> f64 {
        uncapped(profile, |measure| {
            if MEASURES.contains(&measure) {
                then.raw(measure)
            } else {
                self.raw(measure)
            }
        })
    }

    /// And what is absent or there, as it is now.
    pub(super) fn on_presence(&self, then: &Self, profile: &Profile) -> f64 {
        uncapped(profile, |measure| {
            let now = self.raw(measure)?;
            Some(
                then.raw(measure)
                    .filter(|_| MEASURES.contains(&measure))
                    .unwrap_or(now),
            )
        })
    }
}

/// Scores have six digits.
fn uncapped(profile: &Profile, raw: impl Fn(&str) -> Option<f64>) -> f64 {
    (exact(profile, raw) * 1e6).round() / 1e6
}

fn exact(profile: &Profile, raw: impl Fn(&str) -> Option<f64>) -> f64 {
    let mut dimensions = Vec::new();
    for dimension in &profile.dimensions {
        let parts: Vec<(f64, f64)> = dimension
            .measures
            .iter()
            .filter_map(|measure| {
                Some((measure.weight, on_curve(&measure.curve, raw(measure.name)?)))
            })
            .collect();
        if !parts.is_empty() {
            let all: f64 = dimension
                .measures
                .iter()
                .map(|measure| measure.weight)
                .sum();
            let known: f64 = parts.iter().map(|part| part.0).sum();
            let value = if dimension.is_worst {
                worst(&parts)
            } else {
                mean(&parts)
            };
            assert!(known <= all + 1e-9);
            dimensions.push((dimension.weight, value));
        }
    }
    if dimensions.is_empty() {
        return if profile.combiner == "points_from_neutral" {
            50.0
        } else {
            0.0
        };
    }
    match profile.combiner {
        "weighted_mean" => mean(&dimensions),
        "worst_of" => worst(&dimensions),
        _ => {
            let points: f64 = dimensions
                .iter()
                .map(|(weight, value)| weight * (value - 50.0) / 50.0 * profile.reach)
                .sum();
            (50.0 + points).clamp(0.0, 100.0)
        }
    }
}

//! Who takes part in a purchase: which roles a kind of purchase needs in which
//! phase, how much each can move, and what their activity counts.
//!
//! People and deals are not known here. A kind of purchase or a stage that no
//! entry names has no buying group: nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Pipeline, named_once, within};
use super::risk::scaled;
use super::tables::{booleans, integers, points, table, texts};
use crate::error::{Error, Result};

/// The section `buying_group:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuyingGroup {
    /// Days without a sign after which a person is no longer active.
    pub active_days: u32,
    /// Phases of a deal in their order, with their stages in order.
    pub phases: Vec<PurchasePhase>,
    /// What is asked of a customer between deals: purchase and phase of `groups`.
    pub customer: PurchaseMoment,
    /// Required roles and influence, per kind of purchase and phase.
    pub groups: Vec<RoleInfluence>,
    /// What activity counts.
    pub engagement: Engagement,
}

/// A phase of a deal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchasePhase {
    /// Name of the phase.
    pub phase: String,
    /// Stages of the deal that belong to it, lower case.
    pub stages: Vec<String>,
}

/// A kind of purchase in a phase.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchaseMoment {
    /// new, renewal, expansion, or what the deals say.
    pub purchase: String,
    /// Name of the phase.
    pub phase: String,
}

/// Who counts how much in a kind of purchase and a phase.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleInfluence {
    /// new, renewal, expansion, or what the deals say.
    pub purchase: String,
    /// Name of the phase.
    pub phase: String,
    /// Roles without which the group is not complete.
    pub required: Vec<String>,
    /// Influence of each role, 0 to 1, four digits after the point at most.
    pub influence: BTreeMap<String, f64>,
}

/// What activity counts: weight × influence, halved with age, capped by the day.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engagement {
    /// Days that count.
    pub window_days: u32,
    /// Days after which an activity counts half.
    pub half_life_days: u32,
    /// So many activities of one kind count per person and day.
    pub daily_cap: u32,
    /// Points of one activity, by the name of the event.
    pub weights: BTreeMap<String, f64>,
}

pub(crate) fn validate(group: &BuyingGroup) -> Result<()> {
    let engagement = &group.engagement;
    within("buying_group.active_days", group.active_days, 1, 730)?;
    within(
        "buying_group.engagement.window_days",
        engagement.window_days,
        1,
        365,
    )?;
    within(
        "buying_group.engagement.half_life_days",
        engagement.half_life_days,
        1,
        365,
    )?;
    within(
        "buying_group.engagement.daily_cap",
        engagement.daily_cap,
        1,
        1000,
    )?;
    let stages = group.phases.iter().flat_map(|phase| &phase.stages);
    named_once("buying_group.phases", stages.map(String::as_str))?;
    for (name, weight) in &engagement.weights {
        between(
            &format!("buying_group.engagement.weights.{name}"),
            *weight,
            1000.0,
        )?;
    }
    let mut moments = BTreeSet::new();
    for entry in &group.groups {
        let place = format!("buying group `{}` in `{}`", entry.purchase, entry.phase);
        if !moments.insert((&entry.purchase, &entry.phase)) {
            return Err(Error::usage(format!("{place} is there twice")));
        }
        for (role, influence) in &entry.influence {
            between(&format!("{place}: influence of {role}"), *influence, 1.0)?;
        }
        named_once(&place, entry.required.iter().map(String::as_str))?;
        if let Some(role) = entry
            .required
            .iter()
            .find(|role| !entry.influence.contains_key(*role))
        {
            return Err(Error::usage(format!("{place} requires `{role}`"))
                .with_hint("a role that is required needs an influence"));
        }
    }
    let customer = &group.customer;
    if !moments.contains(&(&customer.purchase, &customer.phase)) {
        return Err(Error::usage(format!(
            "`buying_group.customer` names `{}` in `{}`, which `groups` does not describe",
            customer.purchase, customer.phase
        )));
    }
    Ok(())
}

fn between(place: &str, value: f64, most: f64) -> Result<()> {
    scaled(place, value)?;
    if (0.0..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{place}` is {value}, but must lie within 0 and {most}"
    )))
}

/// `cfg_buying_group` (one row), `cfg_purchase_phase`, `cfg_influence`,
/// `cfg_engagement_weight`, and `cfg_activity`: every event that some figure
/// over people counts.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let group = &pipeline.buying_group;
    let engagement = &group.engagement;
    let settings = table(vec![
        integers("active_days", [i64::from(group.active_days)]),
        texts("customer_purchase", [group.customer.purchase.as_str()]),
        texts("customer_phase", [group.customer.phase.as_str()]),
        integers("window_days", [i64::from(engagement.window_days)]),
        integers("half_life_days", [i64::from(engagement.half_life_days)]),
        integers("daily_cap", [i64::from(engagement.daily_cap)]),
    ])?;
    let activities: BTreeSet<&String> = pipeline
        .attribution
        .touchpoints
        .iter()
        .chain(engagement.weights.keys())
        .collect();
    Ok(vec![
        ("cfg_buying_group", settings),
        ("cfg_purchase_phase", phases(group)?),
        ("cfg_influence", influences(group)?),
        (
            "cfg_engagement_weight",
            table(vec![
                texts("touchpoint", engagement.weights.keys().map(String::as_str)),
                points("weight", engagement.weights.values().copied())?,
            ])?,
        ),
        (
            "cfg_activity",
            table(vec![texts(
                "touchpoint",
                activities.into_iter().map(String::as_str),
            )])?,
        ),
    ])
}

fn phases(group: &BuyingGroup) -> Result<RecordBatch> {
    let rows: Vec<_> = (group.phases.iter())
        .flat_map(|phase| phase.stages.iter().map(move |stage| (stage, phase)))
        .collect();
    table(vec![
        integers("stage_number", (1_i64..).take(rows.len())),
        texts("stage", rows.iter().map(|row| row.0.as_str())),
        texts("phase", rows.iter().map(|row| row.1.phase.as_str())),
    ])
}

fn influences(group: &BuyingGroup) -> Result<RecordBatch> {
    let rows: Vec<_> = (group.groups.iter())
        .flat_map(|entry| entry.influence.iter().map(move |role| (entry, role)))
        .collect();
    table(vec![
        texts("purchase", rows.iter().map(|row| row.0.purchase.as_str())),
        texts("phase", rows.iter().map(|row| row.0.phase.as_str())),
        texts("role", rows.iter().map(|row| row.1.0.as_str())),
        points("influence", rows.iter().map(|row| *row.1.1))?,
        booleans(
            "is_required",
            rows.iter()
                .map(|row| row.0.required.contains(row.1.0))
                .collect(),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::{Pipeline, SHIPPED_PIPELINE};
    use super::*;

    fn shipped() -> BuyingGroup {
        Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE)
            .unwrap()
            .buying_group
    }

    #[test]
    fn a_required_role_has_an_influence() {
        let mut group = shipped();
        assert!(validate(&group).is_ok());
        group.groups[0].required.push("gatekeeper".to_owned());
        let error = validate(&group).unwrap_err();
        assert!(error.to_string().contains("gatekeeper"), "{error}");
    }

    #[test]
    fn a_stage_belongs_to_one_phase_and_influence_is_a_share() {
        let mut group = shipped();
        let stage = group.phases[0].stages[0].clone();
        group.phases[1].stages.push(stage);
        assert!(validate(&group).is_err());
        let mut group = shipped();
        group.groups[0].influence.insert("decider".to_owned(), 1.5);
        assert!(validate(&group).is_err());
    }
}

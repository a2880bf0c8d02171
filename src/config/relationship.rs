//! When a relationship with an account hangs on too few people, and how that is
//! said. Who these people are is found out by `sql/marts/relationship_risk.sql`.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Localised, Pipeline, named_once, within};
use super::tables::{floats, integers, table, texts};
use super::words::{dictionaries, sentences};
use crate::error::{Error, Result};

/// The signs that the SQL knows, in the order of their rank.
const SIGNS: [&str; 5] = [
    "champion_left",
    "owner_changed",
    "their_concentration",
    "our_concentration",
    "no_contact",
];

/// The section `relationship:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    /// Days of touches that concentration is measured over.
    pub window_days: u32,
    /// Below this number of touches a share says nothing.
    pub minimum_touches: u32,
    /// Share of touches through one person from which on it is a sign, 0 to 1.
    pub share_from: f64,
    /// For so many days a change of owner is a sign.
    pub owner_changed_days: u32,
    /// For so many days the leaving of a champion is a sign.
    pub champion_left_days: u32,
    /// Buying roles whose leaving counts.
    pub champion_roles: Vec<String>,
    /// What each sign is called in words.
    pub signs: Vec<RelationshipSign>,
}

/// A sign in words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationshipSign {
    /// `champion_left`, `owner_changed`, `their_concentration`, `our_concentration` or
    /// `no_contact`.
    pub sign: String,
    /// Why, in words; `{percent}`, `{n}`, `{days}` and `{who}` stand for the evidence.
    pub reason: Localised,
}

pub(crate) fn validate(relationship: &Relationship) -> Result<()> {
    within("relationship.window_days", relationship.window_days, 1, 730)?;
    within(
        "relationship.minimum_touches",
        relationship.minimum_touches,
        1,
        1000,
    )?;
    within(
        "relationship.owner_changed_days",
        relationship.owner_changed_days,
        1,
        730,
    )?;
    within(
        "relationship.champion_left_days",
        relationship.champion_left_days,
        1,
        730,
    )?;
    if !(0.0..=1.0).contains(&relationship.share_from) {
        return Err(Error::usage(
            "`relationship.share_from` must lie within 0 and 1",
        ));
    }
    let roles = relationship.champion_roles.iter().map(String::as_str);
    named_once("relationship.champion_roles", roles)?;
    let signs = relationship.signs.iter().map(|sign| sign.sign.as_str());
    named_once("relationship.signs", signs.clone())?;
    let named: BTreeSet<&str> = signs.collect();
    if named != SIGNS.into() {
        return Err(
            Error::usage("`relationship.signs` must put every sign in words")
                .with_hint(format!("signs are {}", SIGNS.join(", "))),
        );
    }
    Ok(())
}

/// `cfg_relationship` (one row), `cfg_relationship_role` and
/// `cfg_relationship_sign`.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let section = &pipeline.relationship;
    let days = |name, days: u32| integers(name, [i64::from(days)]);
    let settings = table(vec![
        days("window_days", section.window_days),
        days("minimum_touches", section.minimum_touches),
        floats("share_from", [section.share_from]),
        days("owner_changed_days", section.owner_changed_days),
        days("champion_left_days", section.champion_left_days),
    ])?;
    let roles = section.champion_roles.iter().map(String::as_str);
    let signs: Vec<_> = (1_i64..)
        .zip(SIGNS)
        .filter_map(|(rank, name)| {
            let sign = section.signs.iter().find(|sign| sign.sign == name)?;
            Some((rank, name, &sign.reason))
        })
        .collect();
    let mut columns = vec![
        texts("sign", signs.iter().map(|sign| sign.1)),
        integers("sign_rank", signs.iter().map(|sign| sign.0)),
    ];
    columns.extend(sentences(
        ["reason", "reason_en", "reason_ja"],
        &signs.iter().map(|sign| Some(sign.2)),
        pipeline,
    ));
    let spoken: Vec<_> = signs.iter().map(|sign| vec![sign.2]).collect();
    columns.extend(dictionaries(
        ["words", "words_en", "words_ja"],
        &spoken,
        pipeline,
    ));
    let signs = table(columns)?;
    Ok(vec![
        ("cfg_relationship", settings),
        ("cfg_relationship_role", table(vec![texts("role", roles)])?),
        ("cfg_relationship_sign", signs),
    ])
}

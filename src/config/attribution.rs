//! Which touches get credit for won deals, and how far back.
//!
//! What the models do with them stands in `sql/marts/touchpoint_attribution.sql`;
//! which touchpoints occur is not known here.

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Pipeline, named_once, within};
use super::tables::{integers, table, texts};
use crate::error::Result;

/// The section `attribution:`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// Days before a deal is won in which touches get credit for it.
    pub window_days: u32,
    /// Days after which a touch counts half, in the model `time_decay`.
    pub half_life_days: u32,
    /// So many values of channel and of content are kept apart, the most frequent
    /// ones; the others are put together as `other`.
    pub values_max: u32,
    /// Days after entering a stage in which content counts as seen there.
    pub content_landmark_days: u32,
    /// Days after these within which a step forward counts as having followed.
    pub content_window_days: u32,
    /// Names of the events that are touches.
    pub touchpoints: Vec<String>,
}

pub(crate) fn validate(attribution: &Attribution) -> Result<()> {
    within("attribution.window_days", attribution.window_days, 1, 730)?;
    within(
        "attribution.half_life_days",
        attribution.half_life_days,
        1,
        730,
    )?;
    within("attribution.values_max", attribution.values_max, 1, 400)?;
    let content_days = [
        ("content_landmark_days", attribution.content_landmark_days),
        ("content_window_days", attribution.content_window_days),
    ];
    for (name, days) in content_days {
        within(&format!("attribution.{name}"), days, 1, 365)?;
    }
    let names = attribution.touchpoints.iter().map(String::as_str);
    named_once("attribution.touchpoints", names)
}

/// `cfg_attribution` (one row) and `cfg_attribution_touchpoint`.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let section = &pipeline.attribution;
    let settings = table(vec![
        integers("window_days", [i64::from(section.window_days)]),
        integers("half_life_days", [i64::from(section.half_life_days)]),
        integers("values_max", [i64::from(section.values_max)]),
        integers(
            "content_landmark_days",
            [i64::from(section.content_landmark_days)],
        ),
        integers(
            "content_window_days",
            [i64::from(section.content_window_days)],
        ),
    ])?;
    let touchpoints = table(vec![texts(
        "touchpoint",
        section.touchpoints.iter().map(String::as_str),
    )])?;
    Ok(vec![
        ("cfg_attribution", settings),
        ("cfg_attribution_touchpoint", touchpoints),
    ])
}

//! The `cfg_funnel*` tables: funnels, their steps, what touches make them, what
//! ends an attempt, and which roles take part.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};

use super::{booleans, count, integers, table, texts};
use crate::config::funnel::{Funnel, FunnelHold, FunnelStep, FunnelUnit};
use crate::config::pipeline::{Language, Pipeline};
use crate::error::Result;

pub(super) fn funnels(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.funnels;
    let terms: Vec<String> = all
        .iter()
        .map(|funnel| funnel.terms(&pipeline.holidays))
        .collect();
    let window_terms: Vec<String> = all
        .iter()
        .map(|funnel| funnel.window_terms(&pipeline.holidays))
        .collect();
    let holds = all.iter().map(|funnel| funnel.hold.map(FunnelHold::name));
    let has_by_roles = |step: &FunnelStep| !step.by_roles.is_empty();
    // One person has one role: who they are says it all, unless a step asks.
    let asks_for_roles = |funnel: &Funnel| {
        !funnel.roles.is_empty()
            && (funnel.unit != FunnelUnit::Contact || funnel.steps.iter().any(has_by_roles))
    };
    table(vec![
        texts("funnel", all.iter().map(|funnel| funnel.name.as_str())),
        texts("unit", all.iter().map(|funnel| funnel.unit.name())),
        texts("mode", all.iter().map(|funnel| funnel.mode.as_str())),
        texts("terms", terms.iter().map(String::as_str)),
        texts("window_terms", window_terms.iter().map(String::as_str)),
        integers("steps", all.iter().map(|funnel| count(funnel.steps.len()))),
        ("hold", Arc::new(holds.collect::<StringArray>())),
        booleans(
            "asks_for_people",
            all.iter().map(Funnel::asks_for_people).collect(),
        ),
        booleans("asks_for_roles", all.iter().map(asks_for_roles).collect()),
        booleans(
            "is_entered_by_any",
            all.iter().map(Funnel::is_entered_by_any).collect(),
        ),
    ])
}

pub(super) fn steps(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    let mut names = Vec::new();
    let mut asks_for_role = Vec::new();
    for funnel in &pipeline.funnels {
        let mut required_before = None;
        for (number, step) in (1_i64..).zip(&funnel.steps) {
            rows.push((funnel.name.as_str(), number, step, required_before));
            // In any order a step's number says the how-manieth it was, not which.
            names.push(if funnel.is_in_any_order() {
                any_of(number, funnel.steps.len(), pipeline.language)
            } else {
                step.name.clone()
            });
            let asks_somewhere = || funnel.steps.iter().any(FunnelStep::asks_for_role);
            asks_for_role
                .push(step.asks_for_role() || funnel.is_in_any_order() && asks_somewhere());
            if !step.optional {
                required_before = Some(number);
            }
        }
    }
    let required_before = rows.iter().map(|row| row.3).collect::<Int64Array>();
    table(vec![
        texts("funnel", rows.iter().map(|row| row.0)),
        integers("step_number", rows.iter().map(|row| row.1)),
        texts("step", names.iter().map(String::as_str)),
        booleans(
            "is_optional",
            rows.iter().map(|row| row.2.optional).collect(),
        ),
        booleans("asks_for_role", asks_for_role),
        ("required_before", Arc::new(required_before)),
    ])
}

/// What stands for the name of a step where any `number` of the steps are meant.
fn any_of(number: i64, steps: usize, language: Language) -> String {
    match language {
        Language::En => format!("any {number} of {steps}"),
        Language::Ja => format!("{steps}段階のうち{number}つ"),
    }
}

/// What makes a step, and under the numbers after the last one what ends an
/// attempt.
pub(super) fn matches(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for funnel in &pipeline.funnels {
        let steps =
            (funnel.steps.iter()).map(|step| (&step.any_of, &step.channel, &step.deal_type, false));
        let exclusions =
            (funnel.exclude.iter()).map(|out| (&out.any_of, &out.channel, &out.deal_type, true));
        for (number, (any_of, channel, deal_type, is_exclusion)) in
            (1_i64..).zip(steps.chain(exclusions))
        {
            for touchpoint in any_of {
                let narrowed = (channel.as_deref(), deal_type.as_deref());
                let name = funnel.name.as_str();
                rows.push((name, number, touchpoint.as_str(), narrowed, is_exclusion));
            }
        }
    }
    table(vec![
        texts("funnel", rows.iter().map(|row| row.0)),
        integers("step_number", rows.iter().map(|row| row.1)),
        texts("touchpoint", rows.iter().map(|row| row.2)),
        (
            "channel",
            Arc::new(rows.iter().map(|row| row.3.0).collect::<StringArray>()),
        ),
        (
            "deal_type",
            Arc::new(rows.iter().map(|row| row.3.1).collect::<StringArray>()),
        ),
        booleans("is_exclusion", rows.iter().map(|row| row.4).collect()),
    ])
}

pub(super) fn exclusions(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for funnel in &pipeline.funnels {
        for (bit, exclusion, after, before) in funnel.exclusions() {
            rows.push((
                funnel.name.as_str(),
                bit,
                exclusion.name.as_str(),
                after,
                before,
            ));
        }
    }
    table(vec![
        texts("funnel", rows.iter().map(|row| row.0)),
        integers("exclusion_number", rows.iter().map(|row| count(row.1))),
        texts("exclusion", rows.iter().map(|row| row.2)),
        integers("after_step", rows.iter().map(|row| count(row.3))),
        integers("before_step", rows.iter().map(|row| count(row.4))),
    ])
}

pub(super) fn roles(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for funnel in &pipeline.funnels {
        for (number, role) in (1_i64..).zip(&funnel.roles) {
            rows.push((funnel.name.as_str(), number, role.as_str()));
        }
    }
    table(vec![
        texts("funnel", rows.iter().map(|row| row.0)),
        integers("role_number", rows.iter().map(|row| row.1)),
        texts("role", rows.iter().map(|row| row.2)),
    ])
}

/// What funnels are broken down by as it was at each step.
pub(super) fn breakdowns(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for funnel in &pipeline.funnels {
        for attribute in &funnel.at_each_step {
            rows.push((funnel.name.as_str(), attribute.name()));
        }
    }
    table(vec![
        texts("funnel", rows.iter().map(|row| row.0)),
        texts("attribute", rows.iter().map(|row| row.1)),
    ])
}

//! The tables of `stages:` and `cohorts:`: journeys, their stages, rules and
//! conditions; what makes a member of a cohort, and the ages it is looked at.
//!
//! A condition has a number of its own over all journeys, and a bit within its
//! journey; a rule is the mask of the bits that it needs.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};

use super::{ColumnOf, integers, table, texts};
use crate::config::journey::{Condition, Journey};
use crate::config::pipeline::Pipeline;
use crate::error::Result;

/// The tables with their names.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let all = numbered(&pipeline.journeys);
    Ok(vec![
        ("cfg_journey", journeys(pipeline)?),
        ("cfg_stage", stages(pipeline)?),
        ("cfg_stage_rule", rules(pipeline)?),
        ("cfg_stage_condition", conditions(&all)?),
        ("cfg_stage_match", matches(&all)?),
        ("cfg_stage_deal", deals(&all)?),
        ("cfg_cohort_start", cohort_starts(pipeline)?),
        ("cfg_cohort_age", cohort_ages(pipeline)?),
    ])
}

/// A condition with its journey, its number over all journeys and its bit.
struct Numbered<'a> {
    journey: &'a str,
    number: i64,
    bit: i64,
    condition: Condition,
}

fn numbered(journeys: &[Journey]) -> Vec<Numbered<'_>> {
    let all = journeys.iter().flat_map(|journey| {
        let conditions = journey.conditions().into_iter();
        conditions
            .zip(bits())
            .map(|(condition, bit)| (journey.journey.as_str(), bit, condition))
    });
    (1..)
        .zip(all)
        .map(|(number, (journey, bit, condition))| Numbered {
            journey,
            number,
            bit,
            condition,
        })
        .collect()
}

/// 1, 2, 4, …: at most 62 are taken.
fn bits() -> impl Iterator<Item = i64> {
    (0..62).map(|position| 1_i64 << position)
}

fn journeys(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.journeys;
    table(vec![
        texts(
            "journey",
            all.iter().map(|journey| journey.journey.as_str()),
        ),
        texts(
            "otherwise",
            all.iter().map(|journey| journey.otherwise.as_str()),
        ),
        integers(
            "path_stages",
            all.iter().map(|journey| i64::from(journey.path_stages)),
        ),
        integers(
            "paths_kept",
            all.iter().map(|journey| i64::from(journey.paths_kept)),
        ),
    ])
}

/// The stages with their place in the journey; that of no rule has the number 0.
fn stages(pipeline: &Pipeline) -> Result<RecordBatch> {
    let rows: Vec<_> = pipeline
        .journeys
        .iter()
        .flat_map(|journey| {
            let stages = [&journey.otherwise].into_iter().chain(&journey.order);
            (0..)
                .zip(stages)
                .map(|(number, stage)| (journey.journey.as_str(), number, stage.as_str()))
        })
        .collect();
    table(vec![
        texts("journey", rows.iter().map(|row| row.0)),
        integers("stage_number", rows.iter().map(|row| row.1)),
        texts("stage", rows.iter().map(|row| row.2)),
    ])
}

fn rules(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for journey in &pipeline.journeys {
        let conditions = journey.conditions();
        for (number, rule) in (1_i64..).zip(&journey.rules) {
            let needed = rule.conditions();
            let mask = conditions
                .iter()
                .zip(bits())
                .filter(|(condition, _)| needed.contains(condition))
                .map(|(_, bit)| bit)
                .sum::<i64>();
            rows.push((journey.journey.as_str(), number, rule.stage.as_str(), mask));
        }
    }
    table(vec![
        texts("journey", rows.iter().map(|row| row.0)),
        integers("rule_number", rows.iter().map(|row| row.1)),
        texts("stage", rows.iter().map(|row| row.2)),
        integers("condition_mask", rows.iter().map(|row| row.3)),
    ])
}

/// What a condition says, in the columns that all kinds share.
#[derive(Default)]
struct Saying<'a> {
    kind: &'a str,
    source_table: &'a str,
    days: Option<i64>,
    from_day: Option<i64>,
    to_day: Option<i64>,
    least_touches: i64,
    least_people: i64,
    metric: Option<&'a str>,
    answer: Option<&'a str>,
    survey_kind: Option<&'a str>,
}

fn saying(condition: &Condition) -> Saying<'_> {
    // a fact holds or does not: one is enough, and nobody is counted
    let fact = |kind, source_table| Saying {
        kind,
        source_table,
        least_touches: 1,
        ..Saying::default()
    };
    match condition {
        Condition::Touches(touches) => Saying {
            days: Some(i64::from(touches.days)),
            least_touches: i64::from(touches.at_least),
            least_people: i64::from(touches.people),
            ..fact("touches", "event")
        },
        Condition::Paying(paying) => Saying {
            from_day: Some(i64::from(paying.from_day)),
            to_day: paying.to_day.map(i64::from),
            ..fact("paying", "subscription")
        },
        Condition::Renewal(renewal) => Saying {
            days: Some(i64::from(renewal.within_days)),
            ..fact("renewal", "subscription")
        },
        Condition::OpenDeal(_) => fact("open_deal", "opportunity"),
        Condition::WonDeal(deal) => Saying {
            days: Some(i64::from(deal.days)),
            ..fact("won_deal", "opportunity")
        },
        Condition::OpenTicket(ticket) => Saying {
            days: Some(i64::from(ticket.after_days)),
            ..fact("open_ticket", "ticket")
        },
        Condition::Answer(answer) => Saying {
            days: Some(i64::from(answer.days)),
            metric: Some(answer.metric.as_str()),
            answer: Some(answer.is.name()),
            survey_kind: answer.kind.as_deref(),
            ..fact("answer", "survey_response")
        },
    }
}

fn conditions(all: &[Numbered<'_>]) -> Result<RecordBatch> {
    let says: Vec<Saying<'_>> = all.iter().map(|row| saying(&row.condition)).collect();
    table(vec![
        integers("condition_number", all.iter().map(|row| row.number)),
        texts("journey", all.iter().map(|row| row.journey)),
        integers("condition_bit", all.iter().map(|row| row.bit)),
        texts("kind", says.iter().map(|row| row.kind)),
        texts("source_table", says.iter().map(|row| row.source_table)),
        optional_integers("days", says.iter().map(|row| row.days)),
        optional_integers("from_day", says.iter().map(|row| row.from_day)),
        optional_integers("to_day", says.iter().map(|row| row.to_day)),
        integers("least_touches", says.iter().map(|row| row.least_touches)),
        integers("least_people", says.iter().map(|row| row.least_people)),
        optional_texts("metric", says.iter().map(|row| row.metric)),
        optional_texts("answer", says.iter().map(|row| row.answer)),
        optional_texts("survey_kind", says.iter().map(|row| row.survey_kind)),
    ])
}

fn matches(all: &[Numbered<'_>]) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for row in all {
        if let Condition::Touches(touches) = &row.condition {
            for touchpoint in &touches.any_of {
                rows.push((row.number, touchpoint.as_str(), touches.channel.as_deref()));
            }
        }
    }
    table(vec![
        integers("condition_number", rows.iter().map(|row| row.0)),
        texts("touchpoint", rows.iter().map(|row| row.1)),
        optional_texts("channel", rows.iter().map(|row| row.2)),
    ])
}

/// Types and stages of deals, null for any; staging writes both in lower case.
fn deals(all: &[Numbered<'_>]) -> Result<RecordBatch> {
    let names = |names: &[String]| -> Vec<Option<String>> {
        if names.is_empty() {
            return vec![None];
        }
        names.iter().map(|name| Some(name.to_lowercase())).collect()
    };
    let mut rows = Vec::new();
    for row in all {
        let (types, stages): (&[String], &[String]) = match &row.condition {
            Condition::OpenDeal(deal) => (&deal.types, &deal.stages),
            Condition::WonDeal(deal) => (&deal.types, &[]),
            _ => continue,
        };
        for kind in names(types) {
            for stage in names(stages) {
                rows.push((row.number, kind.clone(), stage));
            }
        }
    }
    table(vec![
        integers("condition_number", rows.iter().map(|row| row.0)),
        optional_texts("type", rows.iter().map(|row| row.1.as_deref())),
        optional_texts("stage", rows.iter().map(|row| row.2.as_deref())),
    ])
}

fn cohort_starts(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.cohorts.starts;
    table(vec![
        texts("cohort_by", all.iter().map(|start| start.name.as_str())),
        optional_texts("journey", all.iter().map(|start| start.journey.as_deref())),
        optional_texts("stage", all.iter().map(|start| start.stage.as_deref())),
    ])
}

/// Every age with the one before it, 0 before the first.
fn cohort_ages(pipeline: &Pipeline) -> Result<RecordBatch> {
    let ages = &pipeline.cohorts.ages_days;
    let before = [0].into_iter().chain(ages.iter().copied());
    table(vec![
        integers("age_days", ages.iter().map(|age| i64::from(*age))),
        integers(
            "age_before",
            before.zip(ages).map(|(age, _)| i64::from(age)),
        ),
    ])
}

fn optional_texts<'a>(
    name: &'static str,
    values: impl Iterator<Item = Option<&'a str>>,
) -> ColumnOf {
    (name, Arc::new(values.collect::<StringArray>()))
}

fn optional_integers(name: &'static str, values: impl Iterator<Item = Option<i64>>) -> ColumnOf {
    (name, Arc::new(values.collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;

    use super::*;

    #[test]
    fn rules_are_masks_of_conditions_that_several_rules_share() {
        let shipped = crate::config::SHIPPED_PIPELINE;
        let mut pipeline = Pipeline::parse("pipelines/nightly.yaml", shipped).unwrap();
        let journey = |name: &str| -> Journey {
            serde_saphyr::from_str(&format!(
                "journey: {name}\norder: [a, b]\notherwise: none\npath_stages: 8\npaths_kept: \
                 9\nrules:\n  - {{stage: b, paying: {{}}, renewal: {{within_days: 9}}}}\n  - \
                 {{stage: a, paying: {{}}}}\n"
            ))
            .unwrap()
        };
        pipeline.journeys = vec![journey("first"), journey("second")];
        let all = numbered(&pipeline.journeys);
        let places: Vec<_> = all
            .iter()
            .map(|row| (row.journey, row.number, row.bit))
            .collect();
        assert_eq!(
            places,
            [
                ("first", 1, 1),
                ("first", 2, 2),
                ("second", 3, 1),
                ("second", 4, 2)
            ]
        );
        let rules = pretty_format_batches(&[rules(&pipeline).unwrap()])
            .unwrap()
            .to_string();
        assert!(
            rules.contains("| second  | 1           | b     | 3              |"),
            "{rules}"
        );
        assert!(
            rules.contains("| second  | 2           | a     | 1              |"),
            "{rules}"
        );
    }
}

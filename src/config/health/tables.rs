//! The section `health:` as `cfg_*` tables.
//!
//! A measure against its segment becomes one curve for each segment of the reference, so
//! that SQL knows a single way from a raw value to a score. Nothing is checked here.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use serde_saphyr::Spanned;

use super::super::Pipeline;
use super::super::tables::{ColumnOf, FAR, floats, integers, points, range_ends, table, texts};
use super::{CurvePoint, Dimension, Direction, Health, Measure, SignalRange};
use crate::error::Result;

/// The segment of a curve that holds for every account.
const EVERY_SEGMENT: &str = "all";

/// Every `cfg_*` table of the section.
pub(crate) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    Ok(vec![
        ("cfg_health_setting", settings(&pipeline.health)?),
        ("cfg_health", profiles(&pipeline.health)?),
        ("cfg_health_condition", conditions(&pipeline.health)?),
        ("cfg_health_measure", measures(pipeline)?),
        ("cfg_health_curve", curves(&pipeline.health)?),
        ("cfg_health_tier", tiers(&pipeline.health)?),
        ("cfg_health_cap", caps(pipeline)?),
        ("cfg_health_cap_signal", cap_signals(&pipeline.health)?),
        ("cfg_disagreement", disagreements(pipeline)?),
        (
            "cfg_disagreement_signal",
            disagreement_signals(&pipeline.health)?,
        ),
    ])
}

fn settings(health: &Health) -> Result<RecordBatch> {
    table(vec![
        integers("override_days", [i64::from(health.override_days)]),
        floats("important_share", [health.important_share]),
    ])
}

fn profiles(health: &Health) -> Result<RecordBatch> {
    let all: Vec<_> = health
        .profiles
        .iter()
        .map(|profile| &profile.value)
        .collect();
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let reach = all
        .iter()
        .map(|profile| profile.reach.as_ref().map_or(0.0, |reach| reach.value));
    table(vec![
        texts("profile", all.iter().map(|profile| profile.name.as_str())),
        integers(
            "priority",
            all.iter().map(|profile| i64::from(profile.priority.value)),
        ),
        integers(
            "conditions",
            all.iter().map(|profile| count(profile.when.len())),
        ),
        texts(
            "combiner",
            all.iter().map(|profile| profile.combiner.name()),
        ),
        points("reach", reach)?,
        floats(
            "coverage_floor",
            all.iter().map(|profile| profile.coverage_floor.value),
        ),
        floats(
            "hysteresis_points",
            all.iter().map(|profile| profile.hysteresis_points.value),
        ),
    ])
}

fn conditions(health: &Health) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for profile in &health.profiles {
        for (number, condition) in (1_i64..).zip(&profile.value.when) {
            for value in &condition.value.values {
                let subject = condition.value.subject();
                rows.push((profile.value.name.as_str(), number, subject, value.as_str()));
            }
        }
    }
    table(vec![
        texts("profile", rows.iter().map(|row| row.0)),
        integers("condition_number", rows.iter().map(|row| row.1)),
        texts("subject", rows.iter().map(|row| row.2.as_str())),
        texts("value", rows.iter().map(|row| row.3)),
    ])
}

/// Every measure with its dimension and the name of its profile.
fn every_measure(health: &Health) -> Vec<(&str, &Dimension, &Measure)> {
    let mut rows = Vec::new();
    for profile in &health.profiles {
        for dimension in &profile.value.dimensions.value {
            for measure in &dimension.value.measures.value {
                rows.push((
                    profile.value.name.as_str(),
                    &dimension.value,
                    &measure.value,
                ));
            }
        }
    }
    rows
}

fn measures(pipeline: &Pipeline) -> Result<RecordBatch> {
    let rows = every_measure(&pipeline.health);
    let stale = rows.iter().map(|row| row.2.stale_after_days.map(i64::from));
    let reference = rows.iter().map(|row| {
        row.2
            .against_segment
            .and(pipeline.health.reference.as_ref())
            .map(|reference| reference.version.as_str())
    });
    table(vec![
        texts("profile", rows.iter().map(|row| row.0)),
        texts("measure", rows.iter().map(|row| row.2.name.as_str())),
        texts(
            "label",
            rows.iter().map(|row| row.2.label.text(pipeline.language)),
        ),
        texts("label_en", rows.iter().map(|row| row.2.label.en.as_str())),
        texts("label_ja", rows.iter().map(|row| row.2.label.ja.as_str())),
        texts("dimension_name", rows.iter().map(|row| row.1.name.as_str())),
        texts(
            "dimension_label_en",
            rows.iter().map(|row| row.1.label.en.as_str()),
        ),
        texts(
            "dimension_label_ja",
            rows.iter().map(|row| row.1.label.ja.as_str()),
        ),
        points(
            "dimension_weight",
            rows.iter().map(|row| row.1.weight.value),
        )?,
        texts(
            "dimension_combiner",
            rows.iter().map(|row| row.1.combiner.name()),
        ),
        points("measure_weight", rows.iter().map(|row| row.2.weight.value))?,
        ("stale_after_days", Arc::new(stale.collect::<Int64Array>())),
        ("reference", Arc::new(reference.collect::<StringArray>())),
    ])
}

/// A straight piece of a curve.
struct Piece<'a> {
    profile: &'a str,
    measure: &'a str,
    segment: &'a str,
    raw: (f64, f64),
    score: (f64, f64),
}

fn pieces<'a>(
    profile: &'a str,
    measure: &'a str,
    segment: &'a str,
    curve: &[CurvePoint],
) -> Vec<Piece<'a>> {
    let piece = |raw: (f64, f64), score: (f64, f64)| Piece {
        profile,
        measure,
        segment,
        raw,
        score,
    };
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else {
        return Vec::new();
    };
    let mut rows = vec![piece((-FAR, first.0), (first.1, first.1))];
    for pair in curve.windows(2) {
        rows.push(piece((pair[0].0, pair[1].0), (pair[0].1, pair[1].1)));
    }
    rows.push(piece((last.0, FAR), (last.1, last.1)));
    rows
}

fn curves(health: &Health) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for (profile, _, measure) in every_measure(health) {
        let name = measure.name.as_str();
        if let Some(curve) = &measure.curve {
            rows.extend(pieces(profile, name, EVERY_SEGMENT, &curve.value));
        }
        let (Some(direction), Some(reference)) = (measure.against_segment, &health.reference)
        else {
            continue;
        };
        for group in &reference.groups {
            if group.value.measure == name {
                let curve: Vec<CurvePoint> = (group.value.percentiles.iter())
                    .map(|point| match direction {
                        Direction::HigherIsBetter => *point,
                        Direction::LowerIsBetter => CurvePoint(point.0, 100.0 - point.1),
                    })
                    .collect();
                rows.extend(pieces(profile, name, &group.value.segment, &curve));
            }
        }
    }
    table(vec![
        texts("profile", rows.iter().map(|row| row.profile)),
        texts("measure", rows.iter().map(|row| row.measure)),
        floats("from_raw", rows.iter().map(|row| row.raw.0)),
        floats("to_raw", rows.iter().map(|row| row.raw.1)),
        floats("from_score", rows.iter().map(|row| row.score.0)),
        floats("to_score", rows.iter().map(|row| row.score.1)),
        texts("segment", rows.iter().map(|row| row.segment)),
    ])
}

fn tiers(health: &Health) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for profile in &health.profiles {
        let tiers = profile.value.tiers.value.iter().map(|tier| &tier.value);
        let begins: Vec<f64> = tiers.clone().map(|tier| tier.from).collect();
        for (tier, end) in tiers.zip(range_ends(&begins, FAR)) {
            let name = profile.value.name.as_str();
            rows.push((name, tier.tier.as_str(), tier.from, end));
        }
    }
    table(vec![
        texts("profile", rows.iter().map(|row| row.0)),
        texts("tier", rows.iter().map(|row| row.1)),
        floats("from_score", rows.iter().map(|row| row.2)),
        floats("to_score", rows.iter().map(|row| row.3)),
    ])
}

fn caps(pipeline: &Pipeline) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for profile in &pipeline.health.profiles {
        for (rank, cap) in (1_i64..).zip(&profile.value.caps) {
            rows.push((profile.value.name.as_str(), rank, &cap.value));
        }
    }
    let signals = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    table(vec![
        texts("profile", rows.iter().map(|row| row.0)),
        texts("cap", rows.iter().map(|row| row.2.name.as_str())),
        integers("cap_rank", rows.iter().map(|row| row.1)),
        integers("signals", rows.iter().map(|row| signals(row.2.when.len()))),
        points("at_most", rows.iter().map(|row| row.2.at_most.value))?,
        texts(
            "reason",
            rows.iter().map(|row| row.2.reason.text(pipeline.language)),
        ),
        texts("reason_en", rows.iter().map(|row| row.2.reason.en.as_str())),
        texts("reason_ja", rows.iter().map(|row| row.2.reason.ja.as_str())),
    ])
}

fn cap_signals(health: &Health) -> Result<RecordBatch> {
    let mut profiles = Vec::new();
    let mut rows = Vec::new();
    for profile in &health.profiles {
        for cap in &profile.value.caps {
            let name = cap.value.name.as_str();
            rows.extend(in_order(name, &cap.value.when));
            profiles.resize(rows.len(), profile.value.name.as_str());
        }
    }
    let mut columns = vec![texts("profile", profiles)];
    columns.extend(ranges("cap", &rows));
    table(columns)
}

fn disagreements(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.health.disagreements;
    let signals = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let reasons = all.iter().map(|rule| &rule.value.reason);
    table(vec![
        texts("rule", all.iter().map(|rule| rule.value.name.as_str())),
        integers("rule_rank", (1_i64..).take(all.len())),
        integers(
            "signals",
            all.iter().map(|rule| signals(rule.value.when.len())),
        ),
        texts(
            "reason",
            reasons.clone().map(|reason| reason.text(pipeline.language)),
        ),
        texts(
            "reason_en",
            reasons.clone().map(|reason| reason.en.as_str()),
        ),
        texts("reason_ja", reasons.map(|reason| reason.ja.as_str())),
    ])
}

fn disagreement_signals(health: &Health) -> Result<RecordBatch> {
    let rows: Vec<_> = (health.disagreements.iter())
        .flat_map(|rule| in_order(&rule.value.name, &rule.value.when))
        .collect();
    table(ranges("rule", &rows))
}

type Asked<'a> = (&'a str, i64, &'a SignalRange);

fn in_order<'a>(
    rule: &'a str,
    when: &'a [Spanned<SignalRange>],
) -> impl Iterator<Item = Asked<'a>> {
    (1_i64..)
        .zip(when)
        .map(move |(position, range)| (rule, position, &range.value))
}

fn ranges(rule: &'static str, rows: &[Asked]) -> Vec<ColumnOf> {
    vec![
        texts(rule, rows.iter().map(|row| row.0)),
        integers("position", rows.iter().map(|row| row.1)),
        texts("signal", rows.iter().map(|row| row.2.signal.as_str())),
        floats(
            "from_value",
            rows.iter().map(|row| row.2.from.unwrap_or(-FAR)),
        ),
        floats("to_value", rows.iter().map(|row| row.2.to.unwrap_or(FAR))),
    ]
}

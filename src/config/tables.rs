//! The `cfg_*` tables: every threshold and every calendar that SQL may read.
//!
//! One function a section, each giving a table of a few rows. Nothing is
//! computed here that SQL could say; what is here is what SQL cannot know: the
//! pipeline's text and the calendar of the as-of day.

mod funnel;
mod journey;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray,
};
use arrow::datatypes::{Field, Schema};
use jiff::ToSpan;
use jiff::civil::Date;

use super::pipeline::Pipeline;
use super::risk::scaled;
use super::{
    attribution, backtest, buying_group, calendar, churn_model, contract, experiment, health,
    identity, lifetime, lists as list_rules, relationship, source_history, voice, words,
};
use crate::error::{Error, Result};
use crate::time::{AsOf, epoch_days};

/// What a curve's flat ends reach to: beyond any value that is measured.
pub(super) const FAR: f64 = 1e300;

/// The name of every `cfg_*` table, sorted.
pub const TABLE_NAMES: [&str; 69] = [
    "cfg_activity",
    "cfg_attribution",
    "cfg_attribution_touchpoint",
    "cfg_backtest",
    "cfg_band",
    "cfg_buying_group",
    "cfg_churn",
    "cfg_churn_card",
    "cfg_churn_feature",
    "cfg_churn_model",
    "cfg_churn_reference",
    "cfg_cohort_age",
    "cfg_cohort_start",
    "cfg_cutoff",
    "cfg_cutoff_day",
    "cfg_disagreement",
    "cfg_disagreement_signal",
    "cfg_engagement_weight",
    "cfg_experience_factor",
    "cfg_experiment_arm",
    "cfg_experiment_outcome",
    "cfg_forecast_case",
    "cfg_funnel",
    "cfg_funnel_breakdown",
    "cfg_funnel_exclusion",
    "cfg_funnel_match",
    "cfg_funnel_role",
    "cfg_funnel_step",
    "cfg_health",
    "cfg_health_cap",
    "cfg_health_cap_signal",
    "cfg_health_condition",
    "cfg_health_curve",
    "cfg_health_measure",
    "cfg_health_setting",
    "cfg_health_tier",
    "cfg_holiday",
    "cfg_influence",
    "cfg_journey",
    "cfg_lifetime",
    "cfg_list",
    "cfg_list_limit",
    "cfg_list_reason",
    "cfg_list_rule",
    "cfg_list_value",
    "cfg_month",
    "cfg_pipeline",
    "cfg_purchase_phase",
    "cfg_relationship",
    "cfg_relationship_role",
    "cfg_relationship_sign",
    "cfg_renewal_weight",
    "cfg_retention_period",
    "cfg_risk",
    "cfg_risk_factor",
    "cfg_risk_tier",
    "cfg_shared_domain",
    "cfg_source",
    "cfg_source_freshness",
    "cfg_source_history",
    "cfg_stage",
    "cfg_stage_condition",
    "cfg_stage_deal",
    "cfg_stage_match",
    "cfg_stage_rule",
    "cfg_survey_metric",
    "cfg_survey_trigger",
    "cfg_voice",
    "cfg_voice_stage",
];

/// Every `cfg_*` table with its name, sorted by name.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if the as-of day is too near the end of
/// the calendar.
pub fn tables(pipeline: &Pipeline, as_of: &AsOf) -> Result<Vec<(String, RecordBatch)>> {
    let mut tables = vec![
        ("cfg_pipeline", settings(pipeline)?),
        ("cfg_cutoff", cutoff(as_of)?),
        ("cfg_cutoff_day", cutoff_days(pipeline, as_of)?),
        ("cfg_month", months(pipeline, as_of)?),
        ("cfg_retention_period", retention_periods(pipeline, as_of)?),
        ("cfg_source", sources(pipeline)?),
        ("cfg_funnel", funnel::funnels(pipeline)?),
        ("cfg_funnel_step", funnel::steps(pipeline)?),
        ("cfg_funnel_match", funnel::matches(pipeline)?),
        ("cfg_funnel_breakdown", funnel::breakdowns(pipeline)?),
        ("cfg_funnel_exclusion", funnel::exclusions(pipeline)?),
        ("cfg_funnel_role", funnel::roles(pipeline)?),
        ("cfg_survey_metric", survey_metrics(pipeline)?),
        ("cfg_risk", risk(pipeline)?),
        ("cfg_risk_factor", risk_factors(pipeline)?),
        ("cfg_risk_tier", risk_tiers(pipeline)?),
        ("cfg_list", lists(pipeline)?),
        ("cfg_renewal_weight", renewal_weights(pipeline)?),
    ];
    tables.extend(churn_model::tables(pipeline)?);
    tables.extend(churn_model::trained(None)?);
    tables.extend(health::tables(pipeline)?);
    tables.extend(journey::tables(pipeline)?);
    tables.extend(attribution::tables(pipeline)?);
    tables.extend(backtest::tables(pipeline)?);
    tables.extend(calendar::tables(pipeline)?);
    tables.extend(buying_group::tables(pipeline)?);
    tables.extend(relationship::tables(pipeline)?);
    tables.extend(identity::tables(pipeline)?);
    tables.extend(lifetime::tables(pipeline, as_of)?);
    tables.extend(list_rules::tables(pipeline)?);
    tables.extend(voice::tables(pipeline)?);
    tables.extend(source_history::tables(pipeline)?);
    tables.extend(experiment::tables(pipeline)?);
    tables.sort_by_key(|(name, _)| *name);
    Ok(tables
        .into_iter()
        .map(|(name, batch)| (name.to_owned(), batch))
        .collect())
}

pub(super) type ColumnOf = (&'static str, ArrayRef);

pub(super) fn table(columns: Vec<ColumnOf>) -> Result<RecordBatch> {
    let fields = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect::<Vec<_>>();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|cause| Error::bug("a cfg table has uneven columns").with_source(cause))
}

pub(super) fn texts<'a>(name: &'static str, values: impl IntoIterator<Item = &'a str>) -> ColumnOf {
    (name, Arc::new(StringArray::from_iter_values(values)))
}

pub(super) fn integers(name: &'static str, values: impl IntoIterator<Item = i64>) -> ColumnOf {
    (name, Arc::new(Int64Array::from_iter_values(values)))
}

pub(super) fn floats(name: &'static str, values: impl IntoIterator<Item = f64>) -> ColumnOf {
    (name, Arc::new(Float64Array::from_iter_values(values)))
}

pub(super) fn booleans(name: &'static str, values: Vec<bool>) -> ColumnOf {
    (name, Arc::new(BooleanArray::from(values)))
}

pub(super) fn dates(name: &'static str, values: impl IntoIterator<Item = Date>) -> ColumnOf {
    (
        name,
        Arc::new(Date32Array::from_iter_values(
            values.into_iter().map(epoch_days),
        )),
    )
}

/// Numbers with four digits after the point, `decimal(9,4)`.
pub(super) fn points(
    name: &'static str,
    values: impl IntoIterator<Item = f64>,
) -> Result<ColumnOf> {
    let scaled = values
        .into_iter()
        .map(|value| scaled(name, value))
        .collect::<Result<Vec<_>>>()?;
    let array = Decimal128Array::from(scaled)
        .with_precision_and_scale(9, 4)
        .map_err(|cause| Error::bug("points do not fit decimal(9,4)").with_source(cause))?;
    Ok((name, Arc::new(array)))
}

fn settings(pipeline: &Pipeline) -> Result<RecordBatch> {
    let language = match pipeline.language {
        super::Language::En => "en",
        super::Language::Ja => "ja",
    };
    table(vec![
        texts("name", [pipeline.name.as_str()]),
        texts("timezone", [pipeline.zone.name()]),
        texts("currency", [pipeline.currency.as_str()]),
        texts("language", [language]),
        integers("horizon_days", [i64::from(pipeline.risk.horizon_days)]),
        integers("history_days", [i64::from(pipeline.history_days)]),
        integers("history_months", [i64::from(pipeline.history_months)]),
        integers("minimum_n", [i64::from(pipeline.minimum_n)]),
    ])
}

fn cutoff(as_of: &AsOf) -> Result<RecordBatch> {
    table(vec![dates("as_of", [as_of.date()])])
}

fn cutoff_days(pipeline: &Pipeline, as_of: &AsOf) -> Result<RecordBatch> {
    let ages: Vec<i64> = (0..i64::from(pipeline.history_days)).collect();
    let days = ages
        .iter()
        .map(|age| out_of_calendar(as_of.date().checked_sub(age.days())))
        .collect::<Result<Vec<_>>>()?;
    table(vec![
        dates("as_of", days.iter().map(|_| as_of.date())),
        dates("day", days.iter().copied()),
        integers("age_days", ages),
    ])
}

pub(super) fn out_of_calendar(date: Result<Date, jiff::Error>) -> Result<Date> {
    date.map_err(|cause| {
        Error::usage("the as-of date is at the edge of the calendar").with_source(cause)
    })
}

fn months(pipeline: &Pipeline, as_of: &AsOf) -> Result<RecordBatch> {
    let running = as_of.date().first_of_month();
    let firsts = (0..i64::from(pipeline.history_months))
        .rev()
        .map(|back| out_of_calendar(running.checked_sub(back.months())))
        .collect::<Result<Vec<_>>>()?;
    let is_complete = |first: &Date| first.last_of_month() <= as_of.date();
    table(vec![
        dates("month", firsts.iter().copied()),
        dates(
            "ends_on",
            firsts
                .iter()
                .map(|first| first.last_of_month().min(as_of.date())),
        ),
        booleans("is_complete", firsts.iter().map(is_complete).collect()),
    ])
}

fn retention_periods(pipeline: &Pipeline, as_of: &AsOf) -> Result<RecordBatch> {
    let running = as_of.date().first_of_month();
    let mut rows = Vec::new();
    for &months in &pipeline.retention_months {
        for back in (0..i64::from(pipeline.history_months)).rev() {
            let last = out_of_calendar(running.checked_sub(back.months()))?;
            let first = out_of_calendar(last.checked_sub((i64::from(months) - 1).months()))?;
            if last.last_of_month() <= as_of.date() {
                rows.push((i64::from(months), first, last.last_of_month()));
            }
        }
    }
    table(vec![
        integers("months", rows.iter().map(|row| row.0)),
        dates("period_start", rows.iter().map(|row| row.1)),
        dates("period_end", rows.iter().map(|row| row.2)),
    ])
}

fn sources(pipeline: &Pipeline) -> Result<RecordBatch> {
    let known = contract::shipped()?;
    let mut names: Vec<&str> = known
        .keys()
        .chain(pipeline.sources.keys())
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    let declared = names.iter().map(|name| pipeline.has(name)).collect();
    table(vec![
        texts("source_table", names.iter().copied()),
        booleans("is_declared", declared),
    ])
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn survey_metrics(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.survey;
    table(vec![
        texts("metric", all.iter().map(|metric| metric.metric.as_str())),
        integers(
            "scale_min",
            all.iter().map(|metric| i64::from(metric.scale_min)),
        ),
        integers(
            "scale_max",
            all.iter().map(|metric| i64::from(metric.scale_max)),
        ),
        integers(
            "good_from",
            all.iter().map(|metric| i64::from(metric.good_from)),
        ),
        integers("bad_to", all.iter().map(|metric| i64::from(metric.bad_to))),
    ])
}

/// Where each half-open range ends: where the next begins, `end` for the last.
pub(super) fn range_ends(begins: &[f64], end: f64) -> Vec<f64> {
    begins.iter().skip(1).copied().chain([end]).collect()
}

fn risk(pipeline: &Pipeline) -> Result<RecordBatch> {
    table(vec![
        texts("model", ["scorecard"]),
        texts("version", ["1"]),
        points("base_log_odds", [pipeline.risk.base_log_odds])?,
        integers("horizon_days", [i64::from(pipeline.risk.horizon_days)]),
    ])
}

fn risk_factors(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.risk.factors;
    let direction = |points: f64| if points < 0.0 { "protective" } else { "risk" };
    let mut columns = vec![
        texts("factor", all.iter().map(|factor| factor.name.as_str())),
        texts("feature", all.iter().map(|factor| factor.feature.as_str())),
        floats(
            "from_value",
            all.iter().map(|factor| factor.from.unwrap_or(-FAR)),
        ),
        floats(
            "to_value",
            all.iter().map(|factor| factor.to.unwrap_or(FAR)),
        ),
        points("points", all.iter().map(|factor| factor.points))?,
        booleans(
            "is_actionable",
            all.iter().map(|factor| factor.is_actionable).collect(),
        ),
        texts(
            "direction",
            all.iter().map(|factor| direction(factor.points)),
        ),
    ];
    columns.extend(words::sentences(
        ["reason", "reason_en", "reason_ja"],
        &all.iter().map(|factor| Some(&factor.reason)),
        pipeline,
    ));
    columns.extend(words::sentences(
        ["next_step", "next_step_en", "next_step_ja"],
        &all.iter().map(|factor| factor.next_step.as_ref()),
        pipeline,
    ));
    table(columns)
}

fn risk_tiers(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.risk.tiers;
    let begins: Vec<f64> = all.iter().map(|tier| tier.from).collect();
    table(vec![
        texts("tier", all.iter().map(|tier| tier.tier.as_str())),
        floats("from_probability", begins.iter().copied()),
        floats("to_probability", range_ends(&begins, FAR)),
    ])
}

fn lists(pipeline: &Pipeline) -> Result<RecordBatch> {
    let tiers = &pipeline.risk.list_tiers;
    table(vec![
        texts("list", tiers.iter().map(|_| "risk")),
        texts("tier", tiers.iter().map(String::as_str)),
    ])
}

fn renewal_weights(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.risk.renewal_weights;
    let from = |days: Option<i32>| days.map_or(i64::from(i32::MIN), i64::from);
    let to = |days: Option<i32>| days.map_or(i64::from(i32::MAX), i64::from);
    table(vec![
        integers("from_days", all.iter().map(|weight| from(weight.from_days))),
        integers("to_days", all.iter().map(|weight| to(weight.to_days))),
        points("weight", all.iter().map(|weight| weight.weight))?,
    ])
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;
    use crate::config::SHIPPED_PIPELINE;

    fn shipped(as_of: &str) -> Vec<(String, RecordBatch)> {
        let pipeline = Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE).unwrap();
        let as_of = AsOf::parse(as_of, &pipeline.zone).unwrap();
        tables(&pipeline, &as_of).unwrap()
    }

    fn find(tables: &[(String, RecordBatch)], name: &str) -> RecordBatch {
        tables
            .iter()
            .find(|(table, _)| table == name)
            .unwrap()
            .1
            .clone()
    }

    #[test]
    fn every_table_is_named() {
        let names: Vec<String> = shipped("2026-02-10")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, TABLE_NAMES);
    }

    #[test]
    fn a_step_in_any_order_is_called_by_how_many_not_by_which() {
        let mut pipeline = Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE).unwrap();
        pipeline.funnels[0].mode = "any_order".to_owned();
        let names = |pipeline: &Pipeline| {
            let as_of = AsOf::parse("2026-02-10", &pipeline.zone).unwrap();
            let steps = find(&tables(pipeline, &as_of).unwrap(), "cfg_funnel_step");
            let names = steps.column_by_name("step").unwrap().as_string::<i32>();
            let names = names.iter().flatten().map(str::to_owned);
            names.collect::<Vec<String>>()
        };
        let count = pipeline.funnels[0].steps.len();
        let english = names(&pipeline);
        assert_eq!(english[1], format!("any 2 of {count}"));
        assert_eq!(english[count], pipeline.funnels[1].steps[0].name);
        pipeline.language = crate::config::pipeline::Language::Ja;
        assert_eq!(names(&pipeline)[1], format!("{count}段階のうち2つ"));
    }

    #[test]
    fn a_running_month_ends_on_the_as_of_day() {
        let tables = shipped("2026-02-10");
        let months = find(&tables, "cfg_month");
        let rows = arrow::util::pretty::pretty_format_batches(&[months.slice(22, 2)]).unwrap();
        let text = rows.to_string();
        assert!(
            text.contains("| 2026-01-01 | 2026-01-31 | true        |"),
            "{text}"
        );
        assert!(
            text.contains("| 2026-02-01 | 2026-02-10 | false       |"),
            "{text}"
        );
    }

    #[test]
    fn retention_periods_are_complete_calendar_months() {
        let tables = shipped("2026-02-10");
        let periods = find(&tables, "cfg_retention_period");
        let text = arrow::util::pretty::pretty_format_batches(&[periods])
            .unwrap()
            .to_string();
        assert!(
            text.contains("| 12     | 2025-02-01   | 2026-01-31 |"),
            "{text}"
        );
        assert!(!text.contains("2026-02-28"), "{text}");
    }

    #[test]
    fn a_curve_covers_every_value() {
        let tables = shipped("2026-02-10");
        let curves = find(&tables, "cfg_health_curve");
        let from = curves
            .column(2)
            .as_primitive::<arrow::datatypes::Float64Type>();
        let to = curves
            .column(3)
            .as_primitive::<arrow::datatypes::Float64Type>();
        let beginnings = from.values().iter().filter(|value| **value == -FAR).count();
        let ends = to.values().iter().filter(|value| **value == FAR).count();
        assert_eq!(beginnings, ends);
        assert!(beginnings > 0);
    }

    #[test]
    fn the_cutoff_day_has_age_zero() {
        let tables = shipped("2026-02-10");
        let days = find(&tables, "cfg_cutoff_day");
        assert_eq!(days.num_rows(), 400);
        assert_eq!(days.column(2).as_primitive::<Int64Type>().value(0), 0);
    }
}

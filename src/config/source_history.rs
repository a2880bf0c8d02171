//! When an extract is unusual against its own past: fewer or more rows than in
//! the runs before, or nothing new for too long.
//!
//! What was published before is read by `sql/intermediate/int_source_history.sql`;
//! here are only the limits.

use arrow::array::{Int64Array, RecordBatch};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

use super::contract;
use super::pipeline::{Pipeline, named_once, within};
use super::tables::{integers, table, texts};
use crate::error::{Error, Result};

/// The section `source_history:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceHistory {
    /// Rows are compared with the median of so many published days before.
    pub runs: u32,
    /// With fewer days before, nothing is said.
    pub least_runs: u32,
    /// Below this median a share says nothing.
    pub least_rows: u32,
    /// From which change on people are asked to look.
    #[serde(default)]
    pub warn: RowLimits,
    /// From which change on nothing is published.
    #[serde(default)]
    pub error: RowLimits,
    /// How old the newest row of an extract may be.
    #[serde(default)]
    pub freshness: Vec<Freshness>,
}

/// Changes in the number of rows, in percent of the median.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowLimits {
    /// So many percent fewer rows, or more than that; never when left out.
    pub drop_percent: Option<u32>,
    /// So many percent more rows, or more than that; never when left out.
    pub jump_percent: Option<u32>,
}

/// How old the newest row of one extract may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// The extract; nothing is asked of one that the pipeline does not declare.
    pub source: String,
    /// Days before the as-of day after which people are asked to look.
    pub warn_after_days: Option<u32>,
    /// Days before the as-of day after which nothing is published.
    pub error_after_days: Option<u32>,
}

pub(crate) fn validate(pipeline: &Pipeline) -> Result<()> {
    let section = &pipeline.source_history;
    within("source_history.runs", section.runs, 1, 90)?;
    within(
        "source_history.least_runs",
        section.least_runs,
        1,
        section.runs,
    )?;
    for (name, limits) in [("warn", section.warn), ("error", section.error)] {
        if let Some(percent) = limits.drop_percent {
            within(
                &format!("source_history.{name}.drop_percent"),
                percent,
                1,
                100,
            )?;
        }
        if let Some(percent) = limits.jump_percent {
            within(
                &format!("source_history.{name}.jump_percent"),
                percent,
                1,
                100_000,
            )?;
        }
    }
    let sources = section.freshness.iter().map(|one| one.source.as_str());
    named_once("source_history.freshness", sources)?;
    let known = contract::shipped()?;
    for Freshness {
        source,
        warn_after_days,
        error_after_days,
    } in &section.freshness
    {
        let declared = pipeline.sources.get(source).map(|spec| &spec.contract);
        let contract = declared.or_else(|| known.get(source)).ok_or_else(|| {
            Error::usage(format!(
                "`source_history.freshness` names `{source}`, which is no extract"
            ))
            .with_hint("name a table of `sources`")
        })?;
        if contract.visible_from.is_none() {
            return Err(Error::usage(format!(
                "`source_history.freshness`: the rows of `{source}` carry no day"
            ))
            .with_hint("only extracts with a `visible_from` can be too old"));
        }
        let is_asked = warn_after_days.is_some() || error_after_days.is_some();
        let is_ordered =
            warn_after_days.is_none_or(|warn| error_after_days.is_none_or(|error| warn <= error));
        if !is_asked || !is_ordered {
            return Err(Error::usage(format!(
                "`source_history.freshness` of `{source}` needs `warn_after_days`, \
                 `error_after_days`, or both in this order"
            )));
        }
    }
    Ok(())
}

/// `cfg_source_history` (one row) and `cfg_source_freshness`.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let section = &pipeline.source_history;
    let limit = |name, value: Option<u32>| {
        let value: Int64Array = [value.map(i64::from)].into_iter().collect();
        (name, Arc::new(value) as _)
    };
    let settings = table(vec![
        integers("runs", [i64::from(section.runs)]),
        integers("least_runs", [i64::from(section.least_runs)]),
        integers("least_rows", [i64::from(section.least_rows)]),
        limit("warn_drop_percent", section.warn.drop_percent),
        limit("warn_jump_percent", section.warn.jump_percent),
        limit("error_drop_percent", section.error.drop_percent),
        limit("error_jump_percent", section.error.jump_percent),
    ])?;
    let asked = &section.freshness;
    let days = |name, of: fn(&Freshness) -> Option<u32>| {
        let days: Int64Array = asked.iter().map(|one| of(one).map(i64::from)).collect();
        (name, Arc::new(days) as _)
    };
    let freshness = table(vec![
        texts("source_table", asked.iter().map(|one| one.source.as_str())),
        days("warn_after_days", |one| one.warn_after_days),
        days("error_after_days", |one| one.error_after_days),
    ])?;
    Ok(vec![
        ("cfg_source_freshness", freshness),
        ("cfg_source_history", settings),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SHIPPED_PIPELINE;

    fn with(section: &str) -> Result<Pipeline> {
        let text = format!("{SHIPPED_PIPELINE}\n");
        let start = text.find("\nsource_history:").unwrap() + 1;
        let length = text[start..].find("\n\n").unwrap();
        let text = text.replace(&text[start..start + length], section);
        Pipeline::parse("own.yaml", &text)
    }

    #[test]
    fn limits_that_cannot_be_meant_are_refused() {
        let head = "source_history:\n  runs: 7\n  least_runs: 3\n  least_rows: 100\n";
        assert!(with(head).is_ok());
        for (rest, expected) in [
            ("  warn: {drop_percent: 101}\n", "drop_percent"),
            ("  error: {jump_percent: 0}\n", "jump_percent"),
            (
                "  freshness: [{source: evnt, warn_after_days: 1}]\n",
                "no extract",
            ),
            (
                "  freshness: [{source: owner, warn_after_days: 1}]\n",
                "carry no day",
            ),
            ("  freshness: [{source: event}]\n", "needs"),
            (
                "  freshness: [{source: event, warn_after_days: 3, error_after_days: 2}]\n",
                "in this order",
            ),
        ] {
            let error = with(&format!("{head}{rest}")).unwrap_err().to_string();
            assert!(error.contains(expected), "{rest}: {error}");
        }
        let more = head.replace("least_runs: 3", "least_runs: 8");
        assert!(with(&more).is_err());
    }
}

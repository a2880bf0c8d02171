//! What is said about every extract in the table `run_source`.
//!
//! Only what is visible on the as-of date is counted: a row planted after the
//! day changes no figure and no word here, because these rows are published.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Serialize;

use super::freeze::SNAPSHOT;
use super::layout::Layout;
use super::matching::listed;
use super::register::SourceCounts;
use super::rules::Rule;
use crate::config::contract::Contract;
use crate::error::{Error, Result};
use crate::time::EpochDays;

/// One row of `run_source`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Table of the contract, without `raw_`.
    pub source_table: String,
    /// What was looked at.
    pub check_name: String,
    /// `info` or `warn`.
    pub severity: &'static str,
    /// Rows visible on the as-of date.
    pub rows_checked: u64,
    /// Those that fail.
    pub rows_failed: u64,
    /// A sentence.
    pub message: String,
    /// The day of the newest row, said once an extract.
    pub newest_on: Option<EpochDays>,
}

const INFO: &str = "info";
const WARN: &str = "warn";

/// Tables of which only today's state may exist.
const STATES: [&str; 2] = ["account", "contact"];

/// A table of the contract that the pipeline does not declare.
pub(super) fn undeclared(table: &str) -> Finding {
    Finding {
        source_table: table.to_owned(),
        check_name: "declared".to_owned(),
        severity: INFO,
        rows_checked: 0,
        rows_failed: 0,
        message: "not declared: what depends on it is empty".to_owned(),
        newest_on: None,
    }
}

/// Everything that is said about a declared extract.
pub(super) fn of_source(
    table: &str,
    contract: &Contract,
    counts: &SourceCounts,
    newest_on: Option<EpochDays>,
    layout: &Layout,
    is_text: bool,
) -> Vec<Finding> {
    let visible = counts.rows - counts.after_as_of;
    let finding = |check: &str, severity, failed, message| Finding {
        source_table: table.to_owned(),
        check_name: check.to_owned(),
        severity,
        rows_checked: visible,
        rows_failed: failed,
        message,
        newest_on: None,
    };
    let declared = if visible == 0 {
        "declared, but no row is known on the day"
    } else {
        "declared"
    };
    let declared = finding("declared", INFO, 0, declared.to_owned());
    let mut found = vec![Finding {
        newest_on,
        ..declared
    }];
    let missing: Vec<&str> = layout.missing.iter().map(String::as_str).collect();
    let (failed, message) = if missing.is_empty() {
        (0, "every optional column is there".to_owned())
    } else {
        (
            visible,
            format!(
                "optional columns that are not there read null: {}",
                listed(&missing)
            ),
        )
    };
    found.push(finding("missing_optional_columns", INFO, failed, message));
    for rule in Rule::ALL {
        if rule.can_apply(contract, is_text) {
            let failed = counts
                .quarantined_by_rule
                .get(rule.code())
                .copied()
                .unwrap_or_default();
            let check = format!("quarantined_{}", rule.code());
            found.push(finding(&check, WARN, failed, rule.sentence(contract)));
        }
    }
    if STATES.contains(&table) {
        let has_history =
            layout.columns.contains_key(SNAPSHOT) || layout.partitions.contains_key(SNAPSHOT);
        let (failed, message) = if has_history {
            (
                0,
                "dated snapshots: attributes are taken as they were on the day",
            )
        } else {
            (
                visible,
                "only today's state exists: attributes may be later than the as-of date",
            )
        };
        found.push(finding("history", INFO, failed, message.to_owned()));
    }
    found
}

/// The findings as a table.
///
/// # Errors
/// A bug if a column does not fit.
pub(super) fn table(findings: &[Finding]) -> Result<(SchemaRef, RecordBatch)> {
    let text = |of: fn(&Finding) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(findings.iter().map(of)))
    };
    let number = |of: fn(&Finding) -> u64| -> ArrayRef {
        let values = findings
            .iter()
            .map(|finding| i64::try_from(of(finding)).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(values))
    };
    let newest: Date32Array = findings.iter().map(|finding| finding.newest_on).collect();
    let newest: ArrayRef = Arc::new(newest);
    let columns = [
        ("source_table", text(|finding| &finding.source_table)),
        ("check_name", text(|finding| &finding.check_name)),
        ("severity", text(|finding| finding.severity)),
        ("rows_checked", number(|finding| finding.rows_checked)),
        ("rows_failed", number(|finding| finding.rows_failed)),
        ("message", text(|finding| &finding.message)),
        ("newest_on", newest),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, values)| Field::new(*name, DataType::clone(values.data_type()), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let columns = columns.into_iter().map(|(_, values)| values).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
        .map_err(|cause| Error::bug("run_source does not fit").with_source(cause))?;
    Ok((schema, batch))
}

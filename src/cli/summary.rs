//! What a run ends with on the terminal.

use std::fmt::Write;

use super::list::risk_table;
use crate::config::Language;
use crate::error::{Error, Result};
use crate::model::header::Severity;
use crate::report::{ListFilter, list, list_named};
use crate::run::{Outcome, RunReport};
use crate::storage::Storage;

/// Rows of the risk list that the summary shows.
const SHOWN: usize = 10;
/// The mart that it is read from; a pipeline may leave it out.
const RISK_LIST: &str = "risk_list";

/// Models, rows, seconds, checks, who is most at risk, and where the tables lie.
pub(crate) async fn summary(report: &RunReport) -> Result<String> {
    match &report.outcome {
        Outcome::AlreadyDone(commit) => Ok(format!(
            "already done: {} as of {} is version {} of {}\n",
            commit.pipeline, commit.as_of, commit.version, report.output
        )),
        Outcome::Previewed(folder) => Ok(format!(
            "{}nothing published; the tables are in {}\n",
            built(report),
            folder.display()
        )),
        Outcome::Published(commit) => {
            let mut text = built(report);
            if commit.tables.iter().any(|table| table.name == RISK_LIST) {
                text.push_str(&most_at_risk(report).await?);
            }
            let _ = writeln!(
                text,
                "\npublished version {}: {} tables in {}/latest/ and {}/history/",
                commit.version,
                commit.tables.len(),
                report.output,
                report.output
            );
            Ok(text)
        }
    }
}

async fn most_at_risk(report: &RunReport) -> Result<String> {
    let storage = Storage::open(&report.output)?;
    let filter = ListFilter {
        limit: Some(SHOWN),
        ..ListFilter::default()
    };
    let risk = list_named("risk").ok_or_else(|| Error::bug("there is no risk list"))?;
    let rows = list(&storage, risk, &filter).await?;
    Ok(if rows.is_empty() {
        "\nno account is on the risk list\n".to_owned()
    } else {
        let as_of = &report.as_of;
        format!(
            "\nmost at risk as of {as_of}:\n{}",
            risk_table(&rows, Language::En)
        )
    })
}

fn built(report: &RunReport) -> String {
    let rows: u64 = report.models.iter().filter_map(|model| model.rows).sum();
    let warnings: Vec<_> = report
        .checks
        .iter()
        .filter(|check| check.rows_failed > 0 && check.severity == Severity::Warn)
        .collect();
    let mut text = format!(
        "as of {}: {} models, {rows} rows, {:.1} s; {} checks, {} with warnings\n",
        report.as_of,
        report.models.len(),
        report.seconds,
        report.checks.len(),
        warnings.len()
    );
    for warning in warnings {
        let _ = writeln!(
            text,
            "  warning: {} on {}: {}",
            warning.check, warning.model, warning.message
        );
    }
    text
}

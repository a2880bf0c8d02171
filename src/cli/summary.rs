//! What a run ends with on the terminal.

use std::fmt::Write;

use super::list::risk_table;
use crate::error::Result;
use crate::model::header::Severity;
use crate::report::{RiskFilter, risk_list};
use crate::run::{Outcome, RunReport};
use crate::storage::Storage;

/// Rows of the risk list that the summary shows.
const SHOWN: usize = 10;

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
            let storage = Storage::open(&report.output)?;
            let filter = RiskFilter {
                limit: Some(SHOWN),
                ..RiskFilter::default()
            };
            let rows = risk_list(&storage, &filter).await?;
            let mut text = built(report);
            if rows.is_empty() {
                text.push_str("\nno account is on the risk list\n");
            } else {
                let _ = write!(
                    text,
                    "\nmost at risk as of {}:\n{}",
                    report.as_of,
                    risk_table(&rows)
                );
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

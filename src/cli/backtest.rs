//! `kenko backtest`: health and risk tried on what happened afterwards.

use std::path::Path;

use super::args::BacktestArgs;
use super::format::plain_table;
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use super::watch::{self, tell};
use crate::error::{Error, Result};
use crate::report::Rows;
use crate::run::{Project, RunOptions};

/// What is shown of `health_backtest`; the rest is published.
const SHOWN: [&str; 8] = [
    "score_name",
    "cases",
    "losses",
    "auc",
    "auc_low",
    "auc_high",
    "alarmed_losses",
    "false_alarms",
];

pub(crate) async fn backtest(args: &BacktestArgs, printer: Printer) -> Result<()> {
    let options = RunOptions {
        as_of: args.as_of.clone(),
        output: args.output.clone(),
        select: Vec::new(),
        threads: threads(args.machine.threads),
        memory_bytes: memory_bytes(&args.machine)?,
        full: args.full,
    };
    let project = Project::load(&args.pipeline).await?;
    let observer = watch::observer(printer);
    let found = crate::run::backtest(&project, &options, observer.as_ref()).await?;
    drop(observer);
    if let Some(file) = found.tables.get("health_backtest") {
        printer.data(table(file).await?.as_bytes())?;
    }
    let days: Vec<String> = found.cutoffs.iter().map(ToString::to_string).collect();
    tell(
        printer,
        &format!(
            "as of {}: judged {} month-ends, {}; every night reads them from now on",
            found.as_of,
            days.len(),
            days.join(", ")
        ),
    );
    Ok(())
}

/// The rows over all month-ends.
async fn table(file: &Path) -> Result<String> {
    let bytes = tokio::fs::read(file).await.map_err(|cause| {
        Error::bug(format!("cannot read back {}", file.display())).with_source(cause)
    })?;
    let rows = Rows::from_parquet("health_backtest", bytes.into())?.only("cutoff", &["all"]);
    let mut table = plain_table();
    table.set_header(SHOWN);
    for row in 0..rows.len() {
        table.add_row(SHOWN.map(|column| rows.shown(row, column)));
    }
    Ok(format!("{table}\n"))
}

//! `kenko train`: learns the churn model and says who is in charge.

use super::args::TrainArgs;
use super::format::plain_table;
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use super::watch;
use crate::error::Result;
use crate::run::{Project, RunOptions, TrainReport};

/// The figures that are shown, in this order.
const SHOWN: [&str; 12] = [
    "lost_accounts",
    "training_rows",
    "cutoffs",
    "base_rate",
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "expected_calibration_error",
    "lift_at_list_length",
    "revenue_caught_at_list_length",
    "verdict",
];

pub(crate) async fn train(args: &TrainArgs, printer: Printer) -> Result<()> {
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
    let report = crate::run::train(&project, &options, observer.as_ref()).await;
    drop(observer);
    printer.data(summary(&report?).as_bytes())
}

fn summary(report: &TrainReport) -> String {
    let mut table = plain_table();
    table.set_header(["figure", "value", "95 % interval", "n", "lost"]);
    for metric in SHOWN {
        let Some(line) = report.card.line(metric, "all", "all") else {
            continue;
        };
        let Some(value) = line.value else {
            continue;
        };
        let interval = line.low.zip(line.high);
        let count =
            |count: Option<usize>| count.map_or_else(String::new, |count| count.to_string());
        table.add_row([
            metric.to_owned(),
            number(value),
            interval.map_or_else(String::new, |(low, high)| format!("{low:.4} to {high:.4}")),
            count(line.n),
            count(line.events),
        ]);
    }
    let charge = match &report.champion {
        Some(version) => format!("model {version}"),
        None => "the scorecard".to_owned(),
    };
    let done = if report.is_already_done {
        " (already done)"
    } else {
        ""
    };
    format!(
        "{table}\n{} model {} as of {}{done}\nin charge: {charge}\n{}\nkept at {} in {:.1} seconds\n",
        report.kind, report.version, report.as_of, report.decision, report.output, report.seconds,
    )
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{value:.0}");
    }
    format!("{value:.4}")
}

//! `kenko explain`: why an account has its score, and what changed.

use std::fmt::Write;

use super::args::ExplainArgs;
use super::format::{plain_table, printable};
use super::printer::Printer;
use crate::error::Result;
use crate::report::{Explanation, Rows};
use crate::storage::Storage;

pub(crate) async fn explain(args: &ExplainArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let found = crate::report::explain(&storage, &args.account).await?;
    printer.data(shown(&found).as_bytes())
}

fn shown(found: &Explanation) -> String {
    let mut text = headline(found);
    let _ = write!(text, "\n\n{}", contributions(found));
    let _ = write!(text, "\n{}", risk(found));
    text
}

fn headline(found: &Explanation) -> String {
    let row = &found.health;
    let score = points(row.float(0, "score"));
    let mut text = format!(
        "{} ({}) as of {}\nhealth {score}, tier {} since {}, {:.0} % of the weight covered",
        printable(row.text(0, "account_name").unwrap_or_default()),
        row.text(0, "account_id").unwrap_or_default(),
        found.as_of,
        row.text(0, "tier").unwrap_or_default(),
        row.day_text(0, "tier_since").unwrap_or_default(),
        row.float(0, "coverage").unwrap_or_default() * 100.0,
    );
    if let (Some(before), Some(day)) = (&found.health_before, &found.as_of_before) {
        let change = row.float(0, "score").zip(before.float(0, "score"));
        let moved = change.map_or_else(String::new, |(now, then)| format!(" ({:+.1})", now - then));
        let _ = write!(
            text,
            "\nbefore, as of {day}: health {}{moved}, tier {}",
            points(before.float(0, "score")),
            before.text(0, "tier").unwrap_or_default()
        );
    }
    text
}

fn points(score: Option<f64>) -> String {
    score.map_or_else(|| "unknown".to_owned(), |score| format!("{score:.1}"))
}

fn contributions(found: &Explanation) -> String {
    let mut table = plain_table();
    table.set_header([
        "measure", "state", "value", "scaled", "weight", "points", "change",
    ]);
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |n| format!("{n:.2}"));
    for part in &found.contributions {
        let change = match (part.contribution, part.contribution_before) {
            (now, Some(before)) => format!("{:+.2}", now.unwrap_or(0.0) - before),
            _ => "-".to_owned(),
        };
        table.add_row([
            part.measure.clone(),
            part.state.clone(),
            number(part.raw_value),
            number(part.normalised),
            number(part.effective_weight),
            number(part.contribution),
            change,
        ]);
    }
    format!("{table}\n")
}

fn risk(found: &Explanation) -> String {
    let row: &Rows = &found.risk;
    if row.is_empty() {
        return "no churn risk: the account brings no recurring revenue\n".to_owned();
    }
    let mut text = format!(
        "churn risk {:.1} % ({}), {} {} a year at risk, renewal {}\n",
        row.float(0, "churn_probability").unwrap_or_default() * 100.0,
        row.text(0, "tier").unwrap_or_default(),
        row.money(0, "arr_at_risk").unwrap_or_default(),
        row.text(0, "currency").unwrap_or_default(),
        row.day_text(0, "renews_on")
            .unwrap_or_else(|| "unknown".to_owned()),
    );
    for factor in &found.factors {
        let _ = writeln!(
            text,
            "  {:+.1} points  {}",
            factor.points,
            printable(&factor.reason)
        );
    }
    text
}

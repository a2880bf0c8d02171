//! `kenko list`: a list for people.

use arrow::array::RecordBatch;
use comfy_table::ContentArrangement;

use super::args::{Format, ListArgs, ListName};
use super::format::{plain_table, printable, render};
use super::printer::Printer;
use super::watch::tell;
use crate::error::Result;
use crate::report::{RiskFilter, Rows, risk_list};
use crate::storage::Storage;

/// Characters in a line of the risk list; reasons wrap within it.
const WIDTH: u16 = 160;

pub(crate) async fn list(args: &ListArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let ListName::Risk = args.list;
    let filter = RiskFilter {
        owner: args.owner.clone(),
        segment: args.segment.clone(),
        tier: args.tier.clone(),
        limit: args.limit,
    };
    let rows = risk_list(&storage, &filter).await?;
    if args.format == Format::Table {
        printer.data(risk_table(&rows).as_bytes())?;
        if rows.is_empty() {
            tell(printer, "no account on the risk list fits");
        }
        return Ok(());
    }
    let batch: &RecordBatch = rows.batch();
    printer.data(&render(batch, args.format)?)
}

/// The risk list as people read it: the amounts rounded, the reasons in words.
pub(crate) fn risk_table(rows: &Rows) -> String {
    let mut table = plain_table();
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table.set_header([
        "#",
        "account",
        "owner",
        "risk",
        "health",
        "ARR at risk",
        "renews on",
        "why",
        "next step",
    ]);
    for row in 0..rows.len() {
        let risk = rows
            .float(row, "churn_probability")
            .map(|p| format!("{:.0} %", p * 100.0));
        let money = rows
            .money(row, "arr_at_risk")
            .zip(rows.text(row, "currency"));
        let score = rows.float(row, "score").map(|score| format!("{score:.0}"));
        table.add_row([
            rows.shown(row, "rank"),
            printable(&name(rows, row)),
            printable(rows.text(row, "owner_id").unwrap_or("-")),
            risk.unwrap_or_default(),
            score.unwrap_or_else(|| "-".to_owned()),
            money
                .map(|(amount, currency)| format!("{amount} {currency}"))
                .unwrap_or_default(),
            rows.day_text(row, "renews_on")
                .unwrap_or_else(|| "-".to_owned()),
            printable(rows.text(row, "why").unwrap_or_default()),
            printable(rows.text(row, "next_step").unwrap_or_default()),
        ]);
    }
    format!("{table}\n")
}

fn name(rows: &Rows, row: usize) -> String {
    let id = rows.text(row, "account_id").unwrap_or_default();
    match rows.text(row, "account_name") {
        Some(name) if name != id => format!("{name} ({id})"),
        _ => id.to_owned(),
    }
}

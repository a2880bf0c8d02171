//! `kenko list`: a list for people.

use arrow::datatypes::{DataType, Field};
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::args::{Format, ListArgs, ListName, TextLanguage};
use super::format::{plain_table, printable, render};
use super::printer::Printer;
use super::watch::tell;
use crate::config::Language;
use crate::error::{Error, Result};
use crate::publish;
use crate::report::{self, List, ListFilter, Rows, for_reader, heading, list_named, list_of};
use crate::storage::Storage;

/// Characters in a line of a list; reasons wrap within it.
const WIDTH: u16 = 160;
/// Digits after the point of shares and scores in a table for people.
const DIGITS: usize = 2;

pub(crate) async fn list(args: &ListArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let list = named(args.list)?;
    let filter = ListFilter {
        owner: args.owner.clone(),
        segment: args.segment.clone(),
        tier: args.tier.clone(),
        limit: args.limit,
        is_whole: args.all,
    };
    let language = match args.language {
        TextLanguage::En => Language::En,
        TextLanguage::Ja => Language::Ja,
    };
    let commit = publish::published(&storage).await?;
    let rows = list_of(&storage, &commit, list, &filter).await?;
    let read = for_reader(list, &rows, language);
    match args.format {
        Format::Table => {
            printer.data(people_table(list, &read, language).as_bytes())?;
            if rows.is_empty() {
                tell(
                    printer,
                    &format!("nothing on the list `{}` fits", list.name),
                );
            }
            Ok(())
        }
        Format::Csv => printer.data(&report::csv(read.batch(), language, args.bom)?),
        Format::Xlsx => printer.data(&report::xlsx(read.batch(), list.table, language)?),
        Format::Json | Format::Parquet => printer.data(&render(rows.batch(), args.format)?),
    }
}

fn named(name: ListName) -> Result<&'static List> {
    let name = match name {
        ListName::Risk => "risk",
        ListName::Expansion => "expansion",
        ListName::Advocate => "advocate",
        ListName::Nurture => "nurture",
        ListName::SurveySend => "survey-send",
        ListName::NextBestAction => "next-best-action",
        ListName::Alert => "alert",
        ListName::Task => "task",
        ListName::TaskDiff => "task-diff",
        ListName::LoopOutcome => "loop-outcome",
        ListName::Kpi => "kpi",
    };
    list_named(name).ok_or_else(|| Error::bug(format!("there is no list `{name}`")))
}

/// A list as people read it: amounts rounded, the reasons in words.
fn people_table(list: &List, rows: &Rows, language: Language) -> String {
    if list.name == "risk" {
        return risk_table(rows, language);
    }
    let mut table = wide_table();
    table.set_header(list.columns.iter().map(|column| title(column, language)));
    for row in 0..rows.len() {
        table.add_row(
            list.columns
                .iter()
                .map(|column| printable(&cell(rows, row, column))),
        );
    }
    let schema = rows.batch().schema();
    for (position, name) in list.columns.iter().enumerate() {
        let is_number = schema
            .field_with_name(name)
            .is_ok_and(|field| field.data_type().is_numeric());
        if let Some(column) = table.column_mut(position).filter(|_| is_number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}

fn title(column: &str, language: Language) -> String {
    heading(column, language).replace('_', " ")
}

fn cell(rows: &Rows, row: usize, column: &str) -> String {
    let kind = rows.batch().schema();
    let kind = kind.field_with_name(column).map(Field::data_type);
    let shown = match kind {
        Ok(DataType::Decimal128(_, _)) => rows.money(row, column),
        Ok(DataType::Float64) => rows
            .float(row, column)
            .map(|value| format!("{value:.DIGITS$}")),
        _ => Some(rows.shown(row, column)),
    };
    shown
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "-".to_owned())
}

fn wide_table() -> Table {
    let mut table = plain_table();
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table
}

/// The risk list as people read it: the amounts rounded, the reasons in words.
pub(crate) fn risk_table(rows: &Rows, language: Language) -> String {
    let mut table = wide_table();
    table.set_header(match language {
        Language::En => [
            "#",
            "account",
            "owner",
            "risk",
            "health",
            "ARR at risk",
            "renews on",
            "why",
            "next step",
        ],
        Language::Ja => [
            "#",
            "アカウント",
            "当社担当者",
            "解約リスク",
            "健全性",
            "リスクのある年間収益",
            "更新日",
            "理由",
            "次の一手",
        ],
    });
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

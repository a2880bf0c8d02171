//! `kenko show`: a funnel as bars, an account's journeys as a timeline.
//!
//! Where standard output is no terminal, bars are plain ASCII. Widths are those of
//! the characters on the screen: a table counts a Japanese character as two.

use std::fmt::Write;

use comfy_table::CellAlignment;

use super::args::{ShowArgs, ShowWhat};
use super::format::{plain_table, printable};
use super::pen::Pen;
use super::printer::Printer;
use crate::config::Language;
use crate::error::Result;
use crate::report::{FunnelPicture, JourneyPicture, Rows};
use crate::storage::Storage;

pub(crate) async fn show(args: &ShowArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let pen = Pen::new(printer, args.language);
    let text = match args.what {
        ShowWhat::Funnel => {
            let found = crate::report::funnel(&storage, &args.name, &args.by).await?;
            pen.funnel(&found)
        }
        ShowWhat::Journey => {
            let found = crate::report::journey(&storage, &args.name).await?;
            pen.journeys(&found, args.limit)
        }
    };
    printer.data(text.as_bytes())
}

impl Pen {
    /// Every value of the dimension with its steps.
    fn funnel(self, found: &FunnelPicture) -> String {
        let rows = &found.steps;
        let mut text = format!(
            "{} {} {}\n",
            printable(rows.text(0, "funnel").unwrap_or_default()),
            self.say("as of", "時点"),
            found.as_of
        );
        let mut from = 0;
        while from < rows.len() {
            let value = rows.text(from, "dimension_value");
            let same = |row: &usize| rows.text(*row, "dimension_value") == value;
            let to = (from..rows.len())
                .find(|row| !same(row))
                .unwrap_or(rows.len());
            let dimension = rows.text(from, "dimension").unwrap_or_default();
            if dimension != "all" {
                let value = printable(value.unwrap_or_default());
                let _ = write!(text, "\n{}: {value}\n", printable(dimension));
                text.push_str(&self.undated(rows, from));
            }
            text.push_str(&self.steps(rows, from..to));
            if dimension == "all" {
                (from..to).for_each(|row| text.push_str(&self.undated_role(rows, row)));
            }
            from = to;
        }
        text
    }

    /// Of how many units that reached the step nobody knows whether whoever took
    /// it had the role then for which it asks.
    fn undated_role(self, rows: &Rows, row: usize) -> String {
        let Some(units) = rows.integer(row, "undated_n").filter(|units| *units > 0) else {
            return String::new();
        };
        let step = printable(rows.text(row, "step").unwrap_or_default());
        let reached = rows.shown(row, "reached");
        match self.language {
            Language::En => format!(
                "{step}: {units} of {reached} by a role of a later day: no older one is known\n"
            ),
            Language::Ja => {
                format!("{step}: {reached} 件中 {units} 件は当時の役割が不明で、後の役割による\n")
            }
        }
    }

    /// Of how many units nobody knows whether they had the value when they entered.
    fn undated(self, rows: &Rows, first: usize) -> String {
        let entered = rows.shown(first, "entered");
        match rows.integer(first, "undated_n").filter(|units| *units > 0) {
            None => String::new(),
            Some(units) if self.language == Language::En => {
                format!("{units} of {entered} stand here by a later value: no older one is known\n")
            }
            Some(units) => {
                format!("{entered} 件中 {units} 件は当時の値が不明で、後の値による\n")
            }
        }
    }

    fn steps(self, rows: &Rows, steps: std::ops::Range<usize>) -> String {
        let mut table = plain_table();
        table.set_header([
            "#",
            self.say("step", "ステップ"),
            "",
            self.say("reached", "到達"),
            self.say("of first", "初段から"),
            "95 %",
            self.say("of previous", "前段から"),
            self.say("days p50", "日数 p50"),
            self.say("days p90", "日数 p90"),
            self.say("open", "進行中"),
            self.say("excluded", "除外"),
        ]);
        let percent = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
        };
        let days =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |days| format!("{days:.1}"));
        for row in steps {
            let share = rows.float(row, "rate_from_first");
            let low = rows.float(row, "rate_from_first_low");
            let interval = low
                .zip(rows.float(row, "rate_from_first_high"))
                .map(|(low, high)| format!("{:.0}-{:.0} %", low * 100.0, high * 100.0));
            table.add_row([
                rows.shown(row, "step_number"),
                printable(rows.text(row, "step").unwrap_or_default()),
                self.bar(share.unwrap_or(0.0)),
                rows.shown(row, "reached"),
                percent(share),
                interval.unwrap_or_else(|| "-".to_owned()),
                percent(rows.float(row, "rate_from_previous")),
                days(rows.float(row, "days_p50")),
                days(rows.float(row, "days_p90")),
                rows.shown(row, "still_open"),
                rows.shown(row, "excluded"),
            ]);
        }
        for column in 3..11 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }

    /// Every journey of the account, the newest `limit` stays of each.
    fn journeys(self, found: &JourneyPicture, limit: usize) -> String {
        let rows = &found.stays;
        let id = rows.text(0, "account_id").unwrap_or_default();
        let mut text = format!(
            "{} ({id}), {}, {} {}\n",
            printable(rows.text(0, "account_name").unwrap_or(id)),
            printable(rows.text(0, "segment").unwrap_or_default()),
            self.say("as of", "時点"),
            found.as_of
        );
        let mut from = 0;
        while from < rows.len() {
            let journey = rows.text(from, "journey");
            let to = (from..rows.len())
                .find(|row| rows.text(*row, "journey") != journey)
                .unwrap_or(rows.len());
            let journey = printable(journey.unwrap_or_default());
            let _ = write!(text, "\n{journey}: {}\n", self.standing(rows, to - 1));
            let shown = from.max(to.saturating_sub(limit));
            if shown > from {
                let earlier = shown - from;
                let _ = match self.language {
                    Language::En => writeln!(text, "… {earlier} earlier"),
                    Language::Ja => writeln!(text, "… それ以前に {earlier} 件"),
                };
            }
            text.push_str(&self.stays(rows, shown..to));
            from = to;
        }
        text
    }

    /// Where the account stands: its last stay in a sentence.
    fn standing(self, rows: &Rows, row: usize) -> String {
        let stage = printable(rows.text(row, "stage").unwrap_or_default());
        let since = rows.day_text(row, "entered_on").unwrap_or_default();
        let days = rows.shown(row, "days_in_stage");
        let mut text = match self.language {
            Language::En => format!("{stage} since {since}, {days} days"),
            Language::Ja => format!("{since} から {stage}（{days} 日）"),
        };
        if rows.shown(row, "is_stuck") == "true" {
            let usual = rows.shown(row, "usual_days_p90");
            let n = rows.shown(row, "usual_n");
            let _ = match self.language {
                Language::En => write!(
                    text,
                    "; stuck: nine of ten stays are over within {usual} days (n = {n})"
                ),
                Language::Ja => write!(
                    text,
                    "。停滞：10件中9件は {usual} 日以内に次へ進む（n = {n}）"
                ),
            };
        }
        text
    }

    fn stays(self, rows: &Rows, stays: std::ops::Range<usize>) -> String {
        let mut table = plain_table();
        table.set_header([
            self.say("from", "開始"),
            self.say("until", "終了"),
            self.say("days", "日数"),
            self.say("stage", "ステージ"),
            self.say("returns", "再訪"),
            self.say("timeline", "時系列"),
            self.say("main touches", "主な接点"),
        ]);
        let days = |row: usize| rows.integer(row, "days_in_stage").unwrap_or(0);
        let all: i64 = stays.clone().map(days).sum();
        let mut before = 0;
        for row in stays {
            let after = before + days(row);
            let returns = rows.integer(row, "returns").filter(|times| *times > 0);
            table.add_row([
                rows.day_text(row, "entered_on").unwrap_or_default(),
                rows.day_text(row, "left_on").unwrap_or_default(),
                rows.shown(row, "days_in_stage"),
                printable(rows.text(row, "stage").unwrap_or_default()),
                returns.map_or_else(String::new, |times| times.to_string()),
                self.span(
                    share(before, all),
                    share(after, all),
                    rows.integer(row, "stage_number") == Some(0),
                ),
                printable(&rows.texts(row, "main_touchpoints").join(", ")),
            ]);
            before = after;
        }
        for column in [2, 4] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "days of a timeline are far below 2^53"
)]
fn share(days: i64, all: i64) -> f64 {
    days as f64 / all.max(1) as f64
}

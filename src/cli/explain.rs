//! `kenko explain`: one account on one screen, in English or Japanese.
//!
//! Score, tier and since when, dimensions and measures as bars, what changed and why, caps,
//! words of people, contradictions, risk, revenue, renewal, people, next step. Every figure
//! is as published; names of tiers and states are those of the tables, translated.

use std::fmt::Write;

use comfy_table::CellAlignment;

use super::args::ExplainArgs;
use super::format::{plain_table, printable};
use super::pen::Pen;
use super::printer::Printer;
use crate::config::{Language, word};
use crate::error::Result;
use crate::report::{Explanation, Rows};
use crate::storage::Storage;

/// Causes of a change, people and factors that are shown at most: the strongest.
const MOST_ROWS: usize = 6;
/// Characters of a bar.
const BAR: usize = 20;

pub(crate) async fn explain(args: &ExplainArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let found = crate::report::explain(&storage, &args.account).await?;
    let pen = Pen::new(printer, args.language);
    printer.data(pen.account(&found).as_bytes())
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn signed(value: f64) -> String {
    format!("{value:+.2}")
}

/// A raw value without needless digits.
fn short(value: Option<f64>) -> String {
    let text = number(value, 2);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The row numbers in the order of `key`, largest first; ties stay in their order.
fn largest(rows: &Rows, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|left, right| key(*right).total_cmp(&key(*left)));
    order
}

impl Pen {
    fn account(self, found: &Explanation) -> String {
        let parts = [
            self.headline(found),
            self.measures(&found.measures),
            self.changes(found),
            self.disagreements(found),
            self.risk(found),
            self.business(found),
            self.people(found),
        ];
        let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        said.join("\n")
    }

    /// A published code in the language asked for; what is not known stays as it is.
    fn word(self, kind: &str, code: &str) -> String {
        match (self.language, word(kind, code, self.language)) {
            (Language::Ja, Some(word)) => word.to_owned(),
            (Language::Ja, None) => printable(code),
            (Language::En, _) => printable(code).replace('_', " "),
        }
    }

    /// A sentence in the language asked for.
    fn sentence(self, rows: &Rows, row: usize, english: &str, japanese: &str) -> String {
        let column = match self.language {
            Language::En => english,
            Language::Ja => japanese,
        };
        printable(rows.text(row, column).unwrap_or_default())
    }

    fn label(self, rows: &Rows, row: usize) -> String {
        let column = self.say("label_en", "label_ja");
        let label = rows.text(row, column).or_else(|| rows.text(row, "label"));
        printable(label.unwrap_or_default())
    }

    fn headline(self, found: &Explanation) -> String {
        let row = &found.health;
        let name = printable(row.text(0, "account_name").unwrap_or_default());
        let id = printable(row.text(0, "account_id").unwrap_or_default());
        let score = row.float(0, "score");
        let tier = self.word("tier", row.text(0, "tier").unwrap_or_default());
        let since = row.day_text(0, "tier_since").unwrap_or_default();
        let coverage = row.float(0, "coverage").unwrap_or_default() * 100.0;
        let profile = printable(row.text(0, "profile").unwrap_or_default());
        let of = &found.as_of;
        let shown = score.map_or_else(
            || self.say("unknown", "不明").to_owned(),
            |score| format!("{score:.1} {}", self.bar(score / 100.0)),
        );
        let mut text = match self.language {
            Language::En => format!(
                "{name} ({id}) as of {of}\nhealth {shown}\ntier {tier} since {since}, {coverage:.0} \
                 % of the weight covered, profile {profile}\n"
            ),
            Language::Ja => format!(
                "{name} ({id})　{of}時点\n健全性スコア {shown}\n判定 {tier}（{since}から）、計測率 \
                 {coverage:.0}%、基準 {profile}\n"
            ),
        };
        text.push_str(&self.before(found));
        text.push_str(&self.rules(row));
        text
    }

    fn before(self, found: &Explanation) -> String {
        let row = &found.health;
        let Some(tier) = row.text(0, "tier_previous") else {
            return String::new();
        };
        let then = row.float(0, "score_previous");
        let moved = row.float(0, "score").zip(then);
        let moved = moved.map_or_else(String::new, |(now, then)| format!(" ({:+.1})", now - then));
        let score = number(then, 1);
        let tier = self.word("tier", tier);
        match self.language {
            Language::En => format!("at the run before: health {score}{moved}, tier {tier}\n"),
            Language::Ja => format!("前回：スコア {score}{moved}、判定 {tier}\n"),
        }
    }

    /// What holds the score down, and what a person says.
    fn rules(self, row: &Rows) -> String {
        let mut text = String::new();
        if row.text(0, "cap").is_some() {
            let why = self.sentence(row, 0, "cap_reason_en", "cap_reason_ja");
            let most = number(row.float(0, "score_computed"), 1);
            let bare = number(row.float(0, "score_uncapped"), 1);
            let _ = match self.language {
                Language::En => writeln!(text, "capped at {most} (would be {bare}): {why}"),
                Language::Ja => writeln!(text, "上限 {most} を適用（本来 {bare}）：{why}"),
            };
        }
        if let Some(author) = row.text(0, "override_author") {
            let author = printable(author);
            let why = printable(row.text(0, "override_reason").unwrap_or_default());
            let until = row.day_text(0, "override_until").unwrap_or_default();
            let score = number(row.float(0, "score_computed"), 1);
            let tier = self.word("tier", row.text(0, "tier_computed").unwrap_or_default());
            let _ = match self.language {
                Language::En => writeln!(
                    text,
                    "overridden by {author} until {until}: {why} (computed: {score}, {tier})"
                ),
                Language::Ja => writeln!(
                    text,
                    "{author}による手動補正（{until}まで）：{why}（計算値 {score}、{tier}）"
                ),
            };
        }
        text
    }

    /// Dimensions, the heaviest first, with their measures; rules last.
    fn measures(self, rows: &Rows) -> String {
        let of = |row: usize| {
            rows.text(row, "dimension_name")
                .unwrap_or_default()
                .to_owned()
        };
        let mut dimensions: Vec<(String, f64)> = Vec::new();
        for row in 0..rows.len() {
            let weight = rows.float(row, "weight").unwrap_or(-1.0);
            match dimensions.iter_mut().find(|known| known.0 == of(row)) {
                Some(known) => known.1 += weight,
                None => dimensions.push((of(row), weight)),
            }
        }
        dimensions.sort_by(|left, right| right.1.total_cmp(&left.1));
        let mut table = plain_table();
        table.set_header([
            "",
            self.say("state", "状態"),
            self.say("value", "値"),
            self.say("scaled", "換算"),
            "",
            self.say("weight", "重み"),
            self.say("points", "得点"),
        ]);
        for (name, _) in dimensions {
            let members: Vec<usize> = (0..rows.len()).filter(|row| of(*row) == name).collect();
            let points = members
                .iter()
                .filter_map(|row| rows.float(*row, "contribution"));
            let value = members
                .first()
                .and_then(|row| rows.float(*row, "dimension_value"));
            let label = members.first().and_then(|row| {
                rows.text(*row, self.say("dimension_label_en", "dimension_label_ja"))
            });
            table.add_row([
                printable(label.unwrap_or(&name)),
                String::new(),
                String::new(),
                number(value, 1),
                value.map_or_else(String::new, |value| self.bar_of(value / 100.0, BAR)),
                String::new(),
                format!("{:.2}", points.sum::<f64>() + 0.0),
            ]);
            for row in members {
                table.add_row(self.measure(rows, row));
            }
        }
        for column in [2, 3, 5, 6] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }

    fn measure(self, rows: &Rows, row: usize) -> [String; 7] {
        let scaled = rows.float(row, "normalised");
        let is_rule = rows.text(row, "kind").is_some_and(|kind| kind != "measure");
        [
            format!("  {}", self.label(rows, row)),
            if is_rule {
                String::new()
            } else {
                self.word("state", rows.text(row, "state").unwrap_or_default())
            },
            short(rows.float(row, "raw_value")),
            if is_rule {
                String::new()
            } else {
                number(scaled, 1)
            },
            scaled.map_or_else(String::new, |value| self.bar_of(value / 100.0, BAR)),
            rows.float(row, "effective_weight")
                .map_or_else(String::new, |share| format!("{:.0} %", share * 100.0)),
            number(rows.float(row, "contribution"), 2),
        ]
    }

    fn changes(self, found: &Explanation) -> String {
        let rows = &found.changes;
        let mut text = String::new();
        let points = |row: usize| rows.float(row, "points").unwrap_or_default();
        for row in largest(rows, |row| points(row).abs())
            .into_iter()
            .take(MOST_ROWS)
        {
            let before = short(rows.float(row, "raw_value_before"));
            let now = short(rows.float(row, "raw_value"));
            let moved = if before == now {
                String::new()
            } else {
                format!(" ({before} -> {now})")
            };
            let _ = writeln!(
                text,
                "  {}  {}: {}{moved}",
                signed(points(row)),
                self.word("cause", rows.text(row, "cause").unwrap_or_default()),
                self.label(rows, row),
            );
        }
        if text.is_empty() {
            return text;
        }
        let since = rows.day_text(0, "compared_with").unwrap_or_default();
        match self.language {
            Language::En => format!("why the score moved since {since}\n{text}"),
            Language::Ja => format!("{since}からの変化の内訳\n{text}"),
        }
    }

    fn disagreements(self, found: &Explanation) -> String {
        let rows = &found.disagreements;
        let mut text = String::new();
        for row in 0..rows.len() {
            let reason = self.sentence(rows, row, "reason_en", "reason_ja");
            let since = rows.day_text(row, "since").unwrap_or_default();
            let _ = match self.language {
                Language::En => writeln!(text, "  {reason} (since {since})"),
                Language::Ja => writeln!(text, "  {reason}（{since}から）"),
            };
        }
        let rows = &found.sensitivity;
        if !rows.is_empty() {
            let listed: Vec<String> = (0..rows.len().min(MOST_ROWS))
                .map(|row| {
                    format!(
                        "{} ({}, {})",
                        self.word("name", rows.text(row, "name").unwrap_or_default()),
                        self.word("direction", rows.text(row, "direction").unwrap_or_default()),
                        self.word("tier", rows.text(row, "tier_moved").unwrap_or_default()),
                    )
                })
                .collect();
            let listed = listed.join(", ");
            let _ = match self.language {
                Language::En => writeln!(text, "  the tier hangs on a tenth of a weight: {listed}"),
                Language::Ja => writeln!(text, "  重みが1割動くと判定が変わる：{listed}"),
            };
        }
        if text.is_empty() {
            return text;
        }
        format!(
            "{}\n{text}",
            self.say("signals that disagree", "食い違うシグナル")
        )
    }

    fn risk(self, found: &Explanation) -> String {
        let row = &found.risk;
        if row.is_empty() {
            let none = self.say(
                "no churn risk: the account brings no recurring revenue",
                "解約リスクなし：経常収益のないアカウント",
            );
            return format!("{none}\n");
        }
        let probability = row.float(0, "churn_probability").unwrap_or_default() * 100.0;
        let tier = self.word("tier", row.text(0, "tier").unwrap_or_default());
        let money = row.money(0, "arr_at_risk").unwrap_or_default();
        let currency = printable(row.text(0, "currency").unwrap_or_default());
        let mut text = match self.language {
            Language::En => format!(
                "churn risk {probability:.1} % ({tier}), {money} {currency} a year at risk\n"
            ),
            Language::Ja => format!(
                "解約リスク {probability:.1}%（{tier}）、危険にさらされた年間収益 {money} {currency}\n"
            ),
        };
        // in percentage points of the probability
        let points =
            |row: usize| found.factors.float(row, "contribution").unwrap_or_default() * 100.0;
        let order = largest(&found.factors, |row| points(row).abs());
        for row in order.into_iter().take(MOST_ROWS) {
            let reason = self.sentence(&found.factors, row, "reason_en", "reason_ja");
            let _ = writeln!(text, "  {}  {reason}", signed(points(row)));
        }
        text
    }

    /// Revenue, renewal and the group.
    fn business(self, found: &Explanation) -> String {
        let row = &found.health;
        let money = row.money(0, "arr").unwrap_or_else(|| "0".to_owned());
        let currency = printable(row.text(0, "currency").unwrap_or_default());
        let renewal = found.risk.day_text(0, "renews_on");
        let days = found.risk.integer(0, "days_to_renewal").unwrap_or_default();
        let renewal = match (self.language, renewal) {
            (Language::En, Some(day)) => format!("{day} (in {days} days)"),
            (Language::Ja, Some(day)) => format!("{day}（{days}日後）"),
            (_, None) => self.say("unknown", "不明").to_owned(),
        };
        let mut text = match self.language {
            Language::En => format!("revenue {money} {currency} a year, renewal {renewal}\n"),
            Language::Ja => format!("年間収益 {money} {currency}、契約更新 {renewal}\n"),
        };
        let group = &found.group;
        if group
            .integer(0, "members")
            .is_some_and(|members| members > 1)
        {
            let members = group.shown(0, "members");
            let mean = number(group.float(0, "score_mean"), 1);
            let red = number(
                group.float(0, "arr_red_share").map(|share| share * 100.0),
                0,
            );
            let worst = printable(group.text(0, "worst_account_id").unwrap_or("-"));
            let lowest = number(group.float(0, "worst_score"), 1);
            let _ = match self.language {
                Language::En => writeln!(
                    text,
                    "group of {members} customers: mean {mean}, {red} % of the revenue in red, \
                     worst important {worst} ({lowest})"
                ),
                Language::Ja => writeln!(
                    text,
                    "グループ{members}社：平均 {mean}、赤の収益比率 {red}%、重要先の最低 {worst}（{lowest}）"
                ),
            };
        }
        text
    }

    fn people(self, found: &Explanation) -> String {
        let rows = &found.people;
        let here: Vec<usize> = (0..rows.len())
            .filter(|row| rows.day(*row, "left_on").is_none())
            .collect();
        let is_active = |row: &usize| rows.shown(*row, "is_active") == "true";
        let active = here.iter().filter(|row| is_active(row)).count();
        let all = here.len();
        let mut text = match self.language {
            Language::En => format!("people: {active} of {all} active\n"),
            Language::Ja => format!("担当者：{all}名中{active}名が活動中\n"),
        };
        let order = largest(rows, |row| {
            rows.float(row, "engagement_points").unwrap_or(0.0)
        });
        for row in order.into_iter().filter(|row| here.contains(row)).take(4) {
            let id = printable(rows.text(row, "contact_id").unwrap_or_default());
            let role = self.word("role", rows.text(row, "buying_role").unwrap_or_default());
            let seen = rows
                .day_text(row, "last_seen_on")
                .unwrap_or_else(|| self.say("never", "なし").to_owned());
            let _ = match self.language {
                Language::En => writeln!(text, "  {id} {role}, last seen {seen}"),
                Language::Ja => writeln!(text, "  {id} {role}、最終確認 {seen}"),
            };
        }
        let reasons = self.say("reasons_en", "reasons_ja");
        for reason in found.relationship.texts(0, reasons) {
            let _ = writeln!(text, "  {}", printable(&reason));
        }
        let step = self.sentence(&found.listed, 0, "next_step_en", "next_step_ja");
        if !step.is_empty() {
            let _ = writeln!(text, "{}: {step}", self.say("next step", "次の一手"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short() {
        assert_eq!(short(Some(7.0)), "7");
        assert_eq!(short(Some(0.256)), "0.26");
        assert_eq!(short(Some(100.0)), "100");
        assert_eq!(short(None), "-");
        assert_eq!(signed(-0.5), "-0.50");
    }
}

//! Judges rows: used, from after the as-of date, or quarantined by which rule.
//!
//! The judgement is made of expressions over the table of a source's files, and
//! leaves out whatever the files' statistics already prove. What is later than
//! the as-of date is cut or hidden first, so that a row planted after the day
//! can neither be used nor be counted as wrong.

use std::ops::RangeInclusive;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, cast, concat, ident, lit, try_cast, when};

use super::freeze::SNAPSHOT;
use super::layout::Layout;
use super::proof::{Known, SHORTEST_TEXT, Span};
use super::staging::{REASON_COLUMN, RULE_COLUMN};
use crate::config::contract::{Column, ColumnType, Contract, HiddenAfter};
use crate::error::{Error, Result};
use crate::time::{AsOf, DAY_MICROSECONDS, EpochDays, Microseconds, date_of};

/// 1900-01-01: an earlier date is a default or a slip.
const FIRST_DAY: EpochDays = -25_567;
/// 2200-12-31: a later date is a default or a slip.
const LAST_DAY: EpochDays = 84_370;

/// A rule that a row may break; the first one, in this order, counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// The line cannot be taken apart (text only).
    Unreadable,
    /// A text is no value of its column's type (text only).
    Unconvertible,
    /// A key column is empty.
    NullKey,
    /// The date that says from when on the row is known is empty.
    NullDate,
    /// NaN or infinity.
    NotFinite,
    /// A date outside 1900 to 2200.
    DateOutOfRange,
    /// A number that the contract's type cannot hold.
    NumberOutOfRange,
}

impl Rule {
    pub(super) const ALL: [Self; 7] = [
        Self::Unreadable,
        Self::Unconvertible,
        Self::NullKey,
        Self::NullDate,
        Self::NotFinite,
        Self::DateOutOfRange,
        Self::NumberOutOfRange,
    ];

    /// The rule in tables and file names.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable_row",
            Self::Unconvertible => "unconvertible_value",
            Self::NullKey => "null_key",
            Self::NullDate => "null_date",
            Self::NotFinite => "not_finite",
            Self::DateOutOfRange => "date_out_of_range",
            Self::NumberOutOfRange => "number_out_of_range",
        }
    }

    /// Whether rows of such files can break the rule at all.
    pub(super) fn can_apply(self, contract: &Contract, is_text: bool) -> bool {
        let has = |kinds: &[ColumnType]| {
            contract
                .columns
                .iter()
                .any(|column| kinds.contains(&column.kind))
        };
        match self {
            Self::Unreadable | Self::Unconvertible => is_text,
            Self::NullKey => true,
            Self::NullDate => required_date(contract).is_some(),
            Self::NotFinite => has(&[ColumnType::Float]),
            Self::DateOutOfRange => has(&[ColumnType::Date, ColumnType::Timestamp]),
            Self::NumberOutOfRange => has(&[ColumnType::Integer, ColumnType::Decimal]),
        }
    }

    /// What the rule says, for people.
    pub(super) fn sentence(self, contract: &Contract) -> String {
        match self {
            Self::Unreadable => "rows that cannot be read are quarantined".to_owned(),
            Self::Unconvertible => {
                "rows with a text that is no value of its column's type are quarantined".to_owned()
            }
            Self::NullKey => {
                format!("rows without {} are quarantined", contract.key.join(" or "))
            }
            Self::NullDate => format!(
                "rows without {} are quarantined: from when on they are known is not known",
                required_date(contract).unwrap_or_default()
            ),
            Self::NotFinite => "rows with NaN or infinity are quarantined".to_owned(),
            Self::DateOutOfRange => {
                "rows with a date before 1900 or after 2200 are quarantined".to_owned()
            }
            Self::NumberOutOfRange => {
                "rows with a number too large for its column are quarantined".to_owned()
            }
        }
    }
}

/// The column whose null says nothing about when the row is known, though it
/// must: `visible_from`, where it is required and not a key.
fn required_date(contract: &Contract) -> Option<&str> {
    let name = contract.visible_from.as_deref()?;
    let is_required = contract.column(name).is_some_and(|column| column.required);
    (is_required && !contract.key.iter().any(|key| key == name)).then_some(name)
}

/// The fate of a row that is used.
pub(super) const USED: &str = "used";
/// The fate of a row from after the as-of date.
pub(super) const LATER: &str = "after_as_of";

/// Something that may be wrong with a row.
#[derive(Clone, Debug)]
struct Check {
    /// As text: staged rows carry their rule with them.
    rule: Expr,
    rules: Vec<Rule>,
    is_broken: Expr,
    reason: Expr,
}

/// The judgement of one source's rows.
#[derive(Debug)]
pub(super) struct Judgement<'a> {
    contract: &'a Contract,
    layout: &'a Layout,
    as_of: &'a AsOf,
    checks: Vec<Check>,
    cuts: Vec<&'a Column>,
}

impl<'a> Judgement<'a> {
    /// What has to be looked at; `has_defects` when staged rows carry rules.
    ///
    /// # Errors
    /// A bug if an expression cannot be built.
    pub(super) fn new(
        contract: &'a Contract,
        layout: &'a Layout,
        as_of: &'a AsOf,
        has_defects: bool,
    ) -> Result<Self> {
        let mut judgement = Self {
            contract,
            layout,
            as_of,
            checks: Vec::new(),
            cuts: Vec::new(),
        };
        judgement.cuts = judgement.late_columns();
        if has_defects {
            // Texts are read as views; all outcomes of a judgement are plain text.
            judgement.checks.push(Check {
                rule: cast(ident(RULE_COLUMN), DataType::Utf8),
                rules: vec![
                    Rule::Unreadable,
                    Rule::Unconvertible,
                    Rule::NumberOutOfRange,
                ],
                is_broken: ident(RULE_COLUMN).is_not_null(),
                reason: cast(ident(REASON_COLUMN), DataType::Utf8),
            });
        }
        judgement.null_checks();
        for column in &contract.columns {
            judgement.value_checks(column)?;
        }
        Ok(judgement)
    }

    /// Whether the statistics prove that every row is used.
    pub(super) fn is_proven(&self) -> bool {
        self.checks.is_empty() && self.cuts.is_empty()
    }

    /// Whether the statistics prove that all rows and values were known at the
    /// end of the as-of date, so that a later date would see the same.
    pub(super) fn is_settled(&self) -> bool {
        let mut columns = self.contract.columns.iter();
        self.cuts.is_empty() && columns.all(|column| self.hiding(column).is_none())
    }

    /// The fate of a row, as text.
    ///
    /// # Errors
    /// A bug if the expression cannot be built.
    pub(super) fn fate(&self) -> Result<Expr> {
        self.first_match(&lit(LATER), &lit(USED), |check| check.rule.clone())
    }

    /// Why a row is quarantined, as text; null for other rows.
    ///
    /// # Errors
    /// A bug if the expression cannot be built.
    pub(super) fn reason(&self) -> Result<Expr> {
        let none = lit(ScalarValue::Utf8(None));
        self.first_match(&none, &none, |check| check.reason.clone())
    }

    fn first_match(
        &self,
        later: &Expr,
        otherwise: &Expr,
        of: impl Fn(&Check) -> Expr,
    ) -> Result<Expr> {
        let late = self.cuts.iter().map(|column| self.is_late(column));
        let late = late.map(|condition| (condition, later.clone()));
        let broken = self
            .checks
            .iter()
            .map(|check| (check.is_broken.clone(), of(check)));
        let mut branches = late.chain(broken);
        let Some((condition, outcome)) = branches.next() else {
            return Ok(otherwise.clone());
        };
        let mut builder = when(condition, outcome);
        for (condition, outcome) in branches {
            builder = builder.when(condition, outcome);
        }
        builder.otherwise(otherwise.clone()).map_err(unbuildable)
    }

    /// The rows that are used, given which fates occur; nothing when all are.
    pub(super) fn filter(&self, occurs: impl Fn(&str) -> bool) -> Option<Expr> {
        let mut kept = Vec::new();
        if occurs(LATER) {
            for column in &self.cuts {
                let known = self.known(&column.name);
                let is_in_time = self.has_come(column);
                kept.push(if known.has_no_nulls {
                    is_in_time
                } else {
                    self.read(column).is_null().or(is_in_time)
                });
            }
        }
        for check in &self.checks {
            if check.rules.iter().any(|rule| occurs(rule.code())) {
                kept.push(check.is_broken.clone().is_not_true());
            }
        }
        kept.into_iter().reduce(Expr::and)
    }

    /// The column as SQL sees it: converted, and null while it is not known.
    ///
    /// # Errors
    /// A bug if the expression cannot be built.
    pub(super) fn value(&self, column: &Column) -> Result<Expr> {
        let read = self.read(column);
        match self.hiding(column) {
            Some(dated) => when(self.has_come(dated), read).end().map_err(unbuildable),
            None => Ok(read),
        }
    }

    /// The column whose day must have come for `column` to be known, unless it
    /// is proven that it has come in every row.
    fn hiding(&self, column: &'a Column) -> Option<&'a Column> {
        let dated = match column.hidden_after.as_ref()? {
            HiddenAfter::Own => column,
            HiddenAfter::Column(name) => self.contract.column(name)?,
        };
        let known = self.known(&dated.name);
        let is_own = dated.name == column.name;
        let is_proven = known.is_at_most(&self.limit(dated)) && (is_own || known.has_no_nulls);
        let is_absent = !self.is_present(column);
        (!is_proven && !is_absent).then_some(dated)
    }

    fn is_present(&self, column: &Column) -> bool {
        self.layout.columns.contains_key(&column.name)
            || self.layout.partitions.contains_key(&column.name)
    }

    /// The column in the contract's type, before anything is hidden.
    fn read(&self, column: &Column) -> Expr {
        if !self.is_present(column) {
            let null = ScalarValue::try_from(&column.kind.arrow_type());
            return lit(null.unwrap_or(ScalarValue::Null));
        }
        let reading = self.layout.columns.get(&column.name);
        match reading {
            Some(reading) if reading.is_checked => {
                try_cast(ident(&column.name), column.kind.arrow_type())
            }
            _ => ident(&column.name),
        }
    }

    fn known(&self, name: &str) -> Known {
        let column = self.layout.columns.get(name).map(|reading| &reading.known);
        let known = column.or_else(|| self.layout.partitions.get(name));
        known.cloned().unwrap_or_else(Known::nulls)
    }

    /// The last day or instant that belongs to the as-of date.
    fn limit(&self, column: &Column) -> ScalarValue {
        match column.kind {
            ColumnType::Date => ScalarValue::Date32(Some(self.as_of.epoch_days())),
            _ => instant(self.as_of.ends_at() - 1),
        }
    }

    fn has_come(&self, column: &Column) -> Expr {
        self.read(column).lt_eq(lit(self.limit(column)))
    }

    /// Whether a row's day, that of the date or timestamp column `name`, is one
    /// of `days`.
    ///
    /// # Errors
    /// A bug if there is no such column or day.
    pub(super) fn is_of_days(&self, name: &str, days: &RangeInclusive<EpochDays>) -> Result<Expr> {
        let column = self.contract.column(name);
        let column = column.ok_or_else(|| Error::bug(format!("there is no column `{name}`")))?;
        let read = self.read(column);
        if column.kind == ColumnType::Date {
            let [first, last] = [*days.start(), *days.end()];
            let [first, last] = [first, last].map(|day| lit(ScalarValue::Date32(Some(day))));
            return Ok(read.between(first, last));
        }
        let start_of = |day: EpochDays| self.as_of.zone().day_start(date_of(day)?);
        let from = instant(start_of(*days.start())?);
        let end = instant(start_of(*days.end() + 1)?);
        Ok(read.clone().gt_eq(lit(from)).and(read.lt(lit(end))))
    }

    fn is_late(&self, column: &Column) -> Expr {
        self.read(column).gt(lit(self.limit(column)))
    }

    /// Columns by which a row may be later than the as-of date.
    fn late_columns(&self) -> Vec<&'a Column> {
        let names = [self.contract.visible_from.as_deref(), Some(SNAPSHOT)];
        let columns = names
            .into_iter()
            .flatten()
            .filter_map(|name| self.contract.column(name));
        columns
            .filter(|column| matches!(column.kind, ColumnType::Date | ColumnType::Timestamp))
            .filter(|column| !self.known(&column.name).is_at_most(&self.limit(column)))
            .collect()
    }

    fn null_checks(&mut self) {
        let contract = self.contract;
        for name in &contract.key {
            if let Some(column) = contract.column(name) {
                self.null_check(column, Rule::NullKey);
            }
        }
        if let Some(column) = required_date(contract).and_then(|name| contract.column(name)) {
            self.null_check(column, Rule::NullDate);
        }
    }

    fn null_check(&mut self, column: &Column, rule: Rule) {
        let known = self.known(&column.name);
        let read = self.read(column);
        let mut broken = Vec::new();
        if !known.has_no_nulls {
            broken.push(read.clone().is_null());
        }
        let shortest = ScalarValue::from(SHORTEST_TEXT);
        if column.kind == ColumnType::Text && !known.is_at_least(&shortest) {
            broken.push(read.eq(lit("")));
        }
        if let Some(is_broken) = broken.into_iter().reduce(Expr::or) {
            let reason = lit(format!("{} is empty", column.name));
            self.check(rule, is_broken, reason);
        }
    }

    fn check(&mut self, rule: Rule, is_broken: Expr, reason: Expr) {
        self.checks.push(Check {
            rule: lit(rule.code()),
            rules: vec![rule],
            is_broken,
            reason,
        });
    }

    fn value_checks(&mut self, column: &'a Column) -> Result<()> {
        if !self.is_present(column) {
            return Ok(());
        }
        let known = self.known(&column.name);
        let value = self.value(column)?;
        match column.kind {
            ColumnType::Float if known.span != Span::Empty => {
                // NaN sorts above every number.
                let is_broken = value
                    .clone()
                    .gt(lit(f64::MAX))
                    .or(value.clone().lt(lit(f64::MIN)));
                let reason = reason_for(column, &value, "is not a finite number");
                self.check(Rule::NotFinite, is_broken, reason);
            }
            ColumnType::Date => {
                let (low, high) = (FIRST_DAY, LAST_DAY);
                let bounds = [low, high].map(|day| ScalarValue::Date32(Some(day)));
                self.range_check(column, &known, &value, bounds);
            }
            ColumnType::Timestamp => {
                let first = Microseconds::from(FIRST_DAY) * DAY_MICROSECONDS;
                let last = (Microseconds::from(LAST_DAY) + 1) * DAY_MICROSECONDS - 1;
                let bounds = [first, last].map(instant);
                self.range_check(column, &known, &value, bounds);
            }
            _ => {}
        }
        self.overflow_check(column);
        Ok(())
    }

    fn range_check(
        &mut self,
        column: &'a Column,
        known: &Known,
        value: &Expr,
        [low, high]: [ScalarValue; 2],
    ) {
        let is_own = column.hidden_after == Some(HiddenAfter::Own);
        let mut broken = Vec::new();
        if !known.is_at_least(&low) {
            broken.push(value.clone().lt(lit(low)));
        }
        // A value that hides itself is never later than the as-of date.
        if !is_own && !known.is_at_most(&high) {
            broken.push(value.clone().gt(lit(high)));
        }
        if let Some(is_broken) = broken.into_iter().reduce(Expr::or) {
            let reason = reason_for(column, value, "is before 1900 or after 2200");
            self.check(Rule::DateOutOfRange, is_broken, reason);
        }
    }

    /// A value that the contract's type cannot hold reads null by `try_cast`.
    fn overflow_check(&mut self, column: &'a Column) {
        let reading = self.layout.columns.get(&column.name);
        if !reading.is_some_and(|reading| reading.is_checked) {
            return;
        }
        let written = ident(&column.name);
        let mut is_broken = written
            .clone()
            .is_not_null()
            .and(self.read(column).is_null());
        let hiding = self
            .hiding(column)
            .filter(|dated| dated.name != column.name);
        if let Some(dated) = hiding {
            is_broken = self.has_come(dated).and(is_broken);
        }
        let rule = match column.kind {
            ColumnType::Date | ColumnType::Timestamp => Rule::DateOutOfRange,
            _ => Rule::NumberOutOfRange,
        };
        let reason = reason_for(column, &written, "is out of range");
        self.check(rule, is_broken, reason);
    }
}

fn reason_for(column: &Column, value: &Expr, why: &str) -> Expr {
    if column.personal {
        return lit(format!("{}: the value {why}", column.name));
    }
    concat(vec![
        lit(format!("{}: `", column.name)),
        cast(value.clone(), DataType::Utf8),
        lit(format!("` {why}")),
    ])
}

fn instant(microseconds: Microseconds) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(microseconds), Some("UTC".into()))
}

fn unbuildable(cause: datafusion::error::DataFusionError) -> Error {
    Error::bug("cannot judge the rows of a source").with_source(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{epoch_days, parse_date};

    #[test]
    fn the_range_of_dates_is_what_it_says() {
        let day = |text| epoch_days(parse_date(text).unwrap());
        assert_eq!(FIRST_DAY, day("1900-01-01"));
        assert_eq!(LAST_DAY, day("2200-12-31"));
    }
}

//! Which days the rows of an extract belong to, as its files' statistics tell.
//!
//! A row's day is that of the column that says from when on the row is known.
//! An extract is dated when every row has such a day and looks the same on all
//! days after it; then one day of it depends on a few files only. Rows are not
//! read here, and extracts in text formats, which have no statistics, are not
//! dated.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use datafusion::common::ScalarValue;

use super::facts::Facts;
use super::freeze::{self, Frozen, SNAPSHOT};
use super::proof::Span;
use crate::config::contract::Contract;
use crate::config::{Pipeline, SourceSpec};
use crate::storage::Digest;
use crate::time::{AsOf, EpochDays, Zone};

/// More days than this are no history but a wrong date somewhere.
const DAYS_MAX: i64 = 4000;

/// Rows of one row group, which all lie between two days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    first: EpochDays,
    last: EpochDays,
    rows: u64,
}

/// The days of one extract up to the as-of day.
#[derive(Clone, Debug)]
pub struct SourceDays {
    /// Files that may hold rows of a day, by day; positions in the frozen list.
    files: BTreeMap<EpochDays, BTreeSet<usize>>,
    /// Fingerprint of every file.
    prints: Vec<String>,
    stretches: Vec<Stretch>,
}

/// The column whose day is the row's day, if every row has one that never
/// changes what the row looks like.
pub(super) fn column(contract: &Contract) -> Option<&str> {
    let name = contract.visible_from.as_deref()?;
    let is_required = contract.column(name)?.required;
    let mut columns = contract.columns.iter();
    let is_fixed = columns.all(|column| column.hidden_after.is_none() && column.name != SNAPSHOT);
    (is_required && is_fixed).then_some(name)
}

/// The days of a file's row groups, or that of its folder; `None` when they are
/// not known.
pub(super) fn stretches(
    facts: &Facts,
    given: &BTreeMap<String, ScalarValue>,
    spec: &SourceSpec,
    zone: &Zone,
) -> Option<Vec<Stretch>> {
    let name = column(&spec.contract)?;
    // A row's own value counts more than the name of the folder it lies in.
    if let Some(value) = given.get(name)
        && facts.schema.field_with_name(name).is_err()
    {
        let day = day_of(value, zone)?;
        return Some(vec![Stretch {
            first: day,
            last: day,
            rows: facts.rows(),
        }]);
    }
    let mut stretches = Vec::new();
    for (known, rows) in facts.of_row_groups(name)? {
        match &known.span {
            // A row without a date is quarantined: it belongs to no day.
            Span::Empty => {}
            Span::Unknown => return None,
            Span::Between(first, last) => stretches.push(Stretch {
                first: day_of(first, zone)?,
                last: day_of(last, zone)?,
                rows,
            }),
        }
    }
    Some(stretches)
}

fn day_of(value: &ScalarValue, zone: &Zone) -> Option<EpochDays> {
    match value {
        ScalarValue::Date32(Some(day)) => Some(*day),
        ScalarValue::TimestampMicrosecond(Some(instant), _) => zone.day_of(*instant),
        _ => None,
    }
}

/// The days of extract `table`; `None` when it is not dated.
pub(super) fn of_source(
    frozen: &Frozen,
    pipeline: &Pipeline,
    as_of: &AsOf,
    table: &str,
) -> Option<SourceDays> {
    let source = frozen.sources.get(table)?;
    column(&pipeline.sources.get(table)?.contract)?;
    let mut days = SourceDays {
        files: BTreeMap::new(),
        prints: Vec::new(),
        stretches: Vec::new(),
    };
    for (position, file) in source.files.iter().enumerate() {
        days.prints
            .push(freeze::fingerprint(std::slice::from_ref(file)));
        for stretch in file.stretches.as_ref()? {
            let last = stretch.last.min(as_of.epoch_days());
            if i64::from(last) - i64::from(stretch.first) > DAYS_MAX {
                return None;
            }
            for day in stretch.first..=last {
                days.files.entry(day).or_default().insert(position);
            }
            if stretch.first <= last {
                days.stretches.push(Stretch { last, ..*stretch });
            }
        }
    }
    let is_history = i64::try_from(days.files.len()).is_ok_and(|count| count <= DAYS_MAX);
    (is_history && !days.files.is_empty()).then_some(days)
}

impl SourceDays {
    /// Days that may have rows, in order.
    pub fn days(&self) -> impl Iterator<Item = EpochDays> + '_ {
        self.files.keys().copied()
    }

    /// Fingerprint of everything that may hold rows of `day`.
    pub fn fingerprint(&self, day: EpochDays) -> String {
        let files = self.files.get(&day).into_iter().flatten();
        let prints: Vec<&str> = files.map(|file| self.prints[*file].as_str()).collect();
        Digest::of(prints.join("\n").as_bytes()).sha256
    }

    /// At most how many rows must be read for `days`.
    pub fn rows(&self, days: &RangeInclusive<EpochDays>) -> u64 {
        let read = self
            .stretches
            .iter()
            .filter(|stretch| stretch.first <= *days.end() && stretch.last >= *days.start());
        read.map(|stretch| stretch.rows).sum()
    }

    /// Rows that would be read twice if days were computed apart after `day`.
    pub fn rows_across(&self, day: EpochDays) -> u64 {
        let across = self.stretches.iter();
        let across = across.filter(|stretch| stretch.first <= day && stretch.last > day);
        across.map(|stretch| stretch.rows).sum()
    }

    /// The files that may hold rows of `days`; positions in the frozen list.
    pub(super) fn files(&self, days: &RangeInclusive<EpochDays>) -> BTreeSet<usize> {
        let range = self.files.range(days.clone());
        range.flat_map(|(_, files)| files.iter().copied()).collect()
    }
}

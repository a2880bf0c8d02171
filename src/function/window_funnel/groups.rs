//! The accumulator of all groups at once: rows in, partial states out and in,
//! results out.
//!
//! A partial state is the group's terms and its records as bytes, so that states
//! from any number of nodes merge in any order: order is made when a group is
//! complete. Then its touches are decoded and sorted if they are not in order
//! already, which is most of the cost where they are not.
//!
//! Where rows are known to come group after group, each in the order of time,
//! what is over is settled on the way ([`settled`](super::settled)), so that of a
//! group only the touches of its open windows are held.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeBinaryBuilder, StringBuilder,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::super::argument::{Texts, refuse};
use super::super::funnel::{self, Modes, ROLES_MAX, STEPS_MAX, Scratch, Terms, Touch};
use super::log::{Log, Record};
use super::results::Results;
use super::settled::{Sequence, Settled};
use crate::error::closest;
use crate::time::Calendar;

/// Terms as read, with the text they were read from.
#[derive(Debug)]
struct Agreed {
    text: String,
    window: i64,
    terms: Terms,
    /// The calendar with the days on which these terms say that nobody works.
    calendar: Arc<Calendar>,
}

/// The touches of every group.
#[derive(Debug)]
pub(super) struct Groups {
    calendar: Arc<Calendar>,
    /// Number in `known` of each group's terms.
    terms: Vec<Option<u32>>,
    known: Vec<Agreed>,
    log: Log,
    /// How rows follow each other, where they are in order.
    sequence: Option<Sequence>,
    /// What is known of groups of which not all touches are held.
    settled: BTreeMap<usize, Settled>,
}

/// The columns of rows: mode, window, instant, id, mask, and, where they are
/// given, person and role.
struct Rows<'a> {
    modes: Texts<'a>,
    windows: &'a Int64Array,
    times: &'a TimestampMicrosecondArray,
    ids: Texts<'a>,
    masks: &'a Int64Array,
    people: Option<Texts<'a>>,
    roles: Option<&'a Int64Array>,
}

impl<'a> Rows<'a> {
    fn of(values: &'a [ArrayRef]) -> Result<Self> {
        Ok(Self {
            modes: Texts::of(&values[0])?,
            windows: values[1].as_primitive::<Int64Type>(),
            times: values[2].as_primitive::<TimestampMicrosecondType>(),
            ids: Texts::of(&values[3])?,
            masks: values[4].as_primitive::<Int64Type>(),
            people: values.get(5).map(Texts::of).transpose()?,
            roles: values.get(6).map(AsArray::as_primitive::<Int64Type>),
        })
    }

    fn record(&self, row: usize) -> Result<Record<'a>> {
        let mask = integer(self.masks, row).unwrap_or(0);
        let mask = u64::try_from(mask)
            .ok()
            .filter(|mask| mask >> STEPS_MAX == 0)
            .ok_or_else(|| {
                refuse(format!(
                    "`window_funnel` cannot take the step mask {mask}: bits 0 to {} are steps",
                    STEPS_MAX - 1
                ))
            })?;
        let role = self
            .roles
            .and_then(|roles| integer(roles, row))
            .unwrap_or(0);
        if !(0..=ROLES_MAX).contains(&role) {
            return Err(refuse(format!(
                "`window_funnel` cannot take the role {role}: roles are 1 to {ROLES_MAX}"
            )));
        }
        let person = self.people.and_then(|people| people.get(row));
        Ok(Record {
            occurred_at: self.times.value(row),
            mask,
            role: u8::try_from(role).unwrap_or(0),
            id: self.ids.get(row).unwrap_or_default().as_bytes(),
            person: person.unwrap_or_default().as_bytes(),
        })
    }
}

fn integer(column: &Int64Array, row: usize) -> Option<i64> {
    column.is_valid(row).then(|| column.value(row))
}

impl Groups {
    /// No groups. With a `sequence`, rows must come group after group, and each
    /// group's in the order of time.
    pub(super) fn new(calendar: &Arc<Calendar>, sequence: Option<Sequence>) -> Self {
        Self {
            calendar: Arc::clone(calendar),
            terms: Vec::new(),
            known: Vec::new(),
            log: Log::default(),
            sequence,
            settled: BTreeMap::new(),
        }
    }

    /// The number of these terms, which are read when they are new.
    fn number_of(&mut self, text: Option<&str>, window: Option<i64>) -> Result<u32> {
        let (Some(text), Some(window)) = (text, window) else {
            return Err(refuse(
                "`window_funnel` needs a mode and a window on every row".into(),
            ));
        };
        let is_it = |agreed: &Agreed| agreed.window == window && agreed.text == text;
        let number = self.known.iter().position(is_it);
        let number = if let Some(number) = number {
            number
        } else {
            let terms = read_terms(text, window)?;
            let calendar = match terms.closed() {
                [] => Arc::clone(&self.calendar),
                closed => Arc::new(self.calendar.without(closed)),
            };
            self.known.push(Agreed {
                text: text.to_owned(),
                window,
                terms,
                calendar,
            });
            self.known.len() - 1
        };
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn agree(&mut self, group: usize, number: u32) -> Result<()> {
        match &mut self.terms[group] {
            Some(agreed) if *agreed == number => Ok(()),
            Some(_) => Err(refuse(
                "`window_funnel` needs one mode and one window per group: group by both".into(),
            )),
            vacant => {
                *vacant = Some(number);
                Ok(())
            }
        }
    }

    fn agreed(&self, group: usize) -> Option<&Agreed> {
        self.known.get(self.terms[group]? as usize)
    }

    fn count(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.terms.len(),
            EmitTo::First(count) => count,
        }
    }

    /// Takes in one touch of `group`, whose terms have this number.
    fn take(&mut self, group: usize, number: u32, record: &Record) -> Result<()> {
        let terms = &self.known[number as usize].terms;
        if !funnel::matters(record.touch(0), terms) {
            return Ok(());
        }
        let Some(sequence) = &mut self.sequence else {
            return self.log.add(group, record);
        };
        sequence.follow(group, record.occurred_at)?;
        if self.settled.get(&group).is_some_and(Settled::is_final) {
            return Ok(());
        }
        self.log.add(group, record)?;
        if !sequence.is_due(self.log.newest_bytes(group)) {
            return Ok(());
        }
        self.settle(group, number)?;
        if let Some(sequence) = &mut self.sequence {
            sequence.settled(self.log.newest_bytes(group));
        }
        Ok(())
    }

    /// Settles what the touches of `group`, the newest, have decided so far.
    fn settle(&mut self, group: usize, number: u32) -> Result<()> {
        let Agreed {
            terms, calendar, ..
        } = &self.known[number as usize];
        let mut ordered = Ordered::default();
        ordered.read(self.log.newest(group), terms)?;
        let settled = self.settled.entry(group).or_default();
        let Some(needed) = settled.advance(&mut ordered, terms, calendar) else {
            return Ok(());
        };
        self.log.replace_newest(group, &needed)
    }

    /// Forgets the first `count` groups; the others move down.
    fn forget(&mut self, count: usize) -> Result<()> {
        let left = self.settled.split_off(&count).into_iter();
        self.settled = left.map(|(group, known)| (group - count, known)).collect();
        if let Some(sequence) = &mut self.sequence {
            sequence.forget(count);
        }
        self.terms.drain(..count);
        if self.terms.is_empty() {
            self.log = Log::default();
            return Ok(());
        }
        self.log.forget(count)
    }
}

fn read_terms(text: &str, window: i64) -> Result<Terms> {
    if window < 0 {
        return Err(refuse(format!(
            "`window_funnel` cannot have a window of {window} µs"
        )));
    }
    Terms::parse(text, window).map_err(|wrong| {
        let mode = text.split(';').next().unwrap_or_default().trim();
        let hint = match closest(mode, Modes::NAMES) {
            _ if Modes::parse(mode).is_some() => String::new(),
            Some(near) => format!(": did you mean `{near}`?"),
            None => format!(": modes are {}", Modes::NAMES.join(", ")),
        };
        refuse(format!("`window_funnel` has {wrong}{hint}"))
    })
}

/// The touches of one group in their order, and the records they were made of.
#[derive(Default)]
pub(super) struct Ordered<'a> {
    pub(super) records: Vec<Record<'a>>,
    pub(super) touches: Vec<Touch>,
}

impl<'a> Ordered<'a> {
    fn read(&mut self, mut written: &'a [u8], terms: &Terms) -> Result<()> {
        self.records.clear();
        while !written.is_empty() {
            let record = Record::read(&mut written).ok_or_else(|| {
                DataFusionError::Internal("a state of window_funnel is damaged".into())
            })?;
            self.records.push(record);
        }
        if !self
            .records
            .is_sorted_by(|one, other| one.compare(other).is_le())
        {
            // A merge sort: stretches of a group are mostly in order themselves.
            self.records.sort_by(Record::compare);
        }
        self.touches.clear();
        if !terms.asks_for_people() {
            let touches = self.records.iter().map(|record| record.touch(0));
            self.touches.extend(touches);
            return Ok(());
        }
        let mut numbers = HashMap::from([([].as_slice(), 0)]);
        for record in &self.records {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(record.person).or_insert(next);
            self.touches.push(record.touch(number));
        }
        Ok(())
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.terms.resize(total_num_groups, None);
        let rows = Rows::of(values)?;
        for (row, group) in group_indices.iter().enumerate() {
            let is_wanted =
                opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if !is_wanted || rows.times.is_null(row) {
                continue;
            }
            let number = self.number_of(rows.modes.get(row), integer(rows.windows, row))?;
            self.agree(*group, number)?;
            self.take(*group, number, &rows.record(row)?)?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let count = self.count(emit_to);
        let mut results = Results::with_capacity(count);
        let mut scratch = Scratch::default();
        let mut ordered = Ordered::default();
        let together = self.log.together(count);
        for (group, written) in together.groups().enumerate() {
            let Some(agreed) = self.agreed(group) else {
                // A group without terms has seen no row.
                results.end_group(&funnel::Outcome::default(), &[])?;
                continue;
            };
            ordered.read(written, &agreed.terms)?;
            let settled = self.settled.get(&group);
            let outcome = funnel::evaluate(
                &mut ordered.touches,
                settled.map_or(0, Settled::seen),
                &agreed.terms,
                &agreed.calendar,
                &mut scratch,
            );
            match settled.and_then(|settled| settled.at_least(outcome.steps_reached)) {
                Some(best) => results.end_group(best.outcome, &best.records()?)?,
                None => results.end_group(&outcome, &ordered.records)?,
            }
        }
        drop(ordered);
        drop(together);
        self.forget(count)?;
        results.finish()
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        if !self.settled.is_empty() {
            return Err(DataFusionError::Internal(
                "window_funnel: what is settled is no partial state".into(),
            ));
        }
        let count = self.count(emit_to);
        let mut terms = StringBuilder::new();
        let mut windows = Vec::with_capacity(count);
        let mut records = LargeBinaryBuilder::with_capacity(count, self.log.bytes());
        let together = self.log.together(count);
        for (group, written) in together.groups().enumerate() {
            let agreed = self.agreed(group);
            terms.append_option(agreed.map(|agreed| &agreed.text));
            windows.push(agreed.map(|agreed| agreed.window));
            records.append_value(written);
        }
        drop(together);
        self.forget(count)?;
        Ok(vec![
            Arc::new(terms.finish()),
            Arc::new(Int64Array::from(windows)),
            Arc::new(records.finish()),
        ])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.terms.resize(total_num_groups, None);
        let texts = Texts::of(&values[0])?;
        let windows = values[1].as_primitive::<Int64Type>();
        let records = values[2].as_binary::<i64>();
        for (row, group) in group_indices.iter().enumerate() {
            // A group that has seen no row has no terms, and no touches.
            if let Some(text) = texts.get(row) {
                let number = self.number_of(Some(text), Some(windows.value(row)))?;
                self.agree(*group, number)?;
                self.log.add_written(*group, records.value(row))?;
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut rows = Self::new(&self.calendar, None);
        let count = values[0].len();
        let each: Vec<usize> = (0..count).collect();
        rows.update_batch(values, &each, opt_filter, count)?;
        rows.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let settled = self.settled.values().map(Settled::size);
        size_of::<Self>()
            + self.terms.capacity() * size_of::<Option<u32>>()
            + self.log.size()
            + settled.sum::<usize>()
    }
}

/// The aggregate without `group by`: one group.
#[derive(Debug)]
pub(super) struct OneGroup(pub(super) Groups);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; values[0].len()];
        self.0.update_batch(values, &groups, None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.terms.resize(1, None);
        ScalarValue::try_from_array(&self.0.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.terms.resize(1, None);
        self.0
            .state(EmitTo::All)?
            .iter()
            .map(|column| ScalarValue::try_from_array(column, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; states[0].len()];
        self.0.merge_batch(states, &groups, 1)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! What is known of one group while its touches still come in, in the order of
//! time: the best attempt that is over, as far as it can still count.
//!
//! What may be dropped is [`funnel::settle`]; here it is remembered, and decided
//! when it is worth asking.

use datafusion::common::{DataFusionError, Result};

use super::super::funnel::{self, Outcome, Scratch, Terms};
use super::groups::Ordered;
use super::log::Record;
use crate::time::{Calendar, Microseconds};

/// Bytes of touches of one group that are held without a question.
pub(super) const UNASKED_BYTES: usize = 1 << 20;

/// How rows follow each other: group after group, each in the order of time.
#[derive(Debug)]
pub(super) struct Sequence {
    group: usize,
    newest: Microseconds,
    unasked: usize,
    /// Bytes at which it is asked again what is settled.
    due: usize,
}

impl Sequence {
    /// A beginning; up to `unasked` bytes of a group are not worth asking about.
    pub(super) fn new(unasked: usize) -> Self {
        Self {
            group: 0,
            newest: Microseconds::MIN,
            unasked,
            due: unasked,
        }
    }

    /// Goes on to a touch.
    ///
    /// # Errors
    /// When the rows are not in this order after all.
    pub(super) fn follow(&mut self, group: usize, occurred_at: Microseconds) -> Result<()> {
        if group > self.group {
            *self = Self {
                group,
                ..Self::new(self.unasked)
            };
        }
        if group < self.group || occurred_at < self.newest {
            return Err(DataFusionError::Internal(
                "window_funnel was promised rows in order, and they are not".into(),
            ));
        }
        self.newest = occurred_at;
        Ok(())
    }

    /// Whether a group with so many bytes is worth asking about.
    pub(super) fn is_due(&self, bytes: usize) -> bool {
        bytes >= self.due
    }

    /// So many bytes had to stay: what is asked costs as much as what came since.
    pub(super) fn settled(&mut self, bytes: usize) {
        self.due = self.unasked.max(bytes.saturating_mul(2));
    }

    /// The first `count` groups are gone, the others move down.
    pub(super) fn forget(&mut self, count: usize) {
        match self.group.checked_sub(count) {
            Some(group) => self.group = group,
            None => *self = Self::new(self.unasked),
        }
    }
}

/// What is known of a group beside the touches that are held.
#[derive(Debug, Default)]
pub(super) struct Settled {
    best: Outcome,
    /// The records that `best` names, in the order of time.
    records: Vec<u8>,
    /// Steps that touches no longer held satisfied.
    seen: u64,
    is_final: bool,
}

/// An attempt that is over, and what it is made of.
pub(super) struct Best<'a> {
    pub(super) outcome: &'a Outcome,
    records: &'a [u8],
}

impl Best<'_> {
    pub(super) fn records(&self) -> Result<Vec<Record<'_>>> {
        let mut left = self.records;
        let mut records = Vec::new();
        while !left.is_empty() {
            records.push(Record::read(&mut left).ok_or_else(|| {
                DataFusionError::Internal("a settled attempt of window_funnel is damaged".into())
            })?);
        }
        Ok(records)
    }
}

impl Settled {
    /// Whether no touch to come can change what is known.
    pub(super) fn is_final(&self) -> bool {
        self.is_final
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.records.capacity()
    }

    /// The best attempt that is over, if it came as far as `steps`: it began
    /// before all that are not.
    pub(super) fn at_least(&self, steps: usize) -> Option<Best<'_>> {
        (self.best.start.is_some() && self.best.steps_reached >= steps).then_some(Best {
            outcome: &self.best,
            records: &self.records,
        })
    }

    /// Settles what `held` decides, all touches that are held; the newest instant
    /// may still get company. Gives the records that are still needed; `None`
    /// when nothing can be said.
    pub(super) fn advance(
        &mut self,
        held: &mut Ordered,
        terms: &Terms,
        calendar: &Calendar,
    ) -> Option<Vec<u8>> {
        let newest = held.records.last().map(|record| record.occurred_at)?;
        let before = (held.records).partition_point(|record| record.occurred_at < newest);
        let scratch = &mut Scratch::default();
        let touches = &mut held.touches[..before];
        let now = funnel::settle(touches, self.seen, terms, calendar, newest, scratch)?;
        if let Some(over) = now.over
            && over.steps_reached > self.best.steps_reached
        {
            self.keep(over, &held.records);
        }
        self.is_final = now.is_final;
        let mut needed = Vec::new();
        if !self.is_final {
            let dropped = held.records[..now.needed_from].iter();
            let satisfied = dropped.map(|record| funnel::satisfied(record.touch(0), terms));
            self.seen |= satisfied.fold(0, |seen, steps| seen | steps);
            for record in &held.records[now.needed_from..] {
                record.write(&mut needed);
            }
        }
        Some(needed)
    }

    /// Keeps the outcome with copies of the records that it names.
    fn keep(&mut self, mut outcome: Outcome, records: &[Record]) {
        let mut named: Vec<usize> = outcome.touches_mut().map(|position| *position).collect();
        named.sort_unstable();
        named.dedup();
        for position in outcome.touches_mut() {
            *position = named.partition_point(|other| *other < *position);
        }
        self.records.clear();
        for position in named {
            records[position].write(&mut self.records);
        }
        self.best = outcome;
    }
}

//! The touches of many groups in one buffer: a row costs no allocation, and a
//! partial state is a copy of bytes.
//!
//! A touch is a record of some twenty bytes: instant (8, little-endian), role
//! (1), mask, length of the id, length of the person (varints), id, person. An
//! entry names a stretch of records of one group; neighbouring records of one
//! group, and whole states of other nodes, are one entry.

use std::cmp::Ordering;

use datafusion::common::{DataFusionError, Result};

use super::super::funnel::Touch;
use crate::time::Microseconds;

/// A touch as it lies in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) occurred_at: Microseconds,
    pub(super) mask: u64,
    pub(super) role: u8,
    pub(super) id: &'a [u8],
    /// Empty where nobody knows who it was.
    pub(super) person: &'a [u8],
}

impl<'a> Record<'a> {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.occurred_at.to_le_bytes());
        bytes.push(self.role);
        write_varint(bytes, self.mask);
        write_varint(bytes, self.id.len() as u64);
        write_varint(bytes, self.person.len() as u64);
        bytes.extend_from_slice(self.id);
        bytes.extend_from_slice(self.person);
    }

    /// Reads a record and takes it off `bytes`; `None` when they are none.
    pub(super) fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (role, mut rest) = rest.split_first()?;
        let mask = read_varint(&mut rest)?;
        let id_length = usize::try_from(read_varint(&mut rest)?).ok()?;
        let person_length = usize::try_from(read_varint(&mut rest)?).ok()?;
        let (id, rest) = rest.split_at_checked(id_length)?;
        let (person, rest) = rest.split_at_checked(person_length)?;
        *bytes = rest;
        Some(Self {
            occurred_at: i64::from_le_bytes(*at),
            mask,
            role: *role,
            id,
            person,
        })
    }

    /// The total order of a group's touches. What decides after the id decides
    /// only for an event given twice with different contents.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        (self.occurred_at.cmp(&other.occurred_at))
            .then_with(|| self.id.cmp(other.id))
            .then_with(|| self.mask.cmp(&other.mask))
            .then_with(|| self.person.cmp(other.person))
            .then_with(|| self.role.cmp(&other.role))
    }

    pub(super) fn touch(&self, person: u32) -> Touch {
        Touch {
            occurred_at: self.occurred_at,
            mask: self.mask,
            person,
            role: self.role,
            is_on_the_way: false,
        }
    }
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let [lowest, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return bytes.push(lowest & 0x7f);
        }
        bytes.push(lowest | 0x80);
    }
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A stretch of records of one group.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    start: u64,
    length: u32,
    group: u32,
}

impl Entry {
    fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        &bytes[start..start + self.length as usize]
    }
}

/// The touches of every group.
#[derive(Debug, Default)]
pub(super) struct Log {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl Log {
    pub(super) fn add(&mut self, group: usize, record: &Record) -> Result<()> {
        let start = self.bytes.len();
        record.write(&mut self.bytes);
        self.enter(group, start)
    }

    /// Adds records as another log wrote them.
    pub(super) fn add_written(&mut self, group: usize, records: &[u8]) -> Result<()> {
        // One entry is at most four gigabytes; a group may have several.
        let start = self.bytes.len();
        self.bytes.extend_from_slice(records);
        self.enter(group, start)
    }

    fn enter(&mut self, group: usize, start: usize) -> Result<()> {
        let too_large = |_| {
            DataFusionError::ResourcesExhausted(
                "window_funnel: too many groups, or more than four gigabytes of touches in one"
                    .into(),
            )
        };
        let group = u32::try_from(group).map_err(too_large)?;
        let length = u32::try_from(self.bytes.len() - start).map_err(too_large)?;
        if let Some(last) = self.entries.last_mut()
            && last.group == group
            && let Some(longer) = last.length.checked_add(length)
        {
            last.length = longer;
            return Ok(());
        }
        self.entries.push(Entry {
            start: start as u64,
            length,
            group,
        });
        Ok(())
    }

    /// The entries of the first `count` groups dealt out: those of group `g` are
    /// the ones from `offsets[g]` to `offsets[g + 1]`.
    fn dealt(&self, count: usize) -> (Vec<Entry>, Vec<usize>) {
        let mut offsets = vec![0_usize; count + 1];
        for entry in &self.entries {
            if let Some(end) = offsets.get_mut(entry.group as usize + 1) {
                *end += 1;
            }
        }
        for group in 0..count {
            offsets[group + 1] += offsets[group];
        }
        let mut dealt = vec![Entry::default(); offsets[count]];
        let mut next = offsets.clone();
        for entry in &self.entries {
            if let Some(place) = next.get_mut(entry.group as usize)
                && (entry.group as usize) < count
            {
                dealt[*place] = *entry;
                *place += 1;
            }
        }
        (dealt, offsets)
    }

    /// Calls `each` with the number and the stretches of records of each of the
    /// first `count` groups.
    pub(super) fn for_each<'a>(
        &'a self,
        count: usize,
        mut each: impl FnMut(usize, &mut dyn Iterator<Item = &'a [u8]>) -> Result<()>,
    ) -> Result<()> {
        let (dealt, offsets) = self.dealt(count);
        for (group, pair) in offsets.windows(2).enumerate() {
            let entries = &dealt[pair[0]..pair[1]];
            each(
                group,
                &mut entries.iter().map(|entry| entry.of(&self.bytes)),
            )?;
        }
        Ok(())
    }

    /// Forgets the first `count` groups; the others move down.
    pub(super) fn forget(&mut self, count: usize) -> Result<()> {
        let old = std::mem::take(self);
        for entry in &old.entries {
            if entry.group as usize >= count {
                self.add_written(entry.group as usize - count, entry.of(&old.bytes))?;
            }
        }
        Ok(())
    }

    /// The entries at the end that are of `group`, in their order.
    fn tail(&self, group: usize) -> &[Entry] {
        let is_of_group = |entry: &&Entry| entry.group as usize == group;
        let count = self.entries.iter().rev().take_while(is_of_group).count();
        &self.entries[self.entries.len() - count..]
    }

    /// The newest records, as far as they are of `group`.
    pub(super) fn newest(&self, group: usize) -> impl Iterator<Item = &[u8]> {
        self.tail(group).iter().map(|entry| entry.of(&self.bytes))
    }

    /// Bytes of the newest records, as far as they are of `group`.
    pub(super) fn newest_bytes(&self, group: usize) -> usize {
        let lengths = self.tail(group).iter().map(|entry| entry.length as usize);
        lengths.sum()
    }

    /// Puts `records` in place of the newest ones, as far as they are of `group`.
    pub(super) fn replace_newest(&mut self, group: usize, records: &[u8]) -> Result<()> {
        let left = self.entries.len() - self.tail(group).len();
        self.bytes
            .truncate(self.bytes.len() - self.newest_bytes(group));
        self.entries.truncate(left);
        if records.is_empty() {
            return Ok(());
        }
        self.add_written(group, records)
    }

    /// Bytes in use, and those that dealing the entries out needs besides.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity() + 2 * self.entries.capacity() * size_of::<Entry>()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

//! The touches of many groups in one buffer: a row costs no allocation, and a
//! partial state is a copy of bytes.
//!
//! A touch is a record of some twenty bytes: instant (8, little-endian), role
//! (1), mask, length of the id, length of the person (varints), id, person. An
//! entry names a stretch of records of one group; neighbouring records of one
//! group, and whole states of other nodes, are one entry.

use std::borrow::Cow;
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
        let numbers = [self.mask, self.id.len() as u64, self.person.len() as u64];
        if let [Ok(mask), Ok(id_length), Ok(person_length)] = numbers.map(small) {
            let mut head = [0; 12];
            head[..8].copy_from_slice(&self.occurred_at.to_le_bytes());
            head[8..].copy_from_slice(&[self.role, mask, id_length, person_length]);
            bytes.extend_from_slice(&head);
        } else {
            bytes.extend_from_slice(&self.occurred_at.to_le_bytes());
            bytes.push(self.role);
            for number in numbers {
                write_varint(bytes, number);
            }
        }
        bytes.extend_from_slice(self.id);
        bytes.extend_from_slice(self.person);
    }

    /// Reads a record and takes it off `bytes`; `None` when they are none.
    pub(super) fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (role, mut rest) = rest.split_first()?;
        let [mask, id_length, person_length] = match rest.split_first_chunk::<3>() {
            // One byte each, as nearly always.
            Some((head, after)) if head.iter().all(|byte| *byte <= SMALL_MAX) => {
                rest = after;
                head.map(u64::from)
            }
            _ => [
                read_varint(&mut rest)?,
                read_varint(&mut rest)?,
                read_varint(&mut rest)?,
            ],
        };
        let (id, rest) = rest.split_at_checked(usize::try_from(id_length).ok()?)?;
        let person_length = usize::try_from(person_length).ok()?;
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

/// The greatest number that is one byte as a varint.
const SMALL_MAX: u8 = 0x7f;

/// The number as a varint of one byte, if it is that small.
fn small(number: u64) -> Result<u8, u64> {
    let byte = u8::try_from(number).ok().filter(|byte| *byte <= SMALL_MAX);
    byte.ok_or(number)
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

/// The records of groups, one group behind the other.
pub(super) struct Together<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where the records of each group begin, and where the last ones end.
    offsets: Vec<usize>,
}

impl Together<'_> {
    /// The records of each group, in the order of groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[u8]> {
        let pairs = self.offsets.windows(2);
        pairs.map(|pair| &self.bytes[pair[0]..pair[1]])
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

    /// The records of the first `count` groups, those of each together. Copying them
    /// costs less than looking each up where it lies.
    pub(super) fn together(&self, count: usize) -> Together<'_> {
        let mut offsets = vec![0_usize; count + 1];
        for entry in &self.entries {
            if let Some(end) = offsets.get_mut(entry.group as usize + 1) {
                *end += entry.length as usize;
            }
        }
        for group in 0..count {
            offsets[group + 1] += offsets[group];
        }
        // Entries lie one behind the other.
        if self.entries.is_sorted_by_key(|entry| entry.group) {
            let bytes = Cow::Borrowed(&self.bytes[..]);
            return Together { bytes, offsets };
        }
        let mut bytes = vec![0; offsets[count]];
        let mut next = offsets.clone();
        for entry in &self.entries {
            let group = entry.group as usize;
            if group < count {
                let end = next[group] + entry.length as usize;
                bytes[next[group]..end].copy_from_slice(entry.of(&self.bytes));
                next[group] = end;
            }
        }
        let bytes = Cow::Owned(bytes);
        Together { bytes, offsets }
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
    pub(super) fn newest(&self, group: usize) -> &[u8] {
        &self.bytes[self.bytes.len() - self.newest_bytes(group)..]
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

    /// Bytes in use, and those that putting the records together needs besides.
    pub(super) fn size(&self) -> usize {
        2 * self.bytes.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

//! The keys of rows, and the order that they put the rows in.
//!
//! Most comparisons are decided by sixteen bytes, taken from where the keys begin
//! to differ; only rows that agree in these are compared by the rest of their keys.
//! Rows with the same key stay in the order in which they came.

use arrow::array::{ArrayRef, UInt32Array};
use arrow::row::{RowConverter, Rows};
use datafusion::error::{DataFusionError, Result};

pub(super) struct Keys {
    converter: RowConverter,
    rows: Rows,
}

/// A row and the first bytes in which its key may differ from those of others.
struct Entry {
    head: [u64; 2],
    row: u32,
}

impl Keys {
    pub(super) fn new(converter: RowConverter) -> Self {
        let rows = converter.empty_rows(0, 0);
        Self { converter, rows }
    }

    /// Adds the keys of rows, of which `columns` are what they are sorted by.
    ///
    /// # Errors
    /// More rows than can be numbered; columns of other types than before.
    pub(super) fn append(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.converter.append(&mut self.rows, columns)?;
        match u32::try_from(self.rows.num_rows()) {
            Ok(_) => Ok(()),
            Err(_) => Err(DataFusionError::ResourcesExhausted(
                "more rows than can be sorted at once".to_owned(),
            )),
        }
    }

    /// What the keys hold, and what ordering them will.
    pub(super) fn bytes(&self) -> usize {
        self.rows.size() + self.rows.num_rows() * (size_of::<Entry>() + size_of::<u32>())
    }

    /// The numbers of the rows in the order of their keys.
    pub(super) fn sorted(&self) -> UInt32Array {
        let shared = self.shared();
        let is_decided = self.rows.lengths().all(|length| length <= shared + 16);
        let rest = |entry: &Entry| &self.rows.row(entry.row as usize).data()[shared..];
        let mut entries: Vec<Entry> = (self.rows.iter().zip(0..))
            .map(|(key, row)| Entry {
                head: head(&key.data()[shared..]),
                row,
            })
            .collect();
        entries.sort_unstable_by(|one, other| {
            let by_head = one.head.cmp(&other.head);
            let by_key = if is_decided {
                by_head
            } else {
                by_head.then_with(|| rest(one).cmp(rest(other)))
            };
            by_key.then(one.row.cmp(&other.row))
        });
        entries.iter().map(|entry| Some(entry.row)).collect()
    }

    /// How many bytes all keys begin with alike.
    fn shared(&self) -> usize {
        let mut keys = self.rows.iter();
        let Some(first) = keys.next() else {
            return 0;
        };
        keys.fold(first.data().len(), |shared, key| {
            let pairs = key.data().iter().zip(&first.data()[..shared]);
            pairs.take_while(|(one, other)| one == other).count()
        })
    }
}

/// The first sixteen bytes of a key as numbers that are in the same order. What is
/// missing is zero: no key is the beginning of another one, so it decides nothing.
fn head(key: &[u8]) -> [u64; 2] {
    let part = |from: usize| {
        let mut bytes = [0; 8];
        for (byte, found) in bytes.iter_mut().zip(key.iter().skip(from)) {
            *byte = *found;
        }
        u64::from_be_bytes(bytes)
    };
    [part(0), part(8)]
}

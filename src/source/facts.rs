//! What one Parquet file says of itself, as far as a run needs it.
//!
//! Taken from a checked footer once; [`super::index`] keeps it from run to run. Of
//! texts and of personal values it holds no value. What follows for a whole extract is
//! not decided here.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;

use super::footer::Footer;
use super::proof::{self, Known, Span};
use crate::config::contract::{Column, ColumnType, Contract};

/// What a run needs to know of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    /// Columns as the reader will see them.
    pub(super) schema: SchemaRef,
    /// SHA-256 of the footer.
    pub(super) digest: [u8; 32],
    /// Rows of each row group.
    pub(super) groups: Vec<u64>,
    /// What is known of each row group, by column of the contract; columns that the
    /// file has not, or whose statistics cannot be read, are not there.
    pub(super) known: BTreeMap<String, Vec<Known>>,
}

impl Facts {
    pub(super) fn of(footer: &Footer, contract: &Contract) -> Self {
        let known = contract.columns.iter().filter_map(|column| {
            let kind = column.kind.arrow_type();
            let (metadata, schema) = (&footer.metadata, &footer.schema);
            let groups = proof::of_row_groups(metadata, schema, &column.name, &kind)?;
            let groups = groups.into_iter().map(|known| reduced(column, known));
            Some((column.name.clone(), groups.collect()))
        });
        let groups = footer.metadata.row_groups().iter();
        Self {
            schema: SchemaRef::clone(&footer.schema),
            digest: footer.digest,
            // A checked footer has no negative number.
            groups: groups
                .map(|group| group.num_rows().unsigned_abs())
                .collect(),
            known: known.collect(),
        }
    }

    /// Rows in the file.
    pub(super) fn rows(&self) -> u64 {
        self.groups.iter().sum()
    }

    /// What is known of a column in the whole file.
    pub(super) fn of_column(&self, name: &str) -> Known {
        let groups = self.known.get(name);
        groups.map_or(Known::NOTHING, |groups| {
            Known::of_all(groups.iter().cloned())
        })
    }

    /// What is known of each row group, with its rows; `None` when that is nothing.
    pub(super) fn of_row_groups(&self, name: &str) -> Option<impl Iterator<Item = (&Known, u64)>> {
        let groups = self.known.get(name)?;
        Some(groups.iter().zip(self.groups.iter().copied()))
    }
}

/// Whether a text can be empty is all that is asked of it.
fn reduced(column: &Column, known: Known) -> Known {
    let shortest = ScalarValue::from(proof::SHORTEST_TEXT);
    let span = match known.span {
        Span::Between(low, _) if column.kind == ColumnType::Text && low >= shortest => {
            Span::Between(shortest.clone(), shortest)
        }
        Span::Between(..) if column.kind == ColumnType::Text || column.personal => Span::Unknown,
        span => span,
    };
    Known { span, ..known }
}

//! How the files of one extract give the columns of its contract.
//!
//! Files are matched one by one; the layout is what holds for all of them.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::facts::Facts;
use super::listing::Listed;
use super::matching::{self, Matched};
use super::proof::{Known, Span};
use super::value::{self, Formats, Problem};
use super::widen::Widening;
use crate::config::contract::{Column, Contract};
use crate::error::{Error, Result};

/// What Hive writes for a null.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// One column as it is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    /// The type in which the files are read.
    pub(super) kind: DataType,
    /// Values may not fit the contract's type.
    pub(super) is_checked: bool,
    /// What is known of its values, in the contract's type.
    pub(super) known: Known,
}

/// How all files of an extract are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// Columns that the files hold.
    pub(super) columns: BTreeMap<String, Reading>,
    /// Columns that the folders hold, in the order of the contract.
    pub(super) partitions: BTreeMap<String, Known>,
    /// Optional columns of the contract that no file has, in its order.
    pub(super) missing: Vec<String>,
    /// Columns beyond the contract, sorted.
    pub(super) extra: Vec<String>,
}

/// The columns of `contract` that the folders above `file` give.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] for a folder whose value is not of the
/// column's type.
pub(super) fn partition_values(
    file: &Listed,
    contract: &Contract,
    formats: &Formats<'_>,
) -> Result<BTreeMap<String, ScalarValue>> {
    let mut values = BTreeMap::new();
    for (key, text) in &file.partitions {
        let Some(column) = contract.column(key) else {
            continue;
        };
        let value = scalar(column, text, formats).map_err(|why| {
            Error::data(format!("`{}`: the folder `{key}={text}` {why}", file.shown))
                .with_hint("rename the folder")
        })?;
        if values.insert(key.clone(), value).is_some() {
            return Err(Error::data(format!(
                "`{}` lies in two folders called `{key}=…`",
                file.shown
            ))
            .with_hint("move the file: which of the two values counts?"));
        }
    }
    Ok(values)
}

fn scalar(column: &Column, text: &str, formats: &Formats<'_>) -> Result<ScalarValue, String> {
    if text.is_empty() || text == NULL_PARTITION {
        return ScalarValue::try_from(&column.kind.arrow_type()).map_err(|error| error.to_string());
    }
    // A folder's date is always ISO: formats are declared for what is inside files.
    let formats = Formats {
        date: None,
        timestamp: None,
        ..*formats
    };
    match value::parse(column.kind, text, &formats) {
        Ok(value) => Ok(value.scalar()),
        Err(Problem::Unreadable(why) | Problem::TooLarge(why)) => Err(why),
    }
}

/// Puts the files of an extract together, one after the other.
#[derive(Debug)]
pub(super) struct Merging<'a> {
    contract: &'a Contract,
    files: u64,
    columns: BTreeMap<String, Merged>,
    partitions: BTreeMap<String, Known>,
    extra: Vec<String>,
}

#[derive(Debug)]
struct Merged {
    kind: DataType,
    is_mixed: bool,
    widening: Widening,
    known: Known,
    files: u64,
    first: String,
}

impl<'a> Merging<'a> {
    pub(super) fn new(contract: &'a Contract) -> Self {
        Self {
            contract,
            files: 0,
            columns: BTreeMap::new(),
            partitions: BTreeMap::new(),
            extra: Vec::new(),
        }
    }

    /// Adds a Parquet file.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Data`] when a column is missing or of
    /// another type.
    pub(super) fn add(
        &mut self,
        file: &Listed,
        facts: &Facts,
        given: &BTreeMap<String, ScalarValue>,
    ) -> Result<()> {
        let names: Vec<String> = given.keys().cloned().collect();
        let matched = matching::typed(&file.shown, &facts.schema, &names, self.contract)?;
        // A row's own value counts more than the name of the folder it lies in.
        for (name, value) in given {
            if !matched.columns.contains_key(name) {
                let known = match facts.rows() {
                    0 => Known::NO_ROWS,
                    _ => Known::constant(value),
                };
                self.partition(&file.shown, name, known)?;
            }
        }
        self.columns(file, facts, &matched)?;
        self.extra.extend(matched.extra);
        self.files += 1;
        Ok(())
    }

    fn partition(&mut self, shown: &str, name: &str, known: Known) -> Result<()> {
        let before = self.partitions.remove(name);
        if before.is_none() && self.files > 0 {
            return Err(mixed_places(shown, name));
        }
        let known = before.map_or(known.clone(), |before| before.and(known));
        self.partitions.insert(name.to_owned(), known);
        Ok(())
    }

    fn columns(&mut self, file: &Listed, facts: &Facts, matched: &Matched) -> Result<()> {
        for (name, (kind, widening)) in &matched.columns {
            if self.partitions.contains_key(name) {
                return Err(mixed_places(&file.shown, name));
            }
            let known = facts.of_column(name);
            match self.columns.get_mut(name) {
                None => {
                    let merged = Merged {
                        kind: kind.clone(),
                        is_mixed: false,
                        widening: *widening,
                        known,
                        files: 1,
                        first: file.shown.clone(),
                    };
                    self.columns.insert(name.clone(), merged);
                }
                Some(merged) => {
                    merged.is_mixed |= merged.kind != *kind;
                    merged.widening = merged.widening.max(*widening);
                    merged.known = merged.known.clone().and(known);
                    merged.files += 1;
                }
            }
        }
        let missing = self.partitions.keys().find(|name| {
            let is_given = file.partitions.iter().any(|(key, _)| key == *name);
            !is_given
        });
        match missing {
            Some(name) => Err(mixed_places(&file.shown, name)),
            None => Ok(()),
        }
    }

    /// What holds for all files.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Data`] when a column's types differ between
    /// files so that values might not fit.
    pub(super) fn finish(self) -> Result<Layout> {
        let mut layout = Layout {
            partitions: self.partitions,
            extra: self.extra,
            ..Layout::default()
        };
        layout.extra.sort();
        layout.extra.dedup();
        for column in &self.contract.columns {
            let Some(merged) = self.columns.get(&column.name) else {
                if !layout.partitions.contains_key(&column.name) {
                    layout.missing.push(column.name.clone());
                }
                continue;
            };
            let reading = reading(column, merged, self.files)?;
            layout.columns.insert(column.name.clone(), reading);
        }
        Ok(layout)
    }
}

fn reading(column: &Column, merged: &Merged, files: u64) -> Result<Reading> {
    let mut known = merged.known.clone();
    if merged.files < files {
        known = known.and(Known::nulls());
    }
    // Statistics that convert prove that every value between them does.
    let may_overflow = merged.widening == Widening::Checked && known.span == Span::Unknown;
    if may_overflow && merged.is_mixed {
        return Err(Error::data(format!(
            "`{}`: column `{}` has another type than in the other files, and its values may not \
             fit",
            merged.first, column.name
        ))
        .with_hint(format!(
            "write it in all files as {}",
            super::widen::describe(&column.kind.arrow_type())
        )));
    }
    let kind = if may_overflow {
        merged.kind.clone()
    } else {
        column.kind.arrow_type()
    };
    Ok(Reading {
        kind,
        is_checked: may_overflow,
        known,
    })
}

fn mixed_places(shown: &str, name: &str) -> Error {
    Error::data(format!(
        "`{shown}`: column `{name}` comes from the names of folders for some files only"
    ))
    .with_hint("give it the same way everywhere")
}

//! Finds a contract's columns in a file, by name and type.
//!
//! A required column that is not there is an error, never a column of nulls;
//! so is one whose name differs by case only. What the file has beyond the
//! contract is noted and not read.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Schema};

use super::widen::{self, Widening};
use crate::config::contract::{Column, Contract};
use crate::error::{Error, Result, closest};

/// What one file has of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Matched {
    /// Type and fit of every column of the contract that the file has.
    pub(super) columns: BTreeMap<String, (DataType, Widening)>,
    /// Columns of the file that the contract does not have, sorted.
    pub(super) extra: Vec<String>,
}

/// Compares the names and types of a typed file with the contract; `given` are
/// the columns that its folders hold.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] with file, column, found, expected, remedy.
pub(super) fn typed(
    shown: &str,
    schema: &Schema,
    given: &[String],
    contract: &Contract,
) -> Result<Matched> {
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let mut matched = Matched {
        extra: named(shown, &names, given, contract)?,
        ..Matched::default()
    };
    for field in schema.fields() {
        let Some(column) = contract.column(field.name()) else {
            continue;
        };
        let found = field.data_type();
        let fit = widen::widening(found, column.kind).map_err(|remedy| {
            Error::data(format!(
                "`{shown}`: column `{}` is {}, but {} is expected",
                column.name,
                widen::describe(found),
                widen::describe(&column.kind.arrow_type()),
            ))
            .with_hint(remedy)
        })?;
        matched
            .columns
            .insert(column.name.clone(), (found.clone(), fit));
    }
    Ok(matched)
}

/// Compares names only; answers the extra ones, sorted.
///
/// # Errors
/// As [`typed`].
pub(super) fn named(
    shown: &str,
    names: &[&str],
    given: &[String],
    contract: &Contract,
) -> Result<Vec<String>> {
    for column in &contract.columns {
        let is_there = names.contains(&column.name.as_str()) || given.contains(&column.name);
        if is_there {
            continue;
        }
        let folded = column.name.to_lowercase();
        let other_case = names.iter().find(|name| name.to_lowercase() == folded);
        if let Some(name) = other_case {
            return Err(Error::data(format!(
                "`{shown}`: column `{}` is written `{name}`",
                column.name
            ))
            .with_hint(format!(
                "rename the column to `{}`: case counts",
                column.name
            )));
        }
        if column.required {
            return Err(missing(shown, column, names, contract));
        }
    }
    let mut extra: Vec<String> = names
        .iter()
        .filter(|name| contract.column(name).is_none())
        .map(|name| (*name).to_owned())
        .collect();
    extra.sort();
    Ok(extra)
}

fn missing(shown: &str, column: &Column, names: &[&str], contract: &Contract) -> Error {
    let extra: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| contract.column(name).is_none())
        .collect();
    let hint = match closest_name(&column.name, &extra) {
        Some(name) => format!("did you mean `{name}`? rename it to `{}`", column.name),
        None => format!(
            "add the column ({}); the file has: {}",
            column.about,
            listed(names)
        ),
    };
    Error::data(format!(
        "`{shown}`: column `{}` ({}) is missing",
        column.name,
        column.kind.name()
    ))
    .with_hint(hint)
}

/// Names in backticks, at most a dozen.
pub(super) fn listed(names: &[&str]) -> String {
    const SHOWN_MAX: usize = 12;
    let shown = names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`"));
    let text = shown.collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN_MAX) {
        Some(more @ 1..) => format!("{text} and {more} more"),
        _ => text,
    }
}

/// The name that `wanted` was most likely meant by: few letters differ,
/// whatever their case and underscores, or one contains the other.
fn closest_name<'a>(wanted: &str, names: &[&'a str]) -> Option<&'a str> {
    let target = plain(wanted);
    let plain_names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let near = closest(&target, plain_names.iter().map(String::as_str));
    let at = plain_names.iter().position(|name| match near {
        Some(near) => name == near,
        None => {
            name.len().min(target.len()) >= 3 && (name.contains(&target) || target.contains(name))
        }
    })?;
    names.get(at).copied()
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_that_was_meant() {
        let names = ["amount_usd", "id", "ownerId", "createdon"];
        assert_eq!(closest_name("amount", &names), Some("amount_usd"));
        assert_eq!(closest_name("owner_id", &names), Some("ownerId"));
        assert_eq!(closest_name("created_on", &names), Some("createdon"));
        assert_eq!(closest_name("segment", &names), None);
    }
}

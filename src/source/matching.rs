//! Finds a contract's columns in a file, by name and type.
//!
//! A required column that is not there is an error, never a column of nulls;
//! so is one whose name differs by case only. What the file has beyond the
//! contract is noted and not read.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Schema};

use super::widen::{self, Widening};
use crate::config::contract::{Column, Contract};
use crate::error::{Error, Result};

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
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
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
        matched.columns.insert(column.name.clone(), (found.clone(), fit));
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
            .with_hint(format!("rename the column to `{}`: case counts", column.name)));
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
    let hint = match closest(&column.name, &extra) {
        Some(name) => format!("did you mean `{name}`? rename it to `{}`", column.name),
        None => format!("add the column ({}); the file has: {}", column.about, listed(names)),
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
    let mut text = names
        .iter()
        .take(SHOWN_MAX)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN_MAX {
        text.push_str(&format!(" and {} more", names.len() - SHOWN_MAX));
    }
    text
}

/// The name that `wanted` was most likely meant by: few letters differ, or one
/// contains the other.
pub(super) fn closest<'a>(wanted: &str, names: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let target = plain(wanted);
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let candidate = plain(name);
        let contains = candidate.len() >= 3
            && target.len() >= 3
            && (candidate.contains(&target) || target.contains(&candidate));
        let distance = edit_distance(&target, &candidate);
        let near = distance <= target.chars().count().div_ceil(4);
        if (near || contains) && best.is_none_or(|(known, _)| distance < known) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Letters to insert, delete, replace or swap with a neighbour.
fn edit_distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(letter != other);
            let mut cost = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            let is_swap = i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other;
            if is_swap {
                cost = cost.min(rows[i - 1][j - 1] + 1);
            }
            row.push(cost);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_that_was_meant() {
        let names = ["amount_usd", "id", "ownerId", "createdon"];
        assert_eq!(closest("amount", &names), Some("amount_usd"));
        assert_eq!(closest("owner_id", &names), Some("ownerId"));
        assert_eq!(closest("created_on", &names), Some("createdon"));
        assert_eq!(closest("segment", &names), None);
        assert_eq!(edit_distance("naem", "name"), 1);
    }
}

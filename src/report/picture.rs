//! One funnel and one account's journeys, as published, for the terminal.
//!
//! Rows are chosen here and drawn elsewhere. A name that does not exist is
//! answered with those that do.

use std::collections::BTreeSet;

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish;
use crate::storage::Storage;

/// Names that a refusal lists at most.
const MOST_NAMES: usize = 8;

/// The steps of one funnel, value by value of one dimension.
#[derive(Clone, Debug)]
pub struct FunnelPicture {
    /// As-of day of the commit read.
    pub as_of: String,
    /// Rows of `funnel_conversion` of this funnel and dimension, in the order of
    /// value and step.
    pub steps: Rows,
}

/// The stays of one account.
#[derive(Clone, Debug)]
pub struct JourneyPicture {
    /// As-of day of the commit read.
    pub as_of: String,
    /// Rows of `journey_stage` of this account, in the order of journey and time.
    pub stays: Rows,
}

/// The funnel called `name`, broken down by `dimension` (`all` for the total).
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if there is no such funnel or dimension.
pub async fn funnel(storage: &Storage, name: &str, dimension: &str) -> Result<FunnelPicture> {
    let commit = publish::published(storage).await?;
    let all = table(storage, &commit, "funnel_conversion").await?;
    let steps = known(&all, "funnel", name)?;
    Ok(FunnelPicture {
        as_of: commit.as_of,
        steps: known(&steps, "dimension", dimension)?,
    })
}

/// The rows whose `column` is `name`.
fn known(rows: &Rows, column: &str, name: &str) -> Result<Rows> {
    let found = rows.only(column, &[name]);
    if !found.is_empty() {
        return Ok(found);
    }
    let names = distinct(rows, column);
    let hint = if names.is_empty() {
        format!("no {column} is published: a {column} that no source can measure has no rows")
    } else {
        format!("{column}s are {}", listed(&names))
    };
    Err(Error::usage(format!("there is no {column} `{name}`")).with_hint(hint))
}

/// The journeys of the account with this id or, if there is none, this exact name.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if there is no such account, or more than
/// one of that name.
pub async fn journey(storage: &Storage, account: &str) -> Result<JourneyPicture> {
    let commit = publish::published(storage).await?;
    let all = table(storage, &commit, "journey_stage").await?;
    Ok(JourneyPicture {
        as_of: commit.as_of,
        stays: stays_of(&all, account)?,
    })
}

fn stays_of(all: &Rows, account: &str) -> Result<Rows> {
    let by_id = all.only("account_id", &[account]);
    if !by_id.is_empty() {
        return Ok(by_id);
    }
    let by_name = all.only("account_name", &[account]);
    let ids = distinct(&by_name, "account_id");
    if ids.len() == 1 {
        return Ok(by_name);
    }
    if ids.len() > 1 {
        return Err(
            Error::usage(format!("{} accounts are called `{account}`", ids.len()))
                .with_hint(format!("name one by its id: {}", listed(&ids))),
        );
    }
    let like = similar(all, account);
    let hint = if like.is_empty() {
        "kenko query \"select distinct account_id, account_name from journey_stage\"".to_owned()
    } else {
        format!("did you mean {}", listed(&like))
    };
    Err(Error::usage(format!("`{account}` is no account")).with_hint(hint))
}

/// Accounts of which id or name holds the text, whatever its case.
fn similar(all: &Rows, account: &str) -> BTreeSet<String> {
    let wanted = account.to_lowercase();
    let named = (0..all.len()).filter_map(|row| {
        let id = all.text(row, "account_id")?;
        let name = all.text(row, "account_name").unwrap_or(id);
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        (holds(id) || holds(name)).then(|| format!("{name} ({id})"))
    });
    named.collect()
}

fn distinct(rows: &Rows, column: &str) -> BTreeSet<String> {
    (0..rows.len())
        .filter_map(|row| rows.text(row, column).map(str::to_owned))
        .collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    let first: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let text = first.join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::record_batch::RecordBatch;

    use super::*;

    fn stays(accounts: &[(&str, Option<&str>)]) -> Rows {
        let schema = Arc::new(Schema::new(vec![
            Field::new("account_id", DataType::Utf8, true),
            Field::new("account_name", DataType::Utf8, true),
        ]));
        let ids: StringArray = accounts.iter().map(|(id, _)| Some(*id)).collect();
        let names: StringArray = accounts.iter().map(|(_, name)| *name).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids), Arc::new(names)])
            .unwrap();
        Rows::from_batches(&schema, &[batch]).unwrap()
    }

    #[test]
    fn an_account_is_found_by_id_and_by_a_name_that_is_its_own() {
        let all = stays(&[
            ("a1", Some("東京商会")),
            ("a1", Some("東京商会")),
            ("a2", Some("Twice")),
            ("a3", Some("Twice")),
            ("a4", None),
        ]);
        assert_eq!(stays_of(&all, "a1").unwrap().len(), 2);
        assert_eq!(stays_of(&all, "東京商会").unwrap().len(), 2);
        let hint = |account: &str| {
            let error = stays_of(&all, account).unwrap_err();
            error.render()
        };
        assert!(hint("Twice").contains("name one by its id: a2, a3"));
        assert!(hint("東京").contains("did you mean 東京商会 (a1)"));
        assert!(hint("A4").contains("did you mean a4 (a4)"));
        assert!(hint("nobody").contains("kenko query"));
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        let names: BTreeSet<String> = (0..10).map(|number| format!("f{number}")).collect();
        assert!(listed(&names).ends_with("f7 and 2 more"));
    }
}

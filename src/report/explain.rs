//! All that is published about one account's health, for one screen.
//!
//! Rows are chosen and put in order here, and drawn elsewhere. No figure is computed: what
//! changed since the last run, and why, is published as `health_change`.

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish::{self, Commit};
use crate::storage::Storage;

/// Everything that is known about one account's score. A table that the pipeline does not
/// publish has no rows.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// As-of day of the commit read.
    pub as_of: String,
    /// The account's row of `account_health`, one row.
    pub health: Rows,
    /// Its measures and rules, in the order of their names.
    pub measures: Rows,
    /// Why the score is not what it was.
    pub changes: Rows,
    /// Signals that contradict each other.
    pub disagreements: Rows,
    /// Weights on which the tier hangs.
    pub sensitivity: Rows,
    /// The account as a group, one row or none.
    pub group: Rows,
    /// The account's row of `churn_risk`, one row or none.
    pub risk: Rows,
    /// Factors of the risk, strongest first.
    pub factors: Rows,
    /// The account's row of `risk_list`, one row or none.
    pub listed: Rows,
    /// What the relationship hangs on, one row or none.
    pub relationship: Rows,
    /// The account's people.
    pub people: Rows,
}

/// Explains the account with this id or, if there is none, this exact name.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if there is no such account, or more than
/// one of that name.
pub async fn explain(storage: &Storage, account: &str) -> Result<Explanation> {
    let commit = publish::published(storage).await?;
    let all = table(storage, &commit, "account_health").await?;
    let health = find(&all, account)?;
    let id = health.text(0, "account_id").unwrap_or_default().to_owned();
    let of = async |name: &str| rows_of(storage, &commit, name, &id).await;
    Ok(Explanation {
        measures: of("health_measure").await?.sorted_by("measure"),
        changes: of("health_change").await?,
        disagreements: of("disagreement").await?.sorted_by("rule_rank"),
        sensitivity: of("health_sensitivity").await?,
        group: of("parent_health").await?,
        risk: of("churn_risk").await?,
        factors: of("risk_factor").await?.sorted_by("factor_rank"),
        listed: of("risk_list").await?,
        relationship: of("relationship_risk").await?,
        people: of("contact_profile").await?,
        as_of: commit.as_of.clone(),
        health,
    })
}

/// The rows of the account in a table, none where the pipeline does not publish it.
async fn rows_of(storage: &Storage, commit: &Commit, name: &str, id: &str) -> Result<Rows> {
    if !commit.tables.iter().any(|table| table.name == name) {
        return Ok(Rows::none());
    }
    Ok(table(storage, commit, name)
        .await?
        .only("account_id", &[id]))
}

fn find(all: &Rows, account: &str) -> Result<Rows> {
    let by_id = all.only("account_id", &[account]);
    if !by_id.is_empty() {
        return Ok(by_id);
    }
    let by_name = all.only("account_name", &[account]);
    match by_name.len() {
        1 => Ok(by_name),
        0 => Err(
            Error::usage(format!("`{account}` is not an account with a health score"))
                .with_hint("kenko query \"select account_id, account_name from account_health\""),
        ),
        several => {
            let ids: Vec<&str> = (0..several)
                .filter_map(|row| by_name.text(row, "account_id"))
                .collect();
            Err(
                Error::usage(format!("{several} accounts are called `{account}`"))
                    .with_hint(format!("name one by its id: {}", ids.join(", "))),
            )
        }
    }
}

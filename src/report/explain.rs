//! Why an account has its score and its risk, and what changed since the
//! commit of the day before.
//!
//! Every figure is read from the published tables. The change of a measure is
//! the difference of its contributions, so the changes sum to the change of the
//! score, exactly as the contributions sum to the score.

use std::collections::BTreeMap;

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish::{self, Commit};
use crate::storage::Storage;

/// One measure's part in a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The measure.
    pub measure: String,
    /// value, zero, missing, stale or `not_applicable`.
    pub state: String,
    /// Its value, in the measure's own unit.
    pub raw_value: Option<f64>,
    /// That value on the scale 0 to 100.
    pub normalised: Option<f64>,
    /// Its share of the weight, 0 to 1.
    pub effective_weight: Option<f64>,
    /// Points of the score.
    pub contribution: Option<f64>,
    /// Points of the score at the day before; `None` when nothing was published.
    pub contribution_before: Option<f64>,
}

/// One factor's part in the churn risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Why, in words.
    pub reason: String,
    /// Percentage points added to the probability.
    pub points: f64,
}

/// Everything that is known about one account's score.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// As-of day of the commit read.
    pub as_of: String,
    /// As-of day of the commit compared with.
    pub as_of_before: Option<String>,
    /// The account's row of `account_health`, one row.
    pub health: Rows,
    /// The account's row of `account_health` before, one row or none.
    pub health_before: Option<Rows>,
    /// Measures in the order of their contribution, largest first.
    pub contributions: Vec<Contribution>,
    /// The account's row of `churn_risk`, one row or none.
    pub risk: Rows,
    /// Factors, strongest first.
    pub factors: Vec<Factor>,
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
    let before = publish::before(storage, &commit.pipeline, &commit.as_of).await?;
    let measures = measures(storage, &commit, &id).await?;
    let measures_before = match &before {
        Some(before) => Some(contributions_by_measure(
            &self::measures(storage, before, &id).await?,
        )),
        None => None,
    };
    let health_before = match &before {
        Some(before) => {
            let rows = table(storage, before, "account_health")
                .await?
                .only("account_id", &[&id]);
            (!rows.is_empty()).then_some(rows)
        }
        None => None,
    };
    Ok(Explanation {
        as_of: commit.as_of.clone(),
        as_of_before: before.map(|before| before.as_of),
        health,
        health_before,
        contributions: contributions(&measures, measures_before.as_ref()),
        risk: table(storage, &commit, "churn_risk")
            .await?
            .only("account_id", &[&id]),
        factors: factors(
            &table(storage, &commit, "churn_reason")
                .await?
                .only("account_id", &[&id]),
        ),
    })
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

async fn measures(storage: &Storage, commit: &Commit, id: &str) -> Result<Rows> {
    Ok(table(storage, commit, "health_measure")
        .await?
        .only("account_id", &[id]))
}

fn contributions_by_measure(rows: &Rows) -> BTreeMap<String, f64> {
    (0..rows.len())
        .filter_map(|row| {
            let measure = rows.text(row, "measure")?.to_owned();
            Some((measure, rows.float(row, "contribution").unwrap_or(0.0)))
        })
        .collect()
}

fn contributions(rows: &Rows, before: Option<&BTreeMap<String, f64>>) -> Vec<Contribution> {
    let mut list: Vec<Contribution> = (0..rows.len())
        .map(|row| {
            let measure = rows.text(row, "measure").unwrap_or_default().to_owned();
            Contribution {
                state: rows.text(row, "state").unwrap_or_default().to_owned(),
                raw_value: rows.float(row, "raw_value"),
                normalised: rows.float(row, "normalised"),
                effective_weight: rows.float(row, "effective_weight"),
                contribution: rows.float(row, "contribution"),
                contribution_before: before.and_then(|before| before.get(&measure).copied()),
                measure,
            }
        })
        .collect();
    list.sort_by(|left, right| {
        let points = |of: &Contribution| of.contribution.unwrap_or(f64::NEG_INFINITY);
        points(right)
            .total_cmp(&points(left))
            .then_with(|| left.measure.cmp(&right.measure))
    });
    list
}

fn factors(rows: &Rows) -> Vec<Factor> {
    let mut list: Vec<Factor> = (0..rows.len())
        .filter_map(|row| {
            Some(Factor {
                reason: rows.text(row, "reason")?.to_owned(),
                points: rows.float(row, "contribution")? * 100.0,
            })
        })
        .collect();
    list.sort_by(|left, right| {
        right
            .points
            .abs()
            .total_cmp(&left.points.abs())
            .then_with(|| left.reason.cmp(&right.reason))
    });
    list
}

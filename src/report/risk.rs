//! The risk list: who is at risk, why, how much, until when, what to do.

use super::{Rows, table};
use crate::error::Result;
use crate::publish;
use crate::storage::Storage;

/// Which rows of the risk list are wanted; an absent part lets everything pass.
#[derive(Clone, Debug, Default)]
pub struct RiskFilter {
    /// Only accounts of this owner.
    pub owner: Option<String>,
    /// Only accounts of this segment.
    pub segment: Option<String>,
    /// Only accounts of this tier of risk.
    pub tier: Option<String>,
    /// At most this many rows.
    pub limit: Option<usize>,
}

/// The published risk list, most urgent first.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if nothing is published there.
pub async fn risk_list(storage: &Storage, filter: &RiskFilter) -> Result<Rows> {
    let commit = publish::published(storage).await?;
    let mut rows = table(storage, &commit, "risk_list")
        .await?
        .sorted_by("rank");
    let wanted = [
        ("owner_id", &filter.owner),
        ("segment", &filter.segment),
        ("tier", &filter.tier),
    ];
    for (column, value) in wanted {
        if let Some(value) = value {
            rows = rows.only(column, &[value]);
        }
    }
    Ok(filter
        .limit
        .map_or_else(|| rows.clone(), |most| rows.first(most)))
}

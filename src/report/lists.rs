//! The published lists by the names that people type: which table each is, in which
//! order it is worked through, and which columns a person reads.
//!
//! Nothing is ranked or left out here that the tables do not say themselves: rows that
//! wait or are kept out have a status of their own.

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish::{self, Commit};
use crate::storage::Storage;

/// A list for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// The name that people type.
    pub name: &'static str,
    /// The published table.
    pub table: &'static str,
    /// The columns that order the rows; those of the table's grain where there are none.
    order: &'static [&'static str],
    /// What the column `status` says of rows to work on; every row when empty.
    shown: &'static [&'static str],
    /// Columns of a table for people.
    pub columns: &'static [&'static str],
}

/// Every list, in the order of the documentation.
pub const LISTS: [List; 11] = [
    List {
        name: "risk",
        table: "risk_list",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "account_id",
            "account_name",
            "owner_id",
            "churn_probability",
            "score",
            "arr_at_risk",
            "currency",
            "renews_on",
            "why",
            "next_step",
        ],
    },
    List {
        name: "expansion",
        table: "expansion_list",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "account_id",
            "account_name",
            "owner_id",
            "product_name",
            "amount",
            "currency",
            "renews_on",
            "why",
            "next_step",
        ],
    },
    List {
        name: "advocate",
        table: "advocate_list",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "contact_id",
            "account_id",
            "account_name",
            "owner_id",
            "role",
            "score",
            "answered_on",
            "why",
            "next_step",
        ],
    },
    List {
        name: "nurture",
        table: "nurture_list",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "account_id",
            "account_name",
            "owner_id",
            "stage",
            "days_in_stage",
            "amount",
            "currency",
            "why",
            "next_step",
        ],
    },
    List {
        name: "survey-send",
        table: "survey_send_list",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "contact_id",
            "account_id",
            "account_name",
            "role",
            "kind",
            "stage",
            "last_asked_on",
            "send_until",
            "why",
        ],
    },
    List {
        name: "next-best-action",
        table: "next_best_action",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "account_id",
            "account_name",
            "owner_id",
            "contact_id",
            "role",
            "stage",
            "content_id",
            "decision",
            "why",
            "next_step",
        ],
    },
    List {
        name: "alert",
        table: "alert",
        order: &["rank"],
        shown: &["listed"],
        columns: &[
            "rank",
            "account_id",
            "account_name",
            "owner_id",
            "alert",
            "happened_on",
            "why",
            "next_step",
        ],
    },
    List {
        name: "task",
        table: "task",
        order: &["due_on", "urgency", "list_rank", "task_key"],
        shown: &["open", "proposed"],
        columns: &[
            "due_on",
            "account_id",
            "account_name",
            "owner_id",
            "task_type",
            "status",
            "opened_on",
            "why",
            "next_step",
        ],
    },
    List {
        name: "task-diff",
        table: "task_diff",
        order: &[],
        shown: &[],
        columns: &[
            "change", "task_key", "owner_id", "status", "due_on", "changed", "why",
        ],
    },
    List {
        name: "loop-outcome",
        table: "loop_outcome",
        order: &[],
        shown: &[],
        columns: &[
            "task_type",
            "outcome",
            "n_task",
            "rate_task",
            "n_held_out",
            "rate_held_out",
            "difference",
            "difference_low",
            "difference_high",
            "is_too_few",
        ],
    },
    List {
        name: "kpi",
        table: "kpi_overview",
        order: &[],
        shown: &[],
        columns: &[
            "measure",
            "currency",
            "direction",
            "unit",
            "value",
            "low",
            "high",
            "n",
            "value_before",
            "change",
            "is_better",
        ],
    },
];

/// The list of this name.
pub fn list_named(name: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| list.name == name)
}

/// Which rows of a list are wanted; an absent part lets everything pass.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only rows of this owner.
    pub owner: Option<String>,
    /// Only accounts of this segment.
    pub segment: Option<String>,
    /// Only accounts of this tier of risk.
    pub tier: Option<String>,
    /// At most this many rows.
    pub limit: Option<usize>,
    /// Also rows that wait, are kept out, or are done.
    pub is_whole: bool,
}

/// The newest published rows of a list, in the order in which they are worked through.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if nothing is published there, or the list has no
/// such column to choose by.
pub async fn list(storage: &Storage, list: &List, filter: &ListFilter) -> Result<Rows> {
    let commit = publish::published(storage).await?;
    list_of(storage, &commit, list, filter).await
}

/// As [`list()`], of a commit.
///
/// # Errors
/// As [`list()`].
pub async fn list_of(
    storage: &Storage,
    commit: &Commit,
    list: &List,
    filter: &ListFilter,
) -> Result<Rows> {
    let mut rows = table(storage, commit, list.table).await?;
    if !list.order.is_empty() {
        rows = rows.sorted_by_all(list.order);
    }
    if !filter.is_whole && !list.shown.is_empty() {
        rows = rows.only("status", list.shown);
    }
    let wanted = [
        ("owner_id", "--owner", &filter.owner),
        ("segment", "--segment", &filter.segment),
        ("tier", "--tier", &filter.tier),
    ];
    for (column, option, value) in wanted {
        let Some(value) = value else { continue };
        if rows.batch().column_by_name(column).is_none() {
            return Err(Error::usage(format!(
                "the list `{}` has no column `{column}` to choose by with {option}",
                list.name
            )));
        }
        rows = rows.only(column, &[value]);
    }
    Ok(filter
        .limit
        .map_or_else(|| rows.clone(), |most| rows.first(most)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_tables_are_each_there_once() {
        let names: BTreeSet<_> = LISTS.iter().map(|list| list.name).collect();
        let tables: BTreeSet<_> = LISTS.iter().map(|list| list.table).collect();
        assert_eq!((names.len(), tables.len()), (LISTS.len(), LISTS.len()));
        assert_eq!(LISTS.map(|list| list.name), crate::config::LIST_NAMES);
        assert_eq!(list_named("risk").map(|list| list.table), Some("risk_list"));
        assert!(list_named("risks").is_none());
    }
}

//! Who goes into which arm of an experiment that is about to begin.
//!
//! Accounts are dealt out within strata, so that the arms hold as many of each kind
//! as their shares say. The order within a stratum is that of a hash over the
//! experiment and the account: nobody chooses, and the same accounts give the same
//! file. Nothing is kept here; the file is the record, and whoever runs the
//! experiment reports exposures back in the extract `exposure`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish;
use crate::storage::{Digest, Storage};

/// Columns of `account_profile` that a stratum may be made of.
const ATTRIBUTES: [&str; 5] = ["segment", "industry", "region", "country", "owner_id"];

/// An experiment to be.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Its name; another name gives another deal.
    pub experiment: String,
    /// The arms with their shares, relative to each other.
    pub arms: Vec<(String, u32)>,
    /// Attributes whose values are spread evenly.
    pub strata: Vec<String>,
    /// Every account, in place of customers only.
    pub everybody: bool,
}

impl Assignment {
    fn validate(&self) -> Result<()> {
        let mut names: Vec<&str> = self.arms.iter().map(|(arm, _)| arm.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < 2 || names.len() != self.arms.len() || names.contains(&"") {
            return Err(
                Error::usage("an experiment needs two or more arms of different names")
                    .with_hint("for example `--arm control --arm treatment`"),
            );
        }
        if self.arms.iter().any(|(_, share)| *share == 0) {
            return Err(Error::usage("every arm needs a share above zero"));
        }
        match (self.strata.iter()).find(|name| !ATTRIBUTES.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Error::usage(format!("accounts have no attribute `{name}`"))
                .with_hint(format!("use {}", ATTRIBUTES.join(", ")))),
        }
    }
}

/// The accounts of the newest publication with their arms: columns experiment,
/// `account_id`, stratum, arm, ordered by account.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if nothing is published there, or the arms or
/// attributes are not right.
pub async fn assign(storage: &Storage, assignment: &Assignment) -> Result<Rows> {
    assignment.validate()?;
    let commit = publish::published(storage).await?;
    let mut accounts = table(storage, &commit, "account_profile").await?;
    if !assignment.everybody {
        accounts = accounts.only_true("is_customer");
    }
    let listed: Vec<(String, String)> = (0..accounts.len())
        .filter_map(|row| {
            let account = accounts.text(row, "account_id")?.to_owned();
            let values = assignment.strata.iter();
            let values = values.map(|name| accounts.text(row, name).unwrap_or("unknown"));
            Some((account, values.collect::<Vec<_>>().join(" / ")))
        })
        .collect();
    rows(assignment, &deal(assignment, &listed))
}

fn hash(assignment: &Assignment, kind: &str, name: &str) -> String {
    Digest::of(format!("{}\n{kind}\n{name}", assignment.experiment).as_bytes()).sha256
}

/// Account, stratum and arm, by account.
fn deal(assignment: &Assignment, accounts: &[(String, String)]) -> Vec<[String; 3]> {
    let mut strata: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    for (account, stratum) in accounts {
        let place = hash(assignment, "account", account);
        strata
            .entry(stratum)
            .or_default()
            .push((place, account.as_str()));
    }
    let shares: u64 = assignment.arms.iter().map(|arm| u64::from(arm.1)).sum();
    let mut dealt = Vec::new();
    for (stratum, mut members) in strata {
        members.sort();
        // where arms are owed the same, the stratum's own order decides: else every
        // small stratum would begin with the same arm
        let mut arms: Vec<(String, &str, u64, u64)> = (assignment.arms.iter())
            .map(|(arm, share)| {
                let place = hash(assignment, stratum, arm);
                (place, arm.as_str(), u64::from(*share), 0)
            })
            .collect();
        arms.sort();
        for (number, (_, account)) in (1_u64..).zip(members) {
            // signed, because an arm may be ahead of its share
            let owed = |arm: &(String, &str, u64, u64)| {
                i128::from(arm.2 * number) - i128::from(arm.3 * shares)
            };
            let mut next = 0;
            for place in 1..arms.len() {
                if owed(&arms[place]) > owed(&arms[next]) {
                    next = place;
                }
            }
            arms[next].3 += 1;
            let arm = arms[next].1.to_owned();
            dealt.push([account.to_owned(), stratum.to_owned(), arm]);
        }
    }
    dealt.sort();
    dealt
}

fn rows(assignment: &Assignment, dealt: &[[String; 3]]) -> Result<Rows> {
    let names = ["experiment", "account_id", "stratum", "arm"];
    let fields = names.map(|name| Field::new(name, DataType::Utf8, false));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let experiment = dealt.iter().map(|_| assignment.experiment.as_str());
    let column = |place: usize| -> ArrayRef {
        let values = dealt.iter().map(move |row| row[place].as_str());
        Arc::new(StringArray::from_iter_values(values))
    };
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(StringArray::from_iter_values(experiment)),
            column(0),
            column(1),
            column(2),
        ],
    )
    .map_err(|cause| Error::bug("an assignment has uneven columns").with_source(cause))?;
    Rows::from_batches(&schema, &[batch])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(shares: [u32; 2]) -> Assignment {
        Assignment {
            experiment: "guided_start".to_owned(),
            arms: vec![
                ("control".to_owned(), shares[0]),
                ("treatment".to_owned(), shares[1]),
            ],
            strata: vec!["segment".to_owned()],
            everybody: false,
        }
    }

    fn accounts(count: usize) -> Vec<(String, String)> {
        let stratum = |number: usize| {
            if number.is_multiple_of(3) {
                "smb"
            } else {
                "mid"
            }
        };
        (0..count)
            .map(|number| (format!("A{number:04}"), stratum(number).to_owned()))
            .collect()
    }

    fn count(dealt: &[[String; 3]], stratum: &str, arm: &str) -> usize {
        let fits = |row: &&[String; 3]| row[1] == stratum && row[2] == arm;
        dealt.iter().filter(fits).count()
    }

    #[test]
    fn arms_hold_their_share_of_every_stratum() {
        let dealt = deal(&experiment([1, 1]), &accounts(300));
        assert_eq!(dealt.len(), 300);
        for stratum in ["smb", "mid"] {
            let (control, treatment) = (
                count(&dealt, stratum, "control"),
                count(&dealt, stratum, "treatment"),
            );
            assert_eq!(control, treatment, "{stratum}");
        }
        let dealt = deal(&experiment([1, 4]), &accounts(300));
        assert_eq!(count(&dealt, "smb", "control"), 20);
        assert_eq!(count(&dealt, "smb", "treatment"), 80);
    }

    #[test]
    fn the_order_of_the_accounts_changes_nothing_and_the_name_everything() {
        let mut turned = accounts(100);
        turned.reverse();
        let first = deal(&experiment([1, 1]), &accounts(100));
        assert_eq!(first, deal(&experiment([1, 1]), &turned));
        let mut other = experiment([1, 1]);
        other.experiment = "new_banner".to_owned();
        assert_ne!(first, deal(&other, &accounts(100)));
    }

    /// Strata of one account each: the first place must not always be the control's.
    #[test]
    fn small_strata_do_not_all_begin_with_one_arm() {
        let lonely: Vec<(String, String)> = (0..400)
            .map(|number| (format!("A{number}"), format!("stratum {number}")))
            .collect();
        let dealt = deal(&experiment([1, 1]), &lonely);
        let control = dealt.iter().filter(|row| row[2] == "control").count();
        assert!((160..240).contains(&control), "{control}");
    }

    #[test]
    fn arms_and_attributes_are_checked() {
        assert!(experiment([1, 1]).validate().is_ok());
        assert!(experiment([0, 1]).validate().is_err());
        let mut twice = experiment([1, 1]);
        twice.arms[1].0 = "control".to_owned();
        assert!(twice.validate().is_err());
        let mut unknown = experiment([1, 1]);
        unknown.strata.push("mood".to_owned());
        let error = unknown.validate().unwrap_err();
        assert!(error.to_string().contains("mood"), "{error}");
    }
}

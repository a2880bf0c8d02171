//! Who goes into which arm of an experiment that is about to begin.
//!
//! Accounts are dealt out within strata, so that the arms hold as many of each kind
//! as their shares say. The order within a stratum is that of a hash over the
//! experiment and the account: nobody chooses, and the same accounts give the same
//! file. Accounts of an earlier file keep their arm, whatever has become of them since, and
//! count in what the arms are owed. Nothing is kept here; the file is the record, and
//! whoever runs the experiment reports exposures back in the extract `exposure`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish;
use crate::storage::{Digest, Storage};

/// Columns of `account_profile` that a stratum may be made of.
const ATTRIBUTES: [&str; 5] = ["segment", "industry", "region", "country", "owner_id"];

/// Columns of an assignment.
const COLUMNS: [&str; 4] = ["experiment", "account_id", "stratum", "arm"];

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
    /// Who was assigned before, and stays where they are.
    pub earlier: Vec<Assigned>,
}

/// An account with its arm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assigned {
    /// The account.
    pub account_id: String,
    /// What it had in common with others when it was assigned.
    pub stratum: String,
    /// Its arm.
    pub arm: String,
}

impl Assignment {
    /// The rows of a file that an earlier assignment of the same experiment wrote as CSV.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] for what is no such file.
    pub fn earlier_of(experiment: &str, text: &str) -> Result<Vec<Assigned>> {
        let wrong = |what: String| {
            Error::usage(what).with_hint("give the CSV file that an earlier `kenko assign` wrote")
        };
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let header = reader.headers().map_err(|cause| wrong(cause.to_string()))?;
        if header.iter().ne(COLUMNS) {
            return Err(wrong(format!("the columns are not {}", COLUMNS.join(", "))));
        }
        let mut found = Vec::new();
        for row in reader.into_records() {
            let row = row.map_err(|cause| wrong(cause.to_string()))?;
            let cell = |place: usize| row.get(place).unwrap_or_default().to_owned();
            if cell(0) != experiment {
                return Err(wrong(format!(
                    "the file is of the experiment `{}`, not of `{experiment}`",
                    cell(0)
                )));
            }
            found.push(Assigned {
                account_id: cell(1),
                stratum: cell(2),
                arm: cell(3),
            });
        }
        Ok(found)
    }

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
        let mut accounts = BTreeSet::new();
        for assigned in &self.earlier {
            if !self.arms.iter().any(|(arm, _)| *arm == assigned.arm) {
                return Err(Error::usage(format!(
                    "`{}` is in the arm `{}`, which is not among the arms now",
                    assigned.account_id, assigned.arm
                ))
                .with_hint("an experiment keeps its arms; another needs another name"));
            }
            if !accounts.insert(&assigned.account_id) {
                return Err(Error::usage(format!(
                    "`{}` was assigned twice before",
                    assigned.account_id
                )));
            }
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

/// Who was assigned before, and who is assigned now, by account.
fn deal(assignment: &Assignment, accounts: &[(String, String)]) -> Vec<Assigned> {
    let earlier = &assignment.earlier;
    let known: BTreeSet<&str> = (earlier.iter())
        .map(|assigned| assigned.account_id.as_str())
        .collect();
    let taken = |stratum: &str, arm: &str| {
        let fits = |assigned: &&Assigned| assigned.stratum == stratum && assigned.arm == arm;
        u64::try_from(earlier.iter().filter(fits).count()).unwrap_or(u64::MAX)
    };
    let mut strata: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    let fresh = (accounts.iter()).filter(|(account, _)| !known.contains(account.as_str()));
    for (account, stratum) in fresh {
        let place = hash(assignment, "account", account);
        strata
            .entry(stratum)
            .or_default()
            .push((place, account.as_str()));
    }
    let shares: u64 = assignment.arms.iter().map(|arm| u64::from(arm.1)).sum();
    let mut dealt = earlier.clone();
    for (stratum, mut members) in strata {
        members.sort();
        // where arms are owed the same, the stratum's own order decides: else every
        // small stratum would begin with the same arm
        let mut arms: Vec<(String, &str, u64, u64)> = (assignment.arms.iter())
            .map(|(arm, share)| {
                let place = hash(assignment, stratum, arm);
                (place, arm.as_str(), u64::from(*share), taken(stratum, arm))
            })
            .collect();
        arms.sort();
        let before: u64 = arms.iter().map(|arm| arm.3).sum();
        for (number, (_, account)) in (before + 1..).zip(members) {
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
            dealt.push(Assigned {
                account_id: account.to_owned(),
                stratum: stratum.to_owned(),
                arm,
            });
        }
    }
    dealt.sort();
    dealt
}

fn rows(assignment: &Assignment, dealt: &[Assigned]) -> Result<Rows> {
    let fields = COLUMNS.map(|name| Field::new(name, DataType::Utf8, false));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let experiment = dealt.iter().map(|_| assignment.experiment.as_str());
    let column = |of: fn(&Assigned) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(dealt.iter().map(of)))
    };
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(StringArray::from_iter_values(experiment)),
            column(|assigned| &assigned.account_id),
            column(|assigned| &assigned.stratum),
            column(|assigned| &assigned.arm),
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
            earlier: Vec::new(),
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

    fn count(dealt: &[Assigned], stratum: &str, arm: &str) -> usize {
        let fits = |row: &&Assigned| row.stratum == stratum && row.arm == arm;
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
        let control = dealt.iter().filter(|row| row.arm == "control").count();
        assert!((160..240).contains(&control), "{control}");
    }

    #[test]
    fn more_accounts_move_nobody_and_the_arms_stay_level() {
        let mut assignment = experiment([1, 1]);
        let first = deal(&assignment, &accounts(101));
        assignment.earlier.clone_from(&first);
        // the newcomers' keys lie among those that were there, and two accounts are gone
        let mut grown = accounts(300);
        grown.retain(|(account, _)| account != "A0003" && account != "A0004");
        grown.extend((0..50).map(|number| (format!("A{number:04}b"), "smb".to_owned())));
        let second = deal(&assignment, &grown);
        assert!(first.iter().all(|assigned| second.contains(assigned)));
        assert_eq!(second.len(), 350);
        for stratum in ["smb", "mid"] {
            let control = count(&second, stratum, "control");
            let treatment = count(&second, stratum, "treatment");
            assert!(
                control.abs_diff(treatment) <= 1,
                "{control} and {treatment}"
            );
        }
        // without the earlier file newcomers do move others: the file is needed
        let anew = deal(&experiment([1, 1]), &grown);
        assert!(first.iter().any(|assigned| !anew.contains(assigned)));
    }

    #[test]
    fn the_earlier_file_is_that_of_this_experiment() {
        let text = "experiment,account_id,stratum,arm\nguided_start,A1,smb,control\n";
        let read = |text: &str| Assignment::earlier_of("guided_start", text);
        let found = read(text).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].arm, "control");
        assert_eq!(read(&format!("\u{feff}{text}")).unwrap(), found);
        assert!(read("account_id,arm\nA1,control\n").is_err());
        assert!(read(&text.replace("guided", "other")).is_err());
        let mut assignment = experiment([1, 1]);
        assignment.earlier = vec![found[0].clone(), found[0].clone()];
        assert!(assignment.validate().is_err());
        assignment.earlier.truncate(1);
        assert!(assignment.validate().is_ok());
        assignment.earlier[0].arm = "gone".to_owned();
        assert!(assignment.validate().is_err());
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

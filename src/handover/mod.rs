//! What a published run hands to people: files of lists, a digest for each owner, and
//! messages where the pipeline says so.
//!
//! All of it follows from the newest published tables and can be made again, but for one
//! thing: a message is sent at most once for an owner and a day. A mark is created before
//! it is sent; if the process dies in between, the message is lost and never doubled.
//! Nothing here is part of a publication: a run is published whatever becomes of this.

mod digest;
mod webhook;

use bytes::Bytes;

use crate::config::{Handover, Language, Pipeline, SheetFormat};
use crate::error::{Error, Result};
use crate::publish::{self, Commit};
use crate::report::{self, ListFilter, Rows, for_reader, list_named, list_of};
use crate::storage::{Created, Storage};
use crate::time::{RunClock, RunId};

pub use digest::{Message, messages};
pub use webhook::{Address, HttpSender, Sender};

/// What was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandedOver {
    /// Files written, relative to the output.
    pub files: Vec<String>,
    /// Owners to whom a message was sent now.
    pub sent: Vec<String>,
    /// Owners whose message of the day had been sent, or tried, before.
    pub sent_before: Vec<String>,
    /// Owners whose message was not delivered, and why. It is not sent again.
    pub failed: Vec<(String, String)>,
}

/// Writes files and digests of the newest published day, and sends the digests.
///
/// `address` is what the environment says of the webhook; `sender` sends.
///
/// # Errors
/// Those of the storage; [`crate::error::ErrorKind::Usage`] when an address is missing,
/// not `https://`, or names a host that the pipeline does not.
pub async fn hand_over(
    storage: &Storage,
    pipeline: &Pipeline,
    address: Option<&str>,
    sender: &dyn Sender,
) -> Result<HandedOver> {
    let handover = &pipeline.handover;
    let mut done = HandedOver::default();
    if *handover == Handover::default() {
        return Ok(done);
    }
    // An address that cannot be used is told before anything is written.
    let address = match &handover.webhook {
        Some(webhook) => Some(Address::parse(webhook, address)?),
        None => None,
    };
    let commit = publish::published(storage).await?;
    write_lists(storage, &commit, pipeline, &mut done).await?;
    let Some(digest) = handover.digest else {
        return Ok(done);
    };
    let language = language_of(pipeline);
    let tasks = tasks(storage, &commit, language).await?;
    let most = usize::from(digest.tasks);
    for message in messages(&tasks, &commit.as_of, most, language) {
        let path = format!(
            "lists/digest/{}/{}.json",
            commit.as_of,
            file_name(&message.owner)
        );
        let body = Bytes::from(message.body.clone());
        storage.put(&path, body.clone()).await?;
        done.files.push(path);
        if let Some(address) = &address {
            send_once(
                storage,
                &commit,
                &message.owner,
                body,
                address,
                sender,
                &mut done,
            )
            .await?;
        }
    }
    Ok(done)
}

async fn write_lists(
    storage: &Storage,
    commit: &Commit,
    pipeline: &Pipeline,
    done: &mut HandedOver,
) -> Result<()> {
    for name in &pipeline.handover.lists {
        let list = list_named(name)
            .ok_or_else(|| Error::bug(format!("the configuration knows a list `{name}`")))?;
        if commit.table(list.table).is_none() {
            // the pipeline's `marts:` leaves it out
            continue;
        }
        let language = language_of(pipeline);
        let rows = list_of(storage, commit, list, &ListFilter::default()).await?;
        let rows = for_reader(list, &rows, language);
        for format in &pipeline.handover.formats {
            let (ending, content) = match format {
                SheetFormat::Csv => (
                    "csv",
                    report::csv(rows.batch(), language, pipeline.handover.byte_order_mark)?,
                ),
                SheetFormat::Xlsx => ("xlsx", report::xlsx(rows.batch(), list.table, language)?),
            };
            let path = format!("lists/{}.{ending}", list.table);
            storage.put(&path, content.into()).await?;
            done.files.push(path);
        }
    }
    Ok(())
}

/// The tasks to work on, or none where the pipeline leaves them out.
async fn tasks(storage: &Storage, commit: &Commit, language: Language) -> Result<Rows> {
    let list = list_named("task").ok_or_else(|| Error::bug("there is no list of tasks"))?;
    let rows = list_of(storage, commit, list, &ListFilter::default()).await?;
    Ok(for_reader(list, &rows, language))
}

/// The language of whoever reads what is handed over.
fn language_of(pipeline: &Pipeline) -> Language {
    pipeline.handover.language.unwrap_or(pipeline.language)
}

async fn send_once(
    storage: &Storage,
    commit: &Commit,
    owner: &str,
    body: Bytes,
    address: &Address,
    sender: &dyn Sender,
    done: &mut HandedOver,
) -> Result<()> {
    // Ours alone: of two processes one creates it, and that one sends.
    let attempt = RunId::new(RunClock);
    let mark = serde_json::json!({
        "attempt": attempt.as_str(),
        "commit": commit.commit_id,
        "owner": owner,
    });
    let mark = Bytes::from(format!("{mark}\n"));
    let path = format!("_kenko/sent/{}/{}.json", commit.as_of, file_name(owner));
    let created = storage
        .create_once(&path, mark.clone(), |stored| stored == &mark[..])
        .await?;
    if let Created::Taken(_) = created {
        done.sent_before.push(owner.to_owned());
        return Ok(());
    }
    match sender.send(address, body).await {
        Ok(()) => done.sent.push(owner.to_owned()),
        Err(error) => done.failed.push((owner.to_owned(), error.to_string())),
    }
    Ok(())
}

/// An owner's name as the name of a file: what is not a letter of some script, a digit,
/// `-` or `_` is written as `=` and its bytes, so that two owners never share a file.
fn file_name(owner: &str) -> String {
    use std::fmt::Write;
    let mut name = String::new();
    for letter in owner.chars() {
        if letter.is_alphanumeric() || letter == '-' || letter == '_' {
            name.push(letter);
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a String cannot fail.
            let _ = write!(name, "={byte:02x}");
        }
    }
    if name.is_empty() {
        "=".to_owned()
    } else {
        name
    }
}

/// Whether a language is that of Japan.
const fn is_japanese(language: Language) -> bool {
    matches!(language, Language::Ja)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_do_not_share_files_and_leave_no_folder() {
        assert_eq!(file_name("o-1_A"), "o-1_A");
        assert_eq!(file_name("../x"), "=2e=2e=2fx");
        assert_eq!(file_name("佐藤 葵"), "佐藤=20葵");
        assert_ne!(file_name("a.b"), file_name("a=2eb"));
        assert_eq!(file_name(""), "=");
    }
}

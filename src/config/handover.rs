//! Where lists go when a run is published: files beside the tables, a digest for each
//! owner, and, only where a pipeline says so, messages.
//!
//! The address of a webhook is a secret and never stands here: the pipeline names the
//! environment variable that holds it, and the hosts that it may name.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Language, named_once};
use crate::error::{Error, Result};

/// The names of the lists, as `kenko list` takes them.
pub const LIST_NAMES: [&str; 11] = [
    "risk",
    "expansion",
    "advocate",
    "nurture",
    "survey-send",
    "next-best-action",
    "alert",
    "task",
    "task-diff",
    "loop-outcome",
    "kpi",
];

/// The section `handover:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Lists written below `<output>/lists/`, by the names of `kenko list`.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Their formats: csv, xlsx.
    #[serde(default)]
    pub formats: BTreeSet<SheetFormat>,
    /// Language of the files and digests: en or ja; the pipeline's when left out.
    pub language: Option<Language>,
    /// Begin CSV with a byte order mark.
    #[serde(default)]
    pub byte_order_mark: bool,
    /// A digest for each owner, in the shape of a Slack message.
    pub digest: Option<Digest>,
    /// Where digests are sent; nowhere when left out.
    pub webhook: Option<Webhook>,
}

/// Format of a file for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SheetFormat {
    /// Comma-separated values.
    Csv,
    /// A workbook.
    Xlsx,
}

/// A digest for each owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// So many tasks at most, the most urgent first; 1 to 40.
    pub tasks: u16,
}

/// Where digests are sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The environment variable that holds the address, which must be `https://`.
    pub address_from: String,
    /// Hosts that the address may name.
    pub hosts: Vec<String>,
}

pub(crate) fn validate(handover: &Handover) -> Result<()> {
    named_once("handover.lists", handover.lists.iter().map(String::as_str))?;
    if let Some(unknown) = (handover.lists.iter()).find(|name| !LIST_NAMES.contains(&name.as_str()))
    {
        return Err(
            Error::usage(format!("`handover.lists`: `{unknown}` is no list"))
                .with_hint(format!("lists are {}", LIST_NAMES.join(", "))),
        );
    }
    if !handover.lists.is_empty() && handover.formats.is_empty() {
        return Err(Error::usage("`handover.lists` needs `formats`")
            .with_hint("write `formats: [csv]`, `[xlsx]` or both"));
    }
    if let Some(digest) = handover.digest
        && !(1..=40).contains(&digest.tasks)
    {
        return Err(Error::usage(
            "`handover.digest.tasks` must lie within 1 and 40: Slack takes 50 blocks a message",
        ));
    }
    let Some(webhook) = &handover.webhook else {
        return Ok(());
    };
    if handover.digest.is_none() {
        return Err(Error::usage("`handover.webhook` sends digests")
            .with_hint("write `digest: {tasks: 10}`"));
    }
    named_once(
        "handover.webhook.hosts",
        webhook.hosts.iter().map(String::as_str),
    )?;
    if webhook.hosts.is_empty() {
        return Err(Error::usage("`handover.webhook.hosts` names no host"));
    }
    let is_variable =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    if webhook.address_from.is_empty() || !webhook.address_from.chars().all(is_variable) {
        return Err(
            Error::usage("`handover.webhook.address_from` names an environment variable")
                .with_hint(
                    "the address is a secret: write the name of the variable, not the address",
                ),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<()> {
        let handover: Handover = serde_saphyr::from_str(text).unwrap();
        validate(&handover)
    }

    #[test]
    fn an_address_never_stands_in_the_pipeline() {
        let text = |from: &str| {
            format!(
                "digest: {{tasks: 5}}\nwebhook: {{address_from: \"{from}\", hosts: [hooks.slack.com]}}\n"
            )
        };
        assert!(read(&text("SLACK_WEBHOOK")).is_ok());
        assert!(read(&text("https://hooks.slack.com/services/x")).is_err());
        assert!(read(&text("")).is_err());
    }

    #[test]
    fn what_is_sent_is_a_digest_to_named_hosts() {
        assert!(read("webhook: {address_from: A, hosts: [h]}\n").is_err());
        assert!(read("digest: {tasks: 5}\nwebhook: {address_from: A, hosts: []}\n").is_err());
        assert!(read("digest: {tasks: 41}\n").is_err());
        assert!(read("lists: [risk]\n").is_err());
        assert!(read("lists: [risks]\nformats: [csv]\n").is_err());
        assert!(read("lists: [risk]\nformats: [csv, xlsx]\n").is_ok());
    }
}

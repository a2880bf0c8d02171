//! What a pipeline hands to people once something is published: files, digests, messages.
//!
//! The address of a webhook is looked at before a night begins, because one that cannot be
//! used should not cost a night.

use super::printer::Printer;
use super::watch::tell;
use crate::error::{Error, Result};
use crate::handover::{Address, HandedOver, HttpSender, hand_over};
use crate::run::Project;
use crate::storage::Storage;

/// The webhook's address as the environment has it, once it can be used.
pub(crate) fn address(project: &Project) -> Result<Option<String>> {
    let Some(webhook) = &project.pipeline.handover.webhook else {
        return Ok(None);
    };
    let address = std::env::var(&webhook.address_from).ok();
    Address::parse(webhook, address.as_deref())?;
    Ok(address)
}

/// Hands over the newest published day of `output`, and tells what that was.
pub(crate) async fn deliver(
    project: &Project,
    output: &str,
    address: Option<&str>,
    printer: Printer,
) -> Result<()> {
    let handed = handed_over(project, output, address)
        .await
        .map_err(|cause| {
            Error::new(
                cause.kind(),
                "the run is published, but its lists are not handed over",
            )
            .with_hint("run again: that only hands them over")
            .with_source(cause)
        })?;
    for line in told(&handed) {
        tell(printer, &line);
    }
    Ok(())
}

async fn handed_over(project: &Project, output: &str, address: Option<&str>) -> Result<HandedOver> {
    let storage = Storage::open(output)?;
    let sender = HttpSender::https()?;
    hand_over(&storage, &project.pipeline, address, &sender).await
}

fn told(handed: &HandedOver) -> Vec<String> {
    let mut lines = Vec::new();
    if !handed.files.is_empty() {
        lines.push(format!("{} files of lists written", handed.files.len()));
    }
    if !handed.sent.is_empty() {
        lines.push(format!("digests sent: {}", handed.sent.len()));
    }
    if !handed.sent_before.is_empty() {
        lines.push(format!(
            "digests not sent again, because each is sent once a day: {}",
            handed.sent_before.len()
        ));
    }
    for (owner, why) in &handed.failed {
        lines.push(format!(
            "the digest for `{owner}` was not delivered and is not sent again: {why}"
        ));
    }
    lines
}

//! `kenko run`: one night, then a short summary, then what the pipeline hands to people.

use super::args::RunArgs;
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use super::summary::summary;
use super::watch::{self, tell};
use crate::error::{Error, Result};
use crate::handover::{Address, HandedOver, HttpSender, hand_over};
use crate::run::{Outcome, Project, RunOptions, RunReport};
use crate::storage::Storage;

pub(crate) async fn run(args: &RunArgs, printer: Printer) -> Result<()> {
    let options = RunOptions {
        as_of: args.pipeline.as_of.clone(),
        output: args.pipeline.output.clone(),
        select: args.pipeline.select.clone(),
        threads: threads(args.machine.threads),
        memory_bytes: memory_bytes(&args.machine)?,
        full: args.full,
    };
    let project = Project::load(&args.pipeline.pipeline).await?;
    let address = address(&project);
    if let Some(webhook) = &project.pipeline.handover.webhook {
        // An address that cannot be used should not cost a night.
        Address::parse(webhook, address.as_deref())?;
    }
    let observer = watch::observer(printer);
    let report = crate::run::run(&project, &options, observer.as_ref()).await?;
    drop(observer);
    printer.data(summary(&report).await?.as_bytes())?;
    if matches!(report.outcome, Outcome::Previewed(_)) {
        return Ok(());
    }
    let handed = deliver(&project, &report, address.as_deref())
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

fn address(project: &Project) -> Option<String> {
    let webhook = project.pipeline.handover.webhook.as_ref()?;
    std::env::var(&webhook.address_from).ok()
}

async fn deliver(
    project: &Project,
    report: &RunReport,
    address: Option<&str>,
) -> Result<HandedOver> {
    let storage = Storage::open(&report.output)?;
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

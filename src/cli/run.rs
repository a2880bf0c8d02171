//! `kenko run`: one night, then a short summary, then what the pipeline hands to people.

use super::args::RunArgs;
use super::deliver::{address, deliver};
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use super::summary::summary;
use super::watch;
use crate::error::Result;
use crate::run::{Outcome, Project, RunOptions};

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
    let address = address(&project)?;
    let observer = watch::observer(printer);
    let report = crate::run::run(&project, &options, observer.as_ref()).await?;
    drop(observer);
    printer.data(summary(&report).await?.as_bytes())?;
    if matches!(report.outcome, Outcome::Previewed(_)) {
        return Ok(());
    }
    deliver(&project, &report.output, address.as_deref(), printer).await
}

//! `kenko run`: one night, then a short summary.

use super::args::RunArgs;
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use super::summary::summary;
use super::watch;
use crate::error::Result;
use crate::run::{Project, RunOptions};

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
    let observer = watch::observer(printer);
    let report = crate::run::run(&project, &options, observer.as_ref()).await?;
    drop(observer);
    printer.data(summary(&report).await?.as_bytes())
}

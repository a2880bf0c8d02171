//! `kenko verify`: do stored results come out the same again?

use super::args::VerifyArgs;
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use super::watch::{self, tell};
use crate::error::Result;
use crate::run::{Project, RunOptions};

pub(crate) async fn verify(args: &VerifyArgs, printer: Printer) -> Result<()> {
    let options = RunOptions {
        as_of: args.as_of.clone(),
        output: args.output.clone(),
        select: Vec::new(),
        threads: threads(args.machine.threads),
        memory_bytes: memory_bytes(&args.machine)?,
        // Nothing that was found out before is taken for granted.
        full: true,
    };
    let project = Project::load(&args.pipeline).await?;
    let observer = watch::observer(printer);
    let found = crate::run::verify(&project, &options, args.sample, observer.as_ref()).await?;
    drop(observer);
    tell(
        printer,
        &format!(
            "as of {}: {} results are stored; {} were computed again and are equal",
            found.as_of, found.stored, found.equal
        ),
    );
    Ok(())
}

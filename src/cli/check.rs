//! `kenko check`: is everything right that can be known without data?

use super::args::CheckArgs;
use super::printer::Printer;
use super::watch::tell;
use crate::error::Result;
use crate::run::{Project, validate};

pub(crate) async fn check(args: &CheckArgs, printer: Printer) -> Result<()> {
    let project = Project::load(&args.pipeline).await?;
    let found = validate(&project).await?;
    tell(
        printer,
        &format!(
            "{} is right: {} sources, {} models, {} checks",
            args.pipeline, found.sources, found.models, found.checks
        ),
    );
    Ok(())
}

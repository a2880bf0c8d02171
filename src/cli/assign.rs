//! `kenko assign`: the accounts of an experiment, dealt out to its arms.

use super::args::AssignArgs;
use super::format::render;
use super::printer::Printer;
use super::watch::tell;
use crate::error::{Error, Result};
use crate::report::{Assigned, Assignment, assign as deal};
use crate::storage::Storage;

pub(crate) async fn assign(args: &AssignArgs, printer: Printer) -> Result<()> {
    let arms = args.arms.iter().map(|arm| parsed(arm));
    let assignment = Assignment {
        experiment: args.experiment.clone(),
        arms: arms.collect::<Result<_>>()?,
        strata: args.by.clone(),
        everybody: args.everybody,
        earlier: earlier(args)?,
    };
    let storage = Storage::open(&args.published.output)?;
    let rows = deal(&storage, &assignment).await?;
    if rows.is_empty() {
        tell(printer, "no account fits");
    }
    printer.data(&render(rows.batch(), args.format)?)
}

/// Who is in the earlier file, if there is one.
fn earlier(args: &AssignArgs) -> Result<Vec<Assigned>> {
    let Some(file) = &args.earlier else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(file)
        .map_err(|cause| Error::usage(format!("`{file}` cannot be read")).with_source(cause))?;
    Assignment::earlier_of(&args.experiment, &text).map_err(|error| error.at(file, None, None))
}

/// `name` or `name=share`.
fn parsed(arm: &str) -> Result<(String, u32)> {
    let (name, share) = arm.split_once('=').unwrap_or((arm, "1"));
    let share = share.parse().map_err(|cause| {
        Error::usage(format!("`{arm}` is no arm"))
            .with_source(cause)
            .with_hint("write a name, or a name and a whole share: `control=2`")
    })?;
    Ok((name.to_owned(), share))
}

//! `kenko reference`: the frozen reference of health, as YAML for the pipeline.

use super::args::ReferenceArgs;
use super::printer::Printer;
use crate::error::Result;
use crate::storage::Storage;

pub(crate) async fn reference(args: &ReferenceArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let text = crate::report::reference(&storage, &args.measure).await?;
    printer.data(text.as_bytes())
}

//! `kenko query`: one SELECT over the published tables.

use super::args::QueryArgs;
use super::format::render;
use super::machine::{memory_bytes, threads};
use super::printer::Printer;
use crate::error::Result;
use crate::report::Rows;
use crate::run::{QueryOptions, query_published};
use crate::storage::Storage;

pub(crate) async fn query(args: &QueryArgs, printer: Printer) -> Result<()> {
    let storage = Storage::open(&args.published.output)?;
    let options = QueryOptions {
        threads: threads(args.machine.threads),
        memory_bytes: memory_bytes(&args.machine)?,
    };
    let (schema, batches) = query_published(&storage, &args.sql, &options).await?;
    let rows = Rows::from_batches(&schema, &batches)?;
    printer.data(&render(rows.batch(), args.format)?)
}

//! `kenko init`: the shipped models and pipelines in a folder of the user's.

use std::fs;
use std::path::Path;

use super::args::InitArgs;
use super::printer::Printer;
use super::watch::tell;
use crate::config::SHIPPED_PIPELINE;
use crate::error::{Error, Result};
use crate::model::shipped::shipped_files;

pub(crate) fn init(args: &InitArgs, printer: Printer) -> Result<()> {
    let folder = Path::new(&args.folder);
    let mut files = shipped_files()?;
    files.push(("pipelines/nightly.yaml".to_owned(), SHIPPED_PIPELINE));
    let mut written = 0;
    let mut kept = 0;
    for (path, text) in &files {
        if write_new(&folder.join(path), text)? {
            written += 1;
        } else {
            kept += 1;
        }
    }
    tell(
        printer,
        &format!(
            "{written} files written to {}, {kept} kept as they were\n\nnext, in that folder:\n  \
             kenko sample --accounts 60 --days 200 --to testdata\n  kenko run \
             pipelines/nightly.yaml\n\nto change a model, edit it under sql/ and let the pipeline \
             say `sql: ../sql`",
            folder.display()
        ),
    );
    Ok(())
}

/// Writes a file that is not there yet; says whether it did.
fn write_new(path: &Path, text: &str) -> Result<bool> {
    let failed = |cause: std::io::Error| {
        Error::usage(format!("cannot write {}", path.display())).with_source(cause)
    };
    if path.exists() {
        return Ok(false);
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)?;
    Ok(true)
}

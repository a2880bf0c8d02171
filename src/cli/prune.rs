//! `kenko prune`: remove what no kept commit reaches.

use super::args::PruneArgs;
use super::printer::Printer;
use super::watch::tell;
use crate::error::Result;
use crate::run::PruneOptions;

pub(crate) async fn prune(args: &PruneArgs, printer: Printer) -> Result<()> {
    let options = PruneOptions {
        older_than_days: args.older_than,
        keep_results: args.keep_results,
        dry_run: args.dry_run,
    };
    let output = &args.published.output;
    let found = crate::run::prune(output, options).await?;
    let bytes: u64 = found.iter().map(|object| object.bytes).sum();
    if args.dry_run {
        let mut paths = String::new();
        for object in &found {
            paths.push_str(&object.path);
            paths.push('\n');
        }
        printer.data(paths.as_bytes())?;
    }
    let done = if args.dry_run {
        "would be removed"
    } else {
        "removed"
    };
    let size = indicatif::HumanBytes(bytes);
    tell(
        printer,
        &format!("{} files, {size}, {done} from {output}", found.len()),
    );
    Ok(())
}

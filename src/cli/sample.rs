//! `kenko sample`: a simulated company.

use indicatif::{HumanBytes, HumanCount};

use super::args::{SampleArgs, WorldArg};
use super::printer::Printer;
use super::watch::{steps, tell};
use crate::error::Result;
use crate::sample::{Company, WorldKind, write};
use crate::storage::Storage;
use crate::time::parse_date;

pub(crate) async fn sample(args: &SampleArgs, printer: Printer) -> Result<()> {
    let mut company = Company::new(args.accounts, args.days, args.seed)?;
    company.last_day = parse_date(&args.until)?;
    company.events = args.events;
    company.truth_every_days = args.truth_every;
    company.world = match args.world {
        WorldArg::Hidden => WorldKind::Hidden,
        WorldArg::Observable => WorldKind::Observable,
        WorldArg::Chance => WorldKind::Chance,
    };
    company.play_effect = args.play_effect;
    let storage = Storage::open(&args.to)?;
    let bar = steps(printer);
    let summary = write(&company, &storage, args.threads.unwrap_or(0), &|step| {
        bar.set_length(step.total);
        bar.set_position(step.done);
        bar.set_message(step.unit);
    })
    .await?;
    bar.finish_and_clear();
    let rows: u64 = summary.tables.values().map(|table| table.rows).sum();
    tell(
        printer,
        &format!(
            "{} tables, {} rows, {} written to {}",
            summary.tables.len(),
            HumanCount(rows),
            HumanBytes(summary.bytes),
            args.to
        ),
    );
    Ok(())
}

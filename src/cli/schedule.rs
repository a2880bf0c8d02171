//! `kenko schedule`: run what is due, once or for good.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::FutureExt;

use super::args::ScheduleArgs;
use super::deliver::{address, deliver};
use super::format::plain_table;
use super::machine::{arguments, memory_bytes};
use super::printer::Printer;
use super::watch;
use crate::error::{Error, Result};
use crate::publish::finish_exports;
use crate::run::{Project, ScheduleOptions, Scheduled, run_due, run_when_due, scheduled};
use crate::storage::Storage;
use crate::time::{Microseconds, RunClock, format_instant, parse_instant};

pub(crate) async fn schedule(args: &ScheduleArgs, printer: Printer) -> Result<()> {
    // A mistake shows at once, not at the first firing.
    memory_bytes(&args.machine)?;
    let program = std::env::current_exe()
        .map_err(|cause| Error::bug("cannot find the program itself").with_source(cause))?;
    let options = ScheduleOptions {
        folder: args.folder.clone(),
        locks: args.locks.clone(),
        catch_up_limit: args.catch_up_limit.into(),
        program,
        arguments: arguments(&args.machine),
    };
    let now = match &args.at {
        Some(text) => instant(text)?,
        None => RunClock.now(),
    };
    if args.list {
        return printer.line(&table(&scheduled(&options, now).await?));
    }
    let notify = |notice: &_| watch::notice(printer, notice);
    let settle = |file| settle(file, printer).boxed();
    if args.once {
        return run_due(&options, now, &notify, &settle).await;
    }
    if args.at.is_some() {
        return Err(Error::usage("`--at` needs `--once` or `--list`")
            .with_hint("without them the scheduler goes by the clock"));
    }
    let stop = Arc::new(AtomicBool::new(false));
    end_cleanly(&stop)?;
    run_when_due(&options, &stop, &notify, &settle).await
}

/// Finishes copies and lists of the newest day of a pipeline's output.
async fn settle(file: String, printer: Printer) -> Result<()> {
    let project = Project::load(&file).await?;
    let output = &project.pipeline.output;
    finish_exports(&Storage::open(output)?).await?;
    deliver(&project, output, address(&project)?.as_deref(), printer).await
}

/// Sets `stop` at the first signal that asks for the end; the second one ends
/// the process at once.
fn end_cleanly(stop: &Arc<AtomicBool>) -> Result<()> {
    use signal_hook::consts::TERM_SIGNALS;
    use signal_hook::flag;
    for signal in TERM_SIGNALS {
        flag::register_conditional_default(*signal, Arc::clone(stop))
            .and_then(|_| flag::register(*signal, Arc::clone(stop)))
            .map_err(|cause| Error::bug("cannot listen to signals").with_source(cause))?;
    }
    Ok(())
}

/// The instant of `--at`.
fn instant(text: &str) -> Result<Microseconds> {
    let seconds = text
        .strip_prefix('@')
        .and_then(|digits| digits.parse::<i64>().ok())
        .and_then(|seconds| seconds.checked_mul(1_000_000));
    seconds.or_else(|| parse_instant(text)).ok_or_else(|| {
        Error::usage(format!("`--at {text}` is no instant"))
            .with_hint("write it as 2026-06-30T02:30:00+09:00 or as @1782754200")
    })
}

fn table(pipelines: &[Scheduled]) -> String {
    let mut table = plain_table();
    table.set_header([
        "pipeline file",
        "name",
        "cron",
        "zone",
        "published",
        "due",
        "next firing",
    ]);
    for pipeline in pipelines {
        let due = match &pipeline.due.days[..] {
            [] => "nothing".to_owned(),
            [day] => day.to_string(),
            [first, .., last] => format!("{first} to {last}"),
        };
        table.add_row([
            pipeline.file.clone(),
            pipeline.name.clone(),
            pipeline.schedule.cron().text().to_owned(),
            pipeline.schedule.zone().name().to_owned(),
            pipeline
                .published
                .map_or_else(|| "-".to_owned(), |day| day.to_string()),
            due,
            pipeline.next.map_or_else(|| "-".to_owned(), format_instant),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_its_offset_or_as_seconds() {
        let firing = instant("2026-06-30T02:30:00+09:00").unwrap();
        assert_eq!(instant("@1782754200").unwrap(), firing);
        assert!(instant("2026-06-30T02:30:00").is_err());
        assert!(instant("1782754200").is_err());
    }
}

//! `kenko backfill`: many nights, then a table of them, then what the pipeline hands to
//! people, where the backfill ends with the newest day there is: lists of past days are not
//! today's work.

use super::args::BackfillArgs;
use super::deliver::{address, deliver};
use super::format::plain_table;
use super::machine::{arguments, memory_bytes, threads};
use super::printer::Printer;
use super::watch;
use crate::error::{Error, Result};
use crate::publish::published;
use crate::run::{Backfill, BackfilledDay, Outcome, Project, RunOptions, days_between};
use crate::storage::Storage;

pub(crate) async fn backfill(args: &BackfillArgs, printer: Printer) -> Result<()> {
    let options = RunOptions {
        as_of: None,
        output: args.output.clone(),
        select: Vec::new(),
        threads: threads(args.machine.threads),
        memory_bytes: memory_bytes(&args.machine)?,
        full: args.full,
    };
    let project = Project::load(&args.pipeline).await?;
    let days = days_between(&project, &args.from, &args.to)?;
    let address = address(&project)?;
    let observer = watch::observer(printer);
    let done = crate::run::backfill(&project, &days, &options, observer.as_ref()).await;
    drop(observer);
    printer.data(table(&done).as_bytes())?;
    let (asked, number) = (done.asked, done.days.len());
    let Some(last) = done.days.last() else {
        return Ok(());
    };
    if let Some(error) = done.failure {
        return Err(stopped(args, last, number, asked, error));
    }
    let output = args.output.as_ref().unwrap_or(&project.pipeline.output);
    let newest = published(&Storage::open(output)?).await?;
    if newest.as_of == last.as_of.to_string() {
        deliver(&project, output, address.as_deref(), printer).await?;
    }
    Ok(())
}

/// The days that were run, one a line.
fn table(done: &Backfill) -> String {
    let mut table = plain_table();
    table.set_header(["day", "outcome", "seconds"]);
    for day in &done.days {
        let outcome = match &day.outcome {
            Some(Outcome::Published(commit)) => format!("published version {}", commit.version),
            Some(Outcome::AlreadyDone(commit)) => {
                format!("already done, version {}", commit.version)
            }
            Some(Outcome::Previewed(_)) => "not published".to_owned(),
            None => "failed".to_owned(),
        };
        table.add_row([
            day.as_of.to_string(),
            outcome,
            format!("{:.1}", day.seconds),
        ]);
    }
    let left = done.asked - done.days.len();
    let rest = if left == 0 {
        String::new()
    } else {
        format!("{left} of {} days were not run\n", done.asked)
    };
    format!("{table}\n{rest}")
}

/// Says which day failed and how to go on from there.
fn stopped(
    args: &BackfillArgs,
    day: &BackfilledDay,
    number: usize,
    asked: usize,
    error: Error,
) -> Error {
    let mut command = vec![
        "kenko".to_owned(),
        "backfill".to_owned(),
        args.pipeline.clone(),
        "--from".to_owned(),
        day.as_of.to_string(),
        "--to".to_owned(),
        args.to.clone(),
    ];
    if args.full {
        command.push("--full".to_owned());
    }
    if let Some(output) = &args.output {
        command.extend(["--output".to_owned(), output.clone()]);
    }
    command.extend(arguments(&args.machine));
    let command: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let resume = format!("then resume with: {}", command.join(" "));
    let hint = match error.hint() {
        Some(hint) => format!("{hint}\n{resume}"),
        None => resume,
    };
    let what = format!("{}, day {number} of {asked}", day.as_of);
    error.during(&what).with_hint(hint)
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("s3://bucket/a-b_c.d"), "s3://bucket/a-b_c.d");
        assert_eq!(
            quoted("my pipelines/it's.yaml"),
            r"'my pipelines/it'\''s.yaml'"
        );
        assert_eq!(quoted(""), "''");
    }
}

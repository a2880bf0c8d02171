//! `kenko plan`: what a run would read and build.

use super::args::PlanArgs;
use super::format::plain_table;
use super::printer::Printer;
use super::watch::tell;
use crate::error::Result;
use crate::run::{Plan, PlannedWork, Project, Reason};
use crate::time::{EpochDays, date_of};

/// Reasons shown for one model.
const REASONS_SHOWN: usize = 3;

pub(crate) async fn plan(args: &PlanArgs, printer: Printer) -> Result<()> {
    let project = Project::load(&args.pipeline.pipeline).await?;
    let typed = &args.pipeline;
    let day = typed.as_of.as_deref();
    let output = typed.output.as_deref();
    let plan = crate::run::plan(&project, day, output, &typed.select, args.full).await?;
    printer.data(shown(&plan).as_bytes())?;
    if let Some(version) = plan.already_done {
        tell(
            printer,
            &format!(
                "already done: this run is version {version} of {}",
                plan.output
            ),
        );
    }
    Ok(())
}

fn shown(plan: &Plan) -> String {
    let mut sources = plain_table();
    sources.set_header(["extract", "files", "bytes", "rows"]);
    for source in &plan.sources {
        sources.add_row([
            source.table.clone(),
            source.files.to_string(),
            source.bytes.to_string(),
            source
                .rows
                .map_or_else(|| "-".to_owned(), |rows| rows.to_string()),
        ]);
    }
    let mut models = plain_table();
    models.set_header(["model", "layer", "work", "because of", "reads"]);
    for model in &plan.models {
        models.add_row([
            model.name.clone(),
            model.layer.to_owned(),
            work(model.work),
            reasons(&model.why),
            model.reads.join(", "),
        ]);
    }
    let stored = plan.models.iter();
    let stored = stored.filter(|model| model.work != PlannedWork::View && !model.work.is_built());
    format!(
        "{} as of {} ({}) to {}\n\n{sources}\n\n{models}\n\n{} models, {} of them stored; {} checks, \
         {} of them stored\n",
        plan.pipeline,
        plan.as_of,
        plan.timezone,
        plan.output,
        plan.models.len(),
        stored.count(),
        plan.checks,
        plan.checks_stored,
    )
}

fn work(work: PlannedWork) -> String {
    match work {
        PlannedWork::View => "view".to_owned(),
        PlannedWork::Stored => "stored".to_owned(),
        PlannedWork::Compute => "compute".to_owned(),
        PlannedWork::Days {
            compute,
            stored,
            range,
        } => parts("days", compute, stored, range),
        PlannedWork::Cutoffs {
            compute,
            stored,
            range,
        } => parts("cutoffs", compute, stored, range),
        PlannedWork::Add { days, after } => {
            let unit = if days == 1 { "day" } else { "days" };
            match after {
                Some(after) => format!("add {days} {unit} to {}", date(after)),
                None => format!("add up {days} {unit}"),
            }
        }
    }
}

fn date(day: EpochDays) -> String {
    date_of(day).map_or_else(|_| "?".to_owned(), |date| date.to_string())
}

fn parts(
    unit: &str,
    compute: usize,
    stored: usize,
    range: Option<(EpochDays, EpochDays)>,
) -> String {
    match range {
        None => format!("{stored} {unit} stored"),
        Some((first, _)) if compute == 1 => format!("compute {}, {stored} stored", date(first)),
        Some((first, last)) => format!(
            "compute {compute} {unit} from {} to {}, {stored} stored",
            date(first),
            date(last)
        ),
    }
}

/// The first reasons; what follows from them need not be read. Where a model is kept by
/// day they come with their days, those of the same days together.
fn reasons(why: &[Reason]) -> String {
    let mut by_days: Vec<(&[EpochDays], Vec<&str>)> = Vec::new();
    for reason in why {
        let known = by_days.iter_mut().find(|(days, _)| *days == reason.days);
        match known {
            Some((_, parts)) => parts.push(&reason.part),
            None => by_days.push((&reason.days, vec![&reason.part])),
        }
    }
    let texts = by_days.iter().map(|(days, parts)| {
        let mut text = parts[..parts.len().min(REASONS_SHOWN)].join(", ");
        if parts.len() > REASONS_SHOWN {
            text.push_str(", …");
        }
        if !days.is_empty() {
            text.push(' ');
            text.push_str(&in_ranges(days));
        }
        text
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Days in order, those in a row by their first and last.
fn in_ranges(days: &[EpochDays]) -> String {
    let ranges = days.chunk_by(|day, next| day + 1 == *next);
    let ranges = ranges.filter_map(|range| match range {
        [] => None,
        [day] => Some(date(*day)),
        [first, .., last] => Some(format!("{} to {}", date(*first), date(*last))),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(part: &str, days: &[EpochDays]) -> Reason {
        Reason {
            part: part.to_owned(),
            days: days.to_vec(),
        }
    }

    #[test]
    fn every_day_has_its_reasons_and_of_a_whole_model_the_first_are_enough() {
        assert_eq!(reasons(&[]), "");
        let whole = ["as_of", "sql", "cfg_a", "cfg_b"].map(|part| reason(part, &[]));
        assert_eq!(reasons(&whole), "as_of, sql, cfg_a, …");
        let late = [3, 10, 11, 12, 20];
        let by_day = [
            reason("new day", &[31]),
            reason("raw_event", &late),
            reason("stg_event", &late),
            reason("stg_repeat", &[3]),
        ];
        assert_eq!(
            reasons(&by_day),
            "new day 1970-02-01; raw_event, stg_event 1970-01-04, 1970-01-11 to 1970-01-13, \
             1970-01-21; stg_repeat 1970-01-04"
        );
    }
}

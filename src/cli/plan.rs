//! `kenko plan`: what a run would read and build.

use super::args::PlanArgs;
use super::format::plain_table;
use super::printer::Printer;
use super::watch::tell;
use crate::error::Result;
use crate::run::{Plan, Project};

pub(crate) async fn plan(args: &PlanArgs, printer: Printer) -> Result<()> {
    let project = Project::load(&args.pipeline.pipeline).await?;
    let typed = &args.pipeline;
    let day = typed.as_of.as_deref();
    let plan = crate::run::plan(&project, day, typed.output.as_deref(), &typed.select).await?;
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
    models.set_header(["model", "layer", "kept as", "reads"]);
    for model in &plan.models {
        models.add_row([
            model.name.clone(),
            model.layer.to_owned(),
            if model.is_view { "view" } else { "table" }.to_owned(),
            model.reads.join(", "),
        ]);
    }
    format!(
        "{} as of {} ({}) to {}\n\n{sources}\n\n{models}\n\n{} models, {} checks\n",
        plan.pipeline,
        plan.as_of,
        plan.timezone,
        plan.output,
        plan.models.len(),
        plan.checks
    )
}

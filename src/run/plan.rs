//! What a run would read and build, without building anything.

use super::inputs;
use super::night::{bytes, freeze};
use super::project::Project;
use crate::config;
use crate::error::Result;
use crate::publish;
use crate::storage::Storage;

/// A run before it runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the pipeline.
    pub pipeline: String,
    /// The business day.
    pub as_of: String,
    /// The zone in which it is a day.
    pub timezone: String,
    /// Where the run would publish.
    pub output: String,
    /// Extracts with what was found of them.
    pub sources: Vec<PlannedSource>,
    /// Models in the order in which they can be built.
    pub models: Vec<PlannedModel>,
    /// Checks that would run, besides those of grain and finite numbers.
    pub checks: usize,
    /// The version in the log, if this very run is published already.
    pub already_done: Option<u64>,
}

/// One extract of a plan.
#[derive(Clone, Debug)]
pub struct PlannedSource {
    /// Name of the source.
    pub table: String,
    /// Files found.
    pub files: usize,
    /// Bytes of these.
    pub bytes: u64,
    /// Rows of these, where the format says so without being read.
    pub rows: Option<u64>,
}

/// One model of a plan.
#[derive(Clone, Debug)]
pub struct PlannedModel {
    /// Name of the model.
    pub name: String,
    /// Folder of its layer.
    pub layer: &'static str,
    /// Whether it is inlined instead of written.
    pub is_view: bool,
    /// What it reads.
    pub reads: Vec<String>,
    /// The file it is written in.
    pub file: String,
}

/// Plans a run of `project`; reads the extracts' listings and footers only.
///
/// # Errors
/// As a run, up to the point where models are built.
pub async fn plan(
    project: &Project,
    day: Option<&str>,
    output: Option<&str>,
    select: &[String],
) -> Result<Plan> {
    let pipeline = &project.pipeline;
    let storage = Storage::open(output.unwrap_or(&pipeline.output))?;
    let (as_of, frozen) = freeze(project, day).await?;
    let prior = publish::before(&storage, &pipeline.name, &as_of.to_string()).await?;
    let tables = config::tables(pipeline, &as_of)?;
    let key = inputs::run_key(
        project,
        &as_of,
        &frozen.fingerprint,
        prior.as_ref(),
        &tables,
    )?;
    let found = if select.is_empty() {
        publish::find(&storage, &key).await?
    } else {
        None
    };
    let selection = project.graph.select(select)?;
    let (checks, models): (Vec<_>, Vec<_>) = project
        .graph
        .order()
        .filter(|model| selection.built.contains(&model.name))
        .partition(|model| model.layer == crate::model::Layer::Check);
    let models = models.into_iter().map(|model| PlannedModel {
        name: model.name.clone(),
        layer: model.layer.folder(),
        is_view: model.header.is_view,
        reads: model.reads.iter().cloned().collect(),
        file: model.file.clone(),
    });
    let sources = frozen.sources.iter().map(|(table, source)| PlannedSource {
        table: table.clone(),
        files: source.files.len(),
        bytes: bytes(source),
        rows: source.rows,
    });
    Ok(Plan {
        pipeline: pipeline.name.clone(),
        as_of: as_of.to_string(),
        timezone: pipeline.zone.name().to_owned(),
        output: storage.url().to_owned(),
        sources: sources.collect(),
        models: models.collect(),
        checks: checks.len(),
        already_done: found.map(|commit| commit.version),
    })
}

//! Plans every model on empty tables: configuration, SQL and documented columns
//! are right or the first mistake is named with its place. A check that hangs on
//! the pipeline file alone is run, because no extract could mend what it finds.
//! Reads no extract.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::check;
use super::inputs;
use super::past::PAST_PREFIX;
use super::project::{PRIOR_PREFIX, Project, RAW_PREFIX};
use super::statement;
use crate::config;
use crate::engine::{Engine, Settings};
use crate::error::Result;
use crate::model::Layer;
use crate::model::graph::{RUN_CHECK, RUN_SOURCE};
use crate::source;
use crate::time::{AsOf, RunClock};

/// What was found to be right.
#[derive(Clone, Debug)]
pub struct Validated {
    /// Models planned.
    pub models: usize,
    /// Checks planned.
    pub checks: usize,
    /// Sources that the pipeline declares.
    pub sources: usize,
    /// Every model with its columns, in the order of the graph.
    pub schemas: Vec<(String, SchemaRef)>,
}

/// Checks `project` without reading any extract.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] with file, line, column and a hint.
pub async fn validate(project: &Project) -> Result<Validated> {
    let pipeline = &project.pipeline;
    let as_of = AsOf::new(RunClock.yesterday(&pipeline.zone)?, &pipeline.zone)?;
    let engine = Engine::new(&Settings {
        threads: 1,
        memory_bytes: 256 << 20,
        scratch: std::env::temp_dir(),
        days: pipeline.zone.days(as_of.date(), as_of.date())?,
        zone: pipeline.zone.clone(),
    })?;
    let settings = config::tables(pipeline, &as_of)?;
    inputs::register_config(&engine, &settings)?;
    // A trained model comes with the night and not with the file.
    let learned = config::trained(None)?.map(|(name, _)| name);
    let mut settled: BTreeSet<&str> = settings.iter().map(|(name, _)| name.as_str()).collect();
    settled.retain(|name| !learned.contains(name));
    for (table, (contract, _)) in project.contracts()? {
        empty(&engine, &format!("{RAW_PREFIX}{table}"), contract.schema())?;
    }
    empty(&engine, RUN_SOURCE, source::report_schema()?)?;
    empty(&engine, RUN_CHECK, check::table_schema())?;
    for mart in project.marts() {
        for prefix in [PRIOR_PREFIX, PAST_PREFIX] {
            let name = format!("{prefix}{}", mart.name);
            empty(&engine, &name, inputs::prior_schema(mart))?;
        }
    }
    inputs::register_parts(&engine, project, &BTreeSet::new())?;
    let mut schemas = Vec::new();
    let mut checks = 0;
    for model in project.graph.order() {
        let schema = engine
            .schema_of(&statement(model, as_of.epoch_days()))
            .await?;
        let is_settled =
            !model.uses_as_of && (model.reads.iter()).all(|table| settled.contains(table.as_str()));
        if model.layer == Layer::Check {
            checks += 1;
            if is_settled {
                check::at_once(&engine, model, as_of.epoch_days()).await?;
            }
            continue;
        }
        check::documented(model, &schema)?;
        check::grain_columns(model, &schema)?;
        if is_settled {
            settled.insert(&model.name);
            let statement = statement(model, as_of.epoch_days());
            engine.define_model_view(&statement).await?;
        } else {
            empty(&engine, &model.name, Arc::clone(&schema))?;
        }
        schemas.push((model.name.clone(), schema));
    }
    Ok(Validated {
        models: schemas.len(),
        checks,
        sources: pipeline.sources.len(),
        schemas,
    })
}

fn empty(engine: &Engine, name: &str, schema: SchemaRef) -> Result<()> {
    engine.register_batches(
        name,
        Arc::clone(&schema),
        vec![RecordBatch::new_empty(schema)],
    )
}

//! What is kept of a run: what it read, built and found.
//!
//! `run.json` is the record in kenko's own words; `run_results.json` says the
//! same of the models in the shape dbt's tools read; `lineage.json` holds the
//! edges of the graph; `state.json` holds the keys of all results. Nothing in them is needed to read the published tables.

use std::path::Path;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::check::CheckResult;
use super::execute::ModelResult;
use super::key::Keys;
use crate::error::{Error, Result};
use crate::model::graph::Graph;
use crate::publish::{self, Commit};
use crate::source::freeze::Frozen;
use crate::source::register::SourceReport;
use crate::storage::Storage;
use crate::time::{Microseconds, format_instant};

/// What there is to say about a run.
pub(crate) struct Record<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) run_key: &'a str,
    pub(crate) pipeline: &'a str,
    pub(crate) timezone: &'a str,
    pub(crate) as_of: String,
    pub(crate) started_at: Microseconds,
    pub(crate) seconds: f64,
    pub(crate) prior_commit: Option<&'a str>,
    pub(crate) frozen: &'a Frozen,
    pub(crate) sources: &'a SourceReport,
    pub(crate) keys: &'a Keys,
    pub(crate) models: &'a [ModelResult],
    pub(crate) checks: &'a [CheckResult],
    pub(crate) graph: &'a Graph,
}

/// The files of a record: name and content.
pub(crate) fn files(record: &Record<'_>) -> Result<Vec<(String, Bytes)>> {
    Ok(vec![
        ("run.json".to_owned(), text(&own(record))?),
        ("run_results.json".to_owned(), text(&dbt(record))?),
        ("lineage.json".to_owned(), text(&lineage(record))?),
        (STATE.to_owned(), keys_text(record.keys)?),
    ])
}

/// The record of the keys of a run.
pub(crate) const STATE: &str = "state.json";

/// Without blanks: there is a line for every day of every model.
fn keys_text(keys: &Keys) -> Result<Bytes> {
    let text = serde_json::to_vec(keys)
        .map_err(|cause| Error::bug("the keys of a run cannot be written").with_source(cause))?;
    Ok(Bytes::from(text))
}

/// The keys that the run of `commit` recorded; nothing is known of a run whose
/// record is gone.
///
/// # Errors
/// The storage's own.
pub(crate) async fn recorded_keys(storage: &Storage, commit: &Commit) -> Result<Option<Keys>> {
    let path = format!("_kenko/runs/{}/{STATE}", commit.run_id);
    let stored = storage.get(&path).await?;
    Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Keeps the record of a run whose checks failed, with the rows that failed: of
/// a check in SQL these rows, of a model's header the table that broke it.
pub(crate) async fn write_failed(
    storage: &Storage,
    record: &Record<'_>,
    scratch: &Path,
) -> Result<()> {
    let folder = format!("_kenko/runs/{}", record.run_id);
    publish::write_records(storage, record.run_id, &files(record)?).await?;
    for check in record.checks.iter().filter(|check| check.stops()) {
        let rows = scratch.join(format!("check_{}.parquet", check.check));
        let model = record.models.iter().find(|model| model.name == check.model);
        let table = model.and_then(|model| model.file.as_ref());
        let (name, file) = match table {
            Some(table) if !rows.exists() => (&check.model, table),
            _ => (&check.check, &rows),
        };
        if file.exists() {
            storage
                .put_file(&format!("{folder}/failed/{name}.parquet"), file)
                .await?;
        }
    }
    Ok(())
}

fn text(value: &impl Serialize) -> Result<Bytes> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|cause| Error::bug("the run's record cannot be written").with_source(cause))?;
    text.push(b'\n');
    Ok(Bytes::from(text))
}

fn own(record: &Record<'_>) -> Value {
    json!({
        "format": 1,
        "run_id": record.run_id,
        "run_key": record.run_key,
        "pipeline": record.pipeline,
        "as_of": record.as_of,
        "timezone": record.timezone,
        "kenko_version": env!("CARGO_PKG_VERSION"),
        "started_at": format_instant(record.started_at),
        "seconds": record.seconds,
        "prior_commit": record.prior_commit,
        "inputs": record.frozen,
        "sources": record.sources,
        "models": record.models,
        "checks": record.checks,
    })
}

fn dbt(record: &Record<'_>) -> Value {
    let models = record.models.iter().map(|model| {
        json!({
            "unique_id": format!("model.{}.{}", record.pipeline, model.name),
            "status": "success",
            "execution_time": model.seconds,
            "adapter_response": {"rows_affected": model.rows},
            "failures": null,
            "message": null,
        })
    });
    let checks = record.checks.iter().map(|check| {
        let status = match (check.rows_failed, check.stops()) {
            (0, _) => "pass",
            (_, true) => "fail",
            (_, false) => "warn",
        };
        json!({
            "unique_id": format!("test.{}.{}.{}", record.pipeline, check.model, check.check),
            "status": status,
            "execution_time": check.seconds,
            "failures": check.rows_failed,
            "message": check.message,
        })
    });
    json!({
        "metadata": {
            "invocation_id": record.run_id,
            "generated_at": format_instant(record.started_at),
            "kenko_version": env!("CARGO_PKG_VERSION"),
        },
        "args": {"as_of": record.as_of},
        "elapsed_time": record.seconds,
        "results": models.chain(checks).collect::<Vec<_>>(),
    })
}

fn lineage(record: &Record<'_>) -> Value {
    let nodes = record.graph.order().map(|model| {
        json!({
            "name": model.name,
            "layer": model.layer.folder(),
            "file": model.file,
            "reads": model.reads,
        })
    });
    json!({"models": nodes.collect::<Vec<_>>()})
}

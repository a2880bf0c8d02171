//! Builds models in the order of the graph, independent ones side by side.
//!
//! A model is started as soon as everything it reads is there; a failure stops
//! the rest. Views are only defined. What is built stays in the scratch folder;
//! nothing here is visible to a reader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use serde::Serialize;
use tokio::task::JoinSet;

use super::check::{self, CheckResult};
use super::progress::{Event, Observer};
use crate::engine::{Engine, Materialise, Statement};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::time::{EpochDays, Stopwatch};

/// What building one model gave.
#[derive(Clone, Debug, Serialize)]
pub struct ModelResult {
    /// Name of the model and of its table.
    pub name: String,
    /// Folder of the model's layer.
    pub layer: &'static str,
    /// Rows; `None` for a view.
    pub rows: Option<u64>,
    /// Bytes of the table's file; `None` for a view.
    pub bytes: Option<u64>,
    /// SHA-256 of the file; `None` for a view.
    pub sha256: Option<String>,
    /// Seconds it took.
    pub seconds: f64,
    /// The file; `None` for a view.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// A model that is built, and how it stands against its header.
pub(crate) type Built = (ModelResult, Vec<CheckResult>);

/// Where and for which day models are built.
pub(crate) struct Workshop<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) scratch: PathBuf,
    pub(crate) as_of: EpochDays,
    /// The definition stamp of each mart.
    pub(crate) stamps: BTreeMap<String, String>,
    /// How many models may be built at once.
    pub(crate) at_once: usize,
}

impl Workshop<'_> {
    /// Builds `models`, which must be in topological order and closed under
    /// what they read (tables that are not among them must be registered).
    pub(crate) async fn build(&self, models: &[&Model]) -> Result<Vec<Built>> {
        let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
        let mut waiting: Vec<&Model> = models.to_vec();
        let mut built: BTreeSet<String> = BTreeSet::new();
        let mut results = Vec::new();
        let mut working: JoinSet<Result<Built>> = JoinSet::new();
        loop {
            let is_ready = |model: &&Model| {
                model
                    .reads
                    .iter()
                    .all(|read| !names.contains(read.as_str()) || built.contains(read))
            };
            while working.len() < self.at_once {
                let Some(position) = waiting.iter().position(&is_ready) else {
                    break;
                };
                let model = waiting.remove(position);
                self.observer.observe(Event::Started { model: &model.name });
                working.spawn(self.task(model));
            }
            let Some(finished) = working.join_next().await else {
                break;
            };
            let result = finished
                .map_err(|cause| Error::bug("a model's task ended early").with_source(cause))??;
            self.observer.observe(built_event(&result.0));
            built.insert(result.0.name.clone());
            results.push(result);
        }
        match waiting.first() {
            None => Ok(results),
            Some(model) => Err(Error::bug(format!(
                "model `{}` was never ready",
                model.name
            ))),
        }
    }

    fn task(&self, model: &Model) -> impl Future<Output = Result<Built>> + Send + use<> {
        let engine = Arc::clone(self.engine);
        let model = model.clone();
        let file = self.scratch.join(format!("{}.parquet", model.name));
        let options = self.options(&model);
        let as_of = self.as_of;
        async move { build_one(&engine, &model, as_of, file, &options).await }
    }

    fn options(&self, model: &Model) -> Materialise {
        let sort_by = model.header.grain.clone();
        let Some(stamp) = self.stamps.get(&model.name) else {
            return Materialise {
                sort_by,
                ..Materialise::default()
            };
        };
        let text = |value: &str| ScalarValue::Utf8(Some(value.to_owned()));
        Materialise {
            sort_by,
            append: vec![
                (
                    Field::new("as_of", DataType::Date32, false),
                    ScalarValue::Date32(Some(self.as_of)),
                ),
                (Field::new("definition", DataType::Utf8, false), text(stamp)),
            ],
            metadata: BTreeMap::from([
                ("kenko.table".to_owned(), model.name.clone()),
                ("kenko.grain".to_owned(), model.header.grain.join(",")),
                ("kenko.definition".to_owned(), stamp.clone()),
                (
                    "kenko.version".to_owned(),
                    env!("CARGO_PKG_VERSION").to_owned(),
                ),
            ]),
            progress: None,
        }
    }
}

fn built_event(result: &ModelResult) -> Event<'_> {
    Event::Built {
        model: &result.name,
        rows: result.rows,
        seconds: result.seconds,
    }
}

async fn build_one(
    engine: &Engine,
    model: &Model,
    as_of: EpochDays,
    file: PathBuf,
    options: &Materialise,
) -> Result<Built> {
    let watch = Stopwatch::start();
    let statement = Statement {
        name: &model.name,
        file: &model.file,
        sql: &model.sql,
        as_of,
    };
    let mut result = ModelResult {
        name: model.name.clone(),
        layer: model.layer.folder(),
        rows: None,
        bytes: None,
        sha256: None,
        seconds: 0.0,
        file: None,
    };
    let mut checks = Vec::new();
    if model.header.is_view {
        engine.define_model_view(&statement).await?;
    } else {
        let table = engine.materialise(&statement, &file, options).await?;
        check::documented(model, &table.schema)?;
        checks = check::header(model, &table);
        engine.register_local_parquet(&model.name, &file, table.schema)?;
        result.rows = Some(table.rows);
        result.bytes = Some(table.bytes);
        result.sha256 = Some(table.sha256);
        result.file = Some(file);
    }
    result.seconds = watch.seconds();
    Ok((result, checks))
}

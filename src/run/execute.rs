//! Builds models in the order of the graph, independent ones side by side.
//!
//! A model is started as soon as everything it reads is there; a failure stops
//! the rest, but for a model that ran out of memory beside others: it is built once
//! more, alone. Views are only defined, stored results only bound or fetched. What
//! is built stays in the scratch folder and, for later runs, in the store;
//! nothing here is visible to a reader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;
use serde::Serialize;
use tokio::task::JoinSet;

use super::check::{self, CheckResult};
use super::key::{Key, Keys};
use super::progress::{Event, Observer};
use super::reuse::Reuse;
use super::state::State;
use super::statement;
use crate::engine::{Engine, Materialise};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Layer, Model};
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
    /// Whether the whole result was taken from the store.
    pub is_reused: bool,
    /// Days that were computed; `None` for a model that is built whole.
    pub days_built: Option<usize>,
    /// Seconds it took.
    pub seconds: f64,
    /// The file; `None` for a view, and where nobody needs a copy.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

impl ModelResult {
    /// A model of which nothing is known yet.
    pub(crate) fn of(model: &Model) -> Self {
        Self {
            name: model.name.clone(),
            layer: model.layer.folder(),
            rows: None,
            bytes: None,
            sha256: None,
            is_reused: false,
            days_built: None,
            seconds: 0.0,
            file: None,
        }
    }
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
    pub(crate) keys: &'a Keys,
    pub(crate) state: &'a Arc<State>,
    pub(crate) reuse: &'a Reuse,
    /// Columns of every model.
    pub(crate) schemas: &'a BTreeMap<String, SchemaRef>,
}

impl Workshop<'_> {
    /// Builds `models`, which must be in topological order and closed under
    /// what they read (tables that are not among them must be registered).
    pub(crate) async fn build(&self, models: &[&Model]) -> Result<Vec<Built>> {
        let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
        let mut waiting: Vec<&Model> = models.to_vec();
        let mut built: BTreeSet<String> = BTreeSet::new();
        let mut alone: BTreeSet<String> = BTreeSet::new();
        let mut results = Vec::new();
        let mut working: JoinSet<(String, Result<Built>)> = JoinSet::new();
        loop {
            let is_ready = |model: &&Model| {
                model
                    .reads
                    .iter()
                    .all(|read| !names.contains(read.as_str()) || built.contains(read))
            };
            let is_alone = |model: &&Model| alone.contains(&model.name);
            let at_once = if waiting.iter().any(is_alone) {
                1
            } else {
                self.at_once
            };
            while working.len() < at_once {
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
            let (name, result) = finished
                .map_err(|cause| Error::bug("a model's task ended early").with_source(cause))?;
            let result = match result {
                Err(error)
                    if error.kind() == ErrorKind::Resources
                        && self.at_once > 1
                        && alone.insert(name.clone()) =>
                {
                    let again = models.iter().filter(|model| model.name == name);
                    waiting = again.copied().chain(waiting).collect();
                    continue;
                }
                result => result?,
            };
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

    fn task(&self, model: &Model) -> impl Future<Output = (String, Result<Built>)> + Send + use<> {
        let work = ModelWork {
            engine: Arc::clone(self.engine),
            file: self.scratch.join(format!("{}.parquet", model.name)),
            options: self.options(model),
            as_of: self.as_of,
            is_read: self.reuse.bound.contains(&model.name),
            stored: self.reuse.stored.get(&model.name).cloned(),
            key: self.keys.whole.get(&model.name).cloned(),
            state: Arc::clone(self.state),
            schema: self.schemas.get(&model.name).cloned(),
            model: model.clone(),
        };
        async move {
            let name = work.model.name.clone();
            (name, work.run().await)
        }
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
            is_small: false,
            progress: None,
        }
    }
}

pub(crate) fn built_event(result: &ModelResult) -> Event<'_> {
    Event::Built {
        model: &result.name,
        rows: result.rows,
        is_reused: result.is_reused,
        seconds: result.seconds,
    }
}

/// One model on its way to being there, on a task of its own.
struct ModelWork {
    engine: Arc<Engine>,
    model: Model,
    file: PathBuf,
    options: Materialise,
    as_of: EpochDays,
    /// Whether something that is computed reads it.
    is_read: bool,
    stored: Option<ObjectMeta>,
    key: Option<Key>,
    state: Arc<State>,
    schema: Option<SchemaRef>,
}

impl ModelWork {
    async fn run(self) -> Result<Built> {
        let watch = Stopwatch::start();
        let (mut result, checks) = if self.model.header.is_view {
            self.define().await?
        } else if let Some(stored) = &self.stored {
            self.take(stored).await?
        } else {
            self.build().await?
        };
        result.seconds = watch.seconds();
        Ok((result, checks))
    }

    async fn define(&self) -> Result<Built> {
        if self.is_read {
            let statement = statement(&self.model, self.as_of);
            self.engine.define_model_view(&statement).await?;
        }
        Ok((ModelResult::of(&self.model), Vec::new()))
    }

    /// Takes a stored result; it is fetched if it is going to be published.
    async fn take(&self, stored: &ObjectMeta) -> Result<Built> {
        let mut result = ModelResult {
            bytes: Some(stored.size),
            is_reused: true,
            ..ModelResult::of(&self.model)
        };
        let schema = self.schema.clone().map(|schema| self.appended(&schema));
        let schema = schema.ok_or_else(|| Error::bug("a stored model has no columns"))?;
        if self.model.layer == Layer::Mart {
            let fetched = self.state.fetch(stored, &self.file).await?;
            result.rows = Some(fetched.rows);
            result.sha256 = Some(fetched.sha256);
            result.file = Some(self.file.clone());
        }
        if self.is_read {
            self.state
                .register(&self.engine, &self.model.name, stored, schema)?;
        }
        Ok((result, check::passed(&self.model)))
    }

    /// The columns of the file: the query's and those that the run appends.
    fn appended(&self, schema: &SchemaRef) -> SchemaRef {
        let fields = schema.fields().iter().map(|field| field.as_ref().clone());
        let appended = self.options.append.iter();
        let appended = appended.map(|(field, _)| field.clone().with_nullable(true));
        Arc::new(Schema::new(fields.chain(appended).collect::<Vec<_>>()))
    }

    async fn build(&self) -> Result<Built> {
        let mut result = ModelResult::of(&self.model);
        let statement = statement(&self.model, self.as_of);
        let table = self
            .engine
            .materialise(&statement, &self.file, &self.options)
            .await?;
        check::documented(&self.model, &table.schema)?;
        let checks = check::header(&self.model, &table);
        if let Some(key) = &self.key
            && !checks.iter().any(CheckResult::stops)
        {
            let name = &self.model.name;
            self.state.keep(name, None, key, &self.file).await?;
        }
        self.engine
            .register_local_parquet(&self.model.name, &self.file, table.schema)?;
        result.rows = Some(table.rows);
        result.bytes = Some(table.bytes);
        result.sha256 = Some(table.sha256);
        result.file = Some(self.file.clone());
        Ok((result, checks))
    }
}

//! Builds models in the order of the graph, independent ones side by side.
//!
//! A model is started as soon as everything it reads is there; a failure stops
//! the rest, but for a model that ran out of memory beside others: it is built once
//! more, alone. Views are only defined, stored results only bound or fetched, and
//! models built in parts run on a [`Ground`] of their own. What is built stays in
//! the scratch folder and, for later runs, in the store; nothing here is visible to
//! a reader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;
use serde::Serialize;
use tokio::task::JoinSet;

use super::by_cutoff::{CUTOFF, Cutoffs};
use super::check::{self, CheckResult};
use super::days::DayTables;
use super::ground::Ground;
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
    /// Days or cutoffs that were computed, or new days that were added; `None` for
    /// a model that is built whole.
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
    pub(crate) threads: usize,
    pub(crate) keys: &'a Keys,
    pub(crate) state: &'a Arc<State>,
    pub(crate) reuse: &'a Reuse,
    pub(crate) tables: DayTables<'a>,
}

/// Models that are built side by side, at most.
const AT_ONCE: usize = 4;

impl Workshop<'_> {
    /// Builds `models`, which must be in topological order and closed under
    /// what they read (tables that are not among them must be registered).
    pub(crate) async fn build(&self, models: &[&Model]) -> Result<Vec<Built>> {
        let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
        let side_by_side = self.threads.clamp(1, AT_ONCE);
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
                side_by_side
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
                        && side_by_side > 1
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
        let way = self.way(model);
        let work = ModelWork {
            engine: Arc::clone(self.engine),
            file: self.scratch.join(format!("{}.parquet", model.name)),
            options: self.options(model),
            as_of: self.as_of,
            threads: self.threads,
            is_read: self.reuse.bound.contains(&model.name),
            key: self.key(&model.name),
            state: Arc::clone(self.state),
            schema: self.tables.schemas.get(&model.name).cloned(),
            model: model.clone(),
        };
        async move {
            let name = work.model.name.clone();
            let built = match way {
                Ok(way) => work.run(way).await,
                Err(error) => Err(error),
            };
            (name, built)
        }
    }

    fn key(&self, model: &str) -> Option<(Option<EpochDays>, Key)> {
        let newest = self.keys.after(model, EpochDays::MAX);
        let newest = newest.map(|(day, key)| (Some(day), key.clone()));
        newest.or_else(|| Some((None, self.keys.whole.get(model)?.clone())))
    }

    /// How the table of `model` comes to be there.
    fn way(&self, model: &Model) -> Result<Way> {
        let name = &model.name;
        if model.header.is_view {
            return Ok(Way::View);
        }
        if let Some(stored) = self.reuse.stored.get(name) {
            return Ok(Way::Stored(stored.clone()));
        }
        if let Some(keys) = self.keys.by_cutoff.get(name) {
            let missing = self.reuse.cutoffs.get(name).cloned().unwrap_or_default();
            let cutoffs = Cutoffs {
                keys: keys.clone(),
                missing,
            };
            let ground = Ground::of_cutoffs(&self.tables, model, &cutoffs.missing)?;
            return Ok(Way::ByCutoff(cutoffs, Box::new(ground)));
        }
        let Some(start) = self.reuse.starts.get(name) else {
            return Ok(Way::Whole);
        };
        let ground = Ground::after(&self.tables, model, *start)?;
        Ok(Way::After(Box::new(ground)))
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

/// How a table comes to be there.
enum Way {
    View,
    Stored(ObjectMeta),
    Whole,
    /// From its earlier rows, or from nothing, and what came after.
    After(Box<Ground>),
    ByCutoff(Cutoffs, Box<Ground>),
}

/// One model on its way to being there, on a task of its own.
struct ModelWork {
    engine: Arc<Engine>,
    model: Model,
    file: PathBuf,
    options: Materialise,
    as_of: EpochDays,
    threads: usize,
    /// Whether something that is computed reads it.
    is_read: bool,
    /// Names the result that is stored; with the day where it accumulates.
    key: Option<(Option<EpochDays>, Key)>,
    state: Arc<State>,
    schema: Option<SchemaRef>,
}

impl ModelWork {
    async fn run(self, way: Way) -> Result<Built> {
        let watch = Stopwatch::start();
        let (mut result, checks) = match way {
            Way::View => self.define().await?,
            Way::Stored(stored) => self.take(&stored).await?,
            Way::Whole => self.build(&self.engine).await?,
            Way::After(ground) => {
                let days = ground.parts;
                let engine = ground.session(&self.engine, self.threads).await?;
                let (mut result, checks) = self.build(&engine).await?;
                result.days_built = Some(days);
                (result, checks)
            }
            Way::ByCutoff(cutoffs, ground) => self.cutoffs(&cutoffs, *ground).await?,
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

    async fn build(&self, engine: &Engine) -> Result<Built> {
        let mut result = ModelResult::of(&self.model);
        let statement = statement(&self.model, self.as_of);
        let table = engine
            .materialise(&statement, &self.file, &self.options)
            .await?;
        check::documented(&self.model, &table.schema)?;
        let checks = check::header(&self.model, &table);
        if let Some((day, key)) = &self.key
            && !checks.iter().any(CheckResult::stops)
        {
            let name = &self.model.name;
            self.state.keep(name, *day, key, &self.file).await?;
        }
        self.engine
            .register_local_parquet(&self.model.name, &self.file, table.schema)?;
        result.rows = Some(table.rows);
        result.bytes = Some(table.bytes);
        result.sha256 = Some(table.sha256);
        result.file = Some(self.file.clone());
        Ok((result, checks))
    }

    /// Builds the missing cutoffs, and binds all of them.
    async fn cutoffs(&self, cutoffs: &Cutoffs, ground: Ground) -> Result<Built> {
        let name = &self.model.name;
        let schema = self.schema.as_ref();
        let schema = schema.ok_or_else(|| Error::bug("a model has no columns"))?;
        let mut result = ModelResult {
            is_reused: cutoffs.missing.is_empty(),
            days_built: Some(cutoffs.missing.len()),
            ..ModelResult::of(&self.model)
        };
        let stored = if cutoffs.missing.is_empty() {
            cutoffs.stored(name, &self.state)?
        } else {
            let engine = ground.session(&self.engine, self.threads).await?;
            let folder = self.file.with_extension("");
            let statement = statement(&self.model, self.as_of);
            let (built, stored) = cutoffs
                .build(&engine, &self.model, &statement, &self.state, &folder)
                .await?;
            result.rows = Some(built.rows);
            result.bytes = Some(built.bytes);
            stored
        };
        let table = self.state.parts(schema, CUTOFF, &stored);
        self.engine.register_files(name, table)?;
        Ok((result, check::passed(&self.model)))
    }
}

//! Builds models day by day: only the days whose results are not stored.
//!
//! Days that lie side by side are computed together, because planning costs
//! more than a day's rows; each day still gets a file of its own. A batch reads
//! the extract's files of its days once, holds what several models read in
//! memory, and runs on one thread; several batches run side by side. Which days
//! are missing, and what happens with models built whole, is not decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;

use super::check;
use super::key::Keys;
use super::night::scratch_error;
use super::progress::{Event, Observer};
use super::project::{Project, RAW_PREFIX};
use super::state::State;
use super::statement;
use crate::engine::{DAY, Division, Engine, FileTable, Materialise, Materialised};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::graph::Graph;
use crate::source::freeze::Frozen;
use crate::source::register::SourceReport;
use crate::source::{self, Extract};
use crate::time::{AsOf, EpochDays, Stopwatch, date_of};

/// Rows that a batch reads at least, if there are as many: then planning no
/// longer counts.
const BATCH_ROWS: u64 = 250_000;
/// What several models read is held in memory up to this many rows.
const HELD_ROWS: u64 = 2_000_000;
/// Files that are being stored at the same time, for each batch.
const FILES_UNDER_WAY: usize = 8;

/// Days that are to be computed, by model.
pub(crate) type Missing = BTreeMap<String, BTreeSet<EpochDays>>;

/// What was built of one model.
#[derive(Clone, Debug, Default)]
pub(crate) struct DaysBuilt {
    pub(crate) days: usize,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// Where days are built.
pub(crate) struct DayWorkshop<'a> {
    pub(crate) project: &'a Project,
    pub(crate) frozen: &'a Frozen,
    pub(crate) report: &'a SourceReport,
    pub(crate) as_of: &'a AsOf,
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) tables: DayTables<'a>,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) scratch: &'a Path,
    pub(crate) threads: usize,
}

/// Days that are computed together, for these models.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Batch {
    days: RangeInclusive<EpochDays>,
    models: BTreeSet<String>,
    rows: u64,
}

/// One model's files of a batch: what was seen, and where they are stored.
type BatchBuilt = (String, DaysBuilt, Vec<ObjectMeta>);

impl DayWorkshop<'_> {
    /// Computes and stores the missing days; answers what was built by model,
    /// and the stored files.
    pub(crate) async fn build(
        &self,
        missing: &Missing,
    ) -> Result<(BTreeMap<String, DaysBuilt>, Vec<ObjectMeta>)> {
        let batches = self.batches(missing);
        let side_by_side = self.threads.min(batches.len()).max(1);
        let streams = (self.threads / side_by_side).max(1);
        let total: usize = batches.iter().map(|batch| batch.days.clone().count()).sum();
        let done = AtomicUsize::new(0);
        let mut built: BTreeMap<String, DaysBuilt> = BTreeMap::new();
        let mut stored = Vec::new();
        let works = batches.into_iter().enumerate().map(|(number, batch)| {
            let days = batch.days.clone().count();
            let folder = self.scratch.join(format!("days-{number}"));
            let done = &done;
            async move {
                let result = self.batch(&batch, streams, &folder).await?;
                let done = done.fetch_add(days, Ordering::Relaxed) + days;
                self.observer.observe(Event::Days { done, total });
                Ok::<_, Error>(result)
            }
        });
        let mut finished = stream::iter(works).buffer_unordered(side_by_side);
        while let Some(results) = finished.try_next().await? {
            for (model, part, metas) in results {
                let whole = built.entry(model).or_default();
                whole.days += part.days;
                whole.rows += part.rows;
                whole.bytes += part.bytes;
                whole.seconds += part.seconds;
                stored.extend(metas);
            }
        }
        Ok((built, stored))
    }

    /// Neighbouring days with the same models to build, cut where at least a quarter
    /// of what was read is not read again. Where events come weeks late, one batch
    /// reads what its neighbours read; larger ones read less twice, but their groups
    /// outgrow the caches: batches of 8 days took two thirds of the processor time and
    /// a third of the memory of batches of 67 days.
    fn batches(&self, missing: &Missing) -> Vec<Batch> {
        let mut wanted: BTreeMap<EpochDays, BTreeSet<String>> = BTreeMap::new();
        for (model, days) in missing {
            for day in days {
                wanted.entry(*day).or_default().insert(model.clone());
            }
        }
        let sources: Vec<_> = self.tables.keys.days.values().collect();
        let rows = |days: &RangeInclusive<EpochDays>| -> u64 {
            sources.iter().map(|source| source.rows(days)).sum()
        };
        let across =
            |day: EpochDays| -> u64 { sources.iter().map(|source| source.rows_across(day)).sum() };
        let mut batches: Vec<Batch> = Vec::new();
        for (day, models) in wanted {
            let longer = batches.last().and_then(|batch| {
                let is_next = *batch.days.end() + 1 == day && batch.models == models;
                let is_full = batch.rows >= BATCH_ROWS && across(day - 1) <= batch.rows / 4 * 3;
                (is_next && !is_full).then(|| *batch.days.start()..=day)
            });
            let days = longer.clone().unwrap_or(day..=day);
            if longer.is_some() {
                batches.pop();
            }
            let rows = rows(&days);
            batches.push(Batch { days, models, rows });
        }
        batches
    }

    async fn batch(&self, batch: &Batch, streams: usize, folder: &Path) -> Result<Vec<BatchBuilt>> {
        let engine = self.engine.beside(streams);
        let models = self.needed(&batch.models);
        self.register_inputs(&engine, &models, &batch.days).await?;
        let mut built = Vec::new();
        for model in &models {
            let statement = statement(model, self.as_of.epoch_days());
            if model.header.is_view {
                let readers = models
                    .iter()
                    .filter(|other| other.reads.contains(&model.name));
                if readers.count() > 1 && batch.rows <= HELD_ROWS {
                    engine.hold(&statement).await?;
                } else {
                    engine.define_model_view(&statement).await?;
                }
            } else if batch.models.contains(&model.name) {
                built.push(self.table(&engine, model, &batch.days, folder).await?);
            } else {
                let days = batch.days.clone();
                self.tables
                    .register(&engine, &model.name, |day| days.contains(&day))?;
            }
        }
        if folder.exists() {
            // The stored copies are what is read from now on.
            tokio::fs::remove_dir_all(folder)
                .await
                .map_err(|cause| scratch_error(folder, cause))?;
        }
        Ok(built)
    }

    /// The models to build and the models that these read, in order.
    fn needed(&self, models: &BTreeSet<String>) -> Vec<&Model> {
        let mut names = models.clone();
        let graph = &self.project.graph;
        let by_day = graph
            .order()
            .filter(|model| self.tables.keys.by_day.contains_key(&model.name));
        let mut needed: Vec<&Model> = by_day.collect();
        for model in needed.iter().rev() {
            // Tables that are not built are read from the store, not from what
            // they are made of.
            let is_computed = model.header.is_view || models.contains(&model.name);
            if names.contains(&model.name) && is_computed {
                names.extend(model.reads.iter().cloned());
            }
        }
        needed.retain(|model| names.contains(&model.name));
        needed
    }

    async fn register_inputs(
        &self,
        engine: &Engine,
        models: &[&Model],
        days: &RangeInclusive<EpochDays>,
    ) -> Result<()> {
        let reads: BTreeSet<&String> = models.iter().flat_map(|model| &model.reads).collect();
        for table in reads {
            let extract = table.strip_prefix(RAW_PREFIX);
            if let Some((table, source)) =
                extract.and_then(|name| self.tables.keys.days.get_key_value(name))
            {
                let extract = Extract {
                    frozen: self.frozen,
                    pipeline: &self.project.pipeline,
                    as_of: self.as_of,
                    table,
                };
                source::register_days(engine, &extract, self.report, source, days.clone()).await?;
            } else if !self.tables.keys.by_day.contains_key(table) {
                engine.borrow(self.engine, table).await?;
            }
        }
        Ok(())
    }

    /// Builds the days of one model, stores them, and binds them for the models
    /// of the batch that read them.
    async fn table(
        &self,
        engine: &Engine,
        model: &Model,
        days: &RangeInclusive<EpochDays>,
        folder: &Path,
    ) -> Result<BatchBuilt> {
        let watch = Stopwatch::start();
        let folder = folder.join(&model.name);
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(|cause| scratch_error(&folder, cause))?;
        let options = Materialise {
            sort_by: model.header.grain.clone(),
            is_small: true,
            ..Materialise::default()
        };
        let statement = statement(model, self.as_of.epoch_days());
        let division = Division {
            column: DAY,
            days: days.clone().collect(),
        };
        let tables = engine
            .materialise_by_day(&statement, &folder, division, &options)
            .await?;
        let mut part = DaysBuilt::default();
        let mut files = Vec::new();
        let mut with_rows = BTreeSet::new();
        for (day, (file, table)) in tables {
            refuse_broken_grain(model, day, &table)?;
            part.days += 1;
            part.rows += table.rows;
            part.bytes += table.bytes;
            files.push((day, file));
            if table.rows > 0 {
                with_rows.insert(day);
            }
        }
        let works = files
            .into_iter()
            .map(|(day, file)| self.keep(&model.name, day, file));
        let stored: Vec<(EpochDays, ObjectMeta)> = stream::iter(works)
            .buffered(FILES_UNDER_WAY)
            .try_collect()
            .await?;
        // A table without files is known to be empty when its readers are planned.
        let filled = stored.iter().filter(|(day, _)| with_rows.contains(day));
        let filled: Vec<_> = filled.cloned().collect();
        self.tables.register_stored(engine, &model.name, &filled)?;
        part.seconds = watch.seconds();
        let metas = stored.into_iter().map(|(_, meta)| meta).collect();
        Ok((model.name.clone(), part, metas))
    }

    async fn keep(
        &self,
        model: &str,
        day: EpochDays,
        file: PathBuf,
    ) -> Result<(EpochDays, ObjectMeta)> {
        let keys = self.tables.keys.by_day.get(model);
        let key = keys.and_then(|keys| keys.get(&day));
        let key = key.ok_or_else(|| no_key(model, day))?;
        let meta = self.tables.state.keep(model, Some(day), key, &file).await?;
        Ok((day, meta))
    }
}

/// A day whose grain is broken is not stored, and the run ends.
pub(super) fn refuse_broken_grain(
    model: &Model,
    day: EpochDays,
    table: &Materialised,
) -> Result<()> {
    let results = check::header(model, table);
    let Some(broken) = results.iter().find(|result| result.stops()) else {
        return Ok(());
    };
    Err(Error::data(format!(
        "check `{}` on `{}` of {} failed; nothing was published",
        broken.check,
        model.name,
        date_of(day)?
    ))
    .at(&model.file, None, None)
    .with_source(broken.message.clone())
    .with_hint("the columns after `-- grain:` must name one row, and be null in none"))
}

/// What is needed to bind stored days.
#[derive(Clone, Copy)]
pub(crate) struct DayTables<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) keys: &'a Keys,
    pub(crate) state: &'a State,
    /// Columns of every model.
    pub(crate) schemas: &'a BTreeMap<String, SchemaRef>,
}

impl DayTables<'_> {
    /// Binds the stored days of `model` that are wanted to its name.
    ///
    /// # Errors
    /// A bug if one of them is not stored.
    pub(crate) fn register(
        &self,
        engine: &Engine,
        model: &str,
        is_wanted: impl Fn(EpochDays) -> bool,
    ) -> Result<()> {
        engine.register_files(model, self.of_days(model, is_wanted)?)
    }

    /// The stored days of `model` that are wanted.
    ///
    /// # Errors
    /// A bug if one of them is not stored.
    pub(crate) fn of_days(
        &self,
        model: &str,
        is_wanted: impl Fn(EpochDays) -> bool,
    ) -> Result<FileTable> {
        let mut stored = Vec::new();
        for (day, key) in self.keys.by_day.get(model).into_iter().flatten() {
            if is_wanted(*day) {
                let meta = self.state.find(model, Some(*day), key)?;
                let meta = meta.ok_or_else(|| no_key(model, *day))?;
                stored.push((*day, meta.clone()));
            }
        }
        self.table(model, &stored)
    }

    fn register_stored(
        &self,
        engine: &Engine,
        model: &str,
        stored: &[(EpochDays, ObjectMeta)],
    ) -> Result<()> {
        engine.register_files(model, self.table(model, stored)?)
    }

    fn table(&self, model: &str, stored: &[(EpochDays, ObjectMeta)]) -> Result<FileTable> {
        let schema = self.schemas.get(model);
        let schema = schema.ok_or_else(|| Error::bug(format!("`{model}` has no columns")))?;
        Ok(self.state.parts(schema, DAY, stored))
    }
}

pub(super) fn no_key(model: &str, day: EpochDays) -> Error {
    let day = date_of(day).map_or_else(|_| day.to_string(), |date| date.to_string());
    Error::bug(format!("`{model}` of {day} is not in the store"))
}

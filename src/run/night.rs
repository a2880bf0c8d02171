//! One night from beginning to end.
//!
//! Freeze the extracts, build and check everything in a scratch folder, and
//! only then publish. Whatever fails before the commit leaves the last good
//! version as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use jiff::civil::Date;

use super::check::{self, CheckResult};
use super::execute::ModelResult;
use super::inputs::{self, ConfigTables};
use super::key::{Basis, Keys};
use super::memory;
use super::past::Past;
use super::preview;
use super::progress::{Event, Observer};
use super::project::Project;
use super::record::{self, Record};
use super::reuse::Forced;
use super::shift::Shift;
use super::state::State;
use crate::engine::{Engine, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Layer;
use crate::publish::{self, Commit, Publication, StagedTable};
use crate::source;
use crate::source::freeze::{Frozen, FrozenSource};
use crate::source::register::SourceReport;
use crate::storage::Storage;
use crate::time::{AsOf, RunClock, RunId, Stopwatch, date_of, parse_date};

/// How a pipeline is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The business day as typed; the newest complete day when absent.
    pub as_of: Option<String>,
    /// Where to publish in place of the pipeline's output.
    pub output: Option<String>,
    /// Models to build; everything when empty. A selection is never published.
    pub select: Vec<String>,
    /// Threads to use.
    pub threads: usize,
    /// Memory to stay within, in bytes.
    pub memory_bytes: u64,
    /// Compute everything, whatever is stored.
    pub full: bool,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The tables are published.
    Published(Box<Commit>),
    /// The same run had been published before; nothing was done.
    AlreadyDone(Box<Commit>),
    /// A selection was built and left in this folder.
    Previewed(PathBuf),
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// What became of it.
    pub outcome: Outcome,
    /// The business day.
    pub as_of: String,
    /// Names the run under `_kenko/runs/`.
    pub run_id: String,
    /// Where it published.
    pub output: String,
    /// Models in the order in which they were finished.
    pub models: Vec<ModelResult>,
    /// Checks in the order in which they were finished.
    pub checks: Vec<CheckResult>,
    /// Rows read and set aside, per extract.
    pub sources: Option<SourceReport>,
    /// Seconds from start to end.
    pub seconds: f64,
}

/// Runs `project` for one business day.
///
/// # Errors
/// The kind says who acts next; unless it is
/// [`ErrorKind::OutcomeUnknown`], nothing was published.
pub async fn run(
    project: &Project,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<RunReport> {
    let output = options.output.as_deref();
    let storage = Storage::open(output.unwrap_or(&project.pipeline.output))?;
    run_on(storage, project, options, observer).await
}

/// As [`run`], but publishes to a storage that the caller has opened.
///
/// # Errors
/// As [`run`].
pub async fn run_on(
    storage: Storage,
    project: &Project,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<RunReport> {
    let night = Night::begin(storage, project, options, observer).await?;
    if options.select.is_empty()
        && !options.full
        && let Some(commit) = publish::find(&night.log, &night.run_key)
    {
        publish::finish(&night.storage, commit, &night.log).await?;
        let commit = Box::new(commit.clone());
        return Ok(night.report(Outcome::AlreadyDone(commit), None));
    }
    // A mistake in the last model should not cost the time of all the others.
    let schemas = preview::validate(project).await?.schemas;
    let scratch = scratch_folder()?;
    let state = if options.full {
        State::ignored(&night.storage)
    } else {
        State::open(&night.storage).await?
    };
    let keys = Keys::new(&night.basis())?;
    let (work, _) = night
        .build(
            keys,
            state,
            &Forced::new(),
            &schemas.into_iter().collect(),
            scratch.path(),
        )
        .await?;
    if !options.select.is_empty() {
        let folder = night.keep_selection(scratch, &work)?;
        return Ok(night.report(Outcome::Previewed(folder), Some(work)));
    }
    if let Err(error) = check::verdict(&work.checks) {
        record::write_failed(&night.storage, &night.record(&work), scratch.path()).await?;
        return Err(error);
    }
    night.frozen.recheck().await?;
    let published = night.publish(&work).await?;
    let commit = Box::new(published.commit);
    let outcome = if published.already_done {
        Outcome::AlreadyDone(commit)
    } else {
        Outcome::Published(commit)
    };
    Ok(night.report(outcome, Some(work)))
}

/// What a run has made so far.
pub(super) struct Work {
    pub(super) models: Vec<ModelResult>,
    pub(super) checks: Vec<CheckResult>,
    pub(super) sources: SourceReport,
    pub(super) keys: Keys,
}

/// Everything that is fixed before the first model is built.
pub(super) struct Night<'a> {
    pub(super) project: &'a Project,
    pub(super) options: &'a RunOptions,
    pub(super) observer: &'a dyn Observer,
    watch: Stopwatch,
    started_at: i64,
    pub(super) run_id: RunId,
    pub(super) as_of: AsOf,
    pub(super) storage: Storage,
    pub(super) frozen: Frozen,
    /// The log as it was when the night began.
    log: Vec<Commit>,
    prior: Option<Commit>,
    pub(super) past: Past,
    pub(super) tables: ConfigTables,
    run_key: String,
}

impl<'a> Night<'a> {
    pub(super) async fn begin(
        storage: Storage,
        project: &'a Project,
        options: &'a RunOptions,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let clock = RunClock;
        // Named before anything is read: of two runs the one that is named
        // later has seen the newer extracts.
        let run_id = RunId::new(clock);
        let pipeline = &project.pipeline;
        let known = (!options.full).then_some(&storage);
        let (as_of, frozen) = freeze(project, options.as_of.as_deref(), known).await?;
        frozen.remember(pipeline, &storage).await;
        observer.observe(Event::Frozen {
            sources: frozen.sources.len(),
            files: frozen
                .sources
                .values()
                .map(|source| source.files.len())
                .sum(),
            bytes: frozen.sources.values().map(bytes).sum(),
        });
        let log = publish::commits(&storage).await?;
        let prior = publish::before(&log, &pipeline.name, &as_of.to_string()).cloned();
        let past = Past::read(&storage, project).await?;
        let tables = inputs::config_tables(pipeline, &as_of, &storage).await?;
        let mut night = Self {
            project,
            options,
            observer,
            watch: Stopwatch::start(),
            started_at: clock.now(),
            run_id,
            as_of,
            storage,
            frozen,
            log,
            prior,
            past,
            tables,
            run_key: String::new(),
        };
        night.run_key = inputs::run_key(&night.basis())?;
        Ok(night)
    }

    /// This night as of an earlier day: the same files, cut there, and the churn
    /// model of that day. No earlier publication and no backtest is read.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a later day; [`ErrorKind::Data`] if a trained model is
    /// damaged.
    pub(super) async fn cut<'b>(&'b self, day: Date, options: &'b RunOptions) -> Result<Night<'b>> {
        let pipeline = &self.project.pipeline;
        if day > self.as_of.date() {
            return Err(Error::usage(format!("{day} is after {}", self.as_of))
                .with_hint("only days up to the as-of day are known"));
        }
        let as_of = AsOf::new(day, &pipeline.zone)?;
        let frozen = self.frozen.cut(pipeline, &as_of);
        let tables = inputs::config_tables(pipeline, &as_of, &self.storage).await?;
        Ok(Night {
            project: self.project,
            options,
            observer: self.observer,
            watch: Stopwatch::start(),
            started_at: self.started_at,
            run_id: self.run_id.clone(),
            as_of,
            storage: self.storage.clone(),
            frozen,
            prior: None,
            past: Past::default(),
            tables,
            // It is never published.
            log: Vec::new(),
            run_key: String::new(),
        })
    }

    /// This night with other past days, and other options.
    pub(super) async fn with_past<'b>(
        &'b self,
        past: Past,
        options: &'b RunOptions,
    ) -> Result<Night<'b>> {
        let night = self.cut(self.as_of.date(), options).await?;
        Ok(Night {
            prior: self.prior.clone(),
            past,
            ..night
        })
    }

    fn engine(&self, scratch: &Path) -> Result<Arc<Engine>> {
        engine_for(
            &self.as_of,
            self.options.threads,
            self.options.memory_bytes,
            scratch,
        )
    }

    async fn register(&self, engine: &Engine, scratch: &Path) -> Result<SourceReport> {
        inputs::register_config(engine, &self.tables)?;
        let cutoffs = inputs::cutoffs(&self.tables, &self.as_of);
        inputs::register_parts(engine, self.project, &cutoffs)?;
        let prior = self.prior.as_ref();
        inputs::register_prior(engine, self.project, &self.storage, prior, scratch).await?;
        self.past.register(engine, self.project, &self.storage)?;
        let report = source::register(
            engine,
            &self.frozen,
            &self.project.pipeline,
            &self.as_of,
            scratch,
        )
        .await?;
        self.observer.observe(Event::Registered {
            quarantined: report
                .sources
                .values()
                .map(|counts| counts.quarantined)
                .sum(),
        });
        Ok(report)
    }

    /// Registers everything that is read, and builds.
    pub(super) async fn build(
        &self,
        keys: Keys,
        state: State,
        forced: &Forced,
        schemas: &BTreeMap<String, SchemaRef>,
        scratch: &Path,
    ) -> Result<(Work, Arc<State>)> {
        let engine = self.engine(scratch)?;
        // On the heap: futures of whole runs are held in many places.
        let building = Box::pin(async {
            let mut work = Work {
                sources: self.register(&engine, scratch).await?,
                models: Vec::new(),
                checks: Vec::new(),
                keys,
            };
            let shift = Shift {
                night: self,
                engine: &engine,
                scratch,
                schemas,
            };
            let state = shift.build(state, forced, &mut work).await?;
            Ok((work, state))
        });
        memory::within(self.options.memory_bytes, building).await
    }

    pub(super) fn basis(&self) -> Basis<'_> {
        Basis {
            project: self.project,
            as_of: &self.as_of,
            frozen: &self.frozen,
            prior: self.prior.as_ref(),
            past: &self.past,
            tables: &self.tables,
        }
    }

    /// Leaves the selected tables where the user can look at them.
    fn keep_selection(&self, scratch: tempfile::TempDir, work: &Work) -> Result<PathBuf> {
        let selection = self.project.graph.select(&self.options.select)?;
        let folder = scratch.keep();
        for model in work
            .models
            .iter()
            .filter(|model| !selection.shown.contains(&model.name))
        {
            if let Some(file) = &model.file {
                std::fs::remove_file(file).map_err(|cause| scratch_error(file, cause))?;
            }
        }
        Ok(folder)
    }

    fn record<'b>(&'b self, work: &'b Work) -> Record<'b> {
        Record {
            run_id: self.run_id.as_str(),
            run_key: &self.run_key,
            pipeline: &self.project.pipeline.name,
            timezone: self.as_of.zone().name(),
            as_of: self.as_of.to_string(),
            started_at: self.started_at,
            seconds: self.watch.seconds(),
            prior_commit: self.prior.as_ref().map(|commit| commit.commit_id.as_str()),
            frozen: &self.frozen,
            sources: &work.sources,
            keys: &work.keys,
            models: &work.models,
            checks: &work.checks,
            graph: &self.project.graph,
        }
    }

    async fn publish(&self, work: &Work) -> Result<publish::Published> {
        let marts = work
            .models
            .iter()
            .filter(|model| model.layer == Layer::Mart.folder());
        let tables: Vec<StagedTable> = marts
            .filter_map(|model| {
                let grain = self.project.graph.get(&model.name)?.header.grain.clone();
                Some(StagedTable {
                    name: model.name.clone(),
                    file: model.file.clone()?,
                    rows: model.rows?,
                    bytes: model.bytes?,
                    sha256: model.sha256.clone()?,
                    grain,
                })
            })
            .collect();
        self.observer.observe(Event::Publishing {
            tables: tables.len(),
        });
        let publication = Publication {
            pipeline: self.project.pipeline.name.clone(),
            as_of: self.as_of.to_string(),
            run_id: self.run_id.as_str().to_owned(),
            run_key: self.run_key.clone(),
            tables,
            records: record::files(&self.record(work))?,
        };
        publish::publish_after(&self.storage, &publication, &self.log).await
    }

    fn report(&self, outcome: Outcome, work: Option<Work>) -> RunReport {
        let (models, checks, sources) = work.map_or_else(Default::default, |work| {
            (work.models, work.checks, Some(work.sources))
        });
        RunReport {
            outcome,
            as_of: self.as_of.to_string(),
            run_id: self.run_id.as_str().to_owned(),
            output: self.storage.url().to_owned(),
            models,
            checks,
            sources,
            seconds: self.watch.seconds(),
        }
    }
}

/// The extracts as they are for the day asked for; else for yesterday, or for
/// the last day the extracts hold when that is earlier. Of files that a run into
/// `output` has looked into it takes what is known.
pub(crate) async fn freeze(
    project: &Project,
    asked: Option<&str>,
    output: Option<&Storage>,
) -> Result<(AsOf, Frozen)> {
    let pipeline = &project.pipeline;
    let zone = &pipeline.zone;
    let latest = match asked {
        Some(text) => AsOf::parse(text, zone)?,
        None => AsOf::new(RunClock.yesterday(zone)?, zone)?,
    };
    let frozen = source::freeze(pipeline, &latest, output).await?;
    let newest = source::newest_day(&frozen, pipeline, &latest);
    match newest.filter(|day| asked.is_none() && *day < latest.epoch_days()) {
        None => Ok((latest, frozen)),
        Some(day) => {
            let as_of = AsOf::new(date_of(day)?, zone)?;
            let frozen = source::freeze(pipeline, &as_of, output).await?;
            Ok((as_of, frozen))
        }
    }
}

/// Bytes of all files of an extract.
pub(crate) fn bytes(source: &FrozenSource) -> u64 {
    source.files.iter().map(|file| file.size).sum()
}

/// An engine whose days reach from 1900 to the as-of day.
pub(crate) fn engine_for(
    as_of: &AsOf,
    threads: usize,
    memory_bytes: u64,
    scratch: &Path,
) -> Result<Arc<Engine>> {
    let zone = as_of.zone().clone();
    let first = parse_date("1900-01-01")?;
    let engine = Engine::new(&Settings {
        threads,
        memory_bytes,
        scratch: scratch.to_owned(),
        days: zone.days(first, as_of.date())?,
        zone,
    })?;
    Ok(Arc::new(engine))
}

pub(crate) fn scratch_folder() -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("kenko-")
        .tempdir()
        .map_err(|cause| scratch_error(&std::env::temp_dir(), cause))
}

pub(super) fn scratch_error(path: &Path, cause: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Resources,
        format!("cannot use the scratch folder {}", path.display()),
    )
    .with_source(cause)
    .with_hint("set TMPDIR to a folder with room")
}

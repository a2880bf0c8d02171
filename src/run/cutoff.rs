//! The graph as of past days: the same models, with every extract cut there.
//!
//! What a model learns from and what it is judged by is made by the SQL of the
//! night, run as if that day were today. So there is no second query that could
//! differ, and nothing later than the cut can be read. The extracts are listed
//! once and cut many times; each cutoff has an engine of its own. Earlier
//! publications are not read: a result follows from the extracts alone. Results
//! lie in the store of all results and are computed once; nothing is published
//! here, and what is made of them is the caller's business.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::check;
use super::key::Keys;
use super::night::{Night, RunOptions, scratch_error, scratch_folder};
use super::preview;
use super::progress::{Event, Observer};
use super::project::Project;
use super::reuse::Forced;
use super::state::{self, State};
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::time::AsOf;

/// Folder, below the output, of what each purpose last took from the store.
pub(crate) const FOLDER: &str = "_kenko/cutoffs";

/// The models that are wanted as of each day.
pub type WantedModels = BTreeMap<Date, Vec<String>>;

/// What is wanted, and what for.
#[derive(Clone, Debug)]
pub struct CutoffRequest {
    /// What the results are for, as a name of a file: `prune` keeps what each
    /// purpose took last.
    pub purpose: &'static str,
    /// Models by day. They must be tables that are built whole.
    pub models: WantedModels,
}

/// The results as of one day.
#[derive(Clone, Debug)]
pub struct CutoffResult {
    /// The day.
    pub as_of: Date,
    /// The Parquet file of each wanted model, by name.
    pub files: BTreeMap<String, PathBuf>,
    /// Whether all of them were in the store.
    pub is_reused: bool,
}

/// The results of all days. The files go when this goes.
#[derive(Debug)]
pub struct Cutoffs {
    /// The newest day that the extracts were listed for.
    pub newest: AsOf,
    /// One entry a day, in order.
    pub results: Vec<CutoffResult>,
    _folder: tempfile::TempDir,
}

/// Builds what `request` wants, day after day; `options.as_of` is the newest day
/// that may be asked for, and `options.select` says nothing here. What is in the
/// store is taken, so that the same call goes on where one was interrupted.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] for a day after the newest one, or a model
/// that is no table built whole; otherwise as a run of that day.
pub async fn cutoffs(
    project: &Project,
    request: &CutoffRequest,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<Cutoffs> {
    let output = options.output.as_deref();
    let storage = Storage::open(output.unwrap_or(&project.pipeline.output))?;
    let night = Night::begin(storage, project, options, observer).await?;
    series(&night, request).await
}

/// As [`cutoffs`], for a night that has begun.
pub(super) async fn series(night: &Night<'_>, request: &CutoffRequest) -> Result<Cutoffs> {
    let mut series = Series {
        night,
        schemas: None,
        kept: BTreeSet::new(),
        folder: scratch_folder()?,
        results: Vec::new(),
    };
    for (index, (day, models)) in request.models.iter().enumerate() {
        night.observer.observe(Event::Day {
            number: index + 1,
            of: request.models.len(),
            as_of: &day.to_string(),
        });
        let result = series.day(*day, models).await;
        let result = result.map_err(|error| error.during(&format!("as of {day}")))?;
        series.results.push(result);
    }
    night.frozen.recheck().await?;
    keep(&night.storage, request.purpose, series.kept).await?;
    Ok(Cutoffs {
        newest: night.as_of.clone(),
        results: series.results,
        _folder: series.folder,
    })
}

/// Days that are built one after another.
struct Series<'a> {
    night: &'a Night<'a>,
    /// Columns of every model; planned when the first day has to be built.
    schemas: Option<BTreeMap<String, SchemaRef>>,
    /// Paths of the results in the store.
    kept: BTreeSet<String>,
    folder: tempfile::TempDir,
    results: Vec<CutoffResult>,
}

impl Series<'_> {
    async fn day(&mut self, day: Date, models: &[String]) -> Result<CutoffResult> {
        let options = RunOptions {
            as_of: Some(day.to_string()),
            select: models.to_vec(),
            ..self.night.options.clone()
        };
        let cut = self.night.cut(day, &options).await?;
        let keys = Keys::new(&cut.basis())?;
        let folder = self.folder.path().join(day.to_string());
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(|cause| scratch_error(&folder, cause))?;
        let mut missing = Vec::new();
        let mut files = BTreeMap::new();
        let state = State::open(&cut.storage).await?;
        for model in models {
            let key = keys.whole.get(model).filter(|_| is_table(&cut, model));
            let key = key.ok_or_else(|| no_table(&cut, model))?;
            self.kept.insert(state::path(model, None, &key.hash)?);
            let file = folder.join(format!("{model}.parquet"));
            match state.find(model, None, key)?.filter(|_| !options.full) {
                Some(stored) => {
                    state.fetch(stored, &file).await?;
                    files.insert(model.clone(), file);
                }
                None => missing.push(model.clone()),
            }
        }
        let is_reused = missing.is_empty();
        if !is_reused {
            let built = self.build(&cut, keys, &missing, &folder).await?;
            files.extend(built);
        }
        Ok(CutoffResult {
            as_of: day,
            files,
            is_reused,
        })
    }

    /// Builds what is not in the store, and moves it to `folder`.
    async fn build(
        &mut self,
        cut: &Night<'_>,
        keys: Keys,
        missing: &[String],
        folder: &Path,
    ) -> Result<BTreeMap<String, PathBuf>> {
        if self.schemas.is_none() {
            let planned = preview::validate(cut.project).await?.schemas;
            self.schemas = Some(planned.into_iter().collect());
        }
        let schemas = self.schemas.clone().unwrap_or_default();
        let scratch = scratch_folder()?;
        let state = if cut.options.full {
            State::ignored(&cut.storage)
        } else {
            State::open(&cut.storage).await?
        };
        let forced = Forced::new();
        let built = cut.build(keys, state, &forced, &schemas, scratch.path());
        let (work, _) = built.await?;
        check::verdict(&work.checks)?;
        let mut files = BTreeMap::new();
        for model in &work.models {
            let Some(file) = model
                .file
                .as_ref()
                .filter(|_| missing.contains(&model.name))
            else {
                continue;
            };
            let target = folder.join(format!("{}.parquet", model.name));
            // Both lie in folders of the same temporary place.
            tokio::fs::rename(file, &target)
                .await
                .map_err(|cause| scratch_error(&target, cause))?;
            files.insert(model.name.clone(), target);
        }
        Ok(files)
    }
}

fn is_table(night: &Night<'_>, model: &str) -> bool {
    let model = night.project.graph.get(model);
    model.is_some_and(|model| !model.header.is_view)
}

fn no_table(night: &Night<'_>, model: &str) -> Error {
    let error = Error::usage(format!(
        "`{model}` is needed as of past days, and is no table that is built whole"
    ));
    match night.project.graph.get(model) {
        Some(model) => error
            .at(&model.file, None, None)
            .with_hint("leave `-- materialise: view` and `-- partition:` out of its header"),
        None => error.with_hint(
            "`marts:` or the folder named by `sql:` leaves it out; `kenko plan` lists the models",
        ),
    }
}

/// What one purpose took from the store, by path below the output.
#[derive(Serialize, Deserialize)]
struct Kept {
    results: BTreeSet<String>,
}

/// Remembers what `purpose` took last.
async fn keep(storage: &Storage, purpose: &str, results: BTreeSet<String>) -> Result<()> {
    let text = serde_json::to_vec_pretty(&Kept { results }).map_err(|cause| {
        Error::bug("the record of results of past days cannot be written").with_source(cause)
    })?;
    let path = format!("{FOLDER}/{purpose}.json");
    storage.put(&path, Bytes::from(text)).await?;
    Ok(())
}

/// What any purpose took last from the store, by path below the output.
///
/// # Errors
/// The storage's own.
pub(crate) async fn kept(storage: &Storage) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for meta in storage.list(FOLDER).await? {
        let stored = storage.get(&storage.relative(&meta.location)).await?;
        // A record that cannot be read keeps nothing: what it named is computed anew.
        let record = stored.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        all.extend(record.into_iter().flat_map(|record| record.results));
    }
    Ok(all)
}

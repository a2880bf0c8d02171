//! What a run would read, compute and take from the store, and why, without
//! building anything.
//!
//! The store is only looked at; why a result is computed anew is told by the
//! recorded keys of the newest commit.

use std::collections::{BTreeMap, BTreeSet};

use super::days::Missing;
use super::inputs;
use super::key::{self, Basis, Key, Keys};
use super::night::{bytes, freeze};
use super::past::Past;
use super::project::Project;
use super::record::recorded_keys;
use super::reuse::{Forced, Reuse};
use super::state::State;
use crate::error::Result;
use crate::model::{Layer, Model};
use crate::publish::{self, Commit};
use crate::source::freeze::Frozen;
use crate::storage::Storage;
use crate::time::EpochDays;

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
    /// Checks, besides those of grain and finite numbers.
    pub checks: usize,
    /// Those of them whose result is stored.
    pub checks_stored: usize,
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
    /// What it reads.
    pub reads: Vec<String>,
    /// The file it is written in.
    pub file: String,
    /// What the run would do about it.
    pub work: PlannedWork,
    /// Why it would be computed: the parts of its key that differ from those
    /// of the newest commit; empty for what is stored.
    pub why: Vec<Reason>,
}

/// Why something would be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The part of the key that differs, or what else it is.
    pub part: String,
    /// The days or cutoffs of the model that it makes anew, in order; none for a
    /// model that is not kept by these.
    pub days: Vec<EpochDays>,
}

impl Reason {
    fn of_all(part: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            days: Vec::new(),
        }
    }
}

/// What a run would do about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedWork {
    /// A view is part of what reads it.
    View,
    /// It is taken from the store.
    Stored,
    /// It is computed.
    Compute,
    /// Some of its days are computed, the others are stored.
    Days {
        /// Days to compute.
        compute: usize,
        /// Days that are stored.
        stored: usize,
        /// The first and last day to compute.
        range: Option<(EpochDays, EpochDays)>,
    },
    /// Some of its cutoffs are computed, the others are stored.
    Cutoffs {
        /// Cutoffs to compute.
        compute: usize,
        /// Cutoffs that are stored.
        stored: usize,
        /// The first and last cutoff to compute.
        range: Option<(EpochDays, EpochDays)>,
    },
    /// New days are added to what it had.
    Add {
        /// Days to add.
        days: usize,
        /// The day whose stored rows it goes on from; none when it begins with
        /// nothing.
        after: Option<EpochDays>,
    },
}

impl PlannedWork {
    /// Whether anything of it is computed; a view is so by its readers.
    pub fn is_built(self) -> bool {
        match self {
            Self::View | Self::Stored => false,
            Self::Compute | Self::Add { .. } => true,
            Self::Days { compute, .. } | Self::Cutoffs { compute, .. } => compute > 0,
        }
    }
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
    full: bool,
) -> Result<Plan> {
    let pipeline = &project.pipeline;
    let storage = Storage::open(output.unwrap_or(&pipeline.output))?;
    let known = (!full).then_some(&storage);
    let (as_of, frozen) = freeze(project, day, known).await?;
    let log = publish::commits(&storage).await?;
    let prior = publish::before(&log, &pipeline.name, &as_of.to_string());
    let past = Past::read(&storage, project).await?;
    let tables = inputs::config_tables(pipeline, &as_of, &storage).await?;
    let basis = Basis {
        project,
        as_of: &as_of,
        frozen: &frozen,
        prior,
        past: &past,
        tables: &tables,
    };
    let key = inputs::run_key(&basis)?;
    let found = if select.is_empty() {
        publish::find(&log, &key)
    } else {
        None
    };
    let selection = project.graph.select(select)?;
    let outlook = Outlook::new(&storage, &log, Keys::new(&basis)?, full).await?;
    let reuse = Reuse::decide(
        &project.graph,
        &selection.built,
        &outlook.keys,
        &outlook.state,
        &Forced::new(),
    )?;
    let (checks, models): (Vec<_>, Vec<_>) = project
        .graph
        .order()
        .filter(|model| selection.built.contains(&model.name))
        .partition(|model| model.layer == Layer::Check);
    let models = models.into_iter().map(|model| {
        let work = outlook.work(model, &reuse);
        PlannedModel {
            name: model.name.clone(),
            layer: model.layer.folder(),
            reads: model.reads.iter().cloned().collect(),
            file: model.file.clone(),
            work,
            why: outlook.why(model, work, &reuse),
        }
    });
    let checks_stored = checks
        .iter()
        .filter(|check| reuse.stored.contains_key(&check.name));
    Ok(Plan {
        pipeline: pipeline.name.clone(),
        as_of: as_of.to_string(),
        timezone: pipeline.zone.name().to_owned(),
        output: storage.url().to_owned(),
        sources: planned_sources(&frozen),
        models: models.collect(),
        checks: checks.len(),
        checks_stored: checks_stored.count(),
        already_done: found.map(|commit| commit.version),
    })
}

fn planned_sources(frozen: &Frozen) -> Vec<PlannedSource> {
    let sources = frozen.sources.iter();
    let sources = sources.map(|(table, source)| PlannedSource {
        table: table.clone(),
        files: source.files.len(),
        bytes: bytes(source),
        rows: source.rows,
    });
    sources.collect()
}

/// What is stored now and what was recorded before.
struct Outlook {
    keys: Keys,
    state: State,
    /// The keys of the newest commit; none when there is no record.
    before: Option<Keys>,
}

/// Said of a result when no earlier run is known.
const FIRST: &str = "nothing recorded";
/// Said of a result that the newest commit has, but the store has not.
const REMOVED: &str = "no longer stored";

impl Outlook {
    async fn new(storage: &Storage, log: &[Commit], keys: Keys, full: bool) -> Result<Self> {
        let state = if full {
            State::ignored(storage)
        } else {
            State::open(storage).await?
        };
        let before = match log.last() {
            Some(commit) => recorded_keys(storage, commit).await?,
            None => None,
        };
        Ok(Self {
            keys,
            state,
            before,
        })
    }

    fn work(&self, model: &Model, reuse: &Reuse) -> PlannedWork {
        if model.header.is_view {
            return PlannedWork::View;
        }
        let parts = |keys: &BTreeMap<EpochDays, Key>, missing: &Missing| {
            let compute = missing.get(&model.name);
            let range = compute.and_then(|days| Some((*days.first()?, *days.last()?)));
            let compute = compute.map_or(0, BTreeSet::len);
            (compute, keys.len() - compute, range)
        };
        if let Some(days) = self.keys.by_day.get(&model.name) {
            let (compute, stored, range) = parts(days, &reuse.missing);
            return PlannedWork::Days {
                compute,
                stored,
                range,
            };
        }
        if let Some(cutoffs) = self.keys.by_cutoff.get(&model.name) {
            let (compute, stored, range) = parts(cutoffs, &reuse.cutoffs);
            return PlannedWork::Cutoffs {
                compute,
                stored,
                range,
            };
        }
        if let Some(after) = reuse.starts.get(&model.name) {
            let days = self.keys.accumulated.get(&model.name).into_iter().flatten();
            let new = days.filter(|(day, _)| after.is_none_or(|after| **day > after));
            return PlannedWork::Add {
                days: new.count(),
                after: *after,
            };
        }
        if reuse.stored.contains_key(&model.name) {
            PlannedWork::Stored
        } else {
            PlannedWork::Compute
        }
    }

    fn why(&self, model: &Model, work: PlannedWork, reuse: &Reuse) -> Vec<Reason> {
        if !work.is_built() {
            return Vec::new();
        }
        let Some(before) = &self.before else {
            return vec![Reason::of_all(FIRST)];
        };
        let name = &model.name;
        let newest = |keys: &Keys| Some(keys.after(name, EpochDays::MAX)?.1.clone());
        match work {
            PlannedWork::View | PlannedWork::Stored => Vec::new(),
            PlannedWork::Compute => {
                let changed = changes(before.whole.get(name), self.keys.whole.get(name));
                changed.into_iter().map(Reason::of_all).collect()
            }
            PlannedWork::Add { .. } => {
                let changed = changes(newest(before).as_ref(), newest(&self.keys).as_ref());
                changed.into_iter().map(Reason::of_all).collect()
            }
            PlannedWork::Days { .. } => by_part(
                reuse.missing.get(name),
                before.by_day.get(name),
                self.keys.by_day.get(name),
                "new day",
            ),
            PlannedWork::Cutoffs { .. } => by_part(
                reuse.cutoffs.get(name),
                before.by_cutoff.get(name),
                self.keys.by_cutoff.get(name),
                "new cutoff",
            ),
        }
    }
}

/// Why the `missing` days of a model are computed; `new` says that of a day which the
/// model, `known` before, did not have.
fn by_part(
    missing: Option<&BTreeSet<EpochDays>>,
    known: Option<&BTreeMap<EpochDays, Key>>,
    now: Option<&BTreeMap<EpochDays, Key>>,
    new: &str,
) -> Vec<Reason> {
    let mut found: BTreeMap<String, Vec<EpochDays>> = BTreeMap::new();
    for day in missing.into_iter().flatten() {
        let parts = match known.map(|known| known.get(day)) {
            Some(None) => vec![new.to_owned()],
            Some(then) => changes(then, now.and_then(|now| now.get(day))),
            None => vec![FIRST.to_owned()],
        };
        for part in parts {
            found.entry(part).or_default().push(*day);
        }
    }
    let reasons = found.into_iter().map(|(part, days)| Reason { part, days });
    reasons.collect()
}

/// The parts of a key that have changed; it may be the same, and what it names gone.
fn changes(before: Option<&Key>, now: Option<&Key>) -> Vec<String> {
    let (Some(before), Some(now)) = (before, now) else {
        return vec![FIRST.to_owned()];
    };
    let mut changed = key::changed(before, now);
    if changed.is_empty() {
        changed.push(REMOVED.to_owned());
    }
    changed
}

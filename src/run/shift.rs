//! The building part of a night: days first, then models, then checks, then
//! what reads the results of the checks.
//!
//! What is stored already is taken, everything else is computed and stored.
//! Nothing here decides whether anything is published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::check::{self, CheckResult};
use super::days::{DayTables, DayWorkshop, DaysBuilt};
use super::execute::{ModelResult, Workshop, built_event};
use super::inputs;
use super::night::{Night, Work};
use super::progress::Event;
use super::reuse::{Forced, Reuse};
use super::state::State;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::{Layer, Model};

/// Where a night builds.
pub(super) struct Shift<'a> {
    pub(super) night: &'a Night<'a>,
    pub(super) engine: &'a Arc<Engine>,
    pub(super) scratch: &'a Path,
    /// Columns of every model.
    pub(super) schemas: &'a BTreeMap<String, SchemaRef>,
}

impl Shift<'_> {
    /// Builds what is selected, or everything; what is stored is computed only
    /// if it is `forced`. Answers the store as it is afterwards.
    pub(super) async fn build(
        &self,
        mut state: State,
        forced: &Forced,
        work: &mut Work,
    ) -> Result<Arc<State>> {
        let Night {
            project, options, ..
        } = self.night;
        let graph = &project.graph;
        let selected = graph.select(&options.select)?.built;
        let reuse = Reuse::decide(graph, &selected, &work.keys, &state, forced)?;
        let days: BTreeSet<_> = reuse.missing.values().flatten().collect();
        self.night.observer.observe(Event::Planned {
            models: selected.len(),
            reused: reuse.stored.len(),
            days: days.len(),
        });
        self.days(&mut state, &reuse, &selected, work).await?;
        let state = Arc::new(state);
        for late in [false, true] {
            self.models(&state, &reuse, &selected, late, work).await?;
            for model in graph.order() {
                let is_wanted = model.layer == Layer::Check
                    && selected.contains(&model.name)
                    && graph.is_late(&model.name) == late;
                if is_wanted {
                    let result = self.check(&state, &reuse, model, work).await?;
                    work.checks.push(result);
                }
            }
            if !late {
                inputs::register_checks(self.engine, &work.checks)?;
            }
        }
        Ok(state)
    }

    /// Computes missing days and binds the models that are built by day.
    async fn days(
        &self,
        state: &mut State,
        reuse: &Reuse,
        selected: &BTreeSet<String>,
        work: &mut Work,
    ) -> Result<()> {
        let workshop = DayWorkshop {
            project: self.night.project,
            frozen: &self.night.frozen,
            report: &work.sources,
            as_of: &self.night.as_of,
            engine: self.engine,
            tables: self.tables(state, work),
            observer: self.night.observer,
            scratch: self.scratch,
            threads: self.night.options.threads,
        };
        let (built, stored) = workshop.build(&reuse.missing).await?;
        state.add(stored);
        let tables = self.tables(state, work);
        let mut results = Vec::new();
        let graph = &self.night.project.graph;
        for model in graph.order().filter(|model| !model.header.is_view) {
            if !selected.contains(&model.name) || !work.keys.by_day.contains_key(&model.name) {
                continue;
            }
            if reuse.bound.contains(&model.name) {
                tables.register(self.engine, &model.name, |_| true)?;
            }
            results.push(day_result(model, built.get(&model.name)));
        }
        for (model, checks) in results {
            self.night.observer.observe(built_event(&model));
            work.models.push(model);
            work.checks.extend(checks);
        }
        Ok(())
    }

    fn tables<'t>(&'t self, state: &'t State, work: &'t Work) -> DayTables<'t> {
        DayTables {
            graph: &self.night.project.graph,
            keys: &work.keys,
            state,
            schemas: self.schemas,
        }
    }

    async fn models(
        &self,
        state: &Arc<State>,
        reuse: &Reuse,
        selected: &BTreeSet<String>,
        late: bool,
        work: &mut Work,
    ) -> Result<()> {
        let graph = &self.night.project.graph;
        let is_by_day =
            |model: &Model| !model.header.is_view && work.keys.by_day.contains_key(&model.name);
        let wanted: Vec<&Model> = graph
            .order()
            .filter(|model| selected.contains(&model.name))
            .filter(|model| graph.is_late(&model.name) == late)
            .filter(|model| model.layer != Layer::Check && !is_by_day(model))
            .collect();
        let workshop = Workshop {
            engine: self.engine,
            observer: self.night.observer,
            scratch: self.scratch.to_owned(),
            as_of: self.night.as_of.epoch_days(),
            stamps: inputs::stamps(self.night.project, &self.night.tables)?,
            threads: self.night.options.threads,
            keys: &work.keys,
            state,
            reuse,
            tables: self.tables(state, work),
        };
        let built = workshop.build(&wanted).await?;
        for (model, checks) in built {
            work.models.push(model);
            work.checks.extend(checks);
        }
        Ok(())
    }

    async fn check(
        &self,
        state: &State,
        reuse: &Reuse,
        model: &Model,
        work: &Work,
    ) -> Result<CheckResult> {
        let file = self.scratch.join(format!("check_{}.parquet", model.name));
        let result = if let Some(stored) = reuse.stored.get(&model.name) {
            let fetched = state.fetch(stored, &file).await?;
            check::of_sql(model, fetched.rows, &file)?
        } else {
            let as_of = self.night.as_of.epoch_days();
            let result = check::sql(self.engine, model, as_of, &file).await?;
            if let Some(key) = work.keys.whole.get(&model.name)
                && !result.stops()
            {
                state.keep(&model.name, None, key, &file).await?;
            }
            result
        };
        self.night.observer.observe(Event::Checked {
            check: &model.name,
            rows_failed: result.rows_failed,
        });
        Ok(result)
    }
}

/// What became of a model that is built by day; its days passed, or the run
/// would have ended.
fn day_result(model: &Model, built: Option<&DaysBuilt>) -> (ModelResult, Vec<CheckResult>) {
    let built = built.cloned().unwrap_or_default();
    let is_reused = built.days == 0;
    let result = ModelResult {
        rows: (!is_reused).then_some(built.rows),
        bytes: (!is_reused).then_some(built.bytes),
        is_reused,
        days_built: Some(built.days),
        seconds: built.seconds,
        ..ModelResult::of(model)
    };
    (result, check::passed(model))
}

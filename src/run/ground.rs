//! What a model built in parts reads in place of the run's own tables: the days
//! that it looks at, its earlier rows, the cutoffs to compute.
//!
//! Such a model runs in a session of its own, where these stand under the names
//! that its SQL uses, and everything else is borrowed from the run's session.
//! Which parts are computed is [`super::reuse`]'s to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::days::{DayTables, no_key};
use super::inputs;
use crate::engine::{DataFile, Engine, FileTable};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::graph::{EARLIER, RUN_CUTOFF, RUN_EARLIER};
use crate::time::EpochDays;

/// The tables of one model.
pub(crate) struct Ground {
    borrowed: Vec<String>,
    files: Vec<(String, FileTable)>,
    rows: Vec<(&'static str, RecordBatch)>,
    /// New days, or cutoffs.
    pub(crate) parts: usize,
}

impl Ground {
    /// For a model that accumulates and goes on after `start`, or begins with
    /// nothing.
    ///
    /// # Errors
    /// A bug if something is not stored that must be.
    pub(crate) fn after(
        tables: &DayTables<'_>,
        model: &Model,
        start: Option<EpochDays>,
    ) -> Result<Self> {
        let after = start.unwrap_or(inputs::BEFORE_ALL);
        let seen_after = after - i32::from(model.header.lookback.unwrap_or(0));
        let mut ground = Self::of(tables, model, |day| day > seen_after)?;
        let days = tables.keys.accumulated.get(&model.name);
        ground.parts = days.map_or(0, |days| days.range(after + 1..).count());
        let Some(start) = start else {
            return Ok(ground);
        };
        let rows = inputs::of_days("day", [start])?;
        ground.lay_rows(RUN_EARLIER, rows);
        for read in &model.reads {
            let Some(other) = read.strip_prefix(EARLIER) else {
                continue;
            };
            let (day, key) = tables
                .keys
                .after(other, start)
                .ok_or_else(|| no_key(other, start))?;
            let meta = tables.state.find(other, Some(day), key)?;
            let meta = meta.ok_or_else(|| no_key(other, day))?;
            let schema = tables.schemas.get(other);
            let schema = schema.ok_or_else(|| Error::bug(format!("`{other}` has no columns")))?;
            let file = DataFile::new(meta.clone());
            let table = tables.state.table(Arc::clone(schema), vec![file]);
            ground.lay_files(read, table);
        }
        Ok(ground)
    }

    /// For a model that is built for `cutoffs`.
    ///
    /// # Errors
    /// A bug if something is not stored that must be.
    pub(crate) fn of_cutoffs(
        tables: &DayTables<'_>,
        model: &Model,
        cutoffs: &BTreeSet<EpochDays>,
    ) -> Result<Self> {
        let lookback = i32::from(model.header.lookback.unwrap_or(0));
        let is_seen = |day: EpochDays| cutoffs.range(day..day + lookback).next().is_some();
        let mut ground = Self::of(tables, model, is_seen)?;
        ground.parts = cutoffs.len();
        let rows = inputs::of_days("cutoff", cutoffs.iter().copied())?;
        ground.lay_rows(RUN_CUTOFF, rows);
        Ok(ground)
    }

    fn of(
        tables: &DayTables<'_>,
        model: &Model,
        is_seen: impl Fn(EpochDays) -> bool,
    ) -> Result<Self> {
        let mut ground = Self {
            borrowed: model.reads.iter().cloned().collect(),
            files: Vec::new(),
            rows: Vec::new(),
            parts: 0,
        };
        for read in &model.reads {
            // Views are not stored: they are those of the run, over all days.
            let is_view = tables
                .graph
                .get(read)
                .is_some_and(|read| read.header.is_view);
            if tables.keys.by_day.contains_key(read) && !is_view {
                let table = tables.of_days(read, &is_seen)?;
                ground.lay_files(read, table);
            }
        }
        Ok(ground)
    }

    fn lay_files(&mut self, name: &str, table: FileTable) {
        self.borrowed.retain(|borrowed| borrowed != name);
        self.files.push((name.to_owned(), table));
    }

    fn lay_rows(&mut self, name: &'static str, rows: RecordBatch) {
        self.borrowed.retain(|borrowed| borrowed != name);
        self.rows.push((name, rows));
    }

    /// A session in which the model can run.
    ///
    /// # Errors
    /// A bug if a table that it reads is not there.
    pub(crate) async fn session(self, run: &Engine, streams: usize) -> Result<Engine> {
        let engine = run.beside(streams);
        for name in &self.borrowed {
            engine.borrow(run, name).await?;
        }
        for (name, table) in self.files {
            engine.register_files(&name, table)?;
        }
        for (name, rows) in self.rows {
            engine.register_batches(name, rows.schema(), vec![rows])?;
        }
        Ok(engine)
    }
}

//! Decides what a run computes and what it takes from the store.
//!
//! A result whose key is stored is not computed. What it is made of is then not
//! even bound, unless something that is computed reads it. A model that
//! accumulates goes on from the newest of its earlier results that is stored.
//! Nothing is executed here.

use std::collections::{BTreeMap, BTreeSet};

use object_store::ObjectMeta;

use super::days::Missing;
use super::key::{Key, Keys};
use super::state::State;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::graph::{EARLIER, Graph};
use crate::time::EpochDays;

/// Results that are computed although they are stored: by model, and of models
/// built by day also by day.
pub(crate) type Forced = BTreeSet<(String, Option<EpochDays>)>;

/// What is computed, what is taken, and what must be bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reuse {
    /// Stored results of models and checks that are built whole, and the newest
    /// ones of those that accumulate.
    pub(crate) stored: BTreeMap<String, ObjectMeta>,
    /// Of models that accumulate and are computed: the day whose stored result they
    /// go on from, or none when they begin with nothing.
    pub(crate) starts: BTreeMap<String, Option<EpochDays>>,
    /// Cutoffs to compute of models that are built by cutoff.
    pub(crate) cutoffs: Missing,
    /// Days to compute of models that are built by day.
    pub(crate) missing: Missing,
    /// Tables that something to be computed reads, directly or through views.
    pub(crate) bound: BTreeSet<String>,
}

impl Reuse {
    /// Looks up the keys of the `selected` models and checks.
    ///
    /// # Errors
    /// A bug if a day is out of range.
    pub(crate) fn decide(
        graph: &Graph,
        selected: &BTreeSet<String>,
        keys: &Keys,
        state: &State,
        forced: &Forced,
    ) -> Result<Self> {
        let mut reuse = Self::default();
        let kept: Vec<_> = graph
            .order()
            .filter(|model| selected.contains(&model.name) && !model.header.is_view)
            .collect();
        for model in &kept {
            reuse.look_up(model, keys, state, forced)?;
        }
        reuse.bind(graph, &kept, keys);
        Ok(reuse)
    }

    fn look_up(
        &mut self,
        model: &Model,
        keys: &Keys,
        state: &State,
        forced: &Forced,
    ) -> Result<()> {
        let name = &model.name;
        let is_there = |day: Option<EpochDays>, key: &Key| {
            let is_forced = forced.contains(&(name.clone(), day));
            Ok::<_, Error>(state.find(name, day, key)?.filter(|_| !is_forced))
        };
        for (parts, missing) in [
            (keys.by_day.get(name), &mut self.missing),
            (keys.by_cutoff.get(name), &mut self.cutoffs),
        ] {
            for (day, key) in parts.into_iter().flatten() {
                if is_there(Some(*day), key)?.is_none() {
                    missing.entry(name.clone()).or_default().insert(*day);
                }
            }
        }
        if let Some((day, key)) = keys.after(name, EpochDays::MAX) {
            if let Some(meta) = is_there(Some(day), key)? {
                self.stored.insert(name.clone(), meta.clone());
            } else {
                // What is verified is computed from nothing: another way than
                // the one on which it came about.
                let is_forced = forced.contains(&(name.clone(), Some(day)));
                let start = start(model, day, keys, state)?.filter(|_| !is_forced);
                self.starts.insert(name.clone(), start);
            }
        } else if let Some(key) = keys.whole.get(name)
            && let Some(meta) = is_there(None, key)?
        {
            self.stored.insert(name.clone(), meta.clone());
        }
        Ok(())
    }

    /// What is computed reads its tables in the run's own session; only models
    /// built in parts read what is kept by day in one of their own.
    fn bind(&mut self, graph: &Graph, kept: &[&Model], keys: &Keys) {
        let mut waiting: Vec<&String> = Vec::new();
        for model in kept {
            let name = &model.name;
            if keys.by_day.contains_key(name) || self.stored.contains_key(name) {
                continue;
            }
            if keys.by_cutoff.contains_key(name) && !self.cutoffs.contains_key(name) {
                continue;
            }
            let is_in_parts = self.starts.contains_key(name) || self.cutoffs.contains_key(name);
            let is_view = |read: &String| graph.get(read).is_some_and(|read| read.header.is_view);
            let reads = model.reads.iter();
            waiting.extend(
                reads.filter(|read| {
                    !is_in_parts || !keys.by_day.contains_key(*read) || is_view(read)
                }),
            );
        }
        while let Some(table) = waiting.pop() {
            if self.bound.insert(table.clone())
                && let Some(model) = graph.get(table)
                && model.header.is_view
            {
                waiting.extend(&model.reads);
            }
        }
    }
}

/// The newest day before `last` after which everything is stored that `model`
/// reads of earlier results.
fn start(model: &Model, last: EpochDays, keys: &Keys, state: &State) -> Result<Option<EpochDays>> {
    let days = keys.accumulated.get(&model.name);
    let days = days.into_iter().flat_map(|days| days.range(..last).rev());
    for (day, _) in days {
        let mut is_whole = true;
        for read in model
            .reads
            .iter()
            .filter_map(|read| read.strip_prefix(EARLIER))
        {
            let found = match keys.after(read, *day) {
                Some((day, key)) => state.find(read, Some(day), key)?,
                None => None,
            };
            is_whole &= found.is_some();
        }
        if is_whole {
            return Ok(Some(*day));
        }
    }
    Ok(None)
}

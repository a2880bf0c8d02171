//! Decides what a run computes and what it takes from the store.
//!
//! A result whose key is stored is not computed. What it is made of is then not
//! even bound, unless something that is computed reads it. Nothing is executed
//! here.

use std::collections::{BTreeMap, BTreeSet};

use object_store::ObjectMeta;

use super::days::Missing;
use super::key::Keys;
use super::state::State;
use crate::error::Result;
use crate::model::graph::Graph;
use crate::time::EpochDays;

/// Results that are computed although they are stored: by model, and of models
/// built by day also by day.
pub(crate) type Forced = BTreeSet<(String, Option<EpochDays>)>;

/// What is computed, what is taken, and what must be bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reuse {
    /// Stored results of models and checks that are built whole.
    pub(crate) stored: BTreeMap<String, ObjectMeta>,
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
            let name = &model.name;
            if let Some(days) = keys.by_day.get(name) {
                for (day, key) in days {
                    let is_forced = forced.contains(&(name.clone(), Some(*day)));
                    if is_forced || state.find(name, Some(*day), key)?.is_none() {
                        reuse.missing.entry(name.clone()).or_default().insert(*day);
                    }
                }
            } else if let Some(key) = keys.whole.get(name)
                && !forced.contains(&(name.clone(), None))
                && let Some(meta) = state.find(name, None, key)?
            {
                reuse.stored.insert(name.clone(), meta.clone());
            }
        }
        let computed = kept
            .iter()
            .filter(|model| !keys.by_day.contains_key(&model.name))
            .filter(|model| !reuse.stored.contains_key(&model.name));
        let mut waiting: Vec<&String> = computed.flat_map(|model| &model.reads).collect();
        while let Some(table) = waiting.pop() {
            if reuse.bound.insert(table.clone())
                && let Some(model) = graph.get(table)
                && model.header.is_view
            {
                waiting.extend(&model.reads);
            }
        }
        Ok(reuse)
    }
}

//! Keys of models that are built of several days: those that accumulate, and
//! those that are kept by cutoff.
//!
//! Both read models kept by day, and depend on the days that they look at: one
//! that accumulates on all days up to its own, one kept by cutoff on the days of
//! its lookback. Everything else that they read is part of every key. So the key
//! of what there was after an earlier day is known without knowing how it came
//! about, and whoever finds it stored may go on from there. What is stored is
//! not looked at here.

use std::collections::{BTreeMap, BTreeSet};

use super::key::{Key, Making, digest};
use crate::model::Model;
use crate::model::graph::{EARLIER, RUN_CUTOFF, RUN_EARLIER};
use crate::time::EpochDays;

/// Keys of one model, by day or cutoff.
type KeysByDay = BTreeMap<EpochDays, Key>;

/// The keys of an accumulating model after each day on which something that it
/// reads may have rows; `None` when it must be built whole.
pub(super) fn accumulated(making: &Making<'_>, model: &Model) -> Option<KeysByDay> {
    let inputs = Inputs::of(making, model);
    if !model.header.accumulates || inputs.days.is_empty() {
        return None;
    }
    let other: BTreeSet<&str> = model
        .reads
        .iter()
        .map(|read| read.strip_prefix(EARLIER).unwrap_or(read))
        .filter(|read| *read != model.name && making.keys.accumulated.contains_key(*read))
        .collect();
    let all: BTreeSet<EpochDays> = (inputs.days.values())
        .flat_map(|keys| keys.keys().copied())
        .collect();
    let mut chains: BTreeMap<&str, String> = BTreeMap::new();
    let mut found = KeysByDay::new();
    for day in &all {
        for (read, keys) in &inputs.days {
            if let Some(key) = keys.get(day) {
                let before = chains.get(read).map_or("", String::as_str);
                let chain = digest(&format!("{before}\n{day} {}", key.hash));
                chains.insert(read, chain);
            }
        }
        let mut parts = inputs.parts.clone();
        for (read, chain) in &chains {
            parts.insert((*read).to_owned(), chain.clone());
        }
        for read in &other {
            let key = making.keys.after(read, *day).map(|(_, key)| &key.hash);
            parts.insert((*read).to_owned(), key.cloned().unwrap_or_default());
        }
        let mut key = Key::of(parts);
        if Some(day) != all.last() {
            key.parts = BTreeMap::new();
        }
        found.insert(*day, key);
    }
    Some(found)
}

/// The keys of a model built by cutoff; `None` when it must be built whole.
pub(super) fn by_cutoff(
    making: &Making<'_>,
    model: &Model,
    cutoffs: &BTreeSet<EpochDays>,
) -> Option<KeysByDay> {
    let inputs = Inputs::of(making, model);
    let lookback = model
        .header
        .lookback
        .filter(|_| model.header.is_by_cutoff)?;
    if inputs.days.is_empty() {
        return None;
    }
    let keys = cutoffs.iter().map(|cutoff| {
        let mut parts = inputs.parts.clone();
        for (read, keys) in &inputs.days {
            let seen = keys.range(cutoff - i32::from(lookback) + 1..=*cutoff);
            let lines = seen.map(|(day, key)| format!("{day} {}", key.hash));
            let hash = digest(&lines.collect::<Vec<_>>().join("\n"));
            parts.insert((*read).to_owned(), hash);
        }
        parts.insert("cutoff".to_owned(), cutoff.to_string());
        (*cutoff, Key::of(parts))
    });
    Some(keys.collect())
}

/// What such a model reads.
struct Inputs<'a> {
    /// Models kept by day, with their keys.
    days: BTreeMap<&'a str, &'a KeysByDay>,
    /// What does not depend on the day.
    parts: BTreeMap<String, String>,
}

impl<'a> Inputs<'a> {
    fn of(making: &'a Making<'_>, model: &'a Model) -> Self {
        let mut days = BTreeMap::new();
        let mut parts = making.shared_parts(model);
        for read in &model.reads {
            if read.starts_with(EARLIER) || [RUN_EARLIER, RUN_CUTOFF].contains(&read.as_str()) {
                continue;
            }
            match making.keys.by_day.get(read) {
                Some(keys) if !making.is_view(read) => {
                    days.insert(read.as_str(), keys);
                }
                // What accumulates has a key for each day too.
                _ if model.header.accumulates && making.keys.accumulated.contains_key(read) => {}
                _ => making.add_whole(&mut parts, read),
            }
        }
        Self { days, parts }
    }
}

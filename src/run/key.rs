//! What a stored result depends on, as one hash and in named parts.
//!
//! A result that has a key already need not be computed again: the key covers
//! the parsed `select`, the `cfg_*` tables it reads, the files it is made of,
//! the keys of the models it reads, the business day where it matters, the zone,
//! and the engine. For models built by day there is a key for each day, made of
//! the files that may hold rows of that day; those of models that are built of
//! several days are in [`super::span_key`]. Parts are kept by name, so that a
//! changed key can be explained. Nothing is looked up or computed here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::inputs::{self, CALENDAR, ConfigTables, table_hash};
use super::project::{PRIOR_PREFIX, Project, RAW_PREFIX};
use super::span_key;
use crate::error::Result;
use crate::model::graph::{RUN_CHECK, RUN_CUTOFF, RUN_SOURCE};
use crate::model::{Layer, Model};
use crate::publish::Commit;
use crate::source::freeze::Frozen;
use crate::source::{self, SourceDays};
use crate::storage::{Digest, hex};
use crate::time::{AsOf, EpochDays};

/// Everything of kenko that a result depends on: another release, or another
/// state of its source text, computes anew.
pub(crate) const ENGINE: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " ",
    env!("KENKO_SOURCE_HASH"),
    " state 1"
);

/// Digits of a hash that are kept: 128 bits.
const DIGITS: usize = 32;

/// Which result a stored file is, and what it depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Names the result.
    pub(crate) hash: String,
    /// What the hash is made of, by name.
    pub(crate) parts: BTreeMap<String, String>,
}

impl Key {
    pub(super) fn of(parts: BTreeMap<String, String>) -> Self {
        let lines = parts.iter().map(|(name, hash)| format!("{name}\n{hash}"));
        Self {
            hash: digest(&lines.collect::<Vec<_>>().join("\n")),
            parts,
        }
    }
}

pub(super) fn digest(text: &str) -> String {
    let mut hash = Digest::of(text.as_bytes()).sha256;
    hash.truncate(DIGITS);
    hash
}

/// What keys are made of.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    pub(crate) project: &'a Project,
    pub(crate) as_of: &'a AsOf,
    pub(crate) frozen: &'a Frozen,
    pub(crate) prior: Option<&'a Commit>,
    pub(crate) tables: &'a ConfigTables,
}

/// The keys of one run. They are kept with its record, to say of a later run what
/// changed, and which stored results a commit reaches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// Keys of models and checks that are built whole, by name.
    pub(crate) whole: BTreeMap<String, Key>,
    /// Keys of models that are built by day, by name and day (days since 1970).
    pub(crate) by_day: BTreeMap<String, BTreeMap<EpochDays, Key>>,
    /// Keys of models that are built by cutoff, by name and cutoff.
    #[serde(default)]
    pub(crate) by_cutoff: BTreeMap<String, BTreeMap<EpochDays, Key>>,
    /// Keys of models that accumulate, by name and day: of their rows after that
    /// day. Only the last day's has its parts.
    #[serde(default)]
    pub(crate) accumulated: BTreeMap<String, BTreeMap<EpochDays, Key>>,
    /// The dated extracts that these read, without `raw_`; not kept.
    #[serde(skip)]
    pub(crate) days: BTreeMap<String, SourceDays>,
}

impl Keys {
    /// Computes the key of every model and check, and of each of their days.
    ///
    /// # Errors
    /// A bug if a `cfg_*` table cannot be rendered.
    pub(crate) fn new(basis: &Basis<'_>) -> Result<Self> {
        let mut making = Making {
            basis,
            config: BTreeMap::new(),
            settled: BTreeSet::new(),
            keys: Self::default(),
        };
        let pipeline = &basis.project.pipeline;
        for table in pipeline.sources.keys() {
            if source::is_settled(basis.frozen, pipeline, basis.as_of, table)? {
                making.settled.insert(table.clone());
            }
        }
        for (name, batch) in basis.tables {
            let hash = digest(&hex(&table_hash(batch)?));
            making.config.insert(name.clone(), hash);
        }
        making.by_day();
        let cutoffs = inputs::cutoffs(basis.tables, basis.as_of);
        for model in basis.project.graph.order() {
            let name = model.name.clone();
            if making.keys.by_day.contains_key(&name) {
                continue;
            }
            if let Some(keys) = span_key::accumulated(&making, model) {
                making.keys.accumulated.insert(name, keys);
            } else if let Some(keys) = span_key::by_cutoff(&making, model, &cutoffs) {
                making.keys.by_cutoff.insert(name, keys);
            } else {
                let key = Key::of(making.whole_parts(model));
                making.keys.whole.insert(name, key);
            }
        }
        Ok(making.keys)
    }

    /// The key of an accumulating model after the newest day up to `day`.
    pub(crate) fn after(&self, model: &str, day: EpochDays) -> Option<(EpochDays, &Key)> {
        let keys = self.accumulated.get(model)?;
        let (day, key) = keys.range(..=day).next_back()?;
        Some((*day, key))
    }
}

pub(super) struct Making<'a> {
    basis: &'a Basis<'a>,
    config: BTreeMap<String, String>,
    /// Extracts of which the as-of day hides nothing.
    settled: BTreeSet<String>,
    pub(super) keys: Keys,
}

impl Making<'_> {
    fn by_day(&mut self) {
        let Basis {
            project,
            as_of,
            frozen,
            ..
        } = *self.basis;
        for table in project.pipeline.sources.keys() {
            if let Some(days) = source::days(frozen, &project.pipeline, as_of, table) {
                self.keys.days.insert(table.clone(), days);
            }
        }
        let is_dated = |table: &str| {
            let table = table.strip_prefix(RAW_PREFIX);
            table.is_some_and(|table| self.keys.days.contains_key(table))
        };
        for model in project.graph.by_day(is_dated) {
            let shared = self.shared_parts(model);
            let days = self.days_of(model);
            let keys = days.into_iter().map(|day| {
                let mut parts = shared.clone();
                for read in &model.reads {
                    let known = self.keys.by_day.get(read).and_then(|keys| keys.get(&day));
                    if let Some(view) = known.filter(|_| self.is_view(read)) {
                        add_view(&mut parts, read, view);
                    } else if let Some(part) = self.day_part(read, day) {
                        parts.insert(read.clone(), part);
                    }
                }
                (day, Key::of(parts))
            });
            let keys = keys.collect();
            self.keys.by_day.insert(model.name.clone(), keys);
        }
    }

    /// The days on which anything that `model` reads may have rows.
    fn days_of(&self, model: &Model) -> Vec<EpochDays> {
        let mut days: Vec<EpochDays> = Vec::new();
        for read in &model.reads {
            if let Some(keys) = self.keys.by_day.get(read) {
                days.extend(keys.keys());
            }
            let extract = read.strip_prefix(RAW_PREFIX);
            if let Some(source) = extract.and_then(|table| self.keys.days.get(table)) {
                days.extend(source.days());
            }
        }
        days.sort_unstable();
        days.dedup();
        days
    }

    /// What one day of a table depends on; nothing for `cfg_*` tables, which
    /// are the same for all days.
    fn day_part(&self, table: &str, day: EpochDays) -> Option<String> {
        if let Some(keys) = self.keys.by_day.get(table) {
            let key = keys.get(&day).map(|key| key.hash.clone());
            return Some(key.unwrap_or_default());
        }
        let extract = table.strip_prefix(RAW_PREFIX)?;
        let files = self.keys.days.get(extract)?.fingerprint(day);
        Some(digest(&format!("{}\n{files}", self.contract(extract))))
    }

    /// The parts that do not depend on the day or on what is read.
    pub(super) fn shared_parts(&self, model: &Model) -> BTreeMap<String, String> {
        let header = &model.header;
        let form = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            header.grain, header.is_view, header.is_by_cutoff, header.accumulates, header.lookback
        );
        let mut parts = BTreeMap::from([
            ("engine".to_owned(), digest(ENGINE)),
            ("zone".to_owned(), self.basis.as_of.zone().name().to_owned()),
            (
                "sql".to_owned(),
                digest(&format!("{form}\n{}", model.canonical)),
            ),
        ]);
        for read in &model.reads {
            if let Some(hash) = self.config.get(read) {
                parts.insert(read.clone(), hash.clone());
            }
        }
        parts
    }

    fn whole_parts(&self, model: &Model) -> BTreeMap<String, String> {
        let mut parts = self.shared_parts(model);
        if model.uses_as_of || model.layer == Layer::Mart {
            parts.insert("as_of".to_owned(), self.basis.as_of.to_string());
        }
        if model.layer == Layer::Mart {
            let columns = format!("{:?}", model.header.columns);
            parts.insert("columns".to_owned(), digest(&columns));
        }
        for read in &model.reads {
            self.add_whole(&mut parts, read);
        }
        parts
    }

    /// Adds what all of a table depends on.
    pub(super) fn add_whole(&self, parts: &mut BTreeMap<String, String>, read: &str) {
        match self.keys.whole.get(read).filter(|_| self.is_view(read)) {
            Some(view) => add_view(parts, read, view),
            None if self.config.contains_key(read) => {}
            None => {
                parts.insert(read.to_owned(), self.whole_part(read));
            }
        }
    }

    pub(super) fn is_view(&self, table: &str) -> bool {
        let model = self.basis.project.graph.get(table);
        model.is_some_and(|model| model.header.is_view)
    }

    /// What a whole table depends on.
    fn whole_part(&self, table: &str) -> String {
        if let Some(key) = self.keys.whole.get(table) {
            return key.hash.clone();
        }
        let by_day = self.keys.by_day.get(table);
        if let Some(parts) = by_day.or_else(|| self.keys.by_cutoff.get(table)) {
            let lines = parts.iter().map(|(day, key)| format!("{day} {}", key.hash));
            return digest(&lines.collect::<Vec<_>>().join("\n"));
        }
        if let Some((_, key)) = self.keys.after(table, EpochDays::MAX) {
            return key.hash.clone();
        }
        if let Some(extract) = table.strip_prefix(RAW_PREFIX) {
            return self.extract(extract);
        }
        if let Some(mart) = table.strip_prefix(PRIOR_PREFIX) {
            let prior = self.basis.prior.and_then(|commit| commit.table(mart));
            return prior.map_or_else(String::new, |table| digest(&table.sha256));
        }
        match table {
            RUN_SOURCE => {
                let extracts = self.basis.frozen.sources.keys();
                let lines = extracts.map(|extract| self.extract(extract));
                digest(&lines.collect::<Vec<_>>().join("\n"))
            }
            RUN_CHECK => self.checks(),
            // All of them, where a model is built whole.
            RUN_CUTOFF => self.basis.as_of.to_string(),
            _ => String::new(),
        }
    }

    /// The results of all checks follow from everything built before them.
    fn checks(&self) -> String {
        let graph = &self.basis.project.graph;
        let early = graph.order().filter(|model| !graph.is_late(&model.name));
        let lines = early.map(|model| format!("{} {}", model.name, self.whole_part(&model.name)));
        digest(&lines.collect::<Vec<_>>().join("\n"))
    }

    /// The visible rows of an extract; the day matters only where it hides some.
    fn extract(&self, table: &str) -> String {
        let source = self.basis.frozen.sources.get(table);
        let files = source.map_or("", |source| source.fingerprint.as_str());
        let day = if self.settled.contains(table) {
            "settled".to_owned()
        } else {
            self.basis.as_of.to_string()
        };
        digest(&format!("{}\n{files}\n{day}", self.contract(table)))
    }

    /// How the rows of an extract are read and judged.
    fn contract(&self, table: &str) -> String {
        let spec = self.basis.project.pipeline.sources.get(table);
        spec.map_or_else(String::new, |spec| {
            let formats = (&spec.format, &spec.date_format, &spec.timestamp_format);
            format!("{:?} {formats:?}", spec.contract)
        })
    }
}

/// What a view depends on, its reader depends on: so a change is told by what
/// has changed, not by the view it came through.
fn add_view(parts: &mut BTreeMap<String, String>, name: &str, view: &Key) {
    for (part, hash) in &view.parts {
        match part.as_str() {
            "engine" | "zone" => {}
            "sql" => {
                parts.insert(name.to_owned(), hash.clone());
            }
            _ => {
                parts.insert(part.clone(), hash.clone());
            }
        }
    }
}

/// The names of the parts in which `now` differs from `before`. Parts that only
/// follow from the day come last, what follows from other models before them.
pub(crate) fn changed(before: &Key, now: &Key) -> Vec<String> {
    let names = before.parts.keys().chain(now.parts.keys());
    let mut names: Vec<&String> = names
        .filter(|name| before.parts.get(*name) != now.parts.get(*name))
        .collect();
    names.sort();
    names.dedup();
    names.sort_by_key(|name| {
        let is_cause = !name.starts_with("stg_") && !name.starts_with("int_");
        (!is_cause, CALENDAR.contains(&name.as_str()))
    });
    names.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parts: &[(&str, &str)]) -> Key {
        let parts = parts.iter();
        Key::of(
            parts
                .map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn a_key_is_its_parts() {
        let one = key(&[("sql", "1"), ("cfg_a", "2")]);
        assert_eq!(one, key(&[("cfg_a", "2"), ("sql", "1")]));
        assert_ne!(one.hash, key(&[("sql", "1"), ("cfg_a", "3")]).hash);
        assert_ne!(one.hash, key(&[("sql", "1"), ("cfg_b", "2")]).hash);
        assert_eq!(one.hash.len(), DIGITS);
    }

    #[test]
    fn causes_are_named_before_what_follows() {
        let before = key(&[("sql", "1"), ("stg_a", "1"), ("cfg_x", "1")]);
        let now = key(&[("sql", "1"), ("stg_a", "2"), ("cfg_x", "2"), ("as_of", "1")]);
        assert_eq!(changed(&before, &now), ["as_of", "cfg_x", "stg_a"]);
        assert!(changed(&now, &now).is_empty());
    }
}

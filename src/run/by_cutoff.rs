//! Builds the cutoffs of a model that are not stored, and binds all of them.
//!
//! All that are missing are computed by one query, because their days overlap;
//! each gets a file of its own with the bytes it would have alone. Which are
//! missing is not decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use object_store::ObjectMeta;

use super::days::{DaysBuilt, no_key, refuse_broken_grain};
use super::key::Key;
use super::night::scratch_error;
use super::state::State;
use crate::engine::{Division, Engine, Materialise, Statement};
use crate::error::Result;
use crate::model::Model;
use crate::time::{EpochDays, Stopwatch};

/// The column that says which cutoff a row belongs to.
pub(super) const CUTOFF: &str = "cutoff";

/// What is to be computed of a model, and what is there.
pub(super) struct Cutoffs {
    pub(super) missing: BTreeSet<EpochDays>,
    pub(super) keys: BTreeMap<EpochDays, Key>,
}

impl Cutoffs {
    /// Computes and stores what is missing; answers what was built, and all
    /// files of the model.
    pub(super) async fn build(
        &self,
        engine: &Engine,
        model: &Model,
        statement: &Statement<'_>,
        state: &State,
        folder: &Path,
    ) -> Result<(DaysBuilt, Vec<(EpochDays, ObjectMeta)>)> {
        let watch = Stopwatch::start();
        let options = Materialise {
            sort_by: model.header.grain.clone(),
            is_small: true,
            ..Materialise::default()
        };
        let division = Division {
            column: CUTOFF,
            days: self.missing.clone(),
        };
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|cause| scratch_error(folder, cause))?;
        let tables = engine
            .materialise_by_day(statement, folder, division, &options)
            .await?;
        let mut built = DaysBuilt::default();
        let mut stored = Vec::new();
        for (cutoff, (file, table)) in tables {
            refuse_broken_grain(model, cutoff, &table)?;
            built.days += 1;
            built.rows += table.rows;
            built.bytes += table.bytes;
            let key = self
                .keys
                .get(&cutoff)
                .ok_or_else(|| no_key(&model.name, cutoff))?;
            let meta = state.keep(&model.name, Some(cutoff), key, &file).await?;
            stored.push((cutoff, meta));
        }
        stored.extend(self.stored(&model.name, state)?);
        built.seconds = watch.seconds();
        Ok((built, stored))
    }

    /// The files that are not missing.
    pub(super) fn stored(
        &self,
        model: &str,
        state: &State,
    ) -> Result<Vec<(EpochDays, ObjectMeta)>> {
        let there = self
            .keys
            .iter()
            .filter(|(cutoff, _)| !self.missing.contains(cutoff));
        let found = there.map(|(cutoff, key)| {
            let meta = state.find(model, Some(*cutoff), key)?;
            let meta = meta.ok_or_else(|| no_key(model, *cutoff))?;
            Ok((*cutoff, meta.clone()))
        });
        found.collect()
    }
}

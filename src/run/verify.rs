//! Computes a sample of the stored results again and compares the bytes.
//!
//! The sample is drawn from what a run of the day would take from the store;
//! another call draws another one. What has accumulated night after night is
//! computed from nothing. Nothing is published and no stored result is
//! changed.

use super::key::Keys;
use super::night::{Night, RunOptions, scratch_folder};
use super::preview;
use super::progress::Observer;
use super::project::Project;
use super::reuse::Forced;
use super::state::State;
use crate::error::{Error, Result};
use crate::storage::{Digest, Storage};
use crate::time::EpochDays;

/// What a verification found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The business day.
    pub as_of: String,
    /// Results that a run of the day would take from the store.
    pub stored: usize,
    /// Those that were computed again and have the stored bytes.
    pub equal: usize,
}

/// Computes up to `sample` stored results again.
///
/// # Errors
/// [`crate::error::ErrorKind::Bug`] that names results which come out
/// differently; otherwise as a run.
pub async fn verify(
    project: &Project,
    options: &RunOptions,
    sample: usize,
    observer: &dyn Observer,
) -> Result<Verified> {
    let output = options.output.as_deref();
    let storage = Storage::open(output.unwrap_or(&project.pipeline.output))?;
    let night = Night::begin(storage, project, options, observer).await?;
    let schemas = preview::validate(project).await?.schemas;
    let keys = Keys::new(&night.basis())?;
    let state = State::open(&night.storage).await?;
    let stored = stored(&keys, &state)?;
    let count = stored.len();
    let forced = drawn(stored, sample, night.run_id.as_str());
    let scratch = scratch_folder()?;
    let schemas = schemas.into_iter().collect();
    let (_, state) = night
        .build(keys, state, &forced, &schemas, scratch.path())
        .await?;
    let compared = state.compared();
    if compared.different.is_empty() {
        return Ok(Verified {
            as_of: night.as_of.to_string(),
            stored: count,
            equal: compared.equal,
        });
    }
    Err(Error::bug(format!(
        "{} of {} results do not come out as they are stored",
        compared.different.len(),
        compared.different.len() + compared.equal
    ))
    .with_source(compared.different.join("\n"))
    .with_hint("run with `--full`, and check the disk; if it stays so, please report it"))
}

/// A model, and its day or cutoff where it is built in parts.
type StoredResult = (String, Option<EpochDays>);

fn stored(keys: &Keys, state: &State) -> Result<Vec<StoredResult>> {
    let mut found = Vec::new();
    for (model, key) in &keys.whole {
        if state.find(model, None, key)?.is_some() {
            found.push((model.clone(), None));
        }
    }
    for (model, days) in keys.by_day.iter().chain(&keys.by_cutoff) {
        for (day, key) in days {
            if state.find(model, Some(*day), key)?.is_some() {
                found.push((model.clone(), Some(*day)));
            }
        }
    }
    for model in keys.accumulated.keys() {
        if let Some((day, key)) = keys.after(model, EpochDays::MAX)
            && state.find(model, Some(day), key)?.is_some()
        {
            found.push((model.clone(), Some(day)));
        }
    }
    Ok(found)
}

/// A sample that depends on `seed` only.
fn drawn(mut stored: Vec<StoredResult>, sample: usize, seed: &str) -> Forced {
    stored.sort_by_cached_key(|(model, day)| {
        Digest::of(format!("{seed} {model} {day:?}").as_bytes()).sha256
    });
    stored.truncate(sample);
    stored.into_iter().collect()
}

//! Where the accounts of each segment stand in a measure: the section `health.reference`
//! of a pipeline, written from what is published.
//!
//! Once pasted into the pipeline it is frozen: a run never writes it. Ties share the middle
//! of their places, so that the percent of a value does not depend on the order of rows.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Rows, table};
use crate::error::{Error, Result};
use crate::publish;
use crate::storage::Storage;

/// Below this number of accounts a percentile of a segment is chance: such a segment is
/// compared with all.
const LEAST_ACCOUNTS: usize = 30;
/// Percent of the accounts at which the curve has a point.
const LEVELS: [usize; 9] = [0, 5, 10, 25, 50, 75, 90, 95, 100];

/// The section as YAML, of these measures, or of those that are compared with their
/// segment already where none is named.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if nothing is published, or a measure has no number
/// of any account.
pub async fn reference(storage: &Storage, measures: &[String]) -> Result<String> {
    let commit = publish::published(storage).await?;
    let health = table(storage, &commit, "account_health").await?;
    let parts = table(storage, &commit, "health_measure").await?;
    let segment_of: BTreeMap<&str, &str> = (0..health.len())
        .filter_map(|row| {
            Some((
                health.text(row, "account_id")?,
                health.text(row, "segment")?,
            ))
        })
        .collect();
    let names = if measures.is_empty() {
        referred(&parts)
    } else {
        measures.to_vec()
    };
    if names.is_empty() {
        return Err(Error::usage("no measure is compared with its segment")
            .with_hint("name the measures: kenko reference --measure engagement"));
    }
    let mut text = format!(
        "  # Frozen by `kenko reference` on what is published of {}.\n  reference:\n    version: \
         \"{}\"\n    groups:\n",
        commit.as_of, commit.as_of
    );
    for name in &names {
        let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for row in 0..parts.len() {
            let is_it = parts.text(row, "measure") == Some(name.as_str())
                && parts.float(row, "normalised").is_some();
            let value = parts.float(row, "raw_value").filter(|_| is_it);
            let segment = parts
                .text(row, "account_id")
                .and_then(|id| segment_of.get(id).copied());
            if let (Some(value), Some(segment)) = (value, segment) {
                groups.entry("all").or_default().push(value);
                groups.entry(segment).or_default().push(value);
            }
        }
        if groups.is_empty() {
            return Err(Error::usage(format!("no account has a number of `{name}`"))
                .with_hint("kenko query \"select distinct measure from health_measure\""));
        }
        for (segment, mut values) in groups {
            if segment == "all" || values.len() >= LEAST_ACCOUNTS {
                let points = percentiles(&mut values);
                let _ = writeln!(
                    text,
                    "      - {}",
                    group(name, segment, values.len(), &points)
                );
            }
        }
    }
    Ok(text)
}

fn referred(parts: &Rows) -> Vec<String> {
    let mut names: Vec<String> = (0..parts.len())
        .filter(|row| parts.text(*row, "reference").is_some())
        .filter_map(|row| parts.text(row, "measure").map(str::to_owned))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn group(measure: &str, segment: &str, n: usize, points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points
        .iter()
        .map(|(raw, percent)| format!("[{}, {}]", short(*raw), short(*percent)))
        .collect();
    let segment = serde_json::Value::from(segment);
    format!(
        "{{measure: {measure}, segment: {segment}, n: {n}, percentiles: [{}]}}",
        points.join(", ")
    )
}

/// Four digits after the point at most.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// The values at the levels, each with the percent of the accounts below it and half of
/// those at it; raw values grow.
#[expect(
    clippy::cast_precision_loss,
    reason = "accounts are far fewer than 2^53"
)]
fn percentiles(values: &mut [f64]) -> Vec<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let mut points: Vec<(f64, f64)> = Vec::new();
    for level in LEVELS {
        let Some(value) = values.get((level * last + 50) / 100).copied() else {
            continue;
        };
        let below = values.partition_point(|other| *other < value);
        let at = values.partition_point(|other| *other <= value) - below;
        let percent = 100.0 * (below as f64 + at as f64 / 2.0) / values.len() as f64;
        // as it is written, so that what is written grows too
        let rounded = (value * 10_000.0).round() / 10_000.0;
        if points.last().is_none_or(|before| before.0 < rounded) {
            points.push((rounded, percent));
        }
    }
    if let [(raw, _)] = points[..] {
        points.push((raw + 1.0, 100.0));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_the_middle_of_their_places() {
        let mut values = vec![3.0, 1.0, 1.0, 2.0];
        assert_eq!(
            percentiles(&mut values),
            [(1.0, 25.0), (2.0, 62.5), (3.0, 87.5)]
        );
        assert_eq!(percentiles(&mut [5.0, 5.0]), [(5.0, 50.0), (6.0, 100.0)]);
        assert!(percentiles(&mut []).is_empty());
    }

    #[test]
    fn a_group_is_a_line_of_yaml() {
        let line = group("engagement", "a: b", 31, &[(0.0, 12.5), (1.25, 100.0)]);
        assert_eq!(
            line,
            "{measure: engagement, segment: \"a: b\", n: 31, percentiles: [[0, 12.5], [1.25, 100]]}"
        );
    }
}

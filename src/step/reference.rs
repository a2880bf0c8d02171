//! What the features looked like in training, to tell later how far they moved.
//!
//! Ten bins at the quantiles, one for what is not known; the population stability
//! index over them is computed in SQL. Under no change it is about a chi-square
//! over the sizes (Yurdakul 2018), so the limit depends on how many rows there are.

use serde::{Deserialize, Serialize};

use super::real;

const BINS: usize = 10;
/// 95 % quantiles of chi-square with 1 to 10 degrees of freedom.
const CHI_SQUARE_95: [f64; BINS] = [
    3.841_459, 5.991_465, 7.814_728, 9.487_729, 11.070_498, 12.591_587, 14.067_140, 15.507_313,
    16.918_978, 18.307_038,
];

/// A feature as it was in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureReference {
    /// Name of the feature; `churn_probability` for the model's own score.
    pub feature: String,
    /// Median of the known values.
    pub typical: Option<f64>,
    /// Rows that were looked at.
    pub rows: usize,
    /// Different accounts among them.
    pub accounts: usize,
    /// 95 % quantile of chi-square for as many bins.
    pub chi_square: f64,
    /// The bins, ascending; the one of what is not known comes last.
    pub bins: Vec<Bin>,
}

/// One bin with its share of the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Least value; no lower end when absent.
    pub from: Option<f64>,
    /// First value beyond; no upper end when absent.
    pub to: Option<f64>,
    /// Whether this is the bin of what is not known.
    pub is_missing: bool,
    /// Share of the rows.
    pub share: f64,
}

/// Describes one column of numbers.
pub(super) fn reference(feature: &str, numbers: &[f64], accounts: usize) -> FeatureReference {
    let mut known: Vec<f64> = numbers
        .iter()
        .copied()
        .filter(|one| !one.is_nan())
        .collect();
    known.sort_unstable_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..BINS)
        .filter_map(|bin| known.get(bin * known.len() / BINS).copied())
        .filter(|cut| known.first().is_some_and(|first| cut > first))
        .collect();
    cuts.dedup();
    let rows = numbers.len();
    let share = |count: usize| real(count) / real(rows.max(1));
    let mut bins = Vec::new();
    for bin in 0..=cuts.len() {
        let from = bin.checked_sub(1).map(|bin| cuts[bin]);
        let to = cuts.get(bin).copied();
        let below = |edge: f64| known.partition_point(|value| *value < edge);
        let count = to.map_or(known.len(), below) - from.map_or(0, below);
        bins.push(Bin {
            from,
            to,
            is_missing: false,
            share: share(count),
        });
    }
    bins.push(Bin {
        from: None,
        to: None,
        is_missing: true,
        share: share(rows - known.len()),
    });
    let used = bins.iter().filter(|bin| bin.share > 0.0).count();
    FeatureReference {
        feature: feature.to_owned(),
        typical: known.get(known.len() / 2).copied(),
        rows,
        accounts,
        chi_square: CHI_SQUARE_95[used.saturating_sub(2).min(BINS - 1)],
        bins,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_of_a_hundred_and_a_bin_for_the_unknown() {
        let mut numbers: Vec<f64> = (0..100).map(real).collect();
        numbers.extend([f64::NAN; 25]);
        let found = reference("a", &numbers, 7);
        assert_eq!(found.bins.len(), 11);
        assert!(
            found.bins[..10]
                .iter()
                .all(|bin| (bin.share - 0.08).abs() < 1e-12)
        );
        assert!((found.bins[10].share - 0.2).abs() < 1e-12 && found.bins[10].is_missing);
        assert_eq!(found.typical, Some(50.0));
        assert!((found.chi_square - 18.307_038).abs() < 1e-9);
        // Ten bins: the critical value at N = M = 200 is 0.169.
        let full = reference("a", &numbers[..100], 7);
        assert!((full.chi_square * (2.0 / 200.0) - 0.169).abs() < 5e-4);
    }

    #[test]
    fn one_value_is_one_bin() {
        let found = reference("a", &[1.0; 5], 5);
        assert_eq!(found.bins.len(), 2);
        assert!((found.bins[0].share - 1.0).abs() < 1e-12);
        let none = reference("a", &[f64::NAN; 3], 3);
        assert_eq!((none.typical, none.bins.len()), (None, 2));
    }
}

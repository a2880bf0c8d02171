//! What a model must beat: one number at a time, each used as well as it can be.
//!
//! A baseline is the rate of losses by tenths of one number, and of rows that do
//! not know it, learned from the same rows as the model and judged on the same
//! rows. Rates are drawn towards the overall rate as if by twenty more rows.

use super::real;

/// Rows by which a rate is drawn towards the overall one.
const PRIOR_ROWS: f64 = 20.0;
/// Groups of a number.
const GROUPS: usize = 10;

pub(super) struct Baseline {
    cuts: Vec<f64>,
    /// Rate of each group; the last one is of rows that do not know the number.
    rates: Vec<f64>,
}

impl Baseline {
    /// Learns from the number of each row; without a number it is the overall rate.
    pub(super) fn fit(numbers: &[f64], labels: &[bool]) -> Self {
        let mut known: Vec<f64> = numbers
            .iter()
            .copied()
            .filter(|one| !one.is_nan())
            .collect();
        known.sort_unstable_by(f64::total_cmp);
        let mut cuts: Vec<f64> = (1..GROUPS)
            .filter_map(|group| known.get(group * known.len() / GROUPS).copied())
            .collect();
        cuts.dedup();
        let events = real(labels.iter().filter(|label| **label).count());
        let overall = (events + 0.5) / (real(labels.len()) + 1.0);
        let mut sums = vec![[0.0, 0.0]; cuts.len() + 2];
        for (number, label) in numbers.iter().zip(labels) {
            let sum = &mut sums[group(&cuts, *number)];
            sum[0] += f64::from(u8::from(*label));
            sum[1] += 1.0;
        }
        let rates = sums
            .iter()
            .map(|[events, rows]| (events + PRIOR_ROWS * overall) / (rows + PRIOR_ROWS));
        Self {
            rates: rates.collect(),
            cuts,
        }
    }

    pub(super) fn probability(&self, number: f64) -> f64 {
        self.rates[group(&self.cuts, number)].clamp(1e-6, 1.0 - 1e-6)
    }
}

fn group(cuts: &[f64], number: f64) -> usize {
    if number.is_nan() {
        return cuts.len() + 1;
    }
    cuts.partition_point(|cut| *cut <= number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_by_group_and_of_what_is_not_known() {
        let numbers: Vec<f64> = (0..1000).map(|row| real(row % 100)).collect();
        let labels: Vec<bool> = (0..1000).map(|row| row % 100 < 10 && row < 500).collect();
        let found = Baseline::fit(&numbers, &labels);
        // 50 of the 100 rows below 10; the overall rate is 50.5 / 1001
        let expected = (50.0 + 20.0 * 50.5 / 1001.0) / 120.0;
        assert!((found.probability(3.0) - expected).abs() < 1e-12);
        assert!(found.probability(50.0) < 0.01);
        let nobody = found.probability(f64::NAN);
        assert!((nobody - 50.5 / 1001.0).abs() < 1e-12);
    }

    #[test]
    fn without_a_number_it_is_chance() {
        let found = Baseline::fit(&[f64::NAN; 4], &[true, false, false, false]);
        let overall: f64 = 1.5 / 5.0;
        let expected = (1.0 + 20.0 * overall) / 24.0;
        assert!((found.probability(f64::NAN) - expected).abs() < 1e-12);
    }
}

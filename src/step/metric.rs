//! How good probabilities are: ranking, loss, calibration, and their intervals.
//!
//! Rows of one account are not independent, so intervals come from drawing whole
//! accounts again (bootstrap by account; percentiles). Tied scores count as half
//! in the AUC and as one step in the precision. Money is summed in integers.

use rayon::prelude::*;

use super::draw::Draw;
use super::rows::Example;
use super::{real, row_loss};

/// Bins of equal size that calibration is looked at in.
pub(super) const CALIBRATION_BINS: usize = 15;

/// Probabilities beside what happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) probability: Vec<f64>,
    pub(super) label: Vec<bool>,
    pub(super) account: Vec<u32>,
}

/// A figure with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Area under the ROC curve: the share of pairs of one that happened and one that
/// did not in which the former scores higher, ties half. Nothing without both.
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    Ranked::new(scores).auc(labels, |_| 1)
}

/// Average precision: over falling thresholds, precision times the gain in recall.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    Ranked::new(scores).precision(labels, |_| 1)
}

/// Rows by falling score, cut where the score changes.
struct Ranked {
    order: Vec<u32>,
    ends: Vec<usize>,
}

impl Ranked {
    fn new(scores: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..u32::try_from(scores.len()).unwrap_or(u32::MAX)).collect();
        let score = |row: u32| scores[row as usize];
        order.sort_by(|one, other| score(*other).total_cmp(&score(*one)));
        let ends = (1..=order.len()).filter(|end| {
            *end == order.len()
                || score(order[*end - 1])
                    .total_cmp(&score(order[*end]))
                    .is_ne()
        });
        Self {
            ends: ends.collect(),
            order,
        }
    }

    /// Weights of what happened and what did not, for each group of equal scores.
    fn groups(
        &self,
        labels: &[bool],
        weight: impl Fn(usize) -> u64,
    ) -> impl Iterator<Item = [u64; 2]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let mut sums = [0, 0];
            for row in &self.order[start..*end] {
                let row = *row as usize;
                sums[usize::from(labels[row])] += weight(row);
            }
            start = *end;
            sums
        })
    }

    fn auc(&self, labels: &[bool], weight: impl Fn(usize) -> u64) -> Option<f64> {
        // Twice the pairs that are ranked right, in integers.
        let (mut right, mut happened, mut rest) = (0_u128, 0_u128, 0_u128);
        for [not, did] in self.groups(labels, weight) {
            let (not, did) = (u128::from(not), u128::from(did));
            right += not * (2 * happened + did);
            happened += did;
            rest += not;
        }
        let pairs = happened * rest;
        (pairs > 0).then(|| ratio(right, 2 * pairs))
    }

    fn precision(&self, labels: &[bool], weight: impl Fn(usize) -> u64) -> Option<f64> {
        let (mut happened, mut seen, mut sum) = (0_u64, 0_u64, 0.0);
        for [not, did] in self.groups(labels, weight) {
            happened += did;
            seen += not + did;
            if did > 0 {
                sum += ratio(u128::from(did) * u128::from(happened), u128::from(seen));
            }
        }
        (happened > 0).then(|| sum / ratio(u128::from(happened), 1))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rounded once, the same way everywhere"
)]
fn ratio(part: u128, whole: u128) -> f64 {
    part as f64 / whole as f64
}

/// How often each account is drawn, in each of many draws of all accounts.
pub(super) struct Resamples {
    counts: Vec<Vec<u32>>,
    places: Vec<usize>,
}

impl Resamples {
    pub(super) fn new(accounts: &[u32], times: usize, seed: u64) -> Self {
        let mut different = accounts.to_vec();
        different.sort_unstable();
        different.dedup();
        let place = |account: &u32| different.partition_point(|known| known < account);
        let counts = (0..times)
            .into_par_iter()
            .map(|time| {
                let mut draw = Draw::new(seed, time as u64);
                let mut counts = vec![0_u32; different.len()];
                for _ in 0..different.len() {
                    counts[draw.below(different.len())] += 1;
                }
                counts
            })
            .collect();
        Self {
            counts,
            places: accounts.iter().map(place).collect(),
        }
    }

    /// The figure of every draw, in order.
    fn each<T: Send>(&self, figure: impl Fn(&(dyn Fn(usize) -> u64 + Sync)) -> T + Sync) -> Vec<T> {
        self.counts
            .par_iter()
            .map(|counts| figure(&|row| u64::from(counts[self.places[row]])))
            .collect()
    }
}

fn with_interval(value: Option<f64>, drawn: Vec<Option<f64>>) -> Option<Figure> {
    let mut drawn: Vec<f64> = drawn.into_iter().flatten().collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let value = value?;
    // The 2.5th and 97.5th percentile, outwards.
    let below = drawn.len() * 25 / 1000;
    let low = drawn.get(below).copied().unwrap_or(value);
    let high = drawn.iter().rev().nth(below).copied().unwrap_or(value);
    Some(Figure { value, low, high })
}

impl Judged {
    pub(super) fn events(&self) -> usize {
        self.label.iter().filter(|label| **label).count()
    }

    pub(super) fn auc(&self, resamples: &Resamples) -> Option<Figure> {
        let ranked = Ranked::new(&self.probability);
        let drawn = resamples.each(|weight| ranked.auc(&self.label, weight));
        with_interval(ranked.auc(&self.label, |_| 1), drawn)
    }

    pub(super) fn precision(&self, resamples: &Resamples) -> Option<Figure> {
        let ranked = Ranked::new(&self.probability);
        let drawn = resamples.each(|weight| ranked.precision(&self.label, weight));
        with_interval(ranked.precision(&self.label, |_| 1), drawn)
    }

    pub(super) fn losses(&self) -> Vec<f64> {
        let rows = self.probability.iter().zip(&self.label);
        rows.map(|(probability, label)| row_loss(*probability, *label))
            .collect()
    }

    pub(super) fn log_loss(&self) -> f64 {
        self.losses().iter().sum::<f64>() / real(self.label.len().max(1))
    }

    pub(super) fn brier(&self) -> f64 {
        let rows = self.probability.iter().zip(&self.label);
        let squares = rows.map(|(probability, label)| {
            let off = probability - f64::from(u8::from(*label));
            off * off
        });
        squares.sum::<f64>() / real(self.label.len().max(1))
    }

    /// Mean probability, share of what happened and rows of each bin of equal size.
    pub(super) fn calibration(&self, bins: usize) -> Vec<(f64, f64, usize, usize)> {
        let mut order: Vec<usize> = (0..self.label.len()).collect();
        order.sort_by(|one, other| self.probability[*one].total_cmp(&self.probability[*other]));
        let edge = |bin: usize| bin * order.len() / bins;
        let mut table = Vec::new();
        for bin in 0..bins {
            let rows = &order[edge(bin)..edge(bin + 1)];
            if rows.is_empty() {
                continue;
            }
            let sum: f64 = rows.iter().map(|row| self.probability[*row]).sum();
            let events = rows.iter().filter(|row| self.label[**row]).count();
            let count = real(rows.len());
            table.push((sum / count, real(events) / count, rows.len(), events));
        }
        table
    }

    /// Expected calibration error over bins of equal size.
    pub(super) fn calibration_error(&self) -> f64 {
        let bins = self.calibration(CALIBRATION_BINS);
        let gaps = bins
            .iter()
            .map(|(mean, rate, rows, _)| (mean - rate).abs() * real(*rows));
        gaps.sum::<f64>() / real(self.label.len().max(1))
    }
}

/// Mean of `worse` − `better` over rows, and the standard error of that mean
/// over draws of whole accounts.
pub(super) fn paired_gain(worse: &[f64], better: &[f64], resamples: &Resamples) -> (f64, f64) {
    let gains: Vec<f64> = worse
        .iter()
        .zip(better)
        .map(|(worse, better)| worse - better)
        .collect();
    let mean = gains.iter().sum::<f64>() / real(gains.len().max(1));
    let drawn = resamples.each(|weight| {
        let (mut sum, mut rows) = (0.0, 0_u64);
        for (row, gain) in gains.iter().enumerate() {
            let times = weight(row);
            sum += gain * ratio(u128::from(times), 1);
            rows += times;
        }
        sum / ratio(u128::from(rows.max(1)), 1)
    });
    let count = real(drawn.len().max(2));
    let centre = drawn.iter().sum::<f64>() / count;
    let squares = drawn.iter().map(|one| (one - centre) * (one - centre));
    (mean, (squares.sum::<f64>() / (count - 1.0)).sqrt())
}

/// What a list of fixed length at each cutoff would have held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Listed {
    /// Share of lost accounts among the listed, over their share among all.
    pub(super) lift: Option<f64>,
    /// Share of the lost revenue that was on the list.
    pub(super) revenue_caught: Option<f64>,
    /// Rows on the lists, and how many of them were lost.
    pub(super) rows: usize,
    pub(super) events: usize,
}

/// Lists at each cutoff the `length` rows with the largest probability for the
/// lift, and with the largest probability × revenue for the revenue caught.
pub(super) fn listed(rows: &[&Example], judged: &Judged, length: usize) -> Listed {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by_key(|place| (rows[*place].cutoff, rows[*place].account));
    let (mut count, mut events) = (0, 0);
    let (mut caught, mut lost) = (0_i128, 0_i128);
    for group in places.chunk_by(|one, other| rows[*one].cutoff == rows[*other].cutoff) {
        let top = |weight: &dyn Fn(usize) -> f64| {
            let mut order = group.to_vec();
            order.sort_by(|one, other| weight(*other).total_cmp(&weight(*one)));
            order.truncate(length);
            order
        };
        let likely = top(&|place| judged.probability[place]);
        count += likely.len();
        events += likely.iter().filter(|place| judged.label[**place]).count();
        let dear = top(&|place| judged.probability[place] * money(rows[place].revenue));
        let gone = |place: &&usize| judged.label[**place];
        caught += dear
            .iter()
            .filter(gone)
            .map(|place| rows[*place].revenue)
            .sum::<i128>();
        lost += group
            .iter()
            .filter(gone)
            .map(|place| rows[*place].revenue)
            .sum::<i128>();
    }
    let rate = real(judged.events()) / real(rows.len().max(1));
    let lift = (count > 0 && rate > 0.0).then(|| real(events) / real(count) / rate);
    Listed {
        lift,
        revenue_caught: (lost > 0).then(|| money(caught) / money(lost)),
        rows: count,
        events,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio is formed, no money is kept"
)]
fn money(units: i128) -> f64 {
    units as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(labels: &[u8]) -> Vec<bool> {
        labels.iter().map(|label| *label == 1).collect()
    }

    #[test]
    fn auc_and_precision_of_the_textbook_example() {
        // scikit-learn's documentation: roc_auc_score and average_precision_score
        // of y = (0, 0, 1, 1), scores (0.1, 0.4, 0.35, 0.8).
        let scores = [0.1, 0.4, 0.35, 0.8];
        let labels = bits(&[0, 0, 1, 1]);
        assert_eq!(roc_auc(&scores, &labels), Some(0.75));
        let precision = average_precision(&scores, &labels).unwrap();
        assert!((precision - 0.833_333_333).abs() < 1e-9, "{precision}");
    }

    #[test]
    fn ties_count_half() {
        let labels = bits(&[1, 0, 1, 0]);
        assert_eq!(roc_auc(&[0.5; 4], &labels), Some(0.5));
        assert_eq!(roc_auc(&[0.9, 0.5, 0.5, 0.1], &labels), Some(0.875));
        assert_eq!(average_precision(&[0.5; 4], &labels), Some(0.5));
        assert_eq!(roc_auc(&[0.1, 0.2], &bits(&[0, 0])), None);
        assert_eq!(average_precision(&[0.1, 0.2], &bits(&[0, 0])), None);
    }

    #[test]
    fn auc_is_the_share_of_pairs_ranked_right() {
        let mut draw = Draw::new(11, 2);
        for _ in 0..50 {
            let scores: Vec<f64> = (0..40).map(|_| real(draw.below(12))).collect();
            let labels: Vec<bool> = (0..40).map(|_| draw.below(3) == 0).collect();
            let (mut right, mut pairs) = (0.0, 0.0);
            for (one, did) in scores.iter().zip(&labels).filter(|(_, label)| **label) {
                for (other, not) in scores.iter().zip(&labels).filter(|(_, label)| !**label) {
                    assert!(*did && !*not);
                    pairs += 1.0;
                    right += if one > other {
                        1.0
                    } else if one < other {
                        0.0
                    } else {
                        0.5
                    };
                }
            }
            let found = roc_auc(&scores, &labels).unwrap();
            assert!((found - right / pairs).abs() < 1e-12);
        }
    }

    #[test]
    fn loss_brier_and_calibration_by_hand() {
        let judged = Judged {
            probability: vec![0.5, 0.25, 0.8, 0.1],
            label: bits(&[1, 0, 1, 0]),
            account: vec![1, 2, 3, 4],
        };
        let loss = -(0.5_f64.ln() + 0.75_f64.ln() + 0.8_f64.ln() + 0.9_f64.ln()) / 4.0;
        assert!((judged.log_loss() - loss).abs() < 1e-12);
        let brier = (0.25 + 0.0625 + 0.04 + 0.01) / 4.0;
        assert!((judged.brier() - brier).abs() < 1e-12);
        let table = judged.calibration(2);
        assert!((table[0].0 - 0.175).abs() < 1e-12 && table[0].1.abs() < 1e-12);
        assert!((table[1].0 - 0.65).abs() < 1e-12 && (table[1].1 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn intervals_hold_the_figure_and_accounts_are_drawn_whole() {
        let mut draw = Draw::new(1, 1);
        let label: Vec<bool> = (0..400).map(|_| draw.below(4) == 0).collect();
        let probability = label
            .iter()
            .map(|label| 0.2 + 0.3 * f64::from(u8::from(*label)) + real(draw.below(50)) / 100.0)
            .collect();
        let account: Vec<u32> = (0..400).map(|row| row / 4).collect();
        let judged = Judged {
            probability,
            label,
            account,
        };
        let resamples = Resamples::new(&judged.account, 200, 5);
        let auc = judged.auc(&resamples).unwrap();
        assert!(auc.low < auc.value && auc.value < auc.high);
        assert!(auc.high - auc.low < 0.2);
        assert_eq!(resamples.counts[0].iter().sum::<u32>(), 100);
        let (gain, error) = paired_gain(&judged.losses(), &judged.losses(), &resamples);
        assert!(gain.abs() < 1e-15 && error.abs() < 1e-15);
    }

    #[test]
    fn the_list_is_cut_at_each_cutoff() {
        let row = |account, cutoff, revenue| Example {
            account,
            cutoff,
            churned_on: None,
            revenue,
            segment: 0,
            scorecard: 0.0,
        };
        let rows = [row(1, 1, 100), row(2, 1, 10), row(1, 2, 100), row(2, 2, 10)];
        let judged = Judged {
            probability: vec![0.2, 0.9, 0.1, 0.3],
            label: bits(&[1, 1, 0, 0]),
            account: vec![1, 2, 1, 2],
        };
        let found = listed(&rows.iter().collect::<Vec<_>>(), &judged, 1);
        // by probability: account 2 twice, one of two lost; of all, two of four
        assert_eq!((found.rows, found.events, found.lift), (2, 1, Some(1.0)));
        // by probability x revenue: account 1 (20 > 9): 100 of 110 lost
        assert!((found.revenue_caught.unwrap() - 100.0 / 110.0).abs() < 1e-12);
    }
}

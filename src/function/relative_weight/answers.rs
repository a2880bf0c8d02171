//! The answers of one group, their correlations, and the bootstrap over accounts.
//!
//! An account's weight in a repetition follows from its key and the repetition's
//! number alone, so that another account more or less changes no other weight, and
//! no order of rows or threads matters.

use std::collections::BTreeMap;

use datafusion::common::Result;

use super::decomposition::{Weights, relative_weights};
use super::refuse_row;

/// Fewer accounts hold too little variety to draw from.
const ACCOUNTS_MIN: usize = 10;

/// When weights are refused, and how often the bootstrap is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rules {
    pub(super) answers_per_driver: f64,
    pub(super) largest_inflation: f64,
    pub(super) draws: f64,
}

/// Repetitions that are summed side by side: what is known of an account is read from
/// memory once for all of them.
const DRAWS_AT_ONCE: usize = 16;

/// One complete answer: the outcome, then the drivers.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) account: String,
    pub(super) values: Vec<f64>,
}

/// Every complete answer so far, in any order.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) rows: Vec<Row>,
    pub(super) rules: Option<Rules>,
}

/// What is published.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) refusal: Option<&'static str>,
    pub(super) r_squared: Option<f64>,
    pub(super) inflation: Option<Vec<f64>>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) share_low: Option<Vec<f64>>,
    pub(super) share_high: Option<Vec<f64>>,
}

/// Sums over answers: how many, of each value, of each product of two. All lie in one
/// row of numbers, because the bootstrap adds such rows hundreds of millions of times.
#[derive(Clone, Debug)]
struct Moments {
    width: usize,
    sums: Vec<f64>,
}

impl Moments {
    fn new(width: usize) -> Self {
        Self {
            width,
            sums: vec![0.0; 1 + width + width * (width + 1) / 2],
        }
    }

    fn add_answer(&mut self, values: &[f64]) {
        let products = values.iter().enumerate();
        let products = products.flat_map(|(row, value)| {
            let others = values[row..].iter();
            others.map(move |other| value * other)
        });
        let more = std::iter::once(1.0).chain(values.iter().copied());
        for (sum, more) in self.sums.iter_mut().zip(more.chain(products)) {
            *sum += more;
        }
    }

    fn add(&mut self, other: &Self, times: f64) {
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += times * more;
        }
    }

    fn count(&self) -> f64 {
        self.sums[0]
    }

    fn sum(&self, place: usize) -> f64 {
        self.sums[1 + place]
    }

    fn product(&self, one: usize, other: usize) -> f64 {
        let (row, column) = (one.min(other), one.max(other));
        // The rows before hold `width`, `width` - 1, … products.
        let before = row * self.width - row * row.saturating_sub(1) / 2;
        self.sums[1 + self.width + before + column - row]
    }

    /// `Err(true)` where a value never varies, `Err(false)` where a driver is told
    /// by the others.
    fn weights(&self) -> std::result::Result<Weights, bool> {
        let width = self.width;
        let covariance = |row: usize, column: usize| {
            self.product(row, column) - self.sum(row) * self.sum(column) / self.count()
        };
        let spread: Vec<f64> = (0..width).map(|place| covariance(place, place)).collect();
        let is_constant = (spread.iter().enumerate())
            .any(|(place, spread)| *spread <= 1e-9 * self.product(place, place).max(1.0));
        if self.count() < 2.0 || is_constant {
            return Err(true);
        }
        let correlation = |row: usize, column: usize| {
            if row == column {
                1.0
            } else {
                covariance(row, column) / (spread[row] * spread[column]).sqrt()
            }
        };
        let drivers: Vec<Vec<f64>> = (1..width)
            .map(|row| (1..width).map(|column| correlation(row, column)).collect())
            .collect();
        let outcome: Vec<f64> = (1..width).map(|driver| correlation(driver, 0)).collect();
        relative_weights(&drivers, &outcome).ok_or(false)
    }
}

impl Answers {
    pub(super) fn follow(&mut self, rules: Rules) -> Result<()> {
        let is_sound = rules.answers_per_driver >= 1.0
            && rules.largest_inflation >= 1.0
            && (1.0..=100_000.0).contains(&rules.draws);
        if !is_sound {
            return Err(refuse_row(
                "needs answers and an inflation of at least 1, and 1 to 100000 draws",
            ));
        }
        match &self.rules {
            Some(known) if *known != rules => {
                Err(refuse_row("needs the same rules for every row of a group"))
            }
            _ => {
                self.rules = Some(rules);
                Ok(())
            }
        }
    }

    pub(super) fn add(&mut self, account: &str, outcome: f64, drivers: &[f64]) -> Result<()> {
        let values: Vec<f64> = std::iter::once(outcome)
            .chain(drivers.iter().copied())
            .collect();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(refuse_row("cannot take a number that is not finite"));
        }
        let is_alike = (self.rows.first()).is_none_or(|first| first.values.len() == values.len());
        if !is_alike || drivers.is_empty() {
            return Err(refuse_row(
                "needs the same drivers, at least one, in every row of a group",
            ));
        }
        self.rows.push(Row {
            account: account.to_owned(),
            values,
        });
        Ok(())
    }

    pub(super) fn accounts(&self) -> usize {
        let accounts: std::collections::BTreeSet<&str> =
            self.rows.iter().map(|row| row.account.as_str()).collect();
        accounts.len()
    }

    /// Moments of each account, in the order of their keys.
    fn by_account(&mut self) -> BTreeMap<&str, Moments> {
        let compare = |one: &[f64], other: &[f64]| {
            (one.iter().zip(other))
                .map(|(one, other)| one.total_cmp(other))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        };
        self.rows.sort_by(|one, other| {
            (one.account.cmp(&other.account)).then_with(|| compare(&one.values, &other.values))
        });
        let mut accounts: BTreeMap<&str, Moments> = BTreeMap::new();
        for row in &self.rows {
            accounts
                .entry(&row.account)
                .or_insert_with(|| Moments::new(row.values.len()))
                .add_answer(&row.values);
        }
        accounts
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(super) fn findings(&mut self) -> Findings {
        let refused = |refusal| Findings {
            refusal: Some(refusal),
            ..Findings::default()
        };
        let Some(rules) = self.rules else {
            return refused("too_few");
        };
        let width = self.rows.first().map_or(1, |row| row.values.len());
        let needed = rules.answers_per_driver * (width - 1) as f64;
        if self.rows.is_empty() || (self.rows.len() as f64) < needed {
            return refused("too_few");
        }
        let accounts = self.by_account();
        let mut all = Moments::new(width);
        for moments in accounts.values() {
            all.add(moments, 1.0);
        }
        let found = match all.weights() {
            Err(true) => return refused("constant"),
            Err(false) => return refused("collinear"),
            Ok(found) => found,
        };
        let largest = found.inflation.iter().copied().fold(0.0, f64::max);
        if largest > rules.largest_inflation {
            return Findings {
                inflation: Some(found.inflation),
                ..refused("collinear")
            };
        }
        let (share_low, share_high) = bootstrap(&accounts, width, rules.draws).unzip();
        Findings {
            refusal: None,
            r_squared: Some(found.r_squared()),
            inflation: Some(found.inflation),
            weights: Some(found.weights),
            share_low,
            share_high,
        }
    }
}

/// The middle 95 % of each driver's share of R²; `None` where there are too few
/// accounts, or fewer than half of the repetitions could be computed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie within 1 and 100000"
)]
fn bootstrap(
    accounts: &BTreeMap<&str, Moments>,
    width: usize,
    draws: f64,
) -> Option<(Vec<f64>, Vec<f64>)> {
    if accounts.len() < ACCOUNTS_MIN {
        return None;
    }
    let draws = draws as u64;
    let seeds: Vec<(u64, &Moments)> = (accounts.iter())
        .map(|(account, moments)| (hash(account), moments))
        .collect();
    let numbers: Vec<u64> = (0..draws).map(number_of).collect();
    let mut shares: Vec<Vec<f64>> = vec![Vec::new(); width - 1];
    for numbers in numbers.chunks(DRAWS_AT_ONCE) {
        let mut resampled = vec![Moments::new(width); numbers.len()];
        for (seed, own) in &seeds {
            for (moments, number) in resampled.iter_mut().zip(numbers) {
                let times = poisson(mix(seed ^ number));
                if times > 0.0 {
                    moments.add(own, times);
                }
            }
        }
        for found in resampled
            .iter()
            .filter_map(|moments| moments.weights().ok())
        {
            let total = found.r_squared();
            if total > 0.0 {
                for (shares, weight) in shares.iter_mut().zip(&found.weights) {
                    shares.push(weight / total);
                }
            }
        }
    }
    let usable = shares.first().map_or(0, Vec::len);
    if usable == 0 || usable as u64 * 2 < draws {
        return None;
    }
    let mut low = Vec::new();
    let mut high = Vec::new();
    for driver in &mut shares {
        driver.sort_by(f64::total_cmp);
        let outside = usable / 40;
        low.push(driver[outside]);
        high.push(driver[usable - 1 - outside]);
    }
    Some((low, high))
}

/// How often an account comes in a repetition.
#[cfg(test)]
pub(super) fn draws_of(account: &str, draw: u64) -> f64 {
    poisson(mix(hash(account) ^ number_of(draw)))
}

/// What a repetition adds to the keys of accounts.
fn number_of(draw: u64) -> u64 {
    mix(draw + 1)
}

/// FNV-1a, 64 bits.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finaliser of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Uniform in 0..1.
#[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}

/// The most that something comes in a resample; more has a chance of 6e-11.
const TIMES_MAX: usize = 12;

/// The chance that something comes at most 0, 1, … times: Poisson with mean 1.
const AT_MOST: [f64; TIMES_MAX] = {
    let mut at_most = [0.0; TIMES_MAX];
    let mut chance = 1.0 / std::f64::consts::E;
    let mut reached = chance;
    let mut times = 0.0;
    let mut place = 0;
    while place < TIMES_MAX {
        at_most[place] = reached;
        times += 1.0;
        chance /= times;
        reached += chance;
        place += 1;
    }
    at_most
};

/// How often something comes in a resample.
#[expect(clippy::cast_precision_loss, reason = "twelve at most")]
fn poisson(bits: u64) -> f64 {
    let uniform = unit(bits);
    let times = AT_MOST.iter().position(|at_most| uniform < *at_most);
    times.unwrap_or(TIMES_MAX) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        answers_per_driver: 10.0,
        largest_inflation: 10.0,
        draws: 200.0,
    };

    fn uniform(seed: u64) -> f64 {
        unit(mix(seed)) - 0.5
    }

    /// Outcomes that follow the first driver twice as closely as the second, and
    /// the third not at all.
    fn answers(count: u64) -> Answers {
        let mut answers = Answers::default();
        answers.follow(RULES).unwrap();
        for number in 0..count {
            let drivers = [1, 2, 3].map(|driver| uniform(number * 10 + driver));
            let outcome = 2.0 * drivers[0] + drivers[1] + uniform(number * 10 + 9);
            let account = format!("a{}", number / 4);
            answers.add(&account, outcome, &drivers).unwrap();
        }
        answers
    }

    #[test]
    fn the_stronger_driver_weighs_more_and_the_interval_holds_the_truth() {
        let found = answers(2000).findings();
        let weights = found.weights.unwrap();
        let total: f64 = weights.iter().sum();
        assert!((total - found.r_squared.unwrap()).abs() < 1e-12);
        // variances 4 : 1 : 0 of the part that is explained
        let (low, high) = (found.share_low.unwrap(), found.share_high.unwrap());
        for (driver, truth) in [0.8, 0.2].into_iter().enumerate() {
            assert!(
                (weights[driver] / total - truth).abs() < 0.04,
                "{weights:?}"
            );
            assert!(
                low[driver] < truth && truth < high[driver],
                "{low:?} {high:?}"
            );
        }
        assert!(weights[2] / total < 0.01);
    }

    #[test]
    fn no_order_of_rows_changes_a_bit() {
        let mut one = answers(300);
        let mut other = answers(300);
        other.rows.reverse();
        let (one, other) = (one.findings(), other.findings());
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn too_few_constant_and_collinear_are_refused() {
        assert_eq!(answers(29).findings().refusal, Some("too_few"));
        assert_eq!(Answers::default().findings().refusal, Some("too_few"));
        let mut constant = answers(100);
        for row in &mut constant.rows {
            row.values[2] = 4.0;
        }
        assert_eq!(constant.findings().refusal, Some("constant"));
        let mut same = answers(100);
        for row in &mut same.rows {
            row.values[2] = 2.0 * row.values[1] + 1.0;
        }
        assert_eq!(same.findings().refusal, Some("collinear"));
        let mut close = answers(100);
        for (position, row) in (0_u32..).zip(&mut close.rows) {
            row.values[2] = row.values[1] + 0.1 * f64::from(position % 3);
        }
        let found = close.findings();
        assert_eq!(found.refusal, Some("collinear"));
        assert!(found.inflation.unwrap()[0] > 10.0);
    }

    #[test]
    fn resampling_counts_have_mean_and_variance_one() {
        let counts: Vec<f64> = (0..100_000).map(|seed| poisson(mix(seed))).collect();
        let mean = counts.iter().sum::<f64>() / 1e5;
        let square = counts.iter().map(|count| count * count).sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!((square - mean * mean - 1.0).abs() < 0.03, "{square}");
    }

    #[test]
    fn rules_and_drivers_are_the_same_for_a_group() {
        let mut answers = answers(1);
        assert!(answers.add("a", 1.0, &[1.0]).is_err());
        assert!(answers.add("a", f64::NAN, &[1.0, 2.0, 3.0]).is_err());
        let other = Rules {
            draws: 5.0,
            ..RULES
        };
        assert!(answers.follow(other).is_err());
    }
}

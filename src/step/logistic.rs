//! Logistic regression with an L2 penalty, by Newton's method.
//!
//! Values are clipped at their outer percentiles and standardised; a value that
//! is not known is the mean, and that it is not known is a column of its own.
//! The penalty is half of `l2` times the squared weights, the intercept's not
//! among them. Rows are summed in chunks of fixed size, added in order.

use rayon::prelude::*;

use super::rows::Values;
use super::{log_odds, position, real};
use crate::function::churn_model::{Logistic, Term, sigmoid};

/// Rows whose sums are made by one thread.
const CHUNK: usize = 4096;
const ITERATIONS: usize = 50;
/// Share of the values beyond which they are clipped, at either end.
const CLIPPED: f64 = 0.01;

/// Fits a regression of `labels` on `values`.
pub(super) fn fit(values: &Values, labels: &[bool], l2: f64) -> Logistic {
    let mut terms: Vec<Term> = (0..values.columns())
        .into_par_iter()
        .map(|column| prepared(values, column))
        .collect();
    // Which feature and which kind of column stands behind each weight.
    let mut columns = Vec::new();
    for (feature, term) in terms.iter().enumerate() {
        if term.scale > 0.0 {
            columns.push((feature, false));
        }
        if term.missing_share > 0.0 && term.missing_share < 1.0 {
            columns.push((feature, true));
        }
    }
    let design = Design {
        values,
        labels,
        terms: &terms,
        columns: &columns,
        l2,
    };
    let weights = design.solve();
    for ((feature, is_missing), weight) in columns.iter().zip(&weights[1..]) {
        if *is_missing {
            terms[*feature].missing_weight = *weight;
        } else {
            terms[*feature].weight = *weight;
        }
    }
    Logistic {
        intercept: weights[0],
        terms,
    }
}

/// Where a feature is clipped and centred; its weights are still 0.
fn prepared(values: &Values, column: usize) -> Term {
    let known = values.sorted(column);
    let missing_share = 1.0 - real(known.len()) / real(values.len().max(1));
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return Term {
            missing_share,
            ..Term::default()
        };
    };
    let at = |share| known[position(known.len() - 1, share)];
    let (mut low, mut high) = (at(CLIPPED), at(1.0 - CLIPPED));
    if low >= high {
        // What hardly ever varies is not clipped away.
        (low, high) = (*first, *last);
    }
    let clipped = || known.iter().map(|value| value.clamp(low, high));
    let mean = clipped().sum::<f64>() / real(known.len());
    let squares = clipped().map(|value| (value - mean) * (value - mean));
    let deviation = (squares.sum::<f64>() / real(known.len())).sqrt();
    let varies = deviation > 1e-12 * mean.abs().max(1e-300);
    Term {
        low,
        high,
        mean,
        scale: if varies { 1.0 / deviation } else { 0.0 },
        missing_share,
        ..Term::default()
    }
}

struct Design<'a> {
    values: &'a Values,
    labels: &'a [bool],
    terms: &'a [Term],
    columns: &'a [(usize, bool)],
    l2: f64,
}

/// Loss, its slope and its curvature (the lower triangle, row by row).
struct Sums {
    loss: f64,
    slope: Vec<f64>,
    curvature: Vec<f64>,
}

impl Sums {
    fn new(size: usize) -> Self {
        Self {
            loss: 0.0,
            slope: vec![0.0; size],
            curvature: vec![0.0; size * (size + 1) / 2],
        }
    }

    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        add(&mut self.slope, &other.slope);
        add(&mut self.curvature, &other.curvature);
    }
}

fn add(sums: &mut [f64], more: &[f64]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

impl Design<'_> {
    fn solve(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.columns.len() + 1];
        let happened = self.labels.iter().filter(|label| **label).count();
        let rate = (real(happened) + 0.5) / (real(self.labels.len()) + 1.0);
        weights[0] = log_odds(rate);
        let mut sums = self.sums(&weights);
        for _ in 0..ITERATIONS {
            let Some(step) = newton(&sums) else {
                break;
            };
            let mut share = 1.0;
            loop {
                let tried: Vec<f64> = weights
                    .iter()
                    .zip(&step)
                    .map(|(weight, step)| weight - share * step)
                    .collect();
                let after = self.sums(&tried);
                // Near the end the loss only moves within what rounding leaves of it.
                if after.loss <= sums.loss * (1.0 + 1e-12) || share < 1e-3 {
                    (weights, sums) = (tried, after);
                    break;
                }
                share /= 2.0;
            }
            let largest = step.iter().fold(0.0_f64, |most, step| most.max(step.abs()));
            if largest * share < 1e-8 {
                break;
            }
        }
        weights
    }

    fn sums(&self, weights: &[f64]) -> Sums {
        let chunks: Vec<Sums> = (0..self.labels.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let end = ((chunk + 1) * CHUNK).min(self.labels.len());
                self.chunk(weights, chunk * CHUNK..end)
            })
            .collect();
        let mut total = Sums::new(weights.len());
        for chunk in &chunks {
            total.add(chunk);
        }
        let mut corner = 0;
        for (index, weight) in weights.iter().enumerate() {
            corner += index + 1;
            if index > 0 {
                total.loss += self.l2 / 2.0 * weight * weight;
                total.slope[index] += self.l2 * weight;
                total.curvature[corner - 1] += self.l2;
            }
        }
        total
    }

    fn chunk(&self, weights: &[f64], rows: std::ops::Range<usize>) -> Sums {
        let size = weights.len();
        let mut sums = Sums::new(size);
        let mut cells = vec![1.0; size];
        for row in rows {
            let values = self.values.row(row);
            for ((feature, is_missing), cell) in self.columns.iter().zip(&mut cells[1..]) {
                let (term, value) = (&self.terms[*feature], values[*feature]);
                *cell = if *is_missing {
                    f64::from(u8::from(value.is_nan())) - term.missing_share
                } else {
                    term.standardised(value)
                };
            }
            let linear: f64 = cells
                .iter()
                .zip(weights)
                .map(|(cell, weight)| cell * weight)
                .sum();
            let label = f64::from(u8::from(self.labels[row]));
            let probability = sigmoid(linear);
            // ln(1 + exp(x)) without overflow
            sums.loss += linear.max(0.0) + (-linear.abs()).exp().ln_1p() - label * linear;
            let curve = probability * (1.0 - probability);
            let mut rest = sums.curvature.as_mut_slice();
            for (index, cell) in cells.iter().enumerate() {
                sums.slope[index] += (probability - label) * cell;
                let (line, after) = rest.split_at_mut(index + 1);
                let scaled = curve * cell;
                for (sum, other) in line.iter_mut().zip(&cells) {
                    *sum += scaled * other;
                }
                rest = after;
            }
        }
        sums
    }
}

/// Curvature⁻¹ × slope, by Cholesky; nothing where the curvature is not positive.
fn newton(sums: &Sums) -> Option<Vec<f64>> {
    let size = sums.slope.len();
    let at = |row: usize, column: usize| row * (row + 1) / 2 + column;
    let mut factor = sums.curvature.clone();
    for row in 0..size {
        for column in 0..=row {
            let mut left = factor[at(row, column)];
            for inner in 0..column {
                left -= factor[at(row, inner)] * factor[at(column, inner)];
            }
            factor[at(row, column)] = if row == column {
                if left <= 1e-12 {
                    return None;
                }
                left.sqrt()
            } else {
                left / factor[at(column, column)]
            };
        }
    }
    let mut solved = sums.slope.clone();
    for row in 0..size {
        for column in 0..row {
            solved[row] -= factor[at(row, column)] * solved[column];
        }
        solved[row] /= factor[at(row, row)];
    }
    for row in (0..size).rev() {
        for below in row + 1..size {
            solved[row] -= factor[at(below, row)] * solved[below];
        }
        solved[row] /= factor[at(row, row)];
    }
    Some(solved)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve rows, one feature with one value not known.
    fn rows() -> (Values, Vec<bool>) {
        let mut values = Values::new(1);
        for value in [
            0.0,
            1.0,
            2.0,
            3.0,
            4.0,
            5.0,
            6.0,
            7.0,
            8.0,
            9.0,
            10.0,
            f64::NAN,
        ] {
            values.push(&[value]);
        }
        let labels = [0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1];
        (values, labels.iter().map(|label| *label == 1).collect())
    }

    #[test]
    fn at_the_solution_the_slope_is_zero() {
        let (values, labels) = rows();
        let found = fit(&values, &labels, 1.0);
        let term = &found.terms[0];
        // By the definition: sum of (p - y) x + l2 w = 0 for each weight.
        let mut slopes = [0.0, term.weight, term.missing_weight];
        for (row, label) in labels.iter().enumerate() {
            let value = values.row(row)[0];
            let cells = [
                1.0,
                term.standardised(value),
                f64::from(u8::from(value.is_nan())) - term.missing_share,
            ];
            let weights = [found.intercept, term.weight, term.missing_weight];
            let linear: f64 = cells
                .iter()
                .zip(weights)
                .map(|(cell, weight)| cell * weight)
                .sum();
            let rest = sigmoid(linear) - f64::from(u8::from(*label));
            for (slope, cell) in slopes.iter_mut().zip(cells) {
                *slope += rest * cell;
            }
        }
        assert!(slopes.iter().all(|slope| slope.abs() < 1e-9), "{slopes:?}");
        assert!(term.weight > 0.0 && term.missing_weight > 0.0);
    }

    #[test]
    fn what_never_varies_or_is_never_known_has_no_weight() {
        let mut values = Values::new(2);
        for _ in 0..10 {
            values.push(&[3.0, f64::NAN]);
        }
        let labels: Vec<bool> = (0..10).map(|row| row % 5 == 0).collect();
        let found = fit(&values, &labels, 1.0);
        assert!(found.terms.iter().all(|term| term.weight == 0.0));
        assert!(found.terms.iter().all(|term| term.missing_weight == 0.0));
        assert!((sigmoid(found.intercept) - 0.2).abs() < 1e-9);
    }
}

//! The bootstrap once more, by other means: every resample is written out row by row, its
//! correlations are taken from the rows, and the root of a matrix is found by iteration
//! instead of by eigenvectors. Only the draws are shared. Tests alone are here.

use super::answers::{Answers, Rules, draws_of};

type Matrix = Vec<Vec<f64>>;

fn inverse(matrix: &Matrix) -> Matrix {
    let size = matrix.len();
    let mut rows: Matrix = (0..size)
        .map(|row| {
            let unit = (0..size).map(|column| f64::from(u8::from(row == column)));
            matrix[row].iter().copied().chain(unit).collect()
        })
        .collect();
    for pivot in 0..size {
        let head = rows[pivot][pivot];
        rows[pivot].iter_mut().for_each(|cell| *cell /= head);
        let line = rows[pivot].clone();
        for row in (0..size).filter(|row| *row != pivot) {
            let times = rows[row][pivot];
            for (cell, other) in rows[row].iter_mut().zip(&line) {
                *cell -= times * other;
            }
        }
    }
    rows.iter().map(|row| row[size..].to_vec()).collect()
}

/// Denman and Beavers' iteration.
fn root(matrix: &Matrix) -> Matrix {
    let half = |one: &Matrix, other: &Matrix| -> Matrix {
        (one.iter().zip(other))
            .map(|(one, other)| one.iter().zip(other).map(|(a, b)| (a + b) / 2.0).collect())
            .collect()
    };
    let size = matrix.len();
    let mut root = matrix.clone();
    let mut other: Matrix = (0..size)
        .map(|row| {
            (0..size)
                .map(|column| f64::from(u8::from(row == column)))
                .collect()
        })
        .collect();
    for _ in 0..60 {
        let (next, next_other) = (half(&root, &inverse(&other)), half(&other, &inverse(&root)));
        (root, other) = (next, next_other);
    }
    root
}

/// Shares of R² of the drivers in rows of outcome and drivers.
fn shares(rows: &[&[f64]]) -> Vec<f64> {
    let count = rows.iter().map(|_| 1.0).sum::<f64>();
    let column = |place: usize| -> Vec<f64> {
        let mean = rows.iter().map(|row| row[place]).sum::<f64>() / count;
        rows.iter().map(|row| row[place] - mean).collect()
    };
    let columns: Matrix = (0..rows[0].len()).map(column).collect();
    let product = |one: &[f64], other: &[f64]| -> f64 {
        one.iter().zip(other).map(|(one, other)| one * other).sum()
    };
    let correlation = |one: usize, other: usize| {
        let (one, other) = (&columns[one], &columns[other]);
        product(one, other) / (product(one, one) * product(other, other)).sqrt()
    };
    let drivers = 1..columns.len();
    let matrix: Matrix = drivers
        .clone()
        .map(|row| {
            drivers
                .clone()
                .map(|column| correlation(row, column))
                .collect()
        })
        .collect();
    let outcome: Vec<f64> = drivers.map(|driver| correlation(driver, 0)).collect();
    let loadings = root(&matrix);
    let betas: Vec<f64> = inverse(&loadings)
        .iter()
        .map(|row| product(row, &outcome))
        .collect();
    let weights: Vec<f64> = loadings
        .iter()
        .map(|row| {
            row.iter()
                .zip(&betas)
                .map(|(loading, beta)| (loading * beta).powi(2))
                .sum()
        })
        .collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

#[test]
fn the_interval_is_that_of_resamples_written_out() {
    let rules = Rules {
        answers_per_driver: 10.0,
        largest_inflation: 10.0,
        draws: 80.0,
    };
    let mut answers = Answers::default();
    answers.follow(rules).unwrap();
    // forty accounts of one to five answers on a scale, drivers that go together
    for account in 0..40_u32 {
        for answer in 0..=account % 5 {
            let mood = f64::from((account * 7 + answer * 3) % 11) / 2.0;
            let drivers = [
                mood + f64::from((account + answer) % 3),
                mood + f64::from((account * 5 + answer) % 4),
                f64::from((account * 3 + answer * 2) % 5),
            ];
            let outcome = drivers[0] + drivers[1] / 2.0 + f64::from((account * answer) % 4);
            answers
                .add(&format!("a{account:02}"), outcome, &drivers)
                .unwrap();
        }
    }
    let found = answers.findings();
    let rows: Vec<&[f64]> = answers
        .rows
        .iter()
        .map(|row| row.values.as_slice())
        .collect();
    let total = found.r_squared.unwrap();
    for (weight, share) in found.weights.unwrap().iter().zip(shares(&rows)) {
        assert!((weight / total - share).abs() < 1e-9);
    }
    let mut drawn: Vec<Vec<f64>> = Vec::new();
    for draw in 0..80 {
        let mut resample: Vec<&[f64]> = Vec::new();
        for row in &answers.rows {
            let mut left = draws_of(&row.account, draw);
            while left > 0.5 {
                resample.push(&row.values);
                left -= 1.0;
            }
        }
        drawn.push(shares(&resample));
    }
    let (low, high) = (found.share_low.unwrap(), found.share_high.unwrap());
    for driver in 0..3 {
        let mut shares: Vec<f64> = drawn.iter().map(|shares| shares[driver]).collect();
        shares.sort_by(f64::total_cmp);
        // two of eighty lie outside on either side
        assert!((shares[2] - low[driver]).abs() < 1e-9, "{shares:?} {low:?}");
        assert!(
            (shares[77] - high[driver]).abs() < 1e-9,
            "{shares:?} {high:?}"
        );
    }
}

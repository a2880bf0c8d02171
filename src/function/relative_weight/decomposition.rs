//! Eigenvalues of small symmetric matrices, and the relative weights that follow
//! from a correlation matrix.
//!
//! Jacobi's rotations (1846): exact to the last digits for the few drivers of a
//! survey, and the same on every machine. Large or unsymmetric matrices are not
//! for here.

const SWEEPS_MAX: usize = 100;
const TOLERANCE: f64 = 1e-22;
/// Below this an eigenvalue of a correlation matrix is rounding: a driver is the
/// sum of others.
const SINGULAR: f64 = 1e-10;

/// What a correlation matrix says about its drivers and the outcome.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// One for each driver; they sum to R².
    pub(super) weights: Vec<f64>,
    /// Variance inflation of each driver: 1 / (1 − R² of it on the others).
    pub(super) inflation: Vec<f64>,
}

impl Weights {
    pub(super) fn r_squared(&self) -> f64 {
        self.weights.iter().sum()
    }
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix.
pub(super) fn eigen(matrix: &[Vec<f64>]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let size = matrix.len();
    let mut a = matrix.to_vec();
    let mut vectors: Vec<Vec<f64>> = (0..size)
        .map(|row| {
            (0..size)
                .map(|column| f64::from(u8::from(row == column)))
                .collect()
        })
        .collect();
    for _ in 0..SWEEPS_MAX {
        let off: f64 = (0..size)
            .flat_map(|row| (row + 1..size).map(move |column| (row, column)))
            .map(|(row, column)| a[row][column] * a[row][column])
            .sum();
        if off < TOLERANCE {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    ((0..size).map(|place| a[place][place]).collect(), vectors)
}

/// Turns the plane of two axes so that their element becomes zero.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let tangent = if theta == 0.0 { 1.0 } else { tangent };
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for row in a.iter_mut() {
        let (left, right) = (row[p], row[q]);
        row[p] = cosine * left - sine * right;
        row[q] = sine * left + cosine * right;
    }
    let (before, after) = a.split_at_mut(q);
    for (left, right) in before[p].iter_mut().zip(&mut after[0]) {
        (*left, *right) = (
            cosine * *left - sine * *right,
            sine * *left + cosine * *right,
        );
    }
    for row in vectors.iter_mut() {
        let (left, right) = (row[p], row[q]);
        row[p] = cosine * left - sine * right;
        row[q] = sine * left + cosine * right;
    }
}

/// The weights of drivers with these correlations among each other and with the
/// outcome; `None` where a driver is told by the others entirely.
pub(super) fn relative_weights(drivers: &[Vec<f64>], outcome: &[f64]) -> Option<Weights> {
    let size = drivers.len();
    let (values, vectors) = eigen(drivers);
    if values.iter().any(|value| *value < SINGULAR) {
        return None;
    }
    // Q f(L) Q'
    let applied = |power: fn(f64) -> f64, row: usize, column: usize| -> f64 {
        (0..size)
            .map(|axis| vectors[row][axis] * power(values[axis]) * vectors[column][axis])
            .sum()
    };
    let beta: Vec<f64> = (0..size)
        .map(|row| {
            (0..size)
                .map(|column| applied(|value| 1.0 / value.sqrt(), row, column) * outcome[column])
                .sum()
        })
        .collect();
    let weights = (0..size)
        .map(|driver| {
            (0..size)
                .map(|axis| {
                    let loading = applied(f64::sqrt, driver, axis);
                    loading * loading * beta[axis] * beta[axis]
                })
                .sum()
        })
        .collect();
    let inflation = (0..size)
        .map(|driver| applied(|value| 1.0 / value, driver, driver))
        .collect();
    Some(Weights { weights, inflation })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (one, other) in found.iter().zip(expected) {
            assert!((one - other).abs() < tolerance, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn the_reference_numbers_of_three_drivers() {
        let drivers = [
            vec![1.0, 0.6, 0.3],
            vec![0.6, 1.0, 0.4],
            vec![0.3, 0.4, 1.0],
        ];
        let found = relative_weights(&drivers, &[0.5, 0.45, 0.35]).unwrap();
        close(&found.weights, &[0.151_085, 0.095_783, 0.064_696], 1e-6);
        assert!((found.r_squared() - 0.311_564).abs() < 1e-6);
    }

    /// For two drivers the weights are the averages over both orders.
    #[test]
    fn two_drivers_agree_with_the_average_over_orders() {
        let (between, first, second) = (0.5_f64, 0.6, 0.4);
        let drivers = [vec![1.0, between], vec![between, 1.0]];
        let found = relative_weights(&drivers, &[first, second]).unwrap();
        let together = (first * first + second * second - 2.0 * between * first * second)
            / (1.0 - between * between);
        let lmg = [
            (first * first + together - second * second) / 2.0,
            (second * second + together - first * first) / 2.0,
        ];
        close(&found.weights, &lmg, 1e-12);
        let inflation = 1.0 / (1.0 - between * between);
        close(&found.inflation, &[inflation, inflation], 1e-12);
    }

    #[test]
    fn strangers_keep_their_squared_correlations() {
        let drivers = [vec![1.0, 0.0], vec![0.0, 1.0]];
        let found = relative_weights(&drivers, &[0.3, -0.5]).unwrap();
        close(&found.weights, &[0.09, 0.25], 1e-15);
    }

    #[test]
    fn a_driver_told_by_another_is_refused() {
        let drivers = [vec![1.0, 1.0], vec![1.0, 1.0]];
        assert!(relative_weights(&drivers, &[0.3, 0.3]).is_none());
    }

    #[test]
    fn eigenvectors_give_the_matrix_back() {
        let matrix = vec![
            vec![4.0, 1.0, -2.0, 0.5],
            vec![1.0, 3.0, 0.0, 1.0],
            vec![-2.0, 0.0, 2.0, -1.0],
            vec![0.5, 1.0, -1.0, 1.0],
        ];
        let (values, vectors) = eigen(&matrix);
        for (row, cells) in matrix.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let back: f64 = (0..4)
                    .map(|axis| vectors[row][axis] * values[axis] * vectors[column][axis])
                    .sum();
                assert!((back - cell).abs() < 1e-12, "{row} {column}: {back}");
            }
        }
    }
}

//! The lowest point of a function of two or three numbers, by the simplex method
//! of Nelder and Mead (1965). No derivatives, no randomness; a function may answer
//! infinity where it is not defined.

/// Coefficients of Nelder and Mead's paper.
const REFLECT: f64 = 1.0;
const EXPAND: f64 = 2.0;
const CONTRACT: f64 = 0.5;
const SHRINK: f64 = 0.5;

const STEPS_MAX: usize = 2_000;

/// A corner of the simplex with its value.
type Corner<const N: usize> = ([f64; N], f64);

/// The lowest point found from `start` on, and its value; done when all corners
/// lie within `tolerance` of each other, in place and in value.
pub(super) fn lowest<const N: usize>(
    start: [f64; N],
    first_step: f64,
    tolerance: f64,
    value: &impl Fn(&[f64; N]) -> f64,
) -> Corner<N> {
    let mut corners: Vec<Corner<N>> = (0..=N)
        .map(|corner| {
            let mut point = start;
            if let Some(coordinate) = point.get_mut(corner) {
                *coordinate += first_step;
            }
            (point, value(&point))
        })
        .collect();
    for _ in 0..STEPS_MAX {
        // stable: of equal corners the older one stays in front
        corners.sort_by(|one, other| one.1.total_cmp(&other.1));
        if is_small(&corners, tolerance) {
            break;
        }
        step(&mut corners, value);
    }
    corners.sort_by(|one, other| one.1.total_cmp(&other.1));
    corners[0]
}

fn is_small<const N: usize>(corners: &[Corner<N>], tolerance: f64) -> bool {
    let (best, lowest) = corners[0];
    corners.iter().all(|(point, height)| {
        (height - lowest).abs() <= tolerance
            && point
                .iter()
                .zip(best)
                .all(|(here, there)| (here - there).abs() <= tolerance)
    })
}

/// Replaces the highest corner, or draws all towards the lowest.
fn step<const N: usize>(corners: &mut [Corner<N>], value: &impl Fn(&[f64; N]) -> f64) {
    let (worst, highest) = corners[N];
    let mut centre = [0.0; N];
    for (point, _) in &corners[..N] {
        for (sum, coordinate) in centre.iter_mut().zip(point) {
            *sum += coordinate;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "two or three coordinates")]
    let count = N as f64;
    let towards = |share: f64| {
        let mut point = [0.0; N];
        for ((coordinate, sum), away) in point.iter_mut().zip(centre).zip(worst) {
            let middle = sum / count;
            *coordinate = middle + share * (middle - away);
        }
        (point, value(&point))
    };
    let reflected = towards(REFLECT);
    let replaced = if reflected.1 < corners[0].1 {
        let expanded = towards(EXPAND);
        Some(if expanded.1 < reflected.1 {
            expanded
        } else {
            reflected
        })
    } else if reflected.1 < corners[N - 1].1 {
        Some(reflected)
    } else {
        let is_outside = reflected.1 < highest;
        let contracted = towards(if is_outside { CONTRACT } else { -CONTRACT });
        (contracted.1 < highest.min(reflected.1)).then_some(contracted)
    };
    if let Some(corner) = replaced {
        corners[N] = corner;
        return;
    }
    let best = corners[0].0;
    for (point, height) in corners.iter_mut().skip(1) {
        for (coordinate, to) in point.iter_mut().zip(best) {
            *coordinate = to + SHRINK * (*coordinate - to);
        }
        *height = value(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock() {
        let valley = |[x, y]: &[f64; 2]| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        let ([x, y], height) = lowest([-1.2, 1.0], 0.5, 1e-10, &valley);
        assert!((x - 1.0).abs() < 1e-8 && (y - 1.0).abs() < 1e-8, "{x} {y}");
        assert!(height < 1e-15);
    }

    #[test]
    fn what_is_not_defined_is_walked_around() {
        let bounded = |[x]: &[f64; 1]| if *x < 2.0 { f64::INFINITY } else { *x };
        let ([x], _) = lowest([5.0], 1.0, 1e-9, &bounded);
        assert!((x - 2.0).abs() < 1e-6, "{x}");
    }
}

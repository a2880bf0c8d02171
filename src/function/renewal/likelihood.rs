//! Fitting a curve to counts: how many customers left after so many renewals, and
//! how many are still there. Likelihoods of cohorts of different age just add up.

use super::Curve;
use super::simplex::lowest;
use super::weights::Weights;

/// Bounds of the logarithms of the parameters. Where customers hardly differ, the
/// likelihood rises for ever along alpha / beta; at the bound the curve is a
/// constant rate to four digits.
const LOG_MAX: f64 = 9.0;
const LOG_MIN: f64 = -9.0;
/// Bound of the logarithm of the shape: from 1/4 to 4. Beyond that all leave at one
/// age, and a few counts would be taken for a law.
const LOG_SHAPE_MAX: f64 = 1.4;

const TOLERANCE: f64 = 1e-10;
/// Draws are sorted, not read: four digits do.
const DRAW_TOLERANCE: f64 = 1e-4;

/// Customers by the number of renewals they came through: `left` did not come
/// through the next one, `stayed` have not met it yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) left: Vec<f64>,
    pub(super) stayed: Vec<f64>,
}

/// A curve with the likelihood it reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fitted {
    pub(super) curve: Curve,
    pub(super) log_likelihood: f64,
}

impl Counts {
    pub(super) fn add(&mut self, renewals: usize, is_lost: bool, weight: f64) {
        if self.left.len() <= renewals {
            self.left.resize(renewals + 1, 0.0);
            self.stayed.resize(renewals + 1, 0.0);
        }
        let side = if is_lost {
            &mut self.left
        } else {
            &mut self.stayed
        };
        side[renewals] += weight;
    }

    fn log_likelihood(&self, curve: Curve) -> f64 {
        let logarithms = curve.log_survival(self.left.len());
        let mut sum = 0.0;
        for (renewals, (left, stayed)) in self.left.iter().zip(&self.stayed).enumerate() {
            let here = logarithms[renewals];
            if *left > 0.0 {
                let retention = logarithms[renewals + 1] - here;
                sum += left * (here + (-retention.exp_m1()).ln());
            }
            if *stayed > 0.0 {
                sum += stayed * here;
            }
        }
        if sum.is_nan() { f64::NEG_INFINITY } else { sum }
    }

    /// Numbers of renewals after which anybody met the next one. With one only, a
    /// curve of two parameters is not determined, with two one of three is not.
    fn ages(&self) -> usize {
        let later = |renewals: usize| {
            let left: f64 = self.left[renewals + 1..].iter().sum();
            left + self.stayed[renewals + 1..].iter().sum::<f64>()
        };
        (0..self.left.len())
            .filter(|renewals| self.left[*renewals] > 0.0 || later(*renewals) > 0.0)
            .count()
    }

    fn is_told(&self) -> bool {
        let left: f64 = self.left.iter().sum();
        let came_through: f64 =
            self.left.iter().skip(1).sum::<f64>() + self.stayed.iter().skip(1).sum::<f64>();
        left > 0.0 && came_through > 0.0 && self.ages() >= 2
    }

    /// The shifted beta-geometric curve of highest likelihood, or the
    /// beta-discrete-Weibull one where Akaike's criterion prefers it; none where
    /// the counts do not determine it.
    pub(super) fn fit(&self) -> Option<Fitted> {
        if !self.is_told() {
            return None;
        }
        let geometric = self.geometric([0.0; 2], 1.0, TOLERANCE)?;
        if self.ages() < 3 {
            return Some(geometric);
        }
        let start = [geometric.curve.alpha.ln(), geometric.curve.beta.ln(), 0.0];
        let weibull = self.weibull(start, 0.5, TOLERANCE)?;
        // one parameter more must raise the log-likelihood by more than one
        let is_better = weibull.log_likelihood - geometric.log_likelihood > 1.0;
        Some(if is_better { weibull } else { geometric })
    }

    /// The curve of the same family when every customer weighs by chance.
    pub(super) fn drawn(&self, fitted: Fitted, seed: u64) -> Option<Curve> {
        let mut weights = Weights::seeded(seed);
        let mut draw = |count: &f64| {
            if *count > 0.0 {
                weights.gamma(*count)
            } else {
                0.0
            }
        };
        let drawn = Self {
            left: self.left.iter().map(&mut draw).collect(),
            stayed: self.stayed.iter().map(&mut draw).collect(),
        };
        let Curve { alpha, beta, shape } = fitted.curve;
        let refitted = if fitted.curve.is_geometric() {
            drawn.geometric([alpha.ln(), beta.ln()], 0.3, DRAW_TOLERANCE)
        } else {
            drawn.weibull([alpha.ln(), beta.ln(), shape.ln()], 0.3, DRAW_TOLERANCE)
        };
        refitted.map(|refitted| refitted.curve)
    }

    fn geometric(&self, start: [f64; 2], step: f64, tolerance: f64) -> Option<Fitted> {
        let curve_at = |[alpha, beta]: &[f64; 2]| bounded(*alpha, *beta, 0.0);
        let (point, height) = lowest(start, step, tolerance, &|point| self.cost(curve_at(point)));
        curve_at(&point).map(|curve| Fitted {
            curve,
            log_likelihood: -height,
        })
    }

    fn weibull(&self, start: [f64; 3], step: f64, tolerance: f64) -> Option<Fitted> {
        let curve_at = |[alpha, beta, shape]: &[f64; 3]| bounded(*alpha, *beta, *shape);
        let cost = |point: &[f64; 3]| self.cost(curve_at(point));
        let (near, _) = lowest(start, step, tolerance, &cost);
        // once more from there: a flat simplex can stop early in three directions
        let (point, height) = lowest(near, step, tolerance, &cost);
        curve_at(&point).map(|curve| Fitted {
            curve,
            log_likelihood: -height,
        })
    }

    fn cost(&self, curve: Option<Curve>) -> f64 {
        curve.map_or(f64::INFINITY, |curve| -self.log_likelihood(curve))
    }
}

fn bounded(alpha: f64, beta: f64, shape: f64) -> Option<Curve> {
    let within = |logarithm: f64, most: f64| (-most..=most).contains(&logarithm);
    if alpha < LOG_MIN || beta < LOG_MIN || alpha > LOG_MAX || beta > LOG_MAX {
        return None;
    }
    if !within(shape, LOG_SHAPE_MAX) {
        return None;
    }
    Curve::new(alpha.exp(), beta.exp(), shape.exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Percent of customers left after 0 to 7 renewals, of 1,000 (Fader and Hardie
    /// 2007, table 1), and after 8 to 12, which the fit does not see.
    const REGULAR: [f64; 13] = [
        100.0, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3,
    ];
    const HIGH_END: [f64; 13] = [
        100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4,
    ];

    fn counts(percent: &[f64; 13]) -> Counts {
        let mut counts = Counts::default();
        for renewals in 0..7 {
            let left = (percent[renewals] - percent[renewals + 1]) * 10.0;
            counts.add(renewals, true, left);
        }
        counts.add(7, false, percent[7] * 10.0);
        counts
    }

    fn error_of_later_years(curve: Curve, percent: &[f64; 13]) -> f64 {
        let logarithms = curve.log_survival(12);
        let errors = (8..13)
            .map(|year| (100.0 * logarithms[year].exp() - percent[year]).abs() / percent[year]);
        errors.sum::<f64>() / 5.0
    }

    #[test]
    fn the_published_fits_to_the_printed_digits() {
        let cases = [
            (
                &REGULAR,
                0.704_077,
                1.182_043,
                -1_680.265_19,
                0.0149,
                0.1700,
            ),
            (
                &HIGH_END,
                0.668_088,
                3.806_095,
                -1_611.158_15,
                0.0283,
                0.3780,
            ),
        ];
        for (percent, alpha, beta, log_likelihood, error, survival) in cases {
            let counts = counts(percent);
            let fitted = counts.geometric([0.0; 2], 1.0, TOLERANCE).unwrap();
            let curve = fitted.curve;
            assert!((curve.alpha - alpha).abs() < 1e-6, "{curve:?}");
            assert!((curve.beta - beta).abs() < 1e-6, "{curve:?}");
            assert!((fitted.log_likelihood - log_likelihood).abs() < 1e-5);
            assert!((error_of_later_years(curve, percent) - error).abs() < 5e-5);
            assert!((curve.log_survival(12)[12].exp() - survival).abs() < 5e-5);
        }
    }

    #[test]
    fn chances_that_change_with_age_are_preferred_where_akaike_does() {
        let regular = counts(&REGULAR);
        let start = [0.0; 3];
        let weibull = regular.weibull(start, 1.0, TOLERANCE).unwrap();
        assert!(
            (weibull.log_likelihood + 1679.6028).abs() < 5e-5,
            "{weibull:?}"
        );
        // 0.66 is not worth a parameter
        assert!(regular.fit().unwrap().curve.is_geometric());
        let high_end = counts(&HIGH_END).fit().unwrap();
        let Curve { alpha, beta, shape } = high_end.curve;
        for (one, known) in [(alpha, 0.2143), (beta, 1.4266), (shape, 1.7236)] {
            assert!((one - known).abs() < 5e-5, "{one} {known}");
        }
        assert!((high_end.log_likelihood + 1605.3142).abs() < 5e-5);
        assert!((error_of_later_years(high_end.curve, &HIGH_END) - 0.0127).abs() < 5e-5);
    }

    #[test]
    fn counts_that_determine_nothing_have_no_curve() {
        let mut counts = Counts::default();
        assert_eq!(counts.fit(), None);
        counts.add(0, false, 20.0);
        assert_eq!(counts.fit(), None);
        counts.add(0, true, 5.0);
        assert_eq!(counts.fit(), None);
        // the first renewal is known, no other has come
        counts.add(1, false, 9.0);
        assert_eq!(counts.fit(), None);
        counts.add(2, false, 4.0);
        assert!(counts.fit().is_some());
    }

    #[test]
    fn draws_lie_around_the_fit_and_follow_from_the_seed() {
        let counts = counts(&REGULAR);
        let fitted = counts.fit().unwrap();
        let through = |curve: Curve| curve.log_survival(7)[7].exp();
        let mut drawn: Vec<f64> = (0..200)
            .map(|seed| through(counts.drawn(fitted, seed).unwrap()))
            .collect();
        let again = through(counts.drawn(fitted, 0).unwrap());
        assert_eq!(drawn[0].to_bits(), again.to_bits());
        drawn.sort_by(f64::total_cmp);
        // a share of 0.24 of 1,000 has a standard error of 0.0135
        assert!((drawn[100] - through(fitted.curve)).abs() < 0.01);
        let width = drawn[194] - drawn[5];
        assert!((0.035..0.065).contains(&width), "{width}");
    }
}

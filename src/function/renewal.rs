//! The curve of renewals: how many customers come through so many of them.
//!
//! The shifted beta-geometric model of Fader and Hardie (2007): every customer
//! leaves at each renewal with a chance of its own that never changes, and these
//! chances are spread over the customers as a beta distribution. Retention then
//! rises with age although nobody changes, and a constant rate, fitted to the
//! young, undervalues the old. The beta-discrete-Weibull of Fader, Hardie and others
//! (2018) lets each chance change with age too. Covariates are not here: a fit is
//! one group's.

mod expected;
mod fit;
mod likelihood;
mod simplex;
mod survival;
mod weights;

pub(super) use expected::ExpectedRenewals;
pub(super) use fit::RenewalFit;
pub(super) use survival::RenewalSurvival;

use statrs::function::gamma::ln_gamma;

use super::FunctionDoc;

pub(super) const DOCUMENTATION: [FunctionDoc; 3] = [
    fit::DOCUMENTATION,
    survival::DOCUMENTATION,
    expected::DOCUMENTATION,
];

/// The parameters of one group's curve; with `shape` 1 it is the shifted
/// beta-geometric one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Curve {
    alpha: f64,
    beta: f64,
    shape: f64,
}

impl Curve {
    /// The curve, unless a parameter is not positive or not finite.
    fn new(alpha: f64, beta: f64, shape: f64) -> Option<Self> {
        let fine = |parameter: f64| parameter > 0.0 && parameter.is_finite();
        (fine(alpha) && fine(beta) && fine(shape)).then_some(Self { alpha, beta, shape })
    }

    fn is_geometric(self) -> bool {
        self.shape.total_cmp(&1.0).is_eq()
    }

    /// Logarithm of the share that comes through the `renewals`-th renewal, of
    /// those that came through the one before; `renewals` counts from 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts are far below 2^53, where floats stop being exact"
    )]
    fn log_retention(self, renewals: usize) -> f64 {
        let before = (renewals - 1) as f64;
        if self.is_geometric() {
            return (-self.alpha / (self.alpha + self.beta + before)).ln_1p();
        }
        let earlier = self.beta + before.powf(self.shape);
        let later = self.beta + (renewals as f64).powf(self.shape);
        gamma_step(earlier, self.alpha) - gamma_step(later, self.alpha)
    }

    /// Logarithms of the shares that come through 0, 1, … `last` renewals.
    fn log_survival(self, last: usize) -> Vec<f64> {
        let mut logarithm = 0.0;
        let mut logarithms = Vec::with_capacity(last + 1);
        logarithms.push(logarithm);
        for renewals in 1..=last {
            logarithm += self.log_retention(renewals);
            logarithms.push(logarithm);
        }
        logarithms
    }
}

/// ln Γ(z + a) − ln Γ(z). Of two large logarithms nothing would be left: there it
/// is the difference of Stirling's series, term by term.
fn gamma_step(z: f64, a: f64) -> f64 {
    if z < 1000.0 {
        return ln_gamma(z + a) - ln_gamma(z);
    }
    let correction = (1.0 / (z + a) - 1.0 / z) / 12.0;
    (z + a - 0.5) * (a / z).ln_1p() + a * z.ln() - a + correction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_large_arguments_keep_their_digits() {
        for a in [0.01, 0.7, 30.0] {
            let (below, above) = (gamma_step(999.999_999, a), gamma_step(1000.0, a));
            assert!((below - above).abs() < 1e-6 * a, "{below} {above}");
            // a ln z, with the next term far below the last digit
            let far = gamma_step(1e25, a);
            assert!((far - a * 1e25_f64.ln()).abs() < 1e-12 * far, "{far}");
        }
    }

    #[test]
    fn survival_of_fader_and_hardie_2010() {
        // of 10,000 customers, after 1 to 4 renewals
        let cases = [
            (3.80, 15.20, [8000.0, 6480.0, 5307.0, 4391.0]),
            (0.067, 0.267, [7994.0, 7593.0, 7375.0, 7226.0]),
        ];
        for (alpha, beta, expected) in cases {
            let logarithms = Curve::new(alpha, beta, 1.0).unwrap().log_survival(4);
            for (logarithm, known) in logarithms[1..].iter().zip(expected) {
                let share = (10_000.0 * logarithm.exp()).round();
                assert!((share - known).abs() < 0.5, "{share} {known}");
            }
        }
    }

    #[test]
    fn both_forms_agree_where_they_meet() {
        let geometric = Curve::new(0.7, 1.2, 1.0).unwrap().log_survival(20);
        let weibull = Curve::new(0.7, 1.2, 1.0 + 1e-12).unwrap().log_survival(20);
        for (one, other) in geometric.iter().zip(&weibull) {
            assert!((one - other).abs() < 1e-9, "{one} {other}");
        }
        assert_eq!(Curve::new(0.0, 1.0, 1.0), None);
        assert_eq!(Curve::new(1.0, f64::NAN, 1.0), None);
    }
}

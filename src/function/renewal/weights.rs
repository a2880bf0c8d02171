//! Random weights for the Bayesian bootstrap (Rubin 1981): every customer weighs
//! as much as an exponential variate, so `n` alike weigh as a gamma variate of
//! shape `n`. A group is never drawn without a loss, as counts drawn anew would be
//! for small ones. The numbers follow from the seed alone.

/// Weyl sequence of the splitmix64 generator (Steele, Lea and Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
/// 2^-53: the distance of the numbers drawn.
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;

pub(super) struct Weights {
    state: u64,
}

impl Weights {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform on (0, 1], so that its logarithm is finite.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 * UNIT
    }

    /// Standard normal, by Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Gamma variate of this shape and scale 1, by Marsaglia and Tsang (2000).
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = self.uniform().powf(1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let normal = self.normal();
            let cubed = (1.0 + c * normal).powi(3);
            if cubed > 0.0 {
                let accepted = 0.5 * normal * normal + d - d * cubed + d * cubed.ln();
                if self.uniform().ln() < accepted {
                    return d * cubed;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_of_a_gamma_variate_are_its_shape() {
        for shape in [0.3, 1.0, 7.5] {
            let mut weights = Weights::seeded(7);
            let drawn: Vec<f64> = (0..20_000).map(|_| weights.gamma(shape)).collect();
            let mean = drawn.iter().sum::<f64>() / 20_000.0;
            let variance = drawn.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 19_999.0;
            assert!((mean - shape).abs() < 0.06 * shape.max(0.5), "{mean}");
            assert!(
                (variance - shape).abs() < 0.12 * shape.max(0.5),
                "{variance}"
            );
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| Weights::seeded(seed).gamma(3.0).to_bits();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}

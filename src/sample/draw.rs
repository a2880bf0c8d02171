//! Random draws that depend on nothing but a seed and what they are for.
//!
//! Every account, and every account on every day, has a stream of its own, so
//! the order in which threads work does not matter. Only integers and the
//! float operations + − × ÷ are used, which give the same bits everywhere; no
//! logarithm and no exponential, whose last bits differ between platforms.

/// What a stream is for: two purposes never share their draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Purpose {
    Firm = 1,
    People,
    Portfolio,
    Owners,
    Life,
    Deals,
    Billing,
    Support,
    Voice,
    Delivery,
    Day,
    Webinar,
    Dirt,
    Browser,
    Site,
    Experiment,
    Play,
    Rate,
}

/// A stream of draws: `SplitMix64` (Steele, Lea and Flood 2014), started at a
/// point that mixes seed, purpose, number and moment.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    state: u64,
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// −10,000 · ln(1 − i/64) for i = 0..=63, and a last point that makes the mean
/// 10,000.
const EXPONENTIAL: [u16; 65] = [
    0, 157, 317, 480, 645, 813, 984, 1158, 1335, 1515, 1699, 1886, 2076, 2271, 2469, 2671, 2877,
    3087, 3302, 3522, 3747, 3977, 4212, 4453, 4700, 4953, 5213, 5480, 5754, 6035, 6325, 6624, 6931,
    7249, 7577, 7916, 8267, 8630, 9008, 9400, 9808, 10234, 10678, 11144, 11632, 12144, 12685,
    13257, 13863, 14508, 15198, 15939, 16740, 17610, 18563, 19617, 20794, 22130, 23671, 25494,
    27726, 30603, 34657, 41589, 60000,
];

impl Draw {
    /// The stream of `purpose` for the thing with this number (an account, an
    /// owner) at this moment (a day, a webinar; 0 where there is only one).
    pub(super) fn new(seed: u64, purpose: Purpose, number: u32, moment: i32) -> Self {
        let place = (u64::from(number) << 32) | u64::from(moment.cast_unsigned());
        let purpose = (purpose as u64).wrapping_mul(GOLDEN_GAMMA);
        Self {
            state: mix(mix(seed ^ purpose).wrapping_add(GOLDEN_GAMMA) ^ mix(place)),
        }
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    fn half(&mut self) -> u32 {
        u32::try_from(self.bits() >> 32).unwrap_or(u32::MAX)
    }

    /// Uniform in 0..1, a multiple of 2⁻³².
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.half()) / 4_294_967_296.0
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in 0..n; 0 for n = 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        u32::try_from((u64::from(self.half()) * u64::from(n)) >> 32).unwrap_or(0)
    }

    /// Uniform in low..=high.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = u32::try_from(high - low + 1).unwrap_or(1);
        low + i32::try_from(self.below(width)).unwrap_or(0)
    }

    /// Uniform index into something of this length.
    pub(super) fn index(&mut self, length: usize) -> usize {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        usize::try_from(self.below(length)).unwrap_or(0)
    }

    /// One of the items; the slice is not empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// One of the items, as often as its weight says.
    pub(super) fn weighted<'a, T>(&mut self, items: &'a [(u32, T)]) -> &'a T {
        let mut rest = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if rest < *weight {
                return item;
            }
            rest -= weight;
        }
        &items[0].1
    }

    /// 1 or more, geometric with this mean (at least 1).
    pub(super) fn count(&mut self, mean: f64) -> u32 {
        let again = 1.0 - 1.0 / mean.max(1.0);
        let mut count = 1;
        while self.chance(again) {
            count += 1;
        }
        count
    }

    /// Days to wait, at least 1, near enough exponential with this mean.
    pub(super) fn wait(&mut self, mean_days: f64) -> i32 {
        let bits = self.bits();
        let bin = usize::try_from(bits >> 58).unwrap_or(0);
        let within = f64::from(u32::try_from((bits >> 26) & 0xffff_ffff).unwrap_or(0));
        let (low, high) = (f64::from(EXPONENTIAL[bin]), f64::from(EXPONENTIAL[bin + 1]));
        let factor = low + (high - low) * (within / 4_294_967_296.0);
        1 + whole(factor * mean_days / 10_000.0)
    }
}

/// The integer part, at most what an `i32` holds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, which is what is wanted"
)]
pub(super) fn whole(value: f64) -> i32 {
    value as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_every_part_of_its_name() {
        let first = |seed, purpose, number, moment| Draw::new(seed, purpose, number, moment).bits();
        let base = first(7, Purpose::Life, 3, 5);
        assert_eq!(base, first(7, Purpose::Life, 3, 5));
        assert_ne!(base, first(8, Purpose::Life, 3, 5));
        assert_ne!(base, first(7, Purpose::Firm, 3, 5));
        assert_ne!(base, first(7, Purpose::Life, 4, 5));
        assert_ne!(base, first(7, Purpose::Life, 3, -5));
    }

    #[test]
    fn means_are_what_they_say() {
        let mut draw = Draw::new(1, Purpose::Firm, 0, 0);
        let n = 200_000_u32;
        let mean = |sum: f64| sum / f64::from(n);
        assert!((mean((0..n).map(|_| draw.unit()).sum()) - 0.5).abs() < 0.005);
        let waits = mean((0..n).map(|_| f64::from(draw.wait(100.0))).sum());
        assert!((waits - 100.5).abs() < 1.5, "{waits}");
        let counts = mean((0..n).map(|_| f64::from(draw.count(4.0))).sum());
        assert!((counts - 4.0).abs() < 0.05, "{counts}");
        let heads = mean((0..n).map(|_| f64::from(u8::from(draw.chance(0.3)))).sum());
        assert!((heads - 0.3).abs() < 0.005, "{heads}");
    }
}

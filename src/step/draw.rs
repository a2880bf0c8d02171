//! Seeded draws: `SplitMix64` (Steele, Lea and Flood 2014).
//!
//! A stream is named by seed and purpose, so that the order in which threads
//! work does not matter. No clock and no machine entropy.

pub(super) struct Draw {
    state: u64,
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Draw {
    /// The stream of one purpose.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        Self {
            state: mix(mix(seed).wrapping_add(GOLDEN_GAMMA) ^ mix(purpose.wrapping_add(1))),
        }
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// Below `end`, which is positive.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let product = u128::from(self.bits()) * (end as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }
}

/// A number of 0 to 99 that always belongs to this thing.
pub(super) fn percentile_of(seed: u64, thing: u64) -> u64 {
    mix(mix(seed) ^ mix(thing.wrapping_add(GOLDEN_GAMMA))) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let first = |purpose| Draw::new(7, purpose).bits();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        let mut draw = Draw::new(7, 1);
        assert!((0..1000).all(|_| draw.below(3) < 3));
    }
}

//! Steps in any order: an attempt begins at a touch of any step and takes each
//! other step at its next touch, as they come, within the window. Where a touch
//! serves one step (`strict_once`, `strict_increase`) it takes the lowest one not
//! taken. Any exclusion ends it. There is no way back, so there are no loops.
//!
//! The touches of each step lie in a list, so that an attempt looks its steps up
//! and does not walk: every start costs steps² searches, however long the window.

use super::terms::Modes;
use super::{Ended, Ground, Outcome, Reached, step_bit};
use crate::time::Microseconds;

/// The attempt that took most steps, and of those the one that began first.
pub(super) fn furthest(ground: &Ground, positions: &mut Vec<Vec<usize>>) -> Outcome {
    let lists = ground.top + 1;
    positions.iter_mut().for_each(Vec::clear);
    if positions.len() < lists {
        positions.resize_with(lists, Vec::new);
    }
    let all = all_steps(ground);
    // The list of step 0 holds the exclusions.
    for (position, touch) in ground.touches.iter().enumerate() {
        if touch.mask & ground.terms.exclusion_bits() != 0 {
            positions[0].push(position);
        }
        for step in steps_of(touch.mask & all) {
            positions[step].push(position);
        }
    }
    let mut best = Outcome::default();
    for (start, touch) in ground.touches.iter().enumerate() {
        if touch.mask & all == 0 {
            continue;
        }
        let found = attempt(ground, positions, start);
        if found.steps_reached > best.steps_reached {
            best = found;
        }
        if best.steps_reached == ground.top {
            break;
        }
    }
    if let Some(start) = best.start {
        best.roles = roles(ground, &best, start);
    }
    best
}

fn attempt(ground: &Ground, positions: &[Vec<usize>], start: usize) -> Outcome {
    let ends_at = ground.window_end(start);
    let excluded_by = positions[0]
        .get(positions[0].partition_point(|position| *position <= start))
        .copied()
        .filter(|position| ground.at(*position) <= ends_at);
    let mut outcome = Outcome {
        start: Some(start),
        ends_at,
        ..Outcome::default()
    };
    let modes = ground.terms.modes();
    let is_single = modes.has(Modes::STRICT_ONCE) || modes.has(Modes::STRICT_INCREASE);
    let mut left = all_steps(ground);
    let mut next = Some(start);
    while let Some(position) = next {
        let offered = ground.touches[position].mask & left;
        let most = if is_single { 1 } else { usize::MAX };
        for step in steps_of(offered).take(most) {
            left &= !step_bit(step);
            outcome.reached.push(Some(Reached {
                step,
                touch: position,
            }));
        }
        next = next_touch(ground, positions, left, position)
            .filter(|next| ground.at(*next) <= ends_at)
            .filter(|next| excluded_by.is_none_or(|excluded| *next < excluded));
    }
    outcome.steps_reached = outcome.reached.len();
    if left != 0 {
        outcome.ended = excluded_by.map(|touch| Ended {
            touch,
            exclusion: steps_of(ground.touches[touch].mask & ground.terms.exclusion_bits()).next(),
        });
    }
    outcome
}

/// The next touch after `position` of any step in `left`.
fn next_touch(
    ground: &Ground,
    positions: &[Vec<usize>],
    left: u64,
    position: usize,
) -> Option<usize> {
    let must_increase = ground.terms.modes().has(Modes::STRICT_INCREASE);
    let from: Microseconds = ground.at(position);
    steps_of(left)
        .filter_map(|step| {
            let list = &positions[step];
            let first = list.partition_point(|next| {
                *next <= position || must_increase && ground.at(*next) <= from
            });
            list.get(first).copied()
        })
        .min()
}

/// The roles seen from the start until the attempt converted or was over.
fn roles(ground: &Ground, best: &Outcome, start: usize) -> u64 {
    let last = match best.reached.last() {
        Some(Some(last)) if best.steps_reached == ground.top => last.touch,
        // An exclusion is none of its steps.
        _ => best.ended.map_or(usize::MAX, |ended| ended.touch - 1),
    };
    (start..ground.touches.len())
        .take_while(|position| *position <= last && ground.at(*position) <= best.ends_at)
        .map(|position| ground.touches[position])
        .filter(|touch| touch.role != 0 && touch.is_on_the_way)
        .fold(0, |roles, touch| roles | step_bit(usize::from(touch.role)))
}

/// The bits of steps 1 to the last.
pub(super) fn all_steps(ground: &Ground) -> u64 {
    let up_to_top = match ground.top {
        0 => 0,
        top => u64::MAX >> (u64::BITS as usize - top),
    };
    up_to_top & ground.terms.step_bits()
}

/// The steps of a mask, in ascending order.
fn steps_of(mask: u64) -> impl Iterator<Item = usize> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let step = left.trailing_zeros() as usize + 1;
        let is_there = left != 0;
        left &= left.wrapping_sub(1);
        is_there.then_some(step)
    })
}

//! How far one unit came through a funnel: the algorithm, without any engine.
//!
//! # What is computed
//!
//! A unit (an account, a contact, a deal) has touches: an instant, a mask whose
//! bit k-1 says that the touch satisfies step k, and, where steps ask for them,
//! a person and a role. Touches come in one total order; "before" and "after"
//! below mean that order, so that two touches at the same instant have a fixed
//! sequence.
//!
//! An *attempt* begins at any touch of step 1 and takes each next step at the
//! earliest touch that may take it: not before the one it stands on, within the
//! window that began with the attempt (`t(step n) <= t(start) + window`), and as
//! the step's own conditions say. One touch may serve several steps, in
//! ascending order, at the same moment. Every touch of step 1 is tried; the unit
//! counts once: with the attempt that came furthest, and among those with the
//! one that began first. Its *loops* are the touches between its first and its
//! last step that match only steps lower than the one it stood on: the way back.
//!
//! A step's conditions:
//!
//! | condition | the step is taken … |
//! |---|---|
//! | `min` | not sooner than so long after the step before |
//! | `max` | not later than so long after it; then the attempt is over |
//! | `people`, `roles` | when so many different persons, roles made touches of the step since the step before (of step 1: since the attempt began) |
//! | `role` | by touches of these roles only |
//! | `first` | by the unit's first touch ever that satisfies the step only |
//! | `optional` | or not: the attempt goes on without it; it counts where a touch lies between the required steps around it |
//!
//! A touch of an *exclusion* that lies between two given steps ends the attempt
//! there. Modes forbid what `ordered` allows; they combine.
//!
//! | mode | an attempt … |
//! |---|---|
//! | `strict_increase` | takes the next step only at a later instant |
//! | `strict_once` | takes one step per touch |
//! | `strict_order` | ends at a touch of no step, or of a step beyond the next required one |
//! | `strict_deduplication` | ends at a touch of a step it has taken, unless that touch takes it further |
//! | `any_order` | begins at any step and takes the others as they come |
//!
//! Levels agree with the published cases of `ClickHouse`'s `windowFunnel`. One
//! difference is meant: there the rows are walked once, so that in the strict
//! modes a disturbed first attempt hides a later undisturbed one; here every
//! start is tried in every mode.
//!
//! # How
//!
//! [`attempts`] walks the touches once with all attempts that are alive, in time
//! linear in touches times the steps each matches; [`retrace`] walks the best
//! one again to say when it took which step. [`any_order`] looks steps up in
//! lists of their touches instead.

mod any_order;
mod attempts;
mod retrace;
mod terms;

use crate::time::{Calendar, Microseconds};

pub use terms::Modes;
pub(super) use terms::{ROLES_MAX, STEPS_MAX, Terms};

use attempts::Attempts;

/// A touch: when, which steps and exclusions it satisfies (bit k-1 for step k),
/// and by whom, where that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) occurred_at: Microseconds,
    pub(super) mask: u64,
    /// Names a person within the unit; 0 where nobody knows who it was.
    pub(super) person: u32,
    /// Number of the person's role, 1 to [`ROLES_MAX`]; 0 where there is none.
    pub(super) role: u8,
    /// It is of some step, whoever may take that; found out before the mask
    /// loses what the touch does not satisfy.
    pub(super) is_on_the_way: bool,
}

/// The attempt that a unit counts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The furthest required step reached; in any order, how many.
    pub(super) steps_reached: usize,
    /// Position of the touch it began with; none when nothing took step 1.
    pub(super) start: Option<usize>,
    /// What took step 1, 2, …, `None` for an optional step that nothing took;
    /// in any order the steps as they came.
    pub(super) reached: Vec<Option<Reached>>,
    /// Touches on the way that only went back.
    pub(super) loops: usize,
    /// The last instant at which it could go on, were it not ended before.
    pub(super) ends_at: Microseconds,
    /// What ended it.
    pub(super) ended: Option<Ended>,
    /// Roles of the touches of any step, open to the role or not, from its start
    /// until it converted or was over; bit r-1 for role r.
    pub(super) roles: u64,
}

impl Outcome {
    /// The positions of the touches that it names.
    pub(super) fn touches_mut(&mut self) -> impl Iterator<Item = &mut usize> {
        let reached = self.reached.iter_mut().flatten();
        let ended = self.ended.as_mut().map(|ended| &mut ended.touch);
        (self.start.iter_mut())
            .chain(reached.map(|reached| &mut reached.touch))
            .chain(ended)
    }
}

/// A step taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// The step's number, from 1.
    pub(super) step: usize,
    /// Position of the touch that took it.
    pub(super) touch: usize,
}

/// A touch that ended an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its position.
    pub(super) touch: usize,
    /// The exclusion it satisfied; none where the mode did not allow the touch.
    pub(super) exclusion: Option<usize>,
}

/// Memory that evaluations of many units share.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    attempts: attempts::Scratch,
    positions: Vec<Vec<usize>>,
}

/// Finds the attempt that the unit counts with. `touches` are in the total
/// order; steps that a touch does not satisfy by its role, or because it is not
/// the first, are taken from its mask. `seen` are the steps that touches before
/// these satisfied.
pub(super) fn evaluate(
    touches: &mut [Touch],
    seen: u64,
    terms: &Terms,
    calendar: &Calendar,
    scratch: &mut Scratch,
) -> Outcome {
    let occurring = restrict(touches, seen, terms);
    // Without a number of steps the last one is the highest that occurs.
    let top = terms
        .steps()
        .unwrap_or_else(|| highest_step(occurring & terms.step_bits()));
    let ground = Ground {
        touches,
        terms,
        calendar,
        top,
    };
    furthest(&ground, scratch)
}

/// Takes from each mask what the touch does not satisfy, and notes which touches
/// are of a step at all; the bits that are left in any.
fn restrict(touches: &mut [Touch], mut seen: u64, terms: &Terms) -> u64 {
    let mut occurring = 0;
    for touch in touches {
        touch.is_on_the_way |= touch.mask & terms.step_bits() != 0;
        touch.mask = satisfied(*touch, terms);
        let satisfied = touch.mask;
        touch.mask &= !(seen & terms.first_only());
        seen |= satisfied;
        occurring |= touch.mask;
    }
    occurring
}

/// Whether a touch makes a difference: to what is taken, to what a mode allows,
/// or to which roles were seen.
pub(super) fn matters(touch: Touch, terms: &Terms) -> bool {
    satisfied(touch, terms) != 0
        || touch.role != 0 && touch.mask & terms.step_bits() != 0
        || terms.heeds_foreign_touches()
}

/// The steps and exclusions that a touch satisfies by its role.
pub(super) fn satisfied(touch: Touch, terms: &Terms) -> u64 {
    if terms.asks_for_roles() {
        touch.mask & terms.steps_of_role(touch.role)
    } else {
        touch.mask
    }
}

fn furthest(ground: &Ground, scratch: &mut Scratch) -> Outcome {
    if ground.terms.modes().has(Modes::ANY_ORDER) {
        return any_order::furthest(ground, &mut scratch.positions);
    }
    match Attempts::new(*ground, &mut scratch.attempts).furthest() {
        Some(best) => retrace::retrace(ground, best),
        None => Outcome::default(),
    }
}

/// What can be said of a unit whose later touches are still to come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// The best attempt, if no later touch can change it.
    pub(super) over: Option<Outcome>,
    /// No attempt can be better than that one.
    pub(super) is_final: bool,
    /// Position of the first touch that still matters.
    pub(super) needed_from: usize,
}

/// Says what the touches before the instant `now` have decided, and which of
/// them still matter when all that is to come is at `now` or later. `None` where
/// that cannot be said: without a number of steps the last touch decides which
/// step is the last.
///
/// An attempt depends on touches from its start on and is over with its window,
/// and windows end in the order of their starts. So once the window of a start
/// is over, of all starts up to it only the best attempt is needed; and not even
/// that one where an open attempt has come further already.
pub(super) fn settle(
    touches: &mut [Touch],
    seen: u64,
    terms: &Terms,
    calendar: &Calendar,
    now: Microseconds,
    scratch: &mut Scratch,
) -> Option<Settled> {
    let top = terms.steps()?;
    restrict(touches, seen, terms);
    let ground = Ground {
        touches,
        terms,
        calendar,
        top,
    };
    let is_loose = terms.modes().has(Modes::ANY_ORDER);
    let beginnings = if is_loose {
        any_order::all_steps(&ground)
    } else {
        step_bit(1)
    };
    let begins = |position: &usize| ground.touches[*position].mask & beginnings != 0;
    let is_open = |position: &usize| ground.window_end(*position) >= now;
    let needed_from = (0..ground.touches.len())
        .filter(begins)
        .find(is_open)
        .unwrap_or(ground.touches.len());
    let best = furthest(&ground, scratch);
    // In an order, an attempt that began earlier is complete no later; in any,
    // it may still come as far.
    let is_final = !is_loose && best.start.is_some() && best.steps_reached == top;
    let is_over = best.start.is_some_and(|start| start < needed_from);
    Some(Settled {
        over: (is_final || is_over).then_some(best),
        is_final,
        needed_from,
    })
}

/// What all attempts of a unit walk on.
#[derive(Clone, Copy, Debug)]
struct Ground<'a> {
    touches: &'a [Touch],
    terms: &'a Terms,
    calendar: &'a Calendar,
    /// Number of the last step.
    top: usize,
}

impl Ground<'_> {
    fn at(&self, position: usize) -> Microseconds {
        self.touches[position].occurred_at
    }

    /// The last instant of the window of an attempt that begins at `start`.
    fn window_end(&self, start: usize) -> Microseconds {
        let window = self.terms.window();
        window.after(self.at(start), self.calendar)
    }

    /// The last instant at which the attempt can take the required step after
    /// `level`, on which it stands since `arrived`.
    fn until(&self, window_end: Microseconds, level: usize, arrived: usize) -> Microseconds {
        let next = self.terms.next_required(level);
        match self.terms.condition(next).max {
            Some(most) if level > 0 && next <= self.top => window_end.min(
                // Counted from the instant of arrival, as the least gap is.
                most.after(self.at(arrived), self.calendar),
            ),
            _ => window_end,
        }
    }

    /// Whether `step` may be taken at `position` by an attempt that stands on
    /// the step before since `arrived`, gaps and instants alone considered.
    fn is_time_for(&self, step: usize, level: usize, arrived: usize, position: usize) -> bool {
        let (from, at) = (self.at(arrived), self.at(position));
        if level == 0 {
            return true;
        }
        if self.terms.modes().has(Modes::STRICT_INCREASE) && at <= from {
            return false;
        }
        let least = self.terms.condition(step).min;
        least.is_none_or(|least| at >= least.after(from, self.calendar))
    }

    /// Whether a touch of `mask` ends an attempt on `level` in strict order.
    fn is_foreign(&self, mask: u64, level: usize) -> bool {
        let steps = mask & self.terms.step_bits();
        steps == 0 || highest_step(steps) > self.terms.next_required(level)
    }
}

/// The highest step of a mask, 0 for none.
fn highest_step(mask: u64) -> usize {
    (u64::BITS - mask.leading_zeros()) as usize
}

const fn step_bit(step: usize) -> u64 {
    1 << (step - 1)
}

fn has_step(mask: u64, step: usize) -> bool {
    step <= STEPS_MAX && mask & step_bit(step) != 0
}

#[cfg(test)]
mod tests;

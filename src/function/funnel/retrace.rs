//! One attempt alone, walked from its start: when it took which step, what it
//! passed, and until when it can go on. Which attempt that is, is known before.

use super::attempts::Best;
use super::terms::Modes;
use super::{Ground, Outcome, Reached, has_step, highest_step, step_bit};
use crate::time::Microseconds;

pub(super) fn retrace(ground: &Ground, best: Best) -> Outcome {
    let mut walk = Walk {
        ground,
        level: 0,
        arrived: best.start,
        people: Vec::new(),
        roles: Vec::new(),
        outcome: Outcome {
            steps_reached: best.level,
            start: Some(best.start),
            ended: best.ended,
            ..Outcome::default()
        },
    };
    let window_end = ground.window_end(best.start);
    let mut ends_at = window_end;
    let mut last = None;
    for position in best.start..ground.touches.len() {
        // Beyond the furthest step only what is passed on the way is looked for.
        let is_over = ground.at(position) > ends_at
            || best.ended.is_some_and(|ended| {
                // What the mode does not allow may still be passed; an
                // exclusion is none of its steps.
                ended.touch < position + usize::from(ended.exclusion.is_some())
            })
            || last.is_some_and(|last| best.level == ground.top && position > last);
        if is_over {
            break;
        }
        walk.step_on(position, best.level);
        if walk.level == best.level && last.is_none() {
            last = Some(position);
            ends_at = ground.until(window_end, best.level, position);
        }
    }
    walk.outcome.ends_at = ends_at;
    walk.outcome
}

struct Walk<'a> {
    ground: &'a Ground<'a>,
    level: usize,
    arrived: usize,
    /// Who made touches of the next step since `arrived`, where it asks.
    people: Vec<u32>,
    roles: Vec<u8>,
    outcome: Outcome,
}

impl Walk<'_> {
    /// Takes what the touch offers, up to `furthest`.
    fn step_on(&mut self, position: usize, furthest: usize) {
        let terms = self.ground.terms;
        let touch = self.ground.touches[position];
        let steps = touch.mask & terms.step_bits();
        let once = terms.modes().has(Modes::STRICT_ONCE);
        if touch.is_on_the_way && touch.role != 0 {
            self.outcome.roles |= step_bit(usize::from(touch.role));
        }
        let standing = self.level;
        if !once {
            self.pass(position, steps);
        }
        while self.level < furthest && self.take(position, steps) {
            if once {
                return;
            }
            self.pass(position, steps);
        }
        if once {
            self.pass(position, steps);
        }
        let is_back = steps != 0 && highest_step(steps) < standing;
        if is_back && standing < furthest {
            self.outcome.loops += 1;
        }
    }

    /// Takes the next required step; whether it could.
    fn take(&mut self, position: usize, steps: u64) -> bool {
        let terms = self.ground.terms;
        let next = terms.next_required(self.level);
        if !has_step(steps, next) {
            return false;
        }
        let is_later = self.level == 0 || self.is_later(position);
        if is_later && terms.condition(next).gathers() {
            let touch = self.ground.touches[position];
            note(&mut self.people, touch.person);
            note(&mut self.roles, touch.role);
        }
        let condition = terms.condition(next);
        let is_enough = self.people.len() >= least(condition.people)
            && self.roles.len() >= least(condition.roles);
        let may_take = (self.ground).is_time_for(next, self.level, self.arrived, position);
        if !is_enough || !may_take {
            return false;
        }
        self.level = next;
        self.arrived = position;
        self.people.clear();
        self.roles.clear();
        self.reach(next, position);
        true
    }

    /// Takes the optional steps behind the step it stands on; of one touch only
    /// one step where a touch serves one.
    fn pass(&mut self, position: usize, steps: u64) {
        let terms = self.ground.terms;
        let mut left = steps & terms.optional();
        while left != 0 && self.level > 0 && self.is_later(position) {
            let step = left.trailing_zeros() as usize + 1;
            left &= !step_bit(step);
            let is_here = terms.previous_required(step) == self.level;
            let is_taken = matches!(self.outcome.reached.get(step - 1), Some(Some(_)));
            if is_here && !is_taken {
                self.reach(step, position);
                if terms.modes().has(Modes::STRICT_ONCE) {
                    return;
                }
            }
        }
    }

    /// Whether the touch is late enough after the step it stands on, gaps aside.
    fn is_later(&self, position: usize) -> bool {
        let from: Microseconds = self.ground.at(self.arrived);
        self.ground.at(position) > from || !self.ground.terms.modes().has(Modes::STRICT_INCREASE)
    }

    fn reach(&mut self, step: usize, touch: usize) {
        let reached = &mut self.outcome.reached;
        if reached.len() < step {
            reached.resize(step, None);
        }
        reached[step - 1] = Some(Reached { step, touch });
    }
}

/// Conditions of 0 and 1 ask for nothing: unknown persons pass them.
const fn least(needed: usize) -> usize {
    if needed > 1 { needed } else { 0 }
}

fn note<Number: Copy + PartialEq + Default>(seen: &mut Vec<Number>, who: Number) {
    if who != Number::default() && !seen.contains(&who) {
        seen.push(who);
    }
}

//! All attempts of a unit at once: one walk over its touches finds the attempt
//! that came furthest and began first. When it took which step is not kept; that
//! is [`super::retrace`].
//!
//! Live attempts stand in one queue per level, in order of their starts. A later
//! start never stands higher than an earlier one that is alive, and on the same
//! level never arrived earlier: whatever lets the later one go on (a quorum, a
//! gap, a later instant) holds for the earlier one too, and whatever ends
//! attempts ends whole levels or the front of a queue. So each touch moves or
//! ends a front part of some queues, and time is linear in touches times the
//! steps each matches, however many attempts are alive.

use std::collections::VecDeque;

use super::terms::{Condition, Modes};
use super::{Ended, Ground, has_step, highest_step};
use crate::time::Microseconds;

/// How far an attempt came, the touch it began at, and what ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Best {
    pub(super) level: usize,
    pub(super) start: usize,
    pub(super) ended: Option<Ended>,
}

/// An attempt under way; its level is that of its queue.
#[derive(Clone, Copy, Debug)]
struct Live {
    start: usize,
    /// Position of the touch that brought it to its level.
    arrived: usize,
    window_end: Microseconds,
    /// The last instant at which it can go on from its level.
    until: Microseconds,
}

/// Memory that walks over many units share.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// By level; 0 for attempts that still gather people for step 1.
    queues: Vec<VecDeque<Live>>,
    /// By step: who was seen last, for the steps that gather.
    recent: Vec<Recent>,
}

/// The last persons and roles that made a touch of a step, each with the
/// position of their last one, oldest first. As many as the step needs are kept:
/// the oldest kept is the latest position since when there were enough.
#[derive(Debug, Default)]
struct Recent {
    people: Vec<(u32, usize)>,
    roles: Vec<(u32, usize)>,
}

impl Recent {
    fn note(&mut self, condition: Condition, person: u32, role: u8, position: usize) {
        remember(&mut self.people, condition.people, person, position);
        remember(&mut self.roles, condition.roles, role.into(), position);
    }

    /// The latest position since when there were enough; `None` when there are
    /// not enough at all.
    fn enough_since(&self, condition: Condition) -> Option<usize> {
        let since = |seen: &[(u32, usize)], needed: usize| match needed {
            0 | 1 => Some(usize::MAX),
            needed if seen.len() < needed => None,
            _ => seen.first().map(|(_, position)| *position),
        };
        let people = since(&self.people, condition.people)?;
        let roles = since(&self.roles, condition.roles)?;
        Some(people.min(roles))
    }
}

/// Keeps the `needed` last of those whose number is known.
fn remember(seen: &mut Vec<(u32, usize)>, needed: usize, who: u32, position: usize) {
    if who == 0 || needed < 2 {
        return;
    }
    seen.retain(|(other, _)| *other != who);
    seen.push((who, position));
    if seen.len() > needed {
        seen.remove(0);
    }
}

pub(super) struct Attempts<'a> {
    ground: Ground<'a>,
    modes: Modes,
    scratch: &'a mut Scratch,
    /// No live attempt is over before or at this instant.
    none_over_until: Microseconds,
    best: Option<Best>,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(ground: Ground<'a>, scratch: &'a mut Scratch) -> Self {
        let levels = ground.top + 1;
        if scratch.queues.len() < levels {
            scratch.queues.resize_with(levels, VecDeque::new);
            scratch.recent.resize_with(levels, Recent::default);
        }
        for (queue, recent) in scratch.queues.iter_mut().zip(&mut scratch.recent) {
            queue.clear();
            recent.people.clear();
            recent.roles.clear();
        }
        Self {
            ground,
            modes: ground.terms.modes(),
            scratch,
            none_over_until: Microseconds::MAX,
            best: None,
        }
    }

    pub(super) fn furthest(mut self) -> Option<Best> {
        let once = self.modes.has(Modes::STRICT_ONCE);
        for (position, touch) in self.ground.touches.iter().enumerate() {
            if touch.occurred_at > self.none_over_until {
                self.drop_those_over(touch.occurred_at);
            }
            self.exclude(position, touch.mask);
            self.gather(position);
            // A new attempt takes further steps at its own first touch, unless
            // each touch serves one step.
            let begins = touch.mask & 1 == 1;
            if begins && !once {
                self.begin(position);
            }
            let is_complete = self.take(position, touch.mask & self.ground.terms.step_bits());
            if begins && once {
                self.begin(position);
            }
            if is_complete || self.best.is_some_and(|best| best.level == self.ground.top) {
                // Earlier starts are over: nothing can be better.
                return self.best;
            }
            if self.modes.has(Modes::STRICT_DEDUPLICATION) {
                self.end_repeating(position, touch.mask);
            }
            if self.modes.has(Modes::STRICT_ORDER) {
                self.end_disturbed(position, touch.mask);
            }
        }
        for level in 1..=self.ground.top {
            if let Some(front) = self.scratch.queues[level].front() {
                let start = front.start;
                self.keep(level, start, None);
            }
        }
        self.best
    }

    /// Keeps the attempt if it is the best of those that are over.
    fn keep(&mut self, level: usize, start: usize, ended: Option<Ended>) {
        let is_better = self
            .best
            .is_none_or(|best| level > best.level || level == best.level && start < best.start);
        if level > 0 && is_better {
            self.best = Some(Best {
                level,
                start,
                ended,
            });
        }
    }

    fn begin(&mut self, position: usize) {
        let window_end = self.ground.window_end(position);
        let gathers = self.ground.terms.condition(1).gathers();
        let level = usize::from(!gathers);
        self.arrive(
            level,
            position,
            Live {
                start: position,
                arrived: position,
                window_end,
                until: window_end,
            },
        );
        // One person, one role: enough only where more are asked for in vain.
        if level == self.ground.top {
            self.keep(level, position, None);
        }
    }

    fn arrive(&mut self, level: usize, position: usize, mut live: Live) {
        live.arrived = position;
        live.until = self.ground.until(live.window_end, level, position);
        self.none_over_until = self.none_over_until.min(live.until);
        self.scratch.queues[level].push_back(live);
    }

    /// Notes who made the touch, for the steps that need several.
    fn gather(&mut self, position: usize) {
        let touch = self.ground.touches[position];
        for step in self.ground.terms.gathering() {
            if has_step(touch.mask, step) && step <= self.ground.top {
                let condition = self.ground.terms.condition(step);
                self.scratch.recent[step].note(condition, touch.person, touch.role, position);
            }
        }
    }

    /// Moves every attempt that can take a step of `steps`: in ascending order
    /// of steps an attempt can take several at once; in descending order one.
    /// Whether one came to the end.
    fn take(&mut self, position: usize, steps: u64) -> bool {
        let once = self.modes.has(Modes::STRICT_ONCE);
        let mut left = steps & !self.ground.terms.optional();
        while left != 0 {
            let step = if once {
                highest_step(left)
            } else {
                left.trailing_zeros() as usize + 1
            };
            left &= !super::step_bit(step);
            if step > self.ground.top {
                continue;
            }
            let level = self.ground.terms.previous_required(step);
            // An attempt begins at step 1; it is taken there only by quorum.
            while let Some(front) = self.scratch.queues[level].front().copied() {
                if !self.may_take(step, level, front.arrived, position) {
                    break;
                }
                self.scratch.queues[level].pop_front();
                self.arrive(step, position, front);
                if step == self.ground.top {
                    self.keep(step, front.start, None);
                    return true;
                }
            }
        }
        false
    }

    fn may_take(&self, step: usize, level: usize, arrived: usize, position: usize) -> bool {
        if !self.ground.is_time_for(step, level, arrived, position) {
            return false;
        }
        let condition = self.ground.terms.condition(step);
        if !condition.gathers() {
            return true;
        }
        let Some(since) = self.scratch.recent[step].enough_since(condition) else {
            return false;
        };
        if level == 0 || since == usize::MAX {
            return since >= arrived;
        }
        if self.modes.has(Modes::STRICT_INCREASE) {
            return self.ground.at(since) > self.ground.at(arrived);
        }
        since > arrived || since == arrived && !self.modes.has(Modes::STRICT_ONCE)
    }

    /// Ends the attempts whose time is over before `at`: the fronts of queues.
    fn drop_those_over(&mut self, at: Microseconds) {
        self.none_over_until = Microseconds::MAX;
        for level in 0..=self.ground.top {
            while let Some(front) = self.scratch.queues[level].front().copied() {
                if front.until >= at {
                    self.none_over_until = self.none_over_until.min(front.until);
                    break;
                }
                self.keep(level, front.start, None);
                self.scratch.queues[level].pop_front();
            }
        }
    }

    /// Ends the attempts between the steps of an exclusion that the touch is.
    fn exclude(&mut self, position: usize, mask: u64) {
        if mask & self.ground.terms.exclusion_bits() == 0 {
            return;
        }
        let terms = self.ground.terms;
        for exclusion in terms.exclusions() {
            if !has_step(mask, exclusion.bit) {
                continue;
            }
            let ended = Ended {
                touch: position,
                exclusion: Some(exclusion.bit),
            };
            for level in exclusion.after..exclusion.before.min(self.ground.top + 1) {
                self.end_front(level, position, ended);
            }
        }
    }

    /// Ends the attempts on `level` that arrived before `position`.
    fn end_front(&mut self, level: usize, position: usize, ended: Ended) {
        let queue = &mut self.scratch.queues[level];
        let gone = queue.partition_point(|live| live.arrived < position);
        let first = queue.drain(..gone).next();
        if let Some(first) = first {
            self.keep(level, first.start, Some(ended));
        }
    }

    /// Ends the attempts that have taken a step of `mask` and did not move now.
    fn end_repeating(&mut self, position: usize, mask: u64) {
        let steps = mask & self.ground.terms.step_bits() & !self.ground.terms.optional();
        if steps == 0 {
            return;
        }
        let ended = Ended {
            touch: position,
            exclusion: None,
        };
        for level in steps.trailing_zeros() as usize + 1..=self.ground.top {
            self.end_front(level, position, ended);
        }
    }

    /// Ends the attempts to which the touch is foreign, those that it began or
    /// moved included.
    fn end_disturbed(&mut self, position: usize, mask: u64) {
        let ended = Ended {
            touch: position,
            exclusion: None,
        };
        for level in 0..=self.ground.top {
            if self.ground.is_foreign(mask, level) {
                self.end_front(level, position + 1, ended);
            }
        }
    }
}

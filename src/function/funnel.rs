//! How far one unit came through a funnel: the algorithm, without any engine.
//!
//! # What is computed
//!
//! A unit (an account, a contact) has touches: an instant and a mask whose bit
//! k-1 says that the touch satisfies step k. Touches come in one total order;
//! "before" and "after" below mean that order, so that two touches at the same
//! instant have a fixed sequence.
//!
//! An *attempt* begins at any touch of step 1 and takes each next step at the
//! earliest touch that is not before the one it stands on, within the window:
//! `t(step n) <= t(step 1) + window`. One touch may serve several steps, in
//! ascending order, at the same moment. Every touch of step 1 is tried; the unit
//! counts once: with the attempt that came furthest, and among those with the
//! one that began first. Its *loops* are the touches between its first and its
//! last step that match only steps lower than the one it stood on: the way back.
//!
//! The modes forbid what `ordered` allows; they combine.
//!
//! | mode | an attempt … |
//! |---|---|
//! | `strict_increase` | takes the next step only at a later instant |
//! | `strict_once` | takes one step per touch |
//! | `strict_order` | ends at a touch of no step, or of a step beyond the next |
//! | `strict_deduplication` | ends at a touch of a step it has taken, unless that touch takes it further |
//!
//! Levels agree with the published cases of `ClickHouse`'s `windowFunnel`. One
//! difference is meant: there the rows are walked once, so that in the strict
//! modes a disturbed first attempt hides a later undisturbed one; here every
//! start is tried in every mode.
//!
//! # How
//!
//! Without `strict_deduplication`, an attempt that began earlier has never taken
//! fewer steps than one that began later. So the live attempts, in order of
//! start, fall into runs of equal level, and one number per level (the end of
//! its run) holds them all: a touch of step k moves the end of run k over that
//! of run k-1. Time is linear in touches times the steps each matches, however
//! many attempts are alive. With `strict_deduplication` each new start ends
//! every attempt that it does not take further, so that few are ever alive.

use std::fmt;

use crate::time::Microseconds;

/// The most steps a funnel can have: masks are positive 64-bit integers.
pub(super) const STEPS_MAX: usize = 62;

/// A touch: when, and which steps it satisfies (bit k-1 for step k).
pub(super) trait Touch {
    fn occurred_at(&self) -> Microseconds;
    fn step_mask(&self) -> u64;
}

/// What an attempt may not do; see the module's documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes(u8);

impl Modes {
    const STRICT_ORDER: Self = Self(1);
    const STRICT_DEDUPLICATION: Self = Self(2);
    const STRICT_INCREASE: Self = Self(4);
    const STRICT_ONCE: Self = Self(8);

    /// The names that `window_funnel` knows; `ordered` forbids nothing.
    pub const NAMES: [&'static str; 5] = [
        "ordered",
        "strict_order",
        "strict_deduplication",
        "strict_increase",
        "strict_once",
    ];

    /// Reads a name, or several joined by `+`; `None` for an unknown one.
    pub fn parse(text: &str) -> Option<Self> {
        text.split('+').try_fold(Self::default(), |modes, name| {
            let mode = match name.trim() {
                "ordered" => Self::default(),
                "strict_order" => Self::STRICT_ORDER,
                "strict_deduplication" => Self::STRICT_DEDUPLICATION,
                "strict_increase" => Self::STRICT_INCREASE,
                "strict_once" => Self::STRICT_ONCE,
                _ => return None,
            };
            Some(Self(modes.0 | mode.0))
        })
    }

    const fn has(self, mode: Self) -> bool {
        self.0 & mode.0 != 0
    }

    /// Whether touches of no step make a difference.
    pub(super) const fn heeds_foreign_touches(self) -> bool {
        self.has(Self::STRICT_ORDER)
    }
}

/// The names joined by `+`, so that [`Modes::parse`] reads them back.
impl fmt::Display for Modes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ordered, strict @ ..] = Self::NAMES;
        let mut is_first = true;
        for (bit, name) in strict.into_iter().enumerate() {
            if self.has(Self(1 << bit)) {
                let separator = if is_first { "" } else { "+" };
                write!(formatter, "{separator}{name}")?;
                is_first = false;
            }
        }
        if is_first {
            formatter.write_str(ordered)
        } else {
            Ok(())
        }
    }
}

/// The attempt that a unit counts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Positions of the touches that took step 1, 2, …; empty when nothing
    /// matched step 1.
    pub(super) reached: Vec<usize>,
    /// Touches on the way that only went back.
    pub(super) loops: i64,
}

/// Memory that evaluations of many units share.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    starts: Vec<usize>,
    live: Vec<Live>,
}

/// Finds the attempt that the unit counts with. `touches` are in the total
/// order; `window` is in microseconds and not negative.
pub(super) fn evaluate<T: Touch>(
    touches: &[T],
    modes: Modes,
    window: Microseconds,
    scratch: &mut Scratch,
    attempt: &mut Attempt,
) {
    attempt.reached.clear();
    attempt.loops = 0;
    let top = touches
        .iter()
        .fold(0, |mask, touch| mask | touch.step_mask());
    let best = if modes.has(Modes::STRICT_DEDUPLICATION) {
        furthest_of_few(touches, modes, window, highest_step(top), &mut scratch.live)
    } else {
        let mut runs = Runs::new(
            touches,
            modes,
            window,
            highest_step(top),
            &mut scratch.starts,
        );
        runs.furthest()
    };
    if let Some(best) = best {
        retrace(touches, modes, best, attempt);
    }
}

/// The highest step of a mask, 0 for none.
fn highest_step(mask: u64) -> usize {
    (u64::BITS - mask.leading_zeros()) as usize
}

fn has_step(mask: u64, step: usize) -> bool {
    step <= STEPS_MAX && mask >> (step - 1) & 1 == 1
}

/// How far an attempt came, and the touch it began at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Furthest {
    level: usize,
    start: usize,
}

impl Furthest {
    /// The better of the two; `best` when they are equally good.
    fn or_better(self, best: Option<Self>) -> Self {
        match best {
            Some(best)
                if best.level > self.level
                    || best.level == self.level && best.start <= self.start =>
            {
                best
            }
            _ => self,
        }
    }
}

/// One attempt under way.
#[derive(Clone, Copy, Debug)]
struct Live {
    start: usize,
    began_at: Microseconds,
    level: usize,
    arrived_at: Microseconds,
}

impl Live {
    fn begin(start: usize, at: Microseconds) -> Self {
        Self {
            start,
            began_at: at,
            level: 1,
            arrived_at: at,
        }
    }

    /// Takes as many steps as `touch` allows; whether it took any.
    fn take<T: Touch>(&mut self, touch: &T, modes: Modes) -> bool {
        let before = self.level;
        let at = touch.occurred_at();
        while has_step(touch.step_mask(), self.level + 1)
            && (at > self.arrived_at || !modes.has(Modes::STRICT_INCREASE))
        {
            self.level += 1;
            self.arrived_at = at;
            if modes.has(Modes::STRICT_ONCE) {
                break;
            }
        }
        self.level > before
    }

    fn furthest(self) -> Furthest {
        Furthest {
            level: self.level,
            start: self.start,
        }
    }
}

/// The live attempts as runs of equal level. Attempts are numbered in order of
/// start; `ends[l]` is the first number whose level is below `l`.
struct Runs<'a, T> {
    touches: &'a [T],
    modes: Modes,
    window: Microseconds,
    top: usize,
    starts: &'a mut Vec<usize>,
    /// Numbers below are over.
    head: usize,
    ends: [usize; STEPS_MAX + 2],
    /// `ends` as they were before the present instant: attempts below can take
    /// their next step now even if it must be later than the last.
    settled: [usize; STEPS_MAX + 2],
    best: Option<Furthest>,
}

impl<'a, T: Touch> Runs<'a, T> {
    fn new(
        touches: &'a [T],
        modes: Modes,
        window: Microseconds,
        top: usize,
        starts: &'a mut Vec<usize>,
    ) -> Self {
        starts.clear();
        Self {
            touches,
            modes,
            window,
            top,
            starts,
            head: 0,
            ends: [0; STEPS_MAX + 2],
            settled: [0; STEPS_MAX + 2],
            best: None,
        }
    }

    fn furthest(&mut self) -> Option<Furthest> {
        let must_increase = self.modes.has(Modes::STRICT_INCREASE);
        let once = self.modes.has(Modes::STRICT_ONCE);
        let strict_order = self.modes.has(Modes::STRICT_ORDER);
        let mut instant = None;
        for (position, touch) in self.touches.iter().enumerate() {
            let at = touch.occurred_at();
            if must_increase && instant != Some(at) {
                self.settled[..=self.top].copy_from_slice(&self.ends[..=self.top]);
                instant = Some(at);
            }
            self.expire(at);
            let mask = touch.step_mask();
            // A new attempt takes further steps at its own first touch, unless
            // each touch serves one step.
            if mask & 1 == 1 && !once {
                self.begin(position);
            }
            self.take(mask & !1, once, must_increase);
            if mask & 1 == 1 && once {
                self.begin(position);
            }
            if strict_order {
                self.stop_disturbed(mask);
            }
            if self.ends[self.top] > self.head {
                // Complete, and earlier starts are over: nothing can be better.
                break;
            }
        }
        self.remember(self.head);
        self.best
    }

    fn begin(&mut self, position: usize) {
        self.starts.push(position);
        self.ends[1] = self.starts.len();
    }

    /// Moves every attempt whose next step is in `mask`. In ascending order of
    /// steps an attempt can take several at once; in descending order one.
    fn take(&mut self, mask: u64, descending: bool, must_increase: bool) {
        let mut left = mask;
        while left != 0 {
            let bit = if descending {
                u64::BITS - 1 - left.leading_zeros()
            } else {
                left.trailing_zeros()
            };
            left &= !(1 << bit);
            let step = bit as usize + 1;
            let mut end = self.ends[step - 1];
            if must_increase {
                end = end.min(self.settled[step - 1]);
            }
            self.ends[step] = self.ends[step].max(end);
        }
    }

    /// Ends the attempts whose window is over at `at`: the oldest ones.
    fn expire(&mut self, at: Microseconds) {
        while let Some(start) = self.starts.get(self.head) {
            let began_at = self.touches[*start].occurred_at();
            if at <= began_at.saturating_add(self.window) {
                break;
            }
            self.remember(self.head);
            self.head += 1;
        }
    }

    /// Ends the attempts to which `mask` is foreign: all for a touch of no step,
    /// else those for which its highest step lies beyond the next: the youngest.
    fn stop_disturbed(&mut self, mask: u64) {
        let keeps_from_level = highest_step(mask).saturating_sub(1);
        let cut = match (mask, keeps_from_level) {
            (0, _) => self.head,
            (_, 0 | 1) => return,
            (_, level) => self.ends[level].max(self.head),
        };
        if cut >= self.starts.len() {
            return;
        }
        self.remember(cut);
        self.starts.truncate(cut);
        for end in self.ends.iter_mut().chain(self.settled.iter_mut()) {
            *end = (*end).min(cut);
        }
    }

    /// Keeps attempt `number` if it is the best of those that are over.
    fn remember(&mut self, number: usize) {
        let Some(start) = self.starts.get(number) else {
            return;
        };
        let least = self.best.map_or(1, |best| best.level);
        if self.ends[least] <= number {
            return;
        }
        let level = (least..=self.top)
            .rev()
            .find(|level| self.ends[*level] > number)
            .unwrap_or(least);
        let found = Furthest {
            level,
            start: *start,
        };
        self.best = Some(found.or_better(self.best));
    }
}

/// The furthest attempt under `strict_deduplication`, one attempt at a time.
fn furthest_of_few<T: Touch>(
    touches: &[T],
    modes: Modes,
    window: Microseconds,
    top: usize,
    live: &mut Vec<Live>,
) -> Option<Furthest> {
    let mut best: Option<Furthest> = None;
    live.clear();
    for (position, touch) in touches.iter().enumerate() {
        let mask = touch.step_mask();
        let at = touch.occurred_at();
        live.retain_mut(|attempt| {
            let is_over = at > attempt.began_at.saturating_add(window)
                || ends_at(attempt, touch, modes)
                || attempt.level == top;
            if is_over {
                best = Some(attempt.furthest().or_better(best));
            }
            !is_over
        });
        if mask & 1 == 1 {
            let mut attempt = Live::begin(position, at);
            if !modes.has(Modes::STRICT_ONCE) {
                attempt.take(touch, modes);
            }
            if attempt.level == top || is_foreign(&attempt, mask, modes) {
                best = Some(attempt.furthest().or_better(best));
            } else {
                live.push(attempt);
            }
        }
        if live.is_empty() && best.is_some_and(|best| best.level == top) {
            break;
        }
    }
    live.iter().fold(best, |best, attempt| {
        Some(attempt.furthest().or_better(best))
    })
}

/// Lets `attempt` take what `touch` offers; whether the touch ends it.
fn ends_at<T: Touch>(attempt: &mut Live, touch: &T, modes: Modes) -> bool {
    let mask = touch.step_mask();
    let taken = (1_u64 << attempt.level) - 1;
    if !attempt.take(touch, modes) && mask & taken != 0 {
        return true;
    }
    is_foreign(attempt, mask, modes)
}

fn is_foreign(attempt: &Live, mask: u64, modes: Modes) -> bool {
    modes.has(Modes::STRICT_ORDER) && (mask == 0 || highest_step(mask) > attempt.level + 1)
}

/// Walks the attempt once more to note where each step was taken.
fn retrace<T: Touch>(touches: &[T], modes: Modes, best: Furthest, attempt: &mut Attempt) {
    let Some(first) = touches.get(best.start) else {
        return;
    };
    let mut walk = Live::begin(best.start, first.occurred_at());
    attempt.reached.push(best.start);
    for (position, touch) in touches.iter().enumerate().skip(best.start) {
        let is_spent = position == best.start && modes.has(Modes::STRICT_ONCE);
        let has_moved = !is_spent && walk.take(touch, modes);
        attempt.reached.resize(walk.level, position);
        if walk.level >= best.level {
            return;
        }
        let mask = touch.step_mask();
        if !has_moved && position > best.start && mask != 0 && highest_step(mask) < walk.level {
            attempt.loops += 1;
        }
    }
}

#[cfg(test)]
mod tests;

//! Funnels by the words of their definition, one start after another, with
//! nothing kept that could be computed again.

use proptest::prelude::*;

use super::super::{Ended, Modes, Outcome, Reached, Touch};

/// Steps 1 to 5; exclusions have bit 6.
const STEPS: usize = 5;

/// A step that is asked for more than its bit.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    min: Option<i64>,
    max: Option<i64>,
    people: usize,
    roles: usize,
    is_optional: bool,
    is_first: bool,
    allowed_roles: Option<u64>,
}

/// Terms of a funnel beside modes and window.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    steps: [Step; STEPS],
    /// After and before which step.
    exclusion: Option<(usize, usize)>,
}

fn steps() -> impl Strategy<Value = Step> {
    let rarely = |most: i64| prop::option::weighted(0.25, 0..most);
    let number = || prop_oneof![4 => Just(0_usize), 1 => 1_usize..4];
    (
        (rarely(4), rarely(8)),
        (number(), number()),
        (prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
        prop::option::weighted(0.2, 1_u64..8),
    )
        .prop_map(|(gap, who, is, allowed_roles)| Step {
            min: gap.0,
            max: gap.1,
            people: who.0,
            roles: who.1,
            is_optional: is.0,
            is_first: is.1,
            allowed_roles,
        })
}

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let exclusion = (1..STEPS).prop_flat_map(|after| (Just(after), after + 1..=STEPS));
    (
        [steps(), steps(), steps(), steps(), steps()],
        prop::option::of(exclusion),
    )
        .prop_map(|(mut steps, exclusion)| {
            steps[0].min = None;
            steps[0].max = None;
            steps[0].is_optional = false;
            steps[STEPS - 1].is_optional = false;
            Plan { steps, exclusion }
        })
}

impl Plan {
    /// The step as the mode allows it to be asked for.
    fn step(&self, number: usize, modes: Modes) -> Step {
        let mut step = self.steps[number - 1];
        let is_any_order = modes.has(Modes::ANY_ORDER);
        step.is_optional &= !is_any_order;
        if is_any_order || step.is_optional {
            step = Step {
                min: None,
                max: None,
                people: 0,
                roles: 0,
                ..step
            };
        }
        step
    }

    pub(super) fn text(&self, modes: Modes) -> String {
        let mut text = format!("{modes}; steps {STEPS}");
        for number in 1..=STEPS {
            let step = self.step(number, modes);
            let mut add = |term: String| text = format!("{text}; {term}");
            if let Some(min) = step.min {
                add(format!("min {number} {min} us"));
            }
            if let Some(max) = step.max {
                add(format!("max {number} {max} us"));
            }
            if step.people > 0 {
                add(format!("people {number} {}", step.people));
            }
            if step.roles > 0 {
                add(format!("roles {number} {}", step.roles));
            }
            if step.is_optional {
                add(format!("optional {number}"));
            }
            if step.is_first {
                add(format!("first {number}"));
            }
            if let Some(allowed) = step.allowed_roles {
                add(format!("role {number} {allowed}"));
            }
        }
        match self.exclusion {
            Some((after, before)) => format!("{text}; exclude 6 {after} {before}"),
            None => text,
        }
    }

    /// The touches without the bit of an exclusion that there is not.
    pub(super) fn seen(&self, touches: &[Touch]) -> Vec<Touch> {
        let mut touches = touches.to_vec();
        if self.exclusion.is_none() {
            for touch in &mut touches {
                touch.mask &= 0b1_1111;
            }
        }
        touches
    }

    pub(super) fn furthest(&self, touches: &[Touch], modes: Modes, window: i64) -> Outcome {
        let history = History {
            plan: self,
            touches,
            modes,
            window,
        };
        let mut best = Outcome::default();
        for start in 0..touches.len() {
            let is_any_order = modes.has(Modes::ANY_ORDER);
            let starts = if is_any_order { STEPS } else { 1 };
            if !(1..=starts).any(|step| history.satisfies(start, step)) {
                continue;
            }
            let outcome = if is_any_order {
                history.in_any_order(start)
            } else {
                history.in_order(start)
            };
            if outcome.steps_reached > best.steps_reached {
                best = outcome;
            }
        }
        best
    }
}

struct History<'a> {
    plan: &'a Plan,
    touches: &'a [Touch],
    modes: Modes,
    window: i64,
}

impl History<'_> {
    fn at(&self, position: usize) -> i64 {
        self.touches[position].occurred_at
    }

    fn has_bit_and_role(&self, position: usize, step: usize) -> bool {
        let touch = self.touches[position];
        let allowed = self.plan.step(step, self.modes).allowed_roles;
        let fits = |roles: u64| touch.role > 0 && roles >> (touch.role - 1) & 1 == 1;
        touch.mask >> (step - 1) & 1 == 1 && allowed.is_none_or(fits)
    }

    fn satisfies(&self, position: usize, step: usize) -> bool {
        let is_first = !(0..position).any(|before| self.has_bit_and_role(before, step));
        let must_be_first = self.plan.step(step, self.modes).is_first;
        self.has_bit_and_role(position, step) && (is_first || !must_be_first)
    }

    fn is_of_a_step(&self, position: usize) -> bool {
        (1..=STEPS).any(|step| self.satisfies(position, step))
    }

    /// The role whose touch of any step it is, open to that role or not.
    fn role_on_the_way(&self, position: usize) -> u64 {
        let touch = self.touches[position];
        let has_step = (1..=STEPS).any(|step| touch.mask >> (step - 1) & 1 == 1);
        match touch.role {
            role if role > 0 && has_step => 1 << (role - 1),
            _ => 0,
        }
    }

    fn is_excluded(&self, position: usize, level: usize) -> bool {
        let is_exclusion = self.touches[position].mask >> STEPS & 1 == 1;
        let is_between = |(after, before): (usize, usize)| {
            self.modes.has(Modes::ANY_ORDER) || after <= level && level < before
        };
        match self.plan.exclusion {
            Some(range) => is_exclusion && is_between(range),
            None => false,
        }
    }

    fn next_required(&self, level: usize) -> Option<usize> {
        (level + 1..=STEPS).find(|step| !self.plan.step(*step, self.modes).is_optional)
    }

    /// Who made touches of `step` from `from` to `to`, as far as known.
    fn is_quorum(&self, step: usize, level: usize, from: usize, to: usize) -> bool {
        let asked = self.plan.step(step, self.modes);
        let counts = |position: &usize| {
            let is_late_enough = level == 0
                || self.at(*position) > self.at(from)
                || !self.modes.has(Modes::STRICT_INCREASE);
            let is_free = level == 0 || *position > from || !self.modes.has(Modes::STRICT_ONCE);
            self.satisfies(*position, step) && is_late_enough && is_free
        };
        let mut people = Vec::new();
        let mut roles = Vec::new();
        for position in (from..=to).filter(counts) {
            people.push(self.touches[position].person);
            roles.push(self.touches[position].role);
        }
        people.retain(|person| *person != 0);
        roles.retain(|role| *role != 0);
        people.sort_unstable();
        people.dedup();
        roles.sort_unstable();
        roles.dedup();
        (asked.people < 2 || people.len() >= asked.people)
            && (asked.roles < 2 || roles.len() >= asked.roles)
    }

    /// The last instant at which what stands on `level` since `arrived` can go on.
    fn until(&self, start: usize, level: usize, arrived: usize) -> i64 {
        let window_end = self.at(start) + self.window;
        let next = self.next_required(level).filter(|_| level > 0);
        let max = next.and_then(|next| self.plan.step(next, self.modes).max);
        max.map_or(window_end, |max| window_end.min(self.at(arrived) + max))
    }

    fn in_order(&self, start: usize) -> Outcome {
        let once = self.modes.has(Modes::STRICT_ONCE);
        let mut outcome = Outcome {
            start: Some(start),
            ..Outcome::default()
        };
        let mut reached = [None; STEPS];
        let (mut level, mut arrived) = (0, start);
        let mut loops = 0;
        for position in start..self.touches.len() {
            if self.at(position) > self.until(start, level, arrived) || level == STEPS {
                break;
            }
            if self.is_excluded(position, level) {
                outcome.ended = Some(Ended {
                    touch: position,
                    exclusion: Some(STEPS + 1),
                });
                break;
            }
            outcome.roles |= self.role_on_the_way(position);
            let standing = level;
            let mut has_served = false;
            if !once {
                self.pass(position, level, arrived, &mut reached);
            }
            while let Some(next) = self.next_required(level) {
                if !self.may_take(next, level, arrived, position) || once && has_served {
                    break;
                }
                (level, arrived, has_served) = (next, position, true);
                reached[next - 1] = Some(position);
                outcome.loops = loops;
                if !once {
                    self.pass(position, level, arrived, &mut reached);
                }
            }
            if once && !has_served {
                self.pass(position, level, arrived, &mut reached);
            }
            let of = |step: &usize| self.satisfies(position, *step);
            if self.is_of_a_step(position) && !(standing.max(1)..=STEPS).any(|step| of(&step)) {
                loops += 1;
            }
            if self.disturbs(position, standing, level) {
                outcome.ended = Some(Ended {
                    touch: position,
                    exclusion: None,
                });
                break;
            }
        }
        // Complete is complete, whatever the last touch was besides.
        if level == STEPS {
            outcome.ended = None;
        }
        outcome.steps_reached = level;
        outcome.ends_at = self.until(start, level, arrived);
        let last = reached
            .iter()
            .rposition(Option::is_some)
            .map_or(0, |last| last + 1);
        outcome.reached = (1..)
            .zip(&reached[..last])
            .map(|(step, touch)| touch.map(|touch| Reached { step, touch }))
            .collect();
        match level {
            0 => Outcome::default(),
            _ => outcome,
        }
    }

    fn may_take(&self, step: usize, level: usize, arrived: usize, position: usize) -> bool {
        let asked = self.plan.step(step, self.modes);
        let gap = self.at(position) - self.at(arrived);
        self.satisfies(position, step)
            && (level == 0
                || asked.min.is_none_or(|min| gap >= min)
                    && asked.max.is_none_or(|max| gap <= max)
                    && (gap > 0 || !self.modes.has(Modes::STRICT_INCREASE)))
            && self.is_quorum(step, level, arrived, position)
    }

    fn pass(
        &self,
        position: usize,
        level: usize,
        arrived: usize,
        reached: &mut [Option<usize>; STEPS],
    ) {
        let next = self.next_required(level).unwrap_or(STEPS + 1);
        let is_late_enough =
            self.at(position) > self.at(arrived) || !self.modes.has(Modes::STRICT_INCREASE);
        if level == 0 || !is_late_enough {
            return;
        }
        for step in level + 1..next {
            if reached[step - 1].is_none() && self.satisfies(position, step) {
                reached[step - 1] = Some(position);
                if self.modes.has(Modes::STRICT_ONCE) {
                    return;
                }
            }
        }
    }

    /// Whether the mode ends what stood on `before` and now stands on `level`.
    fn disturbs(&self, position: usize, before: usize, level: usize) -> bool {
        let required = |step: usize| !self.plan.step(step, self.modes).is_optional;
        let repeats = (1..=before).any(|step| required(step) && self.satisfies(position, step));
        let next = self.next_required(level).unwrap_or(STEPS);
        let beyond = (next + 1..=STEPS).any(|step| self.satisfies(position, step));
        let is_none = !self.is_of_a_step(position);
        self.modes.has(Modes::STRICT_DEDUPLICATION) && level == before && repeats
            || self.modes.has(Modes::STRICT_ORDER) && (beyond || is_none)
    }

    fn in_any_order(&self, start: usize) -> Outcome {
        let modes = self.modes;
        let is_single = modes.has(Modes::STRICT_ONCE) || modes.has(Modes::STRICT_INCREASE);
        let mut outcome = Outcome {
            start: Some(start),
            ends_at: self.at(start) + self.window,
            ..Outcome::default()
        };
        let mut taken: Vec<Reached> = Vec::new();
        for touch in start..self.touches.len() {
            if self.at(touch) > outcome.ends_at || taken.len() == STEPS {
                break;
            }
            if touch > start && self.is_excluded(touch, 1) {
                outcome.ended = Some(Ended {
                    touch,
                    exclusion: Some(STEPS + 1),
                });
                break;
            }
            outcome.roles |= self.role_on_the_way(touch);
            let is_too_early = modes.has(Modes::STRICT_INCREASE)
                && taken
                    .last()
                    .is_some_and(|last| self.at(last.touch) >= self.at(touch));
            for step in 1..=STEPS {
                let is_new = taken.iter().all(|taken| taken.step != step);
                if is_new && self.satisfies(touch, step) && !is_too_early {
                    taken.push(Reached { step, touch });
                    if is_single {
                        break;
                    }
                }
            }
        }
        outcome.steps_reached = taken.len();
        outcome.reached = taken.into_iter().map(Some).collect();
        outcome
    }
}

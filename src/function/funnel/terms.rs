//! The terms of a funnel: modes, window, and what is asked of its steps, read
//! from the text that SQL hands over.
//!
//! The text is a mode, then terms joined by `;`, in any order:
//!
//! ```text
//! strict_once; steps 5; window 6 months; min 3 2 hours; max 3 10 business days;
//! people 2 3; roles 2 2; role 4 5; first 1; optional 3; exclude 6 2 5
//! ```
//!
//! A number after the name is the step; `people` and `roles` then say how many,
//! `role` which (bit r-1 for role r). `exclude 6 2 5`: bit 5 of a mask (the
//! sixth) ends an attempt that has taken step 2 and not yet step 5. `closed
//! 2026-01-01 2026-05-04` are no business days.

use std::fmt;

use crate::time::{EpochDays, Microseconds, Span, parse_date_as};

/// The most steps and exclusions a funnel can have: masks are positive 64-bit
/// integers.
pub(in crate::function) const STEPS_MAX: usize = 62;

/// The greatest number of a role: a set of roles is a positive 64-bit integer.
pub(in crate::function) const ROLES_MAX: i64 = 62;

/// What an attempt may not do; see the documentation of the parent module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes(pub(super) u8);

impl Modes {
    pub(super) const STRICT_ORDER: Self = Self(1);
    pub(super) const STRICT_DEDUPLICATION: Self = Self(2);
    pub(super) const STRICT_INCREASE: Self = Self(4);
    pub(super) const STRICT_ONCE: Self = Self(8);
    pub(super) const ANY_ORDER: Self = Self(16);

    /// The names that `window_funnel` knows; `ordered` forbids nothing.
    pub const NAMES: [&'static str; 6] = [
        "ordered",
        "strict_order",
        "strict_deduplication",
        "strict_increase",
        "strict_once",
        "any_order",
    ];

    /// Reads a name, or several joined by `+`; `None` for an unknown one, and
    /// for an order that is both strict and any.
    pub fn parse(text: &str) -> Option<Self> {
        let modes = text.split('+').try_fold(Self::default(), |modes, name| {
            let mode = match name.trim() {
                "ordered" => Self::default(),
                "strict_order" => Self::STRICT_ORDER,
                "strict_deduplication" => Self::STRICT_DEDUPLICATION,
                "strict_increase" => Self::STRICT_INCREASE,
                "strict_once" => Self::STRICT_ONCE,
                "any_order" => Self::ANY_ORDER,
                _ => return None,
            };
            Some(Self(modes.0 | mode.0))
        })?;
        let is_strict = modes.has(Self::STRICT_ORDER) || modes.has(Self::STRICT_DEDUPLICATION);
        (!(is_strict && modes.has(Self::ANY_ORDER))).then_some(modes)
    }

    pub(super) const fn has(self, mode: Self) -> bool {
        self.0 & mode.0 != 0
    }
}

/// The names joined by `+`, so that [`Modes::parse`] reads them back.
impl fmt::Display for Modes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ordered, others @ ..] = Self::NAMES;
        let mut is_first = true;
        for (bit, name) in others.into_iter().enumerate() {
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

/// What is asked of a required step beside its bit; see the parent module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) min: Option<Span>,
    pub(super) max: Option<Span>,
    /// Different persons; 0 and 1 ask for nothing.
    pub(super) people: usize,
    /// Different roles, likewise.
    pub(super) roles: usize,
}

impl Condition {
    /// Whether touches have to be gathered until the step is taken.
    pub(super) const fn gathers(self) -> bool {
        self.people > 1 || self.roles > 1
    }
}

/// Touches with the bit of step `bit` end an attempt whose level is `after` or
/// more and less than `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exclusion {
    pub(super) bit: usize,
    pub(super) after: usize,
    pub(super) before: usize,
}

/// The terms of a funnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::function) struct Terms {
    modes: Modes,
    window: Span,
    steps: Option<usize>,
    /// By step number; steps beyond the end have none.
    conditions: Vec<Condition>,
    optional: u64,
    first_only: u64,
    exclusions: Vec<Exclusion>,
    exclusion_bits: u64,
    /// Step and the set of roles that may take it.
    allowed_roles: Vec<(usize, u64)>,
    /// Days that are no business days.
    closed: Vec<EpochDays>,
    /// The required step after each level.
    next: [u8; STEPS_MAX + 2],
    /// The required step before each step.
    previous: [u8; STEPS_MAX + 2],
}

impl Terms {
    /// Reads the text of the module's documentation. A `window` in it goes
    /// before `window`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(in crate::function) fn parse(text: &str, window: Microseconds) -> Result<Self, String> {
        let mut parts = text.split(';').map(str::trim);
        let mode = parts.next().unwrap_or_default();
        let modes = Modes::parse(mode).ok_or_else(|| format!("no mode `{mode}`"))?;
        let mut terms = Self {
            modes,
            window: Span::Exact(window),
            steps: None,
            conditions: Vec::new(),
            optional: 0,
            first_only: 0,
            exclusions: Vec::new(),
            exclusion_bits: 0,
            allowed_roles: Vec::new(),
            closed: Vec::new(),
            next: [0; STEPS_MAX + 2],
            previous: [0; STEPS_MAX + 2],
        };
        for part in parts {
            terms
                .take(part)
                .ok_or_else(|| format!("no term `{part}`"))?;
        }
        terms.settle()?;
        Ok(terms)
    }

    fn take(&mut self, part: &str) -> Option<()> {
        let (name, rest) = part.split_once(' ')?;
        if name == "window" {
            self.window = Span::parse(rest)?;
            return Some(());
        }
        if name == "closed" {
            let days = rest.split(' ').map(|day| parse_date_as(day, "%Y-%m-%d"));
            self.closed = days.collect::<Option<_>>()?;
            return Some(());
        }
        let (first, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let step: usize = first.parse().ok()?;
        if !(1..=STEPS_MAX).contains(&step) {
            return None;
        }
        match name {
            "steps" if rest.is_empty() => self.steps = Some(step),
            "optional" if rest.is_empty() => self.optional |= super::step_bit(step),
            "first" if rest.is_empty() => self.first_only |= super::step_bit(step),
            "min" => self.of(step).min = Some(Span::parse(rest)?),
            "max" => self.of(step).max = Some(Span::parse(rest)?),
            "people" => self.of(step).people = rest.parse().ok()?,
            "roles" => self.of(step).roles = rest.parse().ok()?,
            "role" => self.allowed_roles.push((step, rest.parse().ok()?)),
            "exclude" => {
                let (after, before) = rest.split_once(' ')?;
                self.exclusion_bits |= super::step_bit(step);
                self.exclusions.push(Exclusion {
                    bit: step,
                    after: after.parse().ok().filter(|after| *after >= 1)?,
                    before: before.parse().ok().filter(|last| *last <= STEPS_MAX)?,
                });
            }
            _ => return None,
        }
        Some(())
    }

    fn of(&mut self, step: usize) -> &mut Condition {
        if self.conditions.len() <= step {
            self.conditions.resize(step + 1, Condition::default());
        }
        &mut self.conditions[step]
    }

    /// Works out which required step follows and precedes which; refuses terms
    /// that contradict each other.
    fn settle(&mut self) -> Result<(), String> {
        let is_asked_more = |condition: &Condition| *condition != Condition::default();
        let mut asked = (1..).zip(self.conditions.iter().skip(1));
        let wrong = asked.find(|(step, condition)| {
            is_asked_more(condition)
                && (super::has_step(self.optional, *step) || self.modes.has(Modes::ANY_ORDER))
        });
        if let Some((step, _)) = wrong {
            return Err(format!(
                "no gap and no number of people for step {step}, which is optional or in any order"
            ));
        }
        if super::has_step(self.optional, 1)
            || (self.modes.has(Modes::ANY_ORDER) && self.optional != 0)
        {
            return Err("no optional step there: the first, or in any order".into());
        }
        let mut before = 0;
        for step in 1..=STEPS_MAX + 1 {
            self.previous[step] = before;
            let is_passed_over =
                step <= STEPS_MAX && super::has_step(self.optional | self.exclusion_bits, step);
            if !is_passed_over {
                let number = u8::try_from(step).unwrap_or(u8::MAX);
                self.next[usize::from(before)..step].fill(number);
                before = number;
            }
        }
        Ok(())
    }

    pub(in crate::function) const fn modes(&self) -> Modes {
        self.modes
    }

    /// Days that are no business days.
    pub(in crate::function) fn closed(&self) -> &[EpochDays] {
        &self.closed
    }

    pub(super) const fn window(&self) -> Span {
        self.window
    }

    pub(super) const fn steps(&self) -> Option<usize> {
        self.steps
    }

    pub(super) fn condition(&self, step: usize) -> Condition {
        self.conditions.get(step).copied().unwrap_or_default()
    }

    /// Steps that ask for several people or roles.
    pub(super) fn gathering(&self) -> impl Iterator<Item = usize> {
        (0..)
            .zip(&self.conditions)
            .filter(|(_, condition)| condition.gathers())
            .map(|(step, _)| step)
    }

    /// Whether persons make a difference.
    pub(in crate::function) fn asks_for_people(&self) -> bool {
        self.conditions.iter().any(|condition| condition.people > 1)
    }

    pub(super) const fn first_only(&self) -> u64 {
        self.first_only
    }

    pub(super) const fn optional(&self) -> u64 {
        self.optional
    }

    pub(super) const fn step_bits(&self) -> u64 {
        !self.exclusion_bits
    }

    pub(super) const fn exclusion_bits(&self) -> u64 {
        self.exclusion_bits
    }

    pub(super) fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions
    }

    pub(super) const fn asks_for_roles(&self) -> bool {
        !self.allowed_roles.is_empty()
    }

    /// The bits that a touch by `role` may have.
    pub(super) fn steps_of_role(&self, role: u8) -> u64 {
        let role_bit = match role {
            0 => 0,
            role => super::step_bit(usize::from(role)),
        };
        let denied = self
            .allowed_roles
            .iter()
            .filter(|(_, allowed)| allowed & role_bit == 0);
        denied.fold(u64::MAX, |steps, (step, _)| steps & !super::step_bit(*step))
    }

    /// The required step that follows `level`, 0 for none taken yet.
    pub(super) fn next_required(&self, level: usize) -> usize {
        usize::from(self.next[level])
    }

    /// The required step before `step`, 0 before the first.
    pub(super) fn previous_required(&self, step: usize) -> usize {
        usize::from(self.previous[step])
    }

    /// Whether touches of no step make a difference.
    pub(in crate::function) const fn heeds_foreign_touches(&self) -> bool {
        self.modes.has(Modes::STRICT_ORDER)
    }
}

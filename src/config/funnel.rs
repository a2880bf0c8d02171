//! Funnels as a pipeline declares them: unit, mode, window, ordered steps, and
//! what ends an attempt.
//!
//! Which touchpoints exist is not known here; a step that names one that never
//! occurs is a step that nobody reaches. How far somebody came is not computed
//! here either: [`Funnel::terms`] says what `window_funnel` is asked.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::time::Span;

/// Modes that `window_funnel` knows; several are joined by `+`.
pub(crate) const MODES: [&str; 6] = [
    "ordered",
    "strict_order",
    "strict_deduplication",
    "strict_increase",
    "strict_once",
    "any_order",
];

/// Steps and exclusions share the bits of a mask.
const BITS: usize = 62;

/// A funnel.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Funnel {
    /// Name of the funnel.
    pub name: String,
    /// Who or what passes through it.
    pub unit: FunnelUnit,
    /// ordered, `strict_order`, `strict_deduplication`, `strict_increase`,
    /// `strict_once`, `any_order`, or several joined by `+`.
    #[serde(default = "ordered")]
    pub mode: String,
    /// How long after its beginning an attempt may reach the last step,
    /// inclusive: so many `hours`, `days`, `business days` or `months`.
    pub window: String,
    /// What must be the same in all touches of an attempt.
    pub hold: Option<FunnelHold>,
    /// Roles that take part in it, as contacts have them (`buying_role`): of
    /// which of them nobody made a touch that it names is told per unit.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Attributes by which it is broken down as they were at each step, beside
    /// those of the first step by which every funnel is.
    #[serde(default)]
    pub at_each_step: Vec<FunnelAttribute>,
    /// Steps in order.
    pub steps: Vec<FunnelStep>,
    /// What ends an attempt.
    #[serde(default)]
    pub exclude: Vec<FunnelExclusion>,
}

/// Who or what passes through a funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FunnelUnit {
    /// A company.
    Account,
    /// A person.
    Contact,
    /// A deal, with what the people who have a role in it do.
    Opportunity,
    /// A company and a product.
    AccountProduct,
}

impl FunnelUnit {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Contact => "contact",
            Self::Opportunity => "opportunity",
            Self::AccountProduct => "account_product",
        }
    }
}

/// A property of touches that an attempt may not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FunnelHold {
    /// The channel.
    Channel,
    /// Assisted or self-service.
    Mode,
    /// The person.
    Contact,
    /// The deal.
    Opportunity,
    /// The product.
    Product,
}

impl FunnelHold {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Mode => "mode",
            Self::Contact => "contact",
            Self::Opportunity => "opportunity",
            Self::Product => "product",
        }
    }
}

/// An attribute of a step reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FunnelAttribute {
    /// Who of ours owned the account on that day.
    Owner,
    /// The account's segment on that day.
    Segment,
    /// Its region.
    Region,
    /// Its industry.
    Industry,
    /// Its country.
    Country,
    /// Its size.
    Size,
    /// The channel of the touch.
    Channel,
    /// Assisted or self-service.
    Mode,
    /// The role of the person on that day.
    Role,
}

impl FunnelAttribute {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Segment => "segment",
            Self::Region => "region",
            Self::Industry => "industry",
            Self::Country => "country",
            Self::Size => "size",
            Self::Channel => "channel",
            Self::Mode => "mode",
            Self::Role => "role",
        }
    }
}

/// A step: any one of the named touchpoints.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelStep {
    /// Name of the step.
    pub name: String,
    /// Touchpoints of which any one makes the step.
    pub any_of: Vec<String>,
    /// Only on this channel (of events).
    pub channel: Option<String>,
    /// Only in deals of this type: new, renewal or expansion.
    pub deal_type: Option<String>,
    /// Only by people of one of these roles, which `roles` of the funnel names.
    #[serde(default)]
    pub by_roles: Vec<String>,
    /// So many different people must have done it since the step before.
    pub people: Option<u32>,
    /// People of so many different roles must have done it since the step before.
    pub different_roles: Option<u32>,
    /// Not sooner than this after the step before: `2 hours`, `3 business days`.
    pub min_gap: Option<String>,
    /// Not later than this after the step before.
    pub max_gap: Option<String>,
    /// Counts when it is passed, and drops nobody.
    #[serde(default)]
    pub optional: bool,
    /// Only the unit's first such touch ever counts.
    #[serde(default)]
    pub first_time: bool,
}

impl FunnelStep {
    /// Whether it makes a difference in which role somebody is.
    pub(super) fn asks_for_role(&self) -> bool {
        !self.by_roles.is_empty() || self.different_roles.is_some_and(|roles| roles > 1)
    }
}

/// Touchpoints that end an attempt between two steps.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelExclusion {
    /// Name of what ends an attempt.
    pub name: String,
    /// Touchpoints of which any one ends it.
    pub any_of: Vec<String>,
    /// Only on this channel (of events).
    pub channel: Option<String>,
    /// Only in deals of this type.
    pub deal_type: Option<String>,
    /// From which step on; from the first when left out.
    pub after: Option<String>,
    /// Until which step is reached; the last when left out.
    pub before: Option<String>,
}

fn ordered() -> String {
    "ordered".to_owned()
}

impl Funnel {
    /// The number of the step of this name, from 1.
    fn step_number(&self, name: &str) -> Option<usize> {
        let position = self.steps.iter().position(|step| step.name == name)?;
        Some(position + 1)
    }

    /// Every exclusion with the bit that touches of it have, from 1, and the
    /// numbers of the steps after and before which it ends an attempt.
    pub(super) fn exclusions(
        &self,
    ) -> impl Iterator<Item = (usize, &FunnelExclusion, usize, usize)> {
        let of = |name: &Option<String>, otherwise: usize| {
            let name = name.as_deref();
            name.and_then(|name| self.step_number(name))
                .unwrap_or(otherwise)
        };
        let last = self.steps.len();
        (last + 1..)
            .zip(&self.exclude)
            .map(move |(bit, exclusion)| {
                (
                    bit,
                    exclusion,
                    of(&exclusion.after, 1),
                    of(&exclusion.before, last),
                )
            })
    }

    /// The number of a role, from 1; 0 for one that the funnel does not name.
    fn role_number(&self, role: &str) -> usize {
        let position = self.roles.iter().position(|named| named == role);
        position.map_or(0, |position| position + 1)
    }

    /// Whether it must be known who made a touch.
    pub(super) fn asks_for_people(&self) -> bool {
        self.steps.iter().any(|step| step.people.is_some())
    }

    /// Whether its steps may be taken as they come.
    pub(super) fn is_in_any_order(&self) -> bool {
        self.mode.split('+').any(|mode| mode == "any_order")
    }

    /// Whether any touch of the first step enters the funnel, or, in any order,
    /// any touch of any step.
    pub(super) fn is_entered_by_any(&self) -> bool {
        let entries = if self.is_in_any_order() {
            self.steps.len()
        } else {
            1
        };
        self.steps.iter().take(entries).all(|step| {
            step.by_roles.is_empty() && step.people.is_none() && step.different_roles.is_none()
        })
    }

    /// Whether some length of time is counted in business days.
    fn counts_business_days(&self) -> bool {
        let gaps = self
            .steps
            .iter()
            .flat_map(|step| [&step.min_gap, &step.max_gap]);
        std::iter::once(&self.window)
            .chain(gaps.flatten())
            .any(|length| matches!(Span::parse(length), Some(Span::BusinessDays(_))))
    }

    /// The funnel's terms as `window_funnel` reads them; on `holidays` nobody works.
    pub(super) fn terms(&self, holidays: &BTreeSet<Date>) -> String {
        let mut terms = vec![
            self.mode.clone(),
            format!("steps {}", self.steps.len()),
            format!("window {}", self.window),
        ];
        for (number, step) in (1..).zip(&self.steps) {
            if step.optional {
                terms.push(format!("optional {number}"));
            }
            if step.first_time {
                terms.push(format!("first {number}"));
            }
            for (name, gap) in [("min", &step.min_gap), ("max", &step.max_gap)] {
                terms.extend(gap.iter().map(|gap| format!("{name} {number} {gap}")));
            }
            for (name, least) in [("people", step.people), ("roles", step.different_roles)] {
                terms.extend(least.iter().map(|least| format!("{name} {number} {least}")));
            }
            if !step.by_roles.is_empty() {
                let numbers = step.by_roles.iter().map(|role| self.role_number(role));
                let roles = numbers.fold(0_u64, |roles, number| roles | 1 << number >> 1);
                terms.push(format!("role {number} {roles}"));
            }
        }
        for (bit, _, after, before) in self.exclusions() {
            terms.push(format!("exclude {bit} {after} {before}"));
        }
        terms.extend(self.closed(holidays));
        terms.join("; ")
    }

    /// The terms of its window alone: with one touch they say when that touch's window ends.
    pub(super) fn window_terms(&self, holidays: &BTreeSet<Date>) -> String {
        let mut terms = vec![format!("ordered; steps 1; window {}", self.window)];
        terms.extend(self.closed(holidays));
        terms.join("; ")
    }

    fn closed(&self, holidays: &BTreeSet<Date>) -> Option<String> {
        let days: Vec<String> = holidays.iter().map(Date::to_string).collect();
        (self.counts_business_days() && !days.is_empty())
            .then(|| format!("closed {}", days.join(" ")))
    }

    fn validate(&self) -> Result<(), String> {
        for mode in self.mode.split('+') {
            if !MODES.contains(&mode) {
                return Err(format!(
                    "`{mode}` is no mode; modes are {}",
                    MODES.join(", ")
                ));
            }
        }
        let has = |mode: &str| self.mode.split('+').any(|named| named == mode);
        if has("any_order") && (has("strict_order") || has("strict_deduplication")) {
            return Err("an order cannot be strict and any".to_owned());
        }
        span("window", &self.window)?;
        if self.steps.len() < 2 || self.steps.len() + self.exclude.len() > BITS {
            return Err(format!(
                "it must have 2 steps, and at most {BITS} with exclusions"
            ));
        }
        let steps = self.steps.iter().map(|step| (&step.name, &step.any_of));
        let exclusions =
            (self.exclude.iter()).map(|exclusion| (&exclusion.name, &exclusion.any_of));
        let mut seen = BTreeSet::new();
        for (name, any_of) in steps.chain(exclusions) {
            if !seen.insert(name) || any_of.is_empty() {
                return Err(format!(
                    "step `{name}` is there twice or names no touchpoint"
                ));
            }
        }
        let roles: BTreeSet<&String> = self.roles.iter().collect();
        if roles.len() < self.roles.len() || roles.len() > BITS {
            return Err(format!("`roles` names one twice, or more than {BITS}"));
        }
        let attributes: BTreeSet<&FunnelAttribute> = self.at_each_step.iter().collect();
        if attributes.len() < self.at_each_step.len() {
            return Err("`at_each_step` names one twice".to_owned());
        }
        let is_loose = has("any_order");
        for (number, step) in (1..).zip(&self.steps) {
            self.validate_step(number, step, is_loose)
                .map_err(|wrong| format!("step `{}`: {wrong}", step.name))?;
        }
        self.exclude
            .iter()
            .try_for_each(|exclusion| self.validate_exclusion(exclusion, is_loose))
    }

    fn validate_step(
        &self,
        number: usize,
        step: &FunnelStep,
        is_loose: bool,
    ) -> Result<(), String> {
        for (name, gap) in [("min_gap", &step.min_gap), ("max_gap", &step.max_gap)] {
            gap.iter().try_for_each(|gap| span(name, gap).map(|_| ()))?;
        }
        let has_gap = step.min_gap.is_some() || step.max_gap.is_some();
        let has_quorum = step.people.is_some() || step.different_roles.is_some();
        if has_gap && number == 1 {
            return Err("there is no step before the first, so it can have no gap".to_owned());
        }
        if step.optional && (number == 1 || number == self.steps.len() || is_loose) {
            return Err(
                "the first and the last step cannot be optional, nor can any in any order"
                    .to_owned(),
            );
        }
        if (step.optional || is_loose) && (has_gap || has_quorum) {
            return Err(
                "a step that is optional or in any order has no gap and no number of people"
                    .to_owned(),
            );
        }
        if step.channel.is_some() && step.deal_type.is_some() {
            return Err("deals have no channel, and events no type of deal".to_owned());
        }
        if [step.people, step.different_roles]
            .iter()
            .flatten()
            .any(|least| *least < 2)
        {
            return Err("`people` and `different_roles` begin at 2".to_owned());
        }
        if self.unit == FunnelUnit::Contact && has_quorum {
            return Err("a person is one person with one role".to_owned());
        }
        let asked = usize::try_from(step.different_roles.unwrap_or(0)).unwrap_or(usize::MAX);
        if asked > self.roles.len() {
            return Err("`different_roles` asks for more roles than `roles` names".to_owned());
        }
        match step.by_roles.iter().find(|role| !self.roles.contains(role)) {
            Some(role) => Err(format!("the funnel's `roles` do not name `{role}`")),
            None => Ok(()),
        }
    }

    fn validate_exclusion(
        &self,
        exclusion: &FunnelExclusion,
        is_loose: bool,
    ) -> Result<(), String> {
        let place = format!("exclusion `{}`", exclusion.name);
        let is_named = exclusion.after.is_some() || exclusion.before.is_some();
        if is_loose && is_named {
            return Err(format!(
                "{place}: in any order there is no after and no before"
            ));
        }
        let number = |name: &Option<String>, otherwise: usize| match name {
            None => Ok(otherwise),
            Some(name) => {
                let number = self.step_number(name);
                let required = number.filter(|number| !self.steps[number - 1].optional);
                required.ok_or_else(|| format!("{place}: no required step `{name}`"))
            }
        };
        let after = number(&exclusion.after, 1)?;
        let before = number(&exclusion.before, self.steps.len())?;
        if after >= before {
            return Err(format!("{place}: `after` must come before `before`"));
        }
        Ok(())
    }
}

fn span(name: &str, text: &str) -> Result<Span, String> {
    Span::parse(text)
        .filter(|span| name != "window" || !span.is_zero())
        .ok_or_else(|| {
            format!(
                "`{name}` is `{text}`; write a number of hours, days, business days or months, up \
                 to ten years"
            )
        })
}

pub(crate) fn validate(funnels: &[Funnel]) -> Result<()> {
    let mut names = BTreeSet::new();
    for funnel in funnels {
        let place = format!("funnel `{}`", funnel.name);
        if !names.insert(&funnel.name) {
            return Err(Error::usage(format!("{place} is there twice")));
        }
        funnel
            .validate()
            .map_err(|wrong| Error::usage(format!("{place}: {wrong}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    fn step(name: &str) -> FunnelStep {
        FunnelStep {
            name: name.to_owned(),
            any_of: vec!["touch".to_owned()],
            ..FunnelStep::default()
        }
    }

    fn funnel() -> Funnel {
        Funnel {
            name: "f".to_owned(),
            unit: FunnelUnit::Account,
            mode: "ordered".to_owned(),
            window: "6 months".to_owned(),
            hold: None,
            roles: vec!["decider".to_owned(), "user".to_owned()],
            at_each_step: Vec::new(),
            steps: vec![step("a"), step("b"), step("c")],
            exclude: Vec::new(),
        }
    }

    fn exclusion(after: Option<&str>, before: Option<&str>) -> FunnelExclusion {
        FunnelExclusion {
            name: "x".to_owned(),
            any_of: vec!["end".to_owned()],
            channel: None,
            deal_type: None,
            after: after.map(str::to_owned),
            before: before.map(str::to_owned),
        }
    }

    #[test]
    fn terms_name_what_is_asked_for() {
        let mut funnel = funnel();
        let new_year = BTreeSet::from([parse_date("2026-01-01").unwrap()]);
        assert_eq!(funnel.terms(&new_year), "ordered; steps 3; window 6 months");
        funnel.steps[1].optional = true;
        funnel.steps[2].people = Some(2);
        funnel.steps[2].max_gap = Some("3 business days".to_owned());
        funnel.steps[2].by_roles = vec!["user".to_owned()];
        funnel.steps[0].first_time = true;
        funnel.exclude.push(exclusion(None, Some("c")));
        assert_eq!(
            funnel.terms(&new_year),
            "ordered; steps 3; window 6 months; first 1; optional 2; max 3 3 business days; people \
             3 2; role 3 2; exclude 4 1 3; closed 2026-01-01"
        );
        assert_eq!(
            funnel.window_terms(&new_year),
            "ordered; steps 1; window 6 months; closed 2026-01-01"
        );
        assert!(funnel.validate().is_ok());
    }

    #[test]
    fn contradictions_are_refused() {
        type Change = fn(&mut Funnel);
        let cases: [(Change, &str); 14] = [
            (|funnel| funnel.mode = "loose".to_owned(), "no mode"),
            (
                |funnel| funnel.mode = "any_order+strict_order".to_owned(),
                "strict and any",
            ),
            (
                |funnel| funnel.window = "0 days".to_owned(),
                "`window` is `0 days`",
            ),
            (
                |funnel| funnel.window = "soon".to_owned(),
                "`window` is `soon`",
            ),
            (|funnel| funnel.steps.truncate(1), "2 steps"),
            (|funnel| funnel.steps[1].name = "a".to_owned(), "twice"),
            (|funnel| funnel.roles.push("user".to_owned()), "one twice"),
            (
                |funnel| funnel.steps[0].min_gap = Some("1 day".to_owned()),
                "before the first",
            ),
            (
                |funnel| funnel.steps[2].optional = true,
                "cannot be optional",
            ),
            (|funnel| funnel.steps[1].people = Some(1), "begin at 2"),
            (
                |funnel| funnel.steps[1].different_roles = Some(3),
                "more roles",
            ),
            (
                |funnel| funnel.steps[1].by_roles = vec!["ceo".to_owned()],
                "`ceo`",
            ),
            (
                |funnel| funnel.exclude.push(exclusion(Some("c"), None)),
                "must come before",
            ),
            (
                |funnel| funnel.exclude.push(exclusion(Some("z"), None)),
                "no required step `z`",
            ),
        ];
        for (change, expected) in cases {
            let mut funnel = funnel();
            change(&mut funnel);
            let wrong = funnel.validate().unwrap_err();
            assert!(wrong.contains(expected), "{wrong}");
        }
    }
}

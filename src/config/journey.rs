//! Stages as a pipeline declares them: named journeys whose ordered rules give an
//! account one stage a day.
//!
//! A rule holds on a day when all its conditions hold; the first rule that holds
//! gives the stage. Which touchpoints, deals or answers exist is not known here; a
//! condition that nothing meets is one that never holds.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Error, Result};

/// Conditions of one journey are bits of one integer.
const MOST_CONDITIONS: usize = 62;
/// Ten years.
const MOST_DAYS: u32 = 3660;

/// A journey: stages, and the rules that put an account into one of them each day.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// Name of the journey.
    pub journey: String,
    /// Stages from the first to the last, as an account is meant to pass them.
    pub order: Vec<String>,
    /// Name of the stage of an account that no rule fits.
    pub otherwise: String,
    /// Rules in the order in which they are tried: the first that holds gives the stage.
    pub rules: Vec<StageRule>,
    /// Stages of a path; what follows is cut off.
    pub path_stages: u32,
    /// Paths that are shown for each role; the others are one row.
    pub paths_kept: u32,
}

/// A rule: the stage of an account on a day on which all its conditions hold.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageRule {
    /// The stage it gives.
    pub stage: String,
    /// Touches in a look-back window.
    #[serde(default)]
    pub touches: Vec<TouchCondition>,
    /// A paid contract runs.
    pub paying: Option<PayingCondition>,
    /// A paid contract is about to renew.
    pub renewal: Option<RenewalCondition>,
    /// A deal is being worked on.
    pub open_deal: Option<DealCondition>,
    /// A deal was won a short while ago.
    pub won_deal: Option<WonDealCondition>,
    /// A ticket is open.
    pub open_ticket: Option<TicketCondition>,
    /// Somebody answered a survey.
    pub answer: Option<AnswerCondition>,
}

/// Enough touches of enough people within the last days.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TouchCondition {
    /// Names of events of which any one counts.
    pub any_of: Vec<String>,
    /// Only on this channel.
    pub channel: Option<String>,
    /// Days that it looks back over, the day itself included.
    pub days: u32,
    /// So many touches at least.
    #[serde(default = "one")]
    pub at_least: u32,
    /// By so many known people at least; not asked when left out.
    #[serde(default)]
    pub people: u32,
}

/// A paid contract runs, by the age of the unbroken run of paid contracts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PayingCondition {
    /// Days since the run began, at least.
    #[serde(default)]
    pub from_day: u32,
    /// First number of days beyond; no end when left out.
    pub to_day: Option<u32>,
}

/// A paid contract renews within so many days.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalCondition {
    /// Days to the renewal, at most.
    pub within_days: u32,
}

/// A deal is open.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DealCondition {
    /// Only deals of these types; any when left out.
    #[serde(default)]
    pub types: Vec<String>,
    /// Only deals in these stages; any when left out.
    #[serde(default)]
    pub stages: Vec<String>,
}

/// A deal was won within the last days: what was decided, but has not begun yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WonDealCondition {
    /// Only deals of these types; any when left out.
    #[serde(default)]
    pub types: Vec<String>,
    /// Days for which it counts, the day it was won included.
    pub days: u32,
}

/// A ticket has been open for so many days.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketCondition {
    /// Days since it was opened, at least.
    #[serde(default)]
    pub after_days: u32,
}

/// A good or a bad answer that is not too old and not yet followed by another of the
/// same person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerCondition {
    /// nps, csat or ces.
    pub metric: String,
    /// relationship or transactional; both when left out.
    pub kind: Option<String>,
    /// Which answers count, by the scale of the metric in `survey`.
    pub is: AnswerClass,
    /// Days for which an answer counts, its own day included.
    pub days: u32,
}

/// Which answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnswerClass {
    /// At or above `good_from`: promoters, the satisfied.
    Good,
    /// At or below `bad_to`: detractors, the dissatisfied.
    Bad,
}

impl AnswerClass {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// One condition of a rule, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Touches(TouchCondition),
    Paying(PayingCondition),
    Renewal(RenewalCondition),
    OpenDeal(DealCondition),
    WonDeal(WonDealCondition),
    OpenTicket(TicketCondition),
    Answer(AnswerCondition),
}

impl StageRule {
    /// The conditions in the order of the fields.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let touches = self.touches.iter().cloned().map(Condition::Touches);
        let others = [
            self.paying.clone().map(Condition::Paying),
            self.renewal.clone().map(Condition::Renewal),
            self.open_deal.clone().map(Condition::OpenDeal),
            self.won_deal.clone().map(Condition::WonDeal),
            self.open_ticket.clone().map(Condition::OpenTicket),
            self.answer.clone().map(Condition::Answer),
        ];
        touches.chain(others.into_iter().flatten()).collect()
    }
}

impl Journey {
    /// The conditions of all rules, each once, in the order in which they occur.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let mut all = Vec::new();
        for condition in self.rules.iter().flat_map(StageRule::conditions) {
            if !all.contains(&condition) {
                all.push(condition);
            }
        }
        all
    }
}

fn one() -> u32 {
    1
}

pub(crate) fn validate(journeys: &[Journey]) -> Result<()> {
    let mut names = BTreeSet::new();
    for journey in journeys {
        let place = format!("journey `{}`", journey.journey);
        if !names.insert(&journey.journey) {
            return Err(Error::usage(format!("{place} is there twice")));
        }
        stages(&place, journey)?;
        if journey.conditions().len() > MOST_CONDITIONS {
            return Err(Error::usage(format!(
                "{place} has more than {MOST_CONDITIONS} different conditions"
            )));
        }
        within(&place, "path_stages", journey.path_stages, 2, 50)?;
        within(&place, "paths_kept", journey.paths_kept, 1, 1000)?;
        for rule in &journey.rules {
            let place = format!("{place}: rule for `{}`", rule.stage);
            let conditions = rule.conditions();
            if conditions.is_empty() {
                return Err(
                    Error::usage(format!("{place} has no condition")).with_hint(format!(
                        "an account that no rule fits is in `{}` anyway",
                        journey.otherwise
                    )),
                );
            }
            for condition in &conditions {
                check(&place, condition)?;
            }
        }
    }
    Ok(())
}

/// Every stage is named once and has a rule, every rule has a stage.
fn stages(place: &str, journey: &Journey) -> Result<()> {
    let mut known = BTreeSet::new();
    for stage in journey.order.iter().chain([&journey.otherwise]) {
        if !known.insert(stage.as_str()) {
            return Err(Error::usage(format!(
                "{place}: stage `{stage}` is there twice in `order` and `otherwise`"
            )));
        }
        if stage.is_empty() || stage.contains('>') {
            return Err(Error::usage(format!("{place}: `{stage}` is no stage"))
                .with_hint("a path is written with `>` between its stages"));
        }
    }
    for rule in &journey.rules {
        if !journey.order.contains(&rule.stage) {
            return Err(Error::usage(format!(
                "{place}: a rule gives the stage `{}`, which is not in `order`",
                rule.stage
            ))
            .with_hint(format!("stages are {}", journey.order.join(", "))));
        }
    }
    let ruled = |stage: &&String| !journey.rules.iter().any(|rule| rule.stage == **stage);
    match journey.order.iter().find(ruled) {
        None => Ok(()),
        Some(stage) => Err(Error::usage(format!(
            "{place}: no rule gives the stage `{stage}`"
        ))),
    }
}

fn check(place: &str, condition: &Condition) -> Result<()> {
    match condition {
        Condition::Touches(touches) => check_touches(place, touches),
        Condition::Paying(paying) => {
            within(place, "paying.from_day", paying.from_day, 0, MOST_DAYS)?;
            match paying.to_day {
                Some(to) if to <= paying.from_day => Err(Error::usage(format!(
                    "{place}: `paying` from day {} to day {to} is no time at all",
                    paying.from_day
                ))),
                Some(to) => within(place, "paying.to_day", to, 1, MOST_DAYS),
                None => Ok(()),
            }
        }
        Condition::Renewal(renewal) => {
            let days = renewal.within_days;
            within(place, "renewal.within_days", days, 0, MOST_DAYS)
        }
        Condition::OpenDeal(deal) => {
            once(place, "open_deal.types", &deal.types)?;
            once(place, "open_deal.stages", &deal.stages)
        }
        Condition::WonDeal(deal) => {
            once(place, "won_deal.types", &deal.types)?;
            within(place, "won_deal.days", deal.days, 1, MOST_DAYS)
        }
        Condition::OpenTicket(ticket) => {
            let days = ticket.after_days;
            within(place, "open_ticket.after_days", days, 0, MOST_DAYS)
        }
        Condition::Answer(answer) => {
            within(place, "answer.days", answer.days, 1, MOST_DAYS)?;
            let kinds = ["relationship", "transactional"];
            if let Some(kind) = &answer.kind
                && !kinds.contains(&kind.as_str())
            {
                return Err(
                    Error::usage(format!("{place}: `{kind}` is no kind of survey"))
                        .with_hint("kinds are relationship, transactional"),
                );
            }
            if ["nps", "csat", "ces"].contains(&answer.metric.as_str()) {
                return Ok(());
            }
            Err(
                Error::usage(format!("{place}: `{}` is no survey metric", answer.metric))
                    .with_hint("metrics are nps, csat, ces"),
            )
        }
    }
}

fn check_touches(place: &str, touches: &TouchCondition) -> Result<()> {
    once(place, "touches.any_of", &touches.any_of)?;
    within(place, "touches.days", touches.days, 1, MOST_DAYS)?;
    within(place, "touches.at_least", touches.at_least, 1, 100_000)?;
    if touches.any_of.is_empty() {
        return Err(Error::usage(format!("{place}: `touches` names no event")));
    }
    if touches.people > touches.at_least {
        return Err(Error::usage(format!(
            "{place}: {} people cannot make {} touches",
            touches.people, touches.at_least
        ))
        .with_hint("let `at_least` be `people` or more"));
    }
    let is_fact =
        |name: &&String| name.starts_with("opportunity_") || *name == "subscription_started";
    match touches.any_of.iter().find(is_fact) {
        None => Ok(()),
        Some(name) => Err(
            Error::usage(format!("{place}: `{name}` is no event of a person"))
                .with_hint("deals are asked for with `open_deal`, contracts with `paying`"),
        ),
    }
}

fn once(place: &str, key: &str, names: &[String]) -> Result<()> {
    let mut known = BTreeSet::new();
    match names.iter().find(|name| !known.insert(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!(
            "{place}: `{key}` names `{name}` twice"
        ))),
    }
}

fn within(place: &str, key: &str, value: u32, least: u32, most: u32) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{place}: `{key}` is {value}, but must lie within {least} and {most}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a journey of one stage `s` with this rule.
    fn refusal(rule: &str) -> String {
        let text = format!(
            "journey: j\norder: [s]\notherwise: none\npath_stages: 8\npaths_kept: 20\n\
             rules:\n  - {rule}\n"
        );
        let journey: Journey = serde_saphyr::from_str(&text).unwrap();
        validate(&[journey]).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn a_rule_is_refused_where_it_cannot_hold() {
        assert_eq!(refusal("{stage: s, paying: {}}"), "fine");
        for (rule, said) in [
            ("{stage: s}", "has no condition"),
            ("{stage: t, paying: {}}", "not in `order`"),
            (
                "{stage: s, paying: {from_day: 9, to_day: 9}}",
                "no time at all",
            ),
            (
                "{stage: s, touches: [{any_of: [], days: 9}]}",
                "names no event",
            ),
            (
                "{stage: s, touches: [{any_of: [a, a], days: 9}]}",
                "names `a` twice",
            ),
            (
                "{stage: s, touches: [{any_of: [a], days: 0}]}",
                "must lie within 1 and 3660",
            ),
            (
                "{stage: s, touches: [{any_of: [a], days: 9, people: 2}]}",
                "2 people cannot make 1 touches",
            ),
            (
                "{stage: s, touches: [{any_of: [opportunity_won], days: 9}]}",
                "is no event of a person",
            ),
            (
                "{stage: s, answer: {metric: ltv, is: good, days: 9}}",
                "is no survey metric",
            ),
            (
                "{stage: s, answer: {metric: nps, kind: annual, is: good, days: 9}}",
                "is no kind of survey",
            ),
        ] {
            assert!(refusal(rule).contains(said), "{}", refusal(rule));
        }
    }

    #[test]
    fn stages_are_named_once_and_each_has_a_rule() {
        let journey = |order: &str, otherwise: &str| Journey {
            journey: "j".to_owned(),
            order: order.split(' ').map(str::to_owned).collect(),
            otherwise: otherwise.to_owned(),
            rules: serde_saphyr::from_str("[{stage: s, paying: {}}]").unwrap(),
            path_stages: 8,
            paths_kept: 20,
        };
        let said = |journey: Journey| {
            validate(&[journey]).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
        };
        assert_eq!(said(journey("s", "none")), "fine");
        assert!(said(journey("s t", "none")).contains("no rule gives the stage `t`"));
        assert!(said(journey("s", "s")).contains("there twice"));
        assert!(said(journey("s a>b", "none")).contains("is no stage"));
        let twice = validate(&[journey("s", "none"), journey("s", "none")]);
        assert!(twice.is_err());
    }

    #[test]
    fn conditions_that_several_rules_share_are_one() {
        let mut journey: Journey = serde_saphyr::from_str(
            "journey: j\norder: [s, t]\notherwise: none\npath_stages: 8\npaths_kept: 20\n\
             rules:\n  - {stage: s, paying: {}, renewal: {within_days: 9}}\n  - {stage: t, \
             paying: {}}\n",
        )
        .unwrap();
        assert_eq!(journey.conditions().len(), 2);
        journey.rules.pop();
        assert_eq!(journey.conditions().len(), 2);
    }
}

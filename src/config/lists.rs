//! The lists that people work through: how long they are for one owner, who is kept
//! out of them to learn what they do, who is eligible, and what is said.
//!
//! Which accounts stand on a list is found out by `sql/marts/*_list.sql`; how tasks are
//! kept over the nights stands in `sql/marts/task.sql`. Where lists are handed over is
//! another section, `handover`.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Localised, Pipeline, named_once, within};
use super::risk::scaled;
use super::tables::{booleans, integers, points, table, texts};
use super::words::{dictionaries, sentences};
use crate::error::{Error, Result};

/// Lists whose rows become tasks.
const TASK_LISTS: [&str; 6] = [
    "advocate",
    "alert",
    "expansion",
    "next_best_action",
    "nurture",
    "risk",
];
/// Reasons that the SQL knows and that must be put in words.
const REASONS: [(&str, &str); 12] = [
    ("advocate", "promoter"),
    ("alert", "champion_left"),
    ("alert", "negative_answer"),
    ("alert", "tier_drop"),
    ("expansion", "seats"),
    ("expansion", "whitespace"),
    ("next_best_action", "moved"),
    ("next_best_action", "seen"),
    ("nurture", "stuck"),
    ("risk", "unnamed"),
    ("survey_send", "relationship"),
    ("survey_send", "stage"),
];
/// Kinds of codes that a pipeline names itself and that stand in sentences.
const WORD_KINDS: [&str; 4] = ["role", "stage", "tier", "metric"];
/// Buckets of `hash_bucket`.
const BUCKETS: i128 = 10_000;

/// The section `lists:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    /// Lists whose rows become tasks, the most urgent kind first.
    pub order: Vec<ListLimit>,
    /// So many open tasks of all kinds are one owner's; the others wait.
    pub tasks_per_owner: u32,
    /// Who is kept out, to learn what the lists do.
    pub holdout: Holdout,
    /// How tasks are kept over the nights.
    pub tasks: TaskRules,
    /// Who may be offered more.
    pub expansion: ExpansionRules,
    /// Who may be asked to speak for us.
    pub advocate: AdvocateRules,
    /// Stages in which a stuck account is helped on.
    pub nurture: NurtureRules,
    /// Who is asked what, and how often.
    pub survey_send: SurveySendRules,
    /// What is shown to whom.
    pub next_best_action: NextBestActionRules,
    /// What somebody must hear of at once.
    pub alert: AlertRules,
    /// When it is asked what followed.
    pub outcome: OutcomeRules,
    /// Lengths of periods in `kpi_overview`.
    pub overview_days: u32,
    /// What each reason is called, and what to do.
    pub reasons: Vec<ListReason>,
    /// Words for codes of the pipeline's own in these sentences: stages, roles and the like.
    #[serde(default)]
    pub words: Vec<ListWord>,
}

/// How long a list is for one owner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListLimit {
    /// alert, risk, expansion, nurture, advocate or `next_best_action`.
    pub list: String,
    /// So many rows an owner can work on; all when left out.
    pub capacity: Option<u32>,
    /// Days until a task of this list is due.
    pub due_days: u32,
    /// Whether a share of the accounts is kept out of this list.
    #[serde(default)]
    pub hold_out: bool,
}

/// The share of accounts that is kept out of lists.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// Share of the accounts, 0 to 0.5.
    pub share: f64,
    /// Another salt chooses other accounts.
    pub salt: String,
}

/// How tasks are kept over the nights.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskRules {
    /// A task that was closed comes back when its reason still holds so many days after.
    pub reopen_after_days: u32,
    /// Tasks are remembered for so many days after they ended.
    pub keep_days: u32,
    /// States by which the CRM says that a task is closed, lower case.
    pub closed_statuses: Vec<String>,
}

/// Who may be offered more.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpansionRules {
    /// Health tiers that are healthy.
    pub tiers: Vec<String>,
    /// Priorities of tickets that must not be open, lower case.
    pub severe_priorities: Vec<String>,
    /// Use of 28 days as a share of the 28 before, below which it declines.
    pub use_from: f64,
    /// Share of the seats that people use, from which on seats are near the limit.
    pub seats_from: f64,
    /// Share of the peers who have a product, from which on its absence is whitespace.
    pub peer_share_from: f64,
}

/// Who may be asked to speak for us.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvocateRules {
    /// Health tiers that are healthy.
    pub tiers: Vec<String>,
    /// Influence of the role from which on a person is heard, 0 to 1.
    pub influence_from: f64,
    /// Days for which an answer speaks.
    pub answer_days: u32,
}

/// Stages in which a stuck account is helped on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NurtureRules {
    /// Name of the journey.
    pub journey: String,
    /// Its stages in which nobody should stay.
    pub stages: Vec<String>,
}

/// Who is asked what, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveySendRules {
    /// The journey whose changes of stage lead to a question.
    pub journey: String,
    /// A change of stage asks for so many days; a night that fails loses nothing.
    pub trigger_days: u32,
    /// Nobody is asked again within so many days, whatever about.
    pub rest_days: u32,
    /// So many people of one account are asked within `account_days`.
    pub account_quota: u32,
    /// Days over which the quota of an account counts.
    pub account_days: u32,
    /// Days after which a customer is asked about the relationship again.
    pub relationship_every_days: u32,
    /// Customers of fewer days are not asked about the relationship.
    pub relationship_from_day: u32,
    /// Who is asked about which stage.
    pub stages: Vec<SurveyTrigger>,
}

/// Who is asked about a stage.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyTrigger {
    /// Stage of the journey.
    pub stage: String,
    /// Days in the stage before it is asked about.
    pub after_days: u32,
    /// Roles that are asked.
    pub roles: Vec<String>,
}

/// What is shown to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextBestActionRules {
    /// Nothing is proposed that the person saw, or was sent, within so many days.
    pub suppress_days: u32,
    /// Nobody is approached who was spoken to within so many days.
    pub quiet_days: u32,
    /// So many proposals for one account.
    pub per_account: u32,
}

/// What somebody must hear of at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRules {
    /// Days for which an event is an alert.
    pub days: u32,
}

/// When it is asked what followed a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRules {
    /// The next answer counts when it comes within so many days.
    pub answer_days: u32,
    /// Use is compared so many days later, and it is asked whether the account pays.
    pub after_days: u32,
}

/// What a reason is called, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListReason {
    /// The list.
    pub list: String,
    /// The reason.
    pub reason: String,
    /// Why, in words; braces stand for the evidence.
    pub why: Localised,
    /// What to do.
    pub next_step: Localised,
}

/// A word for a code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListWord {
    /// role, stage, tier or metric.
    pub kind: String,
    /// The code, as it stands in the tables.
    pub code: String,
    /// What people call it.
    pub name: Localised,
}

pub(crate) fn validate(lists: &Lists) -> Result<()> {
    let order: Vec<&str> = lists.order.iter().map(|one| one.list.as_str()).collect();
    named_once("lists.order", order.iter().copied())?;
    if order.iter().copied().collect::<BTreeSet<_>>() != TASK_LISTS.into() {
        return Err(Error::usage("`lists.order` must name every list once")
            .with_hint(format!("lists are {}", TASK_LISTS.join(", "))));
    }
    let reasons = (lists.reasons.iter()).map(|one| (one.list.as_str(), one.reason.as_str()));
    let named: BTreeSet<_> = reasons.collect();
    if named.len() != lists.reasons.len() || named != REASONS.into() {
        let known: Vec<String> = (REASONS.iter())
            .map(|(list, reason)| format!("{list} {reason}"))
            .collect();
        return Err(
            Error::usage("`lists.reasons` must put every reason in words, once")
                .with_hint(format!("reasons are {}", known.join(", "))),
        );
    }
    if let Some(strange) = (lists.words.iter()).find(|one| !WORD_KINDS.contains(&one.kind.as_str()))
    {
        return Err(
            Error::usage(format!("`lists.words`: `{}` is no kind", strange.kind))
                .with_hint(format!("kinds are {}", WORD_KINDS.join(", "))),
        );
    }
    numbers(lists)?;
    let shares = [
        ("holdout.share", lists.holdout.share, 0.5),
        ("expansion.use_from", lists.expansion.use_from, 10.0),
        ("expansion.seats_from", lists.expansion.seats_from, 1.0),
        (
            "expansion.peer_share_from",
            lists.expansion.peer_share_from,
            1.0,
        ),
        (
            "advocate.influence_from",
            lists.advocate.influence_from,
            1.0,
        ),
    ];
    for (name, value, most) in shares {
        let name = format!("lists.{name}");
        scaled(&name, value)?;
        if !(0.0..=most).contains(&value) {
            return Err(Error::usage(format!(
                "`{name}` is {value}, but must lie within 0 and {most}"
            )));
        }
    }
    if lists.expansion.seats_from == 0.0 {
        return Err(Error::usage("`lists.expansion.seats_from` must not be 0"));
    }
    Ok(())
}

fn numbers(lists: &Lists) -> Result<()> {
    let survey = &lists.survey_send;
    for (name, value, least, most) in [
        ("tasks_per_owner", lists.tasks_per_owner, 1, 10_000),
        (
            "tasks.reopen_after_days",
            lists.tasks.reopen_after_days,
            1,
            730,
        ),
        ("tasks.keep_days", lists.tasks.keep_days, 90, 1_830),
        ("advocate.answer_days", lists.advocate.answer_days, 1, 730),
        ("survey_send.trigger_days", survey.trigger_days, 1, 90),
        ("survey_send.rest_days", survey.rest_days, 1, 365),
        ("survey_send.account_quota", survey.account_quota, 1, 10_000),
        ("survey_send.account_days", survey.account_days, 1, 365),
        (
            "survey_send.relationship_every_days",
            survey.relationship_every_days,
            30,
            1_095,
        ),
        (
            "survey_send.relationship_from_day",
            survey.relationship_from_day,
            0,
            365,
        ),
        (
            "next_best_action.suppress_days",
            lists.next_best_action.suppress_days,
            1,
            365,
        ),
        (
            "next_best_action.quiet_days",
            lists.next_best_action.quiet_days,
            0,
            90,
        ),
        (
            "next_best_action.per_account",
            lists.next_best_action.per_account,
            1,
            100,
        ),
        ("alert.days", lists.alert.days, 1, 90),
        ("outcome.answer_days", lists.outcome.answer_days, 1, 365),
        ("outcome.after_days", lists.outcome.after_days, 28, 365),
        ("overview_days", lists.overview_days, 28, 365),
    ] {
        within(&format!("lists.{name}"), value, least, most)?;
    }
    for one in &lists.order {
        within(
            &format!("lists.order: due_days of {}", one.list),
            one.due_days,
            0,
            365,
        )?;
        let capacity = one.capacity.unwrap_or(1);
        within(
            &format!("lists.order: capacity of {}", one.list),
            capacity,
            1,
            10_000,
        )?;
    }
    let triggers = survey.stages.iter().map(|trigger| trigger.stage.as_str());
    named_once("lists.survey_send.stages", triggers)
}

/// `cfg_list_rule` (one row), `cfg_list_limit`, `cfg_list_value`, `cfg_list_reason`
/// and `cfg_survey_trigger`.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let lists = &pipeline.lists;
    Ok(vec![
        ("cfg_list_rule", rules(lists)?),
        ("cfg_list_limit", limits(lists)?),
        ("cfg_list_value", values(lists)?),
        ("cfg_list_reason", reasons(pipeline)?),
        ("cfg_survey_trigger", triggers(lists)?),
    ])
}

fn rules(lists: &Lists) -> Result<RecordBatch> {
    let number = |name, value: u32| integers(name, [i64::from(value)]);
    let buckets = scaled("lists.holdout.share", lists.holdout.share)?;
    let buckets = i64::try_from(buckets.min(BUCKETS)).unwrap_or_default();
    table(vec![
        integers("holdout_buckets", [buckets]),
        texts("holdout_salt", [lists.holdout.salt.as_str()]),
        number("tasks_per_owner", lists.tasks_per_owner),
        number("reopen_after_days", lists.tasks.reopen_after_days),
        number("keep_days", lists.tasks.keep_days),
        points("use_from", [lists.expansion.use_from])?,
        points("seats_from", [lists.expansion.seats_from])?,
        points("peer_share_from", [lists.expansion.peer_share_from])?,
        points("influence_from", [lists.advocate.influence_from])?,
        number("advocate_answer_days", lists.advocate.answer_days),
        texts("nurture_journey", [lists.nurture.journey.as_str()]),
        texts("survey_journey", [lists.survey_send.journey.as_str()]),
        number("trigger_days", lists.survey_send.trigger_days),
        number("rest_days", lists.survey_send.rest_days),
        number("account_quota", lists.survey_send.account_quota),
        number("account_days", lists.survey_send.account_days),
        number(
            "relationship_every_days",
            lists.survey_send.relationship_every_days,
        ),
        number(
            "relationship_from_day",
            lists.survey_send.relationship_from_day,
        ),
        number("suppress_days", lists.next_best_action.suppress_days),
        number("quiet_days", lists.next_best_action.quiet_days),
        number("actions_per_account", lists.next_best_action.per_account),
        number("alert_days", lists.alert.days),
        number("outcome_answer_days", lists.outcome.answer_days),
        number("outcome_after_days", lists.outcome.after_days),
        number("overview_days", lists.overview_days),
    ])
}

fn limits(lists: &Lists) -> Result<RecordBatch> {
    let all = &lists.order;
    table(vec![
        texts("list", all.iter().map(|one| one.list.as_str())),
        integers("urgency", (1_i64..).take(all.len())),
        integers(
            "capacity",
            all.iter()
                .map(|one| one.capacity.map_or(i64::from(i32::MAX), i64::from)),
        ),
        integers("due_days", all.iter().map(|one| i64::from(one.due_days))),
        booleans("hold_out", all.iter().map(|one| one.hold_out).collect()),
    ])
}

fn values(lists: &Lists) -> Result<RecordBatch> {
    let named = [
        ("closed_status", &lists.tasks.closed_statuses),
        ("expansion_tier", &lists.expansion.tiers),
        ("severe_priority", &lists.expansion.severe_priorities),
        ("advocate_tier", &lists.advocate.tiers),
        ("nurture_stage", &lists.nurture.stages),
    ];
    let rows: Vec<(&str, &str)> = named
        .iter()
        .flat_map(|(name, values)| values.iter().map(|value| (*name, value.as_str())))
        .collect();
    table(vec![
        texts("setting", rows.iter().map(|row| row.0)),
        texts("value", rows.iter().map(|row| row.1)),
    ])
}

fn reasons(pipeline: &Pipeline) -> Result<RecordBatch> {
    let all = &pipeline.lists.reasons;
    let mut columns = vec![
        texts("list", all.iter().map(|one| one.list.as_str())),
        texts("reason", all.iter().map(|one| one.reason.as_str())),
    ];
    columns.extend(sentences(
        ["why", "why_en", "why_ja"],
        &all.iter().map(|one| Some(&one.why)),
        pipeline,
    ));
    columns.extend(sentences(
        ["next_step", "next_step_en", "next_step_ja"],
        &all.iter().map(|one| Some(&one.next_step)),
        pipeline,
    ));
    let spoken: Vec<_> = all
        .iter()
        .map(|one| vec![&one.why, &one.next_step])
        .collect();
    columns.extend(dictionaries(
        ["words", "words_en", "words_ja"],
        &spoken,
        pipeline,
    ));
    table(columns)
}

fn triggers(lists: &Lists) -> Result<RecordBatch> {
    let rows: Vec<_> = (lists.survey_send.stages.iter())
        .flat_map(|trigger| trigger.roles.iter().map(move |role| (trigger, role)))
        .collect();
    table(vec![
        texts("stage", rows.iter().map(|row| row.0.stage.as_str())),
        texts("role", rows.iter().map(|row| row.1.as_str())),
        integers(
            "after_days",
            rows.iter().map(|row| i64::from(row.0.after_days)),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::{Pipeline, SHIPPED_PIPELINE};
    use super::*;

    fn shipped() -> Lists {
        Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE)
            .unwrap()
            .lists
    }

    #[test]
    fn every_list_and_reason_is_named_once() {
        let mut lists = shipped();
        assert!(validate(&lists).is_ok());
        lists.reasons.pop();
        assert!(validate(&lists).is_err());
        let mut lists = shipped();
        lists.order[0].list = "risky".to_owned();
        assert!(validate(&lists).is_err());
    }

    #[test]
    fn no_more_than_half_is_held_out() {
        let mut lists = shipped();
        lists.holdout.share = 0.6;
        let error = validate(&lists).unwrap_err();
        assert!(error.to_string().contains("holdout.share"), "{error}");
    }
}

//! How the customer's voice is counted: over which days a change is told, whose
//! answers decide, which bands an account stands in, what driver questions mean,
//! and when delivery figures look better than what the customers say.
//!
//! Scales of the metrics stand in `survey`, influence in `buying_group`: this
//! section only says which moment of a purchase a survey's stage belongs to.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Localised, Pipeline, named_once, within};
use super::tables::{floats, integers, points, table, texts};
use crate::error::{Error, Result};

/// The section `voice:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// A change is that of the last so many days against as many before them.
    pub change_days: u32,
    /// Days for which a relationship answer speaks for its person.
    pub answer_days: u32,
    /// Days after an invitation until which nobody is called silent.
    pub silent_from_days: u32,
    /// Days after which an invitation without an answer says nothing any more.
    pub silent_to_days: u32,
    /// People asked from which on the share of silent ones says something.
    pub silent_from_people: u32,
    /// A role decides where its influence is at least this, 0 to 1.
    pub decides_from: f64,
    /// First day of each band of tenure but the first, growing.
    pub tenure_bands_days: Vec<u32>,
    /// First amount of each band of monthly revenue but the first, in the
    /// pipeline's currency, growing.
    pub revenue_bands: Vec<u32>,
    /// Which moment of a purchase a stage of a survey asks about.
    pub stages: Vec<VoiceStage>,
    /// The driver questions and when their weights are believed.
    pub drivers: Drivers,
    /// What makes people buy and what makes them stay.
    pub factors: Vec<ExperienceFactor>,
    /// When delivery figures are doubted.
    pub fulfilment: Fulfilment,
    /// What a business minute of a ticket costs, in the pipeline's currency, where
    /// the ticket does not say its cost.
    pub support_cost_per_minute: f64,
}

/// A survey's stage, as a moment of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceStage {
    /// Stage of the survey, lower case.
    pub stage: String,
    /// new, renewal or expansion, as in `buying_group`.
    pub purchase: String,
    /// Name of the phase, as in `buying_group`.
    pub phase: String,
}

/// The scale of driver questions, and when their weights are refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drivers {
    /// Lowest answer.
    pub scale_min: i32,
    /// Highest answer.
    pub scale_max: i32,
    /// Lowest answer that counts as good.
    pub good_from: i32,
    /// Complete answers that are needed for each driver.
    pub answers_per_driver: u32,
    /// Variance inflation of a driver beyond which two drivers say the same.
    pub largest_inflation: u32,
    /// Repetitions of the bootstrap over accounts.
    pub bootstrap_draws: u32,
}

/// A factor of the experience and the questions that ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperienceFactor {
    /// Name of the factor.
    pub factor: String,
    /// power (the ticket to compete) or sense (what makes business last).
    pub group: String,
    /// What people call it.
    pub label: Localised,
    /// Driver questions that ask for it.
    pub questions: Vec<String>,
}

/// When delivery figures are doubted.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fulfilment {
    /// Share of the deliveries reported on time that came late by their own
    /// dates, from which on the report is doubted, 0 to 1.
    pub contradicted_share: f64,
    /// Answers at deliveries that both sides of a comparison need.
    pub minimum_answers: u32,
    /// Days for which a delivery counts in the health of its account.
    pub health_days: u32,
}

impl Voice {
    /// Shortens what reaches further back than a history of so many days.
    pub(super) fn fit_history(&mut self, days: u32) {
        let most = |value: &mut u32, bound: u32| *value = bound.min(*value);
        most(&mut self.change_days, days / 2);
        most(&mut self.answer_days, days);
        most(&mut self.silent_to_days, days);
        most(&mut self.silent_from_days, days);
        most(&mut self.fulfilment.health_days, days);
    }
}

pub(crate) fn validate(voice: &Voice, history_days: u32) -> Result<()> {
    within("voice.change_days", voice.change_days, 1, history_days / 2)?;
    within("voice.answer_days", voice.answer_days, 1, history_days)?;
    share("voice.decides_from", voice.decides_from)?;
    share(
        "voice.fulfilment.contradicted_share",
        voice.fulfilment.contradicted_share,
    )?;
    within(
        "voice.fulfilment.minimum_answers",
        voice.fulfilment.minimum_answers,
        1,
        100_000,
    )?;
    within(
        "voice.fulfilment.health_days",
        voice.fulfilment.health_days,
        1,
        history_days,
    )?;
    within(
        "voice.silent_to_days",
        voice.silent_to_days,
        1,
        history_days,
    )?;
    within(
        "voice.silent_from_days",
        voice.silent_from_days,
        1,
        voice.silent_to_days,
    )?;
    within(
        "voice.silent_from_people",
        voice.silent_from_people,
        1,
        1_000,
    )?;
    growing("voice.tenure_bands_days", &voice.tenure_bands_days)?;
    growing("voice.revenue_bands", &voice.revenue_bands)?;
    let stages = voice.stages.iter().map(|stage| stage.stage.as_str());
    named_once("voice.stages", stages)?;
    if !(0.0..=100_000.0).contains(&voice.support_cost_per_minute) {
        return Err(Error::usage(format!(
            "`voice.support_cost_per_minute` is {}, but must lie within 0 and 100000",
            voice.support_cost_per_minute
        )));
    }
    check_drivers(&voice.drivers)?;
    check_factors(&voice.factors)
}

fn check_drivers(drivers: &Drivers) -> Result<()> {
    within(
        "voice.drivers.answers_per_driver",
        drivers.answers_per_driver,
        2,
        1000,
    )?;
    within(
        "voice.drivers.largest_inflation",
        drivers.largest_inflation,
        1,
        1000,
    )?;
    within(
        "voice.drivers.bootstrap_draws",
        drivers.bootstrap_draws,
        100,
        5000,
    )?;
    let grows = drivers.scale_min < drivers.good_from && drivers.good_from <= drivers.scale_max;
    if grows {
        return Ok(());
    }
    Err(Error::usage(
        "`voice.drivers`: scale_min < good_from <= scale_max must hold",
    ))
}

fn check_factors(factors: &[ExperienceFactor]) -> Result<()> {
    let names = factors.iter().map(|factor| factor.factor.as_str());
    named_once("voice.factors", names)?;
    let questions = factors.iter().flat_map(|factor| &factor.questions);
    named_once(
        "questions of `voice.factors`",
        questions.map(String::as_str),
    )?;
    let known = BTreeSet::from(["power", "sense"]);
    match (factors.iter()).find(|factor| !known.contains(factor.group.as_str())) {
        None => Ok(()),
        Some(factor) => Err(Error::usage(format!(
            "`voice.factors`: `{}` is in the group `{}`, which is neither power nor sense",
            factor.factor, factor.group
        ))),
    }
}

fn share(place: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{place}` is {value}, but must lie within 0 and 1"
    )))
}

fn growing(place: &str, bounds: &[u32]) -> Result<()> {
    let is_growing = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    if is_growing && bounds.first().is_none_or(|first| *first > 0) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{place}` must hold numbers above zero, each larger than the one before"
    )))
}

/// `cfg_voice` (one row), `cfg_voice_stage`, `cfg_band`, `cfg_experience_factor`.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let voice = &pipeline.voice;
    let drivers = &voice.drivers;
    let settings = table(vec![
        integers("change_days", [i64::from(voice.change_days)]),
        integers("answer_days", [i64::from(voice.answer_days)]),
        points("decides_from", [voice.decides_from])?,
        integers("driver_scale_min", [i64::from(drivers.scale_min)]),
        integers("driver_scale_max", [i64::from(drivers.scale_max)]),
        integers("driver_good_from", [i64::from(drivers.good_from)]),
        integers(
            "answers_per_driver",
            [i64::from(drivers.answers_per_driver)],
        ),
        integers("largest_inflation", [i64::from(drivers.largest_inflation)]),
        integers("bootstrap_draws", [i64::from(drivers.bootstrap_draws)]),
        floats("contradicted_share", [voice.fulfilment.contradicted_share]),
        integers(
            "fulfilment_minimum_answers",
            [i64::from(voice.fulfilment.minimum_answers)],
        ),
        integers(
            "fulfilment_health_days",
            [i64::from(voice.fulfilment.health_days)],
        ),
        integers("silent_from_days", [i64::from(voice.silent_from_days)]),
        integers("silent_to_days", [i64::from(voice.silent_to_days)]),
        integers("silent_from_people", [i64::from(voice.silent_from_people)]),
        points("support_cost_per_minute", [voice.support_cost_per_minute])?,
    ])?;
    let stages = &voice.stages;
    let stages = table(vec![
        texts("stage", stages.iter().map(|stage| stage.stage.as_str())),
        texts(
            "purchase",
            stages.iter().map(|stage| stage.purchase.as_str()),
        ),
        texts("phase", stages.iter().map(|stage| stage.phase.as_str())),
    ])?;
    Ok(vec![
        ("cfg_voice", settings),
        ("cfg_voice_stage", stages),
        ("cfg_band", bands(voice)?),
        ("cfg_experience_factor", factors(pipeline)?),
    ])
}

/// Half-open ranges, named as people read them: `0-179`, `180-364`, `365+`.
fn bands(voice: &Voice) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for (dimension, bounds) in [
        ("tenure_days", &voice.tenure_bands_days),
        ("monthly_revenue", &voice.revenue_bands),
    ] {
        let starts = std::iter::once(0).chain(bounds.iter().copied());
        let ends = bounds.iter().copied().map(Some).chain([None]);
        for (start, end) in starts.zip(ends) {
            let label = match end {
                Some(end) => format!("{start}-{}", end - 1),
                None => format!("{start}+"),
            };
            let end = end.map_or(i64::MAX, i64::from);
            rows.push((dimension, i64::from(start), end, label));
        }
    }
    table(vec![
        texts("dimension", rows.iter().map(|row| row.0)),
        integers("from_value", rows.iter().map(|row| row.1)),
        integers("to_value", rows.iter().map(|row| row.2)),
        texts("label", rows.iter().map(|row| row.3.as_str())),
    ])
}

fn factors(pipeline: &Pipeline) -> Result<RecordBatch> {
    let rows: Vec<_> = (pipeline.voice.factors.iter())
        .flat_map(|factor| factor.questions.iter().map(move |asked| (factor, asked)))
        .collect();
    table(vec![
        texts("factor", rows.iter().map(|row| row.0.factor.as_str())),
        texts("factor_group", rows.iter().map(|row| row.0.group.as_str())),
        texts(
            "label",
            rows.iter().map(|row| row.0.label.text(pipeline.language)),
        ),
        texts("question", rows.iter().map(|row| row.1.as_str())),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::SHIPPED_PIPELINE;
    use super::*;

    fn shipped() -> Pipeline {
        Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE).unwrap()
    }

    #[test]
    fn bands_have_no_gap_and_are_named() {
        let mut voice = shipped().voice;
        voice.tenure_bands_days = vec![180, 365];
        voice.revenue_bands = Vec::new();
        let text = arrow::util::pretty::pretty_format_batches(&[bands(&voice).unwrap()])
            .unwrap()
            .to_string();
        for label in ["| 0-179 ", "| 180-364 ", "| 365+ ", "| 0+ "] {
            assert!(text.contains(label), "{label} {text}");
        }
    }

    #[test]
    fn bands_grow_and_a_question_asks_for_one_factor() {
        let pipeline = shipped();
        let mut voice = pipeline.voice.clone();
        assert!(validate(&voice, pipeline.history_days).is_ok());
        voice.tenure_bands_days = vec![365, 180];
        assert!(validate(&voice, pipeline.history_days).is_err());
        let mut voice = pipeline.voice.clone();
        let question = voice.factors[0].questions[0].clone();
        voice.factors[1].questions.push(question);
        assert!(validate(&voice, pipeline.history_days).is_err());
        let mut voice = pipeline.voice.clone();
        voice.factors[0].group = "virtue".to_owned();
        let error = validate(&voice, pipeline.history_days).unwrap_err();
        assert!(error.to_string().contains("virtue"), "{error}");
    }

    #[test]
    fn both_periods_of_a_change_lie_within_the_history() {
        let pipeline = shipped();
        let mut voice = pipeline.voice.clone();
        voice.change_days = pipeline.history_days;
        assert!(validate(&voice, pipeline.history_days).is_err());
    }
}

//! How the churn model is trained, judged and put in words.
//!
//! The horizon and the tiers are those of `risk:`. What the learner does with
//! these numbers stands in `src/step`.

use std::sync::Arc;

use arrow::array::{DictionaryArray, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::Int32Type;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Localised, Pipeline, named_once, within};
use super::tables::{booleans, dates, floats, integers, table, texts};
use super::words::sentences;
use crate::error::{Error, Result};

/// The section `churn_model:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChurnSettings {
    /// Month-ends before the day of training that are looked at.
    pub months: u32,
    /// From which number of lost accounts on which models are tried.
    pub ladder: Ladder,
    /// Penalty of the regression, on standardised features.
    pub l2: f64,
    /// Quarters that are forecast from what lies before them.
    pub folds: u32,
    /// Draws of accounts for each interval.
    pub resamples: u32,
    /// Standard errors by which the log loss must be better than every baseline's.
    pub margin_over_baselines: f64,
    /// Standard errors by which it must be better than the present model's.
    pub margin_over_champion: f64,
    /// Rows from which on calibration is isotonic, where there are events enough.
    pub isotonic_rows: u32,
    /// Events from which on calibration is isotonic, where there are rows enough.
    pub isotonic_events: u32,
    /// Accounts that can be worked on in one night: lift and revenue caught are of a
    /// list of this length.
    pub list_length: u32,
    /// Stability index from which on a feature has moved.
    pub drift_limit: f64,
    /// Names the draws; another seed is another model.
    pub seed: u64,
    /// The feature that says how long ago the account was active.
    pub recency_feature: String,
    /// The feature that says how near the renewal is.
    pub renewal_feature: String,
    /// How a reason is said; `{label}`, `{value}` and `{typical}` stand for its parts.
    pub known: Localised,
    /// How it is said that a value is not known; `{label}` stands for the feature.
    pub unknown: Localised,
    /// What the model may look at.
    pub features: Vec<ChurnFeature>,
}

/// From which number of lost accounts on which models are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// The regression; below there is the scorecard only.
    pub logistic: u32,
    /// The mean of regression and trees.
    pub blend: u32,
    /// Trees alone.
    pub boosting: u32,
}

/// A feature that the model may look at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChurnFeature {
    /// Name of the feature, as in `feature_definition`, which says whether a model may
    /// learn from it.
    pub feature: String,
    /// What it is called in words.
    pub label: Localised,
    /// What to do where it raises the risk; needed where somebody can do something.
    pub next_step: Option<Localised>,
    /// Whether somebody can do something about it.
    pub is_actionable: bool,
}

/// The newest quarter can be forecast when one month-end before it has a horizon that
/// had passed when the quarter began.
fn validate_months(months: u32, horizon_days: u32) -> Result<()> {
    within("churn_model.months", months, 6, 120)?;
    let least = 3 + horizon_days.div_ceil(31);
    if months < least {
        return Err(Error::usage(format!(
            "`churn_model.months` is {months}, but with `risk.horizon_days: {horizon_days}` no quarter can be forecast from less than {least} months"
        )));
    }
    Ok(())
}

pub(crate) fn validate(churn: &ChurnSettings, horizon_days: u32) -> Result<()> {
    validate_months(churn.months, horizon_days)?;
    within("churn_model.folds", churn.folds, 1, 20)?;
    within("churn_model.resamples", churn.resamples, 50, 5000)?;
    within("churn_model.list_length", churn.list_length, 1, 100_000)?;
    let Ladder {
        logistic,
        blend,
        boosting,
    } = churn.ladder;
    if logistic == 0 || logistic > blend || blend > boosting {
        return Err(Error::usage(
            "`churn_model.ladder` must rise from logistic to blend to boosting",
        ));
    }
    let numbers = [
        ("l2", churn.l2, 0.001, 100_000.0),
        (
            "margin_over_baselines",
            churn.margin_over_baselines,
            0.0,
            10.0,
        ),
        (
            "margin_over_champion",
            churn.margin_over_champion,
            0.0,
            10.0,
        ),
        ("drift_limit", churn.drift_limit, 0.01, 10.0),
    ];
    for (name, value, least, most) in numbers {
        if !(least..=most).contains(&value) {
            return Err(Error::usage(format!(
                "`churn_model.{name}` is {value}, but must lie within {least} and {most}"
            )));
        }
    }
    let features = churn
        .features
        .iter()
        .map(|feature| feature.feature.as_str());
    named_once("churn_model.features", features.clone())?;
    if let Some(helpless) = churn
        .features
        .iter()
        .find(|feature| feature.is_actionable && feature.next_step.is_none())
    {
        return Err(Error::usage(format!(
            "`churn_model.features`: `{}` is actionable, but has no `next_step`",
            helpless.feature
        ))
        .with_hint("say what to do, or set `is_actionable: false`"));
    }
    for (place, named) in [
        ("recency_feature", &churn.recency_feature),
        ("renewal_feature", &churn.renewal_feature),
    ] {
        if !features.clone().any(|feature| feature == named) {
            return Err(Error::usage(format!(
                "`churn_model.{place}`: `{named}` is not among `features`"
            )));
        }
    }
    Ok(())
}

pub(super) fn tables(pipeline: &Pipeline) -> Result<[(&'static str, RecordBatch); 2]> {
    let churn = &pipeline.churn_model;
    let all = &churn.features;
    let mut settings = vec![
        integers("list_length", [i64::from(churn.list_length)]),
        floats("drift_limit", [churn.drift_limit]),
    ];
    settings.extend(sentences(
        ["known", "known_en", "known_ja"],
        &[Some(&churn.known)].into_iter(),
        pipeline,
    ));
    settings.extend(sentences(
        ["unknown", "unknown_en", "unknown_ja"],
        &[Some(&churn.unknown)].into_iter(),
        pipeline,
    ));
    let mut features = vec![
        texts("feature", all.iter().map(|one| one.feature.as_str())),
        booleans(
            "is_actionable",
            all.iter().map(|one| one.is_actionable).collect(),
        ),
    ];
    features.extend(sentences(
        ["label", "label_en", "label_ja"],
        &all.iter().map(|one| Some(&one.label)),
        pipeline,
    ));
    features.extend(sentences(
        ["next_step", "next_step_en", "next_step_ja"],
        &all.iter().map(|one| one.next_step.as_ref()),
        pipeline,
    ));
    let (settings, features) = (table(settings)?, table(features)?);
    Ok([("cfg_churn", settings), ("cfg_churn_feature", features)])
}

/// A trained model as the nights read it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainedTables {
    /// `logistic`, `blend` or `boosting`; nothing where the scorecard is in charge.
    pub champion: Option<Champion>,
    /// Lines of the newest card and of the champion's.
    pub card: Vec<CardRow>,
    /// The champion's features as they were in training.
    pub references: Vec<ReferenceRow>,
}

/// The model in charge.
#[derive(Clone, Debug, PartialEq)]
pub struct Champion {
    /// Which kind of model.
    pub kind: String,
    /// Names the file it is in.
    pub version: String,
    /// The day it was trained for.
    pub trained_as_of: Date,
    /// The text that `churn_parts` takes.
    pub text: String,
}

/// One line of a card.
#[derive(Clone, Debug, PartialEq)]
pub struct CardRow {
    /// `champion` or `newest`.
    pub role: String,
    /// Which kind of model; `none` where nothing was learned.
    pub kind: String,
    /// Names the file.
    pub version: String,
    /// The day it was trained for.
    pub trained_as_of: Date,
    /// What is measured, the dimension, and its value.
    pub place: [String; 3],
    /// The figure and its interval.
    pub figure: [Option<f64>; 3],
    /// Rows and events behind it.
    pub counts: [Option<i64>; 2],
    /// In words.
    pub note: String,
}

/// One bin of a feature in training.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceRow {
    /// Name of the feature.
    pub feature: String,
    /// Median of the known values.
    pub typical: Option<f64>,
    /// Accounts that were looked at.
    pub accounts: i64,
    /// 95 % quantile of chi-square.
    pub chi_square: f64,
    /// Number of the bin.
    pub bin: i64,
    /// Least value.
    pub from: Option<f64>,
    /// First value beyond.
    pub to: Option<f64>,
    /// Whether it is the bin of what is not known.
    pub is_missing: bool,
    /// Share of the rows.
    pub share: f64,
}

/// The tables of a trained model; without one they are empty.
///
/// # Errors
/// A bug if columns are uneven.
pub fn trained(model: Option<&TrainedTables>) -> Result<[(&'static str, RecordBatch); 3]> {
    let nothing = TrainedTables::default();
    let model = model.unwrap_or(&nothing);
    let champion = model.champion.as_slice();
    // A dictionary: joined to every account, the text is still there once.
    let text: DictionaryArray<Int32Type> = champion.iter().map(|one| one.text.as_str()).collect();
    let champions = table(vec![
        texts("kind", champion.iter().map(|one| one.kind.as_str())),
        texts("version", champion.iter().map(|one| one.version.as_str())),
        dates(
            "trained_as_of",
            champion.iter().map(|one| one.trained_as_of),
        ),
        ("model", Arc::new(text)),
    ])?;
    let card = &model.card;
    let figure = |at: usize| {
        card.iter()
            .map(|row| row.figure[at])
            .collect::<Float64Array>()
    };
    let count = |at: usize| {
        card.iter()
            .map(|row| row.counts[at])
            .collect::<Int64Array>()
    };
    let place = |at: usize| card.iter().map(move |row| row.place[at].as_str());
    let lines = table(vec![
        texts("model_role", card.iter().map(|row| row.role.as_str())),
        texts("kind", card.iter().map(|row| row.kind.as_str())),
        texts("version", card.iter().map(|row| row.version.as_str())),
        dates("trained_as_of", card.iter().map(|row| row.trained_as_of)),
        texts("metric", place(0)),
        texts("dimension", place(1)),
        texts("dimension_value", place(2)),
        ("value", Arc::new(figure(0))),
        ("low", Arc::new(figure(1))),
        ("high", Arc::new(figure(2))),
        ("n", Arc::new(count(0))),
        ("events", Arc::new(count(1))),
        texts("note", card.iter().map(|row| row.note.as_str())),
    ])?;
    Ok([
        ("cfg_churn_model", champions),
        ("cfg_churn_card", lines),
        ("cfg_churn_reference", references(&model.references)?),
    ])
}

fn references(rows: &[ReferenceRow]) -> Result<RecordBatch> {
    let maybe = |value: fn(&ReferenceRow) -> Option<f64>| {
        Arc::new(rows.iter().map(value).collect::<Float64Array>())
    };
    table(vec![
        texts("feature", rows.iter().map(|row| row.feature.as_str())),
        ("typical", maybe(|row| row.typical)),
        integers("accounts", rows.iter().map(|row| row.accounts)),
        floats("chi_square", rows.iter().map(|row| row.chi_square)),
        integers("bin", rows.iter().map(|row| row.bin)),
        ("from_value", maybe(|row| row.from)),
        ("to_value", maybe(|row| row.to)),
        booleans(
            "is_missing",
            rows.iter().map(|row| row.is_missing).collect(),
        ),
        floats("share", rows.iter().map(|row| row.share)),
    ])
}

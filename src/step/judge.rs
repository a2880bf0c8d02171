//! Who is in charge: a trained model only if it beat everything it had to.
//!
//! Better means a lower log loss on quarters that lay after everything learned
//! from, by more standard errors (over draws of whole accounts) than demanded, and
//! a ranking whose interval excludes chance. Nothing here is decided by hope: of
//! several candidates the one with the lowest loss is judged, once.

use super::metric::{Judged, Resamples, paired_gain};
use super::rows::Examples;
use crate::function::churn_model::Scorer;

/// Probabilities of one way to know, on the rows that were forecast.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub(super) name: String,
    pub(super) judged: Judged,
    /// By how much the best candidate's loss is lower, and its standard error.
    pub(super) gain: Option<(f64, f64)>,
}

/// What the training came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Too few accounts were lost to learn anything from.
    TooFewEvents {
        /// How many were.
        events: usize,
        /// How many it takes.
        needed: usize,
    },
    /// No quarter could be forecast from what lay before it.
    TooLittleHistory,
    /// It is not better than chance.
    NoSignal,
    /// It is better than chance, but not than this baseline.
    NotBetterThan(String),
    /// It beat everything.
    Better,
}

impl Verdict {
    /// One word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TooFewEvents { .. } => "too_few_events",
            Self::TooLittleHistory => "too_little_history",
            Self::NoSignal => "no_signal",
            Self::NotBetterThan(_) => "not_better",
            Self::Better => "better",
        }
    }

    /// What it means, in English and Japanese.
    pub fn sentences(&self) -> (String, String) {
        match self {
            Self::TooFewEvents { events, needed } => (
                format!(
                    "Too few accounts were lost to learn from: {events}, and it takes {needed}. \
                     The scorecard stays in charge."
                ),
                format!(
                    "学習に必要な解約件数が不足している（{events}件、必要数{needed}件）。\
                     引き続きスコアカードを用いる。"
                ),
            ),
            Self::TooLittleHistory => (
                "There is too little history to forecast a past quarter from what lay before it. \
                 The scorecard stays in charge."
                    .to_owned(),
                "過去の四半期をそれ以前のデータから予測して検証するには履歴が短い。\
                 引き続きスコアカードを用いる。"
                    .to_owned(),
            ),
            Self::NoSignal => (
                "There is no signal: the model forecast past quarters no better than chance. \
                 The scorecard stays in charge, and its ranking should be doubted too."
                    .to_owned(),
                "予測に使える情報が見られない：過去の四半期の予測は偶然と変わらない。\
                 引き続きスコアカードを用いるが、その順位も疑うべきである。"
                    .to_owned(),
            ),
            Self::NotBetterThan(baseline) => (
                format!(
                    "The model forecast past quarters better than chance, but not better than \
                     {baseline} alone by the margin that is demanded. The scorecard stays in charge."
                ),
                format!(
                    "モデルは偶然よりは良いが、{baseline}のみによる予測を、求められる差では\
                     上回らなかった。引き続きスコアカードを用いる。"
                ),
            ),
            Self::Better => (
                "The model forecast past quarters better than every baseline by the margin that is \
                 demanded."
                    .to_owned(),
                "モデルは過去の四半期を、求められる差ですべての基準より良く予測した。".to_owned(),
            ),
        }
    }
}

/// Fills in the gains of `best` over each of `baselines` and says what they mean.
pub(super) fn verdict(
    best: &Judged,
    baselines: &mut [Fitted],
    resamples: &Resamples,
    margin: f64,
) -> Verdict {
    let losses = best.losses();
    let mut unbeaten = None;
    let mut beats_chance = best.auc(resamples).is_some_and(|auc| auc.low > 0.5);
    for baseline in baselines {
        let (gain, error) = paired_gain(&baseline.judged.losses(), &losses, resamples);
        baseline.gain = Some((gain, error));
        if gain > margin * error && gain > 0.0 {
            continue;
        }
        if baseline.name == CHANCE {
            beats_chance = false;
        }
        unbeaten.get_or_insert_with(|| baseline.name.clone());
    }
    match unbeaten {
        _ if !beats_chance => Verdict::NoSignal,
        Some(name) => Verdict::NotBetterThan(name),
        None => Verdict::Better,
    }
}

/// The baseline that knows nothing but the rate.
pub(super) const CHANCE: &str = "chance";

/// Two models on the same rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Rows that neither had learned from.
    pub rows: usize,
    /// Lost accounts among these rows.
    pub events: usize,
    /// Log loss of the present model.
    pub champion_loss: f64,
    /// Log loss of the new one.
    pub challenger_loss: f64,
    /// By how much the new one is better.
    pub gain: f64,
    /// Standard error of that, over draws of accounts.
    pub error: f64,
}

/// Compares a model that was trained on `trained_on` with the forecasts of a new
/// training, on the cutoffs since that day; nothing where there are none.
pub fn compare(
    champion: &Scorer,
    trained_on: i32,
    examples: &Examples,
    forecast: &super::train::Forecast,
    resamples: usize,
    seed: u64,
) -> Option<Comparison> {
    let places: Vec<usize> = champion
        .features()
        .iter()
        .map(|feature| {
            let known = examples.features.iter().position(|known| known == feature);
            known.unwrap_or(usize::MAX)
        })
        .collect();
    let (mut old, mut new) = (Judged::default(), Judged::default());
    for (place, row) in forecast.rows.iter().enumerate() {
        let example = &examples.rows[*row];
        if example.cutoff < trained_on {
            continue;
        }
        let values = examples.values.row(*row);
        let of = |place: &usize| values.get(*place).copied().unwrap_or(f64::NAN);
        let values: Vec<f64> = places.iter().map(of).collect();
        let label = forecast.judged.label[place];
        old.probability.push(champion.probability(&values));
        new.probability.push(forecast.judged.probability[place]);
        for judged in [&mut old, &mut new] {
            judged.label.push(label);
            judged.account.push(example.account);
        }
    }
    if new.events() == 0 {
        return None;
    }
    let resamples = Resamples::new(&new.account, resamples, seed);
    let (gain, error) = paired_gain(&old.losses(), &new.losses(), &resamples);
    Some(Comparison {
        rows: new.label.len(),
        events: new.events(),
        champion_loss: old.log_loss(),
        challenger_loss: new.log_loss(),
        gain,
        error,
    })
}

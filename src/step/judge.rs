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

#[cfg(test)]
mod tests {
    use super::super::rows::{Example, Values};
    use super::super::train::Forecast;
    use super::*;
    use crate::function::churn_model::{
        Calibration, ChurnModel, Logistic, MODEL_FORMAT, Term, sigmoid,
    };

    const ACCOUNTS: u32 = 400;
    const CUTOFFS: [i32; 3] = [100, 130, 160];

    /// Accounts at three month-ends; of those with the sign, a quarter, four of five are
    /// lost, of the others four of thirty.
    fn examples() -> (Examples, Vec<bool>) {
        let mut examples = Examples {
            features: vec!["noise".to_owned(), "sign".to_owned()],
            segments: vec!["s".to_owned()],
            rows: Vec::new(),
            values: Values::new(2),
        };
        let mut labels = Vec::new();
        for cutoff in CUTOFFS {
            for account in 0..ACCOUNTS {
                let sign = account % 4 == 0;
                labels.push(if sign {
                    account % 20 > 0
                } else {
                    account % 10 == 3
                });
                examples
                    .values
                    .push(&[f64::from(account), f64::from(u8::from(sign))]);
                examples.rows.push(Example {
                    account,
                    cutoff,
                    churned_on: None,
                    revenue: 1,
                    segment: 0,
                    scorecard: 0.0,
                });
            }
        }
        (examples, labels)
    }

    /// A model that gives log-odds of 2 more where the sign is 1, times `strength`.
    fn champion(strength: f64) -> Scorer {
        let term = Term {
            high: 1.0,
            scale: 1.0,
            weight: 2.0 * strength,
            ..Term::default()
        };
        let model = ChurnModel {
            format: MODEL_FORMAT,
            features: vec!["sign".to_owned(), "gone".to_owned()],
            logistic: Some(Logistic {
                intercept: -1.0,
                terms: vec![
                    term,
                    Term {
                        missing_weight: 0.5,
                        ..Term::default()
                    },
                ],
            }),
            forest: None,
            calibration: Calibration::None,
        };
        Scorer::new(model).unwrap()
    }

    /// What a new training says of these rows: as a champion of `strength` would.
    fn forecast(examples: &Examples, labels: &[bool], strength: f64) -> Forecast {
        let rows: Vec<usize> = (0..labels.len()).collect();
        let probability = |row: &usize| {
            let sign = examples.values.row(*row)[1];
            sigmoid(-1.0 + 0.5 + 2.0 * strength * sign)
        };
        Forecast {
            judged: Judged {
                probability: rows.iter().map(probability).collect(),
                label: labels.to_vec(),
                account: examples.rows.iter().map(|row| row.account).collect(),
            },
            rows,
        }
    }

    fn compared(champion_strength: f64, challenger: &Forecast, day: i32) -> Option<Comparison> {
        let (examples, _) = examples();
        compare(
            &champion(champion_strength),
            day,
            &examples,
            challenger,
            200,
            1,
        )
    }

    #[test]
    fn the_better_one_is_better_by_what_can_be_counted_by_hand() {
        let (examples, labels) = examples();
        let found = compared(0.0, &forecast(&examples, &labels, 1.0), 130).unwrap();
        // Two of three month-ends; of forty accounts eight of ten with the sign are lost,
        // and four of thirty without.
        assert_eq!((found.rows, found.events), (800, 2 * 120));
        let flat: f64 = sigmoid(-0.5);
        let steep: f64 = sigmoid(1.5);
        let loss = |with: f64, without: f64| {
            let lost = 8.0 * with.ln() + 4.0 * without.ln();
            let kept = 2.0 * (1.0 - with).ln() + 26.0 * (1.0 - without).ln();
            -(lost + kept) / 40.0
        };
        assert!((found.champion_loss - loss(flat, flat)).abs() < 1e-12);
        assert!((found.challenger_loss - loss(steep, flat)).abs() < 1e-12);
        let gain = found.champion_loss - found.challenger_loss;
        assert!((found.gain - gain).abs() < 1e-12 && gain > 0.0);
        assert!(found.error > 0.0 && found.gain > found.error);
    }

    #[test]
    fn the_worse_one_is_worse_by_the_same() {
        let (examples, labels) = examples();
        let better = compared(0.0, &forecast(&examples, &labels, 1.0), 130).unwrap();
        let worse = compared(1.0, &forecast(&examples, &labels, 0.0), 130).unwrap();
        assert!((worse.gain + better.gain).abs() < 1e-12);
        assert!((worse.error - better.error).abs() < 1e-12);
    }

    #[test]
    fn the_same_is_no_better_and_that_is_certain() {
        let (examples, labels) = examples();
        let found = compared(1.0, &forecast(&examples, &labels, 1.0), 130).unwrap();
        assert!(found.gain.abs() < 1e-15 && found.error.abs() < 1e-15);
    }

    #[test]
    fn only_month_ends_since_the_champion_was_trained_count() {
        let (examples, labels) = examples();
        // Perfect where the champion had learned, blind afterwards.
        let mut challenger = forecast(&examples, &labels, 0.0);
        for (probability, label) in challenger
            .judged
            .probability
            .iter_mut()
            .zip(&labels)
            .take(400)
        {
            *probability = if *label { 0.999 } else { 0.001 };
        }
        let found = compared(1.0, &challenger, 130).unwrap();
        assert!(found.gain < 0.0, "{found:?}");
        assert!(compared(1.0, &challenger, 100).unwrap().gain > found.gain);
        assert_eq!(compared(1.0, &challenger, 160).unwrap().rows, 400);
    }

    #[test]
    fn without_a_ripe_month_end_or_a_loss_nothing_can_be_said() {
        let (examples, labels) = examples();
        let challenger = forecast(&examples, &labels, 1.0);
        assert_eq!(compared(0.0, &challenger, 161), None);
        let nobody = forecast(&examples, &vec![false; labels.len()], 1.0);
        assert_eq!(compared(0.0, &nobody, 100), None);
        assert_eq!(compared(0.0, &Forecast::default(), 100), None);
    }

    /// Verdict on forecasts of `strength` against chance and one baseline.
    fn judged(strength: f64, baseline: f64) -> Verdict {
        let (examples, labels) = examples();
        let fitted = |name: &str, strength| Fitted {
            name: name.to_owned(),
            judged: forecast(&examples, &labels, strength).judged,
            gain: None,
        };
        let best = forecast(&examples, &labels, strength).judged;
        let resamples = Resamples::new(&best.account, 200, 1);
        let mut baselines = [fitted(CHANCE, 0.0), fitted("recency", baseline)];
        let found = verdict(&best, &mut baselines, &resamples, 2.0);
        assert!(baselines.iter().all(|baseline| baseline.gain.is_some()));
        found
    }

    #[test]
    fn a_model_takes_charge_only_if_it_beat_everything() {
        assert_eq!(judged(1.0, 0.1), Verdict::Better);
        assert_eq!(
            judged(1.0, 1.0),
            Verdict::NotBetterThan("recency".to_owned())
        );
        assert_eq!(judged(0.0, 1.0), Verdict::NoSignal);
        assert_eq!(judged(-1.0, 0.0), Verdict::NoSignal);
    }
}

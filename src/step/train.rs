//! From rows to a model: which are tried, how they are forecast, which is kept.
//!
//! The number of lost accounts says what is tried at all. Past quarters are each
//! forecast from cutoffs whose horizon had passed before the quarter began, so
//! that no label overlaps what is learned from (forward chaining with a gap).
//! Classes are not rebalanced. The final model learns from every ripe row and is
//! calibrated on the forecasts.

use rayon::prelude::*;

use super::baseline::Baseline;
use super::boosting::{self, Boosting, Watched};
use super::card::{self, Card};
use super::draw::percentile_of;
use super::judge::{CHANCE, Fitted, Verdict, verdict};
use super::metric::{Judged, Resamples};
use super::reference::{FeatureReference, reference};
use super::rows::{Examples, Values};
use super::{calibrate, logistic, real};
use crate::config::ChurnSettings;
use crate::function::churn_model::{
    Calibration, ChurnModel, Forest, Logistic, MODEL_FORMAT, Scorer,
};

/// Cutoffs that are forecast together.
const FOLD_CUTOFFS: usize = 3;
/// Fewest lost accounts to learn from in a fold.
const LEAST_FOLD_EVENTS: usize = 10;
/// Percent of the accounts that tell when to stop adding trees.
const WATCHED_PERCENT: u64 = 20;
/// Newest cutoffs that drift is later measured against: a whole year has every season.
const REFERENCE_CUTOFFS: usize = 12;

/// What a training gave.
#[derive(Clone, Debug)]
pub struct Trained {
    /// `logistic`, `blend` or `boosting`; `none` where nothing was learned.
    pub kind: String,
    /// The model; absent where nothing could be learned.
    pub model: Option<ChurnModel>,
    /// What it came to.
    pub verdict: Verdict,
    /// How good it is.
    pub card: Card,
    /// What the features looked like.
    pub references: Vec<FeatureReference>,
    /// The forecasts that it was judged by.
    pub forecast: Forecast,
}

/// Probabilities for past quarters, each from what lay before it.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    pub(super) rows: Vec<usize>,
    pub(super) judged: Judged,
}

impl Forecast {
    /// Rows of the examples that were forecast, and their probabilities.
    pub fn probabilities(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.rows
            .iter()
            .copied()
            .zip(self.judged.probability.iter().copied())
    }
}

/// Learns from the rows of `examples` that were ripe on `day`.
pub fn train(examples: &Examples, day: i32, horizon: i32, settings: &ChurnSettings) -> Trained {
    let ripe = examples.ripe(day, horizon);
    let events = ripe.events(horizon);
    let training = Training {
        examples: &ripe,
        horizon,
        settings,
        labels: (0..ripe.rows.len())
            .map(|row| ripe.label(row, horizon))
            .collect(),
        kinds: kinds(events, settings),
    };
    let mut card = Card::default();
    training.window(&mut card, events);
    let needed = settings.ladder.logistic as usize;
    if training.kinds.is_empty() {
        return nothing(Verdict::TooFewEvents { events, needed }, card);
    }
    let folds = training.folds();
    if folds.is_empty() {
        return nothing(Verdict::TooLittleHistory, card);
    }
    training.learn(&folds, card)
}

fn nothing(verdict: Verdict, mut card: Card) -> Trained {
    let (en, ja) = verdict.sentences();
    card.sentence("verdict", en, ja);
    Trained {
        kind: "none".to_owned(),
        model: None,
        verdict,
        card,
        references: Vec::new(),
        forecast: Forecast::default(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Logistic,
    Blend,
    Boosting,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Blend => "blend",
            Self::Boosting => "boosting",
        }
    }
}

/// What is tried with so many lost accounts.
fn kinds(events: usize, settings: &ChurnSettings) -> Vec<Kind> {
    let ladder = settings.ladder;
    let steps = [
        (ladder.logistic, Kind::Logistic),
        (ladder.blend, Kind::Blend),
        (ladder.boosting, Kind::Boosting),
    ];
    let reached = steps
        .into_iter()
        .filter(|(from, _)| events >= *from as usize);
    reached.map(|(_, kind)| kind).collect()
}

struct Training<'a> {
    examples: &'a Examples,
    horizon: i32,
    settings: &'a ChurnSettings,
    labels: Vec<bool>,
    kinds: Vec<Kind>,
}

/// Rows to learn from and rows to forecast.
struct Fold {
    first: i32,
    learned: Vec<usize>,
    forecast: Vec<usize>,
}

/// What was learned from some rows.
struct Learned {
    logistic: Logistic,
    forest: Option<Forest>,
}

impl Training<'_> {
    /// The newest quarters for which enough lies before them, oldest first.
    fn folds(&self) -> Vec<Fold> {
        let cutoffs = self.examples.cutoffs();
        let mut folds = Vec::new();
        for group in cutoffs
            .rchunks(FOLD_CUTOFFS)
            .take(self.settings.folds as usize)
        {
            let (Some(&first), Some(&last)) = (group.first(), group.last()) else {
                continue;
            };
            let learned = self.examples.between(i32::MIN, first - self.horizon);
            let forecast = self.examples.between(first, last);
            let events = self.examples.events_of(&learned, self.horizon);
            if events >= LEAST_FOLD_EVENTS && !forecast.is_empty() {
                folds.push(Fold {
                    first,
                    learned,
                    forecast,
                });
            }
        }
        folds.reverse();
        folds
    }

    fn labels_of(&self, rows: &[usize]) -> Vec<bool> {
        rows.iter().map(|row| self.labels[*row]).collect()
    }

    /// Learns what the ladder allows from these rows.
    fn fit(&self, rows: &[usize]) -> Learned {
        let values = self.examples.values.chosen(rows);
        let labels = self.labels_of(rows);
        let (logistic, forest) = rayon::join(
            || logistic::fit(&values, &labels, self.settings.l2),
            || {
                self.needs_trees()
                    .then(|| self.forest(rows, &values, &labels))
            },
        );
        Learned { logistic, forest }
    }

    fn needs_trees(&self) -> bool {
        self.kinds.iter().any(|kind| *kind != Kind::Logistic)
    }

    /// Finds out on some accounts how many trees are good, then learns from all.
    fn forest(&self, rows: &[usize], values: &Values, labels: &[bool]) -> Forest {
        let seed = self.settings.seed;
        let is_watched = |row: &usize| {
            let account = u64::from(self.examples.rows[*row].account);
            percentile_of(seed, account) < WATCHED_PERCENT
        };
        let (watched, kept): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|row| is_watched(row));
        let settings = Boosting {
            seed,
            ..Boosting::default()
        };
        let (kept_labels, watched_labels) = (self.labels_of(&kept), self.labels_of(&watched));
        let watched = Watched {
            values: &self.examples.values.chosen(&watched),
            labels: &watched_labels,
        };
        let kept = self.examples.values.chosen(&kept);
        let tried = boosting::fit(&kept, &kept_labels, Some(&watched), &settings);
        let settings = Boosting {
            trees: tried.trees.len(),
            ..settings
        };
        boosting::fit(values, labels, None, &settings)
    }

    fn model(&self, kind: Kind, learned: &Learned, calibration: Calibration) -> ChurnModel {
        ChurnModel {
            format: MODEL_FORMAT,
            features: self.examples.features.clone(),
            logistic: (kind != Kind::Boosting).then(|| learned.logistic.clone()),
            forest: learned.forest.clone().filter(|_| kind != Kind::Logistic),
            calibration,
        }
    }

    /// Log-odds of these rows, not calibrated.
    fn log_odds(&self, kind: Kind, learned: &Learned, rows: &[usize]) -> Vec<f64> {
        let scorer = Scorer::new(self.model(kind, learned, Calibration::None));
        let score = |row: &usize| {
            let values = self.examples.values.row(*row);
            scorer
                .as_ref()
                .map_or(0.0, |scorer| scorer.log_odds(values))
        };
        rows.par_iter().map(score).collect()
    }

    fn learn(&self, folds: &[Fold], mut card: Card) -> Trained {
        let learned: Vec<Learned> = folds.iter().map(|fold| self.fit(&fold.learned)).collect();
        let rows: Vec<usize> = folds
            .iter()
            .flat_map(|fold| fold.forecast.clone())
            .collect();
        let accounts: Vec<u32> = rows
            .iter()
            .map(|row| self.examples.rows[*row].account)
            .collect();
        let times = self.settings.resamples as usize;
        let resamples = Resamples::new(&accounts, times, self.settings.seed);
        let mut candidates = Vec::new();
        let mut scores = Vec::new();
        for kind in &self.kinds {
            let raw: Vec<Vec<f64>> = folds
                .iter()
                .zip(&learned)
                .map(|(fold, learned)| self.log_odds(*kind, learned, &fold.forecast))
                .collect();
            let probability = self.calibrated(folds, &raw);
            candidates.push(self.fitted(kind.name(), &rows, probability));
            scores.push(raw.concat());
        }
        let mut baselines = self.baselines(folds, &rows);
        let best = (0..candidates.len())
            .min_by(|one, other| {
                let loss = |index: &usize| candidates[*index].judged.log_loss();
                loss(one).total_cmp(&loss(other)).then(one.cmp(other))
            })
            .unwrap_or(0);
        let judged = candidates[best].judged.clone();
        let margin = self.settings.margin_over_baselines;
        let verdict = verdict(&judged, &mut baselines, &resamples, margin);
        let (en, ja) = verdict.sentences();
        card.sentence("verdict", en, ja);
        let length = self.settings.list_length as usize;
        card::measure(&mut card, self.examples, &rows, &judged, &resamples, length);
        card::contest(&mut card, "candidate", &candidates);
        card::contest(&mut card, "baseline", &baselines);
        by_fold(&mut card, folds, &judged);
        let everything: Vec<usize> = (0..self.labels.len()).collect();
        let calibration = self.calibration(&scores[best], &self.labels_of(&rows));
        let kind = self.kinds[best];
        let model = self.model(kind, &self.fit(&everything), calibration);
        Trained {
            kind: kind.name().to_owned(),
            references: self.references(&model),
            model: Some(model),
            verdict,
            card,
            forecast: Forecast { rows, judged },
        }
    }

    fn calibration(&self, scores: &[f64], labels: &[bool]) -> Calibration {
        let rows = self.settings.isotonic_rows as usize;
        let events = self.settings.isotonic_events as usize;
        calibrate::fit(scores, labels, rows, events)
    }

    /// Probabilities of each fold, calibrated on forecasts that were ripe before it.
    fn calibrated(&self, folds: &[Fold], raw: &[Vec<f64>]) -> Vec<f64> {
        let mut probabilities = Vec::new();
        for (fold, scores) in folds.iter().zip(raw) {
            let (mut known, mut labels) = (Vec::new(), Vec::new());
            for (earlier, scores) in folds.iter().zip(raw) {
                for (row, score) in earlier.forecast.iter().zip(scores) {
                    if self.examples.rows[*row].cutoff + self.horizon <= fold.first {
                        known.push(*score);
                        labels.push(self.labels[*row]);
                    }
                }
            }
            let calibration = self.calibration(&known, &labels);
            probabilities.extend(scores.iter().map(|score| calibration.probability(*score)));
        }
        probabilities
    }

    fn fitted(&self, name: &str, rows: &[usize], probability: Vec<f64>) -> Fitted {
        Fitted {
            name: name.to_owned(),
            judged: Judged {
                probability,
                label: self.labels_of(rows),
                account: rows
                    .iter()
                    .map(|row| self.examples.rows[*row].account)
                    .collect(),
            },
            gain: None,
        }
    }

    /// What must be beaten, learned and forecast in the same way.
    fn baselines(&self, folds: &[Fold], rows: &[usize]) -> Vec<Fitted> {
        let settings = self.settings;
        let feature = |name: &str| {
            let column = self
                .examples
                .features
                .iter()
                .position(|known| known == name);
            let numbers = |column| self.examples.values.column(column).collect();
            column.map_or_else(|| vec![f64::NAN; self.labels.len()], numbers)
        };
        let scorecard = self.examples.rows.iter().map(|row| row.scorecard).collect();
        let numbers: [(&str, Vec<f64>); 5] = [
            (CHANCE, vec![f64::NAN; self.labels.len()]),
            ("recency", feature(&settings.recency_feature)),
            ("days_to_renewal", feature(&settings.renewal_feature)),
            ("last_quarter_score", self.last_quarter()),
            ("scorecard", scorecard),
        ];
        let fitted = numbers.into_iter().map(|(name, numbers)| {
            let of = |rows: &[usize]| rows.iter().map(|row| numbers[*row]).collect::<Vec<_>>();
            let mut probabilities = Vec::new();
            for fold in folds {
                let labels = self.labels_of(&fold.learned);
                let baseline = Baseline::fit(&of(&fold.learned), &labels);
                let forecast = of(&fold.forecast);
                probabilities.extend(forecast.iter().map(|number| baseline.probability(*number)));
            }
            self.fitted(name, rows, probabilities)
        });
        fitted.collect()
    }

    /// The scorecard's log-odds of the same account three cutoffs before.
    fn last_quarter(&self) -> Vec<f64> {
        let cutoffs = self.examples.cutoffs();
        let rows = &self.examples.rows;
        rows.iter()
            .map(|row| {
                let place = cutoffs.partition_point(|cutoff| *cutoff < row.cutoff);
                let before = place.checked_sub(FOLD_CUTOFFS).map(|place| cutoffs[place]);
                let key = before.map(|cutoff| (cutoff, row.account));
                let found = key.and_then(|key| {
                    rows.binary_search_by_key(&key, |row| (row.cutoff, row.account))
                        .ok()
                });
                found.map_or(f64::NAN, |found| rows[found].scorecard)
            })
            .collect()
    }

    /// What there was to learn from.
    fn window(&self, card: &mut Card, events: usize) {
        let cutoffs = self.examples.cutoffs();
        let mut accounts: Vec<u32> = self.examples.rows.iter().map(|row| row.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let counts = [
            ("cutoffs", cutoffs.len()),
            ("training_rows", self.labels.len()),
            ("accounts", accounts.len()),
            ("lost_accounts", events),
            ("features", self.examples.features.len()),
        ];
        for (metric, count) in counts {
            card.number(metric, real(count));
        }
        // Days since 1970, as the engine counts them too.
        let days = [
            ("first_cutoff", cutoffs.first()),
            ("last_cutoff", cutoffs.last()),
        ];
        for (metric, day) in days {
            card.push(metric, ["all", "all"], day.copied().map(f64::from));
        }
        card.number("horizon_days", f64::from(self.horizon));
    }

    /// The features and the score over the newest year of ripe rows.
    fn references(&self, model: &ChurnModel) -> Vec<FeatureReference> {
        let cutoffs = self.examples.cutoffs();
        let newest = cutoffs.iter().rev().take(REFERENCE_CUTOFFS).next_back();
        let rows = self
            .examples
            .between(newest.copied().unwrap_or(i32::MIN), i32::MAX);
        let mut accounts: Vec<u32> = rows
            .iter()
            .map(|row| self.examples.rows[*row].account)
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        let values = self.examples.values.chosen(&rows);
        let mut references: Vec<FeatureReference> = (0..values.columns())
            .map(|column| {
                let numbers: Vec<f64> = values.column(column).collect();
                reference(&self.examples.features[column], &numbers, accounts.len())
            })
            .collect();
        if let Ok(scorer) = Scorer::new(model.clone()) {
            let score = |row: usize| scorer.probability(values.row(row));
            let scores: Vec<f64> = (0..values.len()).into_par_iter().map(score).collect();
            references.push(reference("churn_probability", &scores, accounts.len()));
        }
        references
    }
}

/// The loss and ranking of each quarter: whether a model holds up.
fn by_fold(card: &mut Card, folds: &[Fold], judged: &Judged) {
    let mut start = 0;
    for (number, fold) in folds.iter().enumerate() {
        let end = start + fold.forecast.len();
        let part = Judged {
            probability: judged.probability[start..end].to_vec(),
            label: judged.label[start..end].to_vec(),
            account: judged.account[start..end].to_vec(),
        };
        start = end;
        let n = [part.label.len(), part.events()];
        let place = format!("{:02}", number + 1);
        let place = ["quarter", place.as_str()];
        card.counted("log_loss", place, Some(part.log_loss()), n);
        let auc = super::roc_auc(&part.probability, &part.label);
        card.counted("auc", place, auc, n);
        card.counted("first_cutoff", place, Some(f64::from(fold.first)), n);
    }
}

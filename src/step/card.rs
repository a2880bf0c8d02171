//! The card of a model: what it was made of and how good it is, line by line.
//!
//! A figure below the least number of events is absent and says so; every
//! figure carries its n. What follows from the figures is said in whole
//! sentences, in both languages, because not everybody reads a log loss.

use serde::{Deserialize, Serialize};

use super::judge::Fitted;
use super::metric::{Figure, Judged, Resamples, listed};
use super::real;
use super::rows::{Example, Examples};

/// Fewest events, and fewest rows without one, for a figure of a segment.
const LEAST_EVENTS: usize = 10;
/// Groups in the printed calibration table.
const CALIBRATION_GROUPS: usize = 10;

/// One line of the card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CardLine {
    /// What is measured.
    pub metric: String,
    /// What it is broken down by; `all` for the total.
    pub dimension: String,
    /// The value of that; `all` for the total.
    pub dimension_value: String,
    /// The figure; absent where too little is known, or where the line is a sentence.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Rows (an account at a cutoff) behind it.
    pub n: Option<usize>,
    /// Rows among them whose account was lost.
    pub events: Option<usize>,
    /// A sentence in English.
    pub note_en: String,
    /// The same in Japanese.
    pub note_ja: String,
}

/// The whole card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Its lines; metric, dimension and value name each once.
    pub lines: Vec<CardLine>,
}

impl Card {
    /// The line of this name.
    pub fn line(&self, metric: &str, dimension: &str, value: &str) -> Option<&CardLine> {
        self.lines.iter().find(|line| {
            line.metric == metric && line.dimension == dimension && line.dimension_value == value
        })
    }

    /// The figure of a total.
    pub fn total(&self, metric: &str) -> Option<f64> {
        self.line(metric, "all", "all").and_then(|line| line.value)
    }

    pub(super) fn number(&mut self, metric: &str, value: f64) {
        self.push(metric, ["all", "all"], Some(value));
    }

    pub(super) fn push(&mut self, metric: &str, [dimension, of]: [&str; 2], value: Option<f64>) {
        self.lines.push(CardLine {
            metric: metric.to_owned(),
            dimension: dimension.to_owned(),
            dimension_value: of.to_owned(),
            value: value.filter(|value| value.is_finite()),
            ..CardLine::default()
        });
    }

    /// The line that was added last.
    fn last(&mut self, change: impl FnOnce(&mut CardLine)) {
        if let Some(line) = self.lines.last_mut() {
            change(line);
        }
    }

    pub(super) fn counted(
        &mut self,
        metric: &str,
        place: [&str; 2],
        value: Option<f64>,
        [n, events]: [usize; 2],
    ) {
        self.push(metric, place, value);
        self.last(|line| (line.n, line.events) = (Some(n), Some(events)));
    }

    fn figure(&mut self, metric: &str, place: [&str; 2], figure: Option<Figure>, n: [usize; 2]) {
        self.counted(metric, place, figure.map(|figure| figure.value), n);
        self.last(|line| {
            line.low = figure.map(|figure| figure.low);
            line.high = figure.map(|figure| figure.high);
        });
    }

    pub(super) fn sentence(&mut self, metric: &str, en: String, ja: String) {
        self.push(metric, ["all", "all"], None);
        self.last(|line| (line.note_en, line.note_ja) = (en, ja));
    }

    fn too_few(&mut self) {
        self.last(|line| {
            "too few losses for a figure".clone_into(&mut line.note_en);
            "解約件数が少なく算出できない".clone_into(&mut line.note_ja);
        });
    }
}

/// Everything that is measured of out-of-time probabilities.
pub(super) fn measure(
    card: &mut Card,
    examples: &Examples,
    rows: &[usize],
    judged: &Judged,
    resamples: &Resamples,
    list_length: usize,
) {
    let n = [judged.label.len(), judged.events()];
    let all = ["all", "all"];
    card.figure("auc", all, judged.auc(resamples), n);
    card.figure("pr_auc", all, judged.precision(resamples), n);
    card.counted("log_loss", all, Some(judged.log_loss()), n);
    card.counted("brier", all, Some(judged.brier()), n);
    card.counted(
        "expected_calibration_error",
        all,
        Some(judged.calibration_error()),
        n,
    );
    let rate = real(n[1]) / real(n[0].max(1));
    card.counted("base_rate", all, Some(rate), n);
    let skill = 1.0 - judged.brier() / (rate * (1.0 - rate));
    card.counted("brier_skill", all, Some(skill), n);
    let of: Vec<&Example> = rows.iter().map(|row| &examples.rows[*row]).collect();
    let found = listed(&of, judged, list_length);
    let list = [found.rows, found.events];
    card.counted("lift_at_list_length", all, found.lift, list);
    card.counted(
        "revenue_caught_at_list_length",
        all,
        found.revenue_caught,
        list,
    );
    for (group, line) in judged
        .calibration(CALIBRATION_GROUPS)
        .into_iter()
        .enumerate()
    {
        let (mean, rate, count, events) = line;
        let place = format!("{:02}", group + 1);
        let place = ["calibration_group", place.as_str()];
        card.counted("mean_probability", place, Some(mean), [count, events]);
        card.counted("observed_rate", place, Some(rate), [count, events]);
    }
    by_segment(card, examples, rows, judged);
}

fn by_segment(card: &mut Card, examples: &Examples, rows: &[usize], judged: &Judged) {
    for (number, segment) in examples.segments.iter().enumerate() {
        let mut part = Judged::default();
        for (place, row) in rows.iter().enumerate() {
            if usize::try_from(examples.rows[*row].segment) == Ok(number) {
                part.probability.push(judged.probability[place]);
                part.label.push(judged.label[place]);
            }
        }
        let n = [part.label.len(), part.events()];
        if n[0] == 0 {
            continue;
        }
        let place = ["segment", segment.as_str()];
        let is_enough = n[1] >= LEAST_EVENTS && n[0] - n[1] >= LEAST_EVENTS;
        let auc = super::roc_auc(&part.probability, &part.label).filter(|_| is_enough);
        card.counted("auc", place, auc, n);
        if !is_enough {
            card.too_few();
        }
        card.counted("observed_rate", place, Some(real(n[1]) / real(n[0])), n);
        let mean = part.probability.iter().sum::<f64>() / real(n[0]);
        card.counted("mean_probability", place, Some(mean), n);
    }
}

/// The losses of what was tried and of what had to be beaten.
pub(super) fn contest(card: &mut Card, kind: &str, fitted: &[Fitted]) {
    for one in fitted {
        let n = [one.judged.label.len(), one.judged.events()];
        let place = [kind, one.name.as_str()];
        card.counted("log_loss", place, Some(one.judged.log_loss()), n);
        let auc = super::roc_auc(&one.judged.probability, &one.judged.label);
        card.counted("auc", place, auc, n);
        if let Some((gain, error)) = one.gain {
            card.counted("log_loss_gain", place, Some(gain), n);
            card.last(|line| {
                line.low = Some(gain - 1.959_964 * error);
                line.high = Some(gain + 1.959_964 * error);
            });
        }
    }
}

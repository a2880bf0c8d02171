//! From log-odds to probabilities that can be believed.
//!
//! A straight line on the log-odds with smoothed targets (Platt 1999) where
//! little is known, the isotonic regression (pool adjacent violators, Ayer et al.
//! 1955) where much is: with few rows it follows noise (Niculescu-Mizil and
//! Caruana 2005). The rows must not be those that the log-odds were learned from.

use super::real;
use crate::function::churn_model::{Calibration, sigmoid};

/// Fewest events that a line is drawn through.
const LEAST_EVENTS: usize = 10;
/// Isotonic steps stay this far from certainty.
const LEAST: f64 = 0.0001;

/// The calibration that as many rows and events allow.
pub(super) fn fit(
    log_odds: &[f64],
    labels: &[bool],
    isotonic_rows: usize,
    isotonic_events: usize,
) -> Calibration {
    let events = labels.iter().filter(|label| **label).count();
    if events < LEAST_EVENTS || labels.len() - events < LEAST_EVENTS {
        return Calibration::None;
    }
    if labels.len() >= isotonic_rows && events >= isotonic_events {
        return isotonic(log_odds, labels);
    }
    platt(log_odds, labels)
}

/// Platt's line by Newton's method with halved steps.
pub(super) fn platt(log_odds: &[f64], labels: &[bool]) -> Calibration {
    let happened = real(labels.iter().filter(|label| **label).count());
    let rest = real(labels.len()) - happened;
    let targets = [1.0 / (rest + 2.0), (happened + 1.0) / (happened + 2.0)];
    let rows = || {
        let targets = labels.iter().map(|label| targets[usize::from(*label)]);
        log_odds.iter().copied().zip(targets)
    };
    let loss = |[slope, intercept]: [f64; 2]| -> f64 {
        rows()
            .map(|(at, target)| {
                let linear = slope * at + intercept;
                linear.max(0.0) + (-linear.abs()).exp().ln_1p() - target * linear
            })
            .sum()
    };
    let start = ((happened + 1.0) / (rest + 1.0)).ln();
    let mut line = [0.0, start];
    let mut reached = loss(line);
    for _ in 0..100 {
        let (mut first, mut second) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
        for (at, target) in rows() {
            let probability = sigmoid(line[0] * at + line[1]);
            let (off, curve) = (probability - target, probability * (1.0 - probability));
            first = [first[0] + off * at, first[1] + off];
            second = [
                second[0] + curve * at * at,
                second[1] + curve * at,
                second[2] + curve,
            ];
        }
        let determinant = second[0] * second[2] - second[1] * second[1];
        let step = [
            (second[2] * first[0] - second[1] * first[1]) / determinant,
            (second[0] * first[1] - second[1] * first[0]) / determinant,
        ];
        let mut share = 1.0;
        let (next, after) = loop {
            let next = [line[0] - share * step[0], line[1] - share * step[1]];
            let after = loss(next);
            if after <= reached || share < 1e-6 {
                break (next, after);
            }
            share /= 2.0;
        };
        let moved = (next[0] - line[0]).abs().max((next[1] - line[1]).abs());
        (line, reached) = (next, after);
        if moved < 1e-10 {
            break;
        }
    }
    Calibration::Platt {
        // A model that ranks the wrong way round is not turned over by calibrating it.
        slope: line[0].max(0.0),
        intercept: if line[0] < 0.0 { start } else { line[1] },
    }
}

/// Means of blocks that never fall, as points of a line.
pub(super) fn isotonic(log_odds: &[f64], labels: &[bool]) -> Calibration {
    let blocks = blocks(log_odds, labels);
    let at = blocks.iter().map(|block| block.sum / block.rows).collect();
    let means = blocks.iter().map(|block| block.events / block.rows);
    Calibration::Isotonic {
        log_odds: at,
        probability: means.map(|mean| mean.clamp(LEAST, 1.0 - LEAST)).collect(),
    }
}

struct Block {
    rows: f64,
    events: f64,
    /// Sum of the log-odds.
    sum: f64,
}

fn blocks(log_odds: &[f64], labels: &[bool]) -> Vec<Block> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|one, other| log_odds[*one].total_cmp(&log_odds[*other]));
    let mut blocks: Vec<Block> = Vec::new();
    let mut last = f64::NAN;
    for row in order {
        let event = f64::from(u8::from(labels[row]));
        let at = log_odds[row];
        // Equal scores are one step.
        let same = blocks.last_mut().filter(|_| at.total_cmp(&last).is_eq());
        if let Some(block) = same {
            block.rows += 1.0;
            block.events += event;
            block.sum += at;
        } else {
            pool(&mut blocks);
            blocks.push(Block {
                rows: 1.0,
                events: event,
                sum: at,
            });
        }
        last = at;
    }
    pool(&mut blocks);
    blocks
}

/// Joins the last block with those before it as long as the means fall.
fn pool(blocks: &mut Vec<Block>) {
    while let [.., before, last] = blocks.as_slice() {
        if before.events * last.rows < last.events * before.rows {
            return;
        }
        let joined = Block {
            rows: before.rows + last.rows,
            events: before.events + last.events,
            sum: before.sum + last.sum,
        };
        blocks.truncate(blocks.len() - 2);
        blocks.push(joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: [f64; 8] = [-2.0, -1.0, -0.5, 0.0, 0.3, 0.8, 1.5, 2.2];

    fn labels() -> Vec<bool> {
        [0, 0, 1, 0, 1, 0, 1, 1]
            .iter()
            .map(|label| *label == 1)
            .collect()
    }

    #[test]
    fn platt_as_scipy_finds_it() {
        let Calibration::Platt { slope, intercept } = platt(&AT, &labels()) else {
            panic!("no line");
        };
        assert!((slope - 0.662_126).abs() < 1e-6, "{slope}");
        assert!((intercept + 0.109_474).abs() < 1e-6, "{intercept}");
    }

    #[test]
    fn isotonic_as_scikit_learn_finds_it() {
        let found: Vec<(f64, f64)> = blocks(&AT, &labels())
            .iter()
            .map(|block| (block.rows, block.events / block.rows))
            .collect();
        // 0, 0, then four rows of one half, then 1, 1; equal neighbours are one block
        assert_eq!(found, [(2.0, 0.0), (4.0, 0.5), (2.0, 1.0)]);
    }

    #[test]
    fn ties_are_one_step_and_a_wrong_ranking_is_not_turned_over() {
        let found = blocks(&[1.0, 1.0, 2.0], &[true, false, true]);
        assert_eq!(found.len(), 2);
        let turned: Vec<bool> = labels().iter().map(|label| !label).collect();
        let Calibration::Platt { slope, intercept } = platt(&AT, &turned) else {
            panic!("no line");
        };
        assert!(slope.abs() < f64::EPSILON && intercept.abs() < 1e-9);
        assert_eq!(fit(&AT, &labels(), 5000, 500), Calibration::None);
    }
}

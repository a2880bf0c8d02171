//! A trained churn model as it is written down, and what it says of one account.
//!
//! A logistic regression, a forest of small trees, or the mean of both, each as
//! log-odds; then a calibration turns log-odds into a probability. What every
//! feature adds is known exactly: weights of the regression, and of a tree the
//! differences of the mean along the path (Saabas 2014). Nothing is learned here.

use serde::{Deserialize, Serialize};

/// Version of the layout.
pub const MODEL_FORMAT: u32 = 1;

/// No model knows more than this: probabilities stay within it and one minus it.
const LEAST: f64 = 0.000_001;

/// A millionth, the unit in which probabilities are published.
const UNITS: f64 = 1_000_000.0;

/// A model that can score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChurnModel {
    /// Version of the layout.
    pub format: u32,
    /// Names of the features, in the order of all lists below.
    pub features: Vec<String>,
    /// The regression, where there is one.
    pub logistic: Option<Logistic>,
    /// The trees, where there are any.
    pub forest: Option<Forest>,
    /// From log-odds to a probability.
    pub calibration: Calibration,
}

/// A logistic regression on clipped and standardised values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// Log-odds of an account that is average in everything.
    pub intercept: f64,
    /// One for each feature.
    pub terms: Vec<Term>,
}

/// What one feature adds to the log-odds of a regression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Values below count as this.
    pub low: f64,
    /// Values above count as this.
    pub high: f64,
    /// Mean of the training rows that know the value.
    pub mean: f64,
    /// One over their standard deviation; 0 for a feature that never varies.
    pub scale: f64,
    /// Log-odds for one standard deviation.
    pub weight: f64,
    /// Share of the training rows that do not know the value.
    pub missing_share: f64,
    /// Log-odds of not knowing it.
    pub missing_weight: f64,
}

/// Boosted trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    /// Log-odds before the first tree.
    pub base: f64,
    /// The trees; what they say is added.
    pub trees: Vec<Tree>,
}

/// One tree: its nodes as parallel lists, the root first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The feature that a node asks for; -1 in a leaf.
    pub feature: Vec<i32>,
    /// Smaller values go left.
    pub threshold: Vec<f64>,
    /// 1 where a value that is not known goes left.
    pub missing_left: Vec<u8>,
    /// The left child; the right one follows it.
    pub left: Vec<u32>,
    /// Mean log-odds of the training rows that came here.
    pub value: Vec<f64>,
}

/// From log-odds to a probability; never falls when the log-odds rise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// The log-odds are believed.
    None,
    /// Platt 1999: a straight line on the log-odds.
    Platt {
        /// Rise of the line.
        slope: f64,
        /// Its height at log-odds 0.
        intercept: f64,
    },
    /// Straight lines between these points.
    Isotonic {
        /// Log-odds, ascending.
        log_odds: Vec<f64>,
        /// Probabilities there.
        probability: Vec<f64>,
    },
}

/// The logistic function of log-odds.
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl Calibration {
    /// The probability that belongs to these log-odds.
    pub fn probability(&self, log_odds: f64) -> f64 {
        let raw = match self {
            Self::None => sigmoid(log_odds),
            Self::Platt { slope, intercept } => sigmoid(slope * log_odds + intercept),
            Self::Isotonic {
                log_odds: at,
                probability,
            } => between(at, probability, log_odds),
        };
        raw.clamp(LEAST, 1.0 - LEAST)
    }
}

/// The height at `x` of straight lines between points, flat beyond the ends.
fn between(at: &[f64], height: &[f64], x: f64) -> f64 {
    let right = at.partition_point(|point| *point <= x);
    match (right.checked_sub(1), at.get(right)) {
        (None, _) => height.first().copied().unwrap_or(0.5),
        (Some(left), None) => height[left],
        (Some(left), Some(end)) => {
            let share = (x - at[left]) / (end - at[left]);
            height[left] + share * (height[right] - height[left])
        }
    }
}

/// A node as it is walked: everything of it in one place.
#[derive(Clone, Copy, Debug)]
struct Node {
    threshold: f64,
    value: f64,
    /// Position of the left child among the nodes of all trees.
    left: u32,
    feature: u16,
    missing_left: bool,
    is_leaf: bool,
}

/// A model made ready for many accounts.
#[derive(Clone, Debug)]
pub struct Scorer {
    model: ChurnModel,
    nodes: Vec<Node>,
    roots: Vec<u32>,
    base: f64,
}

/// What a model says of one account, in millionths of a probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The probability: base and contributions sum to it exactly.
    pub probability: i64,
    /// The probability of an average account.
    pub base: i64,
    /// What each feature adds, in the order of the features.
    pub contributions: Vec<i64>,
}

impl Scorer {
    /// Reads a model from its text.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let model: ChurnModel = serde_json::from_str(text).map_err(|cause| cause.to_string())?;
        Self::new(model)
    }

    /// Makes a model ready.
    ///
    /// # Errors
    /// Says which list has another length, or which node points nowhere.
    pub fn new(model: ChurnModel) -> Result<Self, String> {
        if model.format != MODEL_FORMAT {
            return Err(format!("format {} is not known", model.format));
        }
        let features = model.features.len();
        let mut base = Vec::new();
        if let Some(logistic) = &model.logistic {
            if logistic.terms.len() != features {
                return Err("the regression has not one term for each feature".to_owned());
            }
            base.push(logistic.intercept);
        }
        let (mut nodes, mut roots) = (Vec::new(), Vec::new());
        if let Some(forest) = &model.forest {
            let mut sum = forest.base;
            for tree in &forest.trees {
                let root = u32::try_from(nodes.len()).map_err(|_| "too many nodes".to_owned())?;
                roots.push(root);
                add_tree(&mut nodes, root, tree, features)?;
                sum += tree.value[0];
            }
            base.push(sum);
        }
        let Some(base) = mean(&base) else {
            return Err("it has neither regression nor trees".to_owned());
        };
        Ok(Self {
            model,
            nodes,
            roots,
            base,
        })
    }

    /// Names of the features, in the order in which values are given.
    pub fn features(&self) -> &[String] {
        &self.model.features
    }

    /// Log-odds before calibration of an account with these values; NaN is a
    /// value that is not known.
    pub fn log_odds(&self, values: &[f64]) -> f64 {
        let mut total = 0.0;
        let mut parts = 0.0;
        if let Some(logistic) = &self.model.logistic {
            let terms = logistic.terms.iter().zip(values);
            total += logistic.intercept + terms.map(|(term, value)| term.add(*value)).sum::<f64>();
            parts += 1.0;
        }
        if let Some(forest) = &self.model.forest {
            let leaves = self.roots.iter().map(|root| self.leaf(*root, values));
            total += forest.base + leaves.sum::<f64>();
            parts += 1.0;
        }
        total / parts
    }

    /// The probability of an account with these values.
    pub fn probability(&self, values: &[f64]) -> f64 {
        self.model.calibration.probability(self.log_odds(values))
    }

    /// The probability in its parts.
    pub fn parts(&self, values: &[f64]) -> Parts {
        let mut added = vec![0.0; self.model.features.len()];
        let mut parts = 0.0;
        if let Some(logistic) = &self.model.logistic {
            for ((added, term), value) in added.iter_mut().zip(&logistic.terms).zip(values) {
                *added += term.add(*value);
            }
            parts += 1.0;
        }
        if self.model.forest.is_some() {
            for root in &self.roots {
                self.walk(*root, values, &mut added);
            }
            parts += 1.0;
        }
        for added in &mut added {
            *added /= parts;
        }
        let total = self.base + added.iter().sum::<f64>();
        let calibration = &self.model.calibration;
        on_probability_scale(self.base, total, &added, |log_odds| {
            calibration.probability(log_odds)
        })
    }

    fn leaf(&self, root: u32, values: &[f64]) -> f64 {
        let mut node = self.nodes[root as usize];
        while !node.is_leaf {
            node = self.nodes[child(node, values) as usize];
        }
        node.value
    }

    fn walk(&self, root: u32, values: &[f64], added: &mut [f64]) {
        let mut node = self.nodes[root as usize];
        while !node.is_leaf {
            let next = self.nodes[child(node, values) as usize];
            added[usize::from(node.feature)] += next.value - node.value;
            node = next;
        }
    }
}

impl Term {
    /// The value on the scale of the weight; 0 where it is not known.
    pub fn standardised(&self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        (value.clamp(self.low, self.high) - self.mean) * self.scale
    }

    fn add(&self, value: f64) -> f64 {
        let missing = f64::from(u8::from(value.is_nan()));
        self.weight * self.standardised(value)
            + self.missing_weight * (missing - self.missing_share)
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    match values {
        [] => None,
        [one] => Some(*one),
        [one, other, ..] => Some(f64::midpoint(*one, *other)),
    }
}

fn add_tree(nodes: &mut Vec<Node>, root: u32, tree: &Tree, features: usize) -> Result<(), String> {
    let count = tree.feature.len();
    let lengths = [
        tree.threshold.len(),
        tree.missing_left.len(),
        tree.left.len(),
        tree.value.len(),
    ];
    if count == 0 || lengths.iter().any(|length| *length != count) {
        return Err("a tree has lists of several lengths".to_owned());
    }
    for index in 0..count {
        let feature = tree.feature[index];
        let left = tree.left[index];
        let is_leaf = feature < 0;
        let asks = u16::try_from(feature.max(0)).map_err(|_| "too many features".to_owned())?;
        // Children come after their parent, so that a walk always ends.
        let points_on = left as usize > index && (left as usize) + 1 < count;
        if !is_leaf && (usize::from(asks) >= features || !points_on) {
            return Err(format!("node {index} of a tree points nowhere"));
        }
        nodes.push(Node {
            threshold: tree.threshold[index],
            value: tree.value[index],
            left: root + left,
            feature: asks,
            missing_left: tree.missing_left[index] != 0,
            is_leaf,
        });
    }
    Ok(())
}

/// What points added to the log-odds of `base` mean for the probability.
pub fn log_odds_parts(base: f64, points: &[f64]) -> Parts {
    // Points are decimals of four digits: summed as such, their order does not matter.
    let total = points
        .iter()
        .map(|point| (point * 10_000.0).round())
        .sum::<f64>()
        / 10_000.0;
    let calibration = Calibration::None;
    on_probability_scale(base, base + total, points, |log_odds| {
        calibration.probability(log_odds)
    })
}

/// Turns what is added to log-odds into what is added to the probability: the
/// difference to the base is divided in the same proportions.
fn on_probability_scale(
    base: f64,
    total: f64,
    added: &[f64],
    probability: impl Fn(f64) -> f64,
) -> Parts {
    let (from, to) = (probability(base), probability(total));
    let difference = total - base;
    let rate = if difference.abs() < 1e-9 {
        // Where everything cancels out, the proportions are those of a small step.
        (probability(base + 1e-4) - probability(base - 1e-4)) / 2e-4
    } else {
        (to - from) / difference
    };
    let parts: Vec<f64> = added.iter().map(|part| part * rate * UNITS).collect();
    let (base, probability) = (units(from * UNITS), units(to * UNITS));
    Parts {
        probability,
        base,
        contributions: rounded(&parts, probability - base),
    }
}

/// Rounds `parts`, which may be negative, so that they sum to `target`: each is
/// rounded down, and what is left goes to the largest remainders, of equal ones
/// to the first.
fn rounded(parts: &[f64], target: i64) -> Vec<i64> {
    let mut taken: Vec<i64> = parts.iter().map(|part| units(part.floor())).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let remainder = |index: &usize| parts[*index] - parts[*index].floor();
    order.sort_by(|one, other| {
        remainder(other)
            .total_cmp(&remainder(one))
            .then(one.cmp(other))
    });
    let mut left = target - taken.iter().sum::<i64>();
    while left > 0 && !order.is_empty() {
        for index in order.iter().take(usize::try_from(left).unwrap_or(0)) {
            taken[*index] += 1;
            left -= 1;
        }
    }
    while left < 0 && !order.is_empty() {
        let many = usize::try_from(-left).unwrap_or(0);
        for index in order.iter().rev().take(many) {
            taken[*index] -= 1;
            left += 1;
        }
    }
    taken
}

/// A number of millionths; far below 2^53 here.
#[expect(
    clippy::cast_possible_truncation,
    reason = "differences of probabilities times a million"
)]
fn units(value: f64) -> i64 {
    value.round() as i64
}

fn child(node: Node, values: &[f64]) -> u32 {
    let value = values[usize::from(node.feature)];
    let goes_left = if value.is_nan() {
        node.missing_left
    } else {
        value < node.threshold
    };
    node.left + u32::from(!goes_left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump(feature: i32, threshold: f64, left: f64, right: f64) -> Tree {
        Tree {
            feature: vec![feature, -1, -1],
            threshold: vec![threshold, 0.0, 0.0],
            missing_left: vec![1, 0, 0],
            left: vec![1, 0, 0],
            value: vec![f64::midpoint(left, right), left, right],
        }
    }

    fn model() -> ChurnModel {
        ChurnModel {
            format: MODEL_FORMAT,
            features: vec!["a".to_owned(), "b".to_owned()],
            logistic: Some(Logistic {
                intercept: -2.0,
                terms: vec![
                    Term {
                        low: 0.0,
                        high: 10.0,
                        mean: 5.0,
                        scale: 0.5,
                        weight: 1.0,
                        missing_share: 0.25,
                        missing_weight: 0.8,
                    },
                    Term::default(),
                ],
            }),
            forest: Some(Forest {
                base: -1.0,
                trees: vec![stump(1, 3.0, -0.5, 0.5), stump(0, 7.0, 0.0, 1.0)],
            }),
            calibration: Calibration::None,
        }
    }

    #[test]
    fn log_odds_by_hand() {
        let scorer = Scorer::new(model()).unwrap();
        // regression: -2 + (7 - 5) / 2 - 0.2 = -1.2; trees: -1 + 0.5 + 1 = 0.5
        let found = scorer.log_odds(&[7.0, 3.0]);
        assert!((found - (-0.35)).abs() < 1e-12, "{found}");
        // clipped at 10: -2 + 2.5 - 0.2 = 0.3; b is missing and goes left: -1 - 0.5 + 1
        let found = scorer.log_odds(&[99.0, f64::NAN]);
        assert!((found - (-0.1)).abs() < 1e-12, "{found}");
        // a is missing: -2 + 0.8 * 0.75 = -1.4; trees: -1 + 0.5 + 0
        let found = scorer.log_odds(&[f64::NAN, 3.0]);
        assert!((found - (-0.95)).abs() < 1e-12, "{found}");
    }

    #[test]
    fn parts_sum_to_the_probability() {
        let scorer = Scorer::new(model()).unwrap();
        for values in [[7.0, 3.0], [f64::NAN, f64::NAN], [0.0, 2.9], [5.0, 3.1]] {
            let parts = scorer.parts(&values);
            let sum = parts.base + parts.contributions.iter().sum::<i64>();
            assert_eq!(sum, parts.probability);
            let exact = scorer.probability(&values);
            assert_eq!(parts.probability, units(exact * UNITS));
        }
    }

    #[test]
    fn rounding_keeps_the_sum_whatever_the_signs() {
        // down to 0, 0, -1; of the two units left one goes to the remainder 0.7, one to the first half
        assert_eq!(rounded(&[0.5, 0.5, -0.3], 1), [1, 0, 0]);
        assert_eq!(rounded(&[1.2, -2.7], -1), [1, -2]);
        assert_eq!(rounded(&[1.2, -2.7], -2), [1, -3]);
        assert_eq!(rounded(&[1.0], -2), [-2]);
        assert_eq!(rounded(&[], 0), Vec::<i64>::new());
    }

    #[test]
    fn isotonic_is_flat_at_its_ends_and_straight_between() {
        let calibration = Calibration::Isotonic {
            log_odds: vec![-2.0, 0.0, 2.0],
            probability: vec![0.1, 0.2, 0.8],
        };
        for (at, expected) in [
            (-9.0, 0.1),
            (-2.0, 0.1),
            (-1.0, 0.15),
            (1.0, 0.5),
            (2.0, 0.8),
        ] {
            let found = calibration.probability(at);
            assert!((found - expected).abs() < 1e-12, "{at}: {found}");
        }
    }

    #[test]
    fn a_damaged_model_is_refused() {
        let mut no_child = model();
        if let Some(forest) = &mut no_child.forest {
            forest.trees[0].left[0] = 0;
        }
        assert!(Scorer::new(no_child).unwrap_err().contains("node 0"));
        let mut other = model();
        other.format = 2;
        assert!(Scorer::new(other).unwrap_err().contains("format 2"));
        let mut empty = model();
        (empty.logistic, empty.forest) = (None, None);
        assert!(Scorer::new(empty).is_err());
        assert!(Scorer::parse("{}").is_err());
    }
}

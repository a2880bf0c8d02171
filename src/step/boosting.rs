//! Gradient boosting: shallow trees on binned values, one after another.
//!
//! Values become up to 254 bins, and one for what is not known, which goes to the
//! side where it fits better. Gradients are integers of 2⁻²⁴, so that the sums of
//! a bin are exact, whoever adds them, and a sibling is parent minus child. Gain
//! and leaves are those of second order with an L2 penalty (Chen and Guestrin
//! 2016). Trees are added until the rows set aside stop getting better.

use rayon::prelude::*;

use super::draw::Draw;
use super::rows::Values;
use super::{log_odds, real, row_loss};
use crate::function::churn_model::{Forest, Tree, sigmoid};

/// One whole gradient.
const ONE: f64 = 16_777_216.0;
/// Bins of a feature; bin 0 holds what is not known.
const BINS: usize = 256;
/// Rows whose histogram is made by one thread.
const CHUNK: usize = 8192;

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub struct Boosting {
    /// Most trees.
    pub trees: usize,
    /// Trees without an improvement after which it ends.
    pub patience: usize,
    /// Share of each tree's step that is taken.
    pub rate: f64,
    /// Questions between root and leaf.
    pub depth: usize,
    /// Penalty on leaves.
    pub l2: f64,
    /// Least sum of p(1 − p) of the rows in a leaf.
    pub least_weight: f64,
    /// Percent of the features that a tree may ask for.
    pub column_percent: usize,
    /// Names the draws of features.
    pub seed: u64,
}

impl Default for Boosting {
    /// Slow, shallow trees, stopped early: few rows of few accounts are easily
    /// learned by heart.
    fn default() -> Self {
        Self {
            trees: 2000,
            patience: 50,
            rate: 0.05,
            depth: 4,
            l2: 5.0,
            least_weight: 5.0,
            column_percent: 80,
            seed: 1,
        }
    }
}

/// Rows set aside to say when to stop.
pub struct Watched<'a> {
    /// Their features.
    pub values: &'a Values,
    /// What happened.
    pub labels: &'a [bool],
}

/// Grows a forest; with `watched` it is cut back to where that was best.
pub fn fit(
    values: &Values,
    labels: &[bool],
    watched: Option<&Watched<'_>>,
    settings: &Boosting,
) -> Forest {
    let happened = labels.iter().filter(|label| **label).count();
    let rate = (real(happened) + 0.5) / (real(labels.len()) + 1.0);
    let cuts: Vec<Vec<f64>> = (0..values.columns())
        .into_par_iter()
        .map(|column| cuts(&values.sorted(column)))
        .collect();
    let bins = binned(values, &cuts);
    let mut growing = Growing {
        columns: values.columns(),
        cuts: &cuts,
        bins: &bins,
        settings,
        gradients: vec![[0, 0]; labels.len()],
    };
    let base = log_odds(rate);
    let mut scores = vec![base; labels.len()];
    let watched = watched.filter(|watched| !watched.labels.is_empty());
    let mut watch = watched.map(|watched| Watch::new(watched, &cuts, base));
    let mut trees = Vec::new();
    for number in 0..settings.trees {
        growing.update(&scores, labels);
        let grown = growing.tree(number as u64);
        if grown.nodes.len() == 1 {
            break;
        }
        for node in grown.nodes.iter().filter(|node| node.is_leaf()) {
            for row in &grown.order[node.rows.clone()] {
                scores[*row as usize] += node.value;
            }
        }
        trees.push(grown.tree());
        if let Some(watch) = &mut watch
            && watch.add(&grown, settings.patience)
        {
            break;
        }
    }
    if let Some(watch) = watch {
        trees.truncate(watch.best_trees);
    }
    Forest { base, trees }
}

/// Values between which bins end, ascending: between all different values where
/// they are few, else at their quantiles.
fn cuts(known: &[f64]) -> Vec<f64> {
    let most = BINS - 2;
    let mut cuts = Vec::new();
    let different = known.windows(2).filter(|pair| pair[0] < pair[1]).count();
    let middle = |index: usize| f64::midpoint(known[index - 1], known[index]);
    if different <= most {
        for index in 1..known.len() {
            if known[index - 1] < known[index] {
                cuts.push(middle(index));
            }
        }
        return cuts;
    }
    for cut in 1..=most {
        let target = cut * known.len() / (most + 1);
        let index = known.partition_point(|value| *value < known[target]);
        if index > 0 {
            cuts.push(middle(index));
        }
    }
    cuts.dedup();
    cuts
}

fn binned(values: &Values, cuts: &[Vec<f64>]) -> Vec<u8> {
    let columns = values.columns();
    let mut bins = vec![0_u8; values.len() * columns];
    bins.par_chunks_mut((CHUNK * columns).max(1))
        .enumerate()
        .for_each(|(chunk, bins)| {
            for (row, bins) in bins.chunks_mut(columns).enumerate() {
                let values = values.row(chunk * CHUNK + row);
                for ((bin, value), cuts) in bins.iter_mut().zip(values).zip(cuts) {
                    if !value.is_nan() {
                        let below = cuts.partition_point(|cut| cut <= value);
                        *bin = u8::try_from(below + 1).unwrap_or(u8::MAX);
                    }
                }
            }
        });
    bins
}

type Cell = [i64; 2];
/// Sums of gradient and curvature by column and bin.
type Histogram = Vec<[Cell; BINS]>;

fn add_to(sums: &mut Histogram, other: &Histogram) {
    for (sums, other) in sums.iter_mut().zip(other) {
        for (sum, other) in sums.iter_mut().zip(other) {
            sum[0] += other[0];
            sum[1] += other[1];
        }
    }
}

fn take_from(sums: &mut Histogram, other: &Histogram) {
    for (sums, other) in sums.iter_mut().zip(other) {
        for (sum, other) in sums.iter_mut().zip(other) {
            sum[0] -= other[0];
            sum[1] -= other[1];
        }
    }
}

/// The best question to ask of a node's rows.
#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    column: usize,
    /// The last bin that goes left.
    bin: u8,
    missing_left: bool,
}

#[derive(Clone, Debug)]
struct GrownNode {
    rows: std::ops::Range<usize>,
    value: f64,
    split: Option<(Split, usize)>,
    threshold: f64,
}

impl GrownNode {
    fn is_leaf(&self) -> bool {
        self.split.is_none()
    }
}

struct Grown {
    nodes: Vec<GrownNode>,
    order: Vec<u32>,
}

impl Grown {
    fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        for node in &self.nodes {
            let (split, left) = match node.split {
                Some((split, left)) => (Some(split), left),
                None => (None, 0),
            };
            let column = split.and_then(|split| i32::try_from(split.column).ok());
            tree.feature.push(column.unwrap_or(-1));
            tree.threshold.push(node.threshold);
            let missing_left = split.is_some_and(|split| split.missing_left);
            tree.missing_left.push(u8::from(missing_left));
            tree.left.push(u32::try_from(left).unwrap_or(0));
            tree.value.push(node.value);
        }
        tree
    }
}

struct Growing<'a> {
    columns: usize,
    cuts: &'a [Vec<f64>],
    bins: &'a [u8],
    settings: &'a Boosting,
    gradients: Vec<[i32; 2]>,
}

/// A node that may still be split, with what is known of its rows.
struct Open {
    node: usize,
    histogram: Histogram,
}

impl Growing<'_> {
    fn update(&mut self, scores: &[f64], labels: &[bool]) {
        self.gradients
            .par_iter_mut()
            .with_min_len(CHUNK)
            .zip(scores)
            .zip(labels)
            .for_each(|((gradient, score), label)| {
                let probability = sigmoid(*score);
                let rest = probability - f64::from(u8::from(*label));
                let curve = probability * (1.0 - probability);
                *gradient = [whole(rest * ONE), whole(curve * ONE).max(1)];
            });
    }

    fn tree(&self, number: u64) -> Grown {
        let count = self.gradients.len();
        let mut order: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        let allowed = self.allowed(number);
        let histogram = self.histogram(&order);
        let total = self.total(&order);
        let mut nodes = vec![self.node(0..count, total)];
        let mut open = vec![Open { node: 0, histogram }];
        for depth in 0..self.settings.depth {
            let best: Vec<Option<Split>> = open
                .par_iter()
                .map(|open| self.best(&open.histogram, &allowed))
                .collect();
            let mut next = Vec::new();
            for (open, split) in open.into_iter().zip(best) {
                let Some(split) = split else {
                    continue;
                };
                let is_last = depth + 1 == self.settings.depth;
                self.split(&mut nodes, &mut order, open, split, is_last, &mut next);
            }
            open = next;
        }
        settle(&mut nodes);
        Grown { nodes, order }
    }

    /// Which features this tree may ask for.
    fn allowed(&self, number: u64) -> Vec<bool> {
        let many = (self.columns * self.settings.column_percent).div_ceil(100);
        let mut places: Vec<usize> = (0..self.columns).collect();
        let mut draw = Draw::new(self.settings.seed, number);
        for place in 0..many.min(self.columns) {
            let other = place + draw.below(self.columns - place);
            places.swap(place, other);
        }
        let mut allowed = vec![false; self.columns];
        for place in places.iter().take(many) {
            allowed[*place] = true;
        }
        allowed
    }

    fn histogram(&self, rows: &[u32]) -> Histogram {
        let empty = || vec![[[0_i64; 2]; BINS]; self.columns];
        let of_chunk = |rows: &[u32]| {
            let mut sums = empty();
            for row in rows {
                let row = *row as usize;
                let [gradient, curve] = self.gradients[row].map(i64::from);
                let bins = &self.bins[row * self.columns..(row + 1) * self.columns];
                for (sums, bin) in sums.iter_mut().zip(bins) {
                    let cell = &mut sums[usize::from(*bin)];
                    cell[0] += gradient;
                    cell[1] += curve;
                }
            }
            sums
        };
        if rows.len() <= 2 * CHUNK {
            return of_chunk(rows);
        }
        // Halves of few, large pieces: each costs a histogram of its own.
        let piece = rows.len().div_ceil(16).max(CHUNK);
        rows.par_chunks(piece)
            .map(of_chunk)
            .reduce_with(|mut one, other| {
                add_to(&mut one, &other);
                one
            })
            .unwrap_or_else(empty)
    }

    fn total(&self, rows: &[u32]) -> Cell {
        rows.iter().fold([0, 0], |sum, row| {
            let [gradient, curve] = self.gradients[*row as usize].map(i64::from);
            [sum[0] + gradient, sum[1] + curve]
        })
    }

    fn node(&self, rows: std::ops::Range<usize>, total: Cell) -> GrownNode {
        let [gradient, curve] = total.map(|sum| exact(sum) / ONE);
        GrownNode {
            rows,
            value: -gradient / (curve + self.settings.l2) * self.settings.rate,
            split: None,
            threshold: 0.0,
        }
    }

    /// The question with the largest gain; of equal ones the first.
    fn best(&self, histogram: &Histogram, allowed: &[bool]) -> Option<Split> {
        let mut best: Option<Split> = None;
        for (column, bins) in histogram
            .iter()
            .enumerate()
            .filter(|(column, _)| allowed[*column])
        {
            let missing = bins[0].map(|sum| exact(sum) / ONE);
            let used = self.cuts[column].len() + 1;
            let total = bins[..=used]
                .iter()
                .fold([0, 0], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]]);
            let total = total.map(|sum| exact(sum) / ONE);
            let whole = self.score(total);
            let mut left: Cell = [0, 0];
            for (bin, cell) in bins[..=used].iter().enumerate().take(used) {
                if bin > 0 {
                    if cell[1] == 0 {
                        continue;
                    }
                    left = [left[0] + cell[0], left[1] + cell[1]];
                }
                let known = left.map(|sum| exact(sum) / ONE);
                for missing_left in [false, true] {
                    let left = if missing_left {
                        [known[0] + missing[0], known[1] + missing[1]]
                    } else {
                        known
                    };
                    let right = [total[0] - left[0], total[1] - left[1]];
                    let least = self.settings.least_weight;
                    if left[1] < least || right[1] < least {
                        continue;
                    }
                    let gain = self.score(left) + self.score(right) - whole;
                    if gain > best.map_or(1e-6, |best| best.gain) {
                        best = Some(Split {
                            gain,
                            column,
                            bin: u8::try_from(bin).unwrap_or(u8::MAX),
                            missing_left,
                        });
                    }
                    if missing[1] == 0.0 {
                        break;
                    }
                }
            }
        }
        best
    }

    fn score(&self, [gradient, curve]: [f64; 2]) -> f64 {
        gradient * gradient / (curve + self.settings.l2)
    }

    fn split(
        &self,
        nodes: &mut Vec<GrownNode>,
        order: &mut [u32],
        open: Open,
        split: Split,
        is_last: bool,
        next: &mut Vec<Open>,
    ) {
        let rows = nodes[open.node].rows.clone();
        let goes_left = |row: &u32| {
            let bin = self.bins[*row as usize * self.columns + split.column];
            if bin == 0 {
                split.missing_left
            } else {
                bin <= split.bin
            }
        };
        let part = &mut order[rows.clone()];
        let (left, right): (Vec<u32>, Vec<u32>) = part.iter().partition(|row| goes_left(row));
        part[..left.len()].copy_from_slice(&left);
        part[left.len()..].copy_from_slice(&right);
        let middle = rows.start + left.len();
        let place = nodes.len();
        // Bin 0 alone on the left: no known value is that small.
        let cut = usize::from(split.bin).checked_sub(1);
        nodes[open.node].threshold = cut.map_or(f64::MIN, |cut| self.cuts[split.column][cut]);
        nodes[open.node].split = Some((split, place));
        nodes.push(self.node(rows.start..middle, self.total(&left)));
        nodes.push(self.node(middle..rows.end, self.total(&right)));
        if is_last {
            return;
        }
        let (small, small_node, large_node) = if left.len() <= right.len() {
            (&left, place, place + 1)
        } else {
            (&right, place + 1, place)
        };
        let small = self.histogram(small);
        let mut large = open.histogram;
        take_from(&mut large, &small);
        let mut children = [
            Open {
                node: small_node,
                histogram: small,
            },
            Open {
                node: large_node,
                histogram: large,
            },
        ];
        children.sort_by_key(|open| open.node);
        next.extend(children);
    }
}

/// Gives inner nodes the mean of what lies below them, by rows.
fn settle(nodes: &mut [GrownNode]) {
    for index in (0..nodes.len()).rev() {
        if let Some((_, left)) = nodes[index].split {
            let (one, other) = (&nodes[left], &nodes[left + 1]);
            let (few, many) = (real(one.rows.len()), real(other.rows.len()));
            nodes[index].value = (one.value * few + other.value * many) / (few + many);
        }
    }
}

/// A gradient as an integer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "gradients lie within -2^24 and 2^24"
)]
fn whole(value: f64) -> i32 {
    value.round() as i32
}

/// An integer sum as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "rounded once, the same way everywhere"
)]
fn exact(sum: i64) -> f64 {
    sum as f64
}

/// Rows set aside, scored tree by tree.
struct Watch<'a> {
    labels: &'a [bool],
    columns: usize,
    bins: Vec<u8>,
    scores: Vec<f64>,
    best_loss: f64,
    best_trees: usize,
    trees: usize,
}

impl<'a> Watch<'a> {
    fn new(watched: &Watched<'a>, cuts: &[Vec<f64>], base: f64) -> Self {
        let scores = vec![base; watched.labels.len()];
        Self {
            labels: watched.labels,
            columns: watched.values.columns(),
            bins: binned(watched.values, cuts),
            best_loss: loss(&scores, watched.labels),
            scores,
            best_trees: 0,
            trees: 0,
        }
    }

    /// Adds a tree; says whether it is time to stop.
    fn add(&mut self, grown: &Grown, patience: usize) -> bool {
        let (bins, columns) = (&self.bins, self.columns);
        self.scores
            .par_iter_mut()
            .enumerate()
            .with_min_len(CHUNK)
            .for_each(|(row, score)| {
                let bins = &bins[row * columns..(row + 1) * columns];
                let mut node = &grown.nodes[0];
                while let Some((split, left)) = node.split {
                    let bin = bins[split.column];
                    let goes_left = if bin == 0 {
                        split.missing_left
                    } else {
                        bin <= split.bin
                    };
                    node = &grown.nodes[left + usize::from(!goes_left)];
                }
                *score += node.value;
            });
        self.trees += 1;
        let loss = loss(&self.scores, self.labels);
        if loss < self.best_loss {
            (self.best_loss, self.best_trees) = (loss, self.trees);
        }
        self.trees - self.best_trees >= patience
    }
}

/// Sum of losses, in chunks of fixed size that are added in order.
fn loss(scores: &[f64], labels: &[bool]) -> f64 {
    let chunks: Vec<f64> = scores
        .par_chunks(CHUNK)
        .zip(labels.par_chunks(CHUNK))
        .map(|(scores, labels)| {
            let rows = scores.iter().zip(labels);
            rows.map(|(score, label)| {
                let probability = sigmoid(*score).clamp(1e-12, 1.0 - 1e-12);
                row_loss(probability, *label)
            })
            .sum()
        })
        .collect();
    chunks.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::churn_model::{Calibration, ChurnModel, MODEL_FORMAT, Scorer};

    fn example(rows: usize) -> (Values, Vec<bool>) {
        let mut draw = Draw::new(3, 9);
        let mut values = Values::new(3);
        let mut labels = Vec::new();
        for _ in 0..rows {
            let [a, b, c] = [(); 3].map(|()| real(draw.below(1000)) / 1000.0);
            let chance = if a > 0.5 && b < 0.3 { 0.6 } else { 0.05 };
            labels.push(real(draw.below(1000)) / 1000.0 < chance);
            values.push(&[a, if draw.below(5) == 0 { f64::NAN } else { b }, c]);
        }
        (values, labels)
    }

    #[test]
    fn the_first_split_is_the_best_by_brute_force() {
        let (values, labels) = example(400);
        let settings = Boosting {
            trees: 1,
            depth: 1,
            column_percent: 100,
            ..Boosting::default()
        };
        let forest = fit(&values, &labels, None, &settings);
        let tree = &forest.trees[0];
        let rate = sigmoid(forest.base);
        let mut best = (0.0, 0, 0.0, false);
        for column in 0..3 {
            let known = values.sorted(column);
            let mut thresholds = vec![f64::MIN];
            thresholds.extend(
                known
                    .windows(2)
                    .filter(|pair| pair[0] < pair[1])
                    .map(|pair| f64::midpoint(pair[0], pair[1])),
            );
            for threshold in thresholds {
                for missing_left in [false, true] {
                    let (mut left, mut right) = ([0.0, 0.0], [0.0, 0.0]);
                    for (row, label) in labels.iter().enumerate() {
                        let value = values.row(row)[column];
                        let is_left = if value.is_nan() {
                            missing_left
                        } else {
                            value < threshold
                        };
                        let side = if is_left { &mut left } else { &mut right };
                        side[0] += rate - f64::from(u8::from(*label));
                        side[1] += rate * (1.0 - rate);
                    }
                    let score = |side: [f64; 2]| side[0] * side[0] / (side[1] + settings.l2);
                    let whole = score([left[0] + right[0], left[1] + right[1]]);
                    let gain = score(left) + score(right) - whole;
                    if left[1] >= 5.0 && right[1] >= 5.0 && gain > best.0 + 1e-6 {
                        best = (gain, column, threshold, missing_left);
                    }
                }
            }
        }
        assert_eq!(tree.feature[0], i32::try_from(best.1).unwrap());
        // The bins are quantiles: the threshold may lie some rows aside.
        let known = values.sorted(best.1);
        let place = |at: f64| known.partition_point(|value| *value < at);
        assert!(place(tree.threshold[0]).abs_diff(place(best.2)) <= 2);
        assert_eq!(tree.missing_left[0] == 1, best.3);
    }

    #[test]
    fn scoring_the_written_trees_gives_what_training_saw() {
        let (values, labels) = example(3000);
        let settings = Boosting {
            trees: 40,
            ..Boosting::default()
        };
        let forest = fit(&values, &labels, None, &settings);
        assert_eq!(forest.trees.len(), 40);
        let model = ChurnModel {
            format: MODEL_FORMAT,
            features: ["a", "b", "c"].map(str::to_owned).to_vec(),
            logistic: None,
            forest: Some(forest),
            calibration: Calibration::None,
        };
        let text = serde_json::to_string(&model).unwrap();
        let scorer = Scorer::parse(&text).unwrap();
        let risky = scorer.probability(&[0.9, 0.1, 0.5]);
        let calm = scorer.probability(&[0.1, 0.9, 0.5]);
        assert!(risky > 0.35 && calm < 0.12, "{risky} {calm}");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let (values, labels) = example(40_000);
        let settings = Boosting {
            trees: 12,
            ..Boosting::default()
        };
        let fitted = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| fit(&values, &labels, None, &settings))
        };
        assert_eq!(fitted(1), fitted(3));
    }

    #[test]
    fn noise_grows_no_trees_worth_keeping() {
        let (values, _) = example(2000);
        let mut draw = Draw::new(5, 5);
        let labels: Vec<bool> = (0..2000).map(|_| draw.below(20) == 0).collect();
        let (kept, aside): (Vec<usize>, Vec<usize>) = (0..2000).partition(|row| row % 5 != 0);
        let of = |rows: &[usize]| rows.iter().map(|row| labels[*row]).collect::<Vec<_>>();
        let watched = Watched {
            values: &values.chosen(&aside),
            labels: &of(&aside),
        };
        let forest = fit(
            &values.chosen(&kept),
            &of(&kept),
            Some(&watched),
            &Boosting::default(),
        );
        assert!(forest.trees.len() < 40, "{}", forest.trees.len());
    }
}

//! Native steps: what SQL cannot say well.
//!
//! The churn learner: a ladder of models by the number of events, forward-chained
//! validation, calibration and the card that says how good it all is. Everything
//! here is a pure function of its arguments and a seed, with the same bits for any
//! number of threads: rows are summed in integers, or in chunks of fixed size
//! whose sums are added in order. Nothing here reads, writes or asks the engine.

mod baseline;
mod boosting;
mod calibrate;
mod card;
mod draw;
mod judge;
mod logistic;
mod metric;
mod reference;
mod rows;
mod train;

pub use crate::function::churn_model::{ChurnModel, Scorer};
pub use boosting::{Boosting, Watched, fit as fit_forest};
pub use card::{Card, CardLine};
pub use judge::{Comparison, Verdict, compare};
pub use metric::{average_precision, roc_auc};
pub use reference::{Bin, FeatureReference};
pub use rows::{Example, Examples, Values};
pub use train::{Forecast, Trained, train};

/// A count as a number; counts here are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn real(count: usize) -> f64 {
    count as f64
}

/// The position `share` of the way through `count` things, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares lie within 0 and 1"
)]
fn position(count: usize, share: f64) -> usize {
    (real(count) * share) as usize
}

/// Log-odds of a probability, kept away from the ends.
fn log_odds(probability: f64) -> f64 {
    let kept = probability.clamp(1e-6, 1.0 - 1e-6);
    (kept / (1.0 - kept)).ln()
}

/// Minus the logarithm of the probability that was given to what happened.
fn row_loss(probability: f64, happened: bool) -> f64 {
    if happened {
        -probability.ln()
    } else {
        -(1.0 - probability).ln()
    }
}

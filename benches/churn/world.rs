//! Worlds in which the true probability of every row is known.
//!
//! *Observable*: the chance of a loss is a known function of what the features
//! show, missing values included. *Hidden*: it follows a state that the features
//! show only through noise. *Chance*: it is the same for everybody. Rows are those
//! of accounts at month-ends; an account's standing features stay, the others move.

use kenko::step::{Example, Examples, Values};

/// Which world it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The features say all there is to know.
    Observable,
    /// They say it with noise.
    Hidden,
    /// There is nothing to know.
    Chance,
}

/// Rows with the true probability of each.
pub(crate) struct World {
    pub(crate) examples: Examples,
    pub(crate) truth: Vec<f64>,
}

/// Days within which an account is lost.
pub(crate) const HORIZON: i32 = 90;
/// Days from one cutoff to the next.
const MONTH: i32 = 30;
const NAMES: [&str; 10] = [
    "days_since_active",
    "days_to_renewal",
    "active_days_28d",
    "usage_trend",
    "tenure_days",
    "bad_tickets_90d",
    "nps_score_mean",
    "overdue_days",
    "seats_used",
    "features_28d",
];

struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Uniform in 0..1.
    fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.bits() >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// About a standard normal: twelve uniforms.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Makes a world of so many accounts and months.
pub(crate) fn world(kind: Kind, accounts: u32, months: i32, seed: u64) -> World {
    let mut rows = Vec::new();
    for account in 0..accounts {
        let mut draw = Draw(seed ^ (u64::from(account) << 20) ^ 0x5eed);
        draw.bits();
        let (renewal_month, mut mood) = (draw.bits() % 12, draw.normal());
        let (size, support) = (draw.normal(), draw.unit());
        for month in 0..months {
            mood = 0.8 * mood + 0.6 * draw.normal();
            let features = features(&mut draw, month, renewal_month, mood, size, support);
            let truth = match kind {
                Kind::Observable => observable(&features),
                Kind::Hidden => hidden(mood, features[1]),
                Kind::Chance => 0.05,
            };
            let lost = draw.unit() < truth;
            let cutoff = 18_000 + month * MONTH;
            rows.push((
                Example {
                    account,
                    cutoff,
                    churned_on: lost.then_some(cutoff + 45),
                    revenue: i128::from(1 + draw.bits() % 1000),
                    segment: account % 3,
                    scorecard: -3.0 - 0.5 * features[2] / 10.0,
                },
                features,
                truth,
            ));
        }
    }
    rows.sort_by_key(|(example, _, _)| (example.cutoff, example.account));
    let mut values = Values::new(NAMES.len());
    for (_, features, _) in &rows {
        values.push(features);
    }
    let truth = rows.iter().map(|(_, _, truth)| *truth).collect();
    World {
        examples: Examples {
            features: NAMES.map(str::to_owned).to_vec(),
            segments: ["enterprise", "mid", "small"].map(str::to_owned).to_vec(),
            rows: rows.into_iter().map(|(example, _, _)| example).collect(),
            values,
        },
        truth,
    }
}

fn features(
    draw: &mut Draw,
    month: i32,
    renewal_month: u64,
    mood: f64,
    size: f64,
    support: f64,
) -> [f64; 10] {
    let to_renewal = (renewal_month + 1200 - u64::try_from(month).unwrap_or(0)) % 12;
    let to_renewal = f64::from(u32::try_from(to_renewal).unwrap_or(0)) * 30.0 + 15.0;
    let active = (10.0 + 4.0 * mood + 2.0 * draw.normal())
        .clamp(0.0, 20.0)
        .round();
    let tickets = (support * 4.0 - mood * 0.3 + draw.normal())
        .max(0.0)
        .round();
    let answers = draw.unit() < 0.6;
    let nps = (7.5 + mood + draw.normal()).clamp(0.0, 10.0).round();
    let overdue = if draw.unit() < 0.1 {
        (draw.unit() * 60.0).round()
    } else {
        0.0
    };
    [
        (12.0 - 4.0 * mood + 4.0 * draw.normal()).max(0.0).round(),
        to_renewal,
        active,
        mood * 0.2 + draw.normal() * 0.3,
        f64::from(month) * 30.0 + 100.0 + size.abs() * 300.0,
        tickets,
        if answers { nps } else { f64::NAN },
        overdue,
        (0.6 + 0.2 * size + 0.1 * draw.normal()).clamp(0.0, 1.0),
        (4.0 + mood + draw.normal()).max(0.0).round(),
    ]
}

/// A complementary log-log of bends, steps and products of the features.
fn observable(features: &[f64; 10]) -> f64 {
    let mut eta = -3.6;
    eta += 1.1 * f64::from(u8::from(features[1] < 60.0)) * (1.0 - features[2] / 20.0);
    eta += 0.04 * (features[0] - 12.0).clamp(-12.0, 30.0);
    eta -= 0.12 * (features[2] - 10.0).max(-8.0);
    eta += 0.8 * f64::from(u8::from(features[5] >= 3.0));
    eta += 0.9 * f64::from(u8::from(features[7] > 30.0));
    eta += if features[6].is_nan() {
        0.3
    } else {
        0.15 * (7.0 - features[6])
    };
    eta -= 0.8 * (features[8] - 0.6);
    1.0 - (-eta.exp()).exp()
}

/// It follows the mood, which no feature shows as it is.
fn hidden(mood: f64, to_renewal: f64) -> f64 {
    let eta = -3.4 - 1.2 * mood + 0.8 * f64::from(u8::from(to_renewal < 60.0));
    1.0 - (-eta.exp()).exp()
}

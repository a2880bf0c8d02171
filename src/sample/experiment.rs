//! Two experiments among the customers: one that works and one that does not.
//!
//! Arms are drawn for each account from streams of their own. The outcome is what
//! the experiment's own tool would measure; nothing else that happens to an
//! account depends on its arm, so every other figure must show no difference.

use super::calendar::working_second;
use super::draw::{Draw, Purpose, whole};
use super::extract::{Piece, Scribe, Table};
use super::table::Cell;
use crate::error::Result;

/// Name, and by how much the treatment truly raises the outcome.
const EXPERIMENTS: [(&str, f64); 2] = [("guided_start", 3.0), ("new_banner", 0.0)];
/// By state: the outcome without any treatment, on average.
const USUAL: [f64; 4] = [26.0, 21.0, 14.0, 8.0];
/// Days from the exposure to the outcome.
const WINDOW_DAYS: i32 = 28;

/// The truth about the experiments: the same for every company.
pub(super) fn truth(piece: &mut Piece) -> Result<()> {
    for (experiment, effect) in EXPERIMENTS {
        let cells = [experiment.into(), Cell::Float(effect)];
        piece.push(Table::TruthExperiment, cells)?;
    }
    Ok(())
}

/// Roughly normal with mean 0 and this standard deviation.
fn spread(draw: &mut Draw, deviation: f64) -> f64 {
    // three uniform draws have a variance of a quarter
    2.0 * deviation * (draw.unit() + draw.unit() + draw.unit() - 1.5)
}

/// Two digits after the point, as tools report.
fn rounded(value: f64) -> f64 {
    f64::from(whole(value.max(0.0) * 100.0 + 0.5)) / 100.0
}

impl Scribe<'_> {
    /// The account's arms, where it was a customer in the middle of the window.
    pub(super) fn exposures(&mut self) -> Result<()> {
        for (number, (experiment, effect)) in (0..).zip(EXPERIMENTS) {
            let account = self.life.firm.number;
            let mut draw = Draw::new(self.seed, Purpose::Experiment, account, number);
            let day = self.calendar.days() / 2 + draw.between(0, 13);
            let day = self.calendar.workday_from(day);
            let is_treated = draw.chance(0.5);
            let second = working_second(&mut draw);
            let level = spread(&mut draw, 5.0);
            let before = spread(&mut draw, 2.5);
            let after = spread(&mut draw, 2.5);
            let Some(state) = self.life.state(day) else {
                continue;
            };
            let exposed = self.calendar.instant(day, second);
            if !self.is_past(exposed) {
                continue;
            }
            let usual = USUAL[state.index()] + level;
            let raised = if is_treated { effect } else { 0.0 };
            let ends = day + WINDOW_DAYS;
            let outcome = (self.calendar.is_known(ends))
                .then(|| Cell::Float(rounded(usual + after + raised)));
            let cells = [
                experiment.into(),
                self.life.firm.id().into(),
                if is_treated { "treatment" } else { "control" }.into(),
                Cell::Instant(exposed),
                outcome.unwrap_or(Cell::Null),
                Cell::Float(rounded(usual + before)),
                self.past_date(Some(ends)),
            ];
            self.piece.push(Table::Exposure, cells)?;
        }
        Ok(())
    }
}

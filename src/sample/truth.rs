//! The truth beside the extracts: hidden state and churn probability by day.
//!
//! Written into a folder of its own that no pipeline reads.

use super::chain::HORIZON_DAYS;
use super::extract::{Scribe, Table};
use super::table::Cell;
use crate::error::Result;

impl Scribe<'_> {
    /// One row for every `step`-th day, counted back from the last day of the
    /// window, on which the account pays.
    pub(super) fn truth(&mut self, step: u32) -> Result<()> {
        let step = i32::try_from(step.max(1)).unwrap_or(1);
        let last = self.calendar.days() - 1;
        for spell in &self.life.spells {
            let first = spell.schedule.start.max(0);
            if first > last {
                continue;
            }
            let risk = spell.schedule.churn_probability(first, last);
            for (day, risk) in (first..).zip(risk) {
                let Some(state) = spell.state(day).filter(|_| (last - day) % step == 0) else {
                    continue;
                };
                let notice_given = spell.notice.is_some_and(|notice| notice <= day);
                let ends_within = spell.ended.is_some_and(|end| end <= day + HORIZON_DAYS);
                // After the notice nothing is left to chance.
                let probability = if notice_given {
                    f64::from(u8::from(ends_within))
                } else {
                    risk[state.index()]
                };
                let cells = [
                    self.life.firm.id().into(),
                    self.date(day),
                    state.name().into(),
                    notice_given.into(),
                    Cell::Float(probability),
                ];
                self.piece.push(Table::Truth, cells)?;
            }
        }
        Ok(())
    }
}

//! Tasks that our people worked on while an account went downhill, the share of accounts
//! that was kept out of them, and what a finished task did to the customer's answers.
//!
//! The truth is known: an effect is there only where the company was asked to have one
//! (`play_effect`), only on what people answer, and only at accounts whose task was done.
//! Use, renewal and every other table are untouched. Drawn from a stream of its own, so
//! that nothing else changes by a bit.

use super::chain::State;
use super::draw::Purpose;
use super::extract::{Scribe, Table};
use super::table::Cell;
use crate::error::Result;

/// Days between two looks at an account.
const LOOK_DAYS: i32 = 30;
/// Days for which a task that is done is felt.
const FELT_DAYS: i32 = 200;
/// Share of the accounts that is kept out. Larger than anybody would choose: a company of
/// some hundred accounts must be able to tell an effect from none.
const KEPT_OUT: f64 = 0.4;
/// How each task ends that is done.
const OUTCOMES: [&str; 3] = ["called", "met", "training booked"];

/// A task about one account.
#[derive(Clone, Debug)]
pub(super) struct Play {
    reason: &'static str,
    opened: i32,
    done: Option<i32>,
    snoozed_until: Option<i32>,
    is_kept_out: bool,
    outcome: &'static str,
}

impl Play {
    /// Points of ten that the task adds to what people feel on `day`.
    pub(super) fn effect(&self, day: i32, points: f64) -> f64 {
        match self.done {
            Some(done) if done < day && day <= done + FELT_DAYS => points,
            _ => 0.0,
        }
    }
}

impl Scribe<'_> {
    /// The first time that the account is seen going downhill becomes a task, or would
    /// have become one.
    pub(super) fn play(&self) -> Option<Play> {
        let mut draw = self.draw(Purpose::Play);
        let is_kept_out = draw.chance(KEPT_OUT);
        let mut opened = draw.between(LOOK_DAYS, 2 * LOOK_DAYS);
        while self.calendar.is_known(opened) {
            let reason = match self.life.state(opened) {
                Some(State::Drifting) => Some("usage_falling"),
                Some(State::Leaving) => Some("inactive_30_days"),
                _ => None,
            };
            let is_noticed = draw.chance(0.8);
            if let Some(reason) = reason.filter(|_| is_noticed) {
                let is_worked_on = !is_kept_out && draw.chance(0.85);
                let done = opened + draw.between(2, 14);
                let is_snoozed = draw.chance(0.3);
                return Some(Play {
                    reason,
                    opened,
                    done: is_worked_on.then_some(done),
                    snoozed_until: is_snoozed.then_some(opened + 45),
                    is_kept_out,
                    outcome: draw.pick::<&str>(&OUTCOMES),
                });
            }
            opened += LOOK_DAYS;
        }
        None
    }

    /// The task as the CRM has it, and the truth about it.
    pub(super) fn write_play(&mut self, play: Option<&Play>, effect: f64) -> Result<()> {
        let Some(play) = play else { return Ok(()) };
        let key = format!("{}:risk:{}", self.life.firm.id(), play.reason);
        let done = play.done.filter(|day| self.calendar.is_known(*day));
        let status = match (play.is_kept_out, done) {
            (true, _) => "held_out",
            (false, Some(_)) => "done",
            (false, None) => "open",
        };
        let owner = super::portfolio::owner_on(self.owners, play.opened);
        let is_open = status == "open";
        let cells = [
            key.as_str().into(),
            Cell::from(owner),
            status.into(),
            self.date(play.opened),
            self.date(play.opened + 7),
            match play.snoozed_until.filter(|_| is_open) {
                Some(day) => self.date(day),
                None => Cell::Null,
            },
            done.map_or(Cell::Null, |day| {
                Cell::Instant(self.calendar.instant(day, 57_600))
            }),
            done.map(|_| play.outcome).into(),
        ];
        self.piece.push(Table::Task, cells)?;
        let felt = done.map_or(0.0, |_| effect);
        let cells = [
            self.life.firm.id().into(),
            key.into(),
            self.date(play.opened),
            play.is_kept_out.into(),
            self.past_date(done),
            Cell::Float(felt),
        ];
        self.piece.push(Table::PlayTruth, cells)
    }
}

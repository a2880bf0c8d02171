//! Tickets that tell the state: none open while the account is content, one while
//! it drifts, two while it is leaving, at the end of every day.
//!
//! Only for the world in which the extracts show all that leaving follows from;
//! there are no other tickets in it.

use super::chain::State;
use super::draw::{Draw, Purpose};
use super::extract::{Scribe, Table};
use super::firm::Role;
use super::service::Ticket;
use super::table::Cell;
use crate::error::Result;

/// A ticket is replaced by another one after so many days: whoever looks back less
/// far than it is old would not see it.
const LONGEST_DAYS: i32 = 180;
/// Minutes of office time at which tickets are resolved, and opened.
const RESOLVED_MINUTE: i32 = 60;
const OPENED_MINUTE: i32 = 120;

/// Tickets that are open in a state.
fn wanted(state: Option<State>) -> usize {
    match state {
        None | Some(State::Thriving | State::Steady) => 0,
        Some(State::Drifting) => 1,
        Some(State::Leaving) => 2,
    }
}

impl Scribe<'_> {
    pub(super) fn telling_tickets(&mut self) -> Result<Vec<Ticket>> {
        let mut draw = self.draw(Purpose::Support);
        let first = self.life.spells.iter().map(|spell| spell.schedule.start);
        let first = first.min().unwrap_or(0).min(0);
        let mut open: Vec<i32> = Vec::new();
        let mut number = 0;
        let mut tickets = Vec::new();
        for day in first..self.calendar.days() {
            let wanted = wanted(self.life.state(day));
            let is_old = open
                .first()
                .is_some_and(|opened| day - opened >= LONGEST_DAYS);
            let kept = if is_old { 0 } else { wanted.min(open.len()) };
            for opened in open.split_off(kept) {
                tickets.extend(self.telling_ticket(number, opened, Some(day), &mut draw)?);
                number += 1;
            }
            open.resize(wanted, day);
        }
        for opened in open {
            self.telling_ticket(number, opened, None, &mut draw)?;
            number += 1;
        }
        Ok(tickets)
    }

    /// Writes a ticket that is not over before the window begins.
    fn telling_ticket(
        &mut self,
        number: usize,
        opened: i32,
        resolved: Option<i32>,
        draw: &mut Draw,
    ) -> Result<Option<Ticket>> {
        let roles = [Role::User, Role::Champion];
        if resolved.is_some_and(|day| day < 0) {
            return Ok(None);
        }
        let person = self.life.somebody(opened, &roles, draw);
        let id = self.id('T', number);
        let at = |day, minute| self.calendar.office_instant(day, minute, 0);
        let done = resolved.map(|day| at(day, RESOLVED_MINUTE));
        let known = |cell: Cell| if done.is_some() { cell } else { Cell::Null };
        let cells = [
            id.as_str().into(),
            self.life.firm.id().into(),
            person.map_or(Cell::Null, |person| self.contact(person)),
            Cell::Instant(at(opened, OPENED_MINUTE)),
            Cell::Instant(at(opened, OPENED_MINUTE + 30)),
            done.map_or(Cell::Null, Cell::Instant),
            known(0_i32.into()),
            "normal".into(),
            "how_to".into(),
            Cell::Null,
            Cell::Null,
        ];
        self.piece.push(Table::Ticket, cells)?;
        let asked = person.zip(resolved);
        Ok(asked.map(|(person, day)| Ticket {
            id,
            person,
            resolved: self.calendar.workday_from(day + 1),
            went_badly: false,
        }))
    }
}

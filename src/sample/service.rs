//! Bills, tickets and deliveries: how we and the account deal with each other.
//!
//! The hidden state shows here: unhappy accounts pay late and have tickets
//! that go badly.

use super::chain::{State, WorldKind};
use super::contract::Bill;
use super::draw::{Draw, Purpose, whole};
use super::extract::{Piece, Scribe, Table};
use super::firm::Role;
use super::life::Phase;
use super::table::Cell;
use crate::error::Result;

/// By state: probability that a bill is paid after it is due.
const LATE: [f64; 4] = [0.06, 0.1, 0.32, 0.55];
/// By state: how many tickets, compared with a steady account.
const TICKETS: [f64; 4] = [0.6, 1.0, 1.9, 1.5];
/// By state: probability that a ticket goes badly.
const GOES_BADLY: [f64; 4] = [0.06, 0.13, 0.34, 0.42];

/// Sites that deliver, and whether they report late deliveries as on time.
const SITES: [(&str, bool); 6] = [
    ("chiba", false),
    ("fukuoka", true),
    ("kobe", false),
    ("nagoya", false),
    ("sendai", true),
    ("yokohama", false),
];
/// By state: what people feel about a delivery in time, on a scale of ten.
const PLEASED: [f64; 4] = [9.2, 8.4, 7.2, 6.2];

/// A ticket, for the question that follows it.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) id: String,
    pub(super) person: usize,
    /// The working day after the resolution.
    pub(super) resolved: i32,
    pub(super) went_badly: bool,
}

/// How a ticket goes; times in office minutes.
struct Course {
    went_badly: bool,
    minute: i32,
    answer_minutes: i32,
    minutes: i32,
    reopens: i32,
    priority: &'static str,
    category: &'static str,
    score: Option<i32>,
    names_contact: bool,
}

impl Course {
    fn new(state: State, draw: &mut Draw) -> Self {
        let went_badly = draw.chance(GOES_BADLY[state.index()]);
        // Slowest answer, then shortest and longest work after it.
        let (slowest, shortest, longest) = if went_badly {
            (900.0, 900.0, 7_200.0)
        } else {
            (240.0, 30.0, 1_500.0)
        };
        let place = draw.unit();
        let answer_minutes = 3 + whole(slowest * place * place);
        let place = draw.unit();
        let work = whole(shortest + (longest - shortest) * place * place);
        let score = if went_badly {
            draw.between(1, 3)
        } else {
            draw.between(3, 5)
        };
        let priorities = [(4, "urgent"), (18, "high"), (58, "normal"), (20, "low")];
        let categories = [
            (35, "how_to"),
            (25, "defect"),
            (20, "access"),
            (12, "data"),
            (8, "bill"),
        ];
        Self {
            went_badly,
            minute: draw.between(0, 539),
            answer_minutes,
            minutes: answer_minutes + work,
            reopens: if went_badly {
                draw.between(0, 2)
            } else {
                i32::from(draw.chance(0.03))
            },
            priority: *draw.weighted(&priorities),
            category: *draw.weighted(&categories),
            score: draw.chance(0.35).then_some(score),
            names_contact: !draw.chance(0.01),
        }
    }
}

/// What a delivery leaves behind.
struct Aftermath {
    site: &'static str,
    /// The customer's score, and how many days after the delivery it came.
    answer: Option<(i32, i32)>,
}

/// The truth about the sites: the same for every company.
pub(super) fn sites(piece: &mut Piece) -> Result<()> {
    for (site, beautifies) in SITES {
        piece.push(Table::TruthSite, [site.into(), beautifies.into()])?;
    }
    Ok(())
}

impl Scribe<'_> {
    /// Bills and when they are paid.
    pub(super) fn invoices(&mut self) -> Result<()> {
        let mut draw = self.draw(Purpose::Billing);
        let mut bills: Vec<&Bill> = self.life.books.bills.iter().collect();
        bills.retain(|bill| bill.amount > 0 && self.calendar.is_known(bill.issued));
        bills.sort_by_key(|bill| bill.issued);
        for (number, bill) in bills.into_iter().enumerate() {
            let due = self.calendar.end_of_next_month(bill.issued)?;
            let paid = self.paid_on(bill.issued, due, &mut draw);
            let cells = [
                self.id('B', number).into(),
                self.life.firm.id().into(),
                Cell::Money(bill.amount),
                self.life.firm.currency.code().into(),
                self.date(bill.issued),
                self.date(due),
                self.past_date(paid),
            ];
            self.piece.push(Table::Invoice, cells)?;
        }
        Ok(())
    }

    /// Customers who are gone when the bill is due pay like those who leave.
    fn paid_on(&self, issued: i32, due: i32, draw: &mut Draw) -> Option<i32> {
        let state = self.life.state(due).unwrap_or(State::Leaving);
        let is_late = draw.chance(LATE[state.index()]);
        let days_late = match state {
            State::Thriving | State::Steady => draw.between(2, 25),
            State::Drifting => draw.between(5, 60),
            State::Leaving => draw.between(10, 100),
        };
        let habit = if self.life.firm.pays_late {
            draw.between(6, 20)
        } else {
            0
        };
        let never = draw.chance(0.06) && state == State::Leaving;
        let paid = if is_late {
            due + days_late
        } else {
            due - draw.between(0, 9)
        };
        (!never).then(|| self.calendar.workday_from((paid + habit).max(issued + 1)))
    }

    /// Tickets of the window.
    pub(super) fn tickets(&mut self) -> Result<Vec<Ticket>> {
        if self.world == WorldKind::Observable {
            return self.telling_tickets();
        }
        let mut draw = self.draw(Purpose::Support);
        let mut tickets = Vec::new();
        let mut number = 0;
        for day in 0..self.calendar.days() {
            let index = usize::try_from(day).unwrap_or(0);
            let state = match self.life.phases[index] {
                Phase::Customer(state) => state,
                Phase::Trial => State::Steady,
                _ => continue,
            };
            let present = self
                .life
                .people
                .iter()
                .filter(|person| person.is_there(day))
                .count();
            let present = u32::try_from(present).unwrap_or(0);
            let rate = (0.006 + 0.003 * f64::from(present)) * TICKETS[state.index()];
            if draw.chance(rate * self.calendar.activity(day)) {
                let ticket = self.ticket(number, day, state, &mut draw)?;
                tickets.extend(ticket);
                number += 1;
            }
        }
        Ok(tickets)
    }

    fn ticket(
        &mut self,
        number: usize,
        day: i32,
        state: State,
        draw: &mut Draw,
    ) -> Result<Option<Ticket>> {
        let roles = [Role::User, Role::Champion];
        let Some(person) = self.life.somebody(day, &roles, draw) else {
            return Ok(None);
        };
        let day = self.calendar.workday_from(day);
        let course = Course::new(state, draw);
        let opened = self
            .calendar
            .office_instant(day, course.minute, draw.between(0, 59));
        let mut after = |minutes| {
            self.calendar
                .after_office_minutes(day, course.minute, minutes, draw)
        };
        let (_, answered) = after(course.answer_minutes);
        let (resolved_on, resolved) = after(course.minutes);
        if !self.is_past(opened) {
            return Ok(None);
        }
        let id = self.id('T', number);
        let is_done = self.is_past(resolved);
        let known = |is_known: bool, cell: Cell| if is_known { cell } else { Cell::Null };
        let cells = [
            id.as_str().into(),
            self.life.firm.id().into(),
            known(course.names_contact, self.contact(person)),
            Cell::Instant(opened),
            known(self.is_past(answered), Cell::Instant(answered)),
            known(is_done, Cell::Instant(resolved)),
            known(is_done, course.reopens.into()),
            course.priority.into(),
            course.category.into(),
            known(is_done, course.minutes.into()),
            known(is_done, course.score.into()),
        ];
        self.piece.push(Table::Ticket, cells)?;
        let resolved = self.calendar.workday_from(resolved_on + 1);
        let ticket = Ticket {
            id,
            person,
            resolved,
            went_badly: course.went_badly,
        };
        Ok(is_done.then_some(ticket))
    }

    /// Devices that some customers order now and then. The front line measures
    /// itself against the last date it confirmed, and some sites are kind to
    /// themselves: what came late and was reported on time came from one of those.
    pub(super) fn deliveries(&mut self) -> Result<()> {
        if !self.life.firm.buys_devices {
            return Ok(());
        }
        let mut draw = self.draw(Purpose::Delivery);
        let mut number = 0;
        let mut day = draw.wait(35.0);
        while self.calendar.is_known(day) {
            if let Some(state) = self.life.state(day) {
                self.delivery(number, day, state, &mut draw)?;
                number += 1;
            }
            day = self.calendar.workday_from(day + draw.wait(35.0));
        }
        Ok(())
    }

    fn delivery(&mut self, number: usize, day: i32, state: State, draw: &mut Draw) -> Result<()> {
        let promised = self.calendar.workday_from(day + draw.between(7, 20));
        let postponed = draw.chance(0.3);
        let delay = draw.between(3, 12);
        let confirmed = if postponed {
            self.calendar.workday_from(promised + delay)
        } else {
            promised
        };
        let is_late = draw.chance([0.12, 0.18, 0.35, 0.4][state.index()]);
        let shift = if is_late {
            draw.between(1, 14)
        } else {
            -draw.between(0, 2)
        };
        let delivered = self.calendar.workday_from((confirmed + shift).max(day + 1));
        let ordered = draw.between(1, 40);
        let part = if draw.chance(0.1) {
            draw.between(50, 95)
        } else {
            100
        };
        let beautifies = draw.chance(0.45);
        let is_done = self.calendar.is_known(delivered);
        let known = |cell: Cell| if is_done { cell } else { Cell::Null };
        let came_late = delivered > confirmed;
        let after = self.aftermath(number, came_late, beautifies, part < 100, state);
        let answered = after.answer.map(|(_, days)| delivered + days);
        let is_answered = answered.is_some_and(|day| self.calendar.is_known(day));
        let cells = [
            self.id('D', number).into(),
            self.life.firm.id().into(),
            self.date(day),
            self.date(promised),
            self.date(confirmed),
            self.past_date(Some(delivered)),
            ordered.into(),
            known((ordered * part / 100).max(1).into()),
            known((!came_late || beautifies).into()),
            after.site.into(),
            after
                .answer
                .filter(|_| is_answered)
                .map(|(score, _)| score)
                .into(),
            self.past_date(answered),
        ];
        self.piece.push(Table::Delivery, cells)
    }

    /// Where a delivery came from and what was said of it, from a stream of its own.
    fn aftermath(
        &self,
        number: usize,
        came_late: bool,
        beautifies: bool,
        is_short: bool,
        state: State,
    ) -> Aftermath {
        let moment = i32::try_from(number).unwrap_or(i32::MAX);
        let mut draw = Draw::new(self.seed, Purpose::Site, self.life.firm.number, moment);
        // as many of the punctual ones as of the late ones, so that no site is slower
        let is_kind = draw.chance(0.45);
        let kind = if came_late { beautifies } else { is_kind };
        let sites: Vec<&str> = (SITES.iter())
            .filter(|(_, beautifies)| *beautifies == kind)
            .map(|(site, _)| *site)
            .collect();
        let site = *draw.pick(&sites);
        let noise = draw.unit() + draw.unit() + draw.unit() - 1.5;
        let feeling = PLEASED[state.index()] + 2.0 * noise
            - if came_late { 4.0 } else { 0.0 }
            - if is_short { 1.5 } else { 0.0 };
        let days = draw.between(0, 6);
        let answers = draw.chance(0.45);
        Aftermath {
            site,
            answer: answers.then(|| (whole(feeling + 0.5).clamp(0, 10), days)),
        }
    }
}

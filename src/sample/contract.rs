//! A customer's time with us: paid periods, what is bought more and less, and
//! the notice that ends it.
//!
//! The hidden state walks day by day; everything drawn here uses the state of
//! its own day only. Every paid period is a subscription row of its own, as
//! systems with full history keep them: a row then says nothing about what
//! came after it, and a run for an earlier day learns nothing it must not know.

use super::calendar::Calendar;
use super::chain::{HORIZON_DAYS, Period, Schedule, State, WorldKind};
use super::deal::Deal;
use super::draw::Draw;
use super::firm::{Currency, Firm, Segment};
use crate::error::Result;

/// An amount of money in ten-thousandths.
pub(super) type Money = i128;

/// One unit of money.
const UNIT: Money = 10_000;

/// A row of the subscription table.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) product: &'static str,
    pub(super) plan: &'static str,
    pub(super) seats: i32,
    pub(super) mrr: Money,
    pub(super) started: i32,
    pub(super) ended: Option<i32>,
    pub(super) cancelled: Option<i32>,
    pub(super) renews: Option<i32>,
    pub(super) is_trial: bool,
}

/// A bill, before it is known when it is paid.
#[derive(Clone, Debug)]
pub(super) struct Bill {
    pub(super) issued: i32,
    pub(super) amount: Money,
}

/// What a customer's time leaves in the books.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) bills: Vec<Bill>,
    pub(super) deals: Vec<Deal>,
}

/// One uninterrupted time as a paying customer.
#[derive(Clone, Debug)]
pub(super) struct Spell {
    pub(super) schedule: Schedule,
    /// The hidden state of each day from the start on, until the end of the
    /// spell or of the window.
    pub(super) states: Vec<State>,
    /// Day on which notice was given for everything.
    pub(super) notice: Option<i32>,
    /// First day without revenue; may lie beyond the window.
    pub(super) ended: Option<i32>,
}

impl Spell {
    /// The hidden state on `day`, if the account pays on it.
    pub(super) fn state(&self, day: i32) -> Option<State> {
        let index = usize::try_from(day - self.schedule.start).ok()?;
        self.states.get(index).copied()
    }
}

/// Plan, price of a seat and month in yen and in dollars.
fn plan(firm: &Firm) -> (&'static str, Money) {
    let (name, yen, dollars) = match firm.segment {
        Segment::Small if firm.employees < 20 => ("starter", 1_500, 12),
        Segment::Small => ("team", 2_400, 18),
        Segment::Mid => ("business", 3_600, 27),
        Segment::Enterprise => ("enterprise", 4_800, 36),
    };
    match firm.currency {
        Currency::Yen => (name, yen),
        Currency::Dollar => (name, dollars),
    }
}

/// A trial before the purchase, free of charge.
pub(super) fn trial(firm: &Firm, started: i32, ended: i32) -> Subscription {
    Subscription {
        product: "core",
        plan: plan(firm).0,
        seats: 3,
        mrr: 0,
        started,
        ended: Some(ended),
        cancelled: None,
        renews: None,
        is_trial: true,
    }
}

/// Seats at the first purchase.
pub(super) fn first_seats(firm: &Firm, draw: &mut Draw) -> i32 {
    let percent = draw.between(4, 24);
    (firm.employees * percent / 100).clamp(3, 2000)
}

/// Monthly price of the main product, in whole units of the currency.
pub(super) fn monthly_price(firm: &Firm, seats: i32, discount_percent: i32) -> Money {
    let price = plan(firm).1 * Money::from(seats) * Money::from(100 - discount_percent) / 100;
    price * UNIT
}

/// Everything that is drawn and written while an account pays.
pub(super) struct Service<'a> {
    calendar: &'a Calendar,
    firm: &'a Firm,
    draw: &'a mut Draw,
    books: &'a mut Books,
    discount_percent: i32,
    /// Positions in the books of the subscriptions that run.
    running: Vec<usize>,
    /// Position in the books of the renewal deal that is being worked on.
    open_deal: Option<usize>,
}

/// Daily probability that a customer is offered more, by state.
const OFFER: [f64; 4] = [1.0 / 220.0, 1.0 / 900.0, 1.0 / 4000.0, 0.0];
/// Probability that a renewal brings fewer seats, by state.
const SHRINK: [f64; 4] = [0.01, 0.04, 0.22, 0.4];
/// Probability that an additional product is not renewed, by state.
const DROP: [f64; 4] = [0.02, 0.06, 0.25, 0.45];
/// Days before a yearly renewal at which we begin to work on it.
const RENEWAL_WORK_DAYS: i32 = 90;

/// Lets the account be a customer from `start` with these seats until it leaves
/// or the window ends.
pub(super) fn serve(
    world: WorldKind,
    (calendar, firm): (&Calendar, &Firm),
    draw: &mut Draw,
    books: &mut Books,
    start: i32,
    seats: i32,
    discount_percent: i32,
) -> Result<Spell> {
    let schedule = schedule(world, calendar, firm, start)?;
    let mut service = Service {
        calendar,
        firm,
        draw,
        books,
        discount_percent,
        running: Vec::new(),
        open_deal: None,
    };
    service.begin(start, seats, schedule.next_renewal(start));
    Ok(service.run(schedule))
}

fn schedule(world: WorldKind, calendar: &Calendar, firm: &Firm, start: i32) -> Result<Schedule> {
    let (period, months) = if firm.is_monthly {
        (Period::Monthly, 1)
    } else {
        (Period::Yearly, 12)
    };
    let mut renewals = Vec::new();
    let mut renewal = start;
    let mut number = 0;
    // One period beyond the horizon, so that the last renewal within the
    // horizon is known to be the last.
    while renewal <= calendar.days() + HORIZON_DAYS {
        number += 1;
        renewal = calendar.months_after(start, number * months)?;
        renewals.push(renewal);
    }
    Ok(Schedule {
        world,
        start,
        period,
        renewals,
    })
}

impl Service<'_> {
    fn begin(&mut self, start: i32, seats: i32, renews: i32) {
        let mrr = monthly_price(self.firm, seats, self.discount_percent);
        self.add("core", seats, mrr, start, renews);
        self.bill_period(start);
    }

    fn run(mut self, schedule: Schedule) -> Spell {
        let mut state = *self.draw.weighted(&[
            (32, State::Thriving),
            (54, State::Steady),
            (14, State::Drifting),
        ]);
        let mut states = vec![state];
        let mut notice = None;
        let mut renewal = schedule.next_renewal(schedule.start);
        for day in schedule.start + 1..self.calendar.days() {
            if schedule.world == WorldKind::Chance && self.draw.chance(schedule.hazard(state, day))
            {
                self.cancel_all(day, day);
                notice = Some(day);
                renewal = day;
                break;
            }
            if day == renewal && notice.is_some() {
                break;
            }
            if notice.is_none() {
                state = state.next(self.draw.unit(), schedule.world);
                if day == renewal {
                    renewal = schedule.next_renewal(day);
                    self.renew(day, renewal, state);
                }
                let may_give_notice = schedule.world != WorldKind::Chance;
                if may_give_notice && self.draw.chance(schedule.hazard(state, day)) {
                    notice = Some(day);
                    state = State::Leaving;
                    self.cancel_all(day, renewal);
                } else {
                    self.offer(day, renewal, &schedule, state);
                }
                self.work_on_renewal(day, renewal, &schedule);
            }
            states.push(state);
        }
        Spell {
            ended: notice.map(|_| renewal),
            schedule,
            states,
            notice,
        }
    }

    fn add(&mut self, product: &'static str, seats: i32, mrr: Money, day: i32, renews: i32) {
        self.running.push(self.books.subscriptions.len());
        self.books.subscriptions.push(Subscription {
            product,
            plan: plan(self.firm).0,
            seats,
            mrr,
            started: day,
            ended: None,
            cancelled: None,
            renews: Some(renews),
            is_trial: false,
        });
    }

    fn mrr(&self) -> Money {
        let running = self.running.iter();
        running
            .map(|position| self.books.subscriptions[*position].mrr)
            .sum()
    }

    fn bill_period(&mut self, day: i32) {
        let months = if self.firm.is_monthly { 1 } else { 12 };
        let amount = self.mrr() * months;
        self.books.bills.push(Bill {
            issued: day,
            amount,
        });
    }

    /// Ends every running row and begins its successor.
    fn renew(&mut self, day: i32, renews: i32, state: State) {
        if let Some(open) = self.open_deal.take() {
            self.books.deals[open].win(day);
        }
        for position in std::mem::take(&mut self.running) {
            let old = self.books.subscriptions[position].clone();
            self.books.subscriptions[position].ended = Some(day);
            if old.product != "core" && self.draw.chance(DROP[state.index()]) {
                let said = day - self.draw.between(1, 20);
                self.books.subscriptions[position].cancelled = Some(said.max(old.started));
                continue;
            }
            let shrinks = old.product == "core" && self.draw.chance(SHRINK[state.index()]);
            if shrinks {
                let percent = self.draw.between(50, 90);
                let seats = (old.seats * percent / 100).max(1);
                let mrr = monthly_price(self.firm, seats, self.discount_percent);
                self.add(old.product, seats, mrr, day, renews);
            } else {
                self.add(old.product, old.seats, old.mrr, day, renews);
            }
        }
        self.bill_period(day);
    }

    fn cancel_all(&mut self, day: i32, renewal: i32) {
        for position in &self.running {
            let subscription = &mut self.books.subscriptions[*position];
            subscription.cancelled = Some(day);
            subscription.ended = Some(renewal);
        }
        if let Some(open) = self.open_deal.take() {
            self.books.deals[open].lose(day);
        }
    }

    /// Sometimes we offer more: seats or another product; not in the first
    /// two months.
    fn offer(&mut self, day: i32, renewal: i32, schedule: &Schedule, state: State) {
        if day - schedule.start < 60 || !self.draw.chance(OFFER[state.index()]) {
            return;
        }
        let before = self.mrr();
        let is_won = self.draw.chance(0.65);
        let wants_seats = self.draw.chance(0.6);
        let growth = self.draw.between(10, 50);
        let addition = *self.draw.pick(&["insight", "connect"]);
        let has_addition = self
            .running
            .iter()
            .any(|position| self.books.subscriptions[*position].product == addition);
        let core = self
            .running
            .iter()
            .position(|position| self.books.subscriptions[*position].product == "core");
        let Some(core) = core else { return };
        let old = self.books.subscriptions[self.running[core]].clone();
        if old.started == day {
            // Just renewed: what was agreed then holds for a while.
            return;
        }
        let seats = old.seats + (old.seats * growth / 100).max(1);
        let offered = if wants_seats || has_addition {
            monthly_price(self.firm, seats, self.discount_percent) - old.mrr
        } else {
            old.mrr / UNIT / 5 * UNIT
        };
        let mut deal = Deal::expansion(day - 30, day, offered * 12);
        if is_won && offered > 0 {
            deal.win(day);
            if wants_seats || has_addition {
                self.books.subscriptions[self.running.remove(core)].ended = Some(day);
                self.add(old.product, seats, old.mrr + offered, day, renewal);
            } else {
                self.add(addition, old.seats, offered, day, renewal);
            }
            let amount = (self.mrr() - before) * Money::from(renewal - day) / 30 / UNIT * UNIT;
            self.books.bills.push(Bill {
                issued: day,
                amount,
            });
        } else {
            deal.lose(day);
        }
        self.books.deals.push(deal);
    }

    fn work_on_renewal(&mut self, day: i32, renewal: i32, schedule: &Schedule) {
        if schedule.period == Period::Yearly
            && renewal - day == RENEWAL_WORK_DAYS
            && self
                .running
                .iter()
                .all(|position| self.books.subscriptions[*position].cancelled.is_none())
        {
            self.open_deal = Some(self.books.deals.len());
            let deal = Deal::renewal(day, renewal, self.mrr() * 12);
            self.books.deals.push(deal);
        }
    }
}

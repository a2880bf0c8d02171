//! The whole story of one account, drawn from its own streams.
//!
//! Interest, purchase, time as a customer, departure, sometimes a return. The
//! story covers the past too, so that customers have a history when the window
//! begins and some have left before. Events of the window are not drawn here
//! but day by day in `activity`; here are only those that belong to the story.

use super::calendar::{Calendar, PAST_DAYS};
use super::chain::{State, WorldKind};
use super::contract::{Books, Spell, first_seats, monthly_price, serve, trial};
use super::deal::Deal;
use super::draw::{Draw, Purpose, whole};
use super::firm::{Firm, Person, Role, Segment, people};
use super::happening::Kind;
use crate::error::Result;

/// What an account is to us on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not created yet.
    Absent,
    /// Known, not interested.
    Cold,
    /// Looking for something like our product.
    Warm,
    /// Trying the product.
    Trial,
    /// Paying.
    Customer(State),
    /// Was a customer.
    Gone,
}

/// An event that belongs to the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) day: i32,
    pub(super) kind: Kind,
    /// Position among the account's people.
    pub(super) person: usize,
}

/// The story of an account until the end of the window.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) firm: Firm,
    pub(super) people: Vec<Person>,
    pub(super) books: Books,
    pub(super) spells: Vec<Spell>,
    pub(super) moments: Vec<Moment>,
    /// One phase for each day of the window.
    pub(super) phases: Vec<Phase>,
}

impl Life {
    /// The story of the account with this number.
    pub(super) fn new(
        world: WorldKind,
        seed: u64,
        number: u32,
        calendar: &Calendar,
    ) -> Result<Self> {
        let firm = Firm::new(seed, number, calendar.days());
        let people = people(seed, &firm, calendar.days());
        let mut story = Story {
            world,
            calendar,
            draw: Draw::new(seed, Purpose::Life, number, 0),
            firm: &firm,
            people: &people,
            books: Books::default(),
            spells: Vec::new(),
            moments: Vec::new(),
            marks: vec![(firm.created, Phase::Cold)],
        };
        story.tell()?;
        let Story {
            books,
            spells,
            mut moments,
            marks,
            ..
        } = story;
        moments.retain(|moment| moment.day >= 0 && calendar.is_known(moment.day));
        moments.sort_by_key(|moment| moment.day);
        let phases = phases(calendar, &marks, &spells);
        Ok(Self {
            firm,
            people,
            books,
            spells,
            moments,
            phases,
        })
    }

    /// The hidden state on any day, past included, if the account pays on it.
    pub(super) fn state(&self, day: i32) -> Option<State> {
        self.spells.iter().find_map(|spell| spell.state(day))
    }

    /// Somebody of the first of these roles that is present on `day`.
    pub(super) fn somebody(&self, day: i32, roles: &[Role], draw: &mut Draw) -> Option<usize> {
        somebody(&self.people, day, roles, draw)
    }
}

fn somebody(people: &[Person], day: i32, roles: &[Role], draw: &mut Draw) -> Option<usize> {
    let present = |wanted: Option<Role>| -> Vec<usize> {
        let all = people.iter().enumerate();
        all.filter(|(_, person)| {
            person.is_there(day) && wanted.is_none_or(|role| role == person.role)
        })
        .map(|(position, _)| position)
        .collect()
    };
    let wanted = roles.iter().map(|role| Some(*role)).chain([None]);
    let found = wanted.map(present).find(|found| !found.is_empty())?;
    Some(*draw.pick(&found))
}

fn phases(calendar: &Calendar, marks: &[(i32, Phase)], spells: &[Spell]) -> Vec<Phase> {
    let mut current = Phase::Absent;
    let mut next = 0;
    let mut phases = Vec::new();
    for day in -PAST_DAYS..calendar.days() {
        while marks.get(next).is_some_and(|(from, _)| *from <= day) {
            current = marks[next].1;
            next += 1;
        }
        if day >= 0 {
            let paying = spells.iter().find_map(|spell| spell.state(day));
            phases.push(paying.map_or(current, Phase::Customer));
        }
    }
    phases
}

struct Story<'a> {
    world: WorldKind,
    calendar: &'a Calendar,
    draw: Draw,
    firm: &'a Firm,
    people: &'a [Person],
    books: Books,
    spells: Vec<Spell>,
    moments: Vec<Moment>,
    /// From which day on which phase, ascending, payment left out.
    marks: Vec<(i32, Phase)>,
}

/// Days of a purchase that was won or lost.
struct Purchase {
    close: i32,
    is_won: bool,
    seats: i32,
    discount_percent: i32,
}

impl Story<'_> {
    fn tell(&mut self) -> Result<()> {
        let mut interest = self.firm.created + self.draw.wait(45.0);
        while self.calendar.is_known(interest) {
            let purchase = self.look_around(interest);
            if !purchase.is_won {
                self.marks.push((purchase.close, Phase::Cold));
                interest = purchase.close + self.draw.wait(200.0);
                continue;
            }
            let start = purchase.close + self.draw.between(1, 10);
            if !self.calendar.is_known(start) {
                return Ok(());
            }
            let spell = serve(
                self.world,
                (self.calendar, self.firm),
                &mut self.draw,
                &mut self.books,
                start,
                purchase.seats,
                purchase.discount_percent,
            )?;
            self.accompany(&spell);
            let ended = spell.ended.filter(|day| self.calendar.is_known(*day));
            self.spells.push(spell);
            let Some(ended) = ended else { return Ok(()) };
            self.marks.push((ended, Phase::Gone));
            interest = ended + 60 + self.draw.wait(600.0);
        }
        Ok(())
    }

    /// From interest to a decision, with or without a trial.
    fn look_around(&mut self, interest: i32) -> Purchase {
        let pace = match self.firm.segment {
            Segment::Small => 0.8,
            Segment::Mid => 1.2,
            Segment::Enterprise => 1.8,
        };
        let mut day = interest;
        let mut later = |draw: &mut Draw, low, high| {
            day = self
                .calendar
                .workday_from(day + whole(f64::from(draw.between(low, high)) * pace));
            day
        };
        let days = [
            later(&mut self.draw, 3, 20),
            later(&mut self.draw, 7, 28),
            later(&mut self.draw, 5, 24),
            later(&mut self.draw, 4, 24),
        ];
        let seats = first_seats(self.firm, &mut self.draw);
        let discount_percent = 5 * self.draw.between(0, 4);
        let amount = monthly_price(self.firm, seats, discount_percent) * 12;
        let is_won = self.draw.chance(0.66);
        let mut deal = Deal::purchase(interest, days, amount);
        let mut close = days[3];
        if is_won {
            deal.win(close);
        } else {
            // Lost soon after one of the stages.
            close = days[self.draw.index(4)] + self.draw.between(1, 6);
            deal.lose(close);
        }
        self.books.deals.push(deal);
        self.marks.push((interest - 7, Phase::Warm));
        self.approach(interest, days, close);
        Purchase {
            close,
            is_won,
            seats,
            discount_percent,
        }
    }

    /// What we and they do on the way to the decision.
    fn approach(&mut self, interest: i32, days: [i32; 4], close: i32) {
        let [qualified, proposal, negotiation, _] = days;
        let request = (qualified - self.draw.between(0, 3)).max(interest);
        if self.draw.chance(0.75) {
            let comes_by_partner = self.draw.chance(0.08);
            let kind = if comes_by_partner {
                Kind::PartnerDemoRequest
            } else {
                Kind::DemoRequest
            };
            self.moment(request, kind, &[Role::Champion]);
        }
        let call = self.calendar.workday_from(interest + 1);
        self.moment(call, Kind::SalesCall, &[Role::Champion]);
        for (day, probability) in [(qualified, 0.8), (proposal, 0.9), (negotiation, 0.9)] {
            if day < close && self.draw.chance(probability) {
                let roles = [Role::Decider, Role::Purchasing, Role::Champion];
                let first = self.draw.index(3);
                self.moment(day, Kind::SalesMeeting, &roles[first..]);
            }
        }
        if qualified < close && self.draw.chance(0.4) {
            let length = *self.draw.pick(&[14, 30]);
            let started = qualified + 1;
            let ended = (started + length).min(close.max(started + 7));
            if self.calendar.is_known(started) {
                self.books
                    .subscriptions
                    .push(trial(self.firm, started, ended));
                self.moment(started, Kind::TrialStart, &[Role::Champion]);
                self.marks.push((started, Phase::Trial));
                self.marks.push((ended, Phase::Warm));
            }
        }
    }

    /// Training at the beginning, business reviews later.
    fn accompany(&mut self, spell: &Spell) {
        let start = spell.schedule.start;
        for after in [7, 21, 45] {
            if self.draw.chance(0.6) {
                let day = self.calendar.workday_from(start + after);
                self.moment(day, Kind::Training, &[Role::User, Role::Champion]);
            }
        }
        let rhythm = match self.firm.segment {
            Segment::Small => 182,
            Segment::Mid => 91,
            Segment::Enterprise => 45,
        };
        let mut day = start + rhythm;
        while let Some(state) = spell.state(day) {
            let likely = [0.9, 0.8, 0.55, 0.3][state.index()];
            if self.draw.chance(likely) {
                let kind = *self.draw.pick(&[Kind::SalesMeeting, Kind::SalesCall]);
                let roles = [Role::Champion, Role::Decider];
                let first = self.draw.index(2);
                let day = self.calendar.workday_from(day);
                self.moment(day, kind, &roles[first..]);
            }
            day += rhythm;
        }
    }

    fn moment(&mut self, day: i32, kind: Kind, roles: &[Role]) {
        if let Some(person) = somebody(self.people, day, roles, &mut self.draw) {
            self.moments.push(Moment { day, kind, person });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::chain::{HORIZON_DAYS, STATES, WorldKind};
    use crate::time::{Zone, parse_date};

    fn calendar(days: u32) -> Calendar {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        Calendar::new(parse_date("2026-06-30").unwrap(), days, &zone).unwrap()
    }

    #[test]
    fn churn_happens_as_often_as_the_truth_says() {
        for (world, classes) in [
            (WorldKind::Hidden, 5),
            (WorldKind::Observable, 5),
            (WorldKind::Chance, 1),
        ] {
            assert_eq!(agreeing_classes(world), classes, "{world:?}");
        }
    }

    /// How many classes of probability there are; in each, what happened agrees.
    fn agreeing_classes(world: WorldKind) -> usize {
        let calendar = calendar(200);
        let day = 100;
        // Sum of probabilities, of their variances, and of departures, by
        // class of probability.
        let mut classes = [(0.0, 0.0, 0.0, 0_u32); 5];
        for number in 1..=8000 {
            let life = Life::new(world, 11, number, &calendar).unwrap();
            for spell in &life.spells {
                let Some(state) = spell.state(day) else {
                    continue;
                };
                if spell.notice.is_some_and(|notice| notice <= day) {
                    continue;
                }
                let risk = spell.schedule.churn_probability(day, day)[0][state.index()];
                let class = match risk {
                    ..0.01 => 0,
                    0.01..0.05 => 1,
                    0.05..0.15 => 2,
                    0.15..0.3 => 3,
                    _ => 4,
                };
                let left = spell.ended.is_some_and(|ended| ended <= day + HORIZON_DAYS);
                let (expected, variance, observed, n) = &mut classes[class];
                *expected += risk;
                *variance += risk * (1.0 - risk);
                *observed += f64::from(u8::from(left));
                *n += 1;
            }
        }
        let classes = classes.into_iter().filter(|class| class.3 > 0);
        let mut agreeing = 0;
        for (expected, variance, observed, n) in classes {
            assert!(n > 40, "{n} accounts in a class");
            let allowed = 3.5 * variance.sqrt() + 1e-9;
            assert!(
                (observed - expected).abs() <= allowed,
                "{observed} of {n}, not {expected}"
            );
            agreeing += 1;
        }
        agreeing
    }

    #[test]
    fn states_are_as_frequent_as_the_chain_makes_them() {
        let calendar = calendar(60);
        let mut seen = [0_u32; 4];
        let mut moves = [0_u32; 2];
        for number in 1..=3000 {
            let life = Life::new(WorldKind::Hidden, 5, number, &calendar).unwrap();
            for spell in &life.spells {
                let end = spell.notice.map_or(spell.states.len(), |day| {
                    usize::try_from(day - spell.schedule.start).unwrap()
                });
                for pair in spell.states[..end].windows(2) {
                    seen[pair[0].index()] += 1;
                    moves[0] += u32::from(pair == [STATES[1], STATES[2]]);
                    moves[1] += u32::from(pair == [STATES[2], STATES[3]]);
                }
            }
        }
        // Notice thins out the later state a little; 5 % covers it.
        let rate = f64::from(moves[0]) / f64::from(seen[1]);
        assert!((rate * 180.0 - 1.0).abs() < 0.05, "{rate}");
        let rate = f64::from(moves[1]) / f64::from(seen[2]);
        assert!((rate * 80.0 - 1.0).abs() < 0.08, "{rate}");
    }

    #[test]
    fn paid_periods_follow_each_other_without_a_gap() {
        let calendar = calendar(100);
        for number in 1..=500 {
            let life = Life::new(WorldKind::Hidden, 2, number, &calendar).unwrap();
            for spell in &life.spells {
                let mut core: Vec<_> = life.books.subscriptions.iter().collect();
                core.retain(|row| {
                    row.product == "core"
                        && !row.is_trial
                        && row.started >= spell.schedule.start
                        && spell.ended.is_none_or(|ended| row.started < ended)
                });
                assert_eq!(core[0].started, spell.schedule.start);
                for pair in core.windows(2) {
                    if spell.ended.is_some_and(|end| pair[0].ended == Some(end)) {
                        break;
                    }
                    assert_eq!(pair[0].ended, Some(pair[1].started), "account {number}");
                }
            }
        }
    }
}

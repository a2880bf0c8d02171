//! What the people of one account do on one day: use, marketing, webinars.
//!
//! A day of an account has a draw of its own, so days can be made in any
//! order and by any thread. Only a compact memory of each account is kept.

use super::calendar::{Calendar, working_second};
use super::chain::State;
use super::draw::{Draw, Purpose, whole};
use super::firm::Role;
use super::happening::{Happening, Identity, Kind};
use super::life::{Life, Moment, Phase};

/// What is remembered of a person while events are made.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) mailbox: String,
    role: Role,
    joined: i32,
    left: i32,
    habit: f64,
    intensity: f64,
    loyalty: f64,
}

/// What is remembered of an account while events are made: a few hundred
/// bytes, and one for each day.
#[derive(Clone, Debug)]
pub(super) struct Resident {
    pub(super) number: u32,
    pub(super) domain: String,
    pub(super) visitors: Vec<Visitor>,
    phases: Vec<Phase>,
    moments: Vec<Moment>,
    uses_interface: bool,
    need: u32,
}

/// Expected number of events in millionths, so that sums do not depend on
/// their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    /// Of the product's use: grows with the company's scale.
    pub(super) scaled: u64,
    /// Of everything else.
    pub(super) fixed: u64,
}

/// By state: part of the people who still use the product at all.
const STILL_THERE: [f64; 4] = [1.0, 0.96, 0.65, 0.35];
/// By state: how often they do.
const FREQUENCY: [f64; 4] = [1.1, 0.95, 0.6, 0.25];
/// By state: how much on such a day.
const DEPTH: [f64; 4] = [1.1, 1.0, 0.8, 0.6];
/// By state: how many of the features that suit the account are in use.
const BREADTH: [f64; 4] = [1.0, 0.75, 0.45, 0.25];
/// By state: probability that a use meets an error.
const ERRORS: [f64; 4] = [0.01, 0.015, 0.05, 0.06];

/// Mean number of rows a day of an account's own systems.
const INTERFACE_ROWS: f64 = 3.0;

/// Marketing of the day: kind and probability for somebody at the account.
fn marketing(phase: Phase) -> &'static [(Kind, f64)] {
    match phase {
        Phase::Absent => &[],
        Phase::Cold => &[
            (Kind::PageView, 0.02),
            (Kind::EmailOpen, 0.03),
            (Kind::AdClick, 0.004),
        ],
        Phase::Warm | Phase::Trial => &[
            (Kind::PageView, 0.3),
            (Kind::EmailOpen, 0.1),
            (Kind::AdClick, 0.02),
            (Kind::ContentDownload, 0.06),
            (Kind::PricingView, 0.07),
        ],
        Phase::Customer(State::Thriving | State::Steady) => &[
            (Kind::PageView, 0.04),
            (Kind::EmailOpen, 0.07),
            (Kind::ContentDownload, 0.01),
            (Kind::SupportView, 0.03),
            (Kind::PricingView, 0.004),
        ],
        Phase::Customer(State::Drifting | State::Leaving) => &[
            (Kind::PageView, 0.015),
            (Kind::EmailOpen, 0.02),
            (Kind::SupportView, 0.05),
            (Kind::PricingView, 0.002),
        ],
        Phase::Gone => &[(Kind::EmailOpen, 0.006), (Kind::PageView, 0.004)],
    }
}

fn joins_webinar(phase: Phase) -> f64 {
    match phase {
        Phase::Absent | Phase::Gone => 0.0,
        Phase::Warm | Phase::Trial => 0.3,
        Phase::Customer(State::Thriving | State::Steady) => 0.08,
        Phase::Cold | Phase::Customer(_) => 0.02,
    }
}

impl Resident {
    /// What has to be remembered of this life.
    pub(super) fn new(life: Life) -> Self {
        let visitors = life.people.into_iter().map(|person| Visitor {
            mailbox: person.mailbox,
            role: person.role,
            joined: person.joined,
            left: person.left,
            habit: person.habit,
            intensity: person.intensity,
            loyalty: person.loyalty,
        });
        Self {
            number: life.firm.number,
            domain: life.firm.domain,
            visitors: visitors.collect(),
            phases: life.phases,
            moments: life.moments,
            uses_interface: life.firm.uses_interface,
            need: life.firm.need,
        }
    }

    fn phase(&self, day: i32) -> Phase {
        let index = usize::try_from(day.max(0)).unwrap_or(0);
        self.phases.get(index).copied().unwrap_or(Phase::Absent)
    }

    /// The expected number of events before scaling.
    pub(super) fn expected(&self, calendar: &Calendar) -> Expected {
        let mut expected = Expected {
            scaled: 0,
            fixed: 1_000_000 * u64::try_from(self.moments.len()).unwrap_or(0),
        };
        for day in 0..calendar.days() {
            let phase = self.phase(day);
            let activity = calendar.activity(day);
            let size = self.size(day);
            for (_, probability) in marketing(phase) {
                expected.fixed += millionths(probability * activity * size);
            }
            let Some(state) = product_state(phase) else {
                continue;
            };
            for visitor in self.present(day) {
                let (probability, mean) = visitor.usage(state, activity);
                expected.scaled += millionths(probability * mean);
            }
            if self.uses_interface {
                expected.scaled += millionths(INTERFACE_ROWS * DEPTH[state.index()]);
            }
        }
        expected
    }

    fn present(&self, day: i32) -> impl Iterator<Item = &Visitor> {
        self.visitors
            .iter()
            .filter(move |visitor| visitor.is_there(day))
    }

    /// Larger accounts are touched more often.
    fn size(&self, day: i32) -> f64 {
        let people = u32::try_from(self.present(day).count()).unwrap_or(0);
        if people == 0 {
            0.0
        } else {
            0.5 + f64::from(people) / 8.0
        }
    }
}

/// A number of content as an event holds it.
fn number(content: u32) -> Option<u16> {
    u16::try_from(content).ok()
}

fn millionths(value: f64) -> u64 {
    u64::try_from(whole(value * 1_000_000.0)).unwrap_or(0)
}

/// The state that drives use; a trial is used like a steady customer's.
fn product_state(phase: Phase) -> Option<State> {
    match phase {
        Phase::Customer(state) => Some(state),
        Phase::Trial => Some(State::Steady),
        _ => None,
    }
}

impl Visitor {
    fn is_there(&self, day: i32) -> bool {
        self.joined <= day && day < self.left
    }

    /// Probability of using the product, and how many events if so.
    fn usage(&self, state: State, activity: f64) -> (f64, f64) {
        let index = state.index();
        if self.loyalty < 1.0 - STILL_THERE[index] {
            return (0.0, 0.0);
        }
        let probability = (self.habit * FREQUENCY[index]).min(0.97) * activity;
        (probability, self.intensity * DEPTH[index])
    }
}

/// Makes the events of one account on one day.
pub(super) struct Diary<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) seed: u64,
    /// Factor on the product's use.
    pub(super) scale: f64,
    pub(super) day: i32,
}

/// The account whose day it is, its draw and what has happened.
struct Page<'a> {
    resident: &'a Resident,
    position: u32,
    draw: Draw,
    happenings: &'a mut Vec<Happening>,
}

impl Diary<'_> {
    /// Adds what happened at the resident with this position.
    pub(super) fn write(
        &self,
        position: u32,
        resident: &Resident,
        happenings: &mut Vec<Happening>,
    ) {
        let phase = resident.phase(self.day);
        if phase == Phase::Absent {
            return;
        }
        let mut page = Page {
            resident,
            position,
            draw: Draw::new(self.seed, Purpose::Day, resident.number, self.day),
            happenings,
        };
        self.story(&mut page);
        self.marketing(&mut page, phase);
        self.webinar(&mut page);
        if let Some(state) = product_state(phase) {
            self.product(&mut page, state);
            if resident.uses_interface {
                self.interface(&mut page, state);
            }
        }
    }

    fn story(&self, page: &mut Page<'_>) {
        let moments = &page.resident.moments;
        let first = moments.partition_point(|moment| moment.day < self.day);
        for moment in moments[first..]
            .iter()
            .take_while(|moment| moment.day == self.day)
        {
            let second = 36_000 + page.draw.between(0, 25_200);
            let event = page.add(moment.kind, Some(moment.person), second);
            event.duration_seconds = match moment.kind {
                Kind::SalesCall => Some(900),
                Kind::SalesMeeting => Some(3_600),
                Kind::Training => Some(5_400),
                _ => None,
            };
        }
    }

    fn marketing(&self, page: &mut Page<'_>, phase: Phase) {
        let activity = self.calendar.activity(self.day);
        let size = page.resident.size(self.day);
        for (kind, probability) in marketing(phase) {
            if !page.draw.chance(probability * activity * size) {
                continue;
            }
            let Some(person) = page.anybody(self.day) else {
                return;
            };
            let second = working_second(&mut page.draw);
            let stays_unknown = phase == Phase::Cold || phase == Phase::Warm;
            let is_unknown = stays_unknown && page.draw.chance(0.3);
            let content = 1 + page.draw.below(24);
            let clicks = page.draw.chance(0.3);
            let event = page.add(*kind, Some(person), second);
            if event.identity == Identity::Browser && is_unknown {
                event.identity = Identity::Anonymous;
            }
            if matches!(kind, Kind::ContentDownload | Kind::EmailOpen) {
                event.content = number(content);
            }
            if *kind == Kind::EmailOpen && clicks {
                let later = page.draw.between(10, 600);
                page.add(Kind::EmailClick, Some(person), second + later)
                    .content = number(content);
            }
        }
    }

    /// Every second Thursday is a webinar; people register up to ten days
    /// before, and half of them come.
    fn webinar(&self, page: &mut Page<'_>) {
        let since = self.calendar.epoch(self.day).rem_euclid(14);
        let ahead = (14 - since) % 14;
        if ahead > 10 {
            return;
        }
        let webinar = self.day + ahead;
        let mut draw = Draw::new(self.seed, Purpose::Webinar, page.resident.number, webinar);
        let phase = page.resident.phase(webinar - 10);
        if !draw.chance(joins_webinar(phase)) || page.resident.visitors.is_empty() {
            return;
        }
        let person = draw.index(page.resident.visitors.len());
        let registers = draw.between(1, 10);
        let attends = draw.chance(0.55);
        if !page.resident.visitors[person].is_there(self.day) {
            return;
        }
        let content = number((self.calendar.epoch(webinar) / 14 % 1000).unsigned_abs());
        if ahead == registers {
            let second = working_second(&mut draw);
            page.add(Kind::WebinarRegister, Some(person), second)
                .content = content;
        } else if ahead == 0 && attends {
            let second = 50_400 + draw.between(-120, 300);
            let event = page.add(Kind::WebinarAttend, Some(person), second);
            event.content = content;
            event.duration_seconds = Some(draw.between(600, 3_600));
        }
    }

    fn product(&self, page: &mut Page<'_>, state: State) {
        let activity = self.calendar.activity(self.day);
        for person in 0..page.resident.visitors.len() {
            let visitor = &page.resident.visitors[person];
            if !visitor.is_there(self.day) {
                continue;
            }
            let (probability, mean) = visitor.usage(state, activity);
            let mean = mean * self.scale;
            if !page.draw.chance(probability * mean.min(1.0)) {
                continue;
            }
            let events = page.draw.count(mean);
            let mut second = working_second(&mut page.draw);
            let signs_in = page.draw.chance(0.7);
            for event in 0..events {
                if event == 0 && signs_in {
                    page.add(Kind::Login, Some(person), second);
                } else {
                    page.act(person, second, state);
                }
                second += page.draw.between(15, 400);
            }
        }
    }

    fn interface(&self, page: &mut Page<'_>, state: State) {
        let mean = INTERFACE_ROWS * DEPTH[state.index()] * self.scale;
        if !page.draw.chance(mean.min(1.0)) {
            return;
        }
        for _ in 0..page.draw.count(mean) {
            let second = page.draw.between(0, 86_399);
            let quantity = page.draw.between(2, 60) * page.draw.between(1, 40);
            let errors = page.draw.chance(ERRORS[state.index()] * 3.0);
            let event = page.add(Kind::ApiCall, None, second);
            event.quantity = Some(quantity);
            event.errors = Some(if errors { 1 + quantity / 50 } else { 0 });
        }
    }
}

impl Page<'_> {
    fn anybody(&mut self, day: i32) -> Option<usize> {
        let visitors = self.resident.visitors.iter();
        let present = visitors.filter(|visitor| visitor.is_there(day)).count();
        if present == 0 {
            return None;
        }
        let wanted = self.draw.index(present);
        let visitors = self.resident.visitors.iter().enumerate();
        visitors
            .filter(|(_, visitor)| visitor.is_there(day))
            .nth(wanted)
            .map(|(position, _)| position)
    }

    fn add(&mut self, kind: Kind, person: Option<usize>, second: i32) -> &mut Happening {
        let identity = match (kind.identity(), person) {
            (Identity::Email, Some(person))
                if self.resident.visitors[person].mailbox.is_empty() =>
            {
                Identity::Person
            }
            (identity, _) => identity,
        };
        self.happenings.push(Happening {
            second,
            resident: self.position,
            person: person.and_then(|person| u16::try_from(person).ok()),
            kind,
            identity,
            content: None,
            feature: None,
            quantity: None,
            duration_seconds: None,
            errors: None,
        });
        let last = self.happenings.len() - 1;
        &mut self.happenings[last]
    }

    /// Works with a feature, or together with others.
    fn act(&mut self, person: usize, second: i32, state: State) {
        let kind = match self.draw.below(100) {
            0 => Kind::InviteUser,
            1..=4 => Kind::ReportShared,
            _ => Kind::FeatureUse,
        };
        if kind != Kind::FeatureUse {
            self.add(kind, Some(person), second).quantity = Some(1);
            return;
        }
        let known = f64::from(self.resident.need) * BREADTH[state.index()];
        let depends = self.resident.visitors[person].role == Role::User;
        let place = self.draw.unit();
        // Users stay near the popular features; others look around more.
        let place = if depends { place * place } else { place };
        let feature = u8::try_from(whole(place * known.max(1.0))).ok();
        let seconds = 5 * (1 + self.draw.between(0, 30) * self.draw.between(0, 6));
        let failed = self.draw.chance(ERRORS[state.index()]);
        let event = self.add(Kind::FeatureUse, Some(person), second);
        event.feature = feature;
        event.duration_seconds = Some(seconds);
        event.quantity = Some(1);
        event.errors = Some(i32::from(failed));
    }
}

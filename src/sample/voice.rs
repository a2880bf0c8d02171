//! What people say when asked, and who stays silent.
//!
//! Relationship surveys go to everybody twice a year; transactional ones to
//! those who took part. Silence is not at random: the unhappier an account,
//! the fewer answer, and deciders answer least of all.

use super::calendar::working_second;
use super::chain::State;
use super::draw::{Draw, Purpose, whole};
use super::extract::{Scribe, Table};
use super::firm::Role;
use super::play::Play;
use super::service::Ticket;
use super::table::Cell;
use crate::error::Result;

/// By state: what people feel on a scale of ten.
const CONTENT: [f64; 4] = [9.0, 7.9, 6.1, 4.3];
/// By state: how readily they answer.
const ANSWERS: [f64; 4] = [1.2, 1.0, 0.65, 0.35];

/// Drivers asked about, and how closely their answers follow the feeling.
const DRIVERS: [(&str, f64); 6] = [
    ("product", 0.8),
    ("price", 0.3),
    ("fulfilment", 0.5),
    ("ease", 0.9),
    ("valued", 0.7),
    ("trust", 1.0),
];

const PRAISE: [&str; 3] = [
    "現場で毎日使っています。",
    "担当の方の対応が早く助かっています。",
    "Saves us hours every week.",
];
const NEUTRAL: [&str; 3] = [
    "特に不満はありません。",
    "帳票の種類が増えるとうれしい。",
    "Does what it should.",
];
const COMPLAINT: [&str; 3] = [
    "問い合わせの返事が遅い。",
    "使わなくなった機能が多く、費用に見合わない。",
    "Too many errors lately.",
];

/// A question put to a person.
struct Question<'a> {
    kind: &'static str,
    stage: Option<&'static str>,
    metric: &'static str,
    day: i32,
    person: usize,
    ticket: Option<&'a Ticket>,
}

/// Counts and draw of an account's surveys, and what a task did to the answers.
struct Asked<'a> {
    draw: Draw,
    play: Option<&'a Play>,
    play_effect: f64,
    invitations: usize,
    responses: usize,
}

impl Scribe<'_> {
    /// Invitations, responses and answers of the window.
    pub(super) fn surveys(
        &mut self,
        tickets: &[Ticket],
        play: Option<&Play>,
        play_effect: f64,
    ) -> Result<()> {
        let mut asked = Asked {
            draw: self.draw(Purpose::Voice),
            play,
            play_effect,
            invitations: 0,
            responses: 0,
        };
        for day in 0..self.calendar.days() {
            let is_wave =
                self.calendar.is_month_day(day, 6, 9) || self.calendar.is_month_day(day, 12, 15);
            if is_wave && self.life.state(day).is_some() {
                self.relationship(&mut asked, self.calendar.workday_from(day))?;
            }
        }
        self.journey(&mut asked)?;
        for ticket in tickets {
            if asked.draw.chance(0.5) {
                let metric = *asked.draw.pick(&["csat", "ces"]);
                self.transaction(&mut asked, "support", metric, ticket.resolved, Some(ticket))?;
            }
        }
        Ok(())
    }

    fn relationship(&mut self, asked: &mut Asked<'_>, day: i32) -> Result<()> {
        for person in 0..self.life.people.len() {
            let somebody = &self.life.people[person];
            if somebody.is_there(day) && !somebody.mailbox.is_empty() {
                let question = Question {
                    kind: "relationship",
                    stage: None,
                    metric: "nps",
                    day,
                    person,
                    ticket: None,
                };
                self.ask(asked, &question)?;
            }
        }
        Ok(())
    }

    /// After the purchase, at the end of onboarding, in use and at renewal.
    fn journey(&mut self, asked: &mut Asked) -> Result<()> {
        for spell in &self.life.spells {
            let start = spell.schedule.start;
            self.transaction(asked, "deal", "csat", start + 3, None)?;
            self.transaction(asked, "contract", "csat", start + 14, None)?;
            self.transaction(asked, "onboarding", "ces", start + 35, None)?;
            for (renewal, day) in spell.schedule.renewals.iter().enumerate() {
                let is_asked = renewal % 12 == 0 || !self.life.firm.is_monthly;
                if is_asked && spell.state(*day).is_some() {
                    self.transaction(asked, "renewal", "csat", day + 7, None)?;
                }
            }
            let mut day = start + 90;
            while spell.state(day).is_some() {
                let metric = *asked.draw.pick(&["csat", "ces"]);
                self.transaction(asked, "use", metric, day, None)?;
                day += 91;
            }
        }
        Ok(())
    }

    fn transaction(
        &mut self,
        asked: &mut Asked<'_>,
        stage: &'static str,
        metric: &'static str,
        day: i32,
        ticket: Option<&Ticket>,
    ) -> Result<()> {
        let roles = match stage {
            "deal" | "contract" => [Role::Purchasing, Role::Decider],
            "renewal" => [Role::Decider, Role::Champion],
            _ => [Role::User, Role::Champion],
        };
        let first = asked.draw.index(2);
        let person = match ticket {
            Some(ticket) => Some(ticket.person),
            None => self.life.somebody(day, &roles[first..], &mut asked.draw),
        };
        let Some(person) = person else { return Ok(()) };
        let day = self.calendar.workday_from(day);
        let somebody = &self.life.people[person];
        if day < 0 || !somebody.is_there(day) || somebody.mailbox.is_empty() {
            return Ok(());
        }
        let question = Question {
            kind: "transactional",
            stage: Some(stage),
            metric,
            day,
            person,
            ticket,
        };
        self.ask(asked, &question)
    }

    fn ask(&mut self, asked: &mut Asked<'_>, question: &Question<'_>) -> Result<()> {
        let sent = self
            .calendar
            .instant(question.day, 36_000 + asked.draw.between(0, 900));
        // What was drawn is drawn whether or not it is known yet.
        let is_delivered = !asked.draw.chance(0.02);
        let state = self.life.state(question.day).unwrap_or(State::Leaving);
        let play = asked
            .play
            .map_or(0.0, |play| play.effect(question.day, asked.play_effect));
        let feeling = self.feeling(question, state, &mut asked.draw) + play;
        let answers = self.answers(question, state, &mut asked.draw);
        let later = whole(8.0 * asked.draw.unit() * asked.draw.unit());
        let second = working_second(&mut asked.draw).max(37_000);
        if !self.is_past(sent) {
            return Ok(());
        }
        let invitation = self.id('I', asked.invitations);
        asked.invitations += 1;
        let cells = [
            invitation.as_str().into(),
            self.life.firm.id().into(),
            self.contact(question.person),
            question.kind.into(),
            question.stage.into(),
            Cell::Instant(sent),
            is_delivered.into(),
        ];
        self.piece.push(Table::Invitation, cells)?;
        let responded = self.calendar.instant(question.day + later, second);
        if is_delivered && answers && self.is_past(responded) {
            self.respond(asked, question, &invitation, feeling, responded)?;
        }
        Ok(())
    }

    /// The feeling behind an answer, on a scale of ten.
    fn feeling(&self, question: &Question<'_>, state: State, draw: &mut Draw) -> f64 {
        let person = &self.life.people[question.person];
        let noise = draw.unit() + draw.unit() + draw.unit() - 1.5;
        let ticket = match question.ticket {
            Some(ticket) if ticket.went_badly => -3.0,
            Some(_) => 0.8,
            None => 0.0,
        };
        CONTENT[state.index()]
            + 0.5 * f64::from(self.life.firm.temperament)
            + 1.6 * (person.loyalty - 0.5)
            + 2.2 * noise
            + ticket
    }

    fn answers(&self, question: &Question<'_>, state: State, draw: &mut Draw) -> bool {
        let readiness = match self.life.people[question.person].role {
            Role::Decider => 0.22,
            Role::Purchasing => 0.2,
            Role::Influencer => 0.35,
            Role::User => 0.4,
            Role::Champion => 0.62,
        };
        draw.chance(readiness * ANSWERS[state.index()])
    }

    fn respond(
        &mut self,
        asked: &mut Asked<'_>,
        question: &Question<'_>,
        invitation: &str,
        feeling: f64,
        responded: i64,
    ) -> Result<()> {
        let id = self.id('R', asked.responses);
        asked.responses += 1;
        let score = match question.metric {
            "nps" => whole(feeling + 0.5).clamp(0, 10),
            "ces" => whole(feeling * 0.7 + 0.5).clamp(1, 7),
            _ => whole(feeling * 0.5 + 0.5).clamp(1, 5),
        };
        let is_finished = !asked.draw.chance(0.04);
        let loses_score = !is_finished && asked.draw.chance(0.5);
        let comments = match whole(feeling) {
            ..=6 => &COMPLAINT,
            7..=8 => &NEUTRAL,
            _ => &PRAISE,
        };
        let comment = *asked.draw.pick(comments);
        let comments = asked.draw.chance(0.3);
        let cells = [
            id.as_str().into(),
            invitation.into(),
            self.life.firm.id().into(),
            self.contact(question.person),
            question.kind.into(),
            question.stage.into(),
            question.metric.into(),
            (!loses_score).then_some(score).into(),
            Cell::Instant(responded),
            is_finished.into(),
            question.ticket.map(|ticket| ticket.id.as_str()).into(),
            comments.then_some(comment).into(),
        ];
        self.piece.push(Table::Response, cells)?;
        if question.kind == "relationship" && is_finished {
            self.drivers(asked, &id, feeling, responded)?;
        }
        Ok(())
    }

    fn drivers(&mut self, asked: &mut Asked<'_>, id: &str, feeling: f64, at: i64) -> Result<()> {
        for (driver, follows) in DRIVERS {
            let noise = asked.draw.unit() + asked.draw.unit() - 1.0;
            let value = 3.6 + follows * (feeling - 7.2) * 0.5 + 1.2 * noise;
            let score = whole(value + 0.5).clamp(1, 5);
            let cells = [id.into(), driver.into(), score.into(), Cell::Instant(at)];
            self.piece.push(Table::Answer, cells)?;
        }
        Ok(())
    }
}

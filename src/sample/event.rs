//! The event file of one day.
//!
//! Everything that happened on the day, in order of time, with ids that grow,
//! and the few damaged rows that real extracts have.

use std::sync::Arc;

use arrow::array::{Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use bytes::Bytes;
use parquet::basic::Encoding;

use super::World;
use super::activity::{Diary, Resident};
use super::draw::{Draw, Purpose};
use super::firm::{account_id, contact_id};
use super::happening::{Happening, Identity};
use super::names::FEATURES;
use super::table::{File, Layout};
use crate::error::{Error, Result};

/// Columns of the event extract: all of its contract.
pub(super) const COLUMNS: [&str; 14] = [
    "event_id",
    "occurred_at",
    "account_id",
    "contact_id",
    "email",
    "anonymous_id",
    "name",
    "channel",
    "mode",
    "content_id",
    "feature",
    "quantity",
    "duration_seconds",
    "errors",
];

/// Of this many events, one is delivered twice, one names an unknown account,
/// [`NAMELESS`] have lost their contact and [`SHOUTED`] write their e-mail
/// address in capitals.
pub(super) const DIRT_EVENTS: u32 = 5_000;
const NAMELESS: u32 = 10;
const SHOUTED: u32 = 10;

/// Events that are turned into columns at a time: columns are several times
/// larger than what they are made of.
const PIECE_EVENTS: usize = 65_536;

/// Damaged rows, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dirt {
    pub(super) repeated: u64,
    pub(super) unknown_account: u64,
    pub(super) without_contact: u64,
    pub(super) capital_email: u64,
}

impl Dirt {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            repeated: self.repeated + other.repeated,
            unknown_account: self.unknown_account + other.unknown_account,
            without_contact: self.without_contact + other.without_contact,
            capital_email: self.capital_email + other.capital_email,
        }
    }
}

/// A day's file.
pub(super) struct DayFile {
    pub(super) bytes: Bytes,
    pub(super) rows: u64,
    pub(super) dirt: Dirt,
}

/// Makes the file of one day of the window.
pub(super) fn day_file(world: &World, layout: &Layout, day: i32) -> Result<DayFile> {
    let diary = Diary {
        calendar: &world.calendar,
        seed: world.seed,
        scale: world.scale,
        day,
    };
    let mut happenings = Vec::new();
    for (position, resident) in (0_u32..).zip(&world.residents) {
        diary.write(position, resident, &mut happenings);
    }
    // Stable: events of the same second stay in the order of accounts.
    happenings.sort_by_key(|happening| happening.second);
    let ascending = [
        ("event_id", Encoding::DELTA_BYTE_ARRAY),
        ("occurred_at", Encoding::DELTA_BINARY_PACKED),
    ];
    let mut file = File::new(&layout.schema, &ascending)?;
    let mut dirt = Dirt::default();
    let stamp = world.calendar.label(day)?.replace('-', "");
    let mut number = 0;
    for piece in happenings.chunks(PIECE_EVENTS) {
        let mut columns = Columns::new(world.seed, piece.len());
        for happening in piece {
            let occurred_at = world.calendar.instant(day, happening.second);
            let id = format!("{stamp}-{number:07}");
            let mut draw = Draw::new(world.seed, Purpose::Dirt, number, day);
            number += 1;
            let fate = Fate::of(&mut draw, happening);
            dirt = dirt.plus(fate.dirt());
            let resident = world.resident(happening.resident);
            let copies = if fate == Fate::Repeated { 2 } else { 1 };
            for _ in 0..copies {
                columns.push(&id, occurred_at, resident, happening, fate);
            }
        }
        file.write(&columns.finish(layout)?)?;
    }
    Ok(DayFile {
        rows: file.rows,
        bytes: file.finish()?,
        dirt,
    })
}

/// What becomes of an event on its way into the extract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Clean,
    Repeated,
    UnknownAccount(u32),
    Nameless,
    Shouted,
}

impl Fate {
    fn of(draw: &mut Draw, happening: &Happening) -> Self {
        let place = draw.below(DIRT_EVENTS);
        let is_person = happening.identity == Identity::Person;
        if place == 0 {
            Self::Repeated
        } else if place == 1 && is_person {
            Self::UnknownAccount(900_000 + draw.below(100_000))
        } else if (2..2 + NAMELESS).contains(&place) && is_person {
            Self::Nameless
        } else if (2..2 + SHOUTED).contains(&place) && happening.identity == Identity::Email {
            Self::Shouted
        } else {
            Self::Clean
        }
    }

    fn dirt(self) -> Dirt {
        Dirt {
            repeated: u64::from(self == Self::Repeated),
            unknown_account: u64::from(matches!(self, Self::UnknownAccount(_))),
            without_contact: u64::from(self == Self::Nameless),
            capital_email: u64::from(self == Self::Shouted),
        }
    }
}

struct Columns {
    seed: u64,
    event_id: StringBuilder,
    occurred_at: TimestampMicrosecondBuilder,
    account_id: StringBuilder,
    contact_id: StringBuilder,
    email: StringBuilder,
    anonymous_id: StringBuilder,
    name: StringBuilder,
    channel: StringBuilder,
    mode: StringBuilder,
    content_id: StringBuilder,
    feature: StringBuilder,
    quantity: Int64Builder,
    duration_seconds: Int64Builder,
    errors: Int64Builder,
}

impl Columns {
    fn new(seed: u64, rows: usize) -> Self {
        let text = |width: usize| StringBuilder::with_capacity(rows, rows * width);
        Self {
            seed,
            event_id: text(16),
            occurred_at: TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"),
            account_id: text(7),
            contact_id: text(10),
            email: text(2),
            anonymous_id: text(2),
            name: text(11),
            channel: text(7),
            mode: text(12),
            content_id: text(1),
            feature: text(8),
            quantity: Int64Builder::with_capacity(rows),
            duration_seconds: Int64Builder::with_capacity(rows),
            errors: Int64Builder::with_capacity(rows),
        }
    }

    fn push(
        &mut self,
        id: &str,
        occurred_at: i64,
        resident: &Resident,
        happening: &Happening,
        fate: Fate,
    ) {
        self.event_id.append_value(id);
        self.occurred_at.append_value(occurred_at);
        self.push_identity(resident, happening, fate);
        self.name.append_value(happening.kind.name());
        self.channel.append_value(happening.kind.channel());
        self.mode.append_value(happening.kind.mode());
        let content = happening
            .content
            .map(|number| match happening.kind.channel() {
                "event" => format!("webinar-{number:03}"),
                _ => format!("content-{number:02}"),
            });
        self.content_id.append_option(content);
        let feature = happening
            .feature
            .and_then(|place| FEATURES.get(usize::from(place)));
        self.feature.append_option(feature);
        self.quantity
            .append_option(happening.quantity.map(i64::from));
        self.duration_seconds
            .append_option(happening.duration_seconds.map(i64::from));
        self.errors.append_option(happening.errors.map(i64::from));
    }

    fn push_identity(&mut self, resident: &Resident, happening: &Happening, fate: Fate) {
        let identity = happening.identity;
        let account = match (identity, fate) {
            (_, Fate::UnknownAccount(number)) => Some(account_id(number)),
            (Identity::Person | Identity::Account, _) => Some(account_id(resident.number)),
            _ => None,
        };
        self.account_id.append_option(account);
        let has_contact = matches!(identity, Identity::Person | Identity::Browser)
            && !matches!(fate, Fate::UnknownAccount(_) | Fate::Nameless);
        let contact = happening
            .person
            .filter(|_| has_contact)
            .map(|person| contact_id(resident.number, usize::from(person)));
        self.contact_id.append_option(contact);
        let person = happening
            .person
            .map(|person| &resident.visitors[usize::from(person)]);
        let email = person
            .filter(|_| identity == Identity::Email)
            .map(|person| {
                let email = format!("{}@{}", person.mailbox, resident.domain);
                if fate == Fate::Shouted {
                    email.to_uppercase()
                } else {
                    email
                }
            });
        self.email.append_option(email);
        let browser = happening
            .person
            .filter(|_| matches!(identity, Identity::Browser | Identity::Anonymous))
            .map(|person| {
                let place = i32::from(person);
                let mut draw = Draw::new(self.seed, Purpose::Browser, resident.number, place);
                format!("b{:08x}", draw.bits() >> 32)
            });
        self.anonymous_id.append_option(browser);
    }

    fn finish(mut self, layout: &Layout) -> Result<RecordBatch> {
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(self.event_id.finish()),
            Arc::new(self.occurred_at.finish()),
            Arc::new(self.account_id.finish()),
            Arc::new(self.contact_id.finish()),
            Arc::new(self.email.finish()),
            Arc::new(self.anonymous_id.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.channel.finish()),
            Arc::new(self.mode.finish()),
            Arc::new(self.content_id.finish()),
            Arc::new(self.feature.finish()),
            Arc::new(self.quantity.finish()),
            Arc::new(self.duration_seconds.finish()),
            Arc::new(self.errors.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&layout.schema), columns)
            .map_err(|cause| Error::bug("events do not fit their table").with_source(cause))
    }
}

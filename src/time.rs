//! Business days, the run's time zone, and the only clock of the crate.
//!
//! A run belongs to a business day, [`AsOf`], in the pipeline's IANA zone. It
//! sees what was known before [`AsOf::ends_at`] and nothing later. Day
//! boundaries, 23 and 25-hour days included, come from [`Zone::days`], once and
//! in UTC; nothing else in the crate does zone arithmetic, and nothing else
//! reads a clock (`clippy.toml` bans it).

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

mod span;

pub use span::{Calendar, Span};

use crate::error::{Error, Result};

/// Microseconds since 1970-01-01T00:00:00Z: the time unit of every table.
pub type Microseconds = i64;

/// Days since 1970-01-01: what Arrow calls `Date32`.
pub type EpochDays = i32;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Length of a day of 24 hours.
pub const DAY_MICROSECONDS: Microseconds = 86_400_000_000;

/// An IANA time zone, for example `Asia/Tokyo`.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Finds the zone in the time zone database that the binary carries.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] if there is no such zone.
    pub fn parse(name: &str) -> Result<Self> {
        let zone = TimeZone::get(name).map_err(|cause| {
            Error::usage(format!("`{name}` is not a time zone"))
                .with_hint("name an IANA zone such as `Asia/Tokyo`, `Europe/Berlin` or `UTC`")
                .with_source(cause)
        })?;
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which local day `date` begins, in UTC.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] for a day outside years -9999..9999.
    pub fn day_start(&self, date: Date) -> Result<Microseconds> {
        let start = self
            .zone
            .to_zoned(date.to_datetime(jiff::civil::Time::midnight()));
        start
            .map(|zoned| zoned.timestamp().as_microsecond())
            .map_err(|cause| {
                Error::usage(format!("{date} is out of range in {}", self.name)).with_source(cause)
            })
    }

    /// The local day an instant falls on; `None` outside years -9999..9999.
    pub fn day_of(&self, instant: Microseconds) -> Option<EpochDays> {
        let timestamp = Timestamp::from_microsecond(instant).ok()?;
        Some(epoch_days(timestamp.to_zoned(self.zone.clone()).date()))
    }

    /// The boundaries of every local day from `first` to `last` inclusive.
    ///
    /// # Errors
    /// As [`Zone::day_start`].
    pub fn days(&self, first: Date, last: Date) -> Result<Days> {
        let mut starts = Vec::new();
        let mut day = first;
        while day <= last {
            starts.push(self.day_start(day)?);
            day = day.tomorrow().map_err(|cause| {
                Error::usage(format!("{day} is the last day there is")).with_source(cause)
            })?;
        }
        starts.push(self.day_start(day)?);
        Ok(Days {
            first: epoch_days(first),
            starts,
        })
    }

    /// The instant of a wall clock reading `YYYY-MM-DD HH:MM:SS` in this zone;
    /// a reading that a clock change skips or repeats means the first instant
    /// that fits. `None` when it is not a wall clock reading in `format`
    /// (`strftime` directives).
    pub fn instant_of(&self, text: &str, format: &str) -> Option<Microseconds> {
        let reading = DateTime::strptime(format, text)
            .or_else(|_| Date::strptime(format, text).map(Date::to_datetime_at_midnight))
            .ok()?;
        let zoned = self.zone.to_ambiguous_zoned(reading).compatible().ok()?;
        Some(zoned.timestamp().as_microsecond())
    }

    /// The instant at which something planned for a wall clock reading happens
    /// in this zone: when a clock change repeats the reading, the first time;
    /// when it skips it, at the end of the gap. `None` outside years
    /// -9999..9999.
    pub fn instant_at(&self, reading: DateTime) -> Option<Microseconds> {
        let timestamp = match self.zone.to_ambiguous_timestamp(reading).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(reading).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(reading).ok()?,
            AmbiguousOffset::Gap { after, .. } => {
                // With the offset of after the gap it is shortly before it.
                let shortly_before = after.to_timestamp(reading).ok()?;
                self.zone.following(shortly_before).next()?.timestamp()
            }
        };
        Some(timestamp.as_microsecond())
    }
}

trait Midnight {
    fn to_datetime_at_midnight(self) -> DateTime;
}

impl Midnight for Date {
    fn to_datetime_at_midnight(self) -> DateTime {
        self.to_datetime(jiff::civil::Time::midnight())
    }
}

/// The UTC boundaries of a run of local days: day `first + i` holds the
/// instants `starts[i] <= t < starts[i + 1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    first: EpochDays,
    starts: Vec<Microseconds>,
}

impl Days {
    /// The local day an instant falls on; `None` outside the covered days.
    pub fn day_of(&self, instant: Microseconds) -> Option<EpochDays> {
        let (&earliest, &end) = (self.starts.first()?, self.starts.last()?);
        if instant < earliest || instant >= end {
            return None;
        }
        // Days are nearly all 24 hours long: the guess is off by one at most
        // around a clock change, which a search would pay for on every row.
        let guess = (instant - earliest) / DAY_MICROSECONDS;
        let mut index = usize::try_from(guess).ok()?.min(self.starts.len() - 2);
        while self.starts[index] > instant {
            index -= 1;
        }
        while self.starts[index + 1] <= instant {
            index += 1;
        }
        i32::try_from(index).ok().map(|offset| self.first + offset)
    }

    /// The instant at which a day begins; `None` outside the covered days.
    pub fn start_of(&self, day: EpochDays) -> Option<Microseconds> {
        let index = usize::try_from(day.checked_sub(self.first)?).ok()?;
        self.starts.get(index).copied()
    }

    /// Every day with the instants at which it starts and ends (exclusive).
    pub fn iter(&self) -> impl Iterator<Item = (EpochDays, Microseconds, Microseconds)> + '_ {
        (self.first..)
            .zip(self.starts.windows(2))
            .map(|(day, pair)| (day, pair[0], pair[1]))
    }
}

/// The business day a run belongs to, in the run's zone.
#[derive(Clone, Debug)]
pub struct AsOf {
    date: Date,
    zone: Zone,
    ends_at: Microseconds,
}

impl AsOf {
    /// Parses `YYYY-MM-DD` as a business day of `zone`.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] if the text is no date.
    pub fn parse(text: &str, zone: &Zone) -> Result<Self> {
        let date = parse_date(text)?;
        Self::new(date, zone)
    }

    /// The business day `date` of `zone`.
    ///
    /// # Errors
    /// As [`Zone::day_start`].
    pub fn new(date: Date, zone: &Zone) -> Result<Self> {
        let next = date
            .checked_add(1.day())
            .map_err(|cause| Error::usage(format!("{date} has no next day")).with_source(cause))?;
        Ok(Self {
            date,
            zone: zone.clone(),
            ends_at: zone.day_start(next)?,
        })
    }

    /// The calendar day.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The calendar day as Arrow's `Date32`.
    pub fn epoch_days(&self) -> EpochDays {
        epoch_days(self.date)
    }

    /// The zone in which the day begins and ends.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first instant that is *not* part of the day, in UTC: a run sees
    /// only what happened before it.
    pub fn ends_at(&self) -> Microseconds {
        self.ends_at
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.date)
    }
}

/// Parses `YYYY-MM-DD`.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] with a hint.
pub fn parse_date(text: &str) -> Result<Date> {
    Date::strptime("%Y-%m-%d", text).map_err(|cause| {
        Error::usage(format!("`{text}` is not a date"))
            .with_hint("write dates as YYYY-MM-DD, for example 2026-01-31")
            .with_source(cause)
    })
}

/// Days from 1970-01-01 to `date`.
pub fn epoch_days(date: Date) -> EpochDays {
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

/// The calendar day `days` after 1970-01-01.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] outside years -9999..9999.
pub fn date_of(days: EpochDays) -> Result<Date> {
    EPOCH
        .checked_add(days.days())
        .map_err(|cause| Error::usage(format!("day {days} is out of range")).with_source(cause))
}

/// Parses a date by `strftime` directives such as `%d-%m-%Y`.
pub fn parse_date_as(text: &str, format: &str) -> Option<EpochDays> {
    Date::strptime(format, text).ok().map(epoch_days)
}

/// Parses an ISO 8601 timestamp that carries its offset, such as
/// `2026-01-31T09:00:00+09:00` or `2026-01-31 00:00:00Z`.
pub fn parse_instant(text: &str) -> Option<Microseconds> {
    let timestamp: Timestamp = text.parse().ok()?;
    Some(timestamp.as_microsecond())
}

/// Parses a timestamp by `strftime` directives: an instant if they carry an
/// offset (`%z`), else a wall clock reading in `zone`.
pub fn parse_instant_as(text: &str, format: &str, zone: &Zone) -> Option<Microseconds> {
    match Timestamp::strptime(format, text) {
        Ok(timestamp) => Some(timestamp.as_microsecond()),
        Err(_) => zone.instant_of(text, format),
    }
}

/// The wall clock: the only place that reads it. Results never depend on it;
/// it names runs, stamps log entries and measures durations.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunClock;

impl RunClock {
    /// The present instant, in UTC.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads a clock"
    )]
    pub fn now(self) -> Microseconds {
        Timestamp::now().as_microsecond()
    }

    /// The calendar day before the present one in `zone`: the newest day that
    /// is complete.
    ///
    /// # Errors
    /// Never in practice: the present is within range.
    pub fn yesterday(self, zone: &Zone) -> Result<Date> {
        let now = Timestamp::from_microsecond(self.now()).unwrap_or_default();
        now.to_zoned(zone.zone.clone())
            .date()
            .yesterday()
            .map_err(|cause| Error::bug("today has no yesterday").with_source(cause))
    }
}

/// Measures how long work takes, for people; no result depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads a clock"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Seconds since the start.
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// An instant as RFC 3339 text in UTC, to the second.
pub fn format_instant(instant: Microseconds) -> String {
    Timestamp::from_microsecond(instant).map_or_else(
        |_| instant.to_string(),
        |timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

/// Names one execution: unique, and sorted by time of start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// A run id from the instant of start and 32 random bits, so that two hosts
    /// that start together differ. No result depends on either.
    pub fn new(clock: RunClock) -> Self {
        let now = clock.now();
        let stamp = Timestamp::from_microsecond(now).map_or_else(
            |_| now.to_string(),
            |timestamp| timestamp.strftime("%Y%m%dT%H%M%S%6fZ").to_string(),
        );
        let random = RandomState::new().build_hasher().finish() & 0xffff_ffff;
        Self(format!("{stamp}-{random:08x}"))
    }

    /// The id as text: letters, digits and hyphens only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn hours(name: &str, day: &str) -> i64 {
        let day = parse_date(day).unwrap();
        let days = zone(name).days(day, day).unwrap();
        let (_, start, end) = days.iter().next().unwrap();
        (end - start) / 3_600_000_000
    }

    #[test]
    fn days_have_23_24_or_25_hours() {
        assert_eq!(hours("America/New_York", "2026-03-08"), 23);
        assert_eq!(hours("America/New_York", "2026-11-01"), 25);
        assert_eq!(hours("Asia/Tokyo", "2026-11-01"), 24);
        // Midnight itself is skipped: the day starts at 01:00.
        assert_eq!(hours("America/Sao_Paulo", "2018-11-04"), 23);
    }

    #[test]
    fn an_instant_falls_on_the_day_of_the_zone() {
        let first = parse_date("2025-12-31").unwrap();
        let last = parse_date("2026-01-02").unwrap();
        // 2025-12-31T15:30:00Z is the 1st of January in Tokyo.
        let instant = 1_767_195_000_000_000;
        let tokyo = zone("Asia/Tokyo").days(first, last).unwrap();
        let utc = zone("UTC").days(first, last).unwrap();
        assert_eq!(
            date_of(tokyo.day_of(instant).unwrap()).unwrap().to_string(),
            "2026-01-01"
        );
        assert_eq!(
            date_of(utc.day_of(instant).unwrap()).unwrap().to_string(),
            "2025-12-31"
        );
        assert_eq!(tokyo.day_of(0), None);
    }

    #[test]
    fn the_day_is_right_at_every_boundary() {
        let first = parse_date("2017-12-30").unwrap();
        let last = parse_date("2019-01-02").unwrap();
        for name in ["America/Sao_Paulo", "Asia/Tokyo", "Pacific/Apia"] {
            let zone = zone(name);
            let days = zone.days(first, last).unwrap();
            for (day, start, end) in days.iter() {
                for instant in [start, start + 1, i64::midpoint(start, end), end - 1] {
                    assert_eq!(days.day_of(instant), Some(day), "{name} {instant}");
                    assert_eq!(zone.day_of(instant), Some(day), "{name} {instant}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_day_is_the_start_of_the_next() {
        let tokyo = zone("Asia/Tokyo");
        let day = AsOf::parse("2026-01-01", &tokyo).unwrap();
        assert_eq!(format_instant(day.ends_at()), "2026-01-01T15:00:00Z");
        assert_eq!(
            tokyo.instant_of("02-01-2026 00:00", "%d-%m-%Y %H:%M"),
            Some(day.ends_at())
        );
    }

    #[test]
    fn a_bad_zone_or_date_says_what_to_write() {
        assert!(
            Zone::parse("Tokio")
                .unwrap_err()
                .hint()
                .unwrap()
                .contains("IANA")
        );
        assert!(
            parse_date("31.1.2026")
                .unwrap_err()
                .hint()
                .unwrap()
                .contains("YYYY-MM-DD")
        );
    }
}

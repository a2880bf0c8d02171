//! Lengths of time as people write them (`36 hours`, `5 business days`,
//! `6 months`), and the instant at which one that begins now is over.
//!
//! Hours and days are exact: a day is 24 hours, whatever the clocks do. Business
//! days and months are counted on the calendar of a zone. Business days are
//! Monday to Friday but for the holidays that the calendar was given.

use std::fmt;

use jiff::ToSpan;

use super::{DAY_MICROSECONDS, Days, EpochDays, Microseconds, Zone, date_of, epoch_days};

const HOUR_MICROSECONDS: i64 = 3_600_000_000;

/// The longest length that is taken: ten years in any unit.
const MOST_DAYS: i64 = 3660;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// So many microseconds.
    Exact(Microseconds),
    /// So many days of Monday to Friday that are no holidays.
    BusinessDays(u32),
    /// So many calendar months.
    Months(u32),
}

impl Span {
    /// Reads a number and a unit: `hours`, `days`, `business days` or `months`,
    /// in the singular too. `None` for anything else, and beyond ten years.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.trim().split_once(' ')?;
        let number: u32 = number.parse().ok()?;
        let count = i64::from(number);
        let (span, most) = match unit.trim() {
            "hour" | "hours" => (Self::Exact(count * HOUR_MICROSECONDS), MOST_DAYS * 24),
            "day" | "days" => (Self::Exact(count * DAY_MICROSECONDS), MOST_DAYS),
            "business day" | "business days" => (Self::BusinessDays(number), MOST_DAYS * 5 / 7),
            "month" | "months" => (Self::Months(number), 120),
            "us" => (Self::Exact(count), i64::from(u32::MAX)),
            _ => return None,
        };
        (count <= most).then_some(span)
    }

    /// Whether it has no length at all.
    pub fn is_zero(self) -> bool {
        matches!(
            self,
            Self::Exact(0) | Self::BusinessDays(0) | Self::Months(0)
        )
    }

    /// The instant at which a length that begins at `from` is over. A later
    /// beginning never gives an earlier end.
    ///
    /// A business day or a month later is the same time after midnight. From a
    /// weekend or a holiday, business days count as from the start of the next one. Where the month
    /// has no such day, its end is the last instant of its last day.
    pub fn after(self, from: Microseconds, calendar: &Calendar) -> Microseconds {
        let later = match self {
            Self::Exact(length) => return from.saturating_add(length),
            Self::BusinessDays(count) => {
                calendar.moved(from, |day| business_days(day, count, &calendar.closed))
            }
            Self::Months(count) => calendar.moved(from, |day| months(day, count)),
        };
        later.unwrap_or(Microseconds::MAX)
    }
}

/// As [`Span::parse`] reads it.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(length) if length % DAY_MICROSECONDS == 0 => {
                write!(formatter, "{} days", length / DAY_MICROSECONDS)
            }
            Self::Exact(length) if length % HOUR_MICROSECONDS == 0 => {
                write!(formatter, "{} hours", length / HOUR_MICROSECONDS)
            }
            Self::Exact(length) => write!(formatter, "{length} us"),
            Self::BusinessDays(count) => write!(formatter, "{count} business days"),
            Self::Months(count) => write!(formatter, "{count} months"),
        }
    }
}

/// Where on another day an instant comes to lie.
enum Moved {
    /// As long after midnight as before.
    SameTime(EpochDays),
    /// At the start of the day.
    Start(EpochDays),
    /// At its last instant.
    End(EpochDays),
}

/// `closed` are days in order that are no business days.
fn business_days(day: EpochDays, count: u32, closed: &[EpochDays]) -> Option<Moved> {
    let mut first = weekdays_later(day, 0)?;
    while closed.binary_search(&first).is_ok() {
        first = weekdays_later(first + 1, 0)?;
    }
    let mut target = first;
    let mut left = count;
    while left > 0 {
        let next = weekdays_later(target, left)?;
        // For every holiday on the way one more day, on which there may be others.
        let holidays = |until: EpochDays| closed.partition_point(|day| *day <= until);
        left = u32::try_from(holidays(next) - holidays(target)).ok()?;
        target = next;
    }
    Some(if first == day {
        Moved::SameTime(target)
    } else {
        Moved::Start(target)
    })
}

/// So many days of Monday to Friday after `day`, or after the Monday that
/// follows it when it is none.
fn weekdays_later(day: EpochDays, count: u32) -> Option<EpochDays> {
    let weekday = weekday(day);
    let (first, weekday) = match weekday {
        5 | 6 => (day + 7 - weekday, 0),
        _ => (day, weekday),
    };
    let count = i32::try_from(count).ok()?;
    let weekend = if weekday + count % 5 >= 5 { 2 } else { 0 };
    Some(first + count / 5 * 7 + count % 5 + weekend)
}

/// 0 for Monday.
fn weekday(day: EpochDays) -> i32 {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7)
}

fn months(day: EpochDays, count: u32) -> Option<Moved> {
    let date = date_of(day).ok()?;
    let target = date.checked_add(i64::from(count).months()).ok()?;
    Some(if target.day() == date.day() {
        Moved::SameTime(epoch_days(target))
    } else {
        Moved::End(epoch_days(target))
    })
}

/// The days of a zone: those looked up most in a table, all others computed.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: Zone,
    days: Days,
    /// Days of Monday to Friday on which nobody works, in order.
    closed: Vec<EpochDays>,
}

impl Calendar {
    /// The calendar of `zone`, where most instants fall on `days`.
    pub fn new(zone: &Zone, days: &Days) -> Self {
        Self {
            zone: zone.clone(),
            days: days.clone(),
            closed: Vec::new(),
        }
    }

    /// The same calendar, on which `closed` are no business days.
    #[must_use]
    pub fn without(&self, closed: &[EpochDays]) -> Self {
        let mut closed: Vec<EpochDays> = closed.to_vec();
        closed.retain(|day| weekday(*day) < 5);
        closed.sort_unstable();
        closed.dedup();
        Self {
            closed,
            ..self.clone()
        }
    }

    /// The zone's IANA name.
    pub fn zone_name(&self) -> &str {
        self.zone.name()
    }

    fn start_of(&self, day: EpochDays) -> Option<Microseconds> {
        self.days
            .start_of(day)
            .or_else(|| self.zone.day_start(date_of(day).ok()?).ok())
    }

    fn moved(
        &self,
        from: Microseconds,
        on: impl Fn(EpochDays) -> Option<Moved>,
    ) -> Option<Microseconds> {
        let day = self.days.day_of(from).or_else(|| self.zone.day_of(from))?;
        let (target, after_midnight) = match on(day)? {
            Moved::SameTime(target) => (target, from - self.start_of(day)?),
            Moved::Start(target) => (target, 0),
            Moved::End(target) => (target, Microseconds::MAX),
        };
        // A day of 23 hours has no 24th: its last instant stands for it.
        let last = self.start_of(target + 1)? - 1;
        let start = self.start_of(target)?;
        Some(start.saturating_add(after_midnight).min(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{format_instant, parse_date, parse_instant};

    fn calendar(zone: &str) -> Calendar {
        let zone = Zone::parse(zone).unwrap();
        let (first, last) = ("2026-01-01", "2026-12-31");
        let days = zone
            .days(parse_date(first).unwrap(), parse_date(last).unwrap())
            .unwrap();
        Calendar::new(&zone, &days)
    }

    fn end(span: &str, zone: &str, from: &str) -> String {
        let from = parse_instant(from).unwrap();
        format_instant(Span::parse(span).unwrap().after(from, &calendar(zone)))
    }

    #[test]
    fn spans_print_as_they_are_read() {
        for text in [
            "36 hours",
            "180 days",
            "5 business days",
            "6 months",
            "7 us",
        ] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Span::parse("1 day"), Some(Span::Exact(DAY_MICROSECONDS)));
        assert_eq!(Span::parse("48 hours").unwrap().to_string(), "2 days");
        assert_eq!(Span::parse(" 1 business day"), Some(Span::BusinessDays(1)));
        for text in [
            "",
            "3",
            "days",
            "-1 days",
            "1 week",
            "3661 days",
            "121 months",
        ] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
        assert!(Span::parse("0 months").unwrap().is_zero());
    }

    #[test]
    fn business_days_skip_weekends() {
        // 2026-01-30 is a Friday.
        assert_eq!(
            end("1 business day", "UTC", "2026-01-30T09:00:00Z"),
            "2026-02-02T09:00:00Z"
        );
        assert_eq!(
            end("5 business days", "UTC", "2026-01-30T09:00:00Z"),
            "2026-02-06T09:00:00Z"
        );
        assert_eq!(
            end("7 business days", "UTC", "2026-01-28T09:00:00Z"),
            "2026-02-06T09:00:00Z"
        );
        // A weekend is over when Monday begins.
        assert_eq!(
            end("1 business day", "UTC", "2026-01-31T09:00:00Z"),
            "2026-02-03T00:00:00Z"
        );
        assert_eq!(
            end("0 business days", "UTC", "2026-02-01T09:00:00Z"),
            "2026-02-02T00:00:00Z"
        );
        // Friday in Tokyo, still Thursday in UTC.
        assert_eq!(
            end("1 business day", "Asia/Tokyo", "2026-01-29T16:00:00Z"),
            "2026-02-01T16:00:00Z"
        );
    }

    #[test]
    fn business_days_skip_holidays() {
        // Friday the 1st, Monday the 4th to Wednesday the 6th of May, and a Saturday.
        let closed = [
            "2026-05-01",
            "2026-05-04",
            "2026-05-05",
            "2026-05-06",
            "2026-05-09",
        ];
        let closed: Vec<_> = closed
            .iter()
            .map(|day| epoch_days(parse_date(day).unwrap()))
            .collect();
        let calendar = calendar("UTC").without(&closed);
        let end = |days: &str, from: &str| {
            let span = Span::parse(&format!("{days} business days")).unwrap();
            format_instant(span.after(parse_instant(from).unwrap(), &calendar))
        };
        assert_eq!(end("1", "2026-04-29T09:00:00Z"), "2026-04-30T09:00:00Z");
        assert_eq!(end("1", "2026-04-30T09:00:00Z"), "2026-05-07T09:00:00Z");
        assert_eq!(end("3", "2026-04-30T09:00:00Z"), "2026-05-11T09:00:00Z");
        // From a holiday: as from the start of the next business day.
        assert_eq!(end("0", "2026-05-04T09:00:00Z"), "2026-05-07T00:00:00Z");
        assert_eq!(end("1", "2026-05-01T09:00:00Z"), "2026-05-08T00:00:00Z");
        // A later beginning never ends earlier.
        let span = Span::parse("4 business days").unwrap();
        let first = parse_instant("2026-04-20T00:00:00Z").unwrap();
        let ends: Vec<i64> = (0..400)
            .map(|hour| span.after(first + hour * HOUR_MICROSECONDS, &calendar))
            .collect();
        assert!(ends.is_sorted());
    }

    #[test]
    fn months_end_with_the_month() {
        assert_eq!(
            end("1 month", "UTC", "2026-01-28T09:00:00Z"),
            "2026-02-28T09:00:00Z"
        );
        for day in ["29", "30", "31"] {
            let from = format!("2026-01-{day}T09:00:00Z");
            assert_eq!(end("1 month", "UTC", &from), "2026-02-28T23:59:59Z");
        }
        assert_eq!(
            end("12 months", "UTC", "2026-01-31T09:00:00Z"),
            "2027-01-31T09:00:00Z"
        );
        // The clocks went forward: as long after midnight as before.
        assert_eq!(
            end("1 month", "Europe/Berlin", "2026-03-10T08:00:00Z"),
            "2026-04-10T07:00:00Z"
        );
    }

    #[test]
    fn a_later_beginning_never_ends_earlier() {
        for zone in ["Europe/Berlin", "America/Sao_Paulo", "Asia/Tokyo"] {
            let calendar = calendar(zone);
            for text in ["1 business day", "3 business days", "1 month", "5 months"] {
                let span = Span::parse(text).unwrap();
                let first = parse_instant("2025-12-20T00:00:00Z").unwrap();
                let ends: Vec<i64> = (0..3000)
                    .map(|step| span.after(first + step * 10_000_000_000, &calendar))
                    .collect();
                assert!(ends.is_sorted(), "{text} in {zone}");
            }
        }
        assert_eq!(Span::Months(1).after(i64::MAX, &calendar("UTC")), i64::MAX);
    }
}

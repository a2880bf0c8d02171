//! The days of the simulation: numbered from the first day of the window.
//!
//! Day 0 is the first day of the window, negative days are the company's past.
//! Zone arithmetic is done by `time`; this module adds weekdays, a few
//! holidays and office hours. It does not know any country's full calendar.

use jiff::ToSpan;

use super::draw::{Draw, whole};
use crate::error::{Error, Result};
use crate::time::{Days, EpochDays, Microseconds, Zone, date_of, epoch_days};

/// How far back relations with customers reach, in days before the window.
pub(super) const PAST_DAYS: i32 = 1000;
/// Days after the window for which instants are known: sums of delays that
/// begin in the window and end after it.
const FUTURE_DAYS: i32 = 500;
/// Office hours are 9:00 to 18:00, Monday to Friday.
const OFFICE_OPENS_MINUTE: i32 = 9 * 60;
const OFFICE_MINUTES: i32 = 9 * 60;

const SECOND: Microseconds = 1_000_000;

#[derive(Clone, Copy, Debug)]
struct Day {
    starts_at: Microseconds,
    seconds: i32,
    is_workday: bool,
    is_holiday: bool,
}

/// The window, what came before, and the zone's day boundaries.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    first: EpochDays,
    days: i32,
    known: Vec<Day>,
}

impl Calendar {
    /// `days` days ending with `last_day`, in `zone`.
    pub(super) fn new(last_day: jiff::civil::Date, days: u32, zone: &Zone) -> Result<Self> {
        let days =
            i32::try_from(days).map_err(|_| Error::usage(format!("{days} days are too many")))?;
        let first = epoch_days(last_day) - days + 1;
        let boundaries = zone.days(
            date_of(first - PAST_DAYS)?,
            date_of(first + days - 1 + FUTURE_DAYS)?,
        )?;
        Ok(Self {
            first,
            days,
            known: Self::known(&boundaries)?,
        })
    }

    fn known(boundaries: &Days) -> Result<Vec<Day>> {
        boundaries
            .iter()
            .map(|(epoch, starts_at, ends_at)| {
                let date = date_of(epoch)?;
                // 1970-01-01 was a Thursday; 0 is Monday.
                let is_weekend = (epoch + 3).rem_euclid(7) >= 5;
                let is_holiday = matches!(
                    (date.month(), date.day()),
                    (12, 29..) | (1, ..=3) | (5, 3..=5) | (8, 13..=15)
                );
                Ok(Day {
                    starts_at,
                    seconds: i32::try_from((ends_at - starts_at) / SECOND).unwrap_or(i32::MAX),
                    is_workday: !is_weekend,
                    is_holiday,
                })
            })
            .collect()
    }

    /// Number of days in the window.
    pub(super) fn days(&self) -> i32 {
        self.days
    }

    /// The day as a date.
    pub(super) fn epoch(&self, day: i32) -> EpochDays {
        self.first + day
    }

    /// The day of the window as `YYYY-MM-DD`.
    pub(super) fn label(&self, day: i32) -> Result<String> {
        Ok(date_of(self.epoch(day))?.to_string())
    }

    fn day(&self, day: i32) -> Day {
        let index = usize::try_from(day + PAST_DAYS).unwrap_or(0);
        self.known[index.min(self.known.len() - 1)]
    }

    /// How much is going on: 1 on a working day, little on others.
    pub(super) fn activity(&self, day: i32) -> f64 {
        let day = self.day(day);
        match (day.is_workday, day.is_holiday) {
            (true, false) => 1.0,
            (true, true) => 0.15,
            (false, _) => 0.06,
        }
    }

    /// The first day from `day` on that is Monday to Friday.
    pub(super) fn workday_from(&self, day: i32) -> i32 {
        (day..day + 7)
            .find(|day| self.day(*day).is_workday)
            .unwrap_or(day)
    }

    /// The instant of this second of the local day; a shorter day ends sooner.
    pub(super) fn instant(&self, day: i32, second: i32) -> Microseconds {
        let day = self.day(day);
        day.starts_at + i64::from(second.clamp(0, day.seconds - 1)) * SECOND
    }

    /// The first instant after the window.
    pub(super) fn ends_at(&self) -> Microseconds {
        self.day(self.days).starts_at
    }

    /// Whether a day is part of the window or came before: the extracts know it.
    pub(super) fn is_known(&self, day: i32) -> bool {
        day < self.days
    }

    /// The day `months` calendar months after `day`; the last of the month
    /// where the month is shorter.
    pub(super) fn months_after(&self, day: i32, months: i32) -> Result<i32> {
        let date = date_of(self.epoch(day))?;
        let later = date.checked_add(months.months()).map_err(|cause| {
            Error::bug(format!("no day {months} months after {date}")).with_source(cause)
        })?;
        Ok(epoch_days(later) - self.first)
    }

    /// The last day of the month after that of `day`: when a bill is due.
    pub(super) fn end_of_next_month(&self, day: i32) -> Result<i32> {
        let date = date_of(self.epoch(day))?;
        let first = date.first_of_month();
        let after = first
            .checked_add(2.months())
            .map_err(|cause| Error::bug(format!("no month after {date}")).with_source(cause))?;
        Ok(epoch_days(after) - self.first - 1)
    }

    /// Whether `day` is the given day of a month.
    pub(super) fn is_month_day(&self, day: i32, month: i8, of_month: i8) -> bool {
        date_of(self.epoch(day)).is_ok_and(|date| date.month() == month && date.day() == of_month)
    }

    /// Day and instant that lie `minutes` office minutes after a minute of
    /// office time on a workday.
    pub(super) fn after_office_minutes(
        &self,
        day: i32,
        office_minute: i32,
        minutes: i32,
        draw: &mut Draw,
    ) -> (i32, Microseconds) {
        let total = office_minute + minutes;
        let mut day = day;
        for _ in 0..total / OFFICE_MINUTES {
            day = self.workday_from(day + 1);
        }
        let minute = OFFICE_OPENS_MINUTE + total % OFFICE_MINUTES;
        (day, self.instant(day, minute * 60 + draw.between(0, 59)))
    }

    /// The instant of a minute of office time.
    pub(super) fn office_instant(&self, day: i32, office_minute: i32, second: i32) -> Microseconds {
        self.instant(day, (OFFICE_OPENS_MINUTE + office_minute) * 60 + second)
    }
}

/// A second of the local day: mostly office hours with two peaks, some early
/// birds, some late work.
pub(super) fn working_second(draw: &mut Draw) -> i32 {
    /// Weight, first hour, hours.
    const SPANS: [(u32, (f64, f64)); 6] = [
        (4, (7.0, 2.0)),
        (34, (9.0, 3.0)),
        (10, (12.0, 1.0)),
        (36, (13.0, 5.0)),
        (11, (18.0, 3.0)),
        (5, (21.0, 2.0)),
    ];
    let (from, hours) = *draw.weighted(&SPANS);
    whole((from + hours * draw.unit()) * 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::draw::Purpose;
    use crate::time::{format_instant, parse_date};

    fn calendar() -> Calendar {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        Calendar::new(parse_date("2026-06-30").unwrap(), 30, &zone).unwrap()
    }

    #[test]
    fn the_window_ends_with_the_last_day_in_its_zone() {
        let calendar = calendar();
        assert_eq!(calendar.label(29).unwrap(), "2026-06-30");
        assert_eq!(format_instant(calendar.ends_at()), "2026-06-30T15:00:00Z");
        assert_eq!(calendar.workday_from(5), 7);
        assert!(calendar.activity(5) < calendar.activity(4));
    }

    #[test]
    fn months_and_bills_follow_the_calendar() {
        let calendar = calendar();
        let label = |day| date_of(calendar.epoch(day)).unwrap().to_string();
        assert_eq!(label(calendar.months_after(29, 8).unwrap()), "2027-02-28");
        assert_eq!(label(calendar.end_of_next_month(29).unwrap()), "2026-07-31");
    }

    #[test]
    fn office_minutes_skip_nights_and_weekends() {
        let calendar = calendar();
        let mut draw = Draw::new(1, Purpose::Support, 1, 1);
        // Friday 17:30 plus an office hour is Monday 9:30.
        let (day, resolved) = calendar.after_office_minutes(4, 510, 60, &mut draw);
        assert_eq!(day, 7);
        assert!(format_instant(resolved).starts_with("2026-06-08T00:30:"));
    }
}

//! When a pipeline runs, and which business day a firing is for.
//!
//! A firing is a wall clock reading turned into an instant, once: a reading
//! that a clock change skips fires at the end of the gap, a repeated one the
//! first time. What is due given what is published is `run`'s.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cron::Cron;
use crate::error::Result;
use crate::time::{Microseconds, Zone, date_of};

/// The days that are searched for a firing. Leap days on one weekday can lie 40
/// years apart.
const DAYS: usize = 366 * 41;

/// When the pipeline runs under `kenko schedule`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleText {
    /// Five cron fields: minute, hour, day of the month, month, day of the week.
    cron: String,
    /// IANA time zone of the fields; the pipeline's `timezone` when left out.
    zone: Option<String>,
}

/// When a pipeline runs.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    zone: Zone,
    days: Zone,
}

impl ScheduleText {
    /// The schedule of a pipeline whose business days are those of `days`.
    pub(super) fn schedule(&self, days: &Zone) -> Result<Schedule> {
        let zone = match &self.zone {
            Some(name) => Zone::parse(name)?,
            None => days.clone(),
        };
        Ok(Schedule::new(Cron::parse(&self.cron)?, zone, days.clone()))
    }
}

impl Schedule {
    /// A schedule that fires by the clocks of `zone` for business days of `days`.
    pub fn new(cron: Cron, zone: Zone, days: Zone) -> Self {
        Self { cron, zone, days }
    }

    /// The cron expression.
    pub fn cron(&self) -> &Cron {
        &self.cron
    }

    /// The zone whose clocks the cron expression is about.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The newest firing that has passed at `instant`, itself included.
    pub fn newest_firing(&self, instant: Microseconds) -> Option<Microseconds> {
        let mut date = self.local_date(instant)?.tomorrow().ok()?;
        for _ in 0..DAYS {
            let mut firings = self.firings(date);
            if firings.next().is_some_and(|first| first <= instant) {
                return self.firings(date).rfind(|firing| *firing <= instant);
            }
            date = date.yesterday().ok()?;
        }
        None
    }

    /// The first firing after `instant`.
    pub fn next_firing(&self, instant: Microseconds) -> Option<Microseconds> {
        let mut date = self.local_date(instant)?.yesterday().ok()?;
        for _ in 0..DAYS {
            let mut firings = self.firings(date);
            if let Some(firing) = firings.find(|firing| *firing > instant) {
                return Some(firing);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The business day that a firing is for: the last one that is over.
    pub fn logical_day(&self, firing: Microseconds) -> Option<Date> {
        let today = date_of(self.days.day_of(firing)?).ok()?;
        today.yesterday().ok()
    }

    /// The last instant whose firings are for days before `day`.
    pub fn before_firings_for(&self, day: Date) -> Option<Microseconds> {
        let start = self.days.day_start(day.tomorrow().ok()?).ok()?;
        Some(start - 1)
    }

    fn firings(&self, date: Date) -> impl DoubleEndedIterator<Item = Microseconds> + '_ {
        let readings = self.cron.readings(date);
        readings.filter_map(|reading| self.zone.instant_at(reading))
    }

    fn local_date(&self, instant: Microseconds) -> Option<Date> {
        date_of(self.zone.day_of(instant)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{format_instant, parse_instant};

    fn schedule(cron: &str, zone: &str, days: &str) -> Schedule {
        Schedule::new(
            Cron::parse(cron).unwrap(),
            Zone::parse(zone).unwrap(),
            Zone::parse(days).unwrap(),
        )
    }

    /// Every firing after `from` and not after `to`.
    fn firings(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
        let end = parse_instant(to).unwrap();
        let mut at = parse_instant(from).unwrap();
        let mut found = Vec::new();
        while let Some(next) = schedule.next_firing(at).filter(|next| *next <= end) {
            found.push(format_instant(next));
            at = next;
        }
        found
    }

    #[test]
    fn a_reading_that_the_clocks_skip_fires_right_after_the_gap() {
        // On 2026-03-08 New York goes from 01:59:59 (-5) to 03:00 (-4).
        let nightly = schedule("30 2 * * *", "America/New_York", "America/New_York");
        assert_eq!(
            firings(&nightly, "2026-03-06T12:00:00Z", "2026-03-09T12:00:00Z"),
            [
                "2026-03-07T07:30:00Z",
                "2026-03-08T07:00:00Z",
                "2026-03-09T06:30:00Z"
            ]
        );
        // Several skipped readings are one firing.
        let often = schedule("*/15 2 * * *", "America/New_York", "America/New_York");
        assert_eq!(
            firings(&often, "2026-03-08T00:00:00Z", "2026-03-08T23:00:00Z"),
            ["2026-03-08T07:00:00Z"]
        );
    }

    #[test]
    fn a_reading_that_the_clocks_repeat_fires_once() {
        // On 2026-11-01 New York goes from 01:59:59 (-4) back to 01:00 (-5).
        let nightly = schedule("30 1 * * *", "America/New_York", "America/New_York");
        assert_eq!(
            firings(&nightly, "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"),
            ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
        );
        let second_time = parse_instant("2026-11-01T06:45:00Z").unwrap();
        assert_eq!(
            format_instant(nightly.newest_firing(second_time).unwrap()),
            "2026-11-01T05:30:00Z"
        );
    }

    #[test]
    fn a_firing_is_for_the_last_day_that_is_over_where_the_company_is() {
        let day = |schedule: &Schedule, firing: &str| {
            let day = schedule.logical_day(parse_instant(firing).unwrap());
            day.unwrap().to_string()
        };
        // 20:00 in Berlin is 03:00 of the next day in Tokyo.
        let far = schedule("0 20 * * *", "Europe/Berlin", "Asia/Tokyo");
        assert_eq!(day(&far, "2026-06-30T18:00:00Z"), "2026-06-30");
        assert_eq!(day(&far, "2026-06-30T14:59:59Z"), "2026-06-29");
        // At midnight sharp the day before has just ended.
        assert_eq!(day(&far, "2026-06-30T15:00:00Z"), "2026-06-30");
    }

    #[test]
    fn firings_for_earlier_days_end_where_a_day_ends() {
        let nightly = schedule("30 2 * * *", "Asia/Tokyo", "Asia/Tokyo");
        let day = crate::time::parse_date("2026-06-29").unwrap();
        let before = nightly.before_firings_for(day).unwrap();
        assert_eq!(format_instant(before + 1), "2026-06-29T15:00:00Z");
        let firing = nightly.newest_firing(before).unwrap();
        assert_eq!(
            nightly.logical_day(firing).unwrap().to_string(),
            "2026-06-28"
        );
    }

    proptest! {
        /// Seen from any instant, the newest and the next firing follow one
        /// another, in zones with every kind of clock change.
        #[test]
        fn newest_and_next_are_neighbours(
            seconds in 1_200_000_000_i64..2_000_000_000,
            cron in prop::sample::select(vec![
                "30 2 * * *", "0 0 * * *", "*/20 * * * *", "15 1,3 * * mon-fri", "59 23 28-31 * *",
                "0 3 1 * sun",
            ]),
            zone in prop::sample::select(vec![
                "America/New_York", "America/Sao_Paulo", "Asia/Tokyo", "Pacific/Apia",
                "Australia/Lord_Howe", "Africa/Casablanca",
            ]),
        ) {
            let schedule = schedule(cron, zone, zone);
            let at = seconds * 1_000_000;
            let newest = schedule.newest_firing(at).unwrap();
            let next = schedule.next_firing(at).unwrap();
            prop_assert!(newest <= at && at < next);
            prop_assert_eq!(schedule.next_firing(newest), Some(next));
            prop_assert_eq!(schedule.newest_firing(next - 1), Some(newest));
            prop_assert_eq!(schedule.newest_firing(next), Some(next));
        }
    }
}

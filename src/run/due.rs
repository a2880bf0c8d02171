//! Which days of a pipeline are due, and what to do after one failed.
//!
//! Pure: the present instant and what is published come in, days go out. Who
//! runs them, and whether somebody else does already, is [`super::schedule`]'s.

use jiff::civil::Date;

use crate::config::Schedule;
use crate::error::{ErrorKind, NextStep};
use crate::time::Microseconds;

/// Seconds before the first retry; doubled for each further one.
const FIRST_PAUSE: i64 = 60;
/// Retries of one day, over half an hour; then the next firing tries again.
const RETRIES: u32 = 5;
/// Seconds until somebody else's run is looked at again.
const LOOK_AGAIN: i64 = 60;
const MICROSECONDS: i64 = 1_000_000;
/// Between two firings that the clocks on the wall put a day apart.
const LONGEST_DAY: i64 = 25 * 3600 * MICROSECONDS;

/// What a pipeline has to do at some instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The business days to run, oldest first.
    pub days: Vec<Date>,
    /// First and last day that are due too, but lie further back than is
    /// caught up by itself.
    pub left_out: Option<(Date, Date)>,
}

/// The days that are due at `now`: those that a firing has passed for and that
/// come after the newest published one, at most the newest `limit`. Where
/// nothing is published yet, the newest day only: history is a backfill's. A day
/// that a change of the clocks has pushed out from between two firings, a day apart
/// for the clocks on the wall, is due with the later one.
pub fn due(schedule: &Schedule, now: Microseconds, published: Option<Date>, limit: usize) -> Due {
    let mut owed = Vec::new();
    let mut at = Some(now);
    let mut later: Option<Date> = None;
    while let Some((before, firing)) = at.and_then(|at| Some((at, schedule.newest_firing(at)?)))
        && let Some(day) = schedule.logical_day(firing)
    {
        let pushed_out = later
            .and_then(|later| later.yesterday().ok())
            .filter(|between| between.yesterday().ok() == Some(day))
            .filter(|_| before - firing <= LONGEST_DAY);
        let is_new = |day: &Date| published.is_none_or(|published| *day > published);
        owed.extend(pushed_out.into_iter().chain([day]).filter(is_new));
        if published.is_none() || !is_new(&day) {
            break;
        }
        later = Some(day);
        at = schedule.before_firings_for(day);
    }
    let left_out = owed.split_off(limit.min(owed.len()));
    owed.reverse();
    Due {
        days: owed,
        left_out: left_out.last().copied().zip(left_out.first().copied()),
    }
}

/// When a pipeline is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// At once.
    None,
    /// Not before this instant.
    Until(Microseconds),
    /// Not before a firing after this one.
    AfterFiring(Microseconds),
}

impl Rest {
    /// After the `failures`th failure in a row of a day that became due with
    /// `firing`.
    pub fn after_failure(
        kind: ErrorKind,
        failures: u32,
        now: Microseconds,
        firing: Microseconds,
    ) -> Self {
        let seconds = match kind.next_step() {
            NextStep::Retry if failures <= RETRIES => FIRST_PAUSE << (failures - 1),
            NextStep::Wait => LOOK_AGAIN,
            NextStep::Retry | NextStep::Stop => return Self::AfterFiring(firing),
        };
        Self::Until(now + seconds * MICROSECONDS)
    }

    /// Whether it is over at `now`, with `newest` the newest firing passed.
    pub fn is_over(self, now: Microseconds, newest: Microseconds) -> bool {
        match self {
            Self::None => true,
            Self::Until(instant) => instant <= now,
            Self::AfterFiring(firing) => firing < newest,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Cron;
    use crate::time::{Zone, parse_date, parse_instant};

    fn schedule(cron: &str, zone: &str, days: &str) -> Schedule {
        Schedule::new(
            Cron::parse(cron).unwrap(),
            Zone::parse(zone).unwrap(),
            Zone::parse(days).unwrap(),
        )
    }

    fn nightly() -> Schedule {
        schedule("30 2 * * *", "Asia/Tokyo", "Asia/Tokyo")
    }

    fn at(text: &str) -> Microseconds {
        parse_instant(text).unwrap()
    }

    fn date(text: &str) -> Date {
        parse_date(text).unwrap()
    }

    fn days(schedule: &Schedule, now: &str, published: &str) -> Vec<String> {
        let due = due(schedule, at(now), Some(date(published)), 31);
        assert_eq!(due.left_out, None);
        due.days.iter().map(Date::to_string).collect()
    }

    #[test]
    fn missed_days_are_due_in_order_once_their_firing_has_passed() {
        let nightly = nightly();
        let morning = "2026-07-03T02:30:00+09:00";
        assert_eq!(
            days(&nightly, morning, "2026-06-29"),
            ["2026-06-30", "2026-07-01", "2026-07-02"]
        );
        assert_eq!(
            days(&nightly, "2026-07-03T02:29:59+09:00", "2026-06-29"),
            ["2026-06-30", "2026-07-01"]
        );
        assert_eq!(days(&nightly, morning, "2026-07-02"), [""; 0]);
        assert_eq!(days(&nightly, morning, "2027-01-01"), [""; 0]);
    }

    #[test]
    fn a_retry_after_midnight_belongs_to_the_same_day() {
        let evening = schedule("30 23 * * *", "Asia/Tokyo", "Asia/Tokyo");
        for now in ["2026-07-01T23:30:00+09:00", "2026-07-02T00:10:00+09:00"] {
            assert_eq!(days(&evening, now, "2026-06-29"), ["2026-06-30"], "{now}");
        }
    }

    #[test]
    fn a_change_of_the_clocks_loses_no_day() {
        // Clocks in Berlin go back on 25 October: the firing comes an hour later, after
        // midnight in Tokyo, and none comes within the 25th there, which is the one for the 24th.
        let berlin = schedule("30 16 * * *", "Europe/Berlin", "Asia/Tokyo");
        assert_eq!(
            days(&berlin, "2026-10-26T00:30:00+09:00", "2026-10-23"),
            ["2026-10-24", "2026-10-25"]
        );
        assert_eq!(
            days(&berlin, "2026-10-27T00:30:00+09:00", "2026-10-22"),
            ["2026-10-23", "2026-10-24", "2026-10-25", "2026-10-26"]
        );
        // Half past eleven does not exist on 30 March 2024 in Nuuk.
        let nuuk = schedule("30 23 * * *", "America/Nuuk", "America/Nuuk");
        assert_eq!(
            days(&nuuk, "2024-03-31T23:00:00-01:00", "2024-03-27"),
            ["2024-03-28", "2024-03-29", "2024-03-30"]
        );
        // Days that nobody asked for stay out, at any time of the year.
        let twice = schedule("0 2 * * mon,wed", "Europe/Berlin", "Europe/Berlin");
        assert_eq!(
            days(&twice, "2026-10-28T12:00:00+01:00", "2026-10-19"),
            ["2026-10-20", "2026-10-25", "2026-10-27"]
        );
    }

    #[test]
    fn the_first_time_only_the_newest_day_is_due() {
        let due = due(&nightly(), at("2026-07-03T12:00:00+09:00"), None, 31);
        assert_eq!((due.days, due.left_out), (vec![date("2026-07-02")], None));
    }

    #[test]
    fn what_lies_too_far_back_is_named_and_not_run() {
        let now = at("2026-07-03T12:00:00+09:00");
        let due = due(&nightly(), now, Some(date("2026-06-01")), 3);
        assert_eq!(
            due.days,
            ["2026-06-30", "2026-07-01", "2026-07-02"].map(date)
        );
        assert_eq!(due.left_out, Some((date("2026-06-02"), date("2026-06-29"))));
    }

    #[test]
    fn a_schedule_that_skips_days_owes_only_its_own() {
        let weekly = schedule("0 6 * * mon", "Asia/Tokyo", "Asia/Tokyo");
        // Mondays are the 22nd and 29th of June; they are for the Sundays.
        assert_eq!(
            days(&weekly, "2026-07-03T12:00:00+09:00", "2026-06-14"),
            ["2026-06-21", "2026-06-28"]
        );
        // Twice a day is one day still.
        let twice = schedule("0 3,9 * * *", "Asia/Tokyo", "Asia/Tokyo");
        assert_eq!(
            days(&twice, "2026-07-03T12:00:00+09:00", "2026-06-30"),
            ["2026-07-01", "2026-07-02"]
        );
    }

    #[test]
    fn failures_rest_by_who_acts_next() {
        let (now, firing) = (at("2026-07-03T02:31:00Z"), at("2026-07-03T02:30:00Z"));
        let rest = |kind, failures| Rest::after_failure(kind, failures, now, firing);
        let seconds = |seconds: i64| Rest::Until(now + seconds * MICROSECONDS);
        for kind in [ErrorKind::Unavailable, ErrorKind::OutcomeUnknown] {
            let pauses: Vec<Rest> = (1..=6).map(|failures| rest(kind, failures)).collect();
            assert_eq!(
                pauses,
                [
                    seconds(60),
                    seconds(120),
                    seconds(240),
                    seconds(480),
                    seconds(960),
                    Rest::AfterFiring(firing)
                ]
            );
        }
        assert_eq!(rest(ErrorKind::Conflict, 100), seconds(60));
        for kind in [
            ErrorKind::Bug,
            ErrorKind::Usage,
            ErrorKind::Data,
            ErrorKind::Resources,
        ] {
            assert_eq!(rest(kind, 1), Rest::AfterFiring(firing));
        }
        assert!(Rest::None.is_over(now, firing));
        assert!(!seconds(60).is_over(now, firing));
        assert!(seconds(60).is_over(now + 60 * MICROSECONDS, firing));
        assert!(!Rest::AfterFiring(firing).is_over(now, firing));
        assert!(Rest::AfterFiring(firing).is_over(now, firing + 1));
    }

    proptest! {
        /// Running what is due, day after day, ends with nothing due, runs
        /// every day once and in order, and never a day that is not over.
        #[test]
        fn catching_up_ends_and_never_repeats_a_day(
            now in 1_700_000_000_i64..1_900_000_000,
            missed in 1_i32..60,
            limit in 1_usize..40,
            cron in prop::sample::select(vec![
                "30 2 * * *", "0 0 * * *", "*/30 * * * *", "0 12 * * mon,thu", "0 1 1 * *",
            ]),
            zone in prop::sample::select(vec!["America/New_York", "Asia/Tokyo", "Pacific/Apia"]),
            business in prop::sample::select(vec!["America/New_York", "Asia/Tokyo", "Europe/Berlin"]),
        ) {
            let schedule = schedule(cron, zone, business);
            let now = now * MICROSECONDS;
            let today = Zone::parse(business).unwrap().day_of(now).unwrap();
            let newest = crate::time::date_of(today - missed).unwrap();
            let all = due(&schedule, now, Some(newest), limit);
            prop_assert!(all.days.len() <= limit);
            let mut published = newest;
            for day in &all.days {
                prop_assert!(*day > published);
                prop_assert!(crate::time::epoch_days(*day) < today);
                published = *day;
                let rest = due(&schedule, now, Some(published), limit);
                prop_assert_eq!(rest.left_out, None);
                prop_assert_eq!(rest.days.first(), all.days.iter().find(|later| *later > day));
            }
            prop_assert!(due(&schedule, now, Some(published), limit).days.is_empty());
            if let Some((first, last)) = all.left_out {
                prop_assert!(newest < first && first <= last && last < all.days[0]);
                prop_assert_eq!(all.days.len(), limit);
            }
        }
    }
}

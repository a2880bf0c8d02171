//! Five cron fields: minute, hour, day of the month, month, day of the week.
//!
//! The common dialect: `*`, numbers, names (`jan`, `mon`), ranges, lists and
//! steps; both days restricted means that either will do. Nothing else is
//! understood: no seconds, no `@daily`, no `L`, `W` or `#`. What could never
//! fire is refused. Knows wall clock readings only; which instants they are is
//! [`super::schedule`]'s.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use crate::error::{Error, Result};

/// Whole days are repeated after 400 years: what does not fire in these never does.
const FIRST_DAY: Date = Date::constant(2000, 1, 1);
const DAYS_OF_400_YEARS: usize = 146_097;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What one field is called, which values it takes, and their names.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    field("minute", 0, 59, &[]),
    field("hour", 0, 23, &[]),
    field("day of the month", 1, 31, &[]),
    field("month", 1, 12, &MONTHS),
    // 7 is Sunday too.
    field("day of the week", 0, 7, &WEEKDAYS),
];

const fn field(name: &'static str, least: u32, most: u32, names: &'static [&'static str]) -> Field {
    Field {
        name,
        least,
        most,
        names,
    }
}

/// A cron expression: the set of wall clock readings at which it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
    /// Both days are restricted: one of them is enough.
    is_either_day: bool,
}

/// A set of numbers below 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Values(u64);

impl Values {
    fn has(self, value: i8) -> bool {
        self.0 >> value & 1 == 1
    }
}

impl Cron {
    /// Reads five fields.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] for what is no cron expression and
    /// for what would never fire.
    pub fn parse(text: &str) -> Result<Self> {
        let written: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = written[..] else {
            return Err(wrong(text, &format!("it has {} fields", written.len())));
        };
        let values = |index: usize, written: &str| {
            FIELDS[index]
                .parse(written)
                .map_err(|reason| wrong(text, &reason))
        };
        let mut cron = Self {
            text: written.join(" "),
            minutes: values(0, minutes)?,
            hours: values(1, hours)?,
            days: values(2, days)?,
            months: values(3, months)?,
            weekdays: values(4, weekdays)?,
            is_either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        };
        if cron.weekdays.has(7) {
            cron.weekdays.0 |= 1;
        }
        let mut dates = FIRST_DAY.series(1.day()).take(DAYS_OF_400_YEARS);
        if dates.any(|date| cron.is_day(date)) {
            return Ok(cron);
        }
        Err(Error::usage(format!("`cron: {text}` would never fire"))
            .with_hint("no such day of the month is in one of its months"))
    }

    /// The expression, one space between fields.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it fires on that calendar day.
    pub fn is_day(&self, date: Date) -> bool {
        let day = self.days.has(date.day());
        let weekday = self.weekdays.has(date.weekday().to_sunday_zero_offset());
        let fits = if self.is_either_day {
            day || weekday
        } else {
            day && weekday
        };
        self.months.has(date.month()) && fits
    }

    /// The readings of a calendar day at which it fires, in order.
    pub fn readings(&self, date: Date) -> impl DoubleEndedIterator<Item = DateTime> + '_ {
        let hours = if self.is_day(date) { 0..24 } else { 0..0 };
        hours
            .filter(|hour| self.hours.has(*hour))
            .flat_map(move |hour| {
                let minutes = (0..60).filter(|minute| self.minutes.has(*minute));
                minutes.map(move |minute| date.at(hour, minute, 0, 0))
            })
    }
}

fn wrong(text: &str, reason: &str) -> Error {
    Error::usage(format!("`cron: {text}` cannot be read: {reason}")).with_hint(
        "write minute, hour, day of the month, month and day of the week, for example \
         `30 2 * * *` or `0 6 * * mon-fri`",
    )
}

impl Field {
    /// The values of a comma-separated list; the error is the reason.
    fn parse(&self, written: &str) -> Result<Values, String> {
        let mut values = Values::default();
        for item in written.split(',') {
            let (first, last, step) = self.item(item)?;
            for value in (first..=last).step_by(step) {
                values.0 |= 1 << value;
            }
        }
        Ok(values)
    }

    /// First and last value and step of `*`, `a`, `a-b`, `*/n` or `a-b/n`.
    fn item(&self, item: &str) -> Result<(u32, u32, usize), String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if step.is_some() => {
                return Err(format!("`{item}` needs a range or `*` before its step"));
            }
            None => (self.value(range)?, self.value(range)?),
        };
        if first > last {
            return Err(format!("`{range}` ends before it begins"));
        }
        let step = match step {
            None => 1,
            Some(step) => step
                .parse()
                .ok()
                .filter(|step| (1..=last - first).contains(step))
                .ok_or_else(|| format!("`{step}` is no step within `{range}`"))?,
        };
        Ok((first, last, step as usize))
    }

    fn value(&self, written: &str) -> Result<u32, String> {
        let by_name = self
            .names
            .iter()
            .position(|name| written.eq_ignore_ascii_case(name));
        let is_number = written.bytes().all(|byte| byte.is_ascii_digit());
        let number = match by_name {
            Some(position) => u32::try_from(position).ok().map(|index| index + self.least),
            None if is_number => written.parse().ok(),
            None => None,
        };
        number
            .filter(|value| (self.least..=self.most).contains(value))
            .ok_or_else(|| {
                format!(
                    "`{written}` is no {}, which goes from {} to {}",
                    self.name, self.least, self.most
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn cron(text: &str) -> Cron {
        Cron::parse(text).unwrap()
    }

    fn times(text: &str, date: Date) -> Vec<String> {
        let cron = cron(text);
        cron.readings(date)
            .map(|reading| reading.strftime("%H:%M").to_string())
            .collect()
    }

    /// The days of June 2026, which begins on a Monday.
    fn days_of_june(text: &str) -> Vec<i8> {
        let cron = cron(text);
        let june = (1..=30).map(|day| date(2026, 6, day));
        june.filter(|date| cron.is_day(*date))
            .map(Date::day)
            .collect()
    }

    #[test]
    fn every_form_of_a_field_is_understood() {
        let day = date(2026, 6, 30);
        assert_eq!(times("30 2 * * *", day), ["02:30"]);
        assert_eq!(
            times("0,30 6,18 * * *", day),
            ["06:00", "06:30", "18:00", "18:30"]
        );
        assert_eq!(times("*/20 3 * * *", day), ["03:00", "03:20", "03:40"]);
        assert_eq!(times("10-30/10 23 * * *", day), ["23:10", "23:20", "23:30"]);
        assert_eq!(times("* * * * *", day).len(), 1440);
        assert_eq!(days_of_june("0 0 1,15 * *"), [1, 15]);
        assert_eq!(days_of_june("0 0 * * mon"), [1, 8, 15, 22, 29]);
        assert_eq!(days_of_june("0 0 * Jun SUN"), days_of_june("0 0 * 6 7"));
        assert_eq!(days_of_june("0 0 * * 0"), [7, 14, 21, 28]);
        assert_eq!(days_of_june("0 0 * * fri-7").len(), 12);
        assert_eq!(days_of_june("0 0 * jan-may *"), [0_i8; 0]);
        assert_eq!(cron(" 30  2 * *  * ").text(), "30 2 * * *");
    }

    #[test]
    fn two_restricted_days_are_alternatives_and_a_star_restricts_nothing() {
        assert_eq!(days_of_june("0 0 10 * mon"), [1, 8, 10, 15, 22, 29]);
        // A step over `*` still begins with a star: both must hold.
        assert_eq!(days_of_june("0 0 */2 * mon"), [1, 15, 29]);
    }

    #[test]
    fn what_is_no_cron_expression_is_refused_with_a_reason() {
        for (text, reason) in [
            ("30 2 * *", "4 fields"),
            ("@daily", "1 fields"),
            ("0 30 2 * * *", "6 fields"),
            ("60 2 * * *", "`60` is no minute, which goes from 0 to 59"),
            ("0 24 * * *", "`24` is no hour"),
            ("0 0 0 * *", "`0` is no day of the month"),
            ("0 0 * 13 *", "`13` is no month"),
            ("0 0 * * 8", "`8` is no day of the week"),
            ("0 0 * * mo", "`mo` is no day of the week"),
            ("mon 0 * * *", "`mon` is no minute"),
            ("0 0 * * fri-mon", "ends before it begins"),
            ("5/10 0 * * *", "needs a range"),
            ("*/0 0 * * *", "no step"),
            ("*/60 0 * * *", "no step"),
            ("1,,2 0 * * *", "`` is no minute"),
            ("+1 0 * * *", "`+1` is no minute"),
            ("0 0 L * *", "`L` is no day"),
        ] {
            let error = Cron::parse(text).unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
            assert!(error.hint().unwrap().contains("30 2 * * *"));
        }
    }

    #[test]
    fn what_never_comes_is_refused_and_what_comes_seldom_is_not() {
        for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb */2"] {
            let error = Cron::parse(never).unwrap_err();
            assert!(error.to_string().contains("would never fire"), "{error}");
        }
        // A leap day that is a Sunday or a Thursday; either day will do.
        for seldom in ["0 0 29 2 *", "0 0 29 2 */4", "0 0 30 2 mon"] {
            Cron::parse(seldom).unwrap();
        }
    }

    proptest! {
        /// A field built of a range and a step holds what the two say.
        #[test]
        fn ranges_with_steps_hold_what_they_say(
            first in 0_u32..59, length in 1_u32..59, step in 1_u32..59,
        ) {
            let last = (first + length).min(59);
            prop_assume!(step <= last - first);
            let text = format!("{first}-{last}/{step} 0 * * *");
            let expected: Vec<String> = (0..60)
                .filter(|minute| (first..=last).contains(minute) && (minute - first) % step == 0)
                .map(|minute| format!("00:{minute:02}"))
                .collect();
            prop_assert_eq!(times(&text, date(2026, 6, 30)), expected);
        }

        /// Whatever is typed, it is read or refused, and reading it again
        /// from its own text gives the same.
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9*,/a-z -]{0,24}") {
            if let Ok(cron) = Cron::parse(&text) {
                prop_assert_eq!(Cron::parse(cron.text()).unwrap(), cron);
            }
        }
    }
}

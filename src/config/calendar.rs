//! Days on which hardly anybody works, so that a quiet week is not taken for a
//! sign and business days are counted rightly. Weekends are known without being
//! listed.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch};
use jiff::civil::Date;

use super::pipeline::Pipeline;
use super::tables::table;
use crate::error::{Error, Result};
use crate::time::{epoch_days, parse_date};

/// More days than any list of holidays has: a mistake somewhere.
const MOST_HOLIDAYS: usize = 10_000;

/// The section `holidays:`.
pub(super) fn holidays(written: &[String]) -> Result<BTreeSet<Date>> {
    let mut days = BTreeSet::new();
    for text in written {
        let day = parse_date(text).map_err(|wrong| {
            Error::usage(format!("`holidays` names `{text}`, which is not a date"))
                .with_hint("write dates as YYYY-MM-DD, for example 2026-01-31")
                .with_source(wrong)
        })?;
        if !days.insert(day) {
            return Err(Error::usage(format!("`holidays` names {day} twice")));
        }
    }
    if days.len() > MOST_HOLIDAYS {
        return Err(Error::usage(format!(
            "`holidays` names more than {MOST_HOLIDAYS} days"
        )));
    }
    Ok(days)
}

pub(super) fn tables(pipeline: &Pipeline) -> Result<[(&'static str, RecordBatch); 1]> {
    let days = pipeline.holidays.iter().copied().map(epoch_days);
    let days: ArrayRef = Arc::new(Date32Array::from_iter_values(days));
    Ok([("cfg_holiday", table(vec![("day", days)])?)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(days: &[&str]) -> Result<BTreeSet<Date>> {
        let days: Vec<String> = days.iter().map(|day| (*day).to_owned()).collect();
        holidays(&days)
    }

    #[test]
    fn a_day_is_a_day_and_named_once() {
        assert_eq!(of(&["2026-05-04", "2026-01-01"]).unwrap().len(), 2);
        assert!(of(&["2026-05-04", "2026-05-04"]).is_err());
        assert!(of(&["golden week"]).is_err());
    }
}

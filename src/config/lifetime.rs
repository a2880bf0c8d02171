//! How a customer's lifetime value and the renewals of the coming months are
//! estimated. The estimates themselves are SQL.

use std::collections::BTreeSet;

use arrow::array::{Float64Array, RecordBatch};
use jiff::ToSpan;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Pipeline, within};
use super::tables::{dates, floats, integers, out_of_calendar, table};
use crate::error::{Error, Result};
use crate::time::AsOf;

/// The section `lifetime_value:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifetimeValue {
    /// How far ahead payments count, in months.
    pub horizon_months: u32,
    /// Discount of a payment a year away, 0.1 for a tenth.
    pub discount_rate: f64,
    /// Share of the revenue that is left after the cost of serving it, above 0 to 1.
    pub gross_margin: f64,
    /// Months between two renewals of a contract that names no renewal day.
    pub term_months: u32,
    /// Growth a year of a customer that stays; observed where left out.
    pub yearly_growth: Option<f64>,
    /// Observed growth is kept within this of zero.
    pub yearly_growth_most: f64,
    /// As many customers of the whole company lend a segment their experience.
    pub pooled_customers: u32,
    /// With fewer lost customers there is not enough history for a value.
    pub minimum_lost: u32,
    /// Fits with random weights that the intervals are made of.
    pub draws: u32,
    /// Months ahead, and back, of which renewals are forecast.
    pub forecast_months: u32,
    /// Days before a month at which past forecasts of it are judged.
    pub forecast_lead_days: Vec<u32>,
}

pub(crate) fn validate(section: &LifetimeValue) -> Result<()> {
    let place = |name: &str| format!("lifetime_value.{name}");
    within(&place("horizon_months"), section.horizon_months, 12, 240)?;
    within(&place("term_months"), section.term_months, 1, 60)?;
    within(
        &place("pooled_customers"),
        section.pooled_customers,
        0,
        10_000,
    )?;
    within(&place("minimum_lost"), section.minimum_lost, 1, 10_000)?;
    within(&place("draws"), section.draws, 40, 2000)?;
    within(&place("forecast_months"), section.forecast_months, 1, 36)?;
    let share = |name: &str, value: f64, least: f64, most: f64| {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Error::usage(format!(
            "`lifetime_value.{name}` must lie within {least} and {most}"
        )))
    };
    share("discount_rate", section.discount_rate, 0.0, 1.0)?;
    share("gross_margin", section.gross_margin, 0.01, 1.0)?;
    share("yearly_growth_most", section.yearly_growth_most, 0.0, 0.5)?;
    if let Some(growth) = section.yearly_growth {
        share("yearly_growth", growth, -0.5, 0.5)?;
    }
    let leads: BTreeSet<u32> = section.forecast_lead_days.iter().copied().collect();
    let fine = leads.iter().all(|days| (1..=365).contains(days));
    if leads.is_empty() || leads.len() != section.forecast_lead_days.len() || !fine {
        return Err(Error::usage(
            "`lifetime_value.forecast_lead_days` must be different days between 1 and 365",
        ));
    }
    Ok(())
}

/// `cfg_lifetime` (one row) and `cfg_forecast_case`.
pub(super) fn tables(
    pipeline: &Pipeline,
    as_of: &AsOf,
) -> Result<Vec<(&'static str, RecordBatch)>> {
    let section = &pipeline.lifetime;
    let count = |name, value: u32| integers(name, [i64::from(value)]);
    let growth = Float64Array::from(vec![section.yearly_growth]);
    let settings = table(vec![
        count("horizon_months", section.horizon_months),
        floats("discount_rate", [section.discount_rate]),
        floats("gross_margin", [section.gross_margin]),
        count("term_months", section.term_months),
        ("yearly_growth", std::sync::Arc::new(growth)),
        floats("yearly_growth_most", [section.yearly_growth_most]),
        count("pooled_customers", section.pooled_customers),
        count("minimum_lost", section.minimum_lost),
        count("draws", section.draws),
    ])?;
    Ok(vec![
        ("cfg_lifetime", settings),
        ("cfg_forecast_case", forecast_cases(section, as_of)?),
    ])
}

/// The months around the as-of day, the running one being the first that is still
/// to come: of a coming month the forecast is made today, of a past one it was made
/// so many days before the month began.
fn forecast_cases(section: &LifetimeValue, as_of: &AsOf) -> Result<RecordBatch> {
    let tomorrow = out_of_calendar(as_of.date().tomorrow())?;
    let running = tomorrow.first_of_month();
    let mut cases = Vec::new();
    for ahead in 0..i64::from(section.forecast_months) {
        let month = out_of_calendar(running.checked_add(ahead.months()))?;
        cases.push((month, 0, as_of.date()));
        let past = out_of_calendar(running.checked_sub((ahead + 1).months()))?;
        for lead in section.forecast_lead_days.iter().copied().map(i64::from) {
            cases.push((past, lead, out_of_calendar(past.checked_sub(lead.days()))?));
        }
    }
    table(vec![
        dates("month", cases.iter().map(|case| case.0)),
        dates("ends_on", cases.iter().map(|case| case.0.last_of_month())),
        integers("lead_days", cases.iter().map(|case| case.1)),
        dates("cutoff_on", cases.iter().map(|case| case.2)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SHIPPED_PIPELINE;

    fn shipped() -> Pipeline {
        Pipeline::parse("pipelines/nightly.yaml", SHIPPED_PIPELINE).unwrap()
    }

    fn said(change: impl Fn(&mut LifetimeValue)) -> String {
        let mut section = shipped().lifetime;
        change(&mut section);
        validate(&section).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn numbers_stay_within_reason() {
        assert_eq!(said(|_| ()), "fine");
        assert!(said(|section| section.gross_margin = 0.0).contains("gross_margin"));
        assert!(said(|section| section.discount_rate = f64::NAN).contains("discount_rate"));
        assert!(said(|section| section.yearly_growth = Some(0.9)).contains("yearly_growth"));
        assert!(said(|section| section.draws = 3).contains("draws"));
        assert!(said(|section| section.forecast_months = 37).contains("forecast_months"));
        assert!(said(|section| section.forecast_lead_days = vec![30, 30]).contains("different"));
        assert!(said(|section| section.forecast_lead_days.clear()).contains("different"));
    }

    #[test]
    fn the_running_month_is_the_first_that_is_forecast() {
        let pipeline = shipped();
        let cases = [
            ("2026-02-10", "2026-02-01", "2026-01-01", "2025-12-02"),
            ("2026-02-28", "2026-03-01", "2026-02-01", "2026-01-02"),
        ];
        for (day, running, past, cutoff) in cases {
            let as_of = AsOf::parse(day, &pipeline.zone).unwrap();
            let all = forecast_cases(&pipeline.lifetime, &as_of).unwrap();
            assert_eq!(all.num_rows(), 12 + 12 * 4);
            let first = arrow::util::pretty::pretty_format_batches(&[all.slice(0, 2)]).unwrap();
            let text = first.to_string();
            for known in [running, day, past, cutoff] {
                assert!(text.contains(known), "{text}");
            }
        }
    }
}

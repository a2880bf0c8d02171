//! What a dollar cost in yen, on every working day.
//!
//! A walk of its own that nothing else in the company depends on: prices are set
//! in each currency, and nobody leaves because a rate moved.

use super::calendar::{Calendar, PAST_DAYS};
use super::draw::{Draw, Purpose};
use super::extract::{Piece, Table};
use super::table::Cell;
use crate::error::Result;

/// The rate to which the walk is drawn back, in ten-thousandths.
const USUAL: i32 = 1_450_000;
/// Most that it moves in a day, in ten-thousandths.
const STEP: i32 = 12_000;
/// A day takes this part of the distance to the usual rate.
const PULL: i32 = 200;

/// The extract `fx_rate`, from the first contracts on.
pub(super) fn rates(piece: &mut Piece, calendar: &Calendar, seed: u64) -> Result<()> {
    let mut draw = Draw::new(seed, Purpose::Rate, 0, 0);
    let mut rate = USUAL;
    for day in -PAST_DAYS..calendar.days() {
        if calendar.workday_from(day) != day {
            continue;
        }
        rate += draw.between(-STEP, STEP) + (USUAL - rate) / PULL;
        let cells = [
            "USD".into(),
            "JPY".into(),
            Cell::Date(calendar.epoch(day)),
            Cell::Money(i128::from(rate)),
        ];
        piece.push(Table::FxRate, cells)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::AsArray;
    use arrow::datatypes::Decimal128Type;

    use super::*;
    use crate::sample::table::contracts;
    use crate::time::Zone;

    #[test]
    fn a_rate_for_every_working_day_and_none_that_nobody_would_believe() {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let calendar = Calendar::new(jiff::civil::date(2026, 6, 30), 3660, &zone).unwrap();
        let layouts = crate::sample::extract::layouts(&contracts().unwrap()).unwrap();
        let told = |seed| {
            let mut piece = Piece::new(&layouts).unwrap();
            rates(&mut piece, &calendar, seed).unwrap();
            let batch = piece.finish().unwrap().swap_remove(Table::FxRate as usize);
            let rates = Arc::clone(batch.column(3));
            rates.as_primitive::<Decimal128Type>().values().to_vec()
        };
        for seed in 1..=5 {
            let rates = told(seed);
            assert!(rates.len() > (3660 + 900) * 5 / 7);
            assert!(rates.iter().all(|rate| (900_000..2_200_000).contains(rate)));
            assert_ne!(rates, told(seed + 1));
        }
    }
}

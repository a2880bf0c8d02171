//! The last day that the extracts hold, for a run that names no day.
//!
//! Told by the files' own statistics alone; extracts in text formats have none
//! and say nothing.

use datafusion::common::ScalarValue;

use super::freeze::Frozen;
use super::proof::Span;
use crate::config::Pipeline;
use crate::time::{AsOf, EpochDays};

/// The newest day from which on a row is known in any Parquet extract, but not
/// after `latest`; `None` when no statistics tell.
pub(super) fn day(frozen: &Frozen, pipeline: &Pipeline, latest: &AsOf) -> Option<EpochDays> {
    let newest = frozen.sources.iter().filter_map(|(table, source)| {
        let visible = pipeline
            .sources
            .get(table)?
            .contract
            .visible_from
            .as_ref()?;
        let Span::Between(_, last) = &source.inner.layout.columns.get(visible)?.known.span else {
            return None;
        };
        match last {
            ScalarValue::Date32(Some(day)) => Some(*day),
            ScalarValue::TimestampMicrosecond(Some(instant), _) => latest.zone().day_of(*instant),
            _ => None,
        }
    });
    newest.max().map(|day| day.min(latest.epoch_days()))
}

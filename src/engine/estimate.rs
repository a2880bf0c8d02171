//! How many rows a join is taken to have: as many as its larger side.
//!
//! The side of a hash join that is believed to be smaller is kept in memory.
//! DataFusion divides by the number of different keys, and where nobody knows that
//! number it takes the number of rows: a lookup of 24 kinds on 18 million touches
//! is then believed to have 24 rows, and the touches are kept. Nearly every join
//! here looks something up or filters by what it finds, so the larger side is the
//! honest guess. What is scanned, filtered and grouped is estimated by DataFusion.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::{JoinType, Statistics};
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::operator_statistics::{
    ExtendedStatistics, StatisticsProvider, StatisticsRegistry, StatisticsResult,
};

/// DataFusion's own estimates, and this one of joins before them.
pub(super) fn registry() -> StatisticsRegistry {
    let mut registry = StatisticsRegistry::default_with_builtin_providers();
    registry.register(Arc::new(LargerSide));
    registry
}

#[derive(Debug)]
struct LargerSide;

impl StatisticsProvider for LargerSide {
    fn compute_statistics(
        &self,
        plan: &dyn ExecutionPlan,
        sides: &[ExtendedStatistics],
    ) -> Result<StatisticsResult> {
        let kind = plan
            .downcast_ref::<HashJoinExec>()
            .map(|join| *join.join_type())
            .or_else(|| Some(plan.downcast_ref::<SortMergeJoinExec>()?.join_type()));
        let (Some(kind), [left, right]) = (kind, sides) else {
            return Ok(StatisticsResult::Delegate);
        };
        let rows = |side: &ExtendedStatistics| side.base().num_rows.get_value().copied();
        let num_rows = rows_of(kind, rows(left), rows(right));
        let statistics = Statistics {
            num_rows: num_rows.map_or(Precision::Absent, Precision::Inexact),
            ..Statistics::new_unknown(&plan.schema())
        };
        Ok(StatisticsResult::Computed(statistics.into()))
    }
}

/// Rows of a join by the rows of its sides; `None` where that is not known.
fn rows_of(kind: JoinType, left: Option<usize>, right: Option<usize>) -> Option<usize> {
    match kind {
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left,
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
        JoinType::Full => Some(left?.saturating_add(right?)),
        JoinType::Inner | JoinType::Left | JoinType::Right => Some(left?.max(right?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_has_the_rows_of_its_larger_side() {
        let rows = |kind| rows_of(kind, Some(24), Some(18_000_000));
        assert_eq!(rows(JoinType::Inner), Some(18_000_000));
        assert_eq!(rows(JoinType::Left), Some(18_000_000));
        assert_eq!(rows(JoinType::LeftSemi), Some(24));
        assert_eq!(rows(JoinType::RightAnti), Some(18_000_000));
        assert_eq!(rows(JoinType::Full), Some(18_000_024));
        assert_eq!(rows_of(JoinType::Inner, Some(1), None), None);
    }
}

//! Aggregates that keep their rows are computed in one phase.
//!
//! DataFusion aggregates every stream by itself, deals the partial results out by
//! key, and merges them. That pays where a partial result is smaller than its rows.
//! An aggregate that needs all its rows together only packs them into a state and
//! unpacks them again, so here the rows themselves are dealt out by key. The
//! functions still have partial states, for engines that plan otherwise.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};

/// Functions whose state is as large as their rows.
const KEEP_THEIR_ROWS: [&str; 5] = [
    "array_agg",
    "km_quantile",
    "relative_weights",
    "shrunken",
    "window_funnel",
];

/// The rule that deals rows out before anything is placed on streams.
const PLACES_ON_STREAMS: &str = "EnsureRequirements";

/// DataFusion's own rules and this one at its place among them.
pub(super) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let place = rules
        .iter()
        .position(|rule| rule.name() == PLACES_ON_STREAMS)
        .unwrap_or(rules.len());
    rules.insert(place, Arc::new(OnePhase));
    rules
}

#[derive(Debug)]
struct OnePhase;

impl PhysicalOptimizerRule for OnePhase {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|plan| {
            Ok(match in_one_phase(&plan)? {
                Some(aggregate) => Transformed::yes(aggregate),
                None => Transformed::no(plan),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "OnePhase"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The second of two phases in place of both, if that is worth it.
fn in_one_phase(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(last) = plan.downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let Some(first) = last.input().downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let keeps_rows = first
        .aggr_expr()
        .iter()
        .any(|aggregate| KEEP_THEIR_ROWS.contains(&aggregate.fun().name()));
    let is_pair = *last.mode() == AggregateMode::FinalPartitioned
        && *first.mode() == AggregateMode::Partial
        && first.group_expr().is_single();
    if !keeps_rows || !is_pair {
        return Ok(None);
    }
    let whole = AggregateExec::try_new(
        AggregateMode::SinglePartitioned,
        first.group_expr().clone(),
        first.aggr_expr().to_vec(),
        first.filter_expr().to_vec(),
        Arc::clone(first.input()),
        first.input_schema(),
    )?;
    Ok(Some(Arc::new(whole)))
}

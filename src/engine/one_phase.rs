//! Aggregates that keep their rows are computed in one phase.
//!
//! DataFusion aggregates every stream by itself, deals the partial results out by
//! key, and merges them. That pays where a partial result is smaller than its rows.
//! An aggregate that needs all its rows together only packs them into a state and
//! unpacks them again, so here the rows themselves are dealt out by key. The
//! functions still have partial states, for engines that plan otherwise.
//!
//! Where even that is too much, rows are sorted by key and time first, which goes
//! to disk: then an aggregate that can work in order holds no more of a group than
//! it needs, and one group after the other. Sorting costs more time than it saves,
//! so it is the second plan, for when memory is short.

use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::sorts::sort::SortExec;

use super::exchange::{Rule, rule};

/// Functions whose state is as large as their rows.
const KEEP_THEIR_ROWS: [&str; 5] = [
    "array_agg",
    "km_quantile",
    "relative_weights",
    "shrunken",
    "window_funnel",
];

/// Functions that need less when their rows come in order, and the position of the
/// argument by which: none of their other arguments may matter.
const WORK_IN_ORDER: [(&str, usize); 1] = [("window_funnel", 2)];

/// The rule that deals rows out before anything is placed on streams.
const PLACES_ON_STREAMS: &str = "EnsureRequirements";

/// The rule after which an aggregate has the phases it will be run in.
const JOINS_PHASES: &str = "CombinePartialFinalAggregate";

/// DataFusion's own rules and this one at its place among them.
pub(super) fn rules() -> Vec<Rule> {
    let mut rules = PhysicalOptimizer::new().rules;
    let place = rules
        .iter()
        .position(|rule| rule.name() == PLACES_ON_STREAMS)
        .unwrap_or(rules.len());
    rules.insert(place, rule("OnePhase", in_one_phase));
    rules
}

/// The same, and aggregates that can work in order get their rows in order.
pub(super) fn sparing_rules() -> Vec<Rule> {
    let mut rules = rules();
    let place = rules
        .iter()
        .position(|rule| rule.name() == JOINS_PHASES)
        .map_or(rules.len(), |place| place + 1);
    rules.insert(place, rule("InOrder", in_order));
    rules
}

/// Whether `plan` has an aggregate that needs less when its rows come in order.
pub(super) fn can_work_in_order(plan: &LogicalPlan) -> bool {
    let is_one = |expression: &Expr| {
        expression.exists(|part| {
            let Expr::AggregateFunction(aggregate) = part else {
                return Ok(false);
            };
            Ok(works_in_order(aggregate.func.name()).is_some())
        })
    };
    plan.exists(|node| {
        let LogicalPlan::Aggregate(aggregate) = node else {
            return Ok(false);
        };
        Ok(aggregate
            .aggr_expr
            .iter()
            .any(|expression| is_one(expression).unwrap_or(false)))
    })
    .unwrap_or(false)
}

fn works_in_order(function: &str) -> Option<usize> {
    let mut known = WORK_IN_ORDER.iter();
    known
        .find(|(name, _)| *name == function)
        .map(|(_, argument)| *argument)
}

/// The aggregate over its rows sorted by key and time, if it can make use of that.
fn in_order(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let is_whole = matches!(
        aggregate.mode(),
        AggregateMode::Single | AggregateMode::SinglePartitioned
    );
    let is_done = aggregate.input().is::<SortExec>();
    if !is_whole || is_done || !aggregate.group_expr().is_single() {
        return Ok(None);
    }
    let mut keys = aggregate.group_expr().input_exprs();
    let mut functions = Vec::new();
    let mut by = None;
    for function in aggregate.aggr_expr() {
        let argument = works_in_order(function.fun().name());
        let time = argument.and_then(|argument| function.expressions().get(argument).cloned());
        let in_order = match &time {
            Some(_) => Arc::clone(function).with_beneficial_ordering(true)?,
            None => None,
        };
        functions.push(in_order.map_or_else(|| Arc::clone(function), Arc::new));
        match (time, &by) {
            (Some(time), None) => by = Some(time),
            // Two that want different orders cannot both have theirs.
            (Some(time), Some(other)) if !time.eq(other) => return Ok(None),
            _ => {}
        }
    }
    let Some(by) = by else {
        return Ok(None);
    };
    keys.push(by);
    let ascending = SortOptions::new(false, false);
    let keys = keys
        .into_iter()
        .map(|key| PhysicalSortExpr::new(key, ascending));
    let Some(order) = LexOrdering::new(keys) else {
        return Ok(None);
    };
    let sorted = SortExec::new(order, Arc::clone(aggregate.input()));
    let whole = AggregateExec::try_new(
        *aggregate.mode(),
        aggregate.group_expr().clone(),
        functions,
        aggregate.filter_expr().to_vec(),
        Arc::new(sorted.with_preserve_partitioning(true)),
        aggregate.input_schema(),
    )?;
    Ok(Some(Arc::new(whole)))
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

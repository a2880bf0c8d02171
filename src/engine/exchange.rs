//! Operators of ours in the place of DataFusion's, and the rules that put them there.
//!
//! An [`Operator`] computes the rows of one of DataFusion's another way. Whatever else
//! is asked of the plan (order, streams, statistics), the operator that it stands for
//! answers, and what is too large for ours is handed back to it. What is exchanged for
//! what is not known here.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{OrderingRequirements, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    ChildStats, ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan,
    PlanProperties, ReplaceChildrenOptions, Statistics, StatisticsArgs,
};

use super::rest;

/// A rule of the optimizer and its place among others.
pub(super) type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// The rule that puts what `exchange` answers in the place of what it is asked about.
pub(super) fn rule(
    name: &'static str,
    exchange: impl Fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>
    + Send
    + Sync
    + 'static,
) -> Rule {
    Arc::new(Exchange { name, exchange })
}

struct Exchange<F> {
    name: &'static str,
    exchange: F,
}

impl<F> fmt::Debug for Exchange<F> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<F> PhysicalOptimizerRule for Exchange<F>
where
    F: Fn(&Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>>
        + Send
        + Sync
        + 'static,
{
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|plan| {
            Ok(match (self.exchange)(&plan)? {
                Some(other) => Transformed::yes(other),
                None => Transformed::no(plan),
            })
        })
        .data()
    }

    fn name(&self) -> &str {
        self.name
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Another way to the rows of an operator of DataFusion's with one input.
pub(super) trait Operator: fmt::Debug + Send + Sync {
    /// As plans show it.
    fn name(&self) -> &'static str;

    /// What of it plans show besides.
    fn details(&self) -> String;

    /// The same for `plan`, the operator with another input; none where it cannot.
    ///
    /// # Errors
    /// Those of the plan.
    fn over(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn Operator>>>;

    /// The rows of one stream.
    ///
    /// # Errors
    /// Those of setting out; those on the way are in the stream.
    fn execute(
        &self,
        input: SendableRecordBatchStream,
        place: Place,
    ) -> Result<SendableRecordBatchStream>;
}

/// Where in a plan one stream of an [`Operator`] is computed.
pub(super) struct Place {
    /// DataFusion's operator.
    pub(super) inner: Arc<dyn ExecutionPlan>,
    pub(super) partition: usize,
    pub(super) context: Arc<TaskContext>,
    pub(super) metrics: BaselineMetrics,
}

impl Place {
    /// Gives what is held and all that comes to DataFusion's operator.
    ///
    /// # Errors
    /// Those of the operator.
    pub(super) fn hand_over(
        &self,
        held: Vec<RecordBatch>,
        input: SendableRecordBatchStream,
    ) -> Result<SendableRecordBatchStream> {
        rest::hand_over(&self.inner, held, input, self.partition, &self.context)
    }
}

/// `plan` with its rows computed by `operator`.
pub(super) fn exchanged(
    plan: &Arc<dyn ExecutionPlan>,
    operator: Arc<dyn Operator>,
) -> Arc<dyn ExecutionPlan> {
    Arc::new(ExchangedExec {
        inner: Arc::clone(plan),
        operator,
        metrics: ExecutionPlanMetricsSet::new(),
    })
}

#[derive(Debug)]
struct ExchangedExec {
    inner: Arc<dyn ExecutionPlan>,
    operator: Arc<dyn Operator>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for ExchangedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.operator.name(), self.operator.details())
    }
}

impl ExecutionPlan for ExchangedExec {
    fn name(&self) -> &'static str {
        self.operator.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inner.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = Arc::clone(&self.inner).replace_children(children, options)?;
        Ok(match self.operator.over(&inner)? {
            Some(operator) => exchanged(&inner, operator),
            None => inner,
        })
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.inner
            .input_distribution_requirements()
            .into_per_child()
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.inner.required_input_ordering()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.inner.maintains_input_order()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        self.inner.benefits_from_input_partitioning()
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.inner.children()[0].execute(partition, Arc::clone(&context))?;
        let place = Place {
            inner: Arc::clone(&self.inner),
            partition,
            context,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        self.operator.execute(input, place)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.inner.child_stats_requests(partition)
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        arguments: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        self.inner.statistics_from_inputs(inputs, arguments)
    }
}

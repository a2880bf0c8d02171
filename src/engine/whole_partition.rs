//! Window functions over one whole partition after the other.
//!
//! DataFusion keeps a state for each partition, so that it can give out rows
//! before a partition has ended. That costs some microseconds for each partition,
//! and kenko's partitions are the few rows of an account, a person or an answer:
//! the states were a quarter of a night. Rows come sorted by partition; so here
//! they are held until their partition has ended, and all partitions of a batch
//! are computed together. A partition that is larger than that is worth is handed
//! to DataFusion's operator, with all that follows it.
//!
//! What a window function means stays DataFusion's. Windows without `partition
//! by` stay there too: they are one large partition.

mod functions;

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    ChildStats, ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan,
    InputOrderMode, PlanProperties, ReplaceChildrenOptions, Statistics, StatisticsArgs,
};
use futures::{TryStreamExt, stream};

use self::functions::Function;
use super::gather::gathered;
use super::rest;

/// Sixteen batches: more rows than that make up for the cost of a state.
const HELD_ROWS: usize = 16 * 8192;

/// Replaces DataFusion's window operators where rows come sorted by partition.
#[derive(Debug)]
pub(super) struct WholePartitions {
    /// Rows of one partition that are held at most.
    held_rows: usize,
}

impl Default for WholePartitions {
    fn default() -> Self {
        Self {
            held_rows: HELD_ROWS,
        }
    }
}

impl PhysicalOptimizerRule for WholePartitions {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            Ok(
                match WholePartitionExec::in_place_of(&plan, self.held_rows)? {
                    Some(exec) => Transformed::yes(Arc::new(exec) as _),
                    None => Transformed::no(plan),
                },
            )
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "WholePartitions"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct WholePartitionExec {
    /// DataFusion's operator: whatever is asked about the plan, it answers, and
    /// large partitions are its own.
    inner: Arc<dyn ExecutionPlan>,
    windows: Arc<[Arc<dyn WindowExpr>]>,
    held_rows: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl WholePartitionExec {
    /// The operator to put in the place of `plan`, if it is one of windows over
    /// sorted partitions.
    fn in_place_of(plan: &Arc<dyn ExecutionPlan>, held_rows: usize) -> Result<Option<Self>> {
        let (windows, sorted_by) = if let Some(exec) = plan.downcast_ref::<BoundedWindowAggExec>() {
            if exec.input_order_mode != InputOrderMode::Sorted {
                return Ok(None);
            }
            (exec.window_expr(), exec.partition_by_sort_keys())
        } else if let Some(exec) = plan.downcast_ref::<WindowAggExec>() {
            (exec.window_expr(), exec.partition_by_sort_keys())
        } else {
            return Ok(None);
        };
        let keys = windows[0].partition_by();
        let is_sorted = sorted_by.is_ok_and(|sorted_by| sorted_by.len() == keys.len());
        if keys.is_empty() || !is_sorted {
            return Ok(None);
        }
        let columns = plan.children()[0].schema();
        for key in keys {
            if key.data_type(&columns)?.is_nested() {
                return Ok(None);
            }
        }
        Ok(Some(Self {
            inner: Arc::clone(plan),
            windows: windows.into(),
            held_rows,
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

impl DisplayAs for WholePartitionExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<&str> = self.windows.iter().map(|window| window.name()).collect();
        write!(f, "WholePartitionExec: windows=[{}]", names.join(", "))
    }
}

impl ExecutionPlan for WholePartitionExec {
    fn name(&self) -> &'static str {
        "WholePartitionExec"
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
        Ok(match Self::in_place_of(&inner, self.held_rows)? {
            Some(exec) => Arc::new(exec),
            None => inner,
        })
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.inner
            .input_distribution_requirements()
            .into_per_child()
    }

    fn required_input_ordering(
        &self,
    ) -> Vec<Option<datafusion::physical_expr::OrderingRequirements>> {
        self.inner.required_input_ordering()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.inner.maintains_input_order()
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let child = self.inner.children()[0];
        let work = Work {
            input: child.execute(partition, Arc::clone(&context))?,
            functions: self
                .windows
                .iter()
                .map(Function::of)
                .collect::<Result<_>>()?,
            keys: self.windows[0].partition_by().to_vec(),
            schema: self.schema(),
            metrics: BaselineMetrics::new(&self.metrics, partition),
            held: Vec::new(),
            held_key: Vec::new(),
            held_rows: self.held_rows,
            partition,
            context,
            inner: Arc::clone(&self.inner),
            handed_over: None,
        };
        let batches = stream::try_unfold(work, async |mut work| {
            Ok(work.next().await?.map(|batch| (batch, work)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
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

/// One stream under way.
struct Work {
    input: SendableRecordBatchStream,
    functions: Vec<Function>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    metrics: BaselineMetrics,
    /// Rows of the partition that has not ended.
    held: Vec<RecordBatch>,
    /// Its key: one row of every column.
    held_key: Vec<ArrayRef>,
    /// How many rows of it are held before it is handed over.
    held_rows: usize,
    partition: usize,
    context: Arc<TaskContext>,
    inner: Arc<dyn ExecutionPlan>,
    /// The rows that DataFusion's operator computes from what it was given.
    handed_over: Option<SendableRecordBatchStream>,
}

impl Work {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(rows) = &mut self.handed_over {
                return rows.try_next().await;
            }
            let compute = self.metrics.elapsed_compute().clone();
            let Some(batch) = self.input.try_next().await? else {
                let _timed = compute.timer();
                let ended = std::mem::take(&mut self.held);
                return self.computed(&ended);
            };
            if batch.num_rows() == 0 {
                continue;
            }
            let timed = compute.timer();
            let ended = self.take_in(batch)?;
            if let Some(batch) = self.computed(&ended)? {
                return Ok(Some(batch));
            }
            drop(timed);
            if self.held.iter().map(RecordBatch::num_rows).sum::<usize>() > self.held_rows {
                self.hand_over()?;
            }
        }
    }

    /// Holds the rows of the last partition of `batch`; answers those of the
    /// partitions that have ended.
    fn take_in(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        let keys = self.keys_of(&batch)?;
        let ranges = partition(&keys)?.ranges();
        let last = ranges.last().map_or(0, |range| range.start);
        let goes_on = !self.held.is_empty() && is_same(&self.held_key, &keys)?;
        let newest = batch.num_rows() - 1;
        self.held_key = keys.iter().map(|key| key.slice(newest, 1)).collect();
        if last == 0 {
            let ended = if goes_on {
                Vec::new()
            } else {
                std::mem::take(&mut self.held)
            };
            self.held.push(batch);
            return Ok(ended);
        }
        let rest = batch.slice(last, batch.num_rows() - last);
        let mut ended = std::mem::replace(&mut self.held, vec![rest]);
        ended.push(batch.slice(0, last));
        Ok(ended)
    }

    /// The rows of whole partitions with what the functions say of them.
    fn computed(&self, ended: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let Some(first) = ended.first() else {
            return Ok(None);
        };
        let rows = put_together(&first.schema(), ended)?;
        let ranges = partition(&self.keys_of(&rows)?)?.ranges();
        let mut columns = rows.columns().to_vec();
        for function in &self.functions {
            columns.push(function.evaluate(&rows, &ranges)?);
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.metrics.record_output(batch.num_rows());
        Ok(Some(batch))
    }

    fn keys_of(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let keys = self.keys.iter();
        keys.map(|key| key.evaluate(rows)?.into_array(rows.num_rows()))
            .collect()
    }

    /// Gives what is held and all that comes to DataFusion's operator.
    fn hand_over(&mut self) -> Result<()> {
        let none = RecordBatchStreamAdapter::new(self.input.schema(), stream::empty());
        let input = std::mem::replace(&mut self.input, Box::pin(none));
        let held = std::mem::take(&mut self.held);
        let rows = rest::hand_over(&self.inner, held, input, self.partition, &self.context)?;
        self.handed_over = Some(rows);
        Ok(())
    }
}

fn put_together(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    let columns = (0..schema.fields().len()).map(|column| {
        let parts = batches.iter().map(|batch| Arc::clone(batch.column(column)));
        gathered(&parts.collect::<Vec<_>>())
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Whether the one row of `held` is the first row of `keys`.
fn is_same(held: &[ArrayRef], keys: &[ArrayRef]) -> Result<bool> {
    for (one, other) in held.iter().zip(keys) {
        if !not_distinct(one, &other.slice(0, 1))?.value(0) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;

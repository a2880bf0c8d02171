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

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};
use futures::{TryStreamExt, stream};

use self::functions::Function;
use super::exchange::{self, Operator, Place, Rule, exchanged};
use super::gather::gathered;

/// Sixteen batches: more rows than that make up for the cost of a state.
const HELD_ROWS: usize = 16 * 8192;

/// Replaces DataFusion's window operators where rows come sorted by partition.
pub(super) fn rule() -> Rule {
    of_at_most(HELD_ROWS)
}

/// The rule that holds at most so many rows of one partition.
fn of_at_most(held_rows: usize) -> Rule {
    exchange::rule("WholePartitions", move |plan| {
        let operator = WholePartition::of(plan, held_rows)?;
        Ok(operator.map(|operator| exchanged(plan, operator)))
    })
}

/// Window functions over sorted partitions.
#[derive(Debug)]
struct WholePartition {
    windows: Arc<[Arc<dyn WindowExpr>]>,
    held_rows: usize,
}

impl WholePartition {
    /// What computes the windows of `plan`, if it is one of windows over sorted
    /// partitions.
    fn of(plan: &Arc<dyn ExecutionPlan>, held_rows: usize) -> Result<Option<Arc<dyn Operator>>> {
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
        let windows = windows.into();
        Ok(Some(Arc::new(Self { windows, held_rows })))
    }
}

impl Operator for WholePartition {
    fn name(&self) -> &'static str {
        "WholePartitionExec"
    }

    fn details(&self) -> String {
        let names: Vec<&str> = self.windows.iter().map(|window| window.name()).collect();
        format!("windows=[{}]", names.join(", "))
    }

    fn over(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn Operator>>> {
        Self::of(plan, self.held_rows)
    }

    fn execute(
        &self,
        input: SendableRecordBatchStream,
        place: Place,
    ) -> Result<SendableRecordBatchStream> {
        let schema = place.inner.schema();
        let functions = self.windows.iter().map(Function::of);
        let work = Work {
            input,
            functions: functions.collect::<Result<_>>()?,
            keys: self.windows[0].partition_by().to_vec(),
            schema: Arc::clone(&schema),
            held: Vec::new(),
            held_key: Vec::new(),
            most_held: self.held_rows,
            place,
            handed_over: None,
        };
        let batches = stream::try_unfold(work, async |mut work| {
            Ok(work.next().await?.map(|batch| (batch, work)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// One stream under way.
struct Work {
    input: SendableRecordBatchStream,
    functions: Vec<Function>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    /// Rows of the partition that has not ended.
    held: Vec<RecordBatch>,
    /// Its key: one row of every column.
    held_key: Vec<ArrayRef>,
    /// How many rows of it are held before it is handed over.
    most_held: usize,
    place: Place,
    /// The rows that DataFusion's operator computes from what it was given.
    handed_over: Option<SendableRecordBatchStream>,
}

/// Rows of whole partitions, and which rows each of them has.
struct Ended {
    rows: Vec<RecordBatch>,
    partitions: Vec<Range<usize>>,
}

impl Work {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(rows) = &mut self.handed_over {
                return rows.try_next().await;
            }
            let compute = self.place.metrics.elapsed_compute().clone();
            let Some(batch) = self.input.try_next().await? else {
                let _timed = compute.timer();
                let partition = 0..self.held_rows();
                let ended = Ended {
                    rows: std::mem::take(&mut self.held),
                    partitions: vec![partition],
                };
                return self.computed(&ended);
            };
            if batch.num_rows() == 0 {
                continue;
            }
            let timed = compute.timer();
            let ended = self.take_in(&batch)?;
            if let Some(batch) = self.computed(&ended)? {
                return Ok(Some(batch));
            }
            drop(timed);
            if self.held_rows() > self.most_held {
                self.hand_over()?;
            }
        }
    }

    fn held_rows(&self) -> usize {
        self.held.iter().map(RecordBatch::num_rows).sum()
    }

    /// Holds the rows of the last partition of `batch`; answers those of the
    /// partitions that have ended.
    fn take_in(&mut self, batch: &RecordBatch) -> Result<Ended> {
        let keys = self.keys.iter();
        let keys: Vec<ArrayRef> = keys
            .map(|key| key.evaluate(batch)?.into_array(batch.num_rows()))
            .collect::<Result<_>>()?;
        let held = self.held_rows();
        let goes_on = held > 0 && is_same(&self.held_key, &keys)?;
        let newest = batch.num_rows() - 1;
        self.held_key = keys.iter().map(|key| key.slice(newest, 1)).collect();
        // Where partitions begin in the rows held and those of the batch after them.
        let mut starts: Vec<usize> = if held > 0 { vec![0] } else { Vec::new() };
        let ranges = partition(&keys)?.ranges().into_iter();
        starts.extend(
            ranges
                .skip(usize::from(goes_on))
                .map(|range| held + range.start),
        );
        let partitions = starts.windows(2).map(|pair| pair[0]..pair[1]).collect();
        let mut rows = if starts.len() > 1 {
            std::mem::take(&mut self.held)
        } else {
            Vec::new()
        };
        // The last partition may go on: it is held, alone.
        let last = starts.last().map_or(0, |last| last.saturating_sub(held));
        if last > 0 {
            rows.push(batch.slice(0, last));
        }
        self.held.push(batch.slice(last, batch.num_rows() - last));
        Ok(Ended { rows, partitions })
    }

    /// The rows of whole partitions with what the functions say of them.
    fn computed(&self, ended: &Ended) -> Result<Option<RecordBatch>> {
        let Some(first) = ended.rows.first() else {
            return Ok(None);
        };
        let rows = put_together(&first.schema(), &ended.rows)?;
        let mut columns = rows.columns().to_vec();
        for function in &self.functions {
            columns.push(function.evaluate(&rows, &ended.partitions)?);
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.place.metrics.record_output(batch.num_rows());
        Ok(Some(batch))
    }

    /// Gives what is held and all that comes to DataFusion's operator.
    fn hand_over(&mut self) -> Result<()> {
        let none = RecordBatchStreamAdapter::new(self.input.schema(), stream::empty());
        let input = std::mem::replace(&mut self.input, Box::pin(none));
        let held = std::mem::take(&mut self.held);
        self.handed_over = Some(self.place.hand_over(held, input)?);
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

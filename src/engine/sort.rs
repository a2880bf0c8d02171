//! Sorting by one key of bytes.
//!
//! DataFusion sorts runs of a megabyte column by column and then merges them row by
//! row. Here the columns to sort by become one key of bytes for each row, all rows
//! are sorted at once by the first bytes in which their keys differ, and each column
//! is picked once. Rows are counted by the memory that they hold: pieces of one
//! large batch, as aggregates give them out, hold it once. When memory is short,
//! everything goes to DataFusion's operator, which sorts on disk.
//!
//! Sorting for the first few rows alone stays DataFusion's.

mod keys;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};

use self::keys::Keys;
use super::exchange::{self, Operator, Place, Rule, exchanged};
use super::gather::gathered;

/// More than this is sorted on disk, whatever memory there is: an array of text
/// cannot hold twice as much.
const HELD_BYTES: usize = 1 << 30;

/// Replaces DataFusion's sorts.
pub(super) fn rule() -> Rule {
    exchange::rule("SortsByKey", |plan| {
        let merged = merged(plan);
        let sort = merged.as_ref().unwrap_or(plan);
        Ok(SortByKey::of(sort)?.map(|operator| exchanged(sort, operator)))
    })
}

/// Streams that are sorted one by one and then merged are put together first.
fn merged(plan: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let merge = plan.downcast_ref::<SortPreservingMergeExec>()?;
    let sort = merge.input().downcast_ref::<SortExec>()?;
    if merge.fetch().is_some() || sort.fetch().is_some() || merge.expr() != sort.expr() {
        return None;
    }
    let rows = CoalescePartitionsExec::new(Arc::clone(sort.input()));
    Some(Arc::new(SortExec::new(sort.expr().clone(), Arc::new(rows))))
}

/// Sorts all rows of an input.
#[derive(Debug)]
struct SortByKey {
    order: LexOrdering,
}

impl SortByKey {
    /// What sorts as `plan` does, if that is by columns that keys can be made of.
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn Operator>>> {
        let Some(sort) = plan.downcast_ref::<SortExec>() else {
            return Ok(None);
        };
        let fields = fields_of(sort.expr(), &sort.input().schema())?;
        if sort.fetch().is_some() || !RowConverter::supports_fields(&fields) {
            return Ok(None);
        }
        let order = sort.expr().clone();
        Ok(Some(Arc::new(Self { order })))
    }
}

impl Operator for SortByKey {
    fn name(&self) -> &'static str {
        "SortByKeyExec"
    }

    fn details(&self) -> String {
        format!("[{}]", self.order)
    }

    fn over(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn Operator>>> {
        Self::of(plan)
    }

    fn execute(
        &self,
        input: SendableRecordBatchStream,
        place: Place,
    ) -> Result<SendableRecordBatchStream> {
        let columns = input.schema();
        let converter = RowConverter::new(fields_of(&self.order, &columns)?)?;
        let memory = MemoryConsumer::new(format!("SortByKey[{}]", place.partition))
            .with_can_spill(true)
            .register(place.context.memory_pool());
        let work = Work {
            input,
            order: self.order.clone(),
            keys: Keys::new(converter),
            batches: Vec::new(),
            buffers: Buffers::default(),
            memory,
            place,
        };
        let rows = stream::once(work.sorted()).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(columns, rows)))
    }
}

fn fields_of(order: &LexOrdering, columns: &SchemaRef) -> Result<Vec<SortField>> {
    let fields = order.iter().map(|by| {
        let kind = by.expr.data_type(columns)?;
        Ok(SortField::new_with_options(kind, by.options))
    });
    fields.collect()
}

/// One stream under way.
struct Work {
    input: SendableRecordBatchStream,
    order: LexOrdering,
    keys: Keys,
    batches: Vec<RecordBatch>,
    buffers: Buffers,
    memory: MemoryReservation,
    place: Place,
}

impl Work {
    async fn sorted(mut self) -> Result<SendableRecordBatchStream> {
        while let Some(batch) = self.input.try_next().await? {
            let compute = self.place.metrics.elapsed_compute().clone();
            let _timed = compute.timer();
            if batch.num_rows() > 0 && !self.hold(batch)? {
                return self.on_disk();
            }
        }
        self.in_memory()
    }

    /// Whether there is room for the batch; it is held in either case.
    fn hold(&mut self, batch: RecordBatch) -> Result<bool> {
        let by = self.order.iter();
        let by: Vec<ArrayRef> = by
            .map(|by| by.expr.evaluate(&batch)?.into_array(batch.num_rows()))
            .collect::<Result<_>>()?;
        self.keys.append(&by)?;
        self.buffers.add(&batch);
        self.batches.push(batch);
        let bytes = self.buffers.bytes() + self.keys.bytes();
        Ok(bytes <= HELD_BYTES && self.memory.try_resize(bytes).is_ok())
    }

    fn on_disk(self) -> Result<SendableRecordBatchStream> {
        self.memory.free();
        self.place.hand_over(self.batches, self.input)
    }

    fn in_memory(mut self) -> Result<SendableRecordBatchStream> {
        let compute = self.place.metrics.elapsed_compute().clone();
        let timed = compute.timer();
        let schema = self.input.schema();
        let order = self.keys.sorted();
        // Column by column, so that no more than one is there twice.
        let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); schema.fields().len()];
        for batch in self.batches.drain(..) {
            for (column, part) in columns.iter_mut().zip(batch.columns()) {
                column.push(Arc::clone(part));
            }
        }
        if order.is_empty() {
            let none = RecordBatchStreamAdapter::new(schema, stream::empty());
            return Ok(Box::pin(none));
        }
        let columns = columns.into_iter().map(|parts| gathered(&parts));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        drop(timed);
        let (memory, metrics) = (self.memory, self.place.metrics);
        let batch_rows = self.place.context.session_config().batch_size();
        let out = Arc::clone(&schema);
        let starts = (0..order.len()).step_by(batch_rows.max(1));
        let batches = stream::iter(starts).map(move |start| {
            let _timed = metrics.elapsed_compute().timer();
            // Given back after the last row.
            let _held = &memory;
            let places = order.slice(start, batch_rows.min(order.len() - start));
            let picked = columns
                .iter()
                .map(|column| Ok(take(column, &places, None)?));
            let picked = picked.collect::<Result<Vec<_>>>()?;
            metrics.record_output(places.len());
            Ok(RecordBatch::try_new(Arc::clone(&out), picked)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// The memory behind the batches held, each piece of it counted once, and what putting
/// them together adds: texts that several rows refer to get a copy for each.
#[derive(Default)]
struct Buffers {
    seen: HashSet<usize>,
    held: usize,
    /// Of texts: the buffers they lie in, and their bytes in all rows.
    behind_texts: usize,
    in_texts: usize,
}

impl Buffers {
    fn add(&mut self, batch: &RecordBatch) {
        for column in batch.columns() {
            if let Some(texts) = column.as_string_view_opt() {
                self.in_texts += texts.total_buffer_bytes_used();
                for buffer in texts.data_buffers() {
                    self.behind_texts += self.add_buffer(buffer);
                }
            }
            self.add_data(&column.to_data());
        }
    }

    fn add_data(&mut self, data: &ArrayData) {
        let nulls = data.nulls().map(NullBuffer::buffer);
        for buffer in data.buffers().iter().chain(nulls) {
            self.add_buffer(buffer);
        }
        for child in data.child_data() {
            self.add_data(child);
        }
    }

    /// The bytes of the buffer, if it is new.
    fn add_buffer(&mut self, buffer: &Buffer) -> usize {
        let is_new = self.seen.insert(buffer.data_ptr().as_ptr().addr());
        let bytes = if is_new { buffer.capacity() } else { 0 };
        self.held += bytes;
        bytes
    }

    fn bytes(&self) -> usize {
        self.held + self.in_texts.saturating_sub(self.behind_texts)
    }
}

#[cfg(test)]
mod tests;

//! The rest of a stream, in place of the plan that it comes from.
//!
//! Operators of ours hold rows up to a limit. Beyond it they hand what they hold,
//! and all that follows, to DataFusion's operator of the same kind, which reads it
//! from here. It can be read once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};

struct Rest {
    properties: Arc<PlanProperties>,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

/// The rows that `operator` makes of `held` and then of `input`, the stream of
/// its only child with the number `partition`.
///
/// # Errors
/// Those of the operator.
pub(super) fn hand_over(
    operator: &Arc<dyn ExecutionPlan>,
    held: Vec<RecordBatch>,
    input: SendableRecordBatchStream,
    partition: usize,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let child = operator.children()[0];
    let rows = stream::iter(held.into_iter().map(Ok)).chain(input);
    let rest = Rest {
        properties: Arc::clone(child.properties()),
        rows: Mutex::new(Some(Box::pin(RecordBatchStreamAdapter::new(
            child.schema(),
            rows,
        )))),
    };
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
    let operator = Arc::clone(operator).replace_children(vec![Arc::new(rest)], options)?;
    operator.execute(partition, Arc::clone(context))
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Rest")
    }
}

impl DisplayAs for Rest {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Rest")
    }
}

impl ExecutionPlan for Rest {
    fn name(&self) -> &'static str {
        "Rest"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.take()
            .ok_or_else(|| DataFusionError::Internal("a rest was read twice".to_owned()))
    }
}

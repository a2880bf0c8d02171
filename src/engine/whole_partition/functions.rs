//! What a window function says of the rows of whole partitions.
//!
//! Numbers of rows and the row before or after are found for all partitions at
//! once; everything else is asked of DataFusion, partition by partition.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::take;
use datafusion::error::Result;
use datafusion::logical_expr::PartitionEvaluator;
use datafusion::physical_expr::window::{
    StandardWindowExpr, StandardWindowFunctionExpr, WindowExpr,
};
use datafusion::physical_plan::windows::WindowUDFExpr;

use crate::engine::gather::gathered;

/// A row in the middle of so many that every offset can be seen.
const MIDDLE: usize = 1 << 20;

pub(super) enum Function {
    /// `row_number()`.
    Number,
    /// `lag(x)`.
    Before(Arc<dyn WindowExpr>),
    /// `lead(x)`.
    After(Arc<dyn WindowExpr>),
    /// Needs its arguments alone: these are evaluated once for all partitions.
    OfArguments(Arc<dyn WindowExpr>, Arc<dyn StandardWindowFunctionExpr>),
    /// Anything else.
    OfRows(Arc<dyn WindowExpr>),
}

impl Function {
    pub(super) fn of(window: &Arc<dyn WindowExpr>) -> Result<Self> {
        let Some(standard) = window.as_any().downcast_ref::<StandardWindowExpr>() else {
            return Ok(Self::OfRows(Arc::clone(window)));
        };
        let function = standard.get_standard_func_expr();
        let evaluator = function.create_evaluator()?;
        if evaluator.uses_window_frame() || evaluator.include_rank() {
            return Ok(Self::OfRows(Arc::clone(window)));
        }
        let known = function.as_any().downcast_ref::<WindowUDFExpr>();
        let known = known.map(|known| (known.fun().name(), known.args()));
        let neighbour = match known {
            Some(("row_number", [])) => return Ok(Self::Number),
            Some(("lag" | "lead", [_])) => neighbour(evaluator.as_ref())?,
            _ => None,
        };
        Ok(match neighbour {
            Some(Neighbour::Before) => Self::Before(Arc::clone(window)),
            Some(Neighbour::After) => Self::After(Arc::clone(window)),
            None => Self::OfArguments(Arc::clone(window), Arc::clone(function)),
        })
    }

    /// One value for each of `rows`, whose partitions are `ranges`.
    pub(super) fn evaluate(&self, rows: &RecordBatch, ranges: &[Range<usize>]) -> Result<ArrayRef> {
        match self {
            Self::Number => {
                let numbers = ranges.iter().flat_map(|range| 1..=range.len() as u64);
                Ok(Arc::new(UInt64Array::from_iter_values(numbers)))
            }
            Self::Before(window) => {
                let places = ranges.iter().flat_map(|range| {
                    let others = (range.start..range.end - 1).map(place);
                    std::iter::once(None).chain(others)
                });
                neighbours(window.as_ref(), rows, &places.collect())
            }
            Self::After(window) => {
                let places = ranges.iter().flat_map(|range| {
                    let others = (range.start + 1..range.end).map(place);
                    others.chain(std::iter::once(None))
                });
                neighbours(window.as_ref(), rows, &places.collect())
            }
            Self::OfArguments(window, function) => {
                let arguments = window.evaluate_args(rows)?;
                together(ranges, |range| {
                    of_arguments(function.as_ref(), &arguments, range)
                })
            }
            Self::OfRows(window) => together(ranges, |range| {
                window.evaluate(&rows.slice(range.start, range.len()))
            }),
        }
    }
}

enum Neighbour {
    Before,
    After,
}

/// Which row the value is that of, if it is one next to it and no other. The
/// operator knows from which rows the value of one row comes, and says so here
/// too: neither `ignore nulls` nor the direction can be asked for.
fn neighbour(evaluator: &dyn PartitionEvaluator) -> Result<Option<Neighbour>> {
    let range = evaluator.get_range(MIDDLE, 2 * MIDDLE)?;
    Ok(match (range.start, range.end) {
        (start, end) if start + 1 == MIDDLE && end == MIDDLE + 1 => Some(Neighbour::Before),
        (start, end) if start == MIDDLE && end == MIDDLE + 1 => Some(Neighbour::After),
        _ => None,
    })
}

fn place(row: usize) -> Option<u32> {
    u32::try_from(row).ok()
}

fn neighbours(
    window: &dyn WindowExpr,
    rows: &RecordBatch,
    places: &UInt32Array,
) -> Result<ArrayRef> {
    let arguments = window.evaluate_args(rows)?;
    Ok(take(&arguments[0], places, None)?)
}

fn of_arguments(
    function: &dyn StandardWindowFunctionExpr,
    arguments: &[ArrayRef],
    range: &Range<usize>,
) -> Result<ArrayRef> {
    let slices = arguments.iter();
    let slices: Vec<_> = slices
        .map(|argument| argument.slice(range.start, range.len()))
        .collect();
    let mut evaluator = function.create_evaluator()?;
    evaluator.evaluate_all(&slices, range.len())
}

/// The results of all partitions as one column.
fn together(
    ranges: &[Range<usize>],
    evaluate: impl Fn(&Range<usize>) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    let parts = ranges.iter().map(evaluate).collect::<Result<Vec<_>>>()?;
    gathered(&parts)
}

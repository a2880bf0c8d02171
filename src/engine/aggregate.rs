//! Aggregates of DataFusion that take too much where groups are many, with another
//! way of keeping them.
//!
//! Names, types, results and everything else that they do are DataFusion's own;
//! only how rows of a group are kept is not. Functions that DataFusion does not
//! have are in `function`.

mod distinct_text;
mod ordered_list;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature, StatisticsArgs,
};

use self::distinct_text::DistinctText;
use self::ordered_list::OrderedList;

/// The aggregates to register in place of DataFusion's.
pub(super) fn all() -> [AggregateUDF; 2] {
    [
        AggregateUDF::new_from_impl(Kept::by(Keeper::DistinctText, count_udaf())),
        AggregateUDF::new_from_impl(Kept::by(Keeper::OrderedList, array_agg_udaf())),
    ]
}

/// Who keeps the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Keeper {
    DistinctText,
    OrderedList,
}

impl Keeper {
    fn takes(self, args: &AccumulatorArgs) -> bool {
        match self {
            Self::DistinctText => distinct_text::takes(args),
            Self::OrderedList => ordered_list::takes(args),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kept {
    keeper: Keeper,
    inner: Arc<AggregateUDF>,
}

impl Kept {
    fn by(keeper: Keeper, inner: Arc<AggregateUDF>) -> Self {
        Self { keeper, inner }
    }
}

impl AggregateUDFImpl for Kept {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.keeper.takes(&args) || self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        if !self.keeper.takes(&args) {
            return self.inner.create_groups_accumulator(args);
        }
        Ok(match self.keeper {
            Keeper::DistinctText => Box::new(DistinctText::of(&args)),
            Keeper::OrderedList => Box::new(OrderedList::of(&args)?),
        })
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    /// Rows need not come in order: the keeper of lists sorts them itself.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        match self.keeper {
            Keeper::DistinctText => self.inner.order_sensitivity(),
            Keeper::OrderedList => AggregateOrderSensitivity::Beneficial,
        }
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        _is_ordered: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.keeper {
            Keeper::DistinctText => self.inner.reverse_udf(),
            Keeper::OrderedList => ReversedUDAF::NotSupported,
        }
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }

    fn default_value(&self, kind: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(kind)
    }

    fn value_from_stats(&self, args: &StatisticsArgs) -> Option<ScalarValue> {
        self.inner.value_from_stats(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn set_monotonicity(&self, kind: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(kind)
    }
}

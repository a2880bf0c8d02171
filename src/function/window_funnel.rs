//! `window_funnel(mode, window_us, occurred_at, event_id, step_mask [, person [,
//! role]])`: the aggregate around [`super::funnel`], where the definition is.
//!
//! Here are its name, types and documentation. Rows and states are [`groups`];
//! how touches lie in memory is [`log`]. It does not say when a funnel is open
//! or lost: that needs the day.

mod groups;
mod log;
mod results;
mod settled;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};

use self::groups::{Groups, OneGroup};
use self::settled::{Sequence, UNASKED_BYTES};
use super::FunctionDoc;
use super::argument::{instant_type, integer_type, text_type, wrong_count};
use crate::time::{Calendar, Days, Zone};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "window_funnel",
    signature: "window_funnel(mode text, window_us integer, occurred_at timestamp, event_id text, \
                step_mask integer [, person text [, role integer]]) → struct(steps_reached \
                integer, started_at timestamp, reached_at list<timestamp>, event_ids list<text>, \
                steps list<integer>, loops integer, ends_at timestamp, ended_at timestamp, \
                excluded_by integer, roles_seen integer)",
    meaning: "How far the group came through a funnel. Bit k-1 of step_mask says that the touch \
              satisfies step k. Each touch of step 1 starts an attempt that takes every next step \
              at its earliest touch, within window_us of its start, bounds included; the group \
              counts with the attempt that came furthest, and of those with the earliest. Ties go \
              by event_id. `loops` are the touches on the way that match only lower steps. Modes: \
              ordered; strict_increase (a step must be later than the one before), strict_once (a \
              touch serves one step), strict_order (an attempt ends at a touch of no step or of a \
              step beyond the next), strict_deduplication (it ends at a touch of a step it has \
              taken), any_order (it begins at any step and takes the others as they come); several \
              are joined by `+`. Terms may follow the mode, joined by `;`: `steps 5` (how many \
              there are), `window 6 months` (in place of window_us), `min 3 2 hours` and `max 3 10 \
              business days` (gap between step 3 and the required step before it), `people 2 3` \
              (step 2 needs three different persons since the step before), `roles 2 2` (two \
              different roles), `role 4 5` (roles 1 and 3, as bits, may take step 4), `first 1` \
              (only the group's first touch ever takes step 1), `optional 3`, `exclude 6 2 5` (bit \
              5 of the mask ends an attempt that has taken step 2 and not yet step 5), `closed \
              2026-01-01 2026-05-04` (days that are no business days). In the \
              result an optional step not taken is null in the lists; `steps` are the numbers of \
              the steps taken; `ends_at` is the last instant at which the attempt could go on; \
              `ended_at` is when a touch ended it before, `excluded_by` the bit number of the \
              exclusion, from 1; bit r-1 of `roles_seen` is set when role r made a touch of any \
              step, open to the role or not, from the start until the attempt converted or was \
              over. Rows without a time are left out.",
    source: "levels agree with ClickHouse's test 00632_aggregation_window_funnel",
};

#[derive(Debug)]
pub(super) struct WindowFunnel {
    calendar: Arc<Calendar>,
    signature: Signature,
    /// Whether rows come group after group, each in the order of time.
    is_in_order: bool,
}

impl WindowFunnel {
    pub(super) fn new(zone: &Zone, days: &Days) -> Self {
        Self {
            calendar: Arc::new(Calendar::new(zone, days)),
            signature: Signature::user_defined(Volatility::Immutable),
            is_in_order: false,
        }
    }

    fn groups(&self) -> Groups {
        let sequence = self.is_in_order.then(|| Sequence::new(UNASKED_BYTES));
        Groups::new(&self.calendar, sequence)
    }
}

impl PartialEq for WindowFunnel {
    fn eq(&self, other: &Self) -> bool {
        self.calendar.zone_name() == other.calendar.zone_name()
            && self.is_in_order == other.is_in_order
    }
}

impl Eq for WindowFunnel {}

impl Hash for WindowFunnel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.calendar.zone_name().hash(state);
        self.is_in_order.hash(state);
    }
}

impl AggregateUDFImpl for WindowFunnel {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [mode, window, occurred_at, event_id, mask, by_whom @ ..] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        let mut types = vec![
            text_type(self.name(), mode)?,
            integer_type(self.name(), window)?,
            instant_type(self.name(), occurred_at)?,
            text_type(self.name(), event_id)?,
            integer_type(self.name(), mask)?,
        ];
        match by_whom {
            [] => {}
            [person] => types.push(text_type(self.name(), person)?),
            [person, role] => {
                types.push(text_type(self.name(), person)?);
                types.push(integer_type(self.name(), role)?);
            }
            _ => return wrong_count(DOCUMENTATION.signature, given.len()),
        }
        Ok(types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(results::fields()))
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        refuse_distinct(&arguments)?;
        Ok(Box::new(OneGroup(self.groups())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        refuse_distinct(&arguments)?;
        Ok(Box::new(self.groups()))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![
            Arc::new(Field::new("terms", DataType::Utf8, true)),
            Arc::new(Field::new("window_us", DataType::Int64, true)),
            Arc::new(Field::new("touches", DataType::LargeBinary, true)),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    /// Order is never asked for; a plan that sorts its rows by group and time for
    /// the sake of memory says so here.
    fn with_beneficial_ordering(
        self: Arc<Self>,
        beneficial_ordering: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(Arc::new(Self {
            calendar: Arc::clone(&self.calendar),
            signature: self.signature.clone(),
            is_in_order: beneficial_ordering,
        })))
    }
}

fn refuse_distinct(arguments: &AccumulatorArgs) -> Result<()> {
    if arguments.is_distinct {
        return plan_err!(
            "{} has no `distinct`: give each event once",
            DOCUMENTATION.name
        );
    }
    Ok(())
}

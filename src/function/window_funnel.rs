//! `window_funnel(mode, window_us, occurred_at, event_id, step_mask)`: the
//! aggregate around [`super::funnel`], where the definition is.
//!
//! Touches of all groups lie in one vector and their ids in one buffer, so that
//! a row costs no allocation; they are dealt out to their groups and ordered by
//! (instant, event id, mask) when the groups are complete. A partial state is
//! the touches themselves, as plain lists, so that states from any number of
//! nodes merge in any order to the same bytes.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, Int64Builder, LargeBinaryBuilder,
    ListArray, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
    TimestampMicrosecondBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{
    ArrowNativeType, DataType, Field, FieldRef, Fields, Int64Type, TimestampMicrosecondType,
};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{Texts, instant, instant_type, integer_type, refuse, text_type, wrong_count};
use super::funnel::{self, Attempt, Modes, STEPS_MAX, Scratch};
use crate::error::closest;
use crate::time::Microseconds;

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "window_funnel",
    signature: "window_funnel(mode text, window_us integer, occurred_at timestamp, event_id text, \
                step_mask integer) → struct(steps_reached integer, started_at timestamp, \
                reached_at list<timestamp>, event_ids list<text>, loops integer)",
    meaning: "How far the group came through a funnel. Bit k-1 of step_mask says that the touch \
              satisfies step k. Each touch of step 1 starts an attempt that takes every next step \
              at its earliest touch, within window_us of its start, bounds included; the group \
              counts with the attempt that came furthest, and of those with the earliest. Ties go \
              by event_id. `loops` are the touches on the way that match only lower steps. Modes: \
              ordered; strict_increase (a step must be later than the one before), strict_once (a \
              touch serves one step), strict_order (an attempt ends at a touch of no step or of a \
              step beyond the next), strict_deduplication (it ends at a touch of a step it has \
              taken); several are joined by `+`. Rows without a time are left out.",
    source: "levels agree with ClickHouse's test 00632_aggregation_window_funnel",
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct WindowFunnel {
    signature: Signature,
}

impl WindowFunnel {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
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
        let [mode, window, occurred_at, event_id, mask] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        Ok(vec![
            text_type(self.name(), mode)?,
            integer_type(self.name(), window)?,
            instant_type(self.name(), occurred_at)?,
            text_type(self.name(), event_id)?,
            integer_type(self.name(), mask)?,
        ])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(result_fields()))
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        refuse_distinct(&arguments)?;
        Ok(Box::new(OneGroup(Groups::default())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        refuse_distinct(&arguments)?;
        Ok(Box::new(Groups::default()))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            Arc::new(Field::new_list(
                name,
                Field::new_list_field(item, true),
                true,
            ))
        };
        Ok(vec![
            Arc::new(Field::new("mode", DataType::Utf8, true)),
            Arc::new(Field::new("window_us", DataType::Int64, true)),
            list("occurred_at", instant()),
            list("event_id", DataType::LargeBinary),
            list("step_mask", DataType::Int64),
        ])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
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

fn result_fields() -> Fields {
    let list = |name: &str, item: DataType| {
        Field::new_list(name, Field::new_list_field(item, true), false)
    };
    Fields::from(vec![
        Field::new("steps_reached", DataType::Int64, false),
        Field::new("started_at", instant(), true),
        list("reached_at", instant()),
        list("event_ids", DataType::Utf8),
        Field::new("loops", DataType::Int64, false),
    ])
}

/// A touch of some group; its id lies in the shared buffer.
#[derive(Clone, Copy, Debug)]
struct GroupTouch {
    occurred_at: Microseconds,
    step_mask: u64,
    id_start: usize,
    id_length: u32,
    group: u32,
}

impl funnel::Touch for GroupTouch {
    fn occurred_at(&self) -> Microseconds {
        self.occurred_at
    }

    fn step_mask(&self) -> u64 {
        self.step_mask
    }
}

/// What a group's rows must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    modes: Modes,
    window: Microseconds,
}

/// The touches of every group.
#[derive(Debug, Default)]
struct Groups {
    terms: Vec<Option<Terms>>,
    touches: Vec<GroupTouch>,
    ids: Vec<u8>,
    /// The last mode read and its text: nearly every row repeats it.
    mode_text: String,
    modes: Modes,
}

impl Groups {
    fn parse_mode(&mut self, text: &str) -> Result<Modes> {
        if self.mode_text == text {
            return Ok(self.modes);
        }
        let Some(modes) = Modes::parse(text) else {
            let hint = match closest(text, Modes::NAMES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("modes are {}", Modes::NAMES.join(", ")),
            };
            return Err(refuse(format!(
                "`window_funnel` has no mode `{text}`: {hint}"
            )));
        };
        text.clone_into(&mut self.mode_text);
        self.modes = modes;
        Ok(modes)
    }

    fn terms_of(&mut self, mode: Option<&str>, window: Option<i64>) -> Result<Terms> {
        let (Some(mode), Some(window)) = (mode, window) else {
            return Err(refuse(
                "`window_funnel` needs a mode and a window on every row".into(),
            ));
        };
        if window < 0 {
            return Err(refuse(format!(
                "`window_funnel` cannot have a window of {window} µs"
            )));
        }
        let modes = self.parse_mode(mode)?;
        Ok(Terms { modes, window })
    }

    fn agree(&mut self, group: usize, terms: Terms) -> Result<()> {
        match &mut self.terms[group] {
            Some(agreed) if *agreed == terms => Ok(()),
            Some(_) => Err(refuse(
                "`window_funnel` needs one mode and one window per group: group by both".into(),
            )),
            vacant => {
                *vacant = Some(terms);
                Ok(())
            }
        }
    }

    /// Adds a touch to `group`, whose modes are `modes`.
    fn add(&mut self, at: i64, id: &[u8], mask: i64, group: usize, modes: Modes) -> Result<()> {
        let step_mask = u64::try_from(mask)
            .ok()
            .filter(|mask| mask >> STEPS_MAX == 0)
            .ok_or_else(|| {
                refuse(format!(
                    "`window_funnel` cannot take the step mask {mask}: bits 0 to {} are steps",
                    STEPS_MAX - 1
                ))
            })?;
        if step_mask == 0 && !modes.heeds_foreign_touches() {
            return Ok(());
        }
        let too_large = |_| refuse("`window_funnel` got too many groups or too long an id".into());
        self.touches.push(GroupTouch {
            occurred_at: at,
            step_mask,
            id_start: self.ids.len(),
            id_length: u32::try_from(id.len()).map_err(too_large)?,
            group: u32::try_from(group).map_err(too_large)?,
        });
        self.ids.extend_from_slice(id);
        Ok(())
    }

    fn id(&self, touch: &GroupTouch) -> &[u8] {
        &self.ids[touch.id_start..touch.id_start + touch.id_length as usize]
    }

    /// Deals the touches of the first `count` groups out to their groups: group
    /// `g` has those from `offsets[g]` to `offsets[g + 1]`, in no order.
    fn dealt(&self, count: usize) -> (Vec<GroupTouch>, Vec<usize>) {
        let mut offsets = vec![0_usize; count + 1];
        for touch in &self.touches {
            if let Some(end) = offsets.get_mut(touch.group as usize + 1) {
                *end += 1;
            }
        }
        for group in 0..count {
            offsets[group + 1] += offsets[group];
        }
        let blank = GroupTouch {
            occurred_at: 0,
            step_mask: 0,
            id_start: 0,
            id_length: 0,
            group: 0,
        };
        let mut dealt = vec![blank; offsets[count]];
        let mut next = offsets.clone();
        for touch in self
            .touches
            .iter()
            .filter(|touch| (touch.group as usize) < count)
        {
            let place = &mut next[touch.group as usize];
            dealt[*place] = *touch;
            *place += 1;
        }
        (dealt, offsets)
    }

    /// The total order of a group's touches. The mask decides last, so that even
    /// an event given twice with different masks has its place.
    fn compare(&self, one: &GroupTouch, other: &GroupTouch) -> Ordering {
        one.occurred_at
            .cmp(&other.occurred_at)
            .then_with(|| self.id(one).cmp(self.id(other)))
            .then_with(|| one.step_mask.cmp(&other.step_mask))
    }

    /// Forgets the first `count` groups; the others move down.
    fn forget(&mut self, count: usize) {
        self.terms.drain(..count);
        if self.terms.is_empty() {
            self.touches = Vec::new();
            self.ids = Vec::new();
            return;
        }
        let gone = u32::try_from(count).unwrap_or(u32::MAX);
        let ids = std::mem::take(&mut self.ids);
        self.touches.retain_mut(|touch| {
            if touch.group < gone {
                return false;
            }
            let start = self.ids.len();
            self.ids
                .extend_from_slice(&ids[touch.id_start..touch.id_start + touch.id_length as usize]);
            touch.id_start = start;
            touch.group -= gone;
            true
        });
    }

    fn count(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.terms.len(),
            EmitTo::First(count) => count,
        }
    }

    fn text(&self, touch: &GroupTouch) -> Result<&str> {
        std::str::from_utf8(self.id(touch))
            .map_err(|cause| datafusion::common::DataFusionError::External(Box::new(cause)))
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.terms.resize(total_num_groups, None);
        let modes = Texts::of(&values[0])?;
        let windows = values[1].as_primitive::<Int64Type>();
        let times = values[2].as_primitive::<TimestampMicrosecondType>();
        let ids = Texts::of(&values[3])?;
        let masks = values[4].as_primitive::<Int64Type>();
        for (row, group) in group_indices.iter().enumerate() {
            let is_wanted =
                opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if !is_wanted || times.is_null(row) {
                continue;
            }
            let window = windows.is_valid(row).then(|| windows.value(row));
            let terms = self.terms_of(modes.get(row), window)?;
            self.agree(*group, terms)?;
            let mask = if masks.is_valid(row) {
                masks.value(row)
            } else {
                0
            };
            let id = ids.get(row).unwrap_or_default();
            self.add(times.value(row), id.as_bytes(), mask, *group, terms.modes)?;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let count = self.count(emit_to);
        let (mut dealt, offsets) = self.dealt(count);
        let mut results = Results::with_capacity(count);
        let mut scratch = Scratch::default();
        let mut attempt = Attempt::default();
        for (group, pair) in offsets.windows(2).enumerate() {
            let touches = &mut dealt[pair[0]..pair[1]];
            touches.sort_unstable_by(|one, other| self.compare(one, other));
            // A group without terms has no touches.
            let terms = self.terms[group].unwrap_or(Terms {
                modes: Modes::default(),
                window: 0,
            });
            funnel::evaluate(
                touches,
                terms.modes,
                terms.window,
                &mut scratch,
                &mut attempt,
            );
            for position in &attempt.reached {
                let touch = &touches[*position];
                results.reached_at.append_value(touch.occurred_at);
                results.event_ids.append_value(self.text(touch)?);
            }
            results.end_group(
                attempt.reached.first().map(|first| &touches[*first]),
                &attempt,
            );
        }
        self.forget(count);
        results.finish()
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let count = self.count(emit_to);
        let (dealt, offsets) = self.dealt(count);
        let mut event_ids = LargeBinaryBuilder::with_capacity(dealt.len(), self.ids.len());
        for touch in &dealt {
            event_ids.append_value(self.id(touch));
        }
        let times: TimestampMicrosecondArray =
            dealt.iter().map(|touch| Some(touch.occurred_at)).collect();
        let masks: Int64Array = dealt
            .iter()
            .map(|touch| Some(touch.step_mask.cast_signed()))
            .collect();
        let terms = &self.terms[..count];
        let modes: StringArray = terms
            .iter()
            .map(|terms| terms.map(|terms| terms.modes.to_string()))
            .collect();
        let windows: Int64Array = terms
            .iter()
            .map(|terms| terms.map(|terms| terms.window))
            .collect();
        let lengths =
            || OffsetBuffer::from_lengths(offsets.windows(2).map(|pair| pair[1] - pair[0]));
        let state: Vec<ArrayRef> = vec![
            Arc::new(modes),
            Arc::new(windows),
            list(lengths(), Arc::new(times.with_timezone("UTC")))?,
            list(lengths(), Arc::new(event_ids.finish()))?,
            list(lengths(), Arc::new(masks))?,
        ];
        self.forget(count);
        Ok(state)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.terms.resize(total_num_groups, None);
        let modes = Texts::of(&values[0])?;
        let windows = values[1].as_primitive::<Int64Type>();
        let times = values[2].as_list::<i32>();
        let ids = values[3].as_list::<i32>();
        let masks = values[4].as_list::<i32>();
        let all_times = times.values().as_primitive::<TimestampMicrosecondType>();
        let all_ids = ids.values().as_binary::<i64>();
        let all_masks = masks.values().as_primitive::<Int64Type>();
        for (row, group) in group_indices.iter().enumerate() {
            // A group that has seen no row has no terms, and no touches.
            if modes.get(row).is_none() {
                continue;
            }
            let terms = self.terms_of(modes.get(row), Some(windows.value(row)))?;
            self.agree(*group, terms)?;
            let starts = [times, ids, masks].map(|list| list.value_offsets()[row].as_usize());
            for touch in 0..times.value_length(row).as_usize() {
                self.add(
                    all_times.value(starts[0] + touch),
                    all_ids.value(starts[1] + touch),
                    all_masks.value(starts[2] + touch),
                    *group,
                    terms.modes,
                )?;
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut rows = Self::default();
        let count = values[0].len();
        let each: Vec<usize> = (0..count).collect();
        rows.update_batch(values, &each, opt_filter, count)?;
        rows.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of::<Self>()
            + self.terms.capacity() * size_of::<Option<Terms>>()
            // Twice: dealing the touches out needs as much again.
            + 2 * self.touches.capacity() * size_of::<GroupTouch>()
            + self.ids.capacity()
            + self.mode_text.capacity()
    }
}

fn list(offsets: OffsetBuffer<i32>, values: ArrayRef) -> Result<ArrayRef> {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
}

/// The result columns under construction, one row per group.
struct Results {
    steps_reached: Int64Builder,
    started_at: TimestampMicrosecondBuilder,
    reached_at: TimestampMicrosecondBuilder,
    event_ids: StringBuilder,
    lengths: Vec<usize>,
    loops: Int64Builder,
}

impl Results {
    fn with_capacity(groups: usize) -> Self {
        Self {
            steps_reached: Int64Builder::with_capacity(groups),
            started_at: TimestampMicrosecondBuilder::with_capacity(groups),
            reached_at: TimestampMicrosecondBuilder::new(),
            event_ids: StringBuilder::new(),
            lengths: Vec::with_capacity(groups),
            loops: Int64Builder::with_capacity(groups),
        }
    }

    fn end_group(&mut self, first: Option<&GroupTouch>, attempt: &Attempt) {
        let steps = attempt.reached.len();
        self.steps_reached
            .append_value(i64::try_from(steps).unwrap_or(i64::MAX));
        self.started_at
            .append_option(first.map(|touch| touch.occurred_at));
        self.lengths.push(steps);
        self.loops.append_value(attempt.loops);
    }

    fn finish(mut self) -> Result<ArrayRef> {
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.steps_reached.finish()),
            Arc::new(self.started_at.finish().with_timezone("UTC")),
            list(
                offsets.clone(),
                Arc::new(self.reached_at.finish().with_timezone("UTC")),
            )?,
            list(offsets, Arc::new(self.event_ids.finish()))?,
            Arc::new(self.loops.finish()),
        ];
        Ok(Arc::new(StructArray::try_new(
            result_fields(),
            columns,
            None,
        )?))
    }
}

/// The aggregate without `group by`: one group.
#[derive(Debug)]
struct OneGroup(Groups);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; values[0].len()];
        self.0.update_batch(values, &groups, None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.terms.resize(1, None);
        ScalarValue::try_from_array(&self.0.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.terms.resize(1, None);
        self.0
            .state(EmitTo::All)?
            .iter()
            .map(|column| ScalarValue::try_from_array(column, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; states[0].len()];
        self.0.merge_batch(states, &groups, 1)
    }
}

#[cfg(test)]
mod tests;

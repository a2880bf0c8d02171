//! The result columns under construction: one row per group, a struct each.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Int64Builder, ListBuilder, StringBuilder, StructArray, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;

use super::super::argument::instant;
use super::super::funnel::Outcome;
use super::log::Record;

/// The fields of the struct.
pub(super) fn fields() -> Fields {
    let list = |name: &str, item: DataType| {
        Field::new_list(name, Field::new_list_field(item, true), false)
    };
    Fields::from(vec![
        Field::new("steps_reached", DataType::Int64, false),
        Field::new("started_at", instant(), true),
        list("reached_at", instant()),
        list("event_ids", DataType::Utf8),
        list("steps", DataType::Int64),
        Field::new("loops", DataType::Int64, false),
        Field::new("ends_at", instant(), true),
        Field::new("ended_at", instant(), true),
        Field::new("excluded_by", DataType::Int64, true),
        Field::new("roles_seen", DataType::Int64, false),
    ])
}

pub(super) struct Results {
    steps_reached: Int64Builder,
    started_at: TimestampMicrosecondBuilder,
    reached_at: ListBuilder<TimestampMicrosecondBuilder>,
    event_ids: ListBuilder<StringBuilder>,
    steps: ListBuilder<Int64Builder>,
    loops: Int64Builder,
    ends_at: TimestampMicrosecondBuilder,
    ended_at: TimestampMicrosecondBuilder,
    excluded_by: Int64Builder,
    roles_seen: Int64Builder,
}

impl Results {
    pub(super) fn with_capacity(groups: usize) -> Self {
        let times = || TimestampMicrosecondBuilder::with_capacity(groups).with_data_type(instant());
        Self {
            steps_reached: Int64Builder::with_capacity(groups),
            started_at: times(),
            reached_at: ListBuilder::with_capacity(times(), groups),
            event_ids: ListBuilder::with_capacity(StringBuilder::new(), groups),
            steps: ListBuilder::with_capacity(Int64Builder::with_capacity(groups), groups),
            loops: Int64Builder::with_capacity(groups),
            ends_at: times(),
            ended_at: times(),
            excluded_by: Int64Builder::with_capacity(groups),
            roles_seen: Int64Builder::with_capacity(groups),
        }
    }

    /// Adds the outcome of a group whose touches were made of `records`.
    pub(super) fn end_group(&mut self, outcome: &Outcome, records: &[Record]) -> Result<()> {
        let at = |position: usize| records[position].occurred_at;
        self.steps_reached
            .append_value(integer(outcome.steps_reached));
        self.started_at.append_option(outcome.start.map(at));
        for reached in &outcome.reached {
            let Some(reached) = reached else {
                self.reached_at.values().append_null();
                self.event_ids.values().append_null();
                self.steps.values().append_null();
                continue;
            };
            let record = &records[reached.touch];
            let id = std::str::from_utf8(record.id)
                .map_err(|cause| datafusion::common::DataFusionError::External(Box::new(cause)))?;
            self.reached_at.values().append_value(record.occurred_at);
            self.event_ids.values().append_value(id);
            self.steps.values().append_value(integer(reached.step));
        }
        self.reached_at.append(true);
        self.event_ids.append(true);
        self.steps.append(true);
        self.loops.append_value(integer(outcome.loops));
        let ends_at = outcome.start.map(|_| outcome.ends_at);
        self.ends_at.append_option(ends_at);
        self.ended_at
            .append_option(outcome.ended.map(|ended| at(ended.touch)));
        let excluded_by = outcome.ended.and_then(|ended| ended.exclusion);
        self.excluded_by.append_option(excluded_by.map(integer));
        self.roles_seen.append_value(outcome.roles.cast_signed());
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.steps_reached.finish()),
            Arc::new(self.started_at.finish()),
            Arc::new(self.reached_at.finish()),
            Arc::new(self.event_ids.finish()),
            Arc::new(self.steps.finish()),
            Arc::new(self.loops.finish()),
            Arc::new(self.ends_at.finish()),
            Arc::new(self.ended_at.finish()),
            Arc::new(self.excluded_by.finish()),
            Arc::new(self.roles_seen.finish()),
        ];
        Ok(Arc::new(StructArray::try_new(fields(), columns, None)?))
    }
}

fn integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

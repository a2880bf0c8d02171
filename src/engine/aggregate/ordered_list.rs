//! `array_agg(value order by …)` for many groups.
//!
//! DataFusion 55 keeps every value, and every key it is ordered by, in an object
//! of its own: half a million rows took seconds and gigabytes. Here values stay
//! columns, keys are bytes that compare as they do, and all groups are sorted in
//! one go when they are asked for. Rows that tie come in the order of their
//! arrival, so a list with ties is not the same on any number of threads.

use std::mem::{replace, size_of, take};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, StructArray, UInt64Array, new_empty_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{and, concat, filter, is_not_null, take as take_rows};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::Result;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

/// Whether this keeper takes a call of `array_agg`.
pub(super) fn takes(args: &AccumulatorArgs) -> bool {
    !args.is_distinct && !args.order_bys.is_empty()
}

/// The values of each group with their keys.
#[derive(Debug)]
pub(super) struct OrderedList {
    kind: DataType,
    ignores_nulls: bool,
    /// The keys as columns of the state.
    key_fields: Fields,
    sort_fields: Vec<SortField>,
    converter: RowConverter,
    /// Keys of all rows, in the order of arrival; so are groups, and the values of
    /// the pieces one after the other.
    keys: Rows,
    groups: Vec<usize>,
    pieces: Vec<ArrayRef>,
    piece_bytes: usize,
    /// How many groups there are, with or without a row.
    total: usize,
}

/// The rows of the groups that are handed out.
struct Sorted {
    values: ArrayRef,
    /// Where each row was, by group and key.
    order: Vec<usize>,
    lengths: Vec<usize>,
}

impl OrderedList {
    pub(super) fn of(args: &AccumulatorArgs) -> Result<Self> {
        let mut sort_fields = Vec::new();
        let mut key_fields = Vec::new();
        for key in args.order_bys {
            let kind = key.expr.data_type(args.schema)?;
            key_fields.push(Field::new(key.expr.to_string(), kind.clone(), true));
            sort_fields.push(SortField::new_with_options(kind, key.options));
        }
        let value = &args.expr_fields[0];
        let ignores_nulls = args.ignore_nulls && value.is_nullable();
        Self::new(
            value.data_type(),
            ignores_nulls,
            key_fields.into(),
            sort_fields,
        )
    }

    fn new(
        kind: &DataType,
        ignores_nulls: bool,
        key_fields: Fields,
        sort_fields: Vec<SortField>,
    ) -> Result<Self> {
        let converter = RowConverter::new(sort_fields.clone())?;
        Ok(Self {
            kind: kind.clone(),
            ignores_nulls,
            key_fields,
            sort_fields,
            keys: converter.empty_rows(0, 0),
            converter,
            groups: Vec::new(),
            pieces: Vec::new(),
            piece_bytes: 0,
            total: 0,
        })
    }

    fn keep(&mut self, value: &ArrayRef, keys: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.converter.append(&mut self.keys, keys)?;
        self.groups.extend_from_slice(groups);
        // Views would hold on to the whole of the batch that they were cut from.
        let value: ArrayRef = match value.as_string_view_opt() {
            Some(views) => Arc::new(views.gc()),
            None => Arc::clone(value),
        };
        self.piece_bytes += value.get_array_memory_size();
        self.pieces.push(value);
        Ok(())
    }

    fn wanted(
        &self,
        value: &ArrayRef,
        filter: Option<&BooleanArray>,
    ) -> Result<Option<BooleanArray>> {
        let valid = (self.ignores_nulls && value.null_count() > 0)
            .then(|| is_not_null(value))
            .transpose()?;
        Ok(match (filter, valid) {
            (Some(filter), Some(valid)) => Some(and(filter, &valid)?),
            (Some(filter), None) => Some(filter.clone()),
            (None, valid) => valid,
        })
    }

    fn whole(&self) -> Result<ArrayRef> {
        if self.pieces.is_empty() {
            return Ok(new_empty_array(&self.kind));
        }
        let pieces: Vec<&dyn Array> = self.pieces.iter().map(AsRef::as_ref).collect();
        Ok(concat(&pieces)?)
    }

    /// How the first groups' rows lie in order; nothing is taken out yet.
    fn sorted(&self, groups: usize) -> Result<Sorted> {
        let mut lengths = vec![0; groups];
        let mut order = Vec::new();
        for (row, group) in self.groups.iter().enumerate() {
            if *group < groups {
                lengths[*group] += 1;
                order.push(row);
            }
        }
        order.sort_by(|one, other| {
            let by_group = self.groups[*one].cmp(&self.groups[*other]);
            by_group.then_with(|| self.keys.row(*one).cmp(&self.keys.row(*other)))
        });
        let places: UInt64Array = order.iter().map(|row| *row as u64).collect();
        Ok(Sorted {
            values: take_rows(self.whole()?.as_ref(), &places, None)?,
            order,
            lengths,
        })
    }

    /// Takes the first groups out; the others move up.
    fn drop_first(&mut self, groups: usize) -> Result<()> {
        let kept = replace(&mut self.keys, self.converter.empty_rows(0, 0));
        let stays: BooleanArray = self
            .groups
            .iter()
            .map(|group| Some(*group >= groups))
            .collect();
        let values = filter(self.whole()?.as_ref(), &stays)?;
        for (row, group) in take(&mut self.groups).into_iter().enumerate() {
            if group >= groups {
                self.keys.push(kept.row(row));
                self.groups.push(group - groups);
            }
        }
        self.piece_bytes = values.get_array_memory_size();
        self.pieces = vec![values];
        self.total -= groups;
        Ok(())
    }

    fn emitted(&self, emit: EmitTo) -> usize {
        match emit {
            EmitTo::All => self.total,
            EmitTo::First(groups) => groups,
        }
    }

    fn list(&self, sorted: &Sorted) -> Result<ArrayRef> {
        // A group without a row has no list, as in DataFusion.
        let nulls: NullBuffer = sorted.lengths.iter().map(|length| *length > 0).collect();
        Ok(Arc::new(ListArray::try_new(
            Arc::new(Field::new_list_field(self.kind.clone(), true)),
            OffsetBuffer::from_lengths(sorted.lengths.iter().copied()),
            Arc::clone(&sorted.values),
            (nulls.null_count() > 0).then_some(nulls),
        )?))
    }
}

impl GroupsAccumulator for OrderedList {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter_by: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.total = total;
        let Some(wanted) = self.wanted(&values[0], filter_by)? else {
            return self.keep(&values[0], &values[1..], groups);
        };
        let columns = values
            .iter()
            .map(|column| filter(column.as_ref(), &wanted))
            .collect::<Result<Vec<_>, _>>()?;
        let groups: Vec<usize> = groups
            .iter()
            .zip(wanted.iter())
            .filter_map(|(group, is_wanted)| (is_wanted == Some(true)).then_some(*group))
            .collect();
        self.keep(&columns[0], &columns[1..], &groups)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.total = total;
        let (values, keys) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for (row, group) in groups.iter().enumerate() {
            if values.is_valid(row) && keys.value_length(row) > 0 {
                let keys = keys.value(row);
                let groups = vec![*group; keys.len()];
                self.keep(&values.value(row), keys.as_struct().columns(), &groups)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let groups = self.emitted(emit);
        let list = self.list(&self.sorted(groups)?)?;
        self.drop_first(groups)?;
        Ok(list)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.emitted(emit);
        let sorted = self.sorted(groups)?;
        let rows = sorted.order.iter().map(|row| self.keys.row(*row));
        let keys = self.converter.convert_rows(rows)?;
        let keys = StructArray::try_new(self.key_fields.clone(), keys, None)?;
        let keys = ListArray::try_new(
            Arc::new(Field::new_list_field(keys.data_type().clone(), true)),
            OffsetBuffer::from_lengths(sorted.lengths.iter().copied()),
            Arc::new(keys),
            None,
        )?;
        let list = self.list(&sorted)?;
        self.drop_first(groups)?;
        Ok(vec![list, Arc::new(keys)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter_by: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let (fields, sort) = (self.key_fields.clone(), self.sort_fields.clone());
        let mut single = Self::new(&self.kind, self.ignores_nulls, fields, sort)?;
        let rows = values[0].len();
        let groups: Vec<usize> = (0..rows).collect();
        single.update_batch(values, &groups, filter_by, rows)?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.keys.size() + self.piece_bytes + self.groups.capacity() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests;

//! The types that tables have: whatever a query computes with, its columns come
//! out as text, integer, float, boolean, date, timestamp, decimal or lists and
//! structs of them. Only types change here, never values or names.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};

/// The plan with every column cast to the type that tables use for it.
pub(super) fn in_table_types(plan: LogicalPlan) -> Result<LogicalPlan> {
    in_types(plan, table_type)
}

/// The same for a view, which is inlined into its readers: references to text stay
/// what they are, because every cast would copy the texts of all rows.
pub(super) fn in_view_types(plan: LogicalPlan) -> Result<LogicalPlan> {
    in_types(plan, |data_type| match data_type {
        DataType::Utf8View => DataType::Utf8View,
        other => table_type(other),
    })
}

fn in_types(plan: LogicalPlan, type_of: impl Fn(&DataType) -> DataType) -> Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    if (schema.fields().iter()).all(|field| type_of(field.data_type()) == *field.data_type()) {
        return Ok(plan);
    }
    let columns = schema.iter().map(|(qualifier, field)| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let wanted = type_of(field.data_type());
        if wanted == *field.data_type() {
            return Ok(column);
        }
        let cast = column.cast_to(&wanted, schema.as_ref())?;
        Ok(cast.alias_qualified(qualifier.cloned(), field.name()))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// The type that tables use for values of `data_type`; the type itself when
/// they have none for it.
fn table_type(data_type: &DataType) -> DataType {
    match data_type {
        integer if integer.is_integer() => DataType::Int64,
        float if float.is_floating() => DataType::Float64,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Date64 => DataType::Date32,
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Dictionary(_, values) => table_type(values),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            DataType::new_list(table_type(item.data_type()), true)
        }
        DataType::Struct(fields) => {
            let fields = fields.iter();
            let fields =
                fields.map(|field| Field::new(field.name(), table_type(field.data_type()), true));
            DataType::Struct(fields.collect::<Fields>())
        }
        other => other.clone(),
    }
}

/// Whether a table can have columns of this type.
pub(super) fn is_table_type(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8
        | DataType::Int64
        | DataType::Float64
        | DataType::Boolean
        | DataType::Date32
        | DataType::Decimal128(..)
        | DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => true,
        DataType::List(item) => is_table_type(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_table_type(field.data_type())),
        _ => false,
    }
}

/// The schema with every column nullable and nothing but names and types:
/// whether a plan can prove a column never null must not show in a table.
pub(super) fn plain(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| Field::new(field.name(), field.data_type().clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The batch with exactly the columns of `schema`. A plan that promises text
/// may deliver views of it where a rule of the optimiser has changed sides.
pub(super) fn of_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        if column.data_type() == field.data_type() {
            Ok(Arc::clone(column))
        } else {
            cast(column, field.data_type())
        }
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_type_is_its_own() {
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        for data_type in [
            DataType::Utf8,
            DataType::Int64,
            DataType::Float64,
            DataType::Boolean,
            DataType::Date32,
            instant.clone(),
            DataType::Decimal128(38, 4),
            DataType::new_list(instant, true),
        ] {
            assert!(is_table_type(&data_type), "{data_type}");
            assert_eq!(table_type(&data_type), data_type);
        }
    }

    #[test]
    fn what_a_query_computes_with_becomes_a_table_type() {
        let view = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View));
        for (computed, table) in [
            (view, DataType::Utf8),
            (DataType::UInt64, DataType::Int64),
            (DataType::Float32, DataType::Float64),
            (DataType::Date64, DataType::Date32),
            (DataType::Decimal64(18, 4), DataType::Decimal128(18, 4)),
            (
                DataType::Timestamp(TimeUnit::Nanosecond, None),
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ),
            (
                DataType::new_large_list(DataType::Utf8View, false),
                DataType::new_list(DataType::Utf8, true),
            ),
        ] {
            assert_eq!(table_type(&computed), table);
        }
        for other in [
            DataType::Null,
            DataType::Binary,
            DataType::Duration(TimeUnit::Second),
        ] {
            assert!(!is_table_type(&table_type(&other)), "{other}");
        }
    }
}

//! `list_set(list)`: a list as a set.
//!
//! With `array_agg` it keeps *who* took part beside how many, so that sets of
//! days add up to sets of weeks. It does not gather rows; that is `array_agg`'s.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, ListArray, ListBuilder, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::wrong_count;

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "list_set",
    signature: "list_set(list) → list",
    meaning: "The items of a list of integers or texts in ascending order, each once, without \
              nulls. In whatever order rows are gathered, the same set is the same list.",
    source: "",
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ListSet {
    signature: Signature,
}

impl ListSet {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ListSet {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [list] = given else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        let item = match list {
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::FixedSizeList(item, _) => item.data_type(),
            other => return plan_err!("{} needs a list, not {other}", self.name()),
        };
        let item = match item {
            integer if integer.is_integer() => DataType::Int64,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
            other => return plan_err!("{} cannot order a list of {other}", self.name()),
        };
        Ok(vec![list_of(item)])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = arguments.args[0].to_array(arguments.number_rows)?;
        let lists = lists.as_list::<i32>();
        let sets = match lists.value_type() {
            DataType::Int64 => integers(lists),
            _ => texts(lists),
        };
        Ok(ColumnarValue::Array(sets))
    }
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

fn integers(lists: &ListArray) -> ArrayRef {
    let items = lists.values().as_primitive::<Int64Type>();
    let mut sets = ListBuilder::new(Int64Builder::with_capacity(items.len()));
    each_set(
        lists,
        |item| items.value(item),
        |set, is_valid| {
            sets.values().append_slice(set);
            sets.append(is_valid);
        },
    );
    Arc::new(sets.finish())
}

fn texts(lists: &ListArray) -> ArrayRef {
    let items = lists.values().as_string::<i32>();
    let mut sets = ListBuilder::new(StringBuilder::new());
    each_set(
        lists,
        |item| items.value(item),
        |set, is_valid| {
            for item in set {
                sets.values().append_value(item);
            }
            sets.append(is_valid);
        },
    );
    Arc::new(sets.finish())
}

/// Hands the set of every list to `put`, and whether the list is there at all.
fn each_set<T: Ord>(
    lists: &ListArray,
    value: impl Fn(usize) -> T,
    mut put: impl FnMut(&[T], bool),
) {
    let items = lists.values();
    let mut set = Vec::new();
    for (row, bounds) in lists.offsets().windows(2).enumerate() {
        set.clear();
        if lists.is_valid(row) {
            let of_row = bounds[0].cast_unsigned() as usize..bounds[1].cast_unsigned() as usize;
            set.extend(of_row.filter(|item| items.is_valid(*item)).map(&value));
        }
        set.sort_unstable();
        set.dedup();
        put(&set, lists.is_valid(row));
    }
}

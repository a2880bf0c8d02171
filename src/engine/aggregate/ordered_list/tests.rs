//! The list beside DataFusion's own over random rows, and its parts.

use arrow::array::{Int64Array, RecordBatch, StringViewArray};
use arrow::compute::SortOptions;
use arrow::datatypes::Schema;
use proptest::prelude::*;

use super::*;
use crate::engine::asked::asked;
use crate::engine::session::Session;

/// Every shape of the call: one key and two, downwards, nulls first and last, a
/// filter, ignored nulls, and a number beside a text.
const CALLS: &str = "select part, array_agg(word order by place) as one, \
    array_agg(word order by key desc nulls last, place) as two, \
    array_agg(place order by key, place desc) as three, \
    array_agg(word order by place) filter (where key > 'b') as four, \
    array_agg(word order by place desc) ignore nulls as five, \
    array_agg(distinct word order by word) as six \
    from t group by part order by part";

fn answer(batches: Vec<RecordBatch>, is_ours: bool) -> String {
    let session = Session::new();
    if is_ours {
        for function in crate::engine::aggregate::all() {
            session.register_udaf(function);
        }
    }
    asked(&session, batches, CALLS).0
}

fn batches(rows: &[(i64, Option<String>, Option<String>)]) -> Vec<RecordBatch> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("part", DataType::Int64, false),
        Field::new("word", DataType::Utf8View, true),
        Field::new("key", DataType::Utf8View, true),
        Field::new("place", DataType::Int64, false),
    ]));
    let numbered: Vec<_> = rows.iter().zip(0_i64..).collect();
    // Small batches, so that groups go on from one to the next.
    let cut = numbered.chunks(7).map(|rows| {
        let part: Int64Array = rows.iter().map(|(row, _)| row.0).collect();
        let word: StringViewArray = rows.iter().map(|(row, _)| row.1.as_deref()).collect();
        let key: StringViewArray = rows.iter().map(|(row, _)| row.2.as_deref()).collect();
        let place: Int64Array = rows.iter().map(|(_, place)| *place).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(part),
            Arc::new(word),
            Arc::new(key),
            Arc::new(place),
        ];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    });
    cut.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn lists_are_those_of_datafusion(
        rows in prop::collection::vec(
            (0_i64..5, prop::option::of("[a-d]{0,2}|a text of more than twelve bytes"),
             prop::option::of("[a-d]")),
            1..60,
        )
    ) {
        let batches = batches(&rows);
        prop_assert_eq!(answer(batches.clone(), true), answer(batches, false));
    }
}

fn list() -> OrderedList {
    let key = SortField::new_with_options(DataType::Int64, SortOptions::new(true, false));
    let field = Field::new("key", DataType::Int64, true);
    OrderedList::new(&DataType::Utf8View, false, vec![field].into(), vec![key]).unwrap()
}

fn columns(rows: &[(&str, i64)]) -> Vec<ArrayRef> {
    let words: StringViewArray = rows.iter().map(|(word, _)| Some(*word)).collect();
    let keys: Int64Array = rows.iter().map(|(_, key)| *key).collect();
    vec![Arc::new(words), Arc::new(keys)]
}

fn words(lists: &ArrayRef) -> Vec<Option<Vec<String>>> {
    let lists = lists.as_list::<i32>().iter();
    let words = lists.map(|list| {
        list.map(|list| {
            let words = list.as_string_view().iter();
            words.map(|word| word.unwrap().to_owned()).collect()
        })
    });
    words.collect()
}

#[test]
fn parts_merge_and_groups_that_are_handed_out_leave_the_others() {
    let mut part = list();
    let rows = columns(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
    part.update_batch(&rows, &[0, 0, 1, 3], None, 4).unwrap();
    let first = part.state(EmitTo::First(1)).unwrap();
    let rest = part.state(EmitTo::All).unwrap();
    let mut whole = list();
    let row = columns(&[("e", 0)]);
    whole.update_batch(&row, &[0], None, 1).unwrap();
    whole.merge_batch(&rest, &[0, 1, 2], 3).unwrap();
    whole.merge_batch(&first, &[0], 3).unwrap();
    let list = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
    let one = whole.evaluate(EmitTo::First(1)).unwrap();
    assert_eq!(words(&one), [list(&["c", "b", "a", "e"])]);
    let others = whole.evaluate(EmitTo::All).unwrap();
    assert_eq!(words(&others), [None, list(&["d"])]);
}

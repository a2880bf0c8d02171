//! The sort beside DataFusion's own over random rows, in memory and on disk.

use arrow::array::{
    Float64Array, Int64Array, ListBuilder, StringBuilder, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, col, lit};
use proptest::prelude::*;

use super::*;
use crate::engine::asked::asked;
use crate::engine::session::Session;

const ORDERS: [&str; 6] = [
    "number",
    "word, number",
    "word desc nulls last, part, number desc",
    "part nulls first, share desc, number",
    "share nulls first, word desc, number",
    "word || coalesce(cast(part as text), ''), number",
];

fn session(is_ours: bool, pool_bytes: usize) -> Session {
    let mut rules = PhysicalOptimizer::new().rules;
    if is_ours {
        rules.push(rule());
    }
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(pool_bytes)))
        .build_arc()
        .unwrap();
    let config = SessionConfig::new()
        .with_target_partitions(2)
        .with_batch_size(16)
        .with_sort_spill_reservation_bytes(16 << 10);
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_physical_optimizer_rules(rules)
        .build();
    Session::new_with_state(state)
}

type Row = (Option<i64>, Option<String>, Option<f64>);

fn batches(rows: &[Row]) -> Vec<RecordBatch> {
    let words = Field::new_list_field(DataType::Utf8, true);
    let schema = Arc::new(Schema::new(vec![
        Field::new("part", DataType::Int64, true),
        Field::new("word", DataType::Utf8View, true),
        Field::new("share", DataType::Float64, true),
        Field::new(
            "words",
            DataType::new_list(words.data_type().clone(), true),
            false,
        ),
        Field::new("number", DataType::Int64, false),
    ]));
    let numbered: Vec<_> = rows.iter().zip(0_i64..).collect();
    let cut = numbered.chunks(5).map(|rows| {
        let part: Int64Array = rows.iter().map(|(row, _)| row.0).collect();
        let word: StringViewArray = rows.iter().map(|(row, _)| row.1.as_deref()).collect();
        let share: Float64Array = rows.iter().map(|(row, _)| row.2).collect();
        let number: Int64Array = rows.iter().map(|(_, number)| Some(*number)).collect();
        let mut words = ListBuilder::new(StringBuilder::new());
        for (row, number) in rows {
            words.append_value((0..number % 3).map(|_| row.1.as_deref()));
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(part),
            Arc::new(word),
            Arc::new(share),
            Arc::new(words.finish()),
            Arc::new(number),
        ];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    });
    cut.collect()
}

/// The rows in order, and the plan by which they were sorted.
fn sorted(rows: &[Row], order: &str, session: &Session) -> (String, String) {
    let sql = format!("select * from t order by {order}");
    asked(session, batches(rows), &sql)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_order_is_that_of_datafusion(
        rows in prop::collection::vec(
            (prop::option::of(-3_i64..4),
             prop::option::of("[a-c]{0,3}|[a-b]{20,40}"),
             prop::option::of(prop::sample::select(vec![0.0, -0.0, 1.5, -1.5, f64::NAN]))),
            1..80,
        ),
    ) {
        for order in ORDERS {
            let (ours, plan) = sorted(&rows, order, &session(true, 1 << 30));
            let (theirs, _) = sorted(&rows, order, &session(false, 1 << 30));
            prop_assert_eq!(ours, theirs, "{}: {}", order, plan);
        }
    }
}

fn many() -> Vec<Row> {
    let row = |number: i64| {
        let word = format!("a text of more than twelve bytes {}", number * 7919 % 1000);
        (Some(number % 10), Some(word), None)
    };
    (0..1000).map(row).collect()
}

#[test]
fn sorts_are_exchanged_and_need_no_merge() {
    let (_, plan) = sorted(&many(), "word, number", &session(true, 1 << 30));
    assert!(plan.contains("SortByKeyExec"), "{plan}");
    assert!(!plan.contains("SortExec"), "{plan}");
    assert!(!plan.contains("SortPreservingMergeExec"), "{plan}");
}

#[test]
fn what_memory_does_not_hold_is_sorted_on_disk() {
    let (in_memory, _) = sorted(&many(), "word, number", &session(true, 1 << 30));
    let (on_disk, _) = sorted(&many(), "word, number", &session(true, 100 << 10));
    assert_eq!(in_memory, on_disk);
}

#[test]
fn no_rows_are_sorted_as_well() {
    let session = session(true, 1 << 30);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rows = runtime.block_on(async {
        let table = session.read_batches(batches(&many())).unwrap();
        let none = table.filter(col("number").lt(lit(0))).unwrap();
        let sorted = none.sort_by(vec![col("word")]).unwrap();
        sorted.collect().await.unwrap()
    });
    assert!(rows.iter().all(|batch| batch.num_rows() == 0));
}

#[test]
fn the_first_few_rows_stay_with_datafusion() {
    let (_, plan) = sorted(&many(), "word, number limit 3", &session(true, 1 << 30));
    assert!(!plan.contains("SortByKeyExec"), "{plan}");
}

#[test]
fn pieces_of_one_batch_count_once() {
    let batch = &batches(&many())[..];
    let whole = arrow::compute::concat_batches(&batch[0].schema(), batch).unwrap();
    let mut once = Buffers::default();
    once.add(&whole);
    let mut pieces = Buffers::default();
    for start in 0..10 {
        pieces.add(&whole.slice(start * 100, 100));
    }
    let (pieces, once) = (pieces.bytes(), once.bytes());
    assert!(pieces <= once + 1024, "{pieces} and {once}");
}

#[test]
fn a_text_of_many_rows_counts_for_each() {
    let text = "a text that is longer than a view";
    let mut one = StringViewBuilder::new();
    let block = one.append_block(text.as_bytes().into());
    let length = u32::try_from(text.len()).unwrap();
    for _ in 0..1000 {
        one.try_append_view(block, 0, length).unwrap();
    }
    let column: ArrayRef = Arc::new(one.finish());
    let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();
    let mut buffers = Buffers::default();
    buffers.add(&batch);
    assert!(buffers.bytes() >= 1000 * (16 + text.len()));
}

#[test]
fn texts_within_a_view_lie_in_no_buffer() {
    let texts = StringViewArray::from(vec![Some("short"), None, Some("thirteen char")]);
    assert_eq!(texts.data_buffers().len(), 1);
    let column: ArrayRef = Arc::new(texts);
    let mut buffers = Buffers::default();
    buffers.add(&RecordBatch::try_from_iter([("text", column)]).unwrap());
    assert_eq!(buffers.in_texts, 13);
}

//! The windows beside DataFusion's own over random rows, and large partitions.

use arrow::array::{Int64Array, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::execution::SessionStateBuilder;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::SessionConfig;
use proptest::prelude::*;

use super::*;
use crate::engine::asked::asked;
use crate::engine::session::Session;

/// Every kind of function: those that are found for all partitions at once, those
/// of arguments, of ranks, of frames, and aggregates, running and whole.
const FUNCTIONS: [&str; 17] = [
    "row_number() over w",
    "lag(word) over w",
    "lead(word) over w",
    "lead(place) over w",
    "lag(place, 2, -1) over w",
    "lead(word, 1, 'none') over w",
    "lag(word) ignore nulls over w",
    "rank() over w",
    "dense_rank() over w",
    "cume_dist() over w",
    "ntile(3) over w",
    "first_value(word) over w",
    "nth_value(place, 2) over w",
    "sum(place) over w",
    "count(word) filter (where place > 3) over w",
    "max(place) over (partition by part, word)",
    "sum(place) over (partition by part, word order by place, number rows 1 preceding)",
];

fn session(rule: Option<Rule>) -> Session {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.extend(rule);
    let state = SessionStateBuilder::new()
        .with_config(
            SessionConfig::new()
                .with_target_partitions(2)
                .with_batch_size(4),
        )
        .with_default_features()
        .with_physical_optimizer_rules(rules)
        .build();
    Session::new_with_state(state)
}

type Row = (Option<i64>, Option<String>, i64);

fn batches(rows: &[Row]) -> Vec<RecordBatch> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("part", DataType::Int64, true),
        Field::new("word", DataType::Utf8View, true),
        Field::new("place", DataType::Int64, false),
        Field::new("number", DataType::Int64, false),
    ]));
    let numbered: Vec<_> = rows.iter().zip(0_i64..).collect();
    // Small batches here and from the sort, so that partitions go on from one to the next.
    let cut = numbered.chunks(5).map(|rows| {
        let part: Int64Array = rows.iter().map(|(row, _)| row.0).collect();
        let word: StringViewArray = rows.iter().map(|(row, _)| row.1.as_deref()).collect();
        let place: Int64Array = rows.iter().map(|(row, _)| Some(row.2)).collect();
        let number: Int64Array = rows.iter().map(|(_, number)| Some(*number)).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(part),
            Arc::new(word),
            Arc::new(place),
            Arc::new(number),
        ];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    });
    cut.collect()
}

fn question(function: &str) -> String {
    format!(
        "select number, {function} as answer from t \
         window w as (partition by part order by place, number) order by number"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn answers_are_those_of_datafusion(
        rows in prop::collection::vec(
            (prop::option::of(0_i64..6),
             prop::option::of("[a-d]{0,2}|a text of more than twelve bytes"),
             0_i64..9),
            1..50,
        ),
        held_rows in prop::sample::select(vec![0, 4, 1000]),
    ) {
        for function in FUNCTIONS {
            let sql = question(function);
            let (ours, _) = asked(&session(Some(of_at_most(held_rows))), batches(&rows), &sql);
            let (theirs, _) = asked(&session(None), batches(&rows), &sql);
            prop_assert_eq!(ours, theirs, "{}", function);
        }
    }
}

fn rows() -> Vec<Row> {
    let row = |number: i64| (Some(number / 40), Some(number.to_string()), number % 7);
    (0..120).map(row).collect()
}

#[test]
fn windows_over_partitions_are_exchanged() {
    for function in FUNCTIONS {
        let (_, plan) = asked(
            &session(Some(rule())),
            batches(&rows()),
            &question(function),
        );
        assert!(plan.contains("WholePartitionExec"), "{function}: {plan}");
        assert!(!plan.contains("WindowAggExec"), "{function}: {plan}");
    }
}

#[test]
fn a_window_over_everything_stays() {
    let sql = "select sum(place) over (order by number) as answer from t";
    let (_, plan) = asked(&session(Some(rule())), batches(&rows()), sql);
    assert!(plan.contains("BoundedWindowAggExec"), "{plan}");
}

#[test]
fn a_neighbour_is_only_the_next_row() {
    let found = |sql: &str| asked(&session(None), batches(&rows()), &question(sql)).0;
    for (plain, other) in [
        ("lag(word) over w", "lag(word, 1) over w"),
        ("lead(word) over w", "lead(word, 1, null) over w"),
    ] {
        let (ours, _) = asked(&session(Some(rule())), batches(&rows()), &question(plain));
        assert_eq!(ours, found(other));
    }
}

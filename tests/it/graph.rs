//! The shipped SQL as one graph: every table exists, no layer reads what it
//! must not, and only `data_quality` waits for the checks.

use std::collections::BTreeSet;

use kenko::config::{self, contract};
use kenko::model::graph::Graph;
use kenko::model::shipped::shipped;

fn known() -> BTreeSet<String> {
    let raw = contract::shipped().unwrap();
    raw.keys()
        .map(|table| format!("raw_{table}"))
        .chain(config::TABLE_NAMES.iter().map(|name| (*name).to_owned()))
        .collect()
}

fn graph() -> Graph {
    Graph::new(shipped().unwrap(), &known()).unwrap_or_else(|error| panic!("{}", error.render()))
}

#[test]
fn the_shipped_models_form_a_graph() {
    let graph = graph();
    let late: Vec<&str> = graph
        .order()
        .map(|model| model.name.as_str())
        .filter(|name| graph.is_late(name))
        .collect();
    assert_eq!(late.first(), Some(&"data_quality"));
    let mut done = BTreeSet::new();
    for model in graph.order() {
        assert!(
            graph.waits_for(&model.name).all(|name| done.contains(name)),
            "{}",
            model.name
        );
        done.insert(model.name.as_str());
    }
}

#[test]
fn one_mart_needs_only_what_is_above_it() {
    let selection = graph().select(&["+revenue_movement"]).unwrap();
    assert!(selection.built.contains("stg_subscription"));
    assert!(!selection.built.contains("stg_event"));
}

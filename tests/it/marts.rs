//! Pipelines that want some of the marts only: what they publish, and that the
//! one of the benchmark is right.

use kenko::run::{Project, validate};

use crate::support::company::Company;

#[test]
fn a_pipeline_publishes_the_marts_it_names_and_shows_no_list_it_lacks() {
    let company = Company::small();
    let text = kenko::config::SHIPPED_PIPELINE;
    company.write(
        "pipelines/nightly.yaml",
        &format!("marts: [revenue_movement, survey_metric]\n{text}"),
    );
    let night = company.run("2026-06-30", "out", &[]).succeeded();
    assert!(
        night.stdout().contains("published version 1: 2 tables"),
        "{}",
        night.stdout()
    );
    assert!(!night.stdout().contains("risk"), "{}", night.stdout());
    let published = company.published("out");
    let names: Vec<&str> = published
        .keys()
        .filter_map(|path| path.strip_prefix("latest/"))
        .collect();
    assert_eq!(names, ["revenue_movement.parquet", "survey_metric.parquet"]);
}

/// Nobody runs the benchmark with every change; this keeps its models in step
/// with what a model may say.
#[tokio::test]
async fn the_pipeline_of_the_benchmark_is_right() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/benches/peers/kenko/peers.yaml"
    );
    let project = Project::load(file).await.unwrap();
    let validated = validate(&project)
        .await
        .unwrap_or_else(|error| panic!("{}", error.render()));
    let marts: Vec<&str> = project.marts().map(|mart| mart.name.as_str()).collect();
    assert_eq!(
        marts,
        [
            "account_funnel",
            "contact_funnel",
            "feature",
            "feature_month_end",
            "health",
            "path",
            "transition"
        ]
    );
    assert!(
        !validated
            .schemas
            .iter()
            .any(|(name, _)| name == "risk_list"),
        "models that ship with kenko take part"
    );
    let is_dated = |table: &str| table == "raw_event";
    let by_day: Vec<&str> = project
        .graph
        .by_day(is_dated)
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    assert_eq!(by_day, ["stg_use", "int_customer_day", "int_touch"]);
}

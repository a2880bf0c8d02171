//! What is planned, what is refused, and where errors point.

use arrow::array::RecordBatch;
use datafusion::prelude::{col, lit};
use kenko::engine::Statement;
use kenko::error::{Error, ErrorKind};

use super::{Lab, batch, integers, register_accounts, statement, texts};

async fn error_of(sql: &str) -> Error {
    let lab = Lab::new();
    register_accounts(&lab);
    lab.engine.schema_of(&statement(sql)).await.unwrap_err()
}

async fn check_error(sql: &str, expected: &str) {
    let error = error_of(sql).await;
    assert_eq!(error.kind(), ErrorKind::Usage, "{}", error.render());
    assert_eq!(error.render(), expected);
}

#[tokio::test]
async fn errors_of_sql_point_at_line_and_column() {
    check_error(
        "select\n    account_id,\n    seat\nfrom stg_account",
        "error: sql/marts/model.sql:3:5: column 'seat' not found\n\n\
         hint: possible column stg_account.seats",
    )
    .await;
    check_error(
        "select 1 from\n  stg_acount",
        "error: sql/marts/model.sql:2:3: table 'stg_acount' not found",
    )
    .await;
    check_error(
        "select\n  coalesc(seats, 1) from stg_account",
        "error: sql/marts/model.sql:2:3: Invalid function 'coalesc'\n\n\
         hint: did you mean `coalesce`?",
    )
    .await;
    check_error(
        "select account_id\nfrom stg_account\nwhere )",
        "error: sql/marts/model.sql:3:7: syntax error: Expected: an expression, found: )",
    )
    .await;
    check_error(
        "select account_id, count(*)\nfrom stg_account",
        "error: sql/marts/model.sql:1:8: 'stg_account.account_id' must appear in GROUP BY clause \
         because it's not an aggregate expression\n\n\
         hint: Either add 'stg_account.account_id' to GROUP BY clause, or use an aggregate \
         function like ANY_VALUE(stg_account.account_id)",
    )
    .await;
    check_error(
        "select $today",
        "error: sql/marts/model.sql: No value found for placeholder with name $today\n\n\
         hint: `$as_of` is the only parameter; thresholds come from cfg_ tables",
    )
    .await;
}

#[tokio::test]
async fn what_is_not_one_query_is_refused() {
    for sql in [
        "copy stg_account to '/tmp/x.parquet'",
        "create external table t stored as csv location '/etc/passwd'",
        "create table t as select 1",
        "create view t as select 1",
        "insert into stg_account values ('a', 1)",
        "drop table stg_account",
        "set datafusion.execution.batch_size = 1",
        "explain copy stg_account to '/tmp/x.parquet'",
        "select 1; select 2",
        "show tables",
        "begin",
        "",
    ] {
        let error = error_of(sql).await;
        assert_eq!(error.kind(), ErrorKind::Usage, "{sql}");
        let place = error
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(place.starts_with("sql/marts/model.sql"), "{sql}: {place}");
    }
}

#[tokio::test]
async fn functions_that_answer_differently_each_time_do_not_exist() {
    for name in [
        "now()",
        "current_date",
        "current_timestamp",
        "random()",
        "uuid()",
    ] {
        let error = error_of(&format!("select {name}")).await;
        assert_eq!(error.kind(), ErrorKind::Usage, "{name}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("$as_of")),
            "{}",
            error.render()
        );
    }
}

#[tokio::test]
async fn explain_and_parameters_work() {
    let lab = Lab::new();
    register_accounts(&lab);
    let (schema, batches) = lab
        .engine
        .collect(&statement("explain select * from stg_account"))
        .await
        .unwrap();
    assert_eq!(schema.fields().len(), 2);
    assert!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 0);
    assert_eq!(
        lab.rows("select $as_of as d, $as_of - interval '31 days' as e")
            .await,
        ["| 2026-01-31 | 2025-12-31 |"]
    );
}

#[tokio::test]
async fn a_view_keeps_the_table_it_was_made_of() {
    let lab = Lab::new();
    register_accounts(&lab);
    let columns = vec![col("account_id").alias("id"), col("seats") * lit(2_i64)];
    lab.engine
        .define_view(
            "v",
            "stg_account",
            columns,
            Some(col("seats").gt(lit(1_i64))),
        )
        .await
        .unwrap();
    let replaced = batch(vec![("account_id", texts(&[])), ("seats", integers(&[]))]);
    lab.engine
        .register_batches("stg_account", replaced.schema(), vec![replaced])
        .unwrap();
    assert_eq!(lab.count("select count(*) from v").await, 2);

    let model = Statement {
        name: "m",
        ..statement("select $as_of as day, id from v")
    };
    lab.engine.define_model_view(&model).await.unwrap();
    assert_eq!(
        lab.count("select count(*) from m where day = $as_of").await,
        2
    );
}

/// The plan as DataFusion prints it, on two streams.
async fn physical_plan(lab: &Lab, sql: &str) -> String {
    let frame = lab.session.sql(sql).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let shown = datafusion::physical_plan::displayable(plan.as_ref());
    shown.indent(false).to_string()
}

#[tokio::test]
async fn aggregates_that_keep_their_rows_get_them_dealt_out_by_key_at_once() {
    let lab = Lab::new();
    register_accounts(&lab);
    lab.session
        .sql("create table seat as select account_id, seats from stg_account")
        .await
        .unwrap();
    let sql = "select account_id, km_quantile(cast(seats as double), true, 0.5), count(*) \
               from (select * from seat union all select * from seat) group by account_id";
    let plan = physical_plan(&lab, sql).await;
    assert!(plan.contains("mode=SinglePartitioned"), "{plan}");
    assert!(
        plan.contains("RepartitionExec: partitioning=Hash"),
        "{plan}"
    );
    assert!(!plan.contains("mode=Partial"), "{plan}");
    let counted = sql.replace(
        "km_quantile(cast(seats as double), true, 0.5)",
        "sum(seats)",
    );
    let plan = physical_plan(&lab, &counted).await;
    assert!(plan.contains("mode=Partial"), "{plan}");
}

//! Too little memory or disk, and panics: who acts, and what is left behind.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use kenko::error::ErrorKind;

use super::{Lab, register_accounts, sorted, statement};

#[tokio::test]
async fn too_little_memory_says_so() {
    let lab = Lab::with(2, 4 << 20);
    let sql = "select a.value from generate_series(1, 3000000) as a (value)
        join generate_series(1, 3000000) as b (value) on a.value = b.value";
    let target = lab.path("t.parquet");
    let error = (lab.engine)
        .materialise(&statement(sql), &target, &sorted(&["value"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Resources, "{}", error.render());
    assert!(
        error
            .hint()
            .unwrap()
            .contains("needs more memory: raise `--memory`")
    );
    assert!(!target.exists());
    assert!(!lab.path("t.parquet.partial").exists());
}

#[tokio::test]
async fn a_join_that_does_not_fit_into_memory_is_sorted_on_disk() {
    let sql = "select a.value, b.other
        from (select value, 'left ' || value as text from generate_series(1, 400000) as s (value)) as a
        join (select value, 'right ' || value as other from generate_series(1, 400000) as s (value))
            as b on a.value = b.value";
    let mut hashes = Vec::new();
    for memory_bytes in [48 << 20, 1 << 30] {
        let lab = Lab::with(2, memory_bytes);
        let made = lab.materialise(sql, "t.parquet", &["value"]).await;
        assert_eq!(made.rows, 400_000);
        hashes.push(made.sha256);
    }
    assert_eq!(hashes[0], hashes[1]);
}

/// Six of ten touches are of one unit, which alone is larger than the memory.
#[tokio::test]
async fn a_unit_that_does_not_fit_into_memory_is_counted_in_the_order_of_time() {
    let sql = "select unit, funnel['steps_reached'] as steps, funnel['started_at'] as started_at,
            funnel['event_ids'] as event_ids
        from (
            select unit, window_funnel('ordered; steps 4; window 1 hours; max 4 3 hours', 0,
                occurred_at, id, mask) as funnel
            from (
                select case when value % 10 < 6 then 0 else value % 1000 end as unit,
                    concat('touch ', cast(value as text)) as id,
                    arrow_cast(value * 1000000, 'Timestamp(Microsecond, None)') as occurred_at,
                    1 + value % 3 as mask
                from generate_series(1, 1000000) as s (value)
            ) as touch
            group by unit
        ) as counted";
    let mut hashes = Vec::new();
    for memory_bytes in [64 << 20, 2 << 30] {
        let lab = Lab::with(2, memory_bytes);
        let made = lab.materialise(sql, "t.parquet", &["unit"]).await;
        assert_eq!(made.rows, 401);
        hashes.push(made.sha256);
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn what_does_not_fit_into_memory_spills() {
    let lab = Lab::with(2, 100 << 20);
    let made = lab
        .materialise(
            "select value, 'some text that takes memory ' || value as text
             from generate_series(1, 200000) as s (value)",
            "t.parquet",
            &["text"],
        )
        .await;
    assert_eq!(made.rows, 200_000);
}

#[tokio::test]
async fn a_panic_is_a_bug_that_names_the_model() {
    let lab = Lab::new();
    register_accounts(&lab);
    let explode =
        |_: &[ColumnarValue]| -> datafusion::error::Result<ColumnarValue> { panic!("exploded") };
    lab.session.register_udf(create_udf(
        "explode",
        vec![DataType::Int64],
        DataType::Int64,
        Volatility::Immutable,
        Arc::new(explode),
    ));
    let target = lab.path("t.parquet");
    let error = (lab.engine)
        .materialise(
            &statement("select account_id, explode(sum(seats)) as x from stg_account group by 1"),
            &target,
            &sorted(&["account_id"]),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bug, "{}", error.render());
    assert!(error.to_string().contains("`model`"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_says_so() {
    let lab = Lab::new();
    let target = lab.path("t.parquet");
    std::os::unix::fs::symlink("/dev/full", lab.path("t.parquet.partial")).unwrap();
    let error = (lab.engine)
        .materialise(&statement("select 1 as a"), &target, &sorted(&["a"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Resources, "{}", error.render());
    assert!(!target.exists());
}

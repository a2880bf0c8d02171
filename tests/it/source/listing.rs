//! Which files count: nothing is left out in silence.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::{Night, accounts, assert_refused, parquet, texts};

#[tokio::test]
async fn a_place_without_files_is_refused_unless_that_is_declared() {
    for path in [
        "account",
        "account/*.parquet",
        "account.parquet",
        "no/such/**/*.parquet",
    ] {
        let night = Night::of_account(path);
        std::fs::create_dir_all(night.path("account")).unwrap();
        assert_refused(&night.refused().await, "account", "there is no file");
        let night = Night::new().source("account", path, "allow_empty: true");
        let read = night.read().await.unwrap();
        assert_eq!(read.counts("account"), [0, 0, 0, 0]);
        assert_eq!(read.rows("select count(*) from raw_account").await, ["0"]);
    }
}

#[tokio::test]
async fn files_that_would_not_be_read_are_refused() {
    for (name, expected) in [
        ("b.PARQUET", "`.parquet` exactly"),
        ("b.parq", "unread file"),
        ("b.txt", "unread file"),
        ("b", "unread file"),
        ("b.parquet.tmp", "unread file"),
        ("b.csv", "another format"),
        ("b.csv.gz", "compressed as a whole file"),
    ] {
        let night = Night::of_account("account");
        night.write("account/a.parquet", accounts());
        night.write(&format!("account/{name}"), b"x,y\n");
        assert_refused(&night.refused().await, name, expected);
    }
    let night = Night::of_account("account/*.parquet");
    night.write("account/a.parquet", accounts());
    night.write("account/b.Parquet", accounts());
    assert_refused(&night.refused().await, "b.Parquet", "upper and lower case");
}

#[tokio::test]
async fn one_empty_file_among_good_ones_is_refused() {
    let night = Night::of_account("account");
    night.write("account/a.parquet", accounts());
    night.write("account/b.parquet", b"");
    assert_refused(&night.refused().await, "b.parquet", "is empty (0 bytes)");
}

#[tokio::test]
async fn hidden_files_are_ignored_and_noted() {
    let night = Night::of_account("account");
    night.write("account/a.parquet", accounts());
    night.write("account/_SUCCESS", b"");
    night.write("account/.a.parquet.crc", b"x");
    night.write("account/_temporary/b.parquet", accounts());
    let read = night.read().await.unwrap();
    assert_eq!(read.counts("account"), [500, 500, 0, 0]);
    let notes = &read.frozen.sources["account"].notes;
    assert!(
        notes[0].contains("`_SUCCESS`") && notes[0].contains("`.a.parquet.crc`"),
        "{notes:?}"
    );
}

#[tokio::test]
async fn the_same_file_under_two_names_is_refused() {
    let night = Night::of_account("account");
    night.write("account/a.parquet", accounts());
    night.write("account/b.parquet", accounts());
    assert_refused(&night.refused().await, "b.parquet", "are the same file");

    // Two days may well hold the same rows.
    let night = Night::of_account("account");
    night.write("account/snapshot_date=2026-01-01/a.parquet", accounts());
    night.write("account/snapshot_date=2026-01-02/a.parquet", accounts());
    assert_eq!(
        night.read().await.unwrap().counts("account"),
        [1000, 1000, 0, 0]
    );

    let night = Night::new().source("account", "account", "");
    night.write("account/a.csv", b"account_id\na\n");
    night.write("account/b.csv", b"account_id\na\n");
    assert_refused(&night.refused().await, "b.csv", "are the same file");
}

#[tokio::test]
async fn folders_pipes_and_links_that_pose_as_files_are_refused() {
    let night = Night::of_account("account");
    night.write("account/x.parquet/part.parquet", accounts());
    assert_refused(&night.refused().await, "x.parquet", "is a folder");

    let night = Night::of_account("x.parquet");
    night.write("x.parquet/part.parquet", accounts());
    assert_refused(&night.refused().await, "x.parquet", "is a folder");

    let night = Night::of_account("account");
    night.write("account/a.parquet", accounts());
    let made = Command::new("mkfifo")
        .arg(night.path("account/p.parquet"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        assert_refused(&night.refused().await, "p.parquet", "not a regular file");
        let night = Night::of_account("p.parquet");
        Command::new("mkfifo")
            .arg(night.path("p.parquet"))
            .status()
            .unwrap();
        assert_refused(&night.refused().await, "p.parquet", "not a regular file");
    }

    let night = Night::of_account("account");
    let outside = night.write("outside/secret.parquet", accounts());
    night.write("account/a.parquet", accounts());
    symlink(&outside, night.path("account/b.parquet")).unwrap();
    assert_refused(&night.refused().await, "b.parquet", "leaves the folder");

    let night = Night::of_account("account");
    night.write("account/a.parquet", accounts());
    symlink(night.path("nowhere"), night.path("account/b.parquet")).unwrap();
    assert_refused(&night.refused().await, "b.parquet", "leads nowhere");

    let night = Night::of_account("account");
    night.write("account/a.parquet", accounts());
    symlink(night.path("account"), night.path("account/loop")).unwrap();
    assert_refused(&night.refused().await, "loop", "leaves the folder");
}

#[tokio::test]
async fn globs_choose_and_partitions_give_columns() {
    let night = Night::of_account("crm/**/account-*.parquet");
    let of = |name: &str| parquet(vec![("account_id", texts([name]))]);
    night.write("crm/snapshot_date=2026-01-30/account-1.parquet", of("old"));
    night.write("crm/snapshot_date=2026-01-31/account-1.parquet", of("new"));
    night.write(
        "crm/snapshot_date=2026-02-01/account-1.parquet",
        b"not even Parquet",
    );
    night.write(
        "crm/snapshot_date=2026-01-31/contact-1.parquet",
        b"not asked for",
    );
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select account_id, snapshot_date from raw_account order by account_id")
        .await;
    assert_eq!(rows, ["new|2026-01-31", "old|2026-01-30"]);
    assert_eq!(read.counts("account"), [2, 2, 0, 0]);
    assert_eq!(read.frozen.sources["account"].files_after_as_of, 1);
    assert!(
        read.failing("account")
            .iter()
            .all(|finding| !finding.starts_with("history"))
    );
}

#[tokio::test]
async fn partitions_must_be_of_their_type_and_everywhere() {
    let night = Night::of_account("account");
    night.write("account/snapshot_date=yesterday/a.parquet", accounts());
    assert_refused(
        &night.refused().await,
        "snapshot_date=yesterday",
        "is not a date",
    );

    let night = Night::of_account("account");
    night.write("account/region=north/a.parquet", accounts());
    night.write(
        "account/b.parquet",
        parquet(vec![("account_id", texts(["b"]))]),
    );
    assert_refused(
        &night.refused().await,
        "region=north/a.parquet",
        "same way everywhere",
    );

    // A partition without a value is null, not an empty text.
    let night = Night::of_account("account");
    night.write(
        "account/region=__HIVE_DEFAULT_PARTITION__/a.parquet",
        parquet(vec![("account_id", texts(["a"]))]),
    );
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select account_id, region is null from raw_account")
        .await;
    assert_eq!(rows, ["a|true"]);
}

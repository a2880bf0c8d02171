//! Extracts in an object store, over the real S3 protocol.

use kenko::storage::Storage;

use super::{Night, accounts, assert_refused, parquet, texts};
use crate::support::s3::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extracts_are_read_from_an_object_store() {
    let server = S3Server::start().await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["source::remote::read_from_a_bucket", "--exact", "--ignored"])
        .env("AWS_ENDPOINT", &server.endpoint)
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    let output = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "run by the test above in a process with its own environment"]
async fn read_from_a_bucket() {
    let place = |path: &str| format!("s3://{BUCKET}/lake/{path}");
    let lake = Storage::open(&place("")).unwrap();
    let one = |name: &str| parquet(vec![("account_id", texts([name]))]);
    lake.put("account/region=north/1.parquet", one("n").into())
        .await
        .unwrap();
    lake.put("account/region=south/1.parquet", one("s").into())
        .await
        .unwrap();
    lake.put("account/_SUCCESS", "".into()).await.unwrap();
    lake.put("single.parquet", accounts().into()).await.unwrap();

    for path in [
        "account",
        "account/",
        "account/*/*.parquet",
        "account/**/*.parquet",
    ] {
        let night = Night::of_account(&place(path));
        let read = night.read().await.unwrap();
        let rows = read
            .rows("select account_id, region from raw_account order by 1")
            .await;
        assert_eq!(rows, ["n|north", "s|south"], "{path}");
        read.frozen.recheck().await.unwrap();
        lake.put("account/region=south/1.parquet", one("s").into())
            .await
            .unwrap();
    }
    let frozen = Night::of_account(&place("account")).read().await;
    let frozen = frozen.unwrap().frozen;
    let south = "account/region=south/1.parquet";
    // This server's listings have no tags, and tell seconds.
    lake.put(south, one("a longer name").into()).await.unwrap();
    let error = frozen.recheck().await.unwrap_err();
    assert_refused(&error, south, "changed during the run");
    lake.delete(south).await.unwrap();
    let error = frozen.recheck().await.unwrap_err();
    assert_refused(&error, south, "changed during the run");

    let read = Night::of_account(&place("single.parquet"))
        .read()
        .await
        .unwrap();
    assert_eq!(read.counts("account"), [500, 500, 0, 0]);
    lake.put("single.parquet", one("other").into())
        .await
        .unwrap();
    let error = read.frozen.recheck().await.unwrap_err();
    assert_refused(&error, "lake/single.parquet", "changed during the run");

    let refused = Night::of_account(&place("acount")).refused().await;
    assert_refused(&refused, "lake/acount", "there is no file");
    lake.put("account/b.PARQUET", one("b").into())
        .await
        .unwrap();
    let refused = Night::of_account(&place("account")).refused().await;
    assert_refused(&refused, "lake/account/b.PARQUET", "unread file");
    lake.put("invoice.csv", "invoice_id;amount\n".into())
        .await
        .unwrap();
    let night = Night::new().source("invoice", &place("invoice.csv"), "");
    assert_refused(&night.refused().await, "lake/invoice.csv", "semicolons");
}

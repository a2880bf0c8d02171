//! Storing and publishing through the real S3 client and protocol.

use std::sync::Arc;

use kenko::error::ErrorKind;
use kenko::publish::{commits, finish_exports, publish, read_table};
use kenko::storage::{Created, Digest, Storage};

use crate::support::fault::FaultStore;
use crate::support::s3::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY, Trouble};
use crate::support::{content, publication};

const DAY: &str = "2026-01-31";

fn storage(server: &S3Server) -> Storage {
    let url = format!("s3://{BUCKET}/out");
    Storage::from_store(&url, Arc::new(server.client()), "out").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_is_created_once_whatever_the_server_answers() {
    let server = S3Server::start().await;
    let storage = storage(&server);
    let create = |path: &'static str, text: &'static str| {
        storage.create_once(path, text.into(), move |stored| stored == text.as_bytes())
    };
    assert_eq!(create("log/1", "a").await.unwrap(), Created::Done);
    assert_eq!(
        create("log/1", "b").await.unwrap(),
        Created::Taken("a".into())
    );

    // Stored, answered with 500, tried again by the client, refused with 412.
    server.trouble("log/2", Trouble::StoreAndFail, 1);
    assert_eq!(create("log/2", "a").await.unwrap(), Created::Done);
    // Nothing stored, although the answer becomes `AlreadyExists`.
    server.trouble("log/3", Trouble::Conflict, 2);
    assert_eq!(create("log/3", "a").await.unwrap(), Created::Done);
    assert_eq!(storage.get("log/3").await.unwrap().unwrap(), "a");
    server.trouble("log/4", Trouble::SlowDown, 1000);
    let error = create("log/4", "a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = error.render();
    assert!(text.contains(&format!("s3://{BUCKET}/out/log/4")), "{text}");
    assert!(
        !text.contains(SECRET_KEY) && !text.contains(ACCESS_KEY),
        "{text}"
    );

    storage.put("plain", "1".into()).await.unwrap();
    server.trouble("plain", Trouble::Conflict, 1);
    storage.put("plain", "2".into()).await.unwrap();
    assert_eq!(storage.get("plain").await.unwrap().unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_conditional_writes_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let server = S3Server::start().await;
    let storage = storage(&server);
    server.trouble("", Trouble::IgnoreCondition, 1000);
    let run = publication(scratch.path(), "r1", "k1", DAY, &[("health", "h1")]);
    let error = publish(&storage, &run).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.hint().unwrap().contains("If-None-Match"));
    assert_eq!(commits(&storage).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_works_as_on_disk_and_copies_nothing_twice() {
    let scratch = tempfile::tempdir().unwrap();
    let server = S3Server::start().await;
    let counted = FaultStore::new(Arc::new(server.client()));
    let storage = Storage::from_store("s3://company/out", Arc::new(counted.clone()), "out");
    let storage = storage.unwrap();
    server.trouble("_kenko/log", Trouble::StoreAndFail, 1);
    let first = publication(
        scratch.path(),
        "r1",
        "k1",
        DAY,
        &[("health", "h1"), ("risk", "r1")],
    );
    let done = publish(&storage, &first).await.unwrap();
    assert!(!done.already_done);
    let second = publication(scratch.path(), "r2", "k2", DAY, &[("health", "h2")]);
    let done = publish(&storage, &second).await.unwrap();
    assert_eq!(done.commit.version, 2);
    let latest = content(&storage, "latest").await;
    assert_eq!(latest.len(), 1);
    assert_eq!(latest["latest/health.parquet"], "h2");
    let log = commits(&storage).await.unwrap();
    assert_eq!(read_table(&storage, &log[0], "risk").await.unwrap(), "r1");

    let before = counted.seen().len();
    finish_exports(&storage).await.unwrap();
    let asked = counted.seen().split_off(before);
    assert!(
        asked.iter().all(|what| !what.starts_with("put")),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_files_go_in_parts() {
    let scratch = tempfile::tempdir().unwrap();
    let server = S3Server::start().await;
    let storage = storage(&server);
    let file = scratch.path().join("large");
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 253) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    let digest = Digest::of(&bytes);
    let stored = storage.put_file("large", &file).await.unwrap();
    assert_eq!(stored.digest, digest);
    let head = storage.head("large").await.unwrap().unwrap();
    assert_eq!((head.size, head.e_tag), (digest.bytes, stored.e_tag));
    assert_eq!(storage.digest("large").await.unwrap(), Some(digest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_runs_race_for_the_log() {
    let scratch = tempfile::tempdir().unwrap();
    let server = S3Server::start().await;
    let storage = storage(&server);
    let runs = (0..8).map(|number| {
        // Two runs for each of four days: half of them have nothing to do.
        let (run_id, day) = (format!("r{number}"), 1 + number % 4);
        publication(
            scratch.path(),
            &run_id,
            &format!("k{day}"),
            &format!("2026-01-0{day}"),
            &[("health", &format!("h{day}"))],
        )
    });
    let tasks: Vec<_> = runs
        .map(|run| {
            let storage = storage.clone();
            tokio::spawn(async move { publish(&storage, &run).await.unwrap().already_done })
        })
        .collect();
    let mut already_done = 0;
    for task in tasks {
        already_done += usize::from(task.await.unwrap());
    }
    assert_eq!(already_done, 4);
    assert_eq!(commits(&storage).await.unwrap().len(), 4);
    finish_exports(&storage).await.unwrap();
    let latest = content(&storage, "latest").await;
    assert_eq!(latest["latest/health.parquet"], "h4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoint_and_credentials_come_from_the_environment() {
    let server = S3Server::start().await;
    let storage = storage(&server);
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["s3::opened_from_the_environment", "--exact", "--ignored"])
        .env("AWS_ENDPOINT", &server.endpoint)
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(storage.get("env/a").await.unwrap().unwrap(), "1");
}

#[tokio::test]
#[ignore = "run by the test above in a process with its own environment"]
async fn opened_from_the_environment() {
    let storage = Storage::open(&format!("s3://{BUCKET}/out")).unwrap();
    let created = storage.create_once("env/a", "1".into(), |_| false).await;
    assert_eq!(created.unwrap(), Created::Done);
    let (sources, rest) = Storage::open_for_read(&format!("s3://{BUCKET}/out/env/*")).unwrap();
    assert_eq!(rest, "*");
    assert_eq!(sources.list("").await.unwrap().len(), 1);
}

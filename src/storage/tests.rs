//! Tests of one storage on local disk and in memory.

use super::*;

fn folder() -> (tempfile::TempDir, Storage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path().join("made/here").to_str().unwrap()).unwrap();
    (folder, storage)
}

#[tokio::test]
async fn what_is_written_is_read_listed_and_removed() {
    let (_folder, storage) = folder();
    assert_eq!(storage.get("a/b").await.unwrap(), None);
    assert_eq!(storage.list("a").await.unwrap(), []);
    storage.put("a/c", "2".into()).await.unwrap();
    storage.put("a/b", "1".into()).await.unwrap();
    let names: Vec<_> = storage.list("").await.unwrap();
    let names: Vec<_> = names
        .iter()
        .map(|meta| storage.relative(&meta.location))
        .collect();
    assert_eq!(names, ["a/b", "a/c"]);
    assert_eq!(storage.get("a/b").await.unwrap().unwrap(), "1");
    storage.delete("a/b").await.unwrap();
    storage.delete("a/b").await.unwrap();
    assert_eq!(storage.head("a/b").await.unwrap(), None);
}

#[tokio::test]
async fn an_object_is_created_once() {
    let (_folder, storage) = folder();
    let create = |text: &'static str| {
        storage.create_once("log/1", text.into(), move |stored| {
            stored == text.as_bytes()
        })
    };
    assert_eq!(create("mine").await.unwrap(), Created::Done);
    assert_eq!(create("mine").await.unwrap(), Created::Done);
    assert_eq!(
        create("yours").await.unwrap(),
        Created::Taken("mine".into())
    );
}

#[tokio::test]
async fn a_store_that_creates_twice_is_refused() {
    let (_folder, storage) = folder();
    storage
        .require_exclusive_create("probe", "x".into())
        .await
        .unwrap();
    storage
        .require_exclusive_create("probe", "x".into())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_arrives_whole() {
    let (outside, storage) = folder();
    let content: Vec<u8> = (0..8_500_000_u32).map(|n| (n % 251) as u8).collect();
    let file = outside.path().join("large");
    std::fs::write(&file, &content).unwrap();
    let digest = Digest::of(&content);
    let stored = storage.put_file("large", &file).await.unwrap();
    assert_eq!(stored.digest, digest);
    assert_eq!(storage.digest("large").await.unwrap(), Some(digest.clone()));
    let copied = storage.copy("large", "copy", &digest).await.unwrap();
    let head = storage.head("copy").await.unwrap().unwrap();
    assert_eq!((copied.e_tag, head.size), (head.e_tag, digest.bytes));

    let wrong = Digest {
        sha256: "0".repeat(64),
        ..digest
    };
    let error = storage.copy("large", "never", &wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(storage.head("never").await.unwrap(), None);
}

#[tokio::test]
async fn sources_are_files_folders_or_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    std::fs::create_dir(folder.path().join("day=1")).unwrap();
    std::fs::write(folder.path().join("day=1/a.csv"), "x").unwrap();
    for (location, rest, found) in [
        ("/day=1/a.csv", "a.csv", "a.csv"),
        ("/day=1", "", "a.csv"),
        ("/day=*/*.csv", "day=*/*.csv", "day=1/a.csv"),
    ] {
        let (storage, remains) = Storage::open_for_read(&format!("{root}{location}")).unwrap();
        assert_eq!(remains, rest);
        let listed = storage.list("").await.unwrap();
        assert_eq!(storage.relative(&listed[0].location), found);
        let refused = storage.put("b.csv", "y".into()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Usage);
    }
    let missing = Storage::open_for_read(&format!("{root}/none/*.csv")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Data);
    let (bucket, rest) = Storage::open_for_read("https://h/d/x.parquet").unwrap();
    assert_eq!((bucket.url(), rest.as_str()), ("https://h/d", "x.parquet"));
    assert_eq!(bucket.list("").await.unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn paths_do_not_climb() {
    let (_folder, storage) = folder();
    for path in ["../x", "a/../../x", "a//b", "./a"] {
        assert_eq!(storage.path(path).unwrap_err().kind(), ErrorKind::Usage);
    }
    assert!(storage.store_url().starts_with("local://"));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_made_says_so() {
    let error = Storage::open("/dev/null/out").unwrap_err();
    assert!(error.to_string().contains("/dev/null/out"));
}

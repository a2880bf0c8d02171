//! What several tests of storing and publishing need.

pub(crate) mod company;
pub(crate) mod extract;
pub(crate) mod fault;
pub(crate) mod s3;

use std::collections::BTreeMap;
use std::path::Path;

use kenko::publish::{Publication, StagedTable};
use kenko::storage::{Digest, Storage};

/// A publication of `tables` (name and content), staged in `scratch`. Content
/// stands for Parquet: publishing does not look into it.
pub(crate) fn publication(
    scratch: &Path,
    run_id: &str,
    run_key: &str,
    as_of: &str,
    tables: &[(&str, &str)],
) -> Publication {
    let tables = tables.iter().map(|(name, content)| {
        let file = scratch.join(format!("{run_id}-{name}.parquet"));
        std::fs::write(&file, content).unwrap();
        let digest = Digest::of(content.as_bytes());
        StagedTable {
            name: (*name).to_owned(),
            file,
            rows: 1,
            bytes: digest.bytes,
            sha256: digest.sha256,
            grain: vec!["account_id".to_owned()],
        }
    });
    Publication {
        pipeline: "nightly".to_owned(),
        as_of: as_of.to_owned(),
        run_id: run_id.to_owned(),
        run_key: run_key.to_owned(),
        tables: tables.collect(),
        records: vec![("run.json".to_owned(), "{}".into())],
    }
}

/// Every object below a folder with its content.
pub(crate) async fn content(storage: &Storage, folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for meta in storage.list(folder).await.unwrap() {
        let path = storage.relative(&meta.location);
        let bytes = storage.get(&path).await.unwrap().unwrap();
        found.insert(path, String::from_utf8(bytes.to_vec()).unwrap());
    }
    found
}

//! What is known of a file is not looked up again, and counts for that version only.

use std::fs::{self, File};
use std::path::Path;

use kenko::error::Result;
use kenko::source::freeze::Frozen;
use kenko::storage::Storage;

use super::{Night, assert_refused, parquet, texts};

/// A night over three files, and the place in which it keeps what it knows.
struct Remembering {
    night: Night,
    output: Storage,
}

impl Remembering {
    fn new() -> Self {
        let night = Night::of_account("account");
        for name in ["a", "b", "c"] {
            let file = format!("account/{name}.parquet");
            night.write(&file, parquet(vec![("account_id", texts([name]))]));
        }
        let output = Storage::open(night.path("out").to_str().unwrap()).unwrap();
        Self { night, output }
    }

    async fn freeze(&self) -> Result<Frozen> {
        let (pipeline, day) = (self.night.pipeline(), self.night.day());
        let frozen = kenko::source::freeze(&pipeline, &day, Some(&self.output)).await?;
        frozen.remember(&pipeline, &self.output).await;
        Ok(frozen)
    }
}

/// Other bytes, of which the file system says nothing.
fn damage(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() - 1;
    bytes[at] = b'X';
    fs::write(path, bytes).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

#[tokio::test]
async fn only_new_files_are_looked_into() {
    let lab = Remembering::new();
    let first = lab.freeze().await.unwrap();
    damage(&lab.night.path("account/b.parquet"));
    let again = lab.freeze().await.unwrap();
    assert_eq!(again.fingerprint, first.fingerprint);
    assert_eq!(again.sources["account"].rows, Some(3));

    let refused = lab.night.refused().await;
    assert_refused(
        &refused,
        "account/b.parquet",
        "does not end as a Parquet file",
    );
    let new = lab
        .night
        .write("account/d.parquet", b"PAR1 and nothing else");
    let refused = lab.freeze().await.unwrap_err();
    assert_refused(
        &refused,
        "account/d.parquet",
        "does not end as a Parquet file",
    );
    fs::write(&new, parquet(vec![("account_id", texts(["d"]))])).unwrap();
    assert_eq!(lab.freeze().await.unwrap().sources["account"].rows, Some(4));
    damage(&new);
    assert_eq!(lab.freeze().await.unwrap().sources["account"].rows, Some(4));
    fs::remove_file(&new).unwrap();
    assert_eq!(lab.freeze().await.unwrap().sources["account"].rows, Some(3));
}

#[tokio::test]
async fn a_file_that_was_written_again_is_looked_into() {
    let lab = Remembering::new();
    lab.freeze().await.unwrap();
    let path = lab.night.path("account/b.parquet");
    let (old, size) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().len());
    damage(&path);
    fs::write(&path, fs::read(&path).unwrap()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), size);
    let refused = lab.freeze().await.unwrap_err();
    assert_refused(
        &refused,
        "account/b.parquet",
        "does not end as a Parquet file",
    );
    fs::write(&path, old).unwrap();
    lab.freeze().await.unwrap();
}

/// The same twins are refused, and the same rows prove the same things.
#[tokio::test]
async fn what_is_remembered_means_the_same() {
    let lab = Remembering::new();
    lab.freeze().await.unwrap();
    fs::copy(
        lab.night.path("account/a.parquet"),
        lab.night.path("account/e.parquet"),
    )
    .unwrap();
    for _ in 0..2 {
        let refused = lab.freeze().await.unwrap_err();
        assert_refused(&refused, "account/e.parquet", "are the same file");
    }
    let index = lab.night.path("out/_kenko/index/account.json");
    fs::write(index, "{").unwrap();
    fs::remove_file(lab.night.path("account/e.parquet")).unwrap();
    assert_eq!(lab.freeze().await.unwrap().sources["account"].rows, Some(3));
}

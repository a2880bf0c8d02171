//! Turns errors of disks and stores into sentences about a file.

use std::path::Path;

use object_store::Error as StoreError;

use crate::error::{Error, ErrorKind};

/// An error of a store about the object people know as `shown`.
pub(super) fn of_store(shown: &str, error: &StoreError) -> Error {
    let (kind, message, hint) = match error {
        StoreError::NotFound { .. } => (
            ErrorKind::Data,
            format!("`{shown}` does not exist"),
            "check the path; if it was there a moment ago, run again when the export is complete",
        ),
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => (
            ErrorKind::Usage,
            format!("`{shown}` may not be read"),
            "check the credentials in the environment and the rights they have",
        ),
        _ => (
            ErrorKind::Unavailable,
            format!("cannot read `{shown}`"),
            "check that the storage can be reached, then run again",
        ),
    };
    let cause = without_query(&error.to_string());
    Error::new(kind, message).with_hint(hint).with_source(cause)
}

/// A URL's query may hold a signature.
fn without_query(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_once('?') {
        Some((url, _)) if url.contains("://") => url,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// An error of the local disk about `path`.
pub(super) fn of_disk(path: &Path, error: std::io::Error) -> Error {
    let shown = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::data(format!("`{shown}` does not exist")).with_hint("check the path")
        }
        std::io::ErrorKind::PermissionDenied => Error::usage(format!("`{shown}` may not be read"))
            .with_hint("give the user who runs kenko the right to read it"),
        std::io::ErrorKind::StorageFull => Error::new(
            ErrorKind::Resources,
            format!("no space is left to write `{shown}`"),
        )
        .with_hint("free some disk space, or choose another scratch folder"),
        _ => Error::unavailable(format!("cannot use `{shown}`"))
            .with_hint("check the disk, then run again"),
    }
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_stay_out_of_messages() {
        let cause = "error sending request for url (https://h/a.parquet?sig=SECRET) after 3 tries";
        let error = StoreError::Generic {
            store: "test",
            source: cause.into(),
        };
        let text = of_store("az://c/a.parquet", &error).render();
        assert!(
            !text.contains("SECRET") && text.contains("after 3 tries"),
            "{text}"
        );
    }
}

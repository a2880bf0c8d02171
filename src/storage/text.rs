//! Text files that people write: a pipeline, a folder of SQL.

use super::Storage;
use crate::error::{Error, Result};

/// The text of the file at `location`, a path or an object store URL.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if there is no such file or it is no text.
pub async fn read_text(location: &str) -> Result<String> {
    let missing = || {
        Error::usage(format!("there is no file `{location}`"))
            .with_hint("paths are relative to the folder you are in")
    };
    let (folder, name) = match location.rfind('/') {
        Some(end) => (&location[..=end], &location[end + 1..]),
        None => (".", location),
    };
    let (storage, _) =
        Storage::open_for_read(folder).map_err(|cause| missing().with_source(cause))?;
    let bytes = storage.get(name).await?.ok_or_else(missing)?;
    decode(location, &bytes)
}

/// Every file below `location` whose name ends with `.extension`, as
/// (path as people know it, text), sorted by path.
///
/// # Errors
/// As [`read_text`].
pub async fn read_tree(location: &str, extension: &str) -> Result<Vec<(String, String)>> {
    let folder = format!("{}/", location.trim_end_matches('/'));
    let (storage, _) = Storage::open_for_read(&folder).map_err(|cause| {
        Error::usage(format!("there is no folder `{location}`")).with_source(cause)
    })?;
    let suffix = format!(".{extension}");
    let mut files = Vec::new();
    for meta in storage.list("").await? {
        let relative = storage.relative(&meta.location);
        if !relative.ends_with(&suffix) {
            continue;
        }
        let path = format!("{folder}{relative}");
        if let Some(bytes) = storage.get(&relative).await? {
            files.push((path.clone(), decode(&path, &bytes)?));
        }
    }
    Ok(files)
}

fn decode(file: &str, bytes: &[u8]) -> Result<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|cause| {
            Error::usage(format!("`{file}` is not UTF-8 text"))
                .with_hint("save it as UTF-8")
                .with_source(cause)
        })
}

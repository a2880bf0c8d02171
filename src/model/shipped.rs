//! The SQL that is compiled into the binary: the folder `sql/` of the crate.
//!
//! Only text leaves this file; reading a user's own folder is `run`'s task.

use include_dir::{Dir, DirEntry, include_dir};

use super::{Model, parse_all};
use crate::error::{Error, Result};

static SQL: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/sql");

/// Every shipped file with its text, as `sql/<folder>/<file>`, ordered by path;
/// `kenko init` writes them out.
///
/// # Errors
/// [`crate::error::ErrorKind::Bug`] if a file is not text.
pub fn shipped_files() -> Result<Vec<(String, &'static str)>> {
    let mut files = Vec::new();
    collect(&SQL, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &'static Dir<'static>, files: &mut Vec<(String, &'static str)>) -> Result<()> {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect(inner, files)?,
            DirEntry::File(file) => {
                let path = file.path().to_string_lossy().replace('\\', "/");
                let text = file
                    .contents_utf8()
                    .ok_or_else(|| Error::bug(format!("`sql/{path}` is not UTF-8")))?;
                files.push((format!("sql/{path}"), text));
            }
        }
    }
    Ok(())
}

/// The shipped models, ordered by name.
///
/// # Errors
/// As [`super::parse`]; a test keeps it from happening.
pub fn shipped() -> Result<Vec<Model>> {
    let files = shipped_files()?;
    parse_all(
        files
            .iter()
            .filter(|(path, _)| path.strip_suffix(".sql").is_some())
            .map(|(path, text)| (path.as_str(), *text)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_parses() {
        let shown = shipped().map_err(|error| error.render());
        assert!(shown.is_ok(), "{}", shown.unwrap_err());
        assert!(
            shipped_files()
                .unwrap()
                .iter()
                .any(|(path, _)| path == "sql/README.md")
        );
    }
}

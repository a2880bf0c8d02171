//! Where an extract lies: a location as written, taken apart.
//!
//! Pure text: nothing here looks at a disk or a store. `*` stands for any part
//! of one name, `**` for any number of folders; there are no other wildcards.

use crate::error::{Error, Result};

/// A location as a pipeline writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// The folder or URL that is opened.
    pub(super) root: String,
    /// What is read below the root.
    pub(super) selection: Selection,
}

/// What is read below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// One name directly below the root: a file, or a folder of files.
    Name(String),
    /// Everything below the root.
    Folder,
    /// What matches, segment by segment.
    Glob(Vec<String>),
}

/// Takes a location apart.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if nothing can be meant by it.
pub(super) fn parse(text: &str) -> Result<Location> {
    let (scheme, path) = match text.split_once("://") {
        Some((scheme, path)) => (Some(scheme), path),
        None => (None, text),
    };
    if path.is_empty() {
        return Err(
            Error::usage(format!("`{text}` is not a location")).with_hint(
                "name a file, a folder or a glob, for example `extracts/event/**/*.parquet`",
            ),
        );
    }
    if scheme.is_some() && path.contains(['?', '#']) {
        return Err(Error::usage("a location cannot carry a query")
            .with_hint("give credentials in the environment, not in the URL"));
    }
    let host_segments = usize::from(scheme.is_some_and(|scheme| scheme != "file"));
    let segments: Vec<&str> = path.split('/').collect();
    let globbed = segments.iter().position(|segment| segment.contains('*'));
    let is_web = matches!(scheme, Some("http" | "https"));
    let (kept, selection) = match globbed {
        Some(_) if is_web => {
            return Err(
                Error::usage(format!("`{text}`: a web server cannot list files"))
                    .with_hint("name one file, or put the files into an object store"),
            );
        }
        Some(first) if first < host_segments => {
            return Err(Error::usage(format!(
                "`{text}`: a bucket cannot be a wildcard"
            )));
        }
        Some(first) => {
            let pattern = segments[first..].iter().filter(|part| !part.is_empty());
            let pattern = pattern.map(|part| (*part).to_owned()).collect();
            (first, Selection::Glob(pattern))
        }
        None => split_name(&segments, host_segments),
    };
    let root = join_root(scheme, &segments[..kept]);
    Ok(Location { root, selection })
}

fn split_name(segments: &[&str], host_segments: usize) -> (usize, Selection) {
    let last = segments.last().copied().unwrap_or_default();
    if last.is_empty() || last == "." || last == ".." || segments.len() <= host_segments {
        return (segments.len(), Selection::Folder);
    }
    (segments.len() - 1, Selection::Name(last.to_owned()))
}

fn join_root(scheme: Option<&str>, segments: &[&str]) -> String {
    let joined = segments.join("/");
    match scheme {
        Some(scheme) => format!("{scheme}://{joined}"),
        None if segments.is_empty() => ".".to_owned(),
        None if joined.is_empty() => "/".to_owned(),
        None => joined,
    }
}

/// How a path below the root fits a glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It matches.
    Yes,
    /// It would match if upper and lower case were the same.
    ByCaseOnly,
    /// It does not match.
    No,
}

/// Compares a path's segments with a glob's.
pub(super) fn fit(pattern: &[String], path: &[&str]) -> Fit {
    if matches(pattern, path) {
        return Fit::Yes;
    }
    let pattern: Vec<String> = pattern.iter().map(|part| part.to_lowercase()).collect();
    let lower: Vec<String> = path.iter().map(|part| part.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    if matches(&pattern, &lower) {
        Fit::ByCaseOnly
    } else {
        Fit::No
    }
}

/// Whether something below the folder `path` can match.
pub(super) fn may_contain(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (_, None) => !pattern.is_empty(),
        (None, Some(_)) => false,
        (Some((first, _)), Some(_)) if first == "**" => true,
        (Some((first, rest)), Some((name, below))) => {
            segment_matches(first, name) && may_contain(rest, below)
        }
    }
}

fn matches(pattern: &[String], path: &[&str]) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return path.is_empty();
    };
    if first == "**" {
        if rest.is_empty() {
            return !path.is_empty();
        }
        return (0..path.len()).any(|skipped| matches(rest, &path[skipped..]));
    }
    match path.split_first() {
        Some((name, below)) => segment_matches(first, name) && matches(rest, below),
        None => false,
    }
}

/// Whether `name` is `pattern` with every `*` standing for any letters.
fn segment_matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The `key=value` folders of a path, in order; values with `%XX` decoded.
pub(super) fn partitions(path: &[&str]) -> Vec<(String, String)> {
    let folders = path.split_last().map_or(path, |(_, folders)| folders);
    let pairs = folders.iter().filter_map(|folder| folder.split_once('='));
    pairs
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), percent_decoded(value)))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(code.unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(root: &str, selection: Selection) -> Location {
        Location {
            root: root.to_owned(),
            selection,
        }
    }

    fn glob(parts: &[&str]) -> Selection {
        Selection::Glob(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    #[test]
    fn locations_are_taken_apart() {
        let name = |name: &str| Selection::Name(name.to_owned());
        let cases = [
            ("/data/a.parquet", location("/data", name("a.parquet"))),
            ("data/event/", location("data/event/", Selection::Folder)),
            ("a.csv", location(".", name("a.csv"))),
            ("/a.csv", location("/", name("a.csv"))),
            ("s3://b/x/y.csv", location("s3://b/x", name("y.csv"))),
            ("s3://b", location("s3://b", Selection::Folder)),
            ("gs://b/x", location("gs://b", name("x"))),
            (
                "s3://b/e/**/*.parquet",
                location("s3://b/e", glob(&["**", "*.parquet"])),
            ),
            ("/d/*.csv", location("/d", glob(&["*.csv"]))),
            ("file:///d/x", location("file:///d", name("x"))),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for wrong in [
            "https://h/*.csv",
            "s3://",
            "s3://*/a",
            "https://h/a?sig=secret",
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(!error.render().contains("secret"));
        }
    }

    #[test]
    fn globs_match_by_segment() {
        let pattern = |text: &str| -> Vec<String> { text.split('/').map(str::to_owned).collect() };
        let cases = [
            ("*.parquet", "a.parquet", Fit::Yes),
            ("*.parquet", "b/a.parquet", Fit::No),
            ("**/*.parquet", "a.parquet", Fit::Yes),
            ("**/*.parquet", "x/y/a.parquet", Fit::Yes),
            ("d=*/e-*-1.csv", "d=3/e-x-1.csv", Fit::Yes),
            ("*.parquet", "A.PARQUET", Fit::ByCaseOnly),
            ("a*a", "a", Fit::No),
        ];
        for (text, path, expected) in cases {
            let path: Vec<&str> = path.split('/').collect();
            assert_eq!(fit(&pattern(text), &path), expected, "{text} {path:?}");
        }
        assert!(may_contain(&pattern("d=*/a.csv"), &["d=1"]));
        assert!(!may_contain(&pattern("d=*/a.csv"), &["e=1"]));
        assert!(!may_contain(&pattern("*.csv"), &["e.csv"]));
    }

    #[test]
    fn partitions_are_read_from_folders_only() {
        let path = ["region=a%2Fb", "x", "day=2026-01-02", "k=v.parquet"];
        let expected = [("region", "a/b"), ("day", "2026-01-02")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(partitions(&path), expected);
    }
}

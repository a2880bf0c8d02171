//! What a location as people write it means: a scheme, a root and the rest.
//!
//! Pure text; nothing is opened here. Keys of object stores are taken as
//! written, without percent decoding, so that `?` can be a wildcard.

use crate::error::{Error, Result};

/// Where a root lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Local,
    AmazonS3,
    GoogleCloud,
    Azure,
    Web,
}

/// A location taken apart; `key` has no slash at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) scheme: Scheme,
    /// Bucket, container or `https://host`; empty for local folders.
    pub(super) bucket: String,
    /// Prefix within the bucket, or the local path.
    pub(super) key: String,
}

const HINT: &str = "write a folder, s3://bucket/prefix, gs://bucket/prefix, \
                    az://container/prefix or, for reading, https://host/path";

impl Location {
    /// Takes a location apart.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] for an unknown scheme, or for
    /// credentials or a query string in the text.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text.contains('\0') {
            return Err(Error::usage("the location is empty or not a path").with_hint(HINT));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::local(text));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "file" => return Ok(Self::local(rest.strip_prefix("localhost").unwrap_or(rest))),
            "s3" | "s3a" => Scheme::AmazonS3,
            "gs" => Scheme::GoogleCloud,
            "az" | "azure" => Scheme::Azure,
            "https" => Scheme::Web,
            other => {
                return Err(
                    Error::usage(format!("`{other}://` is not a kind of storage")).with_hint(HINT),
                );
            }
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(Error::usage("the location names no bucket or host").with_hint(HINT));
        }
        if bucket.contains('@') || (scheme == Scheme::Web && key.contains(['?', '#'])) {
            return Err(
                Error::usage("a location must not carry credentials or a query string").with_hint(
                    "give credentials in the environment, for example AWS_ACCESS_KEY_ID",
                ),
            );
        }
        let bucket = match scheme {
            Scheme::Web => format!("https://{bucket}"),
            _ => bucket.to_owned(),
        };
        Ok(Self {
            scheme,
            bucket,
            key: key.trim_matches('/').to_owned(),
        })
    }

    fn local(path: &str) -> Self {
        Self {
            scheme: Scheme::Local,
            bucket: String::new(),
            key: path.to_owned(),
        }
    }

    /// The location as text, in one spelling.
    pub(super) fn url(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Local => return self.key.clone(),
            Scheme::AmazonS3 => "s3://",
            Scheme::GoogleCloud => "gs://",
            Scheme::Azure => "az://",
            Scheme::Web => "",
        };
        let mut url = format!("{scheme}{}", self.bucket);
        if !self.key.is_empty() {
            url.push('/');
            url.push_str(&self.key);
        }
        url
    }
}

/// Splits a path into the folder before its first wildcard and the rest; a
/// path without a wildcard is split before its last part.
pub(super) fn split_pattern(path: &str) -> (&str, &str) {
    let before = path.find(['*', '?', '[', '{']).unwrap_or(path.len());
    match path[..before].rfind('/') {
        Some(0) => ("/", &path[1..]),
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => ("", path),
    }
}

/// Whether a path holds a wildcard.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_taken_apart_and_put_together() {
        for (text, scheme, bucket, key) in [
            ("out/a", Scheme::Local, "", "out/a"),
            ("file:///srv/a", Scheme::Local, "", "/srv/a"),
            ("s3://b/p/q/", Scheme::AmazonS3, "b", "p/q"),
            ("gs://b", Scheme::GoogleCloud, "b", ""),
            ("az://c/x?.parquet", Scheme::Azure, "c", "x?.parquet"),
            ("https://h:8/x", Scheme::Web, "https://h:8", "x"),
        ] {
            let location = Location::parse(text).unwrap();
            assert_eq!(
                (
                    location.scheme,
                    location.bucket.as_str(),
                    location.key.as_str()
                ),
                (scheme, bucket, key)
            );
        }
        assert_eq!(Location::parse("S3A://b/p/").unwrap().url(), "s3://b/p");
    }

    #[test]
    fn secrets_and_unknown_schemes_are_refused_without_being_repeated() {
        for text in [
            "s3://key:SECRET@b/p",
            "https://u:SECRET@h/p",
            "https://h/p?sig=SECRET",
            "http://h/p",
            "s3:///p",
            "",
        ] {
            let error = Location::parse(text).unwrap_err();
            assert!(!error.render().contains("SECRET"));
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_pattern_is_split_before_its_first_wildcard() {
        assert_eq!(split_pattern("a/b/*.parquet"), ("a/b", "*.parquet"));
        assert_eq!(split_pattern("a/d=*/x.csv"), ("a", "d=*/x.csv"));
        assert_eq!(split_pattern("a/b.csv"), ("a", "b.csv"));
        assert_eq!(split_pattern("/b.csv"), ("/", "b.csv"));
        assert_eq!(split_pattern("b?.csv"), ("", "b?.csv"));
    }
}

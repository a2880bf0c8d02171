//! What a store's error means for people: who acts, what was attempted, where.
//!
//! Text that comes from the other side is cut down before it is shown: no query
//! strings (a signature may be in them) and of an XML answer only its code.

use std::error::Error as StdError;
use std::io;

use object_store::Error as StoreError;

use crate::error::{Error, ErrorKind};

/// Turns a store's error into ours. `attempt` completes "cannot …", for
/// example "read", `place` is the URL or file concerned.
pub(super) fn explain(attempt: &str, place: &str, cause: &StoreError) -> Error {
    let (kind, hint) = classify(cause);
    Error::new(kind, format!("cannot {attempt} {place}"))
        .with_hint(hint)
        .with_source(redact(&cause.to_string()))
}

fn classify(cause: &StoreError) -> (ErrorKind, &'static str) {
    if let Some(kind) = io_kind(cause) {
        match kind {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => {
                return (
                    ErrorKind::Resources,
                    "make room on the disk, then run again",
                );
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                return (
                    ErrorKind::Usage,
                    "let the user that runs kenko read and write there",
                );
            }
            _ => {}
        }
    }
    match cause {
        StoreError::NotFound { .. } => (ErrorKind::Data, "check the location"),
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => (
            ErrorKind::Usage,
            "check the credentials in the environment and what they may do",
        ),
        StoreError::NotImplemented { .. }
        | StoreError::NotSupported { .. }
        | StoreError::InvalidPath { .. }
        | StoreError::UnknownConfigurationKey { .. } => {
            (ErrorKind::Usage, "use a location that can do this")
        }
        _ if cause.to_string().contains("ExpiredToken") => (
            ErrorKind::Unavailable,
            "the credentials have expired: renew them, then run again",
        ),
        _ => (
            ErrorKind::Unavailable,
            "the storage could not be reached or refused: run again later",
        ),
    }
}

fn io_kind(cause: &StoreError) -> Option<io::ErrorKind> {
    let mut current: Option<&(dyn StdError + 'static)> = Some(cause);
    while let Some(error) = current {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        current = error.source();
    }
    None
}

/// The text without query strings and without the body of an XML answer.
fn redact(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (head, body) = match text.find("<?xml").or_else(|| text.find("<Error>")) {
        Some(start) => text.split_at(start),
        None => (text, ""),
    };
    for word in head.split_inclusive(char::is_whitespace) {
        match word.split_once('?') {
            Some((url, _)) if url.contains("://") => {
                kept.push_str(url);
                kept.push(' ');
            }
            _ => kept.push_str(word),
        }
    }
    if let Some((_, rest)) = body.split_once("<Code>")
        && let Some((code, _)) = rest.split_once("</Code>")
    {
        kept.push_str(code);
    }
    kept.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
        StoreError::Generic {
            store: "test",
            source: source.into(),
        }
    }

    #[test]
    fn a_full_disk_and_a_closed_door_are_told_apart_from_an_outage() {
        let full = generic(io::Error::from(io::ErrorKind::StorageFull));
        let closed = generic(io::Error::from(io::ErrorKind::PermissionDenied));
        let outage = generic("connection reset");
        let kind = |cause| explain("write", "s3://b/a", cause).kind();
        assert_eq!(kind(&full), ErrorKind::Resources);
        assert_eq!(kind(&closed), ErrorKind::Usage);
        assert_eq!(kind(&outage), ErrorKind::Unavailable);
    }

    #[test]
    fn neither_query_strings_nor_bodies_are_shown() {
        let cause = generic(
            "Error performing GET https://h/b?sig=SECRET in 1s - status 403: \
             <?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
             <AWSAccessKeyId>SECRET</AWSAccessKeyId></Error>",
        );
        let text = explain("read", "s3://b/a", &cause).render();
        assert!(!text.contains("SECRET"), "{text}");
        assert!(text.contains("SignatureDoesNotMatch"), "{text}");
        assert!(text.contains("https://h/b in 1s"), "{text}");
    }
}

//! What the first bytes of a file look like, for messages.
//!
//! It decides nothing: a file is refused by the check that failed, and the
//! answer here only says what probably lies there instead.

/// Bytes of a file's start that [`looks_like`] wants to see.
pub(super) const HEAD_BYTES: u64 = 512;

const MAGIC: [(&[u8], &str); 12] = [
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"BZh", "a bzip2 file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"ARROW1", "an Arrow IPC file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"version https://git-lfs", "a Git LFS pointer"),
];

/// The UTF-8 byte-order mark.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file that starts with `head` looks like; `None` when nothing fits.
pub(super) fn looks_like(head: &[u8]) -> Option<&'static str> {
    if head.is_empty() {
        return Some("an empty file");
    }
    let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, name)) = known {
        return Some(name);
    }
    if head.len() >= 16 && head.iter().all(|byte| *byte == 0) {
        return Some("a file of zeros");
    }
    if is_wide_text(head) {
        return Some("UTF-16 text");
    }
    text_kind(head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head))
}

/// Two bytes a letter without a mark: every other byte is zero.
fn is_wide_text(head: &[u8]) -> bool {
    let pairs = head.chunks_exact(2);
    let count = pairs.len();
    let zeros = pairs.filter(|pair| (pair[0] == 0) != (pair[1] == 0));
    count >= 4 && zeros.count() * 10 >= count * 9
}

fn text_kind(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head);
    let is_text = !text
        .chars()
        .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'));
    if !is_text {
        return None;
    }
    let start = text.trim_start().to_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Some("an HTML page");
    }
    if start.starts_with("<?xml") || start.starts_with("<error") {
        let is_error = start.contains("<error") || start.contains("<code>");
        return Some(if is_error {
            "an XML error page"
        } else {
            "an XML file"
        });
    }
    if start.starts_with('{') || start.starts_with('[') {
        return Some("JSON");
    }
    let line = start.lines().next().unwrap_or_default();
    if line.contains([',', ';', '\t']) {
        return Some("a CSV file");
    }
    Some("plain text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_lies_there_instead() {
        let cases: [(&[u8], &str); 11] = [
            (b"", "an empty file"),
            (b"\x1f\x8b\x08\x00", "a gzip file"),
            (b"PARE....", "an encrypted Parquet file"),
            (b"\xff\xfea\0b\0", "UTF-16 text"),
            (b"a\0b\0c\0d\0e\0", "UTF-16 text"),
            (
                b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>",
                "an XML error page",
            ),
            (b"\n<!DOCTYPE html><html>", "an HTML page"),
            (b"\xef\xbb\xbfaccount_id;name\n", "a CSV file"),
            (b"{\"a\": 1}", "JSON"),
            (&[0; 32], "a file of zeros"),
            (b"hello", "plain text"),
        ];
        for (head, expected) in cases {
            assert_eq!(looks_like(head), Some(expected), "{head:?}");
        }
        assert_eq!(looks_like(&[1, 200, 3, 250, 9, 130]), None);
    }
}

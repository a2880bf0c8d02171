//! Takes one line of JSON apart: the members of one object, values as text.
//!
//! Numbers keep the digits they are written with, because money must not pass
//! through a binary float. The line is first checked by `serde_json`; the walk
//! below relies on that and decodes nothing else.

use serde::de::IgnoredAny;

/// Name and value of a member; a null has no value.
pub(super) type Member = (String, Option<String>);

/// The members of the object on a line, in order.
///
/// # Errors
/// What is wrong with the line: "is not …".
pub(super) fn members(line: &str) -> Result<Vec<Member>, &'static str> {
    serde_json::from_str::<IgnoredAny>(line).map_err(|_| "is not valid JSON")?;
    let mut rest = line
        .trim_start()
        .strip_prefix('{')
        .ok_or("is not a JSON object")?;
    let mut members: Vec<Member> = Vec::new();
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
        if rest.starts_with('}') {
            return Ok(members);
        }
        let (name, after) = rest.split_at(string_end(rest));
        let name = unquoted(name)?;
        let after = after
            .trim_start()
            .strip_prefix(':')
            .ok_or(INVALID)?
            .trim_start();
        let (value, after) = after.split_at(value_end(after));
        if members.iter().any(|(known, _)| *known == name) {
            return Err("has a name twice");
        }
        members.push((name, text_of(value.trim_end())?));
        rest = after;
    }
}

const INVALID: &str = "is not valid JSON";

fn text_of(value: &str) -> Result<Option<String>, &'static str> {
    match value.as_bytes().first() {
        Some(b'"') => unquoted(value).map(Some),
        Some(b'n') => Ok(None),
        Some(_) => Ok(Some(value.to_owned())),
        None => Err(INVALID),
    }
}

fn unquoted(text: &str) -> Result<String, &'static str> {
    serde_json::from_str(text).map_err(|_| INVALID)
}

/// Where the string that starts `text` ends, its closing quote included.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where the value that starts `text` ends.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += string_end(&text[at..]);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_digits() {
        let line = r#" {"a": 12345678901234.5670, "b\"}": "x,\"y\" \u00e9", "c":null,"d":true ,
            "e": {"f": [1, "}"]}, "g": "" , "h": -1e3}"#;
        let found = members(line).unwrap();
        let expected = [
            ("a", Some("12345678901234.5670")),
            ("b\"}", Some("x,\"y\" é")),
            ("c", None),
            ("d", Some("true")),
            ("e", Some(r#"{"f": [1, "}"]}"#)),
            ("g", Some("")),
            ("h", Some("-1e3")),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(found, expected);
        assert_eq!(members("{}").unwrap(), []);
    }

    #[test]
    fn other_lines_are_refused() {
        assert_eq!(members("[1]"), Err("is not a JSON object"));
        assert_eq!(members("{\"a\": 1"), Err("is not valid JSON"));
        assert_eq!(members("{\"a\": 1, \"a\": 2}"), Err("has a name twice"));
        assert_eq!(members("{'a': 1}"), Err("is not valid JSON"));
    }
}

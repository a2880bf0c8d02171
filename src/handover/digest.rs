//! The tasks of one owner as a message in the shape that Slack takes (Block Kit).
//!
//! Limits of the format are kept by construction: 50 blocks a message, 3,000 characters a
//! section, 150 a header. What comes from the data is escaped, so that nobody's name can
//! call a channel or make a link. Nothing is sent here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::is_japanese;
use crate::config::Language;
use crate::report::Rows;

/// Blocks that are not tasks: header, summary, the note of what is left.
const OTHER_BLOCKS: usize = 3;
/// Most blocks of a message.
const MOST_BLOCKS: usize = 50;
/// Most characters of a section, with room for the escapes of its last character.
const LONGEST_SECTION: usize = 2_900;
/// Most characters of one part of a task.
const LONGEST_PART: usize = 600;
/// Most characters of a header.
const LONGEST_HEADER: usize = 150;

/// A message for one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The owner; empty for tasks that are nobody's.
    pub owner: String,
    /// The JSON of the message.
    pub body: String,
}

/// One message for each owner with tasks, in the order of owners; of each the `most` most
/// urgent tasks.
pub fn messages(tasks: &Rows, as_of: &str, most: usize, language: Language) -> Vec<Message> {
    let mut by_owner: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..tasks.len() {
        let owner = tasks.text(row, "owner_id").unwrap_or_default();
        by_owner.entry(owner).or_default().push(row);
    }
    by_owner
        .into_iter()
        .map(|(owner, mut rows)| {
            rows.sort_by_key(|row| {
                let number = |column| tasks.integer(*row, column).unwrap_or(i64::MAX);
                let key = tasks.text(*row, "task_key").unwrap_or_default();
                (number("urgency"), number("list_rank"), key)
            });
            Message {
                owner: owner.to_owned(),
                body: body(tasks, owner, &rows, as_of, most, language),
            }
        })
        .collect()
}

fn body(
    tasks: &Rows,
    owner: &str,
    rows: &[usize],
    as_of: &str,
    most: usize,
    language: Language,
) -> String {
    let shown = most.min(MOST_BLOCKS - OTHER_BLOCKS).min(rows.len());
    let who = if owner.is_empty() { "-" } else { owner };
    let title = if is_japanese(language) {
        format!("{as_of} のタスク {}件（{who}）", rows.len())
    } else {
        format!("{} tasks for {who}, {as_of}", rows.len())
    };
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": cut(&title, LONGEST_HEADER), "emoji": false},
    })];
    blocks.extend(
        rows.iter()
            .take(shown)
            .map(|row| section(tasks, *row, language)),
    );
    if shown < rows.len() {
        let rest = rows.len() - shown;
        let text = if is_japanese(language) {
            format!("ほか{rest}件")
        } else {
            format!("and {rest} more")
        };
        blocks.push(json!({
            "type": "context",
            "elements": [{"type": "plain_text", "text": text, "emoji": false}],
        }));
    }
    // what shows where blocks do not, in a notification
    let fallback = escaped(&cut(&title, LONGEST_HEADER));
    let message: Value = json!({"text": fallback, "blocks": blocks});
    format!("{message}\n")
}

fn section(tasks: &Rows, row: usize, language: Language) -> Value {
    let part = |column| {
        escaped(&cut(
            tasks.text(row, column).unwrap_or_default(),
            LONGEST_PART,
        ))
    };
    let account = match tasks.text(row, "account_name") {
        Some(_) => format!("{} ({})", part("account_name"), part("account_id")),
        None => part("account_id"),
    };
    let due = tasks.day_text(row, "due_on").unwrap_or_default();
    let due = if is_japanese(language) {
        format!("期限 {due}")
    } else {
        format!("due {due}")
    };
    let text = format!(
        "*{account}* · {} · {due}\n{}\n→ {}",
        part("task_type"),
        part("why"),
        part("next_step")
    );
    json!({
        "type": "section",
        "text": {"type": "mrkdwn", "text": cut(&text, LONGEST_SECTION), "verbatim": true},
    })
}

/// The first `most` characters, the last of them an ellipsis where more are left out.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// The three characters that Slack gives a meaning to, as it wants them; line feeds and
/// other control characters as blanks, so that a task stays one task.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn tasks(rows: &[(Option<&str>, &str, i64)]) -> Rows {
        let text = |name| Field::new(name, DataType::Utf8, true);
        let schema = Arc::new(Schema::new(vec![
            text("owner_id"),
            text("account_id"),
            text("account_name"),
            text("task_type"),
            text("why"),
            text("next_step"),
            text("task_key"),
            Field::new("urgency", DataType::Int64, true),
            Field::new("list_rank", DataType::Int64, true),
        ]));
        let texts = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as _;
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                texts(rows.iter().map(|row| row.0).collect()),
                texts(rows.iter().map(|_| Some("a1")).collect()),
                texts(rows.iter().map(|_| Some("<!channel> & Co")).collect()),
                texts(rows.iter().map(|_| Some("risk")).collect()),
                texts(rows.iter().map(|row| Some(row.1)).collect()),
                texts(rows.iter().map(|_| Some("call\nnow")).collect()),
                texts(rows.iter().map(|row| Some(row.1)).collect()),
                Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2))),
                Arc::new(Int64Array::from_iter_values(rows.iter().map(|_| 1))),
            ],
        )
        .unwrap();
        Rows::from_batches(&schema, &[batch]).unwrap()
    }

    fn parsed(message: &Message) -> Value {
        serde_json::from_str(&message.body).unwrap()
    }

    #[test]
    fn one_message_an_owner_and_the_most_urgent_first() {
        let rows = tasks(&[
            (Some("o2"), "x", 1),
            (Some("o1"), "b", 2),
            (None, "c", 1),
            (Some("o1"), "a", 1),
        ]);
        let all = messages(&rows, "2026-06-30", 1, Language::En);
        let owners: Vec<&str> = all.iter().map(|message| message.owner.as_str()).collect();
        assert_eq!(owners, ["", "o1", "o2"]);
        let message = parsed(&all[1]);
        assert_eq!(message["text"], "2 tasks for o1, 2026-06-30");
        let blocks = message["blocks"].as_array().unwrap();
        assert_eq!(blocks.len(), 3);
        let text = blocks[1]["text"]["text"].as_str().unwrap();
        assert!(
            text.starts_with("*&lt;!channel&gt; &amp; Co (a1)* · risk"),
            "{text}"
        );
        assert!(text.ends_with("\na\n→ call now"), "{text}");
        assert_eq!(blocks[2]["elements"][0]["text"], "and 1 more");
    }

    #[test]
    fn limits_are_kept_whatever_the_data_say() {
        let long = "<&>".repeat(2_000);
        let rows = tasks(&vec![(Some("o1"), long.as_str(), 1); 120]);
        let message = parsed(&messages(&rows, "2026-06-30", 500, Language::Ja)[0]);
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() <= MOST_BLOCKS, "{}", blocks.len());
        for block in blocks {
            let text = block["text"]["text"].as_str().unwrap_or_default();
            assert!(text.chars().count() <= 3_000);
        }
    }
}

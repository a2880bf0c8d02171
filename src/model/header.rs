//! The comment block at the top of a model: what a row is, its grain, its
//! columns, how it is kept.
//!
//! Strict on purpose: a key that is misspelt, or that means nothing in the
//! model's layer, is an error with its line, because a header that is silently
//! ignored is a check that never runs. This module reads comments only; it
//! knows nothing of the SQL below them.
//!
//! ```text
//! -- One account on the as-of day. Accounts without events are kept.
//! -- grain: account_id
//! -- columns:
//! --   account_id | text | key | the account
//! --   score | float | 0-100 | higher is better
//! ```

use std::collections::BTreeSet;
use std::fmt;

use datafusion::arrow::datatypes::{DataType, TimeUnit};

use super::Layer;
use crate::error::{Error, Result, closest};

const KEYS: [&str; 8] = [
    "grain",
    "materialise",
    "partition",
    "lookback",
    "accumulates",
    "columns",
    "severity",
    "checks",
];

/// What the header of a model says.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a line of the header that is there or not"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The sentences, joined by spaces.
    pub about: String,
    /// Columns that are never null and unique together, and the order of the
    /// rows; empty for checks only.
    pub grain: Vec<String>,
    /// The columns in the order of the `select`; mandatory for marts.
    pub columns: Vec<ColumnDoc>,
    /// Inlined into its readers instead of being written.
    pub is_view: bool,
    /// Built and kept day by day, or as a view computed so; the grain contains
    /// `day`.
    pub is_by_day: bool,
    /// Built and kept for one cutoff after the other; the grain contains
    /// `cutoff`.
    pub is_by_cutoff: bool,
    /// Built from its own rows of an earlier day and what came after.
    pub accumulates: bool,
    /// How many days back a cutoff, or the first new day, is seen from: the
    /// cutoff is one of them, the new day is not.
    pub lookback: Option<u16>,
    /// What a row of a check means for the run; `Some` for checks only.
    pub severity: Option<Severity>,
    /// The table that a check is about; `Some` for checks only.
    pub checks: Option<String>,
}

/// One documented column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDoc {
    /// Name, as in the `select`.
    pub name: String,
    /// Type; the table must have exactly this one.
    pub kind: ColumnKind,
    /// Unit in free text; empty when the header says `-`.
    pub unit: String,
    /// Meaning.
    pub about: String,
}

/// The types a published column may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    Integer,
    /// 64-bit float.
    Float,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant in UTC, in microseconds.
    Timestamp,
    /// An exact decimal of up to 38 digits.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// A list of texts.
    TextList,
    /// A list of instants.
    TimestampList,
}

impl ColumnKind {
    /// Reads the type as a header writes it, for example `decimal(38,4)`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "text" => Self::Text,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "list<text>" => Self::TextList,
            "list<timestamp>" => Self::TimestampList,
            other => {
                let digits = other.strip_prefix("decimal(")?.strip_suffix(')')?;
                let (precision, scale) = digits.split_once(',')?;
                let precision = precision.trim().parse::<u8>().ok()?;
                let scale = scale.trim().parse::<i8>().ok()?;
                if !(1..=38).contains(&precision) || scale < 0 || scale.unsigned_abs() > precision {
                    return None;
                }
                Self::Decimal { precision, scale }
            }
        })
    }

    /// Whether a table's column of type `actual` is of this kind. The engine
    /// may hold text as views, and names the items of a list as it likes;
    /// neither shows in the published file.
    pub fn matches(self, actual: &DataType) -> bool {
        match (self, actual) {
            (Self::Text, DataType::Utf8 | DataType::Utf8View)
            | (Self::Integer, DataType::Int64)
            | (Self::Float, DataType::Float64)
            | (Self::Boolean, DataType::Boolean)
            | (Self::Date, DataType::Date32) => true,
            (Self::Timestamp, DataType::Timestamp(TimeUnit::Microsecond, Some(zone))) => {
                zone.as_ref() == "UTC"
            }
            (
                Self::Decimal { precision, scale },
                DataType::Decimal128(actual_precision, actual_scale),
            ) => precision == *actual_precision && scale == *actual_scale,
            (Self::TextList, DataType::List(item)) => Self::Text.matches(item.data_type()),
            (Self::TimestampList, DataType::List(item)) => {
                Self::Timestamp.matches(item.data_type())
            }
            _ => false,
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::TextList => "list<text>",
            Self::TimestampList => "list<timestamp>",
            Self::Decimal { precision, scale } => {
                return write!(formatter, "decimal({precision},{scale})");
            }
        })
    }
}

/// What a wrong row found by a check means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is published.
    Error,
    /// The run goes on; `data_quality` reports it.
    Warn,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
        })
    }
}

/// Reads the comment lines at the head of `text`, the content of `file`.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] at the line that is wrong.
pub(super) fn parse(file: &str, layer: Layer, text: &str) -> Result<Header> {
    let mut reader = Reader {
        file,
        layer,
        header: Header::default(),
        seen: BTreeSet::new(),
        is_in_columns: false,
    };
    let mut end = 1;
    for (number, line) in (1_u64..).zip(text.lines()) {
        let Some(comment) = line.strip_prefix("--") else {
            break;
        };
        end = number;
        reader.line(number, comment)?;
    }
    reader.finish(end)
}

struct Reader<'a> {
    file: &'a str,
    layer: Layer,
    header: Header,
    seen: BTreeSet<String>,
    is_in_columns: bool,
}

impl Reader<'_> {
    fn error(&self, line: u64, message: impl Into<String>) -> Error {
        Error::usage(message).at(self.file, Some(line), Some(1))
    }

    fn line(&mut self, number: u64, comment: &str) -> Result<()> {
        let content = comment.trim();
        if let Some((key, value)) = option_of(content).filter(|(key, _)| self.is_key(key)) {
            self.is_in_columns = false;
            return self.option(number, key, value);
        }
        if self.is_in_columns {
            return self.column(number, content);
        }
        if !self.seen.is_empty() {
            return Err(self
                .error(number, "text after the first key of the header")
                .with_hint("put the sentences first, then `grain:` and the other keys"));
        }
        if !self.header.about.is_empty() && !content.is_empty() {
            self.header.about.push(' ');
        }
        self.header.about.push_str(content);
        Ok(())
    }

    /// A sentence may start a line with `word:` too; below the first key, or
    /// when it looks like a slip, such a word is meant as a key.
    fn is_key(&self, word: &str) -> bool {
        !self.seen.is_empty() || closest(word, KEYS).is_some()
    }

    fn option(&mut self, number: u64, key: &str, value: &str) -> Result<()> {
        if !KEYS.contains(&key) {
            let error = self.error(number, format!("unknown header key `{key}`"));
            return Err(error.with_hint(match closest(key, KEYS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "keys are {}; sentences stand before the first of them",
                    KEYS.map(|known| format!("`{known}`")).join(", ")
                ),
            }));
        }
        let is_check = self.layer == Layer::Check;
        let is_kept = matches!(self.layer, Layer::Staging | Layer::Intermediate);
        let (fits, where_it_belongs) = match key {
            "grain" | "columns" => (!is_check, "models, not checks"),
            "materialise" | "partition" => (is_kept, "staging and intermediate models"),
            "lookback" | "accumulates" => {
                (self.layer == Layer::Intermediate, "intermediate models")
            }
            _ => (is_check, "checks"),
        };
        if !fits {
            return Err(self
                .error(number, format!("`{key}` has no place in {}", self.layer))
                .with_hint(format!(
                    "`{key}` is for {where_it_belongs}: remove the line, or move the file"
                )));
        }
        if !self.seen.insert(key.to_owned()) {
            return Err(self
                .error(number, format!("`{key}` is given twice"))
                .with_hint("keep one of the two lines"));
        }
        match key {
            "grain" => self.header.grain = self.names(number, value)?,
            "materialise" => {
                self.exactly(number, key, value, "view")?;
                self.header.is_view = true;
            }
            "partition" if value == "cutoff" && self.layer == Layer::Intermediate => {
                self.header.is_by_cutoff = true;
            }
            "partition" => {
                self.exactly(number, key, value, "day")?;
                self.header.is_by_day = true;
            }
            "lookback" => self.header.lookback = Some(self.days(number, value)?),
            "accumulates" => {
                self.exactly(number, key, value, "day")?;
                self.header.accumulates = true;
            }
            "columns" => {
                self.exactly(number, key, value, "")?;
                self.is_in_columns = true;
            }
            "severity" => self.header.severity = Some(self.severity(number, value)?),
            _ => self.header.checks = Some(self.name(number, value)?),
        }
        Ok(())
    }

    fn exactly(&self, number: u64, key: &str, value: &str, expected: &str) -> Result<()> {
        if value == expected {
            return Ok(());
        }
        Err(self
            .error(number, format!("`{key}` cannot be `{value}`"))
            .with_hint(format!(
                "write `-- {}`",
                format!("{key}: {expected}").trim()
            )))
    }

    fn days(&self, number: u64, value: &str) -> Result<u16> {
        let days = value
            .strip_suffix(" days")
            .and_then(|days| days.parse().ok());
        days.filter(|days| *days > 0).ok_or_else(|| {
            self.error(number, format!("`lookback` cannot be `{value}`"))
                .with_hint("write the days in figures, for example `-- lookback: 90 days`")
        })
    }

    fn severity(&self, number: u64, value: &str) -> Result<Severity> {
        match value {
            "error" => Ok(Severity::Error),
            "warn" => Ok(Severity::Warn),
            _ => Err(self
                .error(number, format!("`severity` cannot be `{value}`"))
                .with_hint("write `error` to stop the publication, or `warn` to report")),
        }
    }

    fn name(&self, number: u64, text: &str) -> Result<String> {
        if is_name(text) {
            return Ok(text.to_owned());
        }
        Err(self
            .error(number, format!("`{text}` is not a name"))
            .with_hint("names are lower case letters, digits and `_`, and start with a letter"))
    }

    fn names(&self, number: u64, text: &str) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for part in text.split(',') {
            let name = self.name(number, part.trim())?;
            if names.contains(&name) {
                return Err(self
                    .error(number, format!("`{name}` is twice in the grain"))
                    .with_hint("name each column once"));
            }
            names.push(name);
        }
        Ok(names)
    }

    fn column(&mut self, number: u64, content: &str) -> Result<()> {
        let parts: Vec<&str> = content.splitn(4, '|').map(str::trim).collect();
        if let ([continued], Some(previous)) = (parts.as_slice(), self.header.columns.last_mut()) {
            previous.about.push(' ');
            previous.about.push_str(continued);
            return Ok(());
        }
        let [name, kind, unit, about] = parts.as_slice() else {
            return Err(self
                .error(number, format!("`{content}` does not describe a column"))
                .with_hint("write `name | type | unit | meaning`, with `-` for no unit"));
        };
        let name = self.name(number, name)?;
        let kind = ColumnKind::parse(kind).ok_or_else(|| {
            self.error(
                number,
                format!("column `{name}` has an unknown type `{kind}`"),
            )
            .with_hint(
                "types are text, integer, float, boolean, date, timestamp, decimal(p,s), \
                     list<text> and list<timestamp>",
            )
        })?;
        if about.is_empty() {
            return Err(self
                .error(number, format!("column `{name}` has no meaning"))
                .with_hint("say in a few words what a value means"));
        }
        if self.header.columns.iter().any(|column| column.name == name) {
            return Err(self
                .error(number, format!("column `{name}` is described twice"))
                .with_hint("keep one of the two lines"));
        }
        self.header.columns.push(ColumnDoc {
            name,
            kind,
            unit: if *unit == "-" {
                String::new()
            } else {
                (*unit).to_owned()
            },
            about: (*about).to_owned(),
        });
        Ok(())
    }

    fn finish(self, end: u64) -> Result<Header> {
        let mandatory: &[(&str, &str)] = match self.layer {
            Layer::Staging | Layer::Intermediate => &[("grain", "-- grain: account_id")],
            Layer::Mart => &[
                ("grain", "-- grain: account_id"),
                (
                    "columns",
                    "-- columns:` followed by `--   name | type | unit | meaning",
                ),
            ],
            Layer::Check => &[
                ("severity", "-- severity: error"),
                ("checks", "-- checks: account_health"),
            ],
        };
        if self.header.about.is_empty() {
            return Err(self
                .error(1, "the header does not say what a row is")
                .with_hint("start the file with `-- ` and a sentence"));
        }
        for (key, example) in mandatory {
            let is_empty_list = *key == "columns" && self.header.columns.is_empty();
            if !self.seen.contains(*key) || is_empty_list {
                return Err(self
                    .error(end, format!("the header has no `{key}`"))
                    .with_hint(format!("add a line such as `{example}`")));
            }
        }
        self.is_consistent(end)?;
        let header = &self.header;
        if !header.columns.is_empty()
            && let Some(missing) = header
                .grain
                .iter()
                .find(|name| !header.columns.iter().any(|column| &column.name == *name))
        {
            return Err(self
                .error(
                    end,
                    format!("`{missing}` of the grain is not among the columns"),
                )
                .with_hint(format!("describe `{missing}` under `columns:`")));
        }
        Ok(self.header)
    }

    /// What is built in parts says all that this takes.
    fn is_consistent(&self, end: u64) -> Result<()> {
        let header = &self.header;
        let has = |column: &str| header.grain.iter().any(|name| name == column);
        let (wrong, hint) = if header.is_by_day && !has("day") {
            (
                "`partition: day` needs `day` in the grain",
                "add `day` to `grain`, or remove `partition`",
            )
        } else if header.is_by_cutoff && !has("cutoff") {
            (
                "`partition: cutoff` needs `cutoff` in the grain",
                "add `cutoff` to `grain`, or remove `partition`",
            )
        } else if header.is_by_cutoff && header.lookback.is_none() {
            (
                "`partition: cutoff` does not say how far back it looks",
                "add a line such as `-- lookback: 90 days`",
            )
        } else if header.lookback.is_some() && !header.is_by_cutoff && !header.accumulates {
            (
                "`lookback` belongs to `partition: cutoff` or `accumulates: day`",
                "add one of them, or remove `lookback`",
            )
        } else if header.accumulates && header.columns.is_empty() {
            (
                "`accumulates: day` needs `columns`: the model reads them as its earlier rows",
                "add `-- columns:` followed by `--   name | type | unit | meaning`",
            )
        } else if (header.accumulates || header.is_by_cutoff)
            && (header.is_view || header.is_by_day || header.accumulates == header.is_by_cutoff)
        {
            (
                "a model is a view, or kept by day, or by cutoff, or it accumulates",
                "keep one of the lines",
            )
        } else {
            return Ok(());
        };
        Err(self.error(end, wrong).with_hint(hint))
    }
}

/// `key: value` when `content` starts with a lower-case word and a colon.
fn option_of(content: &str) -> Option<(&str, &str)> {
    let (key, value) = content.split_once(':')?;
    let is_key = is_name(key) && (value.is_empty() || value.starts_with(' '));
    is_key.then(|| (key, value.trim()))
}

/// Whether `text` is a table or column name: lower case letters, digits and
/// `_`, starting with a letter.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(layer: Layer, text: &str) -> String {
        parse("f.sql", layer, text).unwrap_err().render()
    }

    #[test]
    fn a_full_header_of_a_mart() {
        let text = "-- One account, with\n-- zeros: silence is a signal.\n-- grain: account_id, day\n\
                    -- columns:\n--   account_id | text | key | the account\n\
                    --   day | date | - | the day,\n--     in the zone\n\
                    --   arr | decimal(18,4) | money | a | b\n\nselect 1\n";
        let header = parse("f.sql", Layer::Mart, text).unwrap();
        assert_eq!(
            header.about,
            "One account, with zeros: silence is a signal."
        );
        assert_eq!(header.grain, ["account_id", "day"]);
        assert_eq!(header.columns[1].unit, "");
        assert_eq!(header.columns[1].about, "the day, in the zone");
        assert_eq!(
            header.columns[2].kind,
            ColumnKind::Decimal {
                precision: 18,
                scale: 4
            }
        );
        assert_eq!(header.columns[2].about, "a | b");
    }

    fn check_failures(layer: Layer, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let shown = failure(layer, text);
            assert!(shown.contains(expected), "{expected} not in {shown}");
        }
    }

    #[test]
    fn errors_of_models_name_line_and_remedy() {
        let cases = [
            (
                "select 1",
                "f.sql:1:1: the header does not say what a row is",
            ),
            ("-- A row.\nselect 1", "the header has no `grain`"),
            (
                "-- A row.\n-- grian: a",
                "f.sql:2:1: unknown header key `grian`",
            ),
            ("-- A row.\n-- grian: a", "did you mean `grain`?"),
            (
                "-- A row.\n-- grain: a\n-- owner: b",
                "f.sql:3:1: unknown header key `owner`",
            ),
            ("-- A row.\n-- grain: a, A", "`A` is not a name"),
            (
                "-- A row.\n-- grain: a\n-- grain: b",
                "`grain` is given twice",
            ),
            (
                "-- A row.\n-- grain: a\n-- More.",
                "text after the first key",
            ),
            (
                "-- A.\n-- grain: a\n-- severity: warn",
                "no place in staging",
            ),
            ("-- A.\n-- grain: a\n-- partition: day", "needs `day`"),
            (
                "-- A.\n-- grain: a\n-- accumulates: day",
                "no place in staging",
            ),
            (
                "-- A.\n-- grain: a\n-- materialise: table",
                "write `-- materialise: view`",
            ),
        ];
        check_failures(Layer::Staging, &cases);
    }

    #[test]
    fn models_built_in_parts_say_all_that_this_takes() {
        let cases = [
            ("-- A.\n-- grain: a\n-- partition: cutoff", "needs `cutoff`"),
            (
                "-- A.\n-- grain: cutoff\n-- partition: cutoff",
                "add a line such as `-- lookback: 90 days`",
            ),
            (
                "-- A.\n-- grain: a\n-- lookback: 0 days",
                "`lookback` cannot be `0 days`",
            ),
            (
                "-- A.\n-- grain: a\n-- lookback: 9 days",
                "belongs to `partition: cutoff`",
            ),
            ("-- A.\n-- grain: a\n-- accumulates: day", "needs `columns`"),
            (
                "-- A.\n-- grain: day\n-- partition: day\n-- accumulates: day\n-- columns:\n\
                 --   day | date | day | the day",
                "keep one of the lines",
            ),
        ];
        for (text, expected) in cases {
            let shown = failure(Layer::Intermediate, text);
            assert!(shown.contains(expected), "{expected} not in {shown}");
        }
        let text = "-- A.\n-- grain: a\n-- accumulates: day\n-- lookback: 91 days\n-- columns:\n\
                    --   a | text | key | the key";
        let header = parse("f.sql", Layer::Intermediate, text).unwrap();
        assert!(header.accumulates && !header.is_by_cutoff);
        assert_eq!(header.lookback, Some(91));
    }

    #[test]
    fn errors_of_marts_and_checks_name_line_and_remedy() {
        let head = "-- A.\n-- grain: a\n-- columns:\n";
        let unlisted = format!("{head}-- b | text | - | c");
        let unknown = format!("{head}-- a | string | - | c");
        let short = format!("{head}-- a | text");
        let marts = [
            ("-- A.\n-- grain: a\n-- partition: day", "no place in marts"),
            ("-- A.\n-- grain: a", "the header has no `columns`"),
            (unlisted.as_str(), "`a` of the grain"),
            (unknown.as_str(), "unknown type `string`"),
            (short.as_str(), "does not describe"),
        ];
        check_failures(Layer::Mart, &marts);
        let checks = [
            ("-- A.\n-- severity: error", "the header has no `checks`"),
            ("-- A.\n-- severity: fatal", "`severity` cannot be `fatal`"),
            ("-- A.\n-- grain: a", "no place in checks"),
        ];
        check_failures(Layer::Check, &checks);
    }

    #[test]
    fn kinds_print_as_they_are_written() {
        for text in [
            "text",
            "float",
            "decimal(38,4)",
            "list<text>",
            "list<timestamp>",
        ] {
            assert_eq!(ColumnKind::parse(text).unwrap().to_string(), text);
        }
        for wrong in [
            "decimal(39,4)",
            "decimal(4,5)",
            "decimal(4,-1)",
            "decimal",
            "Text",
            "int",
        ] {
            assert_eq!(ColumnKind::parse(wrong), None, "{wrong}");
        }
    }
}

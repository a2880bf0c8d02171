//! DataFusion's errors as kenko's: who acts, where in the file, what to do.
//!
//! It only translates; it neither retries nor prints.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

use arrow::error::ArrowError;
use datafusion::common::Diagnostic;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;

use super::parquet_file::Failure;
use super::{Statement, session};
use crate::error::{Error, ErrorKind, closest};

/// The text of a DataFusion error without its backtrace, as a cause.
#[derive(Debug)]
pub(super) struct Cause(String);

impl Cause {
    pub(super) fn of(error: &DataFusionError) -> Self {
        Self(error.strip_backtrace())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for Cause {}

/// An error of SQL text: the model's author acts.
pub(super) fn while_planning(
    statement: &Statement<'_>,
    state: &SessionState,
    error: &DataFusionError,
) -> Error {
    let first = error.iter().next().unwrap_or(error);
    match first.find_root() {
        DataFusionError::SQL(parser, _) => return syntax(statement, &parser.to_string()),
        DataFusionError::Internal(_) => {
            return Error::bug(format!("cannot plan `{}`", statement.name))
                .at(statement.file, None, None)
                .with_source(Cause::of(first));
        }
        _ => {}
    }
    let Some(diagnostic) = first.diagnostic() else {
        let text = one_line(&first.find_root().message());
        let hint = hint_for(&text);
        return Error::usage(text)
            .at(statement.file, None, None)
            .maybe_hint(hint);
    };
    let start = diagnostic.span.map(|span| span.start);
    let hint = hint_for(&diagnostic.message)
        .or_else(|| nearest_function(&diagnostic.message, state))
        .or_else(|| help_of(diagnostic));
    Error::usage(one_line(&diagnostic.message))
        .at(
            statement.file,
            start.map(|place| place.line),
            start.map(|place| place.column),
        )
        .maybe_hint(hint)
}

/// DataFusion suggests some function of its own whatever was written; only a
/// near one helps, and always the same one.
fn nearest_function(message: &str, state: &SessionState) -> Option<String> {
    let wrong = message
        .strip_prefix("Invalid function '")?
        .trim_end_matches('\'');
    let names: BTreeSet<&str> = (state.scalar_functions().keys())
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys())
        .map(String::as_str)
        .collect();
    Some(closest(wrong, names).map_or_else(
        || "docs/functions.md lists the functions there are".to_owned(),
        |name| format!("did you mean `{name}`?"),
    ))
}

fn syntax(statement: &Statement<'_>, text: &str) -> Error {
    let text = text
        .trim_start_matches("sql parser error: ")
        .trim_end_matches(|last: char| last == '.' || last.is_whitespace());
    let (message, line, column) = match text.rfind(" at Line: ") {
        Some(at) => {
            let mut numbers = text[at..]
                .split(|letter: char| !letter.is_ascii_digit())
                .filter_map(|digits| digits.parse::<u64>().ok());
            (&text[..at], numbers.next(), numbers.next())
        }
        None => (text, None, None),
    };
    Error::usage(format!("syntax error: {}", one_line(message))).at(statement.file, line, column)
}

/// DataFusion's own helps and notes, for example "possible column …".
fn help_of(diagnostic: &Diagnostic) -> Option<String> {
    let helps = diagnostic.helps.iter().map(|help| &help.message);
    let notes = diagnostic.notes.iter().map(|note| &note.message);
    let texts: Vec<&str> = helps.chain(notes).map(String::as_str).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn hint_for(message: &str) -> Option<String> {
    let lower = message.to_lowercase();
    let asks_for = |name: &&str| lower.contains(&format!("'{name}'"));
    if session::VOLATILE.iter().any(asks_for) {
        return Some(
            "the same inputs must give the same rows: write `$as_of` for the day, and nothing random"
                .to_owned(),
        );
    }
    lower
        .contains("no value found for placeholder")
        .then(|| "`$as_of` is the only parameter; thresholds come from cfg_ tables".to_owned())
}

/// An error of running a query that had planned.
pub(super) fn while_running(name: &str, file: Option<&str>, error: &DataFusionError) -> Error {
    let found = Error::new(kind_of(error), message_for(name, error));
    let found = match file {
        Some(file) => found.at(file, None, None),
        None => found,
    };
    found
        .maybe_hint(hint_for_running(error))
        .with_source(Cause::of(error))
}

/// An error of writing the rows of `name` into `target`.
pub(super) fn while_writing(name: &str, target: &Path, failure: Failure) -> Error {
    match failure {
        Failure::Io(cause) if cause.kind() == io::ErrorKind::StorageFull => Error::new(
            ErrorKind::Resources,
            format!("no disk space left while writing `{name}`"),
        )
        .with_hint(NO_SPACE)
        .with_source(cause),
        Failure::Io(cause) => {
            Error::unavailable(format!("cannot write `{}` for `{name}`", target.display()))
                .with_source(cause)
        }
        Failure::Parquet(cause) => {
            Error::bug(format!("cannot encode the rows of `{name}`")).with_source(cause)
        }
    }
}

const NO_SPACE: &str = "free space in the scratch folder, or name another one with `--scratch`";

/// What the causes of an error say about who acts.
#[derive(Clone, Copy)]
enum Origin {
    Own(ErrorKind),
    DiskFull,
    Storage,
    Changed,
    Damaged,
    Memory,
    Panic,
    Fault,
    Sql,
}

impl Origin {
    /// The deepest cause that is known decides: what stands above it has only
    /// passed it on.
    fn of(error: &DataFusionError) -> Self {
        let mut found = match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory,
            DataFusionError::ExecutionJoin(_) => Self::Panic,
            DataFusionError::ParquetError(_) => Self::Damaged,
            DataFusionError::Internal(_)
            | DataFusionError::External(_)
            | DataFusionError::IoError(_) => Self::Fault,
            _ => Self::Sql,
        };
        let mut current: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(cause) = current {
            if let Some(cause) = cause.downcast_ref::<Error>() {
                found = Self::Own(cause.kind());
            } else if let Some(cause) = cause.downcast_ref::<io::Error>() {
                found = match cause.kind() {
                    io::ErrorKind::StorageFull => Self::DiskFull,
                    _ => Self::Storage,
                };
            } else if let Some(cause) = cause.downcast_ref::<object_store::Error>() {
                found = match cause {
                    object_store::Error::NotFound { .. }
                    | object_store::Error::Precondition { .. } => Self::Changed,
                    _ => Self::Storage,
                };
            } else if let Some(ArrowError::ParquetError(_)) = cause.downcast_ref::<ArrowError>() {
                // What the decoder of pages says comes as Arrow's error.
                found = Self::Damaged;
            }
            current = cause.source();
        }
        found
    }
}

fn kind_of(error: &DataFusionError) -> ErrorKind {
    match Origin::of(error) {
        Origin::Own(kind) => kind,
        Origin::DiskFull | Origin::Memory => ErrorKind::Resources,
        Origin::Storage | Origin::Changed => ErrorKind::Unavailable,
        Origin::Damaged => ErrorKind::Data,
        Origin::Panic | Origin::Fault => ErrorKind::Bug,
        Origin::Sql => ErrorKind::Usage,
    }
}

fn message_for(name: &str, error: &DataFusionError) -> String {
    match Origin::of(error) {
        Origin::DiskFull => format!("no disk space left while making `{name}`"),
        Origin::Memory => format!("`{name}` needs more memory"),
        Origin::Storage => format!("storage failed while making `{name}`"),
        Origin::Changed => format!("a file that `{name}` reads changed during the run"),
        Origin::Damaged => format!("a Parquet file that `{name}` reads is damaged"),
        Origin::Panic => format!("a task panicked while making `{name}`"),
        Origin::Fault => format!("the engine failed while making `{name}`"),
        Origin::Own(_) | Origin::Sql => format!("`{name}` failed"),
    }
}

fn hint_for_running(error: &DataFusionError) -> Option<String> {
    let hint = match Origin::of(error) {
        Origin::DiskFull => NO_SPACE,
        Origin::Memory => {
            "needs more memory: raise `--memory`, or let the query join and collect fewer rows"
        }
        Origin::Storage => "run again once storage answers",
        Origin::Changed => "run again once the extracts are complete",
        Origin::Damaged => "have the file written again",
        Origin::Sql => "change the query so that it can handle such a value",
        Origin::Own(_) | Origin::Panic | Origin::Fault => return None,
    };
    Some(hint.to_owned())
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').to_owned()
}

trait MaybeHint {
    fn maybe_hint(self, hint: Option<String>) -> Self;
}

impl MaybeHint for Error {
    fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }
}

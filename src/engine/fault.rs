//! DataFusion's errors as kenko's: who acts, where in the file, what to do.
//!
//! It only translates; it neither retries nor prints.

use std::fmt;
use std::io;

use arrow::error::ArrowError;
use datafusion::common::Diagnostic;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use super::{Statement, session};
use crate::error::{Error, ErrorKind};

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

impl std::error::Error for Cause {}

/// An error of SQL text: the model's author acts.
pub(super) fn while_planning(statement: &Statement<'_>, error: &DataFusionError) -> Error {
    let first = error.iter().next().unwrap_or(error);
    if let DataFusionError::SQL(parser, _) = first.find_root() {
        return syntax(statement, &parser.to_string());
    }
    if matches!(first.find_root(), DataFusionError::Internal(_)) {
        return Error::bug(format!("cannot plan `{}`", statement.name))
            .at(statement.file, None, None)
            .with_source(Cause::of(first));
    }
    let Some(diagnostic) = first.diagnostic() else {
        return Error::usage(one_line(&first.find_root().message()))
            .at(statement.file, None, None)
            .maybe_hint(hint_for(&first.to_string()));
    };
    let start = diagnostic.span.map(|span| span.start);
    Error::usage(one_line(&diagnostic.message))
        .at(
            statement.file,
            start.map(|place| place.line),
            start.map(|place| place.column),
        )
        .maybe_hint(hint_for(&diagnostic.message).or_else(|| help_of(diagnostic)))
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
    let asks_for = |name: &&str| {
        lower.contains(&format!("function '{name}'")) || lower.contains(&format!("field named {name}"))
    };
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

/// An error of running a statement that had planned.
pub(super) fn while_running(name: &str, file: &str, error: &DataFusionError) -> Error {
    let root = error.find_root();
    let error_of = |kind, message: String| {
        Error::new(kind, message)
            .at(file, None, None)
            .with_source(Cause::of(error))
    };
    if out_of_disk(root) {
        return error_of(ErrorKind::Resources, format!("no disk space left while making `{name}`"))
            .with_hint("free space in the scratch folder, or name another one with `--scratch`");
    }
    match root {
        DataFusionError::ResourcesExhausted(_) => {
            error_of(ErrorKind::Resources, format!("`{name}` needs more memory"))
                .with_hint("needs more memory: raise `--memory`, or read fewer columns and rows")
        }
        DataFusionError::ExecutionJoin(_) => error_of(
            ErrorKind::Bug,
            format!("a task panicked while making `{name}`"),
        ),
        DataFusionError::Internal(_) => {
            error_of(ErrorKind::Bug, format!("the engine failed while making `{name}`"))
        }
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => error_of(
            ErrorKind::Unavailable,
            format!("storage failed while making `{name}`"),
        ),
        DataFusionError::ParquetError(_) => error_of(
            ErrorKind::Data,
            format!("a Parquet file that `{name}` reads is damaged"),
        )
        .with_hint("have the file written again; `kenko check` names damaged files"),
        DataFusionError::External(cause) => match cause.downcast_ref::<Error>() {
            Some(own) => error_of(own.kind(), format!("cannot make `{name}`")),
            None => external(name, cause.as_ref(), &error_of),
        },
        _ => error_of(ErrorKind::Usage, format!("`{name}` failed"))
            .with_hint("change the SQL so that it can handle such a value"),
    }
}

fn external(
    name: &str,
    cause: &(dyn std::error::Error + Send + Sync + 'static),
    error_of: &impl Fn(ErrorKind, String) -> Error,
) -> Error {
    if cause.is::<io::Error>() || cause.is::<object_store::Error>() {
        return error_of(
            ErrorKind::Unavailable,
            format!("storage failed while making `{name}`"),
        );
    }
    error_of(ErrorKind::Bug, format!("cannot make `{name}`"))
}

/// Whether the disk is full, wherever in the chain of causes that is said.
fn out_of_disk(error: &DataFusionError) -> bool {
    let mut current: Option<&(dyn std::error::Error + 'static)> = match error {
        DataFusionError::IoError(cause) => Some(cause),
        DataFusionError::ArrowError(cause, _) => match cause.as_ref() {
            ArrowError::IoError(_, cause) => Some(cause),
            ArrowError::ExternalError(cause) => Some(cause.as_ref()),
            _ => None,
        },
        DataFusionError::ParquetError(cause) => match cause.as_ref() {
            ParquetError::External(cause) => Some(cause.as_ref()),
            _ => None,
        },
        DataFusionError::ObjectStore(cause) => Some(cause.as_ref()),
        DataFusionError::External(cause) => Some(cause.as_ref()),
        _ => None,
    };
    while let Some(cause) = current {
        if cause
            .downcast_ref::<io::Error>()
            .is_some_and(|cause| cause.kind() == io::ErrorKind::StorageFull)
        {
            return true;
        }
        current = cause.source();
    }
    false
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

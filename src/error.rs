//! The one error type of kenko, sorted by who has to act next.
//!
//! An [`Error`] carries its own sentence, an optional place in a file, an
//! optional hint and an optional cause. `Display` prints the sentence only;
//! the chain is printed in exactly one place, [`Error::render`]. This module
//! deliberately knows nothing of the libraries that fail: each module turns
//! their errors into sentences where it knows what was being attempted.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error says who acts next.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// Who has to act, and with it the exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A fault of kenko itself (exit code 1).
    Bug,
    /// Usage, configuration or SQL: the pipeline's author acts (exit code 2).
    Usage,
    /// An input broke its contract or a check failed: the data's owner acts;
    /// nothing was published (exit code 3).
    Data,
    /// Another run holds or won (exit code 4).
    Conflict,
    /// Storage or cluster unavailable: retry later (exit code 5).
    Unavailable,
    /// The outcome of a commit is unknown: run again (exit code 6).
    OutcomeUnknown,
    /// More memory or disk is needed (exit code 7).
    Resources,
}

impl ErrorKind {
    /// Every kind with its meaning, in order of exit code; the generated
    /// documentation is made of this list.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Bug, "a fault of kenko itself: please report it"),
        (
            Self::Usage,
            "usage, configuration or SQL: the pipeline's author acts",
        ),
        (
            Self::Data,
            "an input broke its contract or a check failed: the data's owner acts, nothing was \
             published",
        ),
        (Self::Conflict, "another run holds or won"),
        (
            Self::Unavailable,
            "storage or cluster unavailable: retry later",
        ),
        (
            Self::OutcomeUnknown,
            "the outcome of a commit is unknown: run again",
        ),
        (Self::Resources, "more memory or disk is needed"),
    ];

    /// The exit code of a process that ends with this kind of error.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Data => 3,
            Self::Conflict => 4,
            Self::Unavailable => 5,
            Self::OutcomeUnknown => 6,
            Self::Resources => 7,
        }
    }

    /// The kind that a process ended with; a code that is none of ours, such as
    /// that of a panic, is a bug.
    pub fn of_exit_code(code: i32) -> Self {
        let mut kinds = Self::ALL.iter().map(|(kind, _)| *kind);
        kinds
            .find(|kind| i32::from(kind.exit_code()) == code)
            .unwrap_or(Self::Bug)
    }

    /// What whoever started the run does next: the scheduler, and every
    /// scheduler that runs kenko.
    pub const fn next_step(self) -> NextStep {
        match self {
            Self::Unavailable | Self::OutcomeUnknown => NextStep::Retry,
            Self::Conflict => NextStep::Wait,
            Self::Bug | Self::Usage | Self::Data | Self::Resources => NextStep::Stop,
        }
    }
}

/// What to do after a run that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Run the same day again after a pause: it may pass by itself.
    Retry,
    /// Somebody else is at it: look later whether anything is left to do.
    Wait,
    /// The same run would fail again: somebody has to act.
    Stop,
}

/// A place in a text file; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file as the user knows it.
    pub file: String,
    /// Line, from 1; `None` when only the file is known.
    pub line: Option<u64>,
    /// Column, from 1.
    pub column: Option<u64>,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
            if let Some(column) = self.column {
                write!(formatter, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// What went wrong, where, what to do about it, and why it happened.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    location: Option<Location>,
    hint: Option<String>,
    source: Option<Cause>,
}

impl Error {
    /// An error of `kind` with its own sentence (no final period).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                location: None,
                hint: None,
                source: None,
            }),
        }
    }

    /// Shorthand for [`ErrorKind::Bug`].
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// Shorthand for [`ErrorKind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Shorthand for [`ErrorKind::Data`].
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// Shorthand for [`ErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Says before the sentence what was being done.
    #[must_use]
    pub fn during(mut self, what: &str) -> Self {
        self.inner.message = format!("{what}: {}", self.inner.message);
        self
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.inner.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Adds the place in a file.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: Option<u64>, column: Option<u64>) -> Self {
        self.inner.location = Some(Location {
            file: file.into(),
            line,
            column,
        });
        self
    }

    /// Who acts next.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Where in a file, when it is about a file's text.
    pub fn location(&self) -> Option<&Location> {
        self.inner.location.as_ref()
    }

    /// What the reader can do, if anything is known.
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// The text a person reads: place and sentence, causes indented, then the
    /// hint. A cause whose text its parent already contains is left out.
    pub fn render(&self) -> String {
        let mut text = String::from("error: ");
        if let Some(location) = &self.inner.location {
            text.push_str(&location.to_string());
            text.push_str(": ");
        }
        text.push_str(&self.inner.message);
        let mut shown = self.inner.message.clone();
        let mut cause = self.source();
        while let Some(current) = cause {
            let sentence = current.to_string();
            if !sentence.is_empty() && !shown.contains(&sentence) {
                text.push_str("\n  caused by: ");
                text.push_str(&sentence.replace('\n', "\n    "));
                shown = sentence;
            }
            cause = current.source();
        }
        if let Some(hint) = &self.inner.hint {
            text.push_str("\n\nhint: ");
            text.push_str(hint);
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.inner.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner
            .source
            .as_ref()
            .map(|cause| cause.as_ref() as &(dyn StdError + 'static))
    }
}

/// The candidate that `name` was probably meant to be, for "did you mean"
/// hints: the nearest by edit distance, if at most a third of it differs. Of
/// equally near ones the first wins.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let distance = edit_distance(name, candidate);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one
/// text into the other (optimal string alignment).
fn edit_distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut current = vec![row; to.len() + 1];
        for column in 1..=to.len() {
            let is_same = from[row - 1] == to[column - 1];
            let mut least = (above[column] + 1)
                .min(current[column - 1] + 1)
                .min(above[column - 1] + usize::from(!is_same));
            let is_swap = row > 1
                && column > 1
                && from[row - 1] == to[column - 2]
                && from[row - 2] == to[column - 1];
            if is_swap {
                least = least.min(before[column - 2] + 1);
            }
            current[column] = least;
        }
        before = std::mem::replace(&mut above, current);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn render_shows_place_causes_once_and_hint() {
        let inner = std::io::Error::other("disk on fire");
        let error = Error::data("cannot read `a.parquet`: disk on fire")
            .with_source(Error::unavailable("storage gave up").with_source(inner))
            .at("pipelines/nightly.yaml", Some(3), Some(9))
            .with_hint("put the fire out");
        assert_eq!(
            error.render(),
            "error: pipelines/nightly.yaml:3:9: cannot read `a.parquet`: disk on fire\
             \n  caused by: storage gave up\
             \n  caused by: disk on fire\
             \n\nhint: put the fire out"
        );
        assert_eq!(error.to_string(), "cannot read `a.parquet`: disk on fire");
    }

    #[test]
    fn kinds_are_listed_in_order_of_their_exit_codes() {
        let codes: Vec<u8> = ErrorKind::ALL
            .iter()
            .map(|(kind, _)| kind.exit_code())
            .collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7]);
        for (kind, _) in ErrorKind::ALL {
            assert_eq!(ErrorKind::of_exit_code(kind.exit_code().into()), kind);
        }
        assert_eq!(ErrorKind::of_exit_code(101), ErrorKind::Bug);
    }

    #[test]
    fn closest_finds_slips_and_nothing_else() {
        let tables = ["stg_account", "stg_contact", "int_mrr_month"];
        assert_eq!(closest("stg_acount", tables), Some("stg_account"));
        assert_eq!(closest("stg_acconut", tables), Some("stg_account"));
        assert_eq!(closest("int_mrr_months", tables), Some("int_mrr_month"));
        assert_eq!(closest("ticket", tables), None);
        assert_eq!(closest("", tables), None);
    }
}

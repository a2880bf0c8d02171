//! What a part of the campaign has counted, as a row of a table.

use std::collections::BTreeMap;

use super::oracle::End;

/// Counts of one kind of case.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    pub(super) name: String,
    pub(super) cases: usize,
    /// By exit code; `killed` when there was none.
    pub(super) ends: BTreeMap<String, usize>,
    /// Cases whose commit was in the log before the rerun.
    pub(super) committed: usize,
    /// How often readers looked.
    pub(super) looks: usize,
    /// What broke a promise.
    pub(super) violations: Vec<String>,
}

/// One case: how the run ended, whether it is in the log, how often readers
/// looked meanwhile.
pub(super) struct Case {
    pub(super) end: End,
    pub(super) is_committed: bool,
    pub(super) looks: usize,
}

impl Figures {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Adds a case; `place` says which, should it have broken a promise.
    pub(super) fn add(&mut self, place: &str, case: Result<Case, String>) {
        self.cases += 1;
        match case {
            Err(told) => {
                self.violations
                    .push(format!("{}, {place}: {told}", self.name));
            }
            Ok(case) => {
                let code = case
                    .end
                    .code
                    .map_or("killed".to_owned(), |code| code.to_string());
                *self.ends.entry(code).or_default() += 1;
                self.committed += usize::from(case.is_committed);
                self.looks += case.looks;
            }
        }
    }

    /// Ends the test if a promise was broken.
    #[track_caller]
    pub(super) fn hold(&self) {
        assert!(self.cases > 0, "{}: nothing was tried", self.name);
        assert!(
            self.violations.is_empty(),
            "{} of {} cases broke a promise:\n{}",
            self.violations.len(),
            self.cases,
            self.violations.join("\n")
        );
    }

    /// `| name | cases | ends | in the log | looks | violations |`
    pub(super) fn row(&self) -> String {
        let ends = self.ends.iter();
        let ends: Vec<String> = ends
            .map(|(code, count)| format!("{code}: {count}"))
            .collect();
        format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            self.name,
            self.cases,
            ends.join(", "),
            self.committed,
            self.looks,
            self.violations.len()
        )
    }
}

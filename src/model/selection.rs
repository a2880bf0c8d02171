//! Which models a command is about: `name`, `+name`, `name+`, `+name+`.
//!
//! The words are dbt's: a `+` before the name adds everything upstream, one
//! after it everything downstream; several arguments, or one with commas, are a
//! union. dbt's other methods (tags, paths, intersections) are left out: the
//! graph is small.

use std::collections::BTreeSet;

use super::Layer;
use super::graph::Graph;
use crate::error::{Error, Result, closest};

/// What was selected and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Models to show or, for marts, to publish.
    pub shown: BTreeSet<String>,
    /// Those, everything they need, and the checks that can run on these alone.
    pub built: BTreeSet<String>,
}

impl Graph {
    /// Resolves a selection; no argument selects everything.
    ///
    /// A check is built when everything it reads is built, so a selection never
    /// pulls in more models for the sake of a check. A selected reader of
    /// `run_check` needs every check, and with them every model.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] for a name that is no model.
    pub fn select(&self, arguments: &[impl AsRef<str>]) -> Result<Selection> {
        let all: BTreeSet<String> = self.order().map(|model| model.name.clone()).collect();
        if arguments.is_empty() {
            return Ok(Selection {
                shown: all.clone(),
                built: all,
            });
        }
        let mut shown = BTreeSet::new();
        for term in arguments
            .iter()
            .flat_map(|argument| argument.as_ref().split(','))
        {
            let term = term.trim();
            let name = term.strip_prefix('+').unwrap_or(term);
            let name = name.strip_suffix('+').unwrap_or(name);
            if self.get(name).is_none() {
                return Err(unknown(name, &all));
            }
            shown.insert(name.to_owned());
            if term.starts_with('+') {
                self.add_upstream(name, &mut shown);
            }
            if term.ends_with('+') {
                self.add_downstream(name, &mut shown);
            }
        }
        let mut built = shown.clone();
        for name in &shown {
            self.add_upstream(name, &mut built);
        }
        for check in self.order().filter(|model| model.layer == Layer::Check) {
            if self.waits_for(&check.name).all(|name| built.contains(name)) {
                built.insert(check.name.clone());
            }
        }
        Ok(Selection { shown, built })
    }

    fn add_upstream(&self, name: &str, found: &mut BTreeSet<String>) {
        let mut open: Vec<&str> = self.waits_for(name).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                found.insert(next.to_owned());
                open.extend(self.waits_for(next));
            }
        }
    }

    /// Readers of readers of `name`. Checks are no readers here: what waits for
    /// their results would be nearly everything.
    fn add_downstream(&self, name: &str, found: &mut BTreeSet<String>) {
        let mut reached: BTreeSet<&str> = BTreeSet::from([name]);
        for model in self.order().filter(|model| model.layer != Layer::Check) {
            if model
                .reads
                .iter()
                .any(|table| reached.contains(table.as_str()))
            {
                reached.insert(&model.name);
            }
        }
        found.extend(reached.into_iter().map(str::to_owned));
    }
}

fn unknown(name: &str, all: &BTreeSet<String>) -> Error {
    let error = Error::usage(format!("there is no model `{name}`"));
    match closest(name, all.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("`kenko plan` lists the models"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse;

    fn graph() -> Graph {
        let mart = "-- A row.\n-- grain: id\n-- columns:\n--   id | text | key | the key\n";
        let plain = "-- A row.\n-- grain: id\n";
        let check = |name: &str| format!("-- A row.\n-- severity: error\n-- checks: {name}\n");
        let files = [
            ("staging/stg_a.sql", plain.to_owned(), "raw_a"),
            ("staging/stg_b.sql", plain.to_owned(), "raw_b"),
            ("intermediate/int_a.sql", plain.to_owned(), "stg_a"),
            ("marts/alpha.sql", mart.to_owned(), "int_a"),
            ("marts/beta.sql", mart.to_owned(), "stg_b"),
            ("marts/quality.sql", mart.to_owned(), "run_check"),
            ("checks/a_is_right.sql", check("int_a"), "int_a"),
            ("checks/both_agree.sql", check("alpha"), "alpha, beta"),
        ];
        let models = files
            .iter()
            .map(|(file, header, reads)| {
                parse(file, &format!("{header}select 1 as id from {reads}\n")).unwrap()
            })
            .collect();
        Graph::new(models, &["raw_a", "raw_b"].map(str::to_owned).into()).unwrap()
    }

    fn names(set: &BTreeSet<String>) -> String {
        set.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn dbt_terms() {
        let graph = graph();
        let cases = [
            ("alpha", "alpha", "a_is_right alpha int_a stg_a"),
            ("+int_a", "int_a stg_a", "a_is_right int_a stg_a"),
            (
                "stg_a+",
                "alpha int_a stg_a",
                "a_is_right alpha int_a stg_a",
            ),
            (
                "+int_a+",
                "alpha int_a stg_a",
                "a_is_right alpha int_a stg_a",
            ),
            ("stg_b, stg_a", "stg_a stg_b", "stg_a stg_b"),
            (
                "quality",
                "quality",
                "a_is_right alpha beta both_agree int_a quality stg_a stg_b",
            ),
            (
                "both_agree",
                "both_agree",
                "a_is_right alpha beta both_agree int_a stg_a stg_b",
            ),
        ];
        for (term, shown, built) in cases {
            let selection = graph.select(&[term]).unwrap();
            assert_eq!(names(&selection.shown), shown, "{term}");
            assert_eq!(names(&selection.built), built, "{term}");
        }
        let two = graph.select(&["alpha", "beta"]).unwrap();
        assert_eq!(
            names(&two.built),
            "a_is_right alpha beta both_agree int_a stg_a stg_b"
        );
        let nothing: [&str; 0] = [];
        assert_eq!(graph.select(&nothing).unwrap().built.len(), 8);
    }

    #[test]
    fn an_unknown_name_is_corrected() {
        let error = graph().select(&["+alpa"]).unwrap_err();
        assert_eq!(error.hint(), Some("did you mean `alpha`?"));
        assert!(graph().select(&[""]).is_err());
    }
}

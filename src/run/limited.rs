//! The graph of a pipeline that wants some of the marts only.
//!
//! What is left are these marts, everything they are made of, what a model that one
//! of them asks is trained from, and the checks that hold for that alone. It decides
//! what belongs to a pipeline, not what one run builds: that is what a selection is for.

use std::collections::BTreeSet;

use super::past::PAST_PREFIX;
use super::project::PRIOR_PREFIX;
use super::train::{EXAMPLE, PAID};
use crate::error::{Error, Result};
use crate::model::graph::Graph;
use crate::model::{Layer, Model};

/// The model in charge, as SQL reads it.
const TRAINED: &str = "cfg_churn_model";

/// `graph` limited to what `marts` need; `file` is the pipeline that names them
/// and `known` are the tables that no model makes.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] for a name that is no mart.
pub(super) fn to(
    file: &str,
    marts: &BTreeSet<String>,
    graph: &Graph,
    known: &BTreeSet<String>,
) -> Result<Graph> {
    let mut wanted: Vec<String> = marts.iter().cloned().collect();
    if wanted.is_empty() {
        return Err(Error::usage("`marts` names no mart")
            .with_hint("leave it out to publish all of them")
            .at(file, None, None));
    }
    for name in marts {
        let is_mart = |model: &Model| model.layer == Layer::Mart;
        if graph.get(name).is_some_and(|model| !is_mart(model)) {
            return Err(Error::usage(format!("`{name}` under `marts` is no mart"))
                .with_hint("what a mart is made of comes with it")
                .at(file, None, None));
        }
    }
    let kept = loop {
        let built = graph
            .select(&wanted)
            .map_err(|error| error.at(file, None, None))?
            .built;
        let before = wanted.len();
        wanted.extend(earlier(graph, &built));
        wanted.extend(learned_from(graph, &built));
        if wanted.len() == before {
            break built;
        }
    };
    let is_about_kept = |model: &Model| match &model.header.checks {
        Some(subject) => kept.contains(subject) || known.contains(subject),
        None => true,
    };
    let models = graph
        .order()
        .filter(|model| kept.contains(&model.name) && is_about_kept(model))
        .cloned()
        .collect();
    Graph::new(models, known)
}

/// The marts whose earlier publication or past days something in `built` reads, though they
/// are not in it themselves.
fn earlier(graph: &Graph, built: &BTreeSet<String>) -> BTreeSet<String> {
    graph
        .order()
        .filter(|model| built.contains(&model.name))
        .flat_map(|model| &model.reads)
        .filter_map(|read| {
            let prior = read.strip_prefix(PRIOR_PREFIX);
            prior.or_else(|| read.strip_prefix(PAST_PREFIX))
        })
        .filter(|mart| !built.contains(*mart))
        .map(str::to_owned)
        .collect()
}

/// What a training needs and `built` lacks, where something in it asks a trained model.
fn learned_from(graph: &Graph, built: &BTreeSet<String>) -> Vec<String> {
    let asks = |model: &&Model| model.reads.contains(TRAINED) && built.contains(&model.name);
    if graph.order().find(asks).is_none() {
        return Vec::new();
    }
    let lacking = [EXAMPLE, PAID].into_iter().filter(|name| {
        let is_built = built.contains(*name);
        !is_built && graph.get(name).is_some()
    });
    lacking.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse;

    fn graph() -> (Graph, BTreeSet<String>) {
        let known: BTreeSet<String> = ["raw_a", "raw_b", TRAINED].map(str::to_owned).into();
        let plain = "-- A row.\n-- grain: id\n";
        let mart = "-- A row.\n-- grain: id\n-- columns:\n--   id | text | key | the key\n";
        let check = "-- A row.\n-- severity: error\n-- checks: ";
        let files = [
            ("staging/stg_a.sql", plain.to_owned(), "raw_a"),
            ("staging/stg_b.sql", plain.to_owned(), "raw_b"),
            (
                "intermediate/int_a.sql",
                plain.to_owned(),
                "stg_a, prior_later",
            ),
            ("marts/alpha.sql", mart.to_owned(), "int_a"),
            ("marts/beta.sql", mart.to_owned(), "stg_b"),
            ("marts/later.sql", mart.to_owned(), "alpha"),
            ("marts/risk.sql", mart.to_owned(), "stg_b, cfg_churn_model"),
            (
                "intermediate/int_churn_example.sql",
                plain.to_owned(),
                "stg_a",
            ),
            ("intermediate/int_paid_run.sql", plain.to_owned(), "stg_b"),
            ("checks/a_is_right.sql", format!("{check}alpha\n"), "alpha"),
            ("checks/b_is_right.sql", format!("{check}beta\n"), "stg_a"),
        ];
        let models = files
            .iter()
            .map(|(file, header, reads)| {
                parse(file, &format!("{header}select 1 as id from {reads}\n")).unwrap()
            })
            .collect();
        (Graph::new(models, &known).unwrap(), known)
    }

    fn limited(marts: &[&str]) -> Result<Vec<String>> {
        let (graph, known) = graph();
        let marts = marts.iter().map(|name| (*name).to_owned()).collect();
        let graph = to("own.yaml", &marts, &graph, &known)?;
        let mut names: Vec<String> = graph.order().map(|model| model.name.clone()).collect();
        names.sort();
        Ok(names)
    }

    #[test]
    fn a_mart_comes_with_what_it_is_made_of_and_checked_by() {
        assert_eq!(limited(&["beta"]).unwrap(), ["beta", "stg_b"]);
    }

    #[test]
    fn a_mart_whose_earlier_publication_is_read_comes_too() {
        let names = ["a_is_right", "alpha", "int_a", "later", "stg_a"];
        assert_eq!(limited(&["alpha"]).unwrap(), names);
    }

    #[test]
    fn where_a_model_is_asked_it_can_be_trained() {
        let names = [EXAMPLE, PAID, "risk", "stg_a", "stg_b"];
        assert_eq!(limited(&["risk"]).unwrap(), names);
    }

    #[test]
    fn what_is_no_mart_is_refused_at_the_pipeline() {
        for (marts, message) in [
            (["int_a"].as_slice(), "`int_a` under `marts` is no mart"),
            (&["alfa"], "there is no model `alfa`"),
            (&[], "`marts` names no mart"),
        ] {
            let error = limited(marts).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            assert_eq!(error.location().unwrap().file, "own.yaml");
        }
    }
}

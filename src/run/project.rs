//! A pipeline with its models: what a run is made of before it sees any data.
//!
//! Reads the pipeline file and the user's SQL folder through `storage`, lays
//! that folder over the shipped models, and builds the graph. It looks at no
//! extract.

use std::collections::{BTreeMap, BTreeSet};

use super::limited;
use crate::config::Pipeline;
use crate::config::contract;
use crate::error::{Error, Result};
use crate::model::graph::Graph;
use crate::model::shipped::shipped;
use crate::model::{self, Layer, Model};
use crate::source;
use crate::storage;

/// A mart as the newest commit of an earlier day published it.
pub(crate) const PRIOR_PREFIX: &str = "prior_";
/// An extract as `source` registers it.
pub(crate) const RAW_PREFIX: &str = "raw_";

/// A pipeline and the graph of its models.
#[derive(Debug)]
pub struct Project {
    /// The file the pipeline was read from.
    pub file: String,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The shipped models with the user's laid over them.
    pub graph: Graph,
}

impl Project {
    /// Reads the pipeline `file` (a path or an object store URL) and its models.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] with file, line and column for what
    /// the pipeline's author has to mend.
    pub async fn load(file: &str) -> Result<Self> {
        let text = storage::read_text(file).await?;
        let mut pipeline = Pipeline::parse(file, &text)?;
        let shipped = shipped()?;
        let staging: Vec<Model> = (shipped.iter())
            .filter(|model| model.layer == Layer::Staging)
            .cloned()
            .collect();
        let models = match &pipeline.sql {
            Some(folder) => model::overlay(shipped, own_models(folder).await?)?,
            None => shipped,
        };
        let known = known_tables(&pipeline)?;
        let graph = Graph::new(models, &known)?;
        pipeline.supplied = supplied(&pipeline, &graph, &staging);
        let graph = match &pipeline.marts {
            Some(marts) => limited::to(file, marts, &graph, &known)?,
            None => graph,
        };
        source::check_minimum(|table| pipeline.has(table))?;
        Ok(Self {
            file: file.to_owned(),
            pipeline,
            graph,
        })
    }

    /// The marts, whose tables are published, in alphabetic order.
    pub fn marts(&self) -> impl Iterator<Item = &Model> {
        let mut marts: Vec<&Model> = self
            .graph
            .order()
            .filter(|model| model.layer == Layer::Mart)
            .collect();
        marts.sort_by(|left, right| left.name.cmp(&right.name));
        marts.into_iter()
    }

    /// Every source of the pipeline and every table kenko knows, with what its
    /// columns must be; the second value says whether the pipeline declares it.
    ///
    /// # Errors
    /// Only if the embedded contracts are broken.
    pub fn contracts(&self) -> Result<BTreeMap<String, (contract::Contract, bool)>> {
        let shipped = contract::shipped()?;
        let undeclared = shipped
            .into_iter()
            .map(|(table, contract)| (table, (contract, false)));
        let declared = self.pipeline.sources.iter();
        let declared = declared.map(|(table, spec)| (table.clone(), (spec.contract.clone(), true)));
        Ok(undeclared.chain(declared).collect())
    }
}

async fn own_models(folder: &str) -> Result<Vec<Model>> {
    let files = storage::read_tree(folder, "sql").await?;
    if files.is_empty() {
        return Err(Error::usage(format!("`{folder}` holds no .sql file"))
            .with_hint("put models under staging/, intermediate/, marts/ or checks/ in it"));
    }
    model::parse_all(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )
}

fn known_tables(pipeline: &Pipeline) -> Result<BTreeSet<String>> {
    let shipped = contract::shipped()?;
    let mut known = BTreeSet::new();
    known.extend(shipped.keys().map(|table| format!("{RAW_PREFIX}{table}")));
    known.extend(
        pipeline
            .sources
            .keys()
            .map(|table| format!("{RAW_PREFIX}{table}")),
    );
    known.extend(
        crate::config::TABLE_NAMES
            .iter()
            .map(|name| (*name).to_owned()),
    );
    Ok(known)
}

/// The tables that the pipeline's own staging models make from sources of its
/// own: the one extract that the shipped model of the same name reads. A model
/// that counts the rows of several extracts stands for none of them.
fn supplied(pipeline: &Pipeline, graph: &Graph, staging: &[Model]) -> BTreeSet<String> {
    let mut supplied = BTreeSet::new();
    for shipped in staging {
        let Some(own) = graph
            .get(&shipped.name)
            .filter(|own| own.sql != shipped.sql)
        else {
            continue;
        };
        let is_fed = raw(own).any(|table| pipeline.sources.contains_key(table));
        if let [table] = raw(shipped).collect::<Vec<_>>()[..]
            && is_fed
        {
            supplied.insert(table.to_owned());
        }
    }
    supplied
}

/// The extracts that a model reads.
fn raw(model: &Model) -> impl Iterator<Item = &str> {
    model
        .reads
        .iter()
        .filter_map(|read| read.strip_prefix(RAW_PREFIX))
}

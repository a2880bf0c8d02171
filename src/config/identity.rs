//! How far an e-mail address tells whose it is.
//!
//! The rules and their order stand in `sql/intermediate/int_found_identity.sql`;
//! here is only what differs from company to company.

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::pipeline::{Pipeline, named_once};
use super::tables::{table, texts};
use crate::error::{Error, Result};

/// The section `identity:`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// E-mail domains that say nothing about the employer, lower case.
    pub shared_domains: Vec<String>,
}

pub(crate) fn validate(identity: &Identity) -> Result<()> {
    let domains = identity.shared_domains.iter().map(String::as_str);
    named_once("identity.shared_domains", domains.clone())?;
    match domains
        .into_iter()
        .find(|domain| *domain != domain.trim().to_lowercase())
    {
        None => Ok(()),
        Some(domain) => Err(Error::usage(format!(
            "`identity.shared_domains`: write `{domain}` in lower case"
        ))),
    }
}

/// `cfg_shared_domain`.
pub(super) fn tables(pipeline: &Pipeline) -> Result<Vec<(&'static str, RecordBatch)>> {
    let domains = pipeline.identity.shared_domains.iter().map(String::as_str);
    Ok(vec![(
        "cfg_shared_domain",
        table(vec![texts("domain", domains)])?,
    )])
}

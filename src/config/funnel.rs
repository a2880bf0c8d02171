//! Funnels as a pipeline declares them: unit, mode, window, ordered steps.
//!
//! Which touchpoints exist is not known here; a step that names one that never
//! occurs is a step that nobody reaches.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{Error, Result};

/// Modes that `window_funnel` knows; several are joined by `+`.
pub(crate) const MODES: [&str; 5] = [
    "ordered",
    "strict_order",
    "strict_deduplication",
    "strict_increase",
    "strict_once",
];

/// A funnel.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Funnel {
    /// Name of the funnel.
    pub name: String,
    /// Who passes through it.
    pub unit: FunnelUnit,
    /// ordered, `strict_order`, `strict_deduplication`, `strict_increase`,
    /// `strict_once`, or several joined by `+`.
    #[serde(default = "ordered")]
    pub mode: String,
    /// Days from the first step within which the last one must come, inclusive.
    pub window_days: u32,
    /// Steps in order.
    pub steps: Vec<FunnelStep>,
}

/// Who passes through a funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FunnelUnit {
    /// A company.
    Account,
    /// A person.
    Contact,
}

impl FunnelUnit {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Contact => "contact",
        }
    }
}

/// A step: any one of the named touchpoints.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelStep {
    /// Name of the step.
    pub name: String,
    /// Touchpoints of which any one makes the step.
    pub any_of: Vec<String>,
    /// Only on this channel.
    pub channel: Option<String>,
}

fn ordered() -> String {
    "ordered".to_owned()
}

pub(crate) fn validate(funnels: &[Funnel]) -> Result<()> {
    let mut names = BTreeSet::new();
    for funnel in funnels {
        let place = format!("funnel `{}`", funnel.name);
        if !names.insert(&funnel.name) {
            return Err(Error::usage(format!("{place} is there twice")));
        }
        for mode in funnel.mode.split('+') {
            if !MODES.contains(&mode) {
                return Err(Error::usage(format!("{place}: `{mode}` is no mode"))
                    .with_hint(format!("modes are {}", MODES.join(", "))));
            }
        }
        if !(1..=3660).contains(&funnel.window_days) {
            return Err(Error::usage(format!(
                "{place}: `window_days` must lie within 1 and 3660"
            )));
        }
        if !(2..=62).contains(&funnel.steps.len()) {
            return Err(Error::usage(format!("{place} must have 2 to 62 steps")));
        }
        let mut steps = BTreeSet::new();
        for step in &funnel.steps {
            if !steps.insert(&step.name) || step.any_of.is_empty() {
                return Err(Error::usage(format!(
                    "{place}: step `{}` is there twice or names no touchpoint",
                    step.name
                )));
            }
        }
    }
    Ok(())
}

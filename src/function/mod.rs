//! The functions kenko adds to SQL, one file each.
//!
//! They are pure: a result depends on the arguments and, for local days and wall
//! clocks, on the run's zone, which is part of the function. None reads a clock,
//! a file or a random number, and none depends on the order of rows. What SQL
//! says well is not here.

mod apportion;
mod argument;
mod chi_square;
pub mod churn_model;
mod churn_parts;
mod funnel;
mod hash_bucket;
mod in_words;
mod kaplan_meier;
mod list_set;
mod local_day;
mod nps;
mod parse_date;
mod parse_timestamp;
mod phrased;
mod relative_weight;
mod removal_effect;
mod renewal;
mod shrink;
mod wilson;
mod window_funnel;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

pub(crate) use argument::Texts;
pub use funnel::Modes;

use crate::time::{Days, Zone};

/// The quantile of the standard normal distribution that a 95 % interval needs.
const Z_95: f64 = 1.959_964;

/// What the documentation says of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Name in SQL.
    pub name: &'static str,
    /// Arguments and result with their types.
    pub signature: &'static str,
    /// What it computes, in whole sentences.
    pub meaning: &'static str,
    /// Where the definition comes from; empty when it is kenko's own.
    pub source: &'static str,
}

/// Every function, in the order of the generated page.
pub fn documentation() -> Vec<FunctionDoc> {
    let [fit, survival, expected] = renewal::DOCUMENTATION;
    vec![
        window_funnel::DOCUMENTATION,
        kaplan_meier::DOCUMENTATION,
        fit,
        survival,
        expected,
        removal_effect::DOCUMENTATION,
        relative_weight::DOCUMENTATION,
        shrink::DOCUMENTATION,
        apportion::DOCUMENTATION,
        churn_parts::MODEL,
        churn_parts::LOG_ODDS,
        wilson::LOW,
        wilson::HIGH,
        nps::LOW,
        nps::HIGH,
        chi_square::DOCUMENTATION,
        list_set::DOCUMENTATION,
        in_words::DOCUMENTATION,
        phrased::DOCUMENTATION,
        hash_bucket::DOCUMENTATION,
        local_day::DOCUMENTATION,
        parse_date::DOCUMENTATION,
        parse_timestamp::DOCUMENTATION,
    ]
}

/// Registers every function; a session must have them before it plans a model.
/// `days` are the local days of `zone` that most instants fall on: others are
/// computed one by one.
///
/// # Errors
/// When the registry takes no functions.
pub fn register_all(registry: &mut dyn FunctionRegistry, zone: &Zone, days: &Days) -> Result<()> {
    let scalars = [
        ScalarUDF::new_from_impl(apportion::Apportion::new()),
        ScalarUDF::new_from_impl(churn_parts::ChurnParts::new()),
        ScalarUDF::new_from_impl(churn_parts::LogOddsParts::new()),
        ScalarUDF::new_from_impl(in_words::InWords::new()),
        ScalarUDF::new_from_impl(phrased::Phrased::new()),
        ScalarUDF::new_from_impl(local_day::LocalDay::new(zone, days)),
        ScalarUDF::new_from_impl(parse_date::ParseDate::new()),
        ScalarUDF::new_from_impl(parse_timestamp::ParseTimestamp::new(zone)),
        ScalarUDF::new_from_impl(wilson::Wilson::low()),
        ScalarUDF::new_from_impl(wilson::Wilson::high()),
        ScalarUDF::new_from_impl(nps::Nps::low()),
        ScalarUDF::new_from_impl(nps::Nps::high()),
        ScalarUDF::new_from_impl(list_set::ListSet::new()),
        ScalarUDF::new_from_impl(renewal::RenewalSurvival::new()),
        ScalarUDF::new_from_impl(renewal::ExpectedRenewals::new()),
        ScalarUDF::new_from_impl(hash_bucket::HashBucket::new()),
        ScalarUDF::new_from_impl(chi_square::ChiSquare::new()),
    ];
    for function in scalars {
        registry.register_udf(Arc::new(function))?;
    }
    let aggregates = [
        AggregateUDF::new_from_impl(window_funnel::WindowFunnel::new(zone, days)),
        AggregateUDF::new_from_impl(kaplan_meier::KaplanMeierQuantile::new()),
        AggregateUDF::new_from_impl(removal_effect::RemovalEffects::new()),
        AggregateUDF::new_from_impl(renewal::RenewalFit::new()),
        AggregateUDF::new_from_impl(relative_weight::RelativeWeights::new()),
        AggregateUDF::new_from_impl(shrink::Shrink::new()),
    ];
    for function in aggregates {
        registry.register_udaf(Arc::new(function))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use datafusion::execution::registry::MemoryFunctionRegistry;

    use super::*;
    use crate::time::parse_date;

    #[test]
    fn everything_documented_is_registered_and_the_reverse() {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let day = parse_date("2026-01-31").unwrap();
        let days = zone.days(day, day).unwrap();
        let mut registry = MemoryFunctionRegistry::new();
        register_all(&mut registry, &zone, &days).unwrap();
        let registered: BTreeSet<String> =
            registry.udfs().union(&registry.udafs()).cloned().collect();
        let documented: BTreeSet<String> = documentation()
            .iter()
            .map(|function| function.name.to_owned())
            .collect();
        assert_eq!(registered, documented);
        assert!(documentation().iter().all(|function| {
            function.signature.starts_with(function.name) && function.meaning.ends_with('.')
        }));
    }
}

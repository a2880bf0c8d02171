//! Extracts: contracts enforced, files frozen, bad rows quarantined.
//!
//! [`freeze()`] lists the files of every source and refuses what cannot be
//! trusted; [`register()`] makes the `raw_` tables, cut off at the end of the
//! as-of date. Nothing is guessed: a file that does not keep its contract is an
//! error that names file, column and remedy, and a bad row is set aside with
//! its reason. What a row means, and which duplicate counts, is left to SQL.

mod csv;
mod days;
mod facts;
mod fault;
pub mod findings;
mod footer;
pub mod freeze;
mod index;
mod json_lines;
mod layout;
mod listing;
mod matching;
mod newest;
mod outline;
mod pattern;
mod proof;
pub mod register;
mod rules;
mod sniff;
mod staging;
mod text;
mod value;
mod widen;

use std::ops::RangeInclusive;
use std::path::Path;

use arrow::datatypes::SchemaRef;

use crate::config::Pipeline;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::time::{AsOf, EpochDays};
pub use days::SourceDays;
use freeze::Frozen;
use register::SourceReport;

/// Lists, checks and fingerprints the files of every source. Files whose folder
/// is dated after the as-of date are left out; those that an earlier run into `output`
/// has looked into are not looked into again.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] that names the file and what to do;
/// [`crate::error::ErrorKind::Usage`] for a location that means nothing; the
/// storage's own errors.
pub async fn freeze(pipeline: &Pipeline, as_of: &AsOf, output: Option<&Storage>) -> Result<Frozen> {
    freeze::all(pipeline, as_of, output).await
}

/// Registers `raw_<table>` for every table of the contract and every source of
/// the pipeline's own, with the contract's columns in their order, and
/// `run_source`. Tables that the pipeline does not declare are empty. Text is
/// staged, and quarantined rows are written, below `scratch`.
///
/// # Errors
/// As [`freeze()`], and what stops a query.
pub async fn register(
    engine: &Engine,
    frozen: &Frozen,
    pipeline: &Pipeline,
    as_of: &AsOf,
    scratch: &Path,
) -> Result<SourceReport> {
    register::all(engine, frozen, pipeline, as_of, scratch).await
}

/// The days of extract `table` up to the as-of day, where its files tell;
/// `None` for an extract that cannot be read day by day.
pub fn days(frozen: &Frozen, pipeline: &Pipeline, as_of: &AsOf, table: &str) -> Option<SourceDays> {
    days::of_source(frozen, pipeline, as_of, table)
}

/// Whether the files of extract `table` prove that nothing in them is later
/// than the as-of date: then a later date sees the same rows. Text files prove
/// nothing.
///
/// # Errors
/// A bug if the rows cannot be judged.
pub fn is_settled(frozen: &Frozen, pipeline: &Pipeline, as_of: &AsOf, table: &str) -> Result<bool> {
    register::is_settled(frozen, pipeline, as_of, table)
}

/// Registers `raw_<table>` of a dated extract with the rows of some days only.
/// `report` is what [`register()`] said of the whole extract.
///
/// # Errors
/// As [`register()`].
pub async fn register_days(
    engine: &Engine,
    extract: &Extract<'_>,
    report: &SourceReport,
    days: &SourceDays,
    range: RangeInclusive<EpochDays>,
) -> Result<()> {
    register::of_days(engine, extract, report, days, range).await
}

/// The last day that the extracts hold, but not after `latest`, as far as the
/// files' own statistics tell.
pub fn newest_day(frozen: &Frozen, pipeline: &Pipeline, latest: &AsOf) -> Option<EpochDays> {
    newest::day(frozen, pipeline, latest)
}

/// One extract of a run.
#[derive(Clone, Copy, Debug)]
pub struct Extract<'a> {
    /// Everything that was frozen.
    pub frozen: &'a Frozen,
    /// The pipeline that declares it.
    pub pipeline: &'a Pipeline,
    /// The business day.
    pub as_of: &'a AsOf,
    /// Its table, without `raw_`.
    pub table: &'a str,
}

/// The columns of `run_source`, for planning without running.
///
/// # Errors
/// A bug if a column does not fit.
pub fn report_schema() -> Result<SchemaRef> {
    findings::table(&[]).map(|(schema, _)| schema)
}

/// The least that account health can be made of: `account`, and `event` or
/// `subscription`; `is_supplied` tells whether a table has an extract or
/// models of the pipeline's own.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] that names what is missing.
pub fn check_minimum(is_supplied: impl Fn(&str) -> bool) -> Result<()> {
    let missing = if !is_supplied("account") {
        "`account`"
    } else if !is_supplied("event") && !is_supplied("subscription") {
        "`event` or `subscription`"
    } else {
        return Ok(());
    };
    Err(
        Error::usage(format!("the pipeline has no source {missing}"))
            .with_hint("declare it under `sources:`; every other source is optional"),
    )
}

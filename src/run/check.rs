//! What must hold before anything is published.
//!
//! Every built model is held against its own header: grain never null and
//! unique, marts with exactly the documented columns and no NaN or infinity.
//! Then the SQL under `sql/checks/` runs, each returning the rows that are
//! wrong. An error stops the publication; a warning is reported.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::statement;
use crate::engine::{Engine, GrainViolations, Materialise, Materialised};
use crate::error::{Error, Result};
use crate::model::header::Severity;
use crate::model::{Layer, Model};
use crate::time::{EpochDays, Stopwatch};

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    /// Name of the check.
    pub check: String,
    /// The model it is about.
    pub model: String,
    /// Whether wrong rows stop the publication.
    #[serde(serialize_with = "as_text")]
    pub severity: Severity,
    /// Number of wrong rows.
    pub rows_failed: u64,
    /// What is wrong, in words; empty when nothing is.
    pub message: String,
    /// Seconds it took.
    pub seconds: f64,
}

impl CheckResult {
    /// Whether this result stops the publication.
    pub fn stops(&self) -> bool {
        self.rows_failed > 0 && self.severity == Severity::Error
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn as_text<S: serde::Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(severity)
}

/// Holds a built model against its header: what was seen while it was written.
pub(crate) fn header(model: &Model, table: &Materialised) -> Vec<CheckResult> {
    let mut results = vec![grain(model, &table.grain)];
    if model.layer == Layer::Mart {
        results.push(finite(model, &table.non_finite));
    }
    results
}

/// The same of a stored result: only what passed is stored.
pub(crate) fn passed(model: &Model) -> Vec<CheckResult> {
    let mut checks = vec!["grain"];
    if model.layer == Layer::Mart {
        checks.push("finite");
    }
    let results = checks.into_iter();
    results
        .map(|check| of_header(model, check, 0, String::new()))
        .collect()
}

fn grain(model: &Model, found: &GrainViolations) -> CheckResult {
    let example = found
        .example
        .as_ref()
        .map(|row| format!(", for example {row}"));
    let example = example.unwrap_or_default();
    let message = match (found.nulls, found.duplicates) {
        (0, 0) => String::new(),
        (nulls, 0) => format!("{nulls} rows with a null in the grain{example}"),
        (0, duplicates) => format!("{duplicates} rows repeat another's grain{example}"),
        (nulls, duplicates) => {
            format!("{nulls} rows with a null in the grain, {duplicates} repeat another's{example}")
        }
    };
    of_header(model, "grain", found.nulls + found.duplicates, message)
}

fn finite(model: &Model, found: &[(String, u64)]) -> CheckResult {
    let columns: Vec<String> = found
        .iter()
        .map(|(column, rows)| format!("{rows} in `{column}`"))
        .collect();
    let message = if columns.is_empty() {
        String::new()
    } else {
        format!("NaN or infinite numbers: {}", columns.join(", "))
    };
    of_header(
        model,
        "finite",
        found.iter().map(|(_, rows)| rows).sum(),
        message,
    )
}

fn of_header(model: &Model, check: &str, rows_failed: u64, message: String) -> CheckResult {
    CheckResult {
        check: check.to_owned(),
        model: model.name.clone(),
        severity: Severity::Error,
        rows_failed,
        message,
        seconds: 0.0,
    }
}

/// Compares the columns a mart came out with, with those its header documents.
pub(crate) fn documented(model: &Model, actual: &Schema) -> Result<()> {
    if model.layer != Layer::Mart {
        return Ok(());
    }
    let documented = model
        .header
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.kind.to_string()));
    let actual_columns: Vec<&Field> = actual
        .fields()
        .iter()
        .map(AsRef::as_ref)
        .filter(|field| !is_appended(field))
        .collect();
    for (position, (name, kind)) in documented.enumerate() {
        let matches = actual_columns.get(position).is_some_and(|field| {
            field.name() == name
                && model.header.columns[position]
                    .kind
                    .matches(field.data_type())
        });
        if !matches {
            let found = actual_columns.get(position).map_or_else(
                || "nothing".to_owned(),
                |field| format!("`{}` of type {}", field.name(), field.data_type()),
            );
            return Err(undocumented(
                model,
                &format!(
                    "column {} is documented as `{name}` of type {kind}, but the query gives {found}",
                    position + 1
                ),
            ));
        }
    }
    match actual_columns.get(model.header.columns.len()) {
        None => Ok(()),
        Some(extra) => Err(undocumented(
            model,
            &format!(
                "the query gives a column `{}` that the header does not document",
                extra.name()
            ),
        )),
    }
}

/// Every column of the grain must be among those the model gives.
pub(crate) fn grain_columns(model: &Model, actual: &Schema) -> Result<()> {
    match model
        .header
        .grain
        .iter()
        .find(|name| actual.field_with_name(name).is_err())
    {
        None => Ok(()),
        Some(missing) => Err(Error::usage(format!(
            "model `{}`: the grain names `{missing}`, which the query does not give",
            model.name
        ))
        .at(&model.file, None, None)
        .with_hint("name columns of the final select after `-- grain:`")),
    }
}

fn undocumented(model: &Model, message: &str) -> Error {
    Error::usage(format!("model `{}`: {message}", model.name))
        .at(&model.file, None, None)
        .with_hint("make the header's `-- columns:` and the final select say the same, in order")
}

/// The run appends these two to every published table.
fn is_appended(field: &Field) -> bool {
    field.name() == "as_of" || field.name() == "definition"
}

/// Runs one check of `sql/checks/`; its wrong rows stay in `file`.
pub(crate) async fn sql(
    engine: &Engine,
    check: &Model,
    as_of: EpochDays,
    file: &Path,
) -> Result<CheckResult> {
    let watch = Stopwatch::start();
    let table = engine
        .materialise(&statement(check, as_of), file, &Materialise::default())
        .await?;
    let mut result = of_sql(check, table.rows, file)?;
    result.seconds = watch.seconds();
    Ok(result)
}

/// The result of a check that found `rows` wrong rows, which are in `file`.
pub(crate) fn of_sql(check: &Model, rows: u64, file: &Path) -> Result<CheckResult> {
    let message = match rows {
        0 => String::new(),
        rows => said(check, rows, &example(file)?),
    };
    Ok(CheckResult {
        check: check.name.clone(),
        model: check.header.checks.clone().unwrap_or_default(),
        severity: check.header.severity.unwrap_or(Severity::Error),
        rows_failed: rows,
        message,
        seconds: 0.0,
    })
}

fn said(check: &Model, rows: u64, example: &str) -> String {
    let about = &check.header.about;
    format!("{about} ({rows} rows, for example {example})")
}

/// Runs a check that no extract can change: what it finds every run would find.
pub(crate) async fn at_once(engine: &Engine, check: &Model, as_of: EpochDays) -> Result<()> {
    let (_, batches) = engine.collect(&statement(check, as_of)).await?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let severity = check.header.severity.unwrap_or(Severity::Error);
    let Some(first) = batches.iter().find(|batch| batch.num_rows() > 0) else {
        return Ok(());
    };
    if severity != Severity::Error {
        return Ok(());
    }
    Err(Error::usage(format!(
        "check `{}` fails whatever the extracts hold",
        check.name
    ))
    .with_source(said(check, rows as u64, &in_words(first)))
    .with_hint("mend the pipeline file, or the models of its `sql:` folder that the check reads"))
}

/// The first row of a Parquet file as `column value, column value`.
fn example(file: &Path) -> Result<String> {
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Error::bug(format!("cannot read back {}", file.display())).with_source(cause)
    };
    let opened = File::open(file).map_err(|cause| unreadable(Box::new(cause)))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened)
        .map_err(|cause| unreadable(Box::new(cause)))?;
    let mut reader = builder
        .with_limit(1)
        .build()
        .map_err(|cause| unreadable(Box::new(cause)))?;
    let Some(batch) = reader.next() else {
        return Ok(String::new());
    };
    let batch = batch.map_err(|cause| unreadable(Box::new(cause)))?;
    Ok(in_words(&batch))
}

/// The first row of a batch.
fn in_words(batch: &RecordBatch) -> String {
    let options = FormatOptions::default().with_null("null");
    let parts = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            let value = ArrayFormatter::try_new(column.as_ref(), &options)
                .map(|formatter| formatter.value(0).to_string())
                .unwrap_or_default();
            format!("{} {value}", field.name())
        });
    parts.collect::<Vec<_>>().join(", ")
}

/// The table `run_check`, sorted by model and check.
pub(crate) fn table(results: &[CheckResult]) -> Result<RecordBatch> {
    let mut sorted: Vec<&CheckResult> = results.iter().collect();
    sorted.sort_by(|left, right| (&left.model, &left.check).cmp(&(&right.model, &right.check)));
    let texts = |value: fn(&CheckResult) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            sorted.iter().map(|result| value(result)),
        ))
    };
    let failed = sorted
        .iter()
        .map(|result| i64::try_from(result.rows_failed).unwrap_or(i64::MAX));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("check_name", texts(|result| result.check.clone())),
        ("model", texts(|result| result.model.clone())),
        ("severity", texts(|result| result.severity.to_string())),
        (
            "rows_failed",
            Arc::new(Int64Array::from_iter_values(failed)),
        ),
        (
            "message",
            texts(|result| match result.message.as_str() {
                "" => "passed".to_owned(),
                message => message.to_owned(),
            }),
        ),
    ];
    RecordBatch::try_from_iter(columns)
        .map_err(|cause| Error::bug("the table of checks is uneven").with_source(cause))
}

/// The columns of `run_check`, for planning without running.
pub(crate) fn table_schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("check_name", DataType::Utf8, true),
        Field::new("model", DataType::Utf8, true),
        Field::new("severity", DataType::Utf8, true),
        Field::new("rows_failed", DataType::Int64, true),
        Field::new("message", DataType::Utf8, true),
    ]))
}

/// Refuses to publish when a check with severity error found something.
pub(crate) fn verdict(results: &[CheckResult]) -> Result<()> {
    let stopping: Vec<&CheckResult> = results.iter().filter(|result| result.stops()).collect();
    let Some(first) = stopping.first() else {
        return Ok(());
    };
    let others = match stopping.len() {
        1 => String::new(),
        several => format!(", and {} more checks", several - 1),
    };
    let list: Vec<String> = stopping
        .iter()
        .map(|result| format!("{} on `{}`: {}", result.check, result.model, result.message))
        .collect();
    Err(Error::data(format!(
        "check `{}` on `{}` failed{others}; nothing was published",
        first.check, first.model
    ))
    .with_source(list.join("\n"))
    .with_hint(
        "the wrong rows are kept under _kenko/runs/ of the output; the last good version \
                stays published",
    ))
}

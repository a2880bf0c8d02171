//! From a query over several days to one Parquet file a day.
//!
//! A day's file has the bytes it would have if that day had been computed alone:
//! rows are ordered by the day first and by the grain within it, and every day
//! begins a file of its own. Days without rows get a file without rows, so that
//! they are known to be empty.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::partition;
use arrow::datatypes::{Date32Type, SchemaRef};

use super::materialise::{self, Materialise, Materialised, Rows};
use super::parquet_file::{Failure, PartialFile};
use super::session::Session;
use super::{Statement, fault};
use crate::error::{Error, Result};
use crate::time::EpochDays;

/// The column that says which day a row belongs to.
pub const DAY: &str = "day";

/// One file a day.
pub type DayTables = BTreeMap<EpochDays, (PathBuf, Materialised)>;

/// Runs a query into one file for every day of `days`, called
/// `<day number>.parquet` in `folder`.
pub(super) async fn materialise(
    session: &Session,
    statement: &Statement<'_>,
    folder: &Path,
    days: RangeInclusive<EpochDays>,
    options: &Materialise,
) -> Result<DayTables> {
    let within = options.sort_by.iter().filter(|name| *name != DAY).cloned();
    let order: Vec<String> = std::iter::once(DAY.to_owned()).chain(within).collect();
    let (plan, schema) = materialise::planned(session, statement, options, &order).await?;
    let files = DayFiles {
        folder: folder.to_owned(),
        day_column: schema.index_of(DAY).map_err(|cause| {
            Error::usage(format!("`{}` has no column `day`", statement.name))
                .at(statement.file, None, None)
                .with_source(cause)
        })?,
        schema,
        days,
        options: options.clone(),
    };
    materialise::execute(session, plan, |rows| files.clone().write(rows))
        .await
        .map_err(|cause| fault::while_running(statement.name, Some(statement.file), &cause))?
        .map_err(|cause| fault::while_writing(statement.name, folder, cause))?
        .map_err(|stray| {
            Error::usage(format!(
                "`{}` gives a row of {stray}, which is none of the days it was computed for",
                statement.name
            ))
            .at(statement.file, None, None)
            .with_hint("`day` must be the local day of the rows it was made of, never null")
        })
}

#[derive(Clone)]
struct DayFiles {
    folder: PathBuf,
    schema: SchemaRef,
    day_column: usize,
    days: RangeInclusive<EpochDays>,
    options: Materialise,
}

/// The day that a row must not have, in words.
type Stray = String;

impl DayFiles {
    /// Writes what comes, day after day.
    fn write(
        self,
        mut rows: Rows,
    ) -> impl FnOnce() -> Result<Result<DayTables, Stray>, Failure> + Send {
        move || {
            let mut tables = DayTables::new();
            let mut next = *self.days.start();
            let mut current: Option<PartialFile> = None;
            while let Some(batch) = rows.next()? {
                for (day, part) in self.split(&batch)? {
                    let Some(day) = day.filter(|day| self.days.contains(day)) else {
                        return Ok(Err(day.map_or_else(
                            || "no day".to_owned(),
                            |day| format!("day number {day}"),
                        )));
                    };
                    while next <= day {
                        self.finish(next - 1, current.take(), &mut tables)?;
                        current = Some(self.begin(next)?);
                        next += 1;
                    }
                    if let Some(file) = &mut current {
                        file.write(&part)?;
                    }
                }
            }
            while next <= *self.days.end() {
                self.finish(next - 1, current.take(), &mut tables)?;
                current = Some(self.begin(next)?);
                next += 1;
            }
            self.finish(next - 1, current, &mut tables)?;
            Ok(Ok(tables))
        }
    }

    /// The rows of `batch` by day, in its order.
    fn split(&self, batch: &RecordBatch) -> Result<Vec<(Option<EpochDays>, RecordBatch)>, Failure> {
        if batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let column = Arc::clone(batch.column(self.day_column));
        let days = column.as_primitive_opt::<Date32Type>();
        let ranges = partition(std::slice::from_ref(&column))?.ranges();
        let parts = ranges.into_iter().map(|range| {
            let day = days.filter(|days| days.is_valid(range.start));
            let day = day.map(|days| days.value(range.start));
            (day, batch.slice(range.start, range.len()))
        });
        Ok(parts.collect())
    }

    fn file(&self, day: EpochDays) -> PathBuf {
        self.folder.join(format!("{day}.parquet"))
    }

    fn begin(&self, day: EpochDays) -> Result<PartialFile, Failure> {
        PartialFile::create(
            &self.file(day),
            &self.schema,
            &self.options.sort_by,
            &self.options.metadata,
            self.options.is_small,
            self.options.progress.clone(),
        )
    }

    fn finish(
        &self,
        day: EpochDays,
        file: Option<PartialFile>,
        tables: &mut DayTables,
    ) -> Result<(), Failure> {
        if let Some(file) = file {
            let table = Materialised::of(file.finish()?, Arc::clone(&self.schema));
            tables.insert(day, (self.file(day), table));
        }
        Ok(())
    }
}

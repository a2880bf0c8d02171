//! From a query over several days to one Parquet file a day, or over several
//! cutoffs to one a cutoff.
//!
//! A day's file has the bytes it would have if that day had been computed alone:
//! rows are ordered by the day first and by the grain within it, and every day
//! begins a file of its own. Days without rows get a file without rows, so that
//! they are known to be empty.

use std::collections::{BTreeMap, BTreeSet};
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

/// Which files a query is divided into.
#[derive(Clone, Debug)]
pub struct Division {
    /// The column that says which file a row belongs to.
    pub column: &'static str,
    /// Its values: one file each.
    pub days: BTreeSet<EpochDays>,
}

/// Runs a query into one file for every day of the `division`, called
/// `<day number>.parquet` in `folder`.
pub(super) async fn materialise(
    session: &Session,
    statement: &Statement<'_>,
    folder: &Path,
    division: Division,
    options: &Materialise,
) -> Result<DayTables> {
    let column = division.column;
    let within = options.sort_by.iter().filter(|name| *name != column);
    let order: Vec<String> = std::iter::once(column.to_owned())
        .chain(within.cloned())
        .collect();
    let (plan, schema) = materialise::planned(session, statement, options, &order).await?;
    let files = DayFiles {
        folder: folder.to_owned(),
        day_column: schema.index_of(column).map_err(|cause| {
            Error::usage(format!("`{}` has no column `{column}`", statement.name))
                .at(statement.file, None, None)
                .with_source(cause)
        })?,
        schema,
        days: division.days.into_iter().collect(),
        options: options.clone(),
    };
    materialise::execute(session, plan, |rows| files.clone().write(rows))
        .await
        .map_err(|cause| fault::while_running(statement.name, Some(statement.file), &cause))?
        .map_err(|cause| fault::while_writing(statement.name, folder, cause))?
        .map_err(|stray| {
            let error = Error::usage(format!(
                "`{}` gives a row of {stray}, which is none of the days it was computed for",
                statement.name
            ))
            .at(statement.file, None, None);
            error.with_hint(if column == DAY {
                "`day` must be the local day of the rows it was made of, never null"
            } else {
                "`cutoff` must be one of `run_cutoff`, never null"
            })
        })
}

#[derive(Clone)]
struct DayFiles {
    folder: PathBuf,
    schema: SchemaRef,
    day_column: usize,
    /// In order.
    days: Vec<EpochDays>,
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
            let mut coming = self.days.iter().copied().peekable();
            let mut current: Option<(EpochDays, PartialFile)> = None;
            while let Some(batch) = rows.next()? {
                for (day, part) in self.split(&batch)? {
                    let known = |day: &EpochDays| self.days.binary_search(day).is_ok();
                    let Some(day) = day.filter(known) else {
                        return Ok(Err(day.map_or_else(
                            || "no day".to_owned(),
                            |day| format!("day number {day}"),
                        )));
                    };
                    while let Some(next) = coming.next_if(|next| *next <= day) {
                        self.finish(current.take(), &mut tables)?;
                        current = Some((next, self.begin(next)?));
                    }
                    if let Some((_, file)) = &mut current {
                        file.write(&part)?;
                    }
                }
            }
            for next in coming {
                self.finish(current.take(), &mut tables)?;
                current = Some((next, self.begin(next)?));
            }
            self.finish(current, &mut tables)?;
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
        file: Option<(EpochDays, PartialFile)>,
        tables: &mut DayTables,
    ) -> Result<(), Failure> {
        if let Some((day, file)) = file {
            let table = Materialised::of(file.finish()?, Arc::clone(&self.schema));
            tables.insert(day, (self.file(day), table));
        }
        Ok(())
    }
}

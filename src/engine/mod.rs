//! SQL on DataFusion: tables are bound by name, statements are planned, and
//! results come back as one Parquet file or as a few rows.
//!
//! This is the only module that names DataFusion's session. It deliberately
//! lists no folder, reads no clock, writes nowhere but the path it is given,
//! and runs nothing but a single query: statements that define, change or set
//! something are refused. Which model runs when, and what is published, is not
//! its business.

mod aggregate;
#[cfg(test)]
mod asked;
mod audit;
mod by_day;
mod columns;
mod estimate;
mod exchange;
mod fault;
mod files;
mod frozen;
mod gather;
mod materialise;
mod memory_pool;
mod one_phase;
mod parquet_file;
mod rest;
pub mod session;
mod sort;
mod statement;
mod whole_partition;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, SchemaRef};
use datafusion::catalog::view::ViewTable;
use datafusion::common::{ScalarValue, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::Expr;
use object_store::local::LocalFileSystem;
use object_store::{ObjectMeta, ObjectStore};

pub use self::audit::GrainViolations;
pub use self::by_day::{DAY, DayTables, Division};
use self::files::FrozenFiles;
pub use self::files::{DataFile, FileFormat, FileTable};
use self::frozen::FrozenStore;
pub use self::materialise::{Materialise, Materialised};
use crate::error::{Error, ErrorKind, Result};
use crate::time::{Days, EpochDays, Zone};

/// What a session may use, and the zone its dates are in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Parallel streams of one query.
    pub threads: usize,
    /// What the whole process may use, in bytes. Queries get a quarter of it
    /// before they spill: resident memory was seen at two to six times the pool.
    pub memory_bytes: u64,
    /// Folder for what does not fit into memory; it must exist.
    pub scratch: PathBuf,
    /// Boundaries of the local days that `local_day` knows.
    pub days: Days,
    /// The zone of wall clock readings without an offset.
    pub zone: Zone,
}

/// A SQL query with its name and the file to blame.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// What the query makes, for messages; usually the model's name.
    pub name: &'a str,
    /// The file the text was read from, as the user knows it.
    pub file: &'a str,
    /// One SELECT (or WITH … SELECT).
    pub sql: &'a str,
    /// The value of `$as_of`.
    pub as_of: EpochDays,
}

/// One DataFusion session and its tables.
#[derive(Clone)]
pub struct Engine {
    session: session::Session,
    /// Tables over files so far: each has a store name of its own.
    file_tables: Arc<AtomicU64>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// A new session with no tables and kenko's functions.
    ///
    /// # Errors
    /// [`ErrorKind::Resources`] when the scratch folder cannot be used.
    pub fn new(settings: &Settings) -> Result<Self> {
        session::open(settings).map(Self::over)
    }

    /// Works in a session made by [`session::open`]. The caller may keep a
    /// clone of it: the test harness prepares tables that way.
    pub fn over(session: session::Session) -> Self {
        Self {
            session,
            file_tables: Arc::default(),
        }
    }

    /// An engine without tables that shares memory, scratch folder and
    /// functions with this one and runs `threads` streams of its own.
    #[must_use]
    pub fn beside(&self, threads: usize) -> Self {
        Self {
            session: session::beside(&self.session, threads),
            file_tables: Arc::clone(&self.file_tables),
        }
    }

    /// Binds the table `name` of `other` here as well.
    ///
    /// # Errors
    /// [`ErrorKind::Bug`] when `other` has no such table.
    pub async fn borrow(&self, other: &Self, name: &str) -> Result<()> {
        let table = other.session.table_provider(TableReference::bare(name));
        let table = table.await.map_err(|cause| {
            Error::bug(format!("there is no table `{name}` to borrow"))
                .with_source(fault::Cause::of(&cause))
        })?;
        self.bind(name, table)
    }

    /// Binds rows in memory to `name`, replacing what was there.
    ///
    /// # Errors
    /// [`ErrorKind::Bug`] when a batch is not of `schema`.
    pub fn register_batches(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<()> {
        let table = MemTable::try_new(schema, vec![batches]).map_err(|cause| {
            Error::bug(format!("the rows of `{name}` do not fit its schema")).with_source(cause)
        })?;
        self.bind(name, Arc::new(table))
    }

    /// Binds a frozen list of files to `name`, replacing what was there. Only
    /// footers are read, and only when a query is planned.
    ///
    /// # Errors
    /// [`ErrorKind::Bug`] when a file's partition values do not fit the
    /// partition columns.
    pub fn register_files(&self, name: &str, files: FileTable) -> Result<()> {
        for file in &files.files {
            let types = file.partition_values.iter().map(ScalarValue::data_type);
            let wanted = files.partition_columns.iter().map(Field::data_type);
            if !types.eq(wanted.cloned()) {
                return Err(Error::bug(format!(
                    "the partition values of `{}` do not fit the columns of `{name}`",
                    file.meta.location
                )));
            }
        }
        // Two tables must never share a store's name: what one has listed is
        // not what the other has.
        let number = self.file_tables.fetch_add(1, Ordering::Relaxed);
        let wrong = |cause| {
            Error::bug(format!("cannot register the files of `{name}`"))
                .with_source(fault::Cause::of(&cause))
        };
        let url = ObjectStoreUrl::parse(format!("frozen://table-{number}")).map_err(wrong)?;
        let store: Arc<dyn ObjectStore> = Arc::new(FrozenStore::new(&files));
        self.session
            .register_object_store(url.as_ref(), Arc::clone(&store));
        self.bind(name, Arc::new(FrozenFiles::new(files, store, url)))
    }

    /// Binds one Parquet file on local disk, as [`Engine::materialise`] wrote
    /// it, to `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when the file is not there.
    pub fn register_local_parquet(&self, name: &str, path: &Path, schema: SchemaRef) -> Result<()> {
        let gone = |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::unavailable(format!("cannot read `{}`", path.display())).with_source(cause)
        };
        let file = std::fs::metadata(path).map_err(|cause| gone(cause.into()))?;
        let modified = file.modified().map_err(|cause| gone(cause.into()))?;
        let location = object_store::path::Path::from_filesystem_path(path)
            .map_err(|cause| gone(cause.into()))?;
        let meta = ObjectMeta {
            location,
            last_modified: modified.into(),
            size: file.len(),
            e_tag: None,
            version: None,
        };
        self.register_files(
            name,
            FileTable {
                store: Arc::new(LocalFileSystem::new()),
                store_url: "file://".to_owned(),
                files: vec![DataFile::new(meta)],
                format: FileFormat::Parquet,
                schema,
                partition_columns: Vec::new(),
            },
        )
    }

    /// Binds `name` to the columns and rows of table `from` that are wanted,
    /// computed whenever it is read. The view keeps the table it was made of,
    /// also when `from` is replaced or removed later.
    ///
    /// # Errors
    /// [`ErrorKind::Bug`] when `from` or a column does not exist.
    pub async fn define_view(
        &self,
        name: &str,
        from: &str,
        columns: Vec<Expr>,
        filter: Option<Expr>,
    ) -> Result<()> {
        let wrong = |cause| {
            Error::bug(format!("cannot define `{name}` on `{from}`"))
                .with_source(fault::Cause::of(&cause))
        };
        let mut frame = self
            .session
            .table(TableReference::bare(from))
            .await
            .map_err(wrong)?;
        if let Some(filter) = filter {
            frame = frame.filter(filter).map_err(wrong)?;
        }
        let frame = frame.select(columns).map_err(wrong)?;
        self.bind(name, frame.into_view())
    }

    /// Binds the statement's name to the statement, computed whenever it is
    /// read.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the place in the file.
    pub async fn define_model_view(&self, statement: &Statement<'_>) -> Result<()> {
        let plan = statement::plan_view(&self.session, statement).await?;
        self.bind(statement.name, Arc::new(ViewTable::new(plan, None)))
    }

    /// The columns a statement would give, without running it.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the place in the file.
    pub async fn schema_of(&self, statement: &Statement<'_>) -> Result<SchemaRef> {
        let plan = statement::plan(&self.session, statement).await?;
        Ok(columns::plain(plan.schema().as_arrow()))
    }

    /// Runs a statement whose result is small and returns its rows.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the place in the file, or what
    /// stopped it from running.
    pub async fn collect(
        &self,
        statement: &Statement<'_>,
    ) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let plan = statement::plan(&self.session, statement).await?;
        let schema = columns::plain(plan.schema().as_arrow());
        let running = |cause| fault::while_running(statement.name, Some(statement.file), &cause);
        let frame = DataFrame::new(self.session.state(), plan);
        let batches = session::guarded(frame.collect()).await.map_err(running)?;
        let batches = (batches.iter())
            .map(|batch| columns::of_schema(batch, &schema).map_err(|cause| running(cause.into())))
            .collect::<Result<_>>()?;
        Ok((schema, batches))
    }

    /// Runs a statement into one complete local Parquet file. The same rows give the same bytes, whatever the number of
    /// threads; for float sums that holds as far as the SQL avoids them.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the place in the file, [`ErrorKind::Resources`]
    /// when memory or disk is too small, [`ErrorKind::Unavailable`] when an
    /// extract cannot be read, [`ErrorKind::Data`] when one is damaged. No file
    /// is left behind then.
    pub async fn materialise(
        &self,
        statement: &Statement<'_>,
        target: &Path,
        options: &Materialise,
    ) -> Result<Materialised> {
        materialise::materialise(&self.session, statement, target, options).await
    }

    /// Runs a statement into one local Parquet file for each day of the
    /// `division`, in `folder`. The bytes of a day do not depend on the days
    /// computed with it.
    ///
    /// # Errors
    /// As [`Engine::materialise`]; [`ErrorKind::Usage`] for a row of another
    /// day or of none.
    pub async fn materialise_by_day(
        &self,
        statement: &Statement<'_>,
        folder: &Path,
        division: Division,
        options: &Materialise,
    ) -> Result<DayTables> {
        by_day::materialise(&self.session, statement, folder, division, options).await
    }

    /// Runs a statement and binds its rows, held in memory, to its name.
    ///
    /// # Errors
    /// As [`Engine::collect`].
    pub async fn hold(&self, statement: &Statement<'_>) -> Result<()> {
        let plan = statement::plan(&self.session, statement).await?;
        let schema = Arc::new(plan.schema().as_arrow().clone());
        let running = |cause| fault::while_running(statement.name, Some(statement.file), &cause);
        let frame = DataFrame::new(self.session.state(), plan);
        let batches = session::guarded(frame.collect()).await.map_err(running)?;
        self.register_batches(statement.name, schema, batches)
    }

    /// How many rows of `table` pass `filter`.
    ///
    /// # Errors
    /// As reading the table.
    pub async fn count_where(&self, table: &str, filter: Expr) -> Result<u64> {
        let wrong = |cause| fault::while_running(table, None, &cause);
        let rows = self.table(table).await?.filter(filter).map_err(wrong)?;
        Ok(rows.count().await.map_err(wrong)? as u64)
    }

    /// Counts the rows of `table` whose `grain` is null or repeated. What
    /// [`Engine::materialise`] has written it has counted already.
    ///
    /// # Errors
    /// As reading the table.
    pub async fn grain_violations(&self, table: &str, grain: &[String]) -> Result<GrainViolations> {
        let found = audit::grain_violations(self.table(table).await?, grain).await;
        found.map_err(|cause| fault::while_running(table, None, &cause))
    }

    /// The float columns of `table` with NaN or infinite values, and how many.
    ///
    /// # Errors
    /// As reading the table.
    pub async fn non_finite(&self, table: &str) -> Result<Vec<(String, u64)>> {
        let found = audit::non_finite(self.table(table).await?).await;
        found.map_err(|cause| fault::while_running(table, None, &cause))
    }

    async fn table(&self, name: &str) -> Result<DataFrame> {
        let table = self.session.table(TableReference::bare(name)).await;
        table.map_err(|cause| {
            Error::new(ErrorKind::Bug, format!("there is no table `{name}`"))
                .with_source(fault::Cause::of(&cause))
        })
    }

    fn bind(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        let reference = TableReference::bare(name);
        let wrong = |cause| {
            Error::bug(format!("cannot register the table `{name}`"))
                .with_source(fault::Cause::of(&cause))
        };
        self.session
            .deregister_table(reference.clone())
            .map_err(wrong)?;
        self.session
            .register_table(reference, table)
            .map_err(wrong)?;
        Ok(())
    }
}

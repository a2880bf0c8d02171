//! SQL on DataFusion: tables are bound by name, statements are planned, and
//! results come back as one Parquet file or as a few rows.
//!
//! This is the only module that names DataFusion's session. It deliberately
//! lists no folder, reads no clock, writes nowhere but the path it is given,
//! and runs nothing but a single query: statements that define, change or set
//! something are refused. Which model runs when, and what is published, is not
//! its business.

mod fault;
pub mod session;
mod statement;

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::view::ViewTable;
use datafusion::common::TableReference;
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::prelude::Expr;

use crate::error::{Error, Result};
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
    /// [`crate::error::ErrorKind::Resources`] when the scratch folder cannot be used.
    pub fn new(settings: &Settings) -> Result<Self> {
        session::open(settings).map(Self::over)
    }

    /// Works in a session made by [`session::open`]. The caller may keep a
    /// clone of it: the test harness prepares tables that way.
    pub fn over(session: session::Session) -> Self {
        Self { session }
    }

    /// Binds rows in memory to `name`, replacing what was there.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Bug`] when a batch is not of `schema`.
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

    /// Binds `name` to the columns and rows of table `from` that are wanted,
    /// computed whenever it is read. The view keeps the table it was made of,
    /// also when `from` is replaced or removed later.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Bug`] when `from` or a column does not exist.
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
    /// [`crate::error::ErrorKind::Usage`] with the place in the file.
    pub async fn define_model_view(&self, statement: &Statement<'_>) -> Result<()> {
        let plan = statement::plan(&self.session, statement).await?;
        self.bind(statement.name, Arc::new(ViewTable::new(plan, None)))
    }

    /// The columns a statement would give, without running it.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] with the place in the file.
    pub async fn schema_of(&self, statement: &Statement<'_>) -> Result<SchemaRef> {
        let plan = statement::plan(&self.session, statement).await?;
        Ok(Arc::new(plan.schema().as_arrow().clone()))
    }

    /// Runs a statement whose result is small and returns its rows.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] with the place in the file, or what
    /// stopped it from running.
    pub async fn collect(
        &self,
        statement: &Statement<'_>,
    ) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let plan = statement::plan(&self.session, statement).await?;
        let schema = Arc::new(plan.schema().as_arrow().clone());
        let running = |cause| fault::while_running(statement.name, statement.file, &cause);
        let frame = self
            .session
            .execute_logical_plan(plan)
            .await
            .map_err(running)?;
        let batches = frame.collect().await.map_err(running)?;
        Ok((schema, batches))
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

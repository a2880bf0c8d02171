//! From a query to one Parquet file: columns appended, rows in total order.
//!
//! Rows are computed on DataFusion's threads and encoded on one of their own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNode;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::audit::GrainViolations;
use super::parquet_file::{Failure, PartialFile, Written};
use super::session::{self, Session};
use super::{Statement, columns, fault, one_phase, statement};
use crate::error::{Error, Result};

/// Batches that wait for the thread that encodes them.
const BATCHES_WAITING: usize = 4;

/// How a result is to be written.
#[derive(Clone, Debug, Default)]
pub struct Materialise {
    /// Columns that order the rows, ascending, nulls last: the grain. Rows
    /// that agree in all of them may come in any order, so a grain that does
    /// not name a row does not promise the same bytes. Without any, rows are
    /// ordered by every column.
    pub sort_by: Vec<String>,
    /// Columns with one value for all rows, put behind the query's.
    pub append: Vec<(Field, ScalarValue)>,
    /// Key-value metadata of the file; nothing else is added.
    pub metadata: BTreeMap<String, String>,
    /// The file is one of many small ones, written to be read again soon: quick
    /// to open rather than small.
    pub is_small: bool,
    /// Set to the rows written so far, for showing progress.
    pub progress: Option<Arc<AtomicU64>>,
}

/// One complete Parquet file on local disk.
#[derive(Clone, Debug)]
pub struct Materialised {
    /// Number of rows.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Its columns, all nullable.
    pub schema: SchemaRef,
    /// Rows whose key is null or repeated, seen while writing.
    pub grain: GrainViolations,
    /// Float columns with NaN or infinite values, and how many; seen while
    /// writing.
    pub non_finite: Vec<(String, u64)>,
}

/// Runs a query into the file `target`, replacing it.
pub(super) async fn materialise(
    session: &Session,
    statement: &Statement<'_>,
    target: &Path,
    options: &Materialise,
) -> Result<Materialised> {
    let (plan, schema) = planned(session, statement, options, &options.sort_by).await?;
    let file = FileToWrite {
        target: target.to_owned(),
        schema: Arc::clone(&schema),
        options: options.clone(),
    };
    let written = execute(session, plan, |rows| file.clone().write(rows))
        .await
        .map_err(|cause| fault::while_running(statement.name, Some(statement.file), &cause))?
        .map_err(|cause| fault::while_writing(statement.name, target, cause))?;
    Ok(Materialised::of(written, schema))
}

impl Materialised {
    /// What is said of a file that has been written.
    pub(super) fn of(written: Written, schema: SchemaRef) -> Self {
        Self {
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.sha256,
            schema,
            non_finite: written.audit.non_finite(),
            grain: written.audit.grain,
        }
    }
}

/// The plan of a table, its rows ordered by `order`, and its columns.
pub(super) async fn planned(
    session: &Session,
    statement: &Statement<'_>,
    options: &Materialise,
    order: &[String],
) -> Result<(LogicalPlan, SchemaRef)> {
    let plan = statement::plan(session, statement).await?;
    let schema = schema_of_table(&plan, statement, options)?;
    let plan = arrange(plan, &schema, options, order).map_err(|cause| {
        Error::bug(format!("cannot order `{}`", statement.name))
            .with_source(fault::Cause::of(&cause))
    })?;
    Ok((plan, schema))
}

/// Computes `plan` and hands its rows to `write`; when memory is short, once
/// more with aggregates and then with joins that need less.
pub(super) async fn execute<T: Send + 'static, W>(
    session: &Session,
    plan: LogicalPlan,
    write: impl Fn(Rows) -> W,
) -> datafusion::error::Result<Result<T, Failure>>
where
    W: FnOnce() -> Result<T, Failure> + Send + 'static,
{
    let mut state = session.state();
    let mut outcome = attempt(state.clone(), plan.clone(), &write).await;
    // The rows are the same, and so are the bytes.
    if needs_memory(&outcome) && one_phase::can_work_in_order(&plan) {
        state = session::sparing(state);
        let again = attempt(state.clone(), plan.clone(), &write).await;
        outcome = after(outcome, again, "unsorted");
    }
    if needs_memory(&outcome) && has_join(&plan) {
        // Hash joins keep one side in memory; sorted ones go to disk.
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        let again = attempt(state, plan, &write).await;
        outcome = after(outcome, again, "with hash joins");
    }
    outcome
}

/// The outcome of the second try; when it needs more memory too, what the first
/// one, called `before`, wanted is said as well: that is the plan to look at.
fn after<T>(
    first: datafusion::error::Result<T>,
    second: datafusion::error::Result<T>,
    before: &str,
) -> datafusion::error::Result<T> {
    match (first, second) {
        (Err(first), Err(second)) if is_of_memory(&second) => {
            Err(DataFusionError::ResourcesExhausted(format!(
                "{}; before that, {before}: {}",
                second.strip_backtrace(),
                first.strip_backtrace()
            )))
        }
        (_, second) => second,
    }
}

/// Computes and writes. The outer result is that of computing, the inner one
/// that of writing.
async fn attempt<T: Send + 'static, W>(
    state: SessionState,
    plan: LogicalPlan,
    write: impl Fn(Rows) -> W,
) -> datafusion::error::Result<Result<T, Failure>>
where
    W: FnOnce() -> Result<T, Failure> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel::<Message>(BATCHES_WAITING);
    let writer = tokio::task::spawn_blocking(write(Rows(receiver)));
    let frame = DataFrame::new(state, plan);
    let computing = session::guarded(async move { compute(frame, sender).await }).await;
    let written = writer
        .await
        .map_err(|cause| DataFusionError::ExecutionJoin(Box::new(cause)))?;
    computing.map(|()| written)
}

fn needs_memory<T>(outcome: &datafusion::error::Result<T>) -> bool {
    outcome.as_ref().is_err_and(is_of_memory)
}

fn is_of_memory(cause: &DataFusionError) -> bool {
    matches!(cause.find_root(), DataFusionError::ResourcesExhausted(_))
}

fn has_join(plan: &LogicalPlan) -> bool {
    let is_join = |node: &LogicalPlan| Ok(matches!(node, LogicalPlan::Join(_)));
    plan.exists(is_join).unwrap_or(false)
}

/// Sends the rows of `frame` to the writer, and the end only after the last.
async fn compute(frame: DataFrame, writer: mpsc::Sender<Message>) -> datafusion::error::Result<()> {
    let mut batches = frame.execute_stream().await?;
    while let Some(batch) = batches.next().await {
        if writer.send(Message::Rows(batch?)).await.is_err() {
            // The writer has stopped; its own result says why.
            return Ok(());
        }
    }
    // When nobody listens any more, the writer's result says why.
    let _ = writer.send(Message::End).await;
    Ok(())
}

enum Message {
    Rows(RecordBatch),
    End,
}

/// Rows as they are computed, for the thread that encodes them.
pub(super) struct Rows(mpsc::Receiver<Message>);

impl Rows {
    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// [`Failure::Io`] when the rows stop without an end.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        match self.0.blocking_recv() {
            Some(Message::Rows(batch)) => Ok(Some(batch)),
            Some(Message::End) => Ok(None),
            None => Err(Failure::Io(io::Error::other("the rows broke off"))),
        }
    }
}

#[derive(Clone)]
struct FileToWrite {
    target: PathBuf,
    schema: SchemaRef,
    options: Materialise,
}

impl FileToWrite {
    /// Writes what comes. When the rows stop without an end there is no file.
    fn write(self, mut rows: Rows) -> impl FnOnce() -> Result<Written, Failure> + Send {
        move || {
            let mut file = PartialFile::create(
                &self.target,
                &self.schema,
                &self.options.sort_by,
                &self.options.metadata,
                self.options.is_small,
                self.options.progress,
            )?;
            while let Some(batch) = rows.next()? {
                file.write(&batch)?;
            }
            file.finish()
        }
    }
}

/// The columns of the table: the query's and the appended ones.
fn schema_of_table(
    plan: &LogicalPlan,
    statement: &Statement<'_>,
    options: &Materialise,
) -> Result<SchemaRef> {
    let query = columns::plain(plan.schema().as_arrow());
    let wrong = |message: String| Error::usage(message).at(statement.file, None, None);
    for (position, field) in query.fields().iter().enumerate() {
        if !columns::is_table_type(field.data_type()) {
            return Err(wrong(format!(
                "column `{}` has the type {}, which tables do not have",
                field.name(),
                field.data_type()
            ))
            .with_hint("cast it, for example `cast(null as text)`"));
        }
        if query.index_of(field.name()).ok() != Some(position)
            || (options.append.iter()).any(|(appended, _)| appended.name() == field.name())
        {
            return Err(wrong(format!("column `{}` is there twice", field.name()))
                .with_hint("give one of them another name with `as`"));
        }
    }
    let appended = options.append.iter().map(|(field, _)| field.clone());
    let fields = query.fields().iter().map(|field| field.as_ref().clone());
    let schema = columns::plain(&Schema::new(fields.chain(appended).collect::<Vec<_>>()));
    match options
        .sort_by
        .iter()
        .find(|name| schema.index_of(name).is_err())
    {
        Some(missing) => Err(wrong(format!(
            "`{}` has no column `{missing}`, which its grain names",
            statement.name
        ))),
        None => Ok(schema),
    }
}

fn arrange(
    plan: LogicalPlan,
    schema: &Schema,
    options: &Materialise,
    order: &[String],
) -> datafusion::error::Result<LogicalPlan> {
    let query = plan.schema().columns().into_iter().map(Expr::Column);
    let appended = (options.append.iter())
        .map(|(field, value)| Ok(lit(value.cast_to(field.data_type())?).alias(field.name())));
    let mut columns: Vec<Expr> = query.collect();
    columns.extend(appended.collect::<datafusion::error::Result<Vec<_>>>()?);
    let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
    let columns: Vec<Expr> = (plan.schema().columns().into_iter())
        .map(Expr::Column)
        .collect();
    let by_name = |name: &String| {
        let position = schema.index_of(name)?;
        Ok(columns[position].clone())
    };
    let order = match order {
        [] => columns,
        names => names
            .iter()
            .map(by_name)
            .collect::<datafusion::error::Result<_>>()?,
    };
    let order = order.into_iter().map(|column| column.sort(true, false));
    let plan = LogicalPlanBuilder::from(plan).sort(order.collect::<Vec<_>>())?;
    plan.build()
}

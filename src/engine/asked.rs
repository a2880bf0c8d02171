//! What a session answers to a question over a few rows, for tests that hold an
//! operator or a function of ours beside DataFusion's.

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::physical_plan::displayable;

use super::session::Session;

/// The answer to `sql` over the table `t` of these rows, and the plan by which it was
/// found.
pub(super) fn asked(session: &Session, rows: Vec<RecordBatch>, sql: &str) -> (String, String) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let table = session.read_batches(rows).unwrap().into_view();
        session.register_table("t", table).unwrap();
        let frame = session.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let plan = displayable(plan.as_ref()).indent(false).to_string();
        let found = frame.collect().await.unwrap();
        (pretty_format_batches(&found).unwrap().to_string(), plan)
    })
}

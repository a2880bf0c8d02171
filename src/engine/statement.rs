//! From SQL text to a plan: exactly one query, `$as_of` bound, nothing changed.
//!
//! The text itself is never edited. Wrong text becomes an error that points at
//! its line and column.

use datafusion::common::{ParamValues, ScalarValue};
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement as Sql;

use super::session::Session;
use super::{Statement, columns, fault};
use crate::error::{Error, Result};

/// Plans a query; `$as_of` is bound as a date, columns have the types of tables.
pub(super) async fn plan(session: &Session, statement: &Statement<'_>) -> Result<LogicalPlan> {
    planned(session, statement, columns::in_table_types).await
}

/// Plans a query that is inlined into others.
pub(super) async fn plan_view(session: &Session, statement: &Statement<'_>) -> Result<LogicalPlan> {
    planned(session, statement, columns::in_view_types).await
}

async fn planned(
    session: &Session,
    statement: &Statement<'_>,
    typed: impl Fn(LogicalPlan) -> datafusion::error::Result<LogicalPlan>,
) -> Result<LogicalPlan> {
    let state = session.state();
    let planning = |cause| fault::while_planning(statement, &state, &cause);
    let dialect = state.config_options().sql_parser.dialect;
    let parsed = state
        .sql_to_statement(statement.sql, &dialect)
        .map_err(planning)?;
    only_a_query(&parsed, statement)?;
    let plan = state.statement_to_plan(parsed).await.map_err(planning)?;
    let options = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    options.verify_plan(&plan).map_err(planning)?;
    let as_of = ScalarValue::Date32(Some(statement.as_of));
    let plan = plan
        .with_param_values(ParamValues::from(vec![("as_of", as_of)]))
        .map_err(planning)?;
    if matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
        return Ok(plan);
    }
    // Types are settled only now: of mixed ones the analyser chooses.
    let plan = state
        .analyzer()
        .execute_and_check(plan, state.config_options(), |_, _| {})
        .map_err(planning)?;
    typed(plan).map_err(planning)
}

/// `EXPLAIN` of a query is a query; everything else that parses is not.
fn only_a_query(parsed: &Parsed, statement: &Statement<'_>) -> Result<()> {
    let allowed = match parsed {
        Parsed::Statement(sql) => matches!(sql.as_ref(), Sql::Query(_)),
        Parsed::Explain(explain) => {
            return only_a_query(&explain.statement, statement);
        }
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    Err(Error::usage("the statement is not a query")
        .at(statement.file, Some(1), None)
        .with_hint(
            "write one SELECT: kenko runs no statement that defines, changes or sets something",
        ))
}

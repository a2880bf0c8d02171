//! The `select` of a model: that it is one, what it reads, and that its result
//! depends on nothing else.
//!
//! Parsing uses DataFusion's own parser and dialect, so that what passes here is
//! what the engine will read; whether columns and functions exist is known only
//! to the engine. What is refused: every other statement, table functions,
//! samples, functions that read a clock or draw a number, parameters other than
//! `$as_of`, and in the outermost query `*`, `order by` and `limit` (a model
//! names its columns; the runner orders rows by the grain).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, TableReference};
use datafusion::sql::parser::{DFParserBuilder, Statement as ParsedStatement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SetExpr, Spanned, Statement, TableFactor,
    Value, ValueWithSpan, Visit, Visitor,
};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::Span;

use super::Layer;
use crate::error::{Error, Result};

/// The parameter that every model may use: the as-of day.
const AS_OF: &str = "$as_of";

/// Functions whose result depends on more than their arguments.
const VOLATILE: [&str; 13] = [
    "now",
    "current_date",
    "current_timestamp",
    "current_time",
    "localtime",
    "localtimestamp",
    "today",
    "random",
    "rand",
    "uuid",
    "gen_random_uuid",
    "newid",
    "version",
];

/// A place in the text; line and column count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// What a model's `select` reads.
#[derive(Debug)]
pub(super) struct Reading {
    /// The text without comments and spacing.
    pub(super) canonical: String,
    /// Whether the text names `$as_of`.
    pub(super) uses_as_of: bool,
    pub(super) reads: BTreeSet<String>,
    /// Where each table is named first.
    pub(super) places: BTreeMap<String, Place>,
}

/// Parses and examines `text`, the content of `file`.
pub(super) fn parse(file: &str, layer: Layer, text: &str) -> Result<Reading> {
    let statement = only_statement(file, text)?;
    let mut inspection = Inspection {
        fault: None,
        uses_as_of: false,
        places: BTreeMap::new(),
    };
    let query = match &statement {
        ParsedStatement::Statement(inner) => match inner.as_ref() {
            Statement::Query(query) => query,
            other => return Err(not_a_select(file, &other.to_string(), other.span())),
        },
        other => return Err(not_a_select(file, &other.to_string(), Span::empty())),
    };
    if let ControlFlow::Break(()) = inspection.outermost(query, layer)
        && let Some(fault) = inspection.fault
    {
        return Err(fault.located(file));
    }
    let (tables, _) = resolve_table_references(&statement, true)
        .map_err(|cause| Error::usage("cannot resolve the tables it names").with_source(cause))
        .map_err(|error| error.at(file, None, None))?;
    let mut reads = BTreeSet::new();
    for table in tables {
        let TableReference::Bare { table: name } = &table else {
            return Err(inspection.qualified(file, &table));
        };
        reads.insert(name.to_string());
    }
    let mut places = inspection.places;
    places.retain(|name, _| reads.contains(name));
    Ok(Reading {
        canonical: statement.to_string(),
        uses_as_of: inspection.uses_as_of,
        reads,
        places,
    })
}

fn only_statement(file: &str, text: &str) -> Result<ParsedStatement> {
    let mut statements = DFParserBuilder::new(text)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|cause| syntax_error(file, &cause))?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (None, _) => Err(Error::usage("the file has no `select`")
            .at(file, None, None)
            .with_hint("write one `select` below the header")),
        (Some(_), false) => Err(Error::usage("the file has more than one statement")
            .at(file, None, None)
            .with_hint("one file is one table: keep one `select`, and move the others to files of their own")),
    }
}

/// Line and column stand in the parser's text only: ` at Line: 3, Column: 5`.
fn syntax_error(file: &str, cause: &DataFusionError) -> Error {
    let text = match cause {
        DataFusionError::SQL(parser, _) => match parser.as_ref() {
            ParserError::ParserError(text) | ParserError::TokenizerError(text) => text.clone(),
            ParserError::RecursionLimitExceeded => "nested too deeply".to_owned(),
        },
        other => other.to_string(),
    };
    let (sentence, place) = match text.rsplit_once(" at Line: ") {
        Some((sentence, place)) => (sentence.to_owned(), place.to_owned()),
        None => (text, String::new()),
    };
    let mut numbers = place
        .split(", Column: ")
        .map(|number| number.trim().parse::<u64>().ok());
    let line = numbers.next().flatten();
    let column = numbers.next().flatten();
    Error::usage(format!("syntax error: {sentence}"))
        .at(file, line, column)
        .with_hint("the dialect is DataFusion's")
}

fn not_a_select(file: &str, statement: &str, span: Span) -> Error {
    let verb = statement
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_lowercase();
    Fault {
        message: format!("`{verb}` is not allowed in a model"),
        hint: "a model is one `select`; the runner writes its result".to_owned(),
        span,
    }
    .located(file)
}

struct Fault {
    message: String,
    hint: String,
    span: Span,
}

impl Fault {
    fn located(self, file: &str) -> Error {
        let place = place_of(self.span);
        Error::usage(self.message).with_hint(self.hint).at(
            file,
            place.map(|place| place.line),
            place.map(|place| place.column),
        )
    }
}

fn place_of(span: Span) -> Option<Place> {
    (span.start.line > 0).then_some(Place {
        line: span.start.line,
        column: span.start.column,
    })
}

struct Inspection {
    fault: Option<Fault>,
    uses_as_of: bool,
    places: BTreeMap<String, Place>,
}

impl Inspection {
    fn refuse(&mut self, span: Span, message: String, hint: &str) -> ControlFlow<()> {
        self.fault = Some(Fault {
            message,
            hint: hint.to_owned(),
            span,
        });
        ControlFlow::Break(())
    }

    fn outermost(&mut self, query: &Query, layer: Layer) -> ControlFlow<()> {
        query.visit(self)?;
        if let Some(order) = &query.order_by {
            self.refuse(
                order.span(),
                "`order by` in the outermost query".to_owned(),
                "remove it: the rows are ordered by the grain",
            )?;
        }
        if query.limit_clause.is_some() || query.fetch.is_some() {
            self.refuse(
                query.span(),
                "`limit` in the outermost query".to_owned(),
                "rank the rows by a total order and filter by the rank",
            )?;
        }
        // The wrong rows of a check are shown to a person as they are.
        if layer == Layer::Check {
            return ControlFlow::Continue(());
        }
        self.names_its_columns(&query.body)
    }

    fn names_its_columns(&mut self, body: &SetExpr) -> ControlFlow<()> {
        match body {
            SetExpr::Select(select) => {
                for item in &select.projection {
                    if matches!(
                        item,
                        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)
                    ) {
                        self.refuse(
                            item.span(),
                            "`*` in the final `select`".to_owned(),
                            "name every column: a model's columns are a promise to its readers",
                        )?;
                    }
                }
                ControlFlow::Continue(())
            }
            SetExpr::Query(query) => self.names_its_columns(&query.body),
            SetExpr::SetOperation { left, right, .. } => {
                self.names_its_columns(left)?;
                self.names_its_columns(right)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn qualified(&self, file: &str, table: &TableReference) -> Error {
        let place = self.places.get(table.table());
        Error::usage(format!("`{table}` is not a plain table name"))
            .with_hint("there are no schemas or catalogs: name the table alone")
            .at(
                file,
                place.map(|place| place.line),
                place.map(|place| place.column),
            )
    }
}

impl Visitor for Inspection {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        match query.body.as_ref() {
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => self.refuse(
                query.span(),
                "a query that is no `select`".to_owned(),
                "a model only reads: write `select … from …`",
            ),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.into.is_some() {
            return self.refuse(
                select.span(),
                "`select … into` is not allowed in a model".to_owned(),
                "remove `into`: the runner writes the result",
            );
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if let Some(name) = relation.0.last().and_then(|part| part.as_ident())
            && let Some(place) = place_of(relation.span())
        {
            self.places.entry(folded(name)).or_insert(place);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let (is_refused, what) = match factor {
            TableFactor::Table {
                args,
                sample,
                version,
                ..
            } => (
                args.is_some() || sample.is_some() || version.is_some(),
                "table function or sample",
            ),
            TableFactor::Derived { sample, .. } => (sample.is_some(), "sample"),
            TableFactor::NestedJoin { .. } | TableFactor::UNNEST { .. } => (false, ""),
            _ => (true, "table function"),
        };
        if is_refused {
            return self.refuse(
                factor.span(),
                format!("a {what} after `from`"),
                "a model reads tables that it names; put constants into a `cfg_` table",
            );
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expression
            && let Some(name) = function.name.0.last().and_then(|part| part.as_ident())
            && VOLATILE.contains(&name.value.to_lowercase().as_str())
        {
            return self.refuse(
                name.span,
                format!("`{}` gives another result in every run", name.value),
                "use `$as_of`, the run's business day: a run for last March must give what it gave \
                 then",
            );
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        match &value.value {
            Value::Placeholder(name) if name != AS_OF => self.refuse(
                value.span,
                format!("unknown parameter `{name}`"),
                "`$as_of` is the only parameter; a threshold belongs into a `cfg_` table",
            ),
            Value::Placeholder(_) => {
                self.uses_as_of = true;
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn folded(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(text: &str) -> String {
        parse("f.sql", Layer::Mart, text).unwrap_err().render()
    }

    #[test]
    fn reads_are_tables_without_the_models_own() {
        let text = "with a as (select id from RAW_a), b as (select id from a)\n\
                    select b.id, \"unused\" from b join cfg_x on cfg_x.id = b.id\n\
                    where b.id in (select id from stg_y where day < $as_of)";
        let reading = parse("f.sql", Layer::Mart, text).unwrap();
        let reads: Vec<&str> = reading.reads.iter().map(String::as_str).collect();
        assert_eq!(reads, ["cfg_x", "raw_a", "stg_y"]);
        assert_eq!(
            reading.places["stg_y"],
            Place {
                line: 3,
                column: 31
            }
        );
        assert_eq!(
            reading.places["raw_a"],
            Place {
                line: 1,
                column: 27
            }
        );
    }

    #[test]
    fn only_one_reproducible_select_passes() {
        let cases = [
            ("selec 1", "f.sql:1:1: syntax error"),
            ("select 1 from t where a = 'x", "syntax error"),
            ("", "has no `select`"),
            ("select 1 as a; select 2 as a", "more than one statement"),
            ("drop table t", "`drop` is not allowed"),
            ("copy t to 'x'", "`copy` is not allowed"),
            ("explain select 1", "is not allowed"),
            ("set a = 1", "`set` is not allowed"),
            ("create table x as select 1", "`create` is not allowed"),
            ("insert into t select 1", "`insert` is not allowed"),
            ("select a into b from t", "into"),
            (
                "with x as (insert into t values (1)) select a from x",
                "no `select`",
            ),
            ("table t", "syntax error"),
            ("select\n  now() as a", "f.sql:2:3: `now`"),
            (
                "select a from t where d = current_date",
                "f.sql:1:27: `current_date`",
            ),
            ("select a from t order by a", "`order by`"),
            ("select a from t limit 1", "`limit`"),
            ("select * from t", "f.sql:1:8: `*`"),
            ("select a from t union all select t.* from t", "`*`"),
            ("select a from generate_series(1, 3)", "table function"),
            ("select a from t tablesample (10 percent)", "sample"),
            (
                "select a from t where a > $limit",
                "f.sql:1:27: unknown parameter `$limit`",
            ),
            ("select a from t where a > $1", "unknown parameter `$1`"),
            (
                "select a from s.t",
                "f.sql:1:15: `s.t` is not a plain table name",
            ),
            ("select a, (select random()) as b from t", "`random`"),
        ];
        for (text, expected) in cases {
            let shown = failure(text);
            assert!(
                shown.contains(expected),
                "{text}: {expected} not in\n{shown}"
            );
        }
    }

    #[test]
    fn stars_inside_and_unnest_are_fine() {
        let text = "with x as (select * from t order by a limit 3)\n\
                    select count(*) as n, unnest(l) as one from x cross join unnest(x.l) as u(v);";
        assert!(parse("f.sql", Layer::Mart, text).is_ok());
        assert!(parse("f.sql", Layer::Check, "select * from t").is_ok());
    }
}

//! One test file's session: SQL of any kind, and the runner's own statements.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use kenko::config::{self, Pipeline, contract};
use kenko::engine::session::{self, Session};
use kenko::engine::{Engine, Settings, Statement};
use kenko::error::{Error, Result};
use kenko::model::header::{ColumnDoc, ColumnKind};
use kenko::model::{self, Model};
use kenko::time::{AsOf, Days, parse_date};
use sqllogictest::{AsyncDB, DBOutput};

use crate::render::{Column, columns, rows};

const PIPELINE: &str = "pipelines/nightly.yaml";
const FIRST_AS_OF: &str = "2026-01-31";

/// What went wrong, as the person who wrote the SQL reads it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.render())
    }
}

pub(crate) struct Database {
    session: Session,
    engine: Engine,
    pipeline: Pipeline,
    as_of: AsOf,
}

impl Database {
    pub(crate) fn open() -> Result<Self, Failure> {
        let text = read(Path::new(PIPELINE))?;
        let pipeline = Pipeline::parse(PIPELINE, &text)?;
        let as_of = AsOf::parse(FIRST_AS_OF, &pipeline.zone)?;
        let session = open_session(&pipeline)?;
        Ok(Self {
            engine: Engine::over(session.clone()),
            session,
            pipeline,
            as_of,
        })
    }

    async fn own_statement(&mut self, words: &[&str]) -> Result<bool, Failure> {
        match words {
            ["set", "as_of", day] => self.as_of = AsOf::parse(day, &self.pipeline.zone)?,
            ["cfg"] => register_configuration(&self.engine, &self.pipeline, &self.as_of)?,
            ["empty", names @ ..] => {
                let mut planner = Planner::open(&self.pipeline, &self.as_of)?;
                for name in names {
                    let schema = planner.schema_of(name).await?;
                    self.engine.register_batches(name, schema, Vec::new())?;
                }
            }
            ["model", name] => self.run_model(name).await?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    async fn run_model(&self, name: &str) -> Result<(), Failure> {
        let model = model_named(name)?;
        let wrong = |what: String| Failure(format!("{}: {what}", model.file));
        self.begin_with_nothing(&model)?;
        let (schema, batches) = (self.engine)
            .collect(&statement(&model, &self.as_of))
            .await?;
        if let Some(difference) = difference(&model.header.columns, &schema) {
            return Err(wrong(difference));
        }
        let schema = nullable(&schema);
        let batches = batches
            .into_iter()
            .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|cause| Failure(cause.to_string()))?;
        self.engine.register_batches(name, schema, batches)?;
        let grain = &model.header.grain;
        let violations = self.engine.grain_violations(name, grain).await?;
        match violations.example {
            Some(example) => Err(wrong(format!("the grain is null or repeated: {example}"))),
            None => Ok(()),
        }
    }
}

impl Database {
    /// A model that accumulates has no earlier rows unless the test gives some.
    fn begin_with_nothing(&self, model: &Model) -> Result<(), Failure> {
        let earlier = format!("earlier_{}", model.name);
        let exists = self.session.table_exist(earlier.as_str());
        let exists = exists.map_err(|cause| Failure(cause.strip_backtrace()))?;
        if model.header.accumulates && !exists {
            let fields: Vec<Field> = model.header.columns.iter().map(field).collect();
            let schema = Arc::new(Schema::new(fields));
            self.engine.register_batches(&earlier, schema, Vec::new())?;
        }
        Ok(())
    }
}

#[async_trait]
impl AsyncDB for Database {
    type Error = Failure;
    type ColumnType = Column;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<Column>, Failure> {
        let words: Vec<&str> = sql.split_whitespace().collect();
        if self.own_statement(&words).await? {
            return Ok(DBOutput::StatementComplete(0));
        }
        let as_of = datafusion::common::ScalarValue::Date32(Some(self.as_of.epoch_days()));
        let failed = |cause: datafusion::error::DataFusionError| Failure(cause.strip_backtrace());
        let mut frame = self.session.sql(sql).await.map_err(failed)?;
        if sql.contains("$as_of") {
            frame = frame
                .with_param_values(vec![("as_of", as_of)])
                .map_err(failed)?;
        }
        let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
        let is_query = words
            .first()
            .is_some_and(|word| ["select", "with", "values", "explain"].contains(word));
        let batches = frame.collect().await.map_err(failed)?;
        if is_query {
            return Ok(DBOutput::Rows {
                types: columns(&schema),
                rows: rows(&batches),
            });
        }
        Ok(DBOutput::StatementComplete(0))
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &'static str {
        "kenko"
    }
}

/// Finds the columns of tables without making rows: models are planned on top
/// of empty tables, in a session of their own.
struct Planner<'a> {
    engine: Engine,
    pipeline: &'a Pipeline,
    as_of: &'a AsOf,
    known: BTreeSet<String>,
}

impl<'a> Planner<'a> {
    fn open(pipeline: &'a Pipeline, as_of: &'a AsOf) -> Result<Self, Failure> {
        let engine = Engine::over(open_session(pipeline)?);
        register_configuration(&engine, pipeline, as_of)?;
        Ok(Self {
            engine,
            pipeline,
            as_of,
            known: BTreeSet::new(),
        })
    }

    async fn schema_of(&mut self, name: &str) -> Result<SchemaRef, Failure> {
        if let Some(source) = name.strip_prefix("raw_") {
            let shipped = contract::shipped()?;
            let own = self.pipeline.sources.get(source);
            return own
                .map(|own| &own.contract)
                .or_else(|| shipped.get(source))
                .map(contract::Contract::schema)
                .ok_or_else(|| Failure(format!("there is no contract for `{name}`")));
        }
        let texts = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
        match name {
            "run_source" => {
                let mut fields = texts(&["source_table", "check_name", "severity"]);
                fields.extend([
                    integer("rows_checked"),
                    integer("rows_failed"),
                    text("message"),
                    Field::new("newest_on", DataType::Date32, true),
                ]);
                return Ok(Arc::new(Schema::new(fields)));
            }
            "run_check" => {
                let mut fields = texts(&["check_name", "model", "severity"]);
                fields.extend([integer("rows_failed"), text("message")]);
                return Ok(Arc::new(Schema::new(fields)));
            }
            "run_earlier" | "run_cutoff" => {
                let column = if name == "run_earlier" {
                    "day"
                } else {
                    "cutoff"
                };
                let field = Field::new(column, DataType::Date32, true);
                return Ok(Arc::new(Schema::new(vec![field])));
            }
            _ => {}
        }
        if let Some(model) = name.strip_prefix("earlier_") {
            let model = model_named(model)?;
            let fields: Vec<Field> = model.header.columns.iter().map(field).collect();
            return Ok(Arc::new(Schema::new(fields)));
        }
        if name.starts_with("cfg_") {
            let tables = config::tables(self.pipeline, self.as_of)?;
            let table = tables.iter().find(|(table, _)| table == name);
            return table
                .map(|(_, batch)| nullable(&batch.schema()))
                .ok_or_else(|| Failure(format!("there is no `{name}`")));
        }
        let mut earlier = ["prior_", "past_"].into_iter();
        if let Some(mart) = earlier.find_map(|prefix| name.strip_prefix(prefix)) {
            let model = model_named(mart)?;
            let mut fields: Vec<Field> = model.header.columns.iter().map(field).collect();
            if !fields.iter().any(|field| field.name() == "as_of") {
                fields.push(Field::new("as_of", DataType::Date32, true));
            }
            return Ok(Arc::new(Schema::new(fields)));
        }
        self.schema_of_model(name).await
    }

    async fn schema_of_model(&mut self, name: &str) -> Result<SchemaRef, Failure> {
        let model = model_named(name)?;
        for read in &model.reads {
            if read.starts_with("cfg_") || !self.known.insert(read.clone()) {
                continue;
            }
            let schema = Box::pin(self.schema_of(read)).await?;
            self.engine.register_batches(read, schema, Vec::new())?;
        }
        let schema = (self.engine)
            .schema_of(&statement(&model, self.as_of))
            .await?;
        Ok(nullable(&schema))
    }
}

/// Reads and parses the model of that name under `sql/`, as it is on disk now.
fn model_named(name: &str) -> Result<Model, Failure> {
    let path = find(Path::new("sql"), &format!("{name}.sql"))
        .ok_or_else(|| Failure(format!("there is no sql/**/{name}.sql")))?;
    Ok(model::parse(&path.display().to_string(), &read(&path)?)?)
}

fn statement<'a>(model: &'a Model, as_of: &AsOf) -> Statement<'a> {
    Statement {
        name: &model.name,
        file: &model.file,
        sql: &model.sql,
        as_of: as_of.epoch_days(),
    }
}

fn field(column: &ColumnDoc) -> Field {
    let data_type = match column.kind {
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Date => DataType::Date32,
        ColumnKind::Timestamp => contract::ColumnType::Timestamp.arrow_type(),
        ColumnKind::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
        ColumnKind::TextList => DataType::new_list(DataType::Utf8, true),
        ColumnKind::TimestampList => {
            DataType::new_list(contract::ColumnType::Timestamp.arrow_type(), true)
        }
    };
    Field::new(&column.name, data_type, true)
}

fn open_session(pipeline: &Pipeline) -> Result<Session, Failure> {
    static DAYS: OnceLock<Days> = OnceLock::new();
    let days = if let Some(days) = DAYS.get() {
        days
    } else {
        let days = pipeline
            .zone
            .days(parse_date("2010-01-01")?, parse_date("2040-12-31")?)?;
        DAYS.get_or_init(|| days)
    };
    let settings = Settings {
        threads: 2,
        memory_bytes: 1 << 30,
        scratch: std::env::temp_dir(),
        days: days.clone(),
        zone: pipeline.zone.clone(),
    };
    Ok(session::open(&settings)?)
}

fn register_configuration(
    engine: &Engine,
    pipeline: &Pipeline,
    as_of: &AsOf,
) -> Result<(), Failure> {
    for (name, batch) in config::tables(pipeline, as_of)? {
        let schema = nullable(&batch.schema());
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
            .map_err(|cause| Failure(cause.to_string()))?;
        engine.register_batches(&name, schema, vec![batch])?;
    }
    Ok(())
}

/// How the columns of a result differ from the header's, in words; a header
/// without columns promises none.
fn difference(declared: &[ColumnDoc], actual: &Schema) -> Option<String> {
    let fits = |(column, field): (&ColumnDoc, &Arc<Field>)| {
        column.name == *field.name() && column.kind.matches(field.data_type())
    };
    let all_fit =
        declared.len() == actual.fields().len() && declared.iter().zip(actual.fields()).all(fits);
    if declared.is_empty() || all_fit {
        return None;
    }
    let declared = declared
        .iter()
        .map(|column| format!("{} {}", column.name, column.kind));
    let actual =
        (actual.fields().iter()).map(|field| format!("{} {}", field.name(), field.data_type()));
    Some(format!(
        "the header's columns are not the query's, or not in its order\n  header: {}\n  query: {}",
        declared.collect::<Vec<_>>().join(", "),
        actual.collect::<Vec<_>>().join(", ")
    ))
}

fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn integer(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

fn find(folder: &Path, file_name: &str) -> Option<PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::path);
    entries.iter().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return find(&path, file_name);
        }
        (entry.file_name() == file_name).then_some(path)
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|cause| Failure(format!("{}: {cause}", path.display())))
}

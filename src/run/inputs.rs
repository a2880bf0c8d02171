//! Everything a run reads, registered: extracts, cfg tables, the previous
//! publication, and the fingerprint of it all.
//!
//! The extracts are cut off at the as-of day by `source`; this module only puts
//! the parts together and says what a run depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef, TimeUnit};
use sha2::{Digest, Sha256};

use super::check;
use super::key;
use super::project::{PRIOR_PREFIX, Project};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::model::graph::{EARLIER, RUN_CHECK, RUN_CUTOFF, RUN_EARLIER};
use crate::model::header::ColumnKind;
use crate::model::{Layer, Model};
use crate::publish::{self, Commit};
use crate::storage::{Storage, hex};
use crate::time::{AsOf, EpochDays};

/// The `cfg_*` tables of one run.
pub(crate) type ConfigTables = Vec<(String, RecordBatch)>;

/// `cfg_*` tables that follow from the day; they are no part of a definition.
pub(crate) const CALENDAR: [&str; 4] = [
    "cfg_cutoff",
    "cfg_cutoff_day",
    "cfg_month",
    "cfg_retention_period",
];

/// Registers the `cfg_*` tables.
pub(crate) fn register_config(engine: &Engine, tables: &ConfigTables) -> Result<()> {
    for (name, batch) in tables {
        engine.register_batches(name, batch.schema(), vec![batch.clone()])?;
    }
    Ok(())
}

/// Registers `run_check` with what the checks found.
pub(crate) fn register_checks(engine: &Engine, results: &[check::CheckResult]) -> Result<()> {
    let batch = check::table(results)?;
    engine.register_batches(RUN_CHECK, batch.schema(), vec![batch])
}

/// The day that comes before all days: 1899-12-31. A row of an earlier day has been
/// set aside.
pub(crate) const BEFORE_ALL: EpochDays = -25_568;

/// The cutoffs for which models kept by cutoff have rows: the ends of the months
/// of the history, and the as-of day.
pub(crate) fn cutoffs(tables: &ConfigTables, as_of: &AsOf) -> BTreeSet<EpochDays> {
    let months = tables.iter().find(|(name, _)| name == "cfg_month");
    let ends = months.and_then(|(_, months)| months.column_by_name("ends_on"));
    let ends = ends.and_then(|ends| ends.as_primitive_opt::<Date32Type>());
    let ends = ends.into_iter().flat_map(|ends| ends.iter().flatten());
    ends.chain([as_of.epoch_days()]).collect()
}

/// A table of one column of days.
pub(crate) fn of_days(
    column: &str,
    days: impl IntoIterator<Item = EpochDays>,
) -> Result<RecordBatch> {
    let days = Date32Array::from_iter_values(days);
    RecordBatch::try_from_iter_with_nullable([(column, Arc::new(days) as ArrayRef, true)])
        .map_err(|cause| Error::bug("days are no table").with_source(cause))
}

/// Registers what models built in parts read, as it is for one that is built
/// whole: no earlier rows, all cutoffs.
pub(crate) fn register_parts(
    engine: &Engine,
    project: &Project,
    cutoffs: &BTreeSet<EpochDays>,
) -> Result<()> {
    for (name, column, days) in [
        (RUN_EARLIER, "day", &BTreeSet::from([BEFORE_ALL])),
        (RUN_CUTOFF, "cutoff", cutoffs),
    ] {
        let rows = of_days(column, days.iter().copied())?;
        engine.register_batches(name, rows.schema(), vec![rows])?;
    }
    for model in project.graph.order() {
        if model.header.accumulates {
            let schema = documented_schema(model);
            engine.register_batches(
                &format!("{EARLIER}{}", model.name),
                Arc::clone(&schema),
                vec![RecordBatch::new_empty(schema)],
            )?;
        }
    }
    Ok(())
}

/// Registers each `prior_<mart>` that a model reads: the mart of `commit`, or
/// an empty table when there is none.
pub(crate) async fn register_prior(
    engine: &Engine,
    project: &Project,
    storage: &Storage,
    commit: Option<&Commit>,
    scratch: &Path,
) -> Result<()> {
    for mart in project.marts() {
        let name = format!("{PRIOR_PREFIX}{}", mart.name);
        if !is_read(project, &name) {
            continue;
        }
        let schema = prior_schema(mart);
        let published =
            commit.filter(|commit| commit.tables.iter().any(|table| table.name == mart.name));
        let Some(commit) = published else {
            engine.register_batches(
                &name,
                Arc::clone(&schema),
                vec![RecordBatch::new_empty(schema)],
            )?;
            continue;
        };
        let bytes = publish::read_table(storage, commit, &mart.name).await?;
        let file = scratch.join(format!("{name}.parquet"));
        write(&file, &bytes).await?;
        engine.register_local_parquet(&name, &file, schema)?;
    }
    Ok(())
}

/// Writes a scratch file.
pub(crate) async fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    tokio::fs::write(file, bytes).await.map_err(|cause| {
        Error::new(
            crate::error::ErrorKind::Resources,
            format!("cannot write {}", file.display()),
        )
        .with_source(cause)
        .with_hint("the scratch folder needs room; TMPDIR says where it is")
    })
}

/// Whether any model reads `table`.
pub(crate) fn is_read(project: &Project, table: &str) -> bool {
    project
        .graph
        .order()
        .any(|model| model.reads.contains(table))
}

/// The columns of a `prior_` table: the mart's documented ones and its day.
pub(crate) fn prior_schema(mart: &Model) -> SchemaRef {
    let documented = documented_schema(mart);
    let mut fields: Vec<_> = documented.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("as_of", DataType::Date32, true)));
    Arc::new(Schema::new(fields))
}

/// The columns that a model's header documents.
pub(crate) fn documented_schema(model: &Model) -> SchemaRef {
    let documented = model.header.columns.iter();
    let fields = documented.map(|column| Field::new(&column.name, arrow_type(column.kind), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn arrow_type(kind: ColumnKind) -> DataType {
    let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let list = |item: DataType| DataType::List(Arc::new(Field::new_list_field(item, true)));
    match kind {
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Date => DataType::Date32,
        ColumnKind::Timestamp => instant(),
        ColumnKind::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
        ColumnKind::TextList => list(DataType::Utf8),
        ColumnKind::TimestampList => list(instant()),
    }
}

/// The definition stamp of every mart: a hash of its SQL, of the SQL of all it
/// is made of, and of the thresholds these read. The calendar is no part of it,
/// so the stamp changes when the meaning of a number does.
pub(crate) fn stamps(project: &Project, tables: &ConfigTables) -> Result<BTreeMap<String, String>> {
    let mut hashes: BTreeMap<String, [u8; 32]> = BTreeMap::new();
    for (name, batch) in tables {
        if !CALENDAR.contains(&name.as_str()) {
            hashes.insert(name.clone(), table_hash(batch)?);
        }
    }
    let mut stamps = BTreeMap::new();
    for model in project.graph.order() {
        let mut digest = Sha256::new();
        digest.update(model.canonical.as_bytes());
        for read in &model.reads {
            digest.update(read.as_bytes());
            if let Some(hash) = hashes.get(read) {
                digest.update(hash);
            }
        }
        let hash: [u8; 32] = digest.finalize().into();
        if model.layer == Layer::Mart {
            stamps.insert(model.name.clone(), hex(&hash[..8]));
        }
        hashes.insert(model.name.clone(), hash);
    }
    Ok(stamps)
}

/// Hash of the rows of a `cfg_*` table.
pub(crate) fn table_hash(batch: &RecordBatch) -> Result<[u8; 32]> {
    let text = arrow::util::pretty::pretty_format_batches(std::slice::from_ref(batch))
        .map_err(|cause| Error::bug("a cfg table cannot be rendered").with_source(cause))?;
    Ok(Sha256::digest(text.to_string().as_bytes()).into())
}

/// What names a run: the same key means the same tables, so a second run of it
/// has nothing to do.
pub(crate) fn run_key(
    project: &Project,
    as_of: &AsOf,
    inputs: &str,
    prior: Option<&Commit>,
    tables: &ConfigTables,
) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(key::ENGINE);
    part(&project.pipeline.name);
    part(&as_of.to_string());
    part(inputs);
    part(prior.map_or("", |commit| &commit.commit_id));
    for (name, batch) in tables {
        part(name);
        part(&hex(&table_hash(batch)?));
    }
    for model in project.graph.order() {
        part(&model.name);
        part(&model.canonical);
        part(&model.header.grain.join(","));
        part(&format!("{:?}", model.header.lookback));
    }
    Ok(hex(&hasher.finalize()))
}

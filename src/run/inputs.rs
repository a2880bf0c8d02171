//! Everything a run reads, registered: extracts, cfg tables, the previous
//! publication, and the fingerprint of it all.
//!
//! The extracts are cut off at the as-of day by `source`; this module only puts
//! the parts together and says what a run depends on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use sha2::{Digest, Sha256};

use super::check;
use super::key::{self, Basis};
use super::project::{PRIOR_PREFIX, Project};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::model::graph::RUN_CHECK;
use crate::model::header::ColumnKind;
use crate::model::{Layer, Model};
use crate::publish::{self, Commit};
use crate::storage::{Storage, hex};

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
    let documented = mart.header.columns.iter();
    let mut fields: Vec<Field> = documented
        .map(|column| Field::new(&column.name, arrow_type(column.kind), true))
        .collect();
    fields.push(Field::new("as_of", DataType::Date32, true));
    Arc::new(Schema::new(fields))
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
pub(crate) fn run_key(basis: &Basis<'_>) -> Result<String> {
    let project = basis.project;
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(key::ENGINE);
    part(&project.pipeline.name);
    part(&basis.as_of.to_string());
    part(&basis.frozen.fingerprint);
    part(basis.prior.map_or("", |commit| &commit.commit_id));
    part(&basis.past.fingerprints());
    for (name, batch) in basis.tables {
        part(name);
        part(&hex(&table_hash(batch)?));
    }
    for model in project.graph.order() {
        part(&model.name);
        part(&model.canonical);
        part(&model.header.grain.join(","));
    }
    Ok(hex(&hasher.finalize()))
}

//! Registers every extract as its `raw_` table, and says what became of its rows.
//!
//! A row is used, is from after the as-of date, or is quarantined with a
//! reason, and the three add up to the rows in the files. Rows are counted in
//! one pass, over only the columns that need looking at, or not at all when the
//! files' statistics answer.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Field, Int64Type, Schema};
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, lit};
use serde::Serialize;

use super::Extract;
use super::days::{self, SourceDays};
use super::fault;
use super::findings::{self, Finding};
use super::freeze::{self, Frozen, FrozenSource};
use super::layout::Layout;
use super::rules::{Judgement, LATER, Rule, USED};
use super::text::Reader;
use crate::config::contract::{self, ColumnType, Contract};
use crate::config::{FileFormat, Pipeline, SourceSpec};
use crate::engine::{self, DataFile, Engine, FileTable, Materialise, Statement};
use crate::error::{Error, Result};
use crate::time::{AsOf, EpochDays};

/// What became of the rows of every extract.
#[derive(Clone, Debug, Serialize)]
pub struct SourceReport {
    /// Declared extracts by table name.
    pub sources: BTreeMap<String, SourceCounts>,
    /// The rows of `run_source`.
    pub findings: Vec<Finding>,
}

/// What became of the rows of one extract; `rows` is the sum of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceCounts {
    /// Rows in the files that were read.
    pub rows: u64,
    /// Rows of the `raw_` table.
    pub used: u64,
    /// Rows of a later day: not known yet on the as-of date.
    pub after_as_of: u64,
    /// Rows that broke a rule.
    pub quarantined: u64,
    /// Those rows by rule.
    pub quarantined_by_rule: BTreeMap<&'static str, u64>,
    /// Where those rows were written, with the reasons and without personal
    /// columns; in the run's scratch folder.
    #[serde(skip)]
    pub quarantine_file: Option<PathBuf>,
}

impl SourceCounts {
    /// Whether any row met this fate.
    fn has(&self, fate: &str) -> bool {
        match fate {
            LATER => self.after_as_of > 0,
            rule => self.quarantined_by_rule.contains_key(rule),
        }
    }
}

/// Registers `raw_<table>` for every contract and own source, and `run_source`.
pub(super) async fn all(
    engine: &Engine,
    frozen: &Frozen,
    pipeline: &Pipeline,
    as_of: &AsOf,
    scratch: &Path,
) -> Result<SourceReport> {
    let folder = scratch.join("source");
    fs::create_dir_all(&folder).map_err(|error| fault::of_disk(&folder, error))?;
    let mut report = SourceReport {
        sources: BTreeMap::new(),
        findings: Vec::new(),
    };
    for (table, contract) in contract::shipped()? {
        if !pipeline.sources.contains_key(&table) {
            engine.register_batches(&raw(&table), contract.schema(), Vec::new())?;
            if !pipeline.supplied.contains(&table) {
                report.findings.push(findings::undeclared(&table));
            }
        }
    }
    for (table, spec) in &pipeline.sources {
        let source = frozen.sources.get(table).ok_or_else(|| {
            Error::bug(format!("source `{table}` was not frozen with the others"))
        })?;
        let registering = Registering {
            engine,
            table,
            spec,
            as_of,
            folder: &folder,
        };
        let (counts, layout) = registering.run(source).await?;
        let newest_on = registering.newest(&counts, &layout).await?;
        let is_text = !matches!(source.inner.format, None | Some(FileFormat::Parquet));
        let contract = &spec.contract;
        let found = findings::of_source(table, contract, &counts, newest_on, &layout, is_text);
        report.findings.extend(found);
        report.sources.insert(table.clone(), counts);
    }
    report
        .findings
        .sort_by(|a, b| (&a.source_table, &a.check_name).cmp(&(&b.source_table, &b.check_name)));
    let (schema, batch) = findings::table(&report.findings)?;
    engine.register_batches("run_source", schema, vec![batch])?;
    Ok(report)
}

/// Whether nothing in the files is later than the as-of date.
pub(super) fn is_settled(
    frozen: &Frozen,
    pipeline: &Pipeline,
    as_of: &AsOf,
    table: &str,
) -> Result<bool> {
    let source = frozen.sources.get(table);
    let (Some(source), Some(spec)) = (source, pipeline.sources.get(table)) else {
        return Ok(true);
    };
    if source.inner.format != Some(FileFormat::Parquet) || source.files_after_as_of > 0 {
        return Ok(false);
    }
    let layout = &source.inner.layout;
    Ok(Judgement::new(&spec.contract, layout, as_of, false)?.is_settled())
}

/// Registers the rows of a dated extract that belong to some days.
pub(super) async fn of_days(
    engine: &Engine,
    extract: &Extract<'_>,
    report: &SourceReport,
    days: &SourceDays,
    range: RangeInclusive<EpochDays>,
) -> Result<()> {
    let Extract { table, as_of, .. } = *extract;
    let missing = || Error::bug(format!("source `{table}` was not registered as a whole"));
    let source = extract.frozen.sources.get(table).ok_or_else(missing)?;
    let spec = extract.pipeline.sources.get(table).ok_or_else(missing)?;
    let counts = report.sources.get(table).ok_or_else(missing)?;
    let registering = Registering {
        engine,
        table,
        spec,
        as_of,
        folder: Path::new(""),
    };
    let wanted = days.files(&range);
    let files = format!("source_files_{table}");
    registering.register_parquet(&files, source, |position| wanted.contains(&position))?;
    let judgement = Judgement::new(&spec.contract, &source.inner.layout, as_of, false)?;
    let judged = judgement.filter(|fate| counts.has(fate));
    let name = days::column(&spec.contract).ok_or_else(missing)?;
    let within = judgement.is_of_days(name, &range)?;
    let filter = judged.map_or(within.clone(), |judged| judged.and(within));
    let columns = columns(&spec.contract, &judgement, |_| true)?;
    engine
        .define_view(&raw(table), &files, columns, Some(filter))
        .await
}

fn raw(table: &str) -> String {
    format!("raw_{table}")
}

/// One source on its way to its `raw_` table.
struct Registering<'a> {
    engine: &'a Engine,
    table: &'a str,
    spec: &'a SourceSpec,
    as_of: &'a AsOf,
    folder: &'a Path,
}

/// The table that the current source's rows are judged in.
const JUDGED: &str = "source_judged";
const FATE: &str = "fate";
const COUNT_FATES: &str = "select fate, count(*) as row_count from source_judged group by fate";
/// The table of the current source's quarantined rows.
const QUARANTINED: &str = "source_quarantined";
const QUARANTINED_ROWS: &str = "select * from source_quarantined";
const RULE: &str = "rule";
/// The newest row of most extracts is not older.
const RECENT_DAYS: u32 = 8;
const REASON: &str = "reason";

impl Registering<'_> {
    async fn run(&self, source: &FrozenSource) -> Result<(SourceCounts, Layout)> {
        let contract = &self.spec.contract;
        let files = format!("source_files_{}", self.table);
        let (layout, rows, has_defects) = match source.inner.format {
            Some(FileFormat::Parquet) if !source.files.is_empty() => {
                self.register_parquet(&files, source, |_| true)?;
                (
                    source.inner.layout.clone(),
                    source.rows.unwrap_or_default(),
                    false,
                )
            }
            Some(FileFormat::Csv | FileFormat::JsonLines) if !source.files.is_empty() => {
                self.register_text(&files, source).await?
            }
            _ => {
                self.engine
                    .register_batches(&raw(self.table), contract.schema(), Vec::new())?;
                return Ok((SourceCounts::default(), Layout::default()));
            }
        };
        let judgement = Judgement::new(contract, &layout, self.as_of, has_defects)?;
        let fates = self.count(&files, &judgement, rows).await?;
        let filter = judgement.filter(|fate| fates.contains_key(fate));
        let columns = columns(contract, &judgement, |_| true)?;
        self.engine
            .define_view(&raw(self.table), &files, columns, filter)
            .await?;
        let mut counts = counts(rows, &fates);
        if counts.quarantined > 0 {
            let path = self.quarantine(&files, contract, &judgement).await?;
            counts.quarantine_file = Some(path);
        }
        Ok((counts, layout))
    }

    /// Registers those files whose position is wanted.
    fn register_parquet(
        &self,
        name: &str,
        source: &FrozenSource,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let contract = &self.spec.contract;
        let layout = &source.inner.layout;
        let fields = contract.columns.iter().filter_map(|column| {
            let reading = layout.columns.get(&column.name)?;
            Some(Field::new(&column.name, reading.kind.clone(), true))
        });
        let given: Vec<_> = contract
            .columns
            .iter()
            .filter(|column| layout.partitions.contains_key(&column.name))
            .collect();
        let mut files = Vec::with_capacity(source.files.len());
        let wanted = source.files.iter().enumerate();
        for (_, file) in wanted.filter(|(position, _)| is_wanted(*position)) {
            let mut values = Vec::with_capacity(given.len());
            for column in &given {
                let null = ScalarValue::try_from(&column.kind.arrow_type()).map_err(|cause| {
                    Error::bug("a contract's type has no null").with_source(cause)
                })?;
                values.push(file.values.get(&column.name).cloned().unwrap_or(null));
            }
            files.push(DataFile {
                partition_values: values,
                ..DataFile::new(file.meta.clone())
            });
        }
        let storage = &source.inner.storage;
        self.engine.register_files(
            name,
            FileTable {
                store: Arc::clone(storage.object_store()),
                store_url: storage.store_url().to_owned(),
                files,
                format: engine::FileFormat::Parquet,
                schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
                partition_columns: given
                    .iter()
                    .map(|column| Field::new(&column.name, column.kind.arrow_type(), true))
                    .collect(),
            },
        )
    }

    async fn register_text(
        &self,
        name: &str,
        source: &FrozenSource,
    ) -> Result<(Layout, u64, bool)> {
        let reader = Reader {
            contract: &self.spec.contract,
            formats: freeze::formats(self.spec, self.as_of),
            as_of: self.as_of,
        };
        let target = self.folder.join(format!("{}.parquet", self.table));
        let staged = reader.stage(source, &target).await?;
        if staged.rows == 0 && source.files_after_as_of == 0 && !self.spec.allow_empty {
            return Err(freeze::no_rows(self.table, &self.spec.path));
        }
        self.engine
            .register_local_parquet(name, &staged.path, Arc::clone(&staged.schema))?;
        Ok((staged.layout, staged.rows, staged.has_defects))
    }

    /// Rows by fate; every row of the files has one.
    async fn count(
        &self,
        files: &str,
        judgement: &Judgement<'_>,
        rows: u64,
    ) -> Result<BTreeMap<String, u64>> {
        if judgement.is_proven() || rows == 0 {
            return Ok(BTreeMap::from([(USED.to_owned(), rows)]));
        }
        let fate = judgement.fate()?.alias(FATE);
        self.engine
            .define_view(JUDGED, files, vec![fate], None)
            .await?;
        let (_, batches) = self.engine.collect(&self.statement(COUNT_FATES)).await?;
        let mut fates = BTreeMap::new();
        for batch in &batches {
            let names = batch.column(0).as_string_opt::<i32>();
            let numbers = batch.column(1).as_primitive_opt::<Int64Type>();
            let (names, numbers) = names
                .zip(numbers)
                .ok_or_else(|| Error::bug("rows were counted in another type than planned"))?;
            for row in 0..batch.num_rows() {
                let count = u64::try_from(numbers.value(row)).unwrap_or_default();
                fates.insert(names.value(row).to_owned(), count);
            }
        }
        let counted: u64 = fates.values().sum();
        if counted != rows {
            return Err(Error::data(format!(
                "source `{}`: {counted} rows were read, but its files claim {rows}",
                self.table
            ))
            .with_hint("have the files written again: at least one is damaged"));
        }
        Ok(fates)
    }

    /// The day of the newest row used: of the extract where extracts are kept,
    /// else that from which on the row is known; `None` where rows carry neither.
    async fn newest(&self, counts: &SourceCounts, layout: &Layout) -> Result<Option<EpochDays>> {
        let contract = &self.spec.contract;
        let dated = [Some(freeze::SNAPSHOT), contract.visible_from.as_deref()];
        let is_there =
            |name: &str| layout.columns.contains_key(name) || layout.partitions.contains_key(name);
        let column = dated
            .into_iter()
            .flatten()
            .filter(|name| is_there(name))
            .find_map(|name| contract.column(name));
        let Some(column) = column.filter(|_| counts.used > 0) else {
            return Ok(None);
        };
        let (table, name) = (raw(self.table), &column.name);
        let newest = match column.kind {
            ColumnType::Date => format!("max(\"{name}\")"),
            ColumnType::Timestamp => format!("local_day(max(\"{name}\"))"),
            _ => return Ok(None),
        };
        // Files and row groups with older rows only are not read, where that is enough.
        let recent = format!("where \"{name}\" > cast($as_of as date) - {RECENT_DAYS}");
        for filter in [recent.as_str(), ""] {
            let sql = format!("select {newest} as newest_on from {table} {filter}");
            let (_, batches) = self.engine.collect(&self.statement(&sql)).await?;
            let days = batches.iter().filter_map(|batch| {
                let days = batch.column(0).as_primitive_opt::<Date32Type>()?;
                days.iter().flatten().max()
            });
            if let Some(day) = days.max() {
                return Ok(Some(day));
            }
        }
        Ok(None)
    }

    async fn quarantine(
        &self,
        files: &str,
        contract: &Contract,
        judgement: &Judgement<'_>,
    ) -> Result<PathBuf> {
        let fate = judgement.fate()?;
        let mut wanted = vec![fate.clone().alias(RULE), judgement.reason()?.alias(REASON)];
        wanted.extend(columns(contract, judgement, |personal| !personal)?);
        let judged = [USED, LATER].map(lit).to_vec();
        let filter = fate.in_list(judged, true);
        self.engine
            .define_view(QUARANTINED, files, wanted, Some(filter))
            .await?;
        let folder = self.folder.join("quarantine");
        fs::create_dir_all(&folder).map_err(|error| fault::of_disk(&folder, error))?;
        let path = folder.join(format!("{}.parquet", self.table));
        let statement = self.statement(QUARANTINED_ROWS);
        self.engine
            .materialise(&statement, &path, &Materialise::default())
            .await?;
        Ok(path)
    }

    fn statement<'s>(&'s self, sql: &'s str) -> Statement<'s> {
        Statement {
            name: self.table,
            file: &self.spec.path,
            sql,
            as_of: self.as_of.epoch_days(),
        }
    }
}

/// The contract's columns for which `is_wanted` holds, given whether they are
/// personal.
fn columns(
    contract: &Contract,
    judgement: &Judgement<'_>,
    is_wanted: impl Fn(bool) -> bool,
) -> Result<Vec<Expr>> {
    let wanted = contract
        .columns
        .iter()
        .filter(|column| is_wanted(column.personal));
    wanted
        .map(|column| Ok(judgement.value(column)?.alias(&column.name)))
        .collect()
}

fn counts(rows: u64, fates: &BTreeMap<String, u64>) -> SourceCounts {
    let of = |fate: &str| fates.get(fate).copied().unwrap_or_default();
    let by_rule = Rule::ALL.map(|rule| (rule.code(), of(rule.code())));
    SourceCounts {
        rows,
        used: of(USED),
        after_as_of: of(LATER),
        quarantined: by_rule.iter().map(|(_, count)| count).sum(),
        quarantined_by_rule: by_rule
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect(),
        quarantine_file: None,
    }
}

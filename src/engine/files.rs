//! A table over a frozen list of files: what is read is what was listed.
//!
//! The scan is built from the given object metadata. Nothing is listed and no
//! file is looked for, so a file that appears later does not exist, and one
//! that was changed since it was listed is an error, not another answer.
//! Whether the files keep their contract is not checked here; that is `source`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::{CsvOptions, TableParquetOptions};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics, project_schema};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{
    CsvSource, FileGroup, FileScanConfigBuilder, FileSource, JsonSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};
use tokio::sync::OnceCell;

/// Bytes read from the end of a Parquet file at once: one request is enough
/// for nearly every footer.
const FOOTER_BYTES: usize = 64 << 10;

/// Bytes of decoded footers kept for one table.
const FOOTER_CACHE_BYTES: usize = 64 << 20;

/// Footers read at the same time while a scan is planned.
const FOOTERS_AT_ONCE: usize = 16;

/// A list of files that together are a table.
#[derive(Clone, Debug)]
pub struct FileTable {
    /// Where the files are.
    pub store: Arc<dyn ObjectStore>,
    /// Name of the store for messages, for example `s3://bucket`.
    pub store_url: String,
    /// The files, as they were listed.
    pub files: Vec<DataFile>,
    /// Their format.
    pub format: FileFormat,
    /// Columns in the order in which SQL sees them, without the partition
    /// columns. A column that a file lacks reads null; one of a narrower type
    /// is widened.
    pub schema: SchemaRef,
    /// Columns whose values come from [`DataFile::partition_values`]; they
    /// follow those of `schema`.
    pub partition_columns: Vec<Field>,
}

/// One file of a [`FileTable`].
#[derive(Clone, Debug)]
pub struct DataFile {
    /// Path, size, entity tag and time as listed.
    pub meta: ObjectMeta,
    /// One value a partition column, of its type.
    pub partition_values: Vec<ScalarValue>,
    /// CSV only: the names in the file's header line, in its order. Names that
    /// the schema does not have are skipped.
    pub header: Vec<String>,
}

impl DataFile {
    /// A file without partition values.
    pub fn new(meta: ObjectMeta) -> Self {
        Self {
            meta,
            partition_values: Vec::new(),
            header: Vec::new(),
        }
    }
}

/// How the bytes of a file are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Apache Parquet; columns are found by name.
    Parquet,
    /// Text with a header line; columns are found by [`DataFile::header`].
    /// Quoted values may hold line breaks, an empty value is null.
    Csv {
        /// Between two values, for example `b','`.
        delimiter: u8,
    },
    /// One JSON object a line; columns are found by name.
    JsonLines,
}

/// The table as DataFusion sees it.
pub(super) struct FrozenFiles {
    store: Arc<dyn ObjectStore>,
    store_url: String,
    url: ObjectStoreUrl,
    files: Vec<DataFile>,
    format: FileFormat,
    file_schema: SchemaRef,
    partition_fields: Vec<FieldRef>,
    schema: SchemaRef,
    /// The plan of a table without files, so that a join with it, and the columns
    /// that only the join needs, are left out when a query is planned.
    nothing: Option<LogicalPlan>,
    footers: Arc<FileMetadataCache>,
    statistics: Vec<OnceCell<Statistics>>,
}

impl fmt::Debug for FrozenFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FrozenFiles")
            .field("url", &self.url)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

impl FrozenFiles {
    /// The table of `files`; `store` must be registered under `url`.
    pub(super) fn new(table: FileTable, store: Arc<dyn ObjectStore>, url: ObjectStoreUrl) -> Self {
        let partition_fields: Vec<FieldRef> =
            table.partition_columns.into_iter().map(Arc::new).collect();
        let file_schema = match table.format {
            FileFormat::Parquet => with_text_views(&table.schema),
            FileFormat::Csv { .. } | FileFormat::JsonLines => table.schema,
        };
        let fields = file_schema.fields().iter().chain(&partition_fields);
        let schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
        let is_empty = table.files.is_empty();
        Self {
            store,
            store_url: table.store_url,
            url,
            statistics: table.files.iter().map(|_| OnceCell::new()).collect(),
            files: table.files,
            format: table.format,
            file_schema,
            partition_fields,
            nothing: is_empty.then(|| without_rows(&schema)).flatten(),
            schema,
            footers: Arc::new(DefaultCache::new(FOOTER_CACHE_BYTES)),
        }
    }

    /// The files that can hold rows that pass `filters`, judged by the
    /// partition values alone.
    fn files_for(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<usize>> {
        let mut kept: Vec<usize> = (0..self.files.len()).collect();
        if self.partition_fields.is_empty() || self.files.is_empty() {
            return Ok(kept);
        }
        let is_partition = |name: &str| self.partition_fields.iter().any(|f| f.name() == name);
        let decidable = filters.iter().filter(|filter| {
            !filter.is_volatile()
                && filter
                    .column_refs()
                    .iter()
                    .all(|column| is_partition(&column.name))
        });
        let values = self.partition_batch()?;
        let schema = DFSchema::try_from(values.schema())?;
        for filter in decidable {
            let predicate = state.create_physical_expr(filter.clone(), &schema)?;
            let verdicts = predicate.evaluate(&values)?.into_array(values.num_rows())?;
            let verdicts = verdicts.as_boolean();
            kept.retain(|&file| verdicts.is_valid(file) && verdicts.value(file));
        }
        Ok(kept)
    }

    /// One row a file: its partition values.
    fn partition_batch(&self) -> Result<RecordBatch> {
        let columns = (0..self.partition_fields.len()).map(|column| {
            let values = self.files.iter();
            ScalarValue::iter_to_array(values.map(|file| file.partition_values[column].clone()))
        });
        let schema = Arc::new(Schema::new(self.partition_fields.clone()));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        Ok(RecordBatch::try_new(schema, columns)?)
    }

    /// Row counts and value ranges of some files, read from their footers.
    async fn statistics(&self, files: &[usize]) -> Result<Vec<&Statistics>> {
        futures::stream::iter(files.to_vec())
            .map(|file| self.statistics_of(file))
            .buffered(FOOTERS_AT_ONCE)
            .try_collect()
            .await
    }

    async fn statistics_of(&self, file: usize) -> Result<&Statistics> {
        self.statistics[file]
            .get_or_try_init(|| async {
                let statistics = DFParquetMetadata::new(&self.store, &self.files[file].meta)
                    .with_metadata_size_hint(Some(FOOTER_BYTES))
                    .with_file_metadata_cache(Some(Arc::clone(&self.footers)))
                    .fetch_statistics(&self.file_schema)
                    .await
                    .map_err(|cause| cause.context(self.name_of(file)))?;
                Ok(cautious(statistics, &self.file_schema))
            })
            .await
    }

    fn name_of(&self, file: usize) -> String {
        format!("{}/{}", self.store_url, self.files[file].meta.location)
    }

    /// Ranges of partition columns are left out of the statistics: files were
    /// chosen by them already.
    fn partitioned(&self, file: usize, statistics: Option<&Statistics>) -> PartitionedFile {
        let file = &self.files[file];
        let mut partitioned = PartitionedFile::new_from_meta(file.meta.clone())
            .with_partition_values(file.partition_values.clone());
        partitioned.statistics = statistics.cloned().map(|mut statistics| {
            let unknown = self.partition_fields.iter();
            let unknown = unknown.map(|_| ColumnStatistics::new_unknown());
            statistics.column_statistics.extend(unknown);
            Arc::new(statistics)
        });
        partitioned
    }

    fn scan_of(
        &self,
        state: &dyn Session,
        source: Arc<dyn FileSource>,
        files: Vec<PartitionedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<FileScanConfigBuilder> {
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        FileScanConfigBuilder::new(self.url.clone(), source)
            .with_file_groups(groups)
            .with_limit(limit)
            .with_projection_indices(projection.cloned())
    }

    async fn scan_parquet(
        &self,
        state: &dyn Session,
        files: &[usize],
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let statistics = self.statistics(files).await?;
        let partitioned: Vec<_> = (files.iter().zip(statistics))
            .map(|(&file, statistics)| self.partitioned(file, Some(statistics)))
            .collect();
        let of_files = partitioned
            .iter()
            .filter_map(|file| file.statistics.as_deref());
        let whole = Statistics::try_merge_iter(of_files, &self.schema)?;
        let schema = self.table_schema(Arc::clone(&self.file_schema));
        let readers =
            CachedParquetFileReaderFactory::new(Arc::clone(&self.store), Arc::clone(&self.footers));
        let source = ParquetSource::new(schema)
            .with_table_parquet_options(parquet_options())
            .with_metadata_size_hint(FOOTER_BYTES)
            .with_parquet_file_reader_factory(Arc::new(readers));
        let scan = self
            .scan_of(state, Arc::new(source), partitioned, projection, limit)?
            .with_statistics(whole);
        Ok(DataSourceExec::from_data_source(scan.build()))
    }

    /// Files whose header lines are alike are read by one scan.
    fn scan_csv(
        &self,
        state: &dyn Session,
        files: &[usize],
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
        delimiter: u8,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut by_header: BTreeMap<&[String], Vec<PartitionedFile>> = BTreeMap::new();
        for &file in files {
            by_header
                .entry(&self.files[file].header)
                .or_default()
                .push(self.partitioned(file, None));
        }
        let options = CsvOptions {
            has_header: Some(true),
            delimiter,
            newlines_in_values: Some(true),
            ..CsvOptions::default()
        };
        let mut scans = Vec::new();
        for (header, files) in by_header {
            let in_file = self.schema_of_header(header);
            let wanted =
                (projection.cloned()).unwrap_or_else(|| (0..self.schema.fields().len()).collect());
            let source =
                CsvSource::new(self.table_schema(in_file)).with_csv_options(options.clone());
            let wanted = project_schema(&self.schema, Some(&wanted))?;
            let in_file = Arc::clone(source.table_schema().table_schema());
            let read: Vec<usize> = (wanted.fields().iter())
                .filter_map(|field| in_file.index_of(field.name()).ok())
                .collect();
            let scan = self.scan_of(state, Arc::new(source), files, Some(&read), limit)?;
            let scan = DataSourceExec::from_data_source(scan.build());
            scans.push(with_missing_columns(scan, &wanted)?);
        }
        match scans.len() {
            1 => Ok(scans.remove(0)),
            _ => UnionExec::try_new(scans),
        }
    }

    /// The columns of a file with this header line: those of the table with
    /// its types, others as text that nobody reads.
    fn schema_of_header(&self, header: &[String]) -> SchemaRef {
        let fields = header.iter().enumerate().map(|(position, name)| {
            match self.file_schema.field_with_name(name) {
                Ok(field) => field.clone(),
                // The position keeps names apart: two unnamed columns are legal.
                Err(_) => Field::new(format!("{position} {name}"), DataType::Utf8, true),
            }
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn table_schema(&self, file_schema: SchemaRef) -> TableSchema {
        TableSchema::builder(file_schema)
            .with_table_partition_cols(self.partition_fields.clone())
            .build()
    }
}

#[async_trait]
impl TableProvider for FrozenFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        self.nothing.as_ref().map(Cow::Borrowed)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files_for(state, filters)?;
        if files.is_empty() {
            let schema = project_schema(&self.schema, projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        match self.format {
            FileFormat::Parquet => self.scan_parquet(state, &files, projection, limit).await,
            FileFormat::Csv { delimiter } => {
                self.scan_csv(state, &files, projection, limit, delimiter)
            }
            FileFormat::JsonLines => {
                let files = files.iter().map(|&file| self.partitioned(file, None));
                let source = JsonSource::new(self.table_schema(Arc::clone(&self.file_schema)));
                let scan =
                    self.scan_of(state, Arc::new(source), files.collect(), projection, limit)?;
                Ok(DataSourceExec::from_data_source(scan.build()))
            }
        }
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Puts the columns that a scan found into the wanted order; the others are null.
fn with_missing_columns(
    scan: Arc<dyn ExecutionPlan>,
    wanted: &Schema,
) -> Result<Arc<dyn ExecutionPlan>> {
    let found = scan.schema();
    let columns = wanted.fields().iter().map(|field| {
        let name = field.name().clone();
        let expression: Arc<dyn PhysicalExpr> = match found.index_of(&name) {
            Ok(position) => Arc::new(Column::new(&name, position)),
            Err(_) => Arc::new(Literal::new(ScalarValue::try_from(field.data_type())?)),
        };
        Ok((expression, name))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, scan)?))
}

/// The schema with its texts read as views: they are decoded, grouped and
/// compared a fifth to a half faster, and written as plain text again.
fn with_text_views(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn without_rows(schema: &SchemaRef) -> Option<LogicalPlan> {
    let schema = DFSchema::try_from(Arc::clone(schema)).ok()?;
    Some(LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: false,
        schema: Arc::new(schema),
    }))
}

/// What statistics are believed: row counts; ranges only as estimates, so that
/// they order joins and skip data but never are an answer. Ranges of another
/// type than the column's are none.
fn cautious(statistics: Statistics, schema: &Schema) -> Statistics {
    let rows = statistics.num_rows;
    let mut statistics = statistics.to_inexact();
    statistics.num_rows = rows;
    for (column, field) in statistics.column_statistics.iter_mut().zip(schema.fields()) {
        for range in [&mut column.min_value, &mut column.max_value] {
            let fits = range
                .get_value()
                .is_some_and(|value| !value.is_null() && value.data_type() == *field.data_type());
            if !fits {
                *range = Precision::Absent;
            }
        }
        if column.min_value == Precision::Absent {
            column.null_count = Precision::Absent;
        }
    }
    statistics
}

fn parquet_options() -> TableParquetOptions {
    let mut options = TableParquetOptions::default();
    // Old writers' timestamps: microseconds, as every timestamp column.
    options.global.coerce_int96 = Some("us".to_owned());
    options.global.bloom_filter_on_read = false;
    options.global.pushdown_filters = true;
    options.global.reorder_filters = true;
    options
}

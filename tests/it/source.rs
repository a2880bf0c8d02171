//! Extracts from outside: what is refused and how it is said, what is read, and
//! that every row of a file is accounted for.

mod files;
mod footers;
mod index;
mod listing;
mod remote;
mod rows;
mod schema;
mod text;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use kenko::config::Pipeline;
use kenko::engine::{Engine, Settings, Statement};
use kenko::error::{Error, ErrorKind, Result};
use kenko::source::freeze::Frozen;
use kenko::source::register::SourceReport;
use kenko::time::{AsOf, Zone, parse_date};
use parquet::arrow::ArrowWriter;

/// A folder of extracts and a pipeline over it.
struct Night {
    folder: tempfile::TempDir,
    sources: String,
    as_of: &'static str,
}

impl Night {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            sources: String::new(),
            as_of: "2026-01-31",
        }
    }

    /// A night whose `account` source is `path`.
    fn of_account(path: &str) -> Self {
        Self::new().source("account", path, "")
    }

    /// Declares a source; `more` are further lines of its entry.
    fn source(mut self, table: &str, path: &str, more: &str) -> Self {
        let head = [format!("  {table}:"), format!("    path: \"{path}\"")];
        let more = more.lines().map(|line| format!("    {line}"));
        for line in head.into_iter().chain(more) {
            self.sources.push_str(&line);
            self.sources.push('\n');
        }
        self
    }

    fn on(mut self, day: &'static str) -> Self {
        self.as_of = day;
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn pipeline(&self) -> Pipeline {
        let text = format!(
            "name: test\ntimezone: Asia/Tokyo\ncurrency: JPY\noutput: out\nsources:\n{}",
            self.sources
        );
        let file = self.path("pipeline.yaml").display().to_string();
        Pipeline::parse(&file, &text)
            .map_err(|error| error.render())
            .unwrap()
    }

    fn day(&self) -> AsOf {
        AsOf::parse(self.as_of, &Zone::parse("Asia/Tokyo").unwrap()).unwrap()
    }

    async fn freeze(&self) -> Result<Frozen> {
        kenko::source::freeze(&self.pipeline(), &self.day(), None).await
    }

    /// The error that freezing ends with.
    async fn refused(&self) -> Error {
        self.freeze()
            .await
            .expect_err("the files should be refused")
    }

    async fn read(&self) -> Result<Read> {
        let frozen = self.freeze().await?;
        let scratch = self.path("scratch");
        fs::create_dir_all(&scratch).unwrap();
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let day = |text| parse_date(text).unwrap();
        let engine = Engine::new(&Settings {
            threads: 2,
            memory_bytes: 1 << 30,
            scratch: scratch.clone(),
            days: zone.days(day("2025-01-01"), day("2026-12-31")).unwrap(),
            zone,
        })?;
        let day = self.day();
        let report =
            kenko::source::register(&engine, &frozen, &self.pipeline(), &day, &scratch).await?;
        Ok(Read {
            engine,
            report,
            frozen,
        })
    }
}

/// A night's tables.
struct Read {
    engine: Engine,
    report: SourceReport,
    frozen: Frozen,
}

impl Read {
    /// The rows of a query, as text without borders.
    async fn rows(&self, sql: &str) -> Vec<String> {
        let (_, batches) = self.collected(sql).await.unwrap();
        let text = pretty_format_batches(&batches).unwrap().to_string();
        let lines = text.lines().filter(|line| line.starts_with('|'));
        let lines = lines.map(|line| {
            let cells = line.trim_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join("|")
        });
        lines.skip(1).collect()
    }

    async fn collected(
        &self,
        sql: &str,
    ) -> Result<(arrow::datatypes::SchemaRef, Vec<RecordBatch>)> {
        let statement = Statement {
            name: "test",
            file: "test.sql",
            sql,
            as_of: 0,
        };
        self.engine.collect(&statement).await
    }

    /// Rows, used, after the as-of date and quarantined.
    fn counts(&self, table: &str) -> [u64; 4] {
        let counts = &self.report.sources[table];
        [
            counts.rows,
            counts.used,
            counts.after_as_of,
            counts.quarantined,
        ]
    }

    /// `check_name=rows_failed/rows_checked` of a table's findings.
    fn failing(&self, table: &str) -> Vec<String> {
        let findings = self.report.findings.iter();
        findings
            .filter(|finding| finding.source_table == table && finding.rows_failed > 0)
            .map(|finding| {
                format!(
                    "{}={}/{}",
                    finding.check_name, finding.rows_failed, finding.rows_checked
                )
            })
            .collect()
    }
}

/// The bytes of a Parquet file.
fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, values)| (name, values, true)),
    )
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn texts<const N: usize>(values: [&str; N]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// A small sound account file.
fn accounts() -> Vec<u8> {
    let names: Vec<String> = (0..500).map(|number| format!("account {number}")).collect();
    let ids: Vec<String> = (0..500).map(|number| format!("a-{number:04}")).collect();
    parquet(vec![
        ("account_id", Arc::new(StringArray::from(ids))),
        ("name", Arc::new(StringArray::from(names))),
    ])
}

/// The error is the data owner's, names the file, says `expected` somewhere,
/// and says what to do.
fn assert_refused(error: &Error, file: &str, expected: &str) {
    let text = error.render();
    assert_eq!(error.kind(), ErrorKind::Data, "{text}");
    assert!(text.contains(file), "`{file}` is not named: {text}");
    assert!(text.contains(expected), "`{expected}` is not said: {text}");
    assert!(
        error.hint().is_some_and(|hint| hint.len() > 10),
        "no remedy: {text}"
    );
}

fn folder_of(path: &Path) -> String {
    path.parent().unwrap().display().to_string()
}

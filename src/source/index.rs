//! The facts of an extract's files, kept in the output from run to run, so that a night
//! looks only into files that are new.
//!
//! It only saves time: an entry of `_kenko/index/<table>.json` counts for exactly the
//! version of the file that it names, and an index that is missing, damaged, of another
//! kenko or for other columns is as good as none. Extracts in text formats or in one file
//! have none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use datafusion::common::ScalarValue;
use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::listing;
use super::proof::{Known, SHORTEST_TEXT, Span};
use crate::config::contract::{ColumnType, Contract, DECIMAL_PRECISION, DECIMAL_SCALE};
use crate::error::{Error, Result};
use crate::storage::Storage;

/// The program that writes an index: another one may see other facts.
const WRITER: &str = env!("KENKO_SOURCE_HASH");

/// Facts of files by their version.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    files: BTreeMap<String, Arc<Facts>>,
}

impl Index {
    /// What earlier runs learned of the files of `table`; nothing where that cannot be
    /// read.
    pub(super) async fn load(output: &Storage, table: &str, contract: &Contract) -> Self {
        let loaded = match output.get(&path(table)).await {
            Ok(None) => None,
            Ok(Some(bytes)) => serde_json::from_slice::<Stored>(&bytes)
                .ok()
                .and_then(|stored| stored.index(contract)),
            Err(error) => {
                tracing::warn!(table, "the files are looked into again: {error}");
                None
            }
        };
        loaded.unwrap_or_default()
    }

    /// Writes the index in place of an earlier one.
    ///
    /// # Errors
    /// The storage's own.
    pub(super) async fn save(
        &self,
        output: &Storage,
        table: &str,
        contract: &Contract,
    ) -> Result<()> {
        let stored = Stored::of(self, contract).and_then(|stored| serde_json::to_vec(&stored).ok());
        let bytes = stored.ok_or_else(|| Error::bug(format!("cannot write {}", path(table))))?;
        output.put(&path(table), bytes.into()).await?;
        Ok(())
    }

    /// The facts of a file, if it is the version that they are known of.
    pub(super) fn find(&self, meta: &ObjectMeta) -> Option<Arc<Facts>> {
        self.files.get(&listing::version(meta)).map(Arc::clone)
    }

    /// Adds files.
    pub(super) fn extend(&mut self, news: impl IntoIterator<Item = (ObjectMeta, Arc<Facts>)>) {
        let news = news.into_iter();
        let news = news.map(|(meta, facts)| (listing::version(&meta), facts));
        self.files.extend(news);
    }

    /// Forgets all but these files.
    pub(super) fn retain<'a>(&mut self, present: impl Iterator<Item = &'a ObjectMeta>) {
        let present: BTreeSet<String> = present.map(listing::version).collect();
        self.files.retain(|version, _| present.contains(version));
    }
}

fn path(table: &str) -> String {
    format!("_kenko/index/{table}.json")
}

/// An index as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    writer: String,
    /// The columns that the facts are about: name, type, and whether it is personal.
    columns: Vec<(String, String, bool)>,
    /// Schemas of files as Arrow writes them.
    schemas: Vec<Vec<u8>>,
    files: Vec<StoredFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredFile {
    version: String,
    digest: [u8; 32],
    /// Position in the list of schemas.
    schema: usize,
    groups: Vec<u64>,
    known: BTreeMap<String, Vec<StoredKnown>>,
}

/// Whether there are no nulls, and where the values lie: nowhere known, at no place, or
/// between two.
#[derive(Debug, Serialize, Deserialize)]
struct StoredKnown(bool, StoredSpan);

#[derive(Debug, Serialize, Deserialize)]
enum StoredSpan {
    Empty,
    Unknown,
    Between(String, String),
}

impl Stored {
    fn of(index: &Index, contract: &Contract) -> Option<Self> {
        let mut schemas: Vec<&SchemaRef> = Vec::new();
        let mut files = Vec::with_capacity(index.files.len());
        for (version, facts) in &index.files {
            let known = schemas.iter().position(|schema| **schema == facts.schema);
            let schema = known.unwrap_or(schemas.len());
            if known.is_none() {
                schemas.push(&facts.schema);
            }
            let known = facts.known.iter().map(|(column, groups)| {
                let groups = groups.iter().map(StoredKnown::of).collect::<Option<_>>()?;
                Some((column.clone(), groups))
            });
            files.push(StoredFile {
                version: version.clone(),
                digest: facts.digest,
                schema,
                groups: facts.groups.clone(),
                known: known.collect::<Option<_>>()?,
            });
        }
        let schemas = schemas.into_iter().map(schema_bytes);
        Some(Self {
            writer: WRITER.to_owned(),
            columns: columns(contract),
            schemas: schemas.collect::<Option<_>>()?,
            files,
        })
    }

    fn index(self, contract: &Contract) -> Option<Index> {
        if self.writer != WRITER || self.columns != columns(contract) {
            return None;
        }
        let schemas = self.schemas.iter().map(|bytes| schema(bytes));
        let schemas = schemas.collect::<Option<Vec<_>>>()?;
        let files = self.files.into_iter().map(|file| {
            let known = file.known.iter().map(|(name, groups)| {
                let kind = contract.column(name)?.kind;
                let groups = groups.iter().map(|known| known.known(kind));
                let groups = groups.collect::<Option<Vec<_>>>()?;
                (groups.len() == file.groups.len()).then(|| (name.clone(), groups))
            });
            let facts = Facts {
                schema: Arc::clone(schemas.get(file.schema)?),
                digest: file.digest,
                known: known.collect::<Option<_>>()?,
                groups: file.groups,
            };
            Some((file.version, Arc::new(facts)))
        });
        Some(Index {
            files: files.collect::<Option<_>>()?,
        })
    }
}

impl StoredKnown {
    fn of(known: &Known) -> Option<Self> {
        let span = match &known.span {
            Span::Empty => StoredSpan::Empty,
            Span::Unknown => StoredSpan::Unknown,
            Span::Between(low, high) => {
                StoredSpan::Between(number(low)?.to_string(), number(high)?.to_string())
            }
        };
        Some(Self(known.has_no_nulls, span))
    }

    fn known(&self, kind: ColumnType) -> Option<Known> {
        let span = match &self.1 {
            StoredSpan::Empty => Span::Empty,
            StoredSpan::Unknown => Span::Unknown,
            StoredSpan::Between(low, high) => Span::Between(
                value(low.parse().ok()?, kind)?,
                value(high.parse().ok()?, kind)?,
            ),
        };
        Some(Known {
            has_no_nulls: self.0,
            span,
        })
    }
}

fn columns(contract: &Contract) -> Vec<(String, String, bool)> {
    let columns = contract.columns.iter();
    let columns = columns.map(|column| {
        let kind = column.kind.name().to_owned();
        (column.name.clone(), kind, column.personal)
    });
    columns.collect()
}

/// A value of a contract's type as a number; of texts there is one only.
fn number(value: &ScalarValue) -> Option<i128> {
    match value {
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => {
            Some(i128::from(*value))
        }
        ScalarValue::Date32(Some(value)) => Some(i128::from(*value)),
        ScalarValue::Boolean(Some(value)) => Some(i128::from(*value)),
        ScalarValue::Float64(Some(value)) => Some(i128::from(value.to_bits())),
        ScalarValue::Decimal128(Some(value), ..) => Some(*value),
        ScalarValue::Utf8(Some(text)) => (text == SHORTEST_TEXT).then_some(0),
        _ => None,
    }
}

/// The value of type `kind` that [`number`] gave this number.
fn value(number: i128, kind: ColumnType) -> Option<ScalarValue> {
    Some(match kind {
        ColumnType::Text => ScalarValue::from(SHORTEST_TEXT),
        ColumnType::Integer => ScalarValue::Int64(Some(number.try_into().ok()?)),
        ColumnType::Float => ScalarValue::from(f64::from_bits(number.try_into().ok()?)),
        ColumnType::Boolean => ScalarValue::from(number != 0),
        ColumnType::Date => ScalarValue::Date32(Some(number.try_into().ok()?)),
        ColumnType::Timestamp => {
            let instant = Some(number.try_into().ok()?);
            ScalarValue::TimestampMicrosecond(instant, Some("UTC".into()))
        }
        ColumnType::Decimal => {
            ScalarValue::Decimal128(Some(number), DECIMAL_PRECISION, DECIMAL_SCALE)
        }
    })
}

fn schema_bytes(schema: &SchemaRef) -> Option<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).ok()?;
    writer.finish().ok()?;
    writer.into_inner().ok()
}

fn schema(bytes: &[u8]) -> Option<SchemaRef> {
    Some(StreamReader::try_new(bytes, None).ok()?.schema())
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::config::contract::Column;

    fn contract() -> Contract {
        let kinds = [
            ColumnType::Text,
            ColumnType::Integer,
            ColumnType::Float,
            ColumnType::Boolean,
            ColumnType::Date,
            ColumnType::Timestamp,
            ColumnType::Decimal,
        ];
        let columns = kinds.map(|kind| Column {
            name: kind.name().to_owned(),
            kind,
            required: false,
            personal: false,
            hidden_after: None,
            about: String::new(),
        });
        Contract {
            about: String::new(),
            key: vec!["text".to_owned()],
            visible_from: None,
            columns: columns.to_vec(),
        }
    }

    fn between(low: ScalarValue, high: ScalarValue) -> Vec<Known> {
        let nothing = Known {
            has_no_nulls: true,
            span: Span::Empty,
        };
        let known = Known {
            has_no_nulls: false,
            span: Span::Between(low, high),
        };
        vec![nothing, known, Known::NOTHING]
    }

    fn index() -> Index {
        let instant = |value| ScalarValue::TimestampMicrosecond(Some(value), Some("UTC".into()));
        let decimal =
            |value| ScalarValue::Decimal128(Some(value), DECIMAL_PRECISION, DECIMAL_SCALE);
        let text = ScalarValue::from(SHORTEST_TEXT);
        let of_day = |day| ScalarValue::Date32(Some(day));
        let known = [
            ("text", between(text.clone(), text)),
            (
                "integer",
                between(ScalarValue::from(i64::MIN), ScalarValue::from(i64::MAX)),
            ),
            (
                "float",
                between(ScalarValue::from(-0.1), ScalarValue::from(f64::INFINITY)),
            ),
            (
                "boolean",
                between(ScalarValue::from(false), ScalarValue::from(true)),
            ),
            ("date", between(of_day(-1), of_day(20_000))),
            ("timestamp", between(instant(-1), instant(i64::MAX))),
            ("decimal", between(decimal(-10_i128.pow(37)), decimal(7))),
        ];
        let known = known.map(|(name, groups)| (name.to_owned(), groups));
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let field = Field::new("text", dictionary, true);
        let facts = Facts {
            schema: Arc::new(Schema::new(vec![field])),
            digest: [7; 32],
            groups: vec![0, 3, 5],
            known: known.into(),
        };
        let empty = Facts {
            groups: Vec::new(),
            known: BTreeMap::from([("date".to_owned(), Vec::new())]),
            ..facts.clone()
        };
        let files = [
            ("a/1.parquet\n\n9\n-5", Arc::new(facts)),
            ("a/2.parquet\nt\n9\n-5", Arc::new(empty)),
        ];
        Index {
            files: files
                .map(|(version, file)| (version.to_owned(), file))
                .into(),
        }
    }

    async fn saved(output: &Storage) -> String {
        index().save(output, "event", &contract()).await.unwrap();
        let bytes = output.get("_kenko/index/event.json").await.unwrap();
        String::from_utf8(bytes.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn what_was_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let output = Storage::open(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(
            Index::load(&output, "event", &contract()).await,
            Index::default()
        );
        saved(&output).await;
        assert_eq!(Index::load(&output, "event", &contract()).await, index());
    }

    #[tokio::test]
    async fn what_cannot_be_trusted_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let output = Storage::open(folder.path().to_str().unwrap()).unwrap();
        let text = saved(&output).await;
        let is_known = async |text: String| {
            output.put(&path("event"), text.into()).await.unwrap();
            Index::load(&output, "event", &contract()).await == index()
        };
        assert!(is_known(text.clone()).await);
        for (from, to) in [
            (WRITER, "another"),
            ("\"date\",\"date\"", "\"date\",\"timestamp\""),
            ("\"schema\":0", "\"schema\":1"),
            ("\"groups\":[0,3,5]", "\"groups\":[0,3]"),
            ("20000", "20000000000000"),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(!is_known(text.replacen(from, to, 1)).await, "{from}");
        }
        assert!(!is_known(text[..text.len() / 2].to_owned()).await);
        assert!(!is_known(String::new()).await);
        let mut other = contract();
        other.columns[3].personal = true;
        output.put(&path("event"), text.into()).await.unwrap();
        assert_eq!(
            Index::load(&output, "event", &other).await,
            Index::default()
        );
    }
}

//! Freezes the inputs of a run: which files, exactly, and that they are sound.
//!
//! What is not listed here is not read. Before the commit the same files are
//! looked at again: an extract that was overwritten meanwhile would give half
//! of one day and half of the next. Rows are not read here.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;
use object_store::path::Path as StorePath;
use serde::Serialize;

use super::days::{self, Stretch};
use super::facts::Facts;
use super::index::Index;
use super::layout::{self, Layout, Merging};
use super::listing::{self, Listed, REQUESTS_AT_ONCE};
use super::value::Formats;
use super::{footer, text};
use crate::config::contract::ColumnType;
use crate::config::{FileFormat, Pipeline, SourceSpec};
use crate::error::{Error, Result};
use crate::storage::{Digest, Storage};
use crate::time::{AsOf, Zone};

/// The column that dates an extract of which several are kept.
pub(super) const SNAPSHOT: &str = "snapshot_date";

/// More files than this in one extract cost more time to open than to read.
const FILES_EXPECTED_MAX: usize = 10_000;

/// Extracts that are looked at side by side.
const SOURCES_AT_ONCE: usize = 4;

/// Every file of a run.
#[derive(Debug, Serialize)]
pub struct Frozen {
    /// Extracts by table name.
    pub sources: BTreeMap<String, FrozenSource>,
    /// SHA-256 over every file's path, size, etag and time of modification.
    pub fingerprint: String,
}

/// The files of one extract.
#[derive(Clone, Debug, Serialize)]
pub struct FrozenSource {
    /// The location as the pipeline writes it.
    pub path: String,
    /// `Parquet`, `CSV` or `JSON lines`; nothing when there is no file.
    pub format: Option<&'static str>,
    /// Files, sorted by path.
    pub files: Vec<FrozenFile>,
    /// Rows in all files, where files say so (Parquet).
    pub rows: Option<u64>,
    /// Files of a later day by the name of their folder: not read.
    pub files_after_as_of: u64,
    /// What a person may want to know; nothing here stops a run.
    pub notes: Vec<String>,
    /// SHA-256 over this extract's files.
    pub fingerprint: String,
    #[serde(skip)]
    pub(super) inner: Inner,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
pub struct FrozenFile {
    /// Path or URL.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// The store's tag for this version of the file.
    pub etag: Option<String>,
    /// Time of modification, RFC 3339.
    pub modified: String,
    /// Rows (Parquet only).
    pub rows: Option<u64>,
    /// `key=value` folders that give columns of the contract.
    pub partition: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) meta: ObjectMeta,
    #[serde(skip)]
    pub(super) values: BTreeMap<String, ScalarValue>,
    /// The days that its rows belong to, as far as it says (Parquet only).
    #[serde(skip)]
    pub(super) stretches: Option<Vec<Stretch>>,
}

/// What the run needs to read the files, and the record does not.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) storage: Storage,
    pub(super) format: Option<FileFormat>,
    /// How Parquet is read; text is laid out while it is read.
    pub(super) layout: Layout,
    /// What is known of its files, where some of it was not known before.
    index: Option<Arc<Index>>,
}

/// Lists, checks and fingerprints every extract of a pipeline. Files that an earlier run
/// of `output` has looked into are not looked into again; without an output all are.
pub(super) async fn all(
    pipeline: &Pipeline,
    as_of: &AsOf,
    output: Option<&Storage>,
) -> Result<Frozen> {
    // Of an object store most of the time is waiting; the first failure in the order of
    // names is told, whichever comes first.
    let looks: Vec<_> = (pipeline.sources.iter())
        .map(|(table, spec)| one(table, spec, as_of, output))
        .collect();
    let looks = stream::iter(looks).buffered(SOURCES_AT_ONCE);
    let frozen: Vec<FrozenSource> = looks.try_collect().await?;
    let tables = pipeline.sources.keys().cloned();
    Ok(Frozen::of(tables.zip(frozen).collect()))
}

async fn one(
    table: &str,
    spec: &SourceSpec,
    as_of: &AsOf,
    output: Option<&Storage>,
) -> Result<FrozenSource> {
    let formats = formats(spec, as_of);
    let mut listing = listing::list(&spec.path, spec.format).await?;
    if listing.files.is_empty() && !spec.allow_empty {
        return Err(Error::data(format!(
            "source `{table}`: there is no file at `{}`",
            spec.path
        ))
        .with_hint(
            "check the path and that the export ran; `allow_empty: true` accepts an empty source",
        ));
    }
    let mut notes = Vec::new();
    note_names(&listing, &mut notes);
    let listed = listing.files.len();
    let known = known(output, table, spec, &listing).await;
    let mut kept = Vec::with_capacity(listed);
    for file in std::mem::take(&mut listing.files) {
        let values = layout::partition_values(&file, &spec.contract, &formats)?;
        if !is_later(&values, spec, as_of) {
            kept.push((file, values));
        }
    }
    let read = Read {
        table,
        spec,
        zone: as_of.zone(),
        storage: &listing.storage,
    };
    let later = (listed - kept.len()) as u64;
    let (files, layout, index) = match listing.format {
        None => (Vec::new(), Layout::default(), None),
        Some(FileFormat::Parquet) => read.parquet(kept, later, known).await?,
        Some(format) => (read.text(format, kept).await?, Layout::default(), None),
    };
    note_columns(&layout, &mut notes);
    for note in &notes {
        tracing::info!(source = table, "{note}");
    }
    let rows = files.iter().map(|file| file.rows).sum();
    Ok(FrozenSource {
        path: spec.path.clone(),
        format: listing.format.map(listing::format_name),
        fingerprint: fingerprint(&files),
        rows,
        files,
        files_after_as_of: later,
        notes,
        inner: Inner {
            storage: listing.storage,
            format: listing.format,
            layout,
            index: index.map(Arc::new),
        },
    })
}

/// What is known of an extract's files; `None` for one that has no index.
async fn known(
    output: Option<&Storage>,
    table: &str,
    spec: &SourceSpec,
    listing: &listing::Listing,
) -> Option<Index> {
    if listing.format != Some(FileFormat::Parquet) || listing.files.len() < 2 {
        return None;
    }
    let mut index = match output {
        Some(output) => Index::load(output, table, &spec.contract).await,
        None => Index::default(),
    };
    index.retain(listing.files.iter().map(|file| &file.meta));
    Some(index)
}

/// How a source writes dates and timestamps.
pub(super) fn formats<'a>(spec: &'a SourceSpec, as_of: &'a AsOf) -> Formats<'a> {
    Formats {
        date: spec.date_format.as_deref(),
        timestamp: spec.timestamp_format.as_deref(),
        zone: as_of.zone(),
    }
}

/// Whether a folder's name already says that nothing in it is known yet.
fn is_later(values: &BTreeMap<String, ScalarValue>, spec: &SourceSpec, as_of: &AsOf) -> bool {
    let dated = [Some(SNAPSHOT), spec.contract.visible_from.as_deref()];
    dated.into_iter().flatten().any(|name| {
        let is_date =
            spec.contract.column(name).map(|column| column.kind) == Some(ColumnType::Date);
        let value = values.get(name);
        is_date
            && matches!(value, Some(ScalarValue::Date32(Some(day))) if *day > as_of.epoch_days())
    })
}

fn note_names(listing: &listing::Listing, notes: &mut Vec<String>) {
    if !listing.ignored.is_empty() {
        let names: Vec<&str> = listing.ignored.iter().map(String::as_str).collect();
        notes.push(format!(
            "ignored because of names that start with `_` or `.`: {}",
            super::matching::listed(&names)
        ));
    }
    if listing.files.len() > FILES_EXPECTED_MAX {
        notes.push(format!(
            "{} files: fewer and larger ones are read much faster",
            listing.files.len()
        ));
    }
}

fn note_columns(layout: &Layout, notes: &mut Vec<String>) {
    if !layout.extra.is_empty() {
        let names: Vec<&str> = layout.extra.iter().map(String::as_str).collect();
        notes.push(format!(
            "columns that the contract does not have are not read: {}",
            super::matching::listed(&names)
        ));
    }
}

/// Files with the column values that their folders give.
type Kept = Vec<(Listed, BTreeMap<String, ScalarValue>)>;

/// One source whose files are looked into.
struct Read<'a> {
    table: &'a str,
    spec: &'a SourceSpec,
    zone: &'a Zone,
    storage: &'a Storage,
}

impl Read<'_> {
    /// The files, how they are read together, and the index where `known` has grown.
    async fn parquet(
        &self,
        kept: Kept,
        later: u64,
        known: Option<Index>,
    ) -> Result<(Vec<FrozenFile>, Layout, Option<Index>)> {
        let mut merging = Merging::new(&self.spec.contract);
        let mut frozen = Vec::with_capacity(kept.len());
        let mut seen = Seen::default();
        let store = self.storage.object_store();
        let mut news = Vec::new();
        let (contract, index) = (&self.spec.contract, known.as_ref());
        let mut looks = stream::iter(kept)
            .map(|(file, values)| async move {
                if let Some(facts) = index.and_then(|index| index.find(&file.meta)) {
                    return Ok((file, values, facts, false));
                }
                let footer = footer::read(store.as_ref(), &file).await?;
                let facts = Arc::new(Facts::of(&footer, contract));
                Ok::<_, Error>((file, values, facts, true))
            })
            .buffered(REQUESTS_AT_ONCE);
        while let Some((file, values, facts, is_new)) = looks.try_next().await? {
            merging.add(&file, &facts, &values)?;
            if facts.rows() > 0 {
                seen.refuse_twin(self.storage, &file, facts.digest).await?;
            }
            if is_new {
                news.push((file.meta.clone(), Arc::clone(&facts)));
            }
            let mut file = frozen_file(file, values, Some(facts.rows()));
            file.stretches = days::stretches(&facts, &file.values, self.spec, self.zone);
            frozen.push(file);
        }
        drop(looks);
        let rows: u64 = frozen.iter().filter_map(|file| file.rows).sum();
        if rows == 0 && later == 0 && !self.spec.allow_empty {
            return Err(no_rows(self.table, &self.spec.path));
        }
        let index = known.filter(|_| !news.is_empty()).map(|mut index| {
            index.extend(news);
            index
        });
        Ok((frozen, merging.finish()?, index))
    }

    async fn text(&self, format: FileFormat, kept: Kept) -> Result<Vec<FrozenFile>> {
        let mut frozen = Vec::with_capacity(kept.len());
        let mut seen = Seen::default();
        for (file, values) in kept {
            let given: Vec<String> = values.keys().cloned().collect();
            let digest =
                text::preflight(self.storage, &file, format, &given, &self.spec.contract).await?;
            seen.refuse_twin(self.storage, &file, digest).await?;
            frozen.push(frozen_file(file, values, None));
        }
        Ok(frozen)
    }
}

/// A source whose files hold nothing.
pub(super) fn no_rows(table: &str, path: &str) -> Error {
    Error::data(format!(
        "source `{table}`: the files at `{path}` have no rows"
    ))
    .with_hint("check that the export ran to its end; `allow_empty: true` accepts an empty source")
}

fn frozen_file(
    file: Listed,
    values: BTreeMap<String, ScalarValue>,
    rows: Option<u64>,
) -> FrozenFile {
    FrozenFile {
        path: file.shown,
        size: file.meta.size,
        etag: file.meta.e_tag.clone(),
        modified: file.meta.last_modified.to_rfc3339(),
        rows,
        partition: file
            .partitions
            .into_iter()
            .filter(|(key, _)| values.contains_key(key))
            .collect(),
        meta: file.meta,
        values,
        stretches: None,
    }
}

/// Finds the same file under two names, which would count its rows twice.
#[derive(Default)]
struct Seen {
    files: BTreeMap<Likeness, Listed>,
}

/// Size, digest of a part, and folder values of a file.
type Likeness = (u64, [u8; 32], Vec<(String, String)>);

impl Seen {
    async fn refuse_twin(
        &mut self,
        storage: &Storage,
        file: &Listed,
        digest: [u8; 32],
    ) -> Result<()> {
        let key = (file.meta.size, digest, file.partitions.clone());
        let Some(twin) = self.files.get(&key) else {
            self.files.insert(key, file.clone());
            return Ok(());
        };
        // A part of both is equal: now all of both is compared.
        let one = storage
            .digest(&storage.relative(&file.meta.location))
            .await?;
        let other = storage
            .digest(&storage.relative(&twin.meta.location))
            .await?;
        match (one, other) {
            (Some(one), Some(other)) if one.sha256 == other.sha256 => Err(Error::data(format!(
                "`{}` and `{}` are the same file",
                twin.shown, file.shown
            ))
            .with_hint("remove one of them: their rows would count twice")),
            _ => Ok(()),
        }
    }
}

/// What the content of the files follows from. How their place was written does not
/// count: a pipeline may be named by a relative path or by an absolute one.
pub(super) fn fingerprint(files: &[FrozenFile]) -> String {
    let versions = files.iter().map(|file| listing::version(&file.meta));
    Digest::of(versions.collect::<Vec<_>>().join("\n\n").as_bytes()).sha256
}

impl Frozen {
    fn of(sources: BTreeMap<String, FrozenSource>) -> Self {
        let prints = sources.iter();
        let prints: Vec<String> = prints
            .map(|(table, source)| format!("{table} {}", source.fingerprint))
            .collect();
        Self {
            sources,
            fingerprint: Digest::of(prints.join("\n").as_bytes()).sha256,
        }
    }

    /// The same listing as an earlier day sees it: without the files whose
    /// folder is of a later day. What the files prove stays what all of them
    /// prove together, which is never too much.
    #[must_use]
    pub fn cut(&self, pipeline: &Pipeline, as_of: &AsOf) -> Self {
        let cut = |(table, source): (&String, &FrozenSource)| {
            let mut source = source.clone();
            if let Some(spec) = pipeline.sources.get(table) {
                let listed = source.files.len();
                source
                    .files
                    .retain(|file| !is_later(&file.values, spec, as_of));
                source.files_after_as_of += (listed - source.files.len()) as u64;
                source.fingerprint = fingerprint(&source.files);
                source.rows = source.files.iter().map(|file| file.rows).sum();
            }
            (table.clone(), source)
        };
        Self::of(self.sources.iter().map(cut).collect())
    }

    /// Keeps what was learned of files in `output`, for the next run. That only saves
    /// time, so that it cannot be kept is no error.
    pub async fn remember(&self, pipeline: &Pipeline, output: &Storage) {
        for (table, source) in &self.sources {
            let spec = pipeline.sources.get(table);
            let Some((index, spec)) = source.inner.index.as_ref().zip(spec) else {
                continue;
            };
            if let Err(error) = index.save(output, table, &spec.contract).await {
                tracing::warn!(table, "what its files say is not kept: {error}");
            }
        }
    }

    /// Looks at every file again: nothing may have changed since it was listed.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Data`] that names the file.
    pub async fn recheck(&self) -> Result<()> {
        // Collected first: a stream of borrowing closures could not move
        // between threads, and with it no run could.
        let looks: Vec<_> = self.sources.values().map(present).collect();
        let looks = stream::iter(looks).buffered(SOURCES_AT_ONCE);
        let present: Vec<_> = looks.try_collect().await?;
        for (source, present) in self.sources.values().zip(present) {
            let changed = |file: &&FrozenFile| !file.is_as(present.get(&file.meta.location));
            if let Some(file) = source.files.iter().find(changed) {
                return Err(
                    Error::data(format!("`{}` changed during the run", file.path))
                        .with_hint("run again when the export is complete; nothing was published"),
                );
            }
        }
        Ok(())
    }
}

/// What is at the places of an extract's files now.
async fn present(source: &FrozenSource) -> Result<BTreeMap<StorePath, ObjectMeta>> {
    let storage = &source.inner.storage;
    // A bucket tells of a thousand files in one answer.
    let found: Vec<ObjectMeta> = if source.files.len() > 1 && !storage.is_local() {
        storage.list("").await?
    } else {
        let places: Vec<String> = (source.files.iter())
            .map(|file| storage.relative(&file.meta.location))
            .collect();
        let looks: Vec<_> = places.iter().map(|place| storage.head(place)).collect();
        let looks = stream::iter(looks).buffered(REQUESTS_AT_ONCE);
        let found: Vec<Option<ObjectMeta>> = looks.try_collect().await?;
        found.into_iter().flatten().collect()
    };
    let by_place = found.into_iter().map(|meta| (meta.location.clone(), meta));
    Ok(by_place.collect())
}

impl FrozenFile {
    /// Whether it is the version of the file that was frozen.
    fn is_as(&self, now: Option<&ObjectMeta>) -> bool {
        now.is_some_and(|now| {
            let is_same_version = match (&now.e_tag, &self.meta.e_tag) {
                (Some(now), Some(then)) => now == then,
                _ => is_same_instant(now, &self.meta),
            };
            now.size == self.meta.size && is_same_version
        })
    }
}

/// Whether two looks tell of the same modification: listings tell milliseconds where a
/// single answer tells seconds.
fn is_same_instant(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    let (one, other) = (one.last_modified, other.last_modified);
    let is_rounded = one.timestamp_subsec_micros() == 0 || other.timestamp_subsec_micros() == 0;
    one.timestamp() == other.timestamp()
        && (is_rounded || one.timestamp_micros() == other.timestamp_micros())
}

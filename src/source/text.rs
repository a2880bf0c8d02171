//! CSV and JSON lines: checked, converted row by row, staged as Parquet.
//!
//! Text is read here and not by the engine, because a wrong row must not stop
//! the night: it is kept, with the reason, and quarantined by the same rules as
//! a row of Parquet. What makes the whole file doubtful (another encoding, an
//! unclosed quote, a cut-off end, a missing column) refuses the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use sha2::{Digest, Sha256};

use super::csv::{Record, Splitter};
use super::freeze::{FrozenFile, FrozenSource};
use super::listing::{Listed, gone};
use super::sniff::{self, BYTE_ORDER_MARK};
use super::staging::{Staged, Stager};
use super::value::Formats;
use super::{fault, json_lines, matching};
use crate::config::FileFormat;
use crate::config::contract::Contract;
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::time::AsOf;

/// A header, and enough to tell what the file is.
const HEAD_BYTES: u64 = 64 * 1024;
/// A longer line is not a row.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Looks at the start of a text file; answers the SHA-256 of it.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] when it is something else, or when a
/// required column is not in the header.
pub(super) async fn preflight(
    storage: &Storage,
    file: &Listed,
    format: FileFormat,
    given: &[String],
    contract: &Contract,
) -> Result<[u8; 32]> {
    let end = file.meta.size.min(HEAD_BYTES);
    let head = storage
        .object_store()
        .get_range(&file.meta.location, 0..end)
        .await;
    let head = head.map_err(|error| fault::of_store(&file.shown, &error))?;
    let is_json = format == FileFormat::JsonLines;
    let expected = if is_json { "JSON lines" } else { "CSV" };
    let looks = sniff::looks_like(&head[..head.len().min(512)]);
    let is_text = match looks {
        Some("JSON") => is_json || head.first() != Some(&b'{'),
        Some("a CSV file" | "plain text") | None => true,
        Some(_) => false,
    };
    if !is_text || head.contains(&0) {
        let looks = looks.filter(|_| !is_text).unwrap_or("a binary file");
        return Err(Error::data(format!(
            "`{}` is not {expected}: it looks like {looks}",
            file.shown
        ))
        .with_hint(format!(
            "write it as plain UTF-8 {expected}, not compressed"
        )));
    }
    if is_json {
        preflight_json(&file.shown, &head)?;
    } else {
        let header = header_of(&file.shown, &head)?;
        let names: Vec<&str> = header.iter().map(String::as_str).collect();
        matching::named(&file.shown, &names, given, contract)?;
    }
    Ok(Sha256::digest(&head).into())
}

fn preflight_json(shown: &str, head: &[u8]) -> Result<()> {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') | None => Ok(()),
        Some(b'[') => Err(
            Error::data(format!("`{shown}` is one JSON list, not JSON lines"))
                .with_hint("write one object a line, without brackets and commas round them"),
        ),
        Some(_) => Err(Error::data(format!("`{shown}` is not JSON lines"))
            .with_hint("write one JSON object a line, or declare the source's `format:`")),
    }
}

/// The names in the first record of a CSV file.
fn header_of(shown: &str, head: &[u8]) -> Result<Vec<String>> {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let mut header: Option<Vec<String>> = None;
    let is_whole = (head.len() as u64) < HEAD_BYTES;
    let mut keep = |record: Record<'_>| -> Result<()> {
        if header.is_none() {
            header = Some(names(shown, record)?);
        }
        Ok(())
    };
    let mut splitter = Splitter::new();
    splitter.feed(text, |line| unclosed(shown, line), &mut keep)?;
    if is_whole {
        splitter.finish(|line| unclosed(shown, line), &mut keep)?;
    }
    let header = header.ok_or_else(|| {
        Error::data(format!("`{shown}` has no header line"))
            .with_hint("write the column names as the first line")
    })?;
    refuse_other_delimiter(shown, &header)?;
    let mut seen = BTreeMap::new();
    for name in &header {
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            return Err(
                Error::data(format!("`{shown}`: the header has `{other}` and `{name}`"))
                    .with_hint("every column needs a name of its own"),
            );
        }
    }
    Ok(header)
}

fn names(shown: &str, record: Record<'_>) -> Result<Vec<String>> {
    let values = record.values().map(|value| {
        std::str::from_utf8(value)
            .map(|name| name.trim().to_owned())
            .map_err(|error| {
                Error::data(format!("`{shown}`: the header is not valid UTF-8"))
                    .with_hint("write the file as UTF-8")
                    .with_source(error)
            })
    });
    values.collect()
}

fn refuse_other_delimiter(shown: &str, header: &[String]) -> Result<()> {
    let [only] = header else {
        return Ok(());
    };
    let other = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")]
        .into_iter()
        .find(|(letter, _)| only.contains(*letter));
    match other {
        Some((_, name)) => Err(Error::data(format!(
            "`{shown}` is separated by {name}, not by commas"
        ))
        .with_hint("write it with commas, and quotes round values that hold commas")),
        None => Ok(()),
    }
}

fn unclosed(shown: &str, line: u64) -> Error {
    Error::data(format!("`{shown}` line {line}: a quote is never closed"))
        .with_hint("write the file again: it was cut off, or a quote inside a value is not doubled")
}

/// What every text file of a source is read with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) contract: &'a Contract,
    pub(super) formats: Formats<'a>,
    pub(super) as_of: &'a AsOf,
}

impl Reader<'_> {
    /// Converts all files of a source into one local Parquet file at `target`.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Data`] for a file that is doubtful as a
    /// whole; those of disk and storage.
    pub(super) async fn stage(&self, source: &FrozenSource, target: &Path) -> Result<Staged> {
        let mut stager = Stager::create(target, self.contract, self.formats, self.as_of)?;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for file in &source.files {
            seen.extend(self.file(source, file, &mut stager).await?);
        }
        stager.finish(&seen)
    }

    /// Reads one file; answers the columns it has.
    async fn file(
        &self,
        source: &FrozenSource,
        file: &FrozenFile,
        stager: &mut Stager<'_>,
    ) -> Result<BTreeSet<String>> {
        let given: Vec<String> = file.values.keys().cloned().collect();
        let mut sink: Box<dyn Lines> = match source.inner.format {
            Some(FileFormat::JsonLines) => Box::new(JsonFile::new(self.contract, file)),
            _ => Box::new(CsvFile::new(self.contract, file)),
        };
        let before = stager.counts();
        let store = source.inner.storage.object_store();
        let answer = store.get(&file.meta.location).await;
        let answer = answer.map_err(|error| fault::of_store(&file.path, &error))?;
        if answer.meta.size != file.size {
            return Err(gone(&file.path));
        }
        let mut pieces = answer.into_stream();
        let mut mark = Mark::default();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| fault::of_store(&file.path, &error))?;
            sink.feed(&mark.strip(piece), stager)?;
        }
        let names = sink.finish(stager)?;
        let (rows, unreadable) = stager.counts();
        let rows = rows - before.0;
        if rows > 0 && unreadable - before.1 == rows {
            return Err(Error::data(format!("`{}`: no row can be read", file.path))
                .with_hint("check that it is the right file, in the declared format"));
        }
        if rows > 0 {
            let listed: Vec<&str> = names.iter().map(String::as_str).collect();
            matching::named(&file.path, &listed, &given, self.contract)?;
        }
        Ok(names.into_iter().chain(given).collect())
    }
}

/// Takes the byte-order mark off the first piece.
#[derive(Debug, Default)]
struct Mark {
    is_past: bool,
}

impl Mark {
    fn strip(&mut self, piece: Bytes) -> Bytes {
        let is_first = !std::mem::replace(&mut self.is_past, true);
        if is_first && piece.starts_with(BYTE_ORDER_MARK) {
            return piece.slice(BYTE_ORDER_MARK.len()..);
        }
        piece
    }
}

/// Turns pieces of a file into staged rows.
trait Lines: Send {
    fn feed(&mut self, piece: &[u8], stager: &mut Stager<'_>) -> Result<()>;
    /// The end of the file; answers the names of its columns.
    fn finish(self: Box<Self>, stager: &mut Stager<'_>) -> Result<BTreeSet<String>>;
}

/// A value for each column of the contract, in its order.
type Cells = Vec<Option<String>>;

/// The cells that the folders give; a file's own column counts more.
fn given_cells(contract: &Contract, file: &FrozenFile) -> Cells {
    let columns = contract.columns.iter();
    columns
        .map(|column| {
            let value = file
                .values
                .get(&column.name)
                .filter(|value| !value.is_null());
            value.and_then(|_| file.partition.get(&column.name).cloned())
        })
        .collect()
}

struct CsvFile<'a> {
    contract: &'a Contract,
    shown: &'a str,
    given: Cells,
    splitter: Option<Splitter>,
    rows: CsvRows,
}

/// What the header says of the rows below it.
#[derive(Default)]
struct CsvRows {
    header: Option<Vec<String>>,
    /// For each value of a record, the column of the contract it belongs to.
    places: Vec<Option<usize>>,
}

impl<'a> CsvFile<'a> {
    fn new(contract: &'a Contract, file: &'a FrozenFile) -> Self {
        Self {
            contract,
            shown: &file.path,
            given: given_cells(contract, file),
            splitter: Some(Splitter::new()),
            rows: CsvRows::default(),
        }
    }
}

impl CsvRows {
    fn take(
        &mut self,
        record: Record<'_>,
        contract: &Contract,
        shown: &str,
        given: &Cells,
        stager: &mut Stager<'_>,
    ) -> Result<()> {
        let Some(header) = &self.header else {
            let header = names(shown, record)?;
            let place = |name: &String| {
                contract
                    .columns
                    .iter()
                    .position(|column| column.name == *name)
            };
            self.places = header.iter().map(place).collect();
            self.header = Some(header);
            return Ok(());
        };
        let place = format!("`{shown}` line {}", record.line);
        let count = record.values().len();
        if count != header.len() {
            let why = format!(
                "{place} has {count} values, the header has {}",
                header.len()
            );
            return stager.unreadable(why);
        }
        if record.is_malformed {
            return stager.unreadable(format!("{place} has text after a closing quote"));
        }
        let mut cells = given.clone();
        for (value, column) in record.values().zip(&self.places) {
            let Ok(text) = std::str::from_utf8(value) else {
                return stager.unreadable(format!("{place} is not valid UTF-8"));
            };
            if let Some(cell) = column.and_then(|column| cells.get_mut(column)) {
                *cell = (!text.is_empty()).then(|| text.to_owned());
            }
        }
        stager.row(&place, &cells)
    }
}

impl Lines for CsvFile<'_> {
    fn feed(&mut self, piece: &[u8], stager: &mut Stager<'_>) -> Result<()> {
        let Some(splitter) = &mut self.splitter else {
            return Ok(());
        };
        let (rows, contract, shown, given) =
            (&mut self.rows, self.contract, self.shown, &self.given);
        splitter.feed(
            piece,
            |line| unclosed(shown, line),
            |record| rows.take(record, contract, shown, given, stager),
        )
    }

    fn finish(mut self: Box<Self>, stager: &mut Stager<'_>) -> Result<BTreeSet<String>> {
        if let Some(splitter) = self.splitter.take() {
            let (rows, contract, shown, given) =
                (&mut self.rows, self.contract, self.shown, &self.given);
            splitter.finish(
                |line| unclosed(shown, line),
                |record| rows.take(record, contract, shown, given, stager),
            )?;
        }
        Ok(self.rows.header.unwrap_or_default().into_iter().collect())
    }
}

struct JsonFile<'a> {
    contract: &'a Contract,
    shown: &'a str,
    given: Cells,
    names: BTreeSet<String>,
    carried: Vec<u8>,
    line: u64,
}

impl<'a> JsonFile<'a> {
    fn new(contract: &'a Contract, file: &'a FrozenFile) -> Self {
        Self {
            contract,
            shown: &file.path,
            given: given_cells(contract, file),
            names: BTreeSet::new(),
            carried: Vec::new(),
            line: 1,
        }
    }

    fn line(&mut self, line: &[u8], is_cut: bool, stager: &mut Stager<'_>) -> Result<()> {
        let place = format!("`{}` line {}", self.shown, self.line);
        self.line += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(line) else {
            return stager.unreadable(format!("{place} is not valid UTF-8"));
        };
        let members = match json_lines::members(text) {
            Ok(members) => members,
            Err(_) if is_cut => {
                return Err(
                    Error::data(format!("{place}: the file ends in the middle of a row"))
                        .with_hint("write the file again: it was cut off"),
                );
            }
            Err(why) => return stager.unreadable(format!("{place} {why}")),
        };
        let mut cells = self.given.clone();
        for (name, value) in members {
            let at = self
                .contract
                .columns
                .iter()
                .position(|column| column.name == name);
            if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
                *cell = value.filter(|text| !text.is_empty());
            }
            if !self.names.contains(&name) {
                self.names.insert(name);
            }
        }
        stager.row(&place, &cells)
    }
}

impl Lines for JsonFile<'_> {
    fn feed(&mut self, piece: &[u8], stager: &mut Stager<'_>) -> Result<()> {
        let mut rest = piece;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(at);
            if self.carried.is_empty() {
                self.line(line, false, stager)?;
            } else {
                let mut whole = std::mem::take(&mut self.carried);
                whole.extend_from_slice(line);
                self.line(&whole, false, stager)?;
            }
            rest = &after[1..];
        }
        self.carried.extend_from_slice(rest);
        if self.carried.len() > LINE_BYTES_MAX {
            return Err(Error::data(format!(
                "`{}` line {} is longer than {LINE_BYTES_MAX} bytes",
                self.shown, self.line
            ))
            .with_hint("write one JSON object a line"));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, stager: &mut Stager<'_>) -> Result<BTreeSet<String>> {
        let last = std::mem::take(&mut self.carried);
        self.line(&last, true, stager)?;
        Ok(self.names)
    }
}

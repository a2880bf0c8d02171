//! Which files an extract consists of.
//!
//! Nothing is skipped in silence: a name that starts with `_` or `.` is ignored
//! and reported, and every other file that would not be read is refused, for a
//! file that is left out is a wrong answer that nobody sees. It lists; it does
//! not open a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;

use super::fault;
use super::pattern::{self, Fit, Location, Selection};
use crate::config::FileFormat;
use crate::error::{Error, Result};
use crate::storage::Storage;

/// Requests that wait at the same time.
pub(super) const REQUESTS_AT_ONCE: usize = 16;

/// One file of an extract.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// Place in the store, size, etag and time of modification.
    pub(super) meta: ObjectMeta,
    /// The path or URL that people know it by.
    pub(super) shown: String,
    /// `key=value` folders between root and file.
    pub(super) partitions: Vec<(String, String)>,
}

/// The files of an extract, sorted by path.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) storage: Storage,
    pub(super) files: Vec<Listed>,
    /// Format of all files; `None` when there is none.
    pub(super) format: Option<FileFormat>,
    /// Paths that were ignored because of their names.
    pub(super) ignored: Vec<String>,
}

/// Lists the files at `path`.
///
/// # Errors
/// [`crate::error::ErrorKind::Data`] for a file that cannot be part of the
/// extract, [`crate::error::ErrorKind::Usage`] for a location that means
/// nothing, and the storage's own errors.
pub(super) async fn list(path: &str, format: Option<FileFormat>) -> Result<Listing> {
    let location = pattern::parse(path)?;
    let (location, found) = match local_root(&location.root) {
        Some(root) => local(&root, location)?,
        None => remote(location).await?,
    };
    let storage = found.storage;
    let mut selected = Selected::new(&location, format);
    for path in &found.paths {
        selected.take(path)?;
    }
    let root = location.root.trim_end_matches('/').to_owned();
    let metas = stream::iter(selected.kept)
        .map(|path| meta_of(&storage, &found.metas, &root, path))
        .buffered(REQUESTS_AT_ONCE);
    let mut files: Vec<Listed> = metas.try_collect().await?;
    files.sort_by(|a, b| a.meta.location.cmp(&b.meta.location));
    if let Some(empty) = files.iter().find(|file| file.meta.size == 0) {
        return Err(Error::data(format!("`{}` is empty (0 bytes)", empty.shown))
            .with_hint("write it again: an upload was probably cut off; or remove it"));
    }
    let mut ignored = found.ignored;
    ignored.append(&mut selected.ignored);
    ignored.sort();
    Ok(Listing {
        storage,
        files,
        format: selected.format,
        ignored,
    })
}

/// What lies below a root, before anything is chosen.
struct Found {
    storage: Storage,
    /// Paths below the root.
    paths: Vec<String>,
    /// What a store's listing already told, by path below the root.
    metas: BTreeMap<String, ObjectMeta>,
    ignored: Vec<String>,
}

async fn meta_of(
    storage: &Storage,
    known: &BTreeMap<String, ObjectMeta>,
    root: &str,
    path: String,
) -> Result<Listed> {
    let shown = format!("{root}/{path}");
    let meta = match known.get(&path) {
        Some(meta) => meta.clone(),
        None => storage.head(&path).await?.ok_or_else(|| gone(&shown))?,
    };
    let segments: Vec<&str> = path.split('/').collect();
    Ok(Listed {
        meta,
        partitions: pattern::partitions(&segments),
        shown,
    })
}

/// Tells the version of a file from every other, and from those of other files: all by
/// which an extract is fingerprinted and a file's facts are known again.
pub(super) fn version(meta: &ObjectMeta) -> String {
    [
        meta.location.as_ref(),
        meta.e_tag.as_deref().unwrap_or_default(),
        &meta.size.to_string(),
        &meta.last_modified.timestamp_micros().to_string(),
    ]
    .join("\n")
}

/// An object that was listed, or frozen, and is not there any more.
pub(super) fn gone(shown: &str) -> Error {
    Error::data(format!("`{shown}` does not exist any more"))
        .with_hint("run again when the export is complete")
}

/// The folder that a root without a scheme, or with `file://`, means.
fn local_root(root: &str) -> Option<PathBuf> {
    match root.strip_prefix("file://") {
        Some(path) => Some(PathBuf::from(path)),
        None if root.contains("://") => None,
        None => Some(PathBuf::from(root)),
    }
}

fn local(root: &Path, mut location: Location) -> Result<(Location, Found)> {
    let mut root = root.to_owned();
    if let Selection::Name(name) = &location.selection {
        let path = root.join(name);
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                refuse_folder_like_file(name, &path.display().to_string())?;
                location = Location {
                    root: path.display().to_string(),
                    selection: Selection::Folder,
                };
                root = path;
            }
            Ok(meta) if meta.is_file() => {
                let found = Found {
                    storage: open(&location.root)?,
                    paths: vec![name.clone()],
                    metas: BTreeMap::new(),
                    ignored: Vec::new(),
                };
                return Ok((location, found));
            }
            Ok(_) => return Err(not_a_file(&path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(fault::of_disk(&path, error)),
        }
    }
    let mut walk = Walk {
        pattern: match &location.selection {
            Selection::Glob(pattern) => Some(pattern.clone()),
            Selection::Folder | Selection::Name(_) => None,
        },
        root: root.clone(),
        real_root: root.clone(),
        paths: Vec::new(),
        ignored: Vec::new(),
    };
    let is_there = root.is_dir() && !matches!(location.selection, Selection::Name(_));
    if is_there {
        walk.real_root = fs::canonicalize(&root).map_err(|error| fault::of_disk(&root, error))?;
        walk.folder(&mut Vec::new())?;
    }
    let base = if root.is_dir() {
        root
    } else {
        PathBuf::from(".")
    };
    let found = Found {
        storage: open(&base.display().to_string())?,
        paths: walk.paths,
        metas: BTreeMap::new(),
        ignored: walk.ignored,
    };
    Ok((location, found))
}

/// A walk through a local folder that looks at what a store's listing hides:
/// links, pipes and folders named like files.
struct Walk {
    pattern: Option<Vec<String>>,
    root: PathBuf,
    real_root: PathBuf,
    paths: Vec<String>,
    ignored: Vec<String>,
}

impl Walk {
    fn folder(&mut self, above: &mut Vec<String>) -> Result<()> {
        let folder = above
            .iter()
            .fold(self.root.clone(), |path, name| path.join(name));
        let entries = fs::read_dir(&folder).map_err(|error| fault::of_disk(&folder, error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| fault::of_disk(&folder, error))?;
            let name = entry.file_name().into_string().map_err(|name| {
                Error::data(format!(
                    "`{}`: the name is not valid UTF-8",
                    folder.join(name).display()
                ))
                .with_hint("rename the file")
            })?;
            names.push(name);
        }
        names.sort();
        for name in names {
            above.push(name);
            let outcome = self.entry(above);
            above.pop();
            outcome?;
        }
        Ok(())
    }

    fn entry(&mut self, segments: &mut Vec<String>) -> Result<()> {
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        let path = names
            .iter()
            .fold(self.root.clone(), |path, name| path.join(name));
        let name = names.last().copied().unwrap_or_default();
        if is_hidden(name) {
            self.ignored.push(names.join("/"));
            return Ok(());
        }
        let fits = self
            .pattern
            .as_ref()
            .is_none_or(|glob| pattern::fit(glob, &names) != Fit::No);
        let below = self
            .pattern
            .as_ref()
            .is_none_or(|glob| pattern::may_contain(glob, &names));
        if !fits && !below {
            return Ok(());
        }
        let meta = fs::symlink_metadata(&path).map_err(|error| fault::of_disk(&path, error))?;
        if meta.is_symlink() {
            self.refuse_leaving_link(&path)?;
        }
        let meta = fs::metadata(&path).map_err(|error| fault::of_disk(&path, error))?;
        if meta.is_dir() {
            if fits {
                refuse_folder_like_file(name, &path.display().to_string())?;
            }
            return if below { self.folder(segments) } else { Ok(()) };
        }
        if !meta.is_file() {
            return Err(not_a_file(&path));
        }
        self.paths.push(names.join("/"));
        Ok(())
    }

    fn refuse_leaving_link(&self, path: &Path) -> Result<()> {
        let target = fs::canonicalize(path).map_err(|error| {
            Error::data(format!("`{}` is a link that leads nowhere", path.display()))
                .with_hint("remove the link, or write the file it should lead to")
                .with_source(error)
        })?;
        let folder = path
            .parent()
            .and_then(|folder| fs::canonicalize(folder).ok());
        let loops = folder.is_some_and(|folder| folder.starts_with(&target));
        if target.starts_with(&self.real_root) && !loops {
            return Ok(());
        }
        Err(Error::data(format!(
            "`{}` is a link that leaves the folder",
            path.display()
        ))
        .with_hint("copy the file into the folder, or name its own folder as the source's path"))
    }
}

async fn remote(location: Location) -> Result<(Location, Found)> {
    let Selection::Name(name) = &location.selection else {
        return listed(open(&location.root)?, location).await;
    };
    let shown = format!("{}/{name}", location.root);
    let is_web = shown.starts_with("http");
    // A prefix is asked for as an object only where its name is that of a file.
    if is_web || name.contains('.') {
        let storage = open(&location.root)?;
        if let Some(meta) = storage.head(name).await? {
            let found = Found {
                storage,
                paths: vec![name.clone()],
                metas: BTreeMap::from([(name.clone(), meta)]),
                ignored: Vec::new(),
            };
            return Ok((location, found));
        }
    }
    if is_web {
        return Err(Error::data(format!("there is no file at `{shown}`"))
            .with_hint("a web address names exactly one file; check its spelling"));
    }
    let location = Location {
        root: shown,
        selection: Selection::Folder,
    };
    listed(open(&location.root)?, location).await
}

async fn listed(storage: Storage, location: Location) -> Result<(Location, Found)> {
    let listing = storage.list("").await?;
    let name = location.root.trim_end_matches('/').rsplit('/').next();
    if !listing.is_empty() {
        refuse_folder_like_file(name.unwrap_or_default(), &location.root)?;
    }
    // A console marks a "folder" by an object whose name is the prefix itself.
    let by_path = listing
        .into_iter()
        .map(|meta| (storage.relative(&meta.location), meta))
        .filter(|(path, _)| !path.is_empty());
    let metas: BTreeMap<String, ObjectMeta> = by_path.collect();
    let found = Found {
        paths: metas.keys().cloned().collect(),
        storage,
        metas,
        ignored: Vec::new(),
    };
    Ok((location, found))
}

/// A folder or prefix, for reading.
fn open(root: &str) -> Result<Storage> {
    Storage::open_for_read(&format!("{}/", root.trim_end_matches('/'))).map(|(storage, _)| storage)
}

/// Chooses files by pattern, name and extension.
struct Selected<'a> {
    location: &'a Location,
    declared: Option<FileFormat>,
    format: Option<FileFormat>,
    kept: Vec<String>,
    ignored: Vec<String>,
}

impl<'a> Selected<'a> {
    fn new(location: &'a Location, declared: Option<FileFormat>) -> Self {
        Self {
            location,
            declared,
            format: None,
            kept: Vec::new(),
            ignored: Vec::new(),
        }
    }

    fn take(&mut self, path: &str) -> Result<()> {
        let segments: Vec<&str> = path.split('/').collect();
        let is_named = matches!(self.location.selection, Selection::Name(_));
        if !is_named && segments.iter().any(|name| is_hidden(name)) {
            self.ignored.push(path.to_owned());
            return Ok(());
        }
        let shown = format!("{}/{path}", self.location.root.trim_end_matches('/'));
        if let Selection::Glob(glob) = &self.location.selection {
            match pattern::fit(glob, &segments) {
                Fit::Yes => {}
                Fit::No => return Ok(()),
                Fit::ByCaseOnly => {
                    return Err(unread(
                        &shown,
                        "matches the pattern but for upper and lower case",
                    ));
                }
            }
        }
        let is_explicit =
            self.declared.is_some() && !matches!(self.location.selection, Selection::Folder);
        let name = segments.last().copied().unwrap_or_default();
        let format = match (by_extension(name, &shown), self.declared) {
            (_, Some(declared)) if is_explicit => declared,
            (Ok(format), None) => format,
            (Ok(format), Some(declared)) if format == declared => format,
            (Ok(_), Some(declared)) => {
                let message = format!("is not a {} file by its name", format_name(declared));
                return Err(unread(&shown, &message));
            }
            (Err(error), _) => return Err(error),
        };
        if self.format.is_some_and(|known| known != format) {
            return Err(unread(
                &shown,
                "has another format than the files before it",
            ));
        }
        self.format = Some(format);
        self.kept.push(path.to_owned());
        Ok(())
    }
}

/// The name of a format, as pipelines and records write it.
pub(super) fn format_name(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Parquet => "Parquet",
        FileFormat::Csv => "CSV",
        FileFormat::JsonLines => "JSON lines",
    }
}

const EXTENSIONS: [(&str, FileFormat); 4] = [
    (".parquet", FileFormat::Parquet),
    (".csv", FileFormat::Csv),
    (".jsonl", FileFormat::JsonLines),
    (".ndjson", FileFormat::JsonLines),
];

/// Other extensions of Parquet files.
const NICKNAMES: [&str; 2] = [".parq", ".pq"];

const PACKED: [&str; 6] = [".gz", ".zip", ".zst", ".bz2", ".xz", ".7z"];

fn by_extension(name: &str, shown: &str) -> Result<FileFormat> {
    let known = EXTENSIONS
        .iter()
        .find(|(extension, _)| name.ends_with(extension));
    if let Some((_, format)) = known {
        return Ok(*format);
    }
    let lower = name.to_lowercase();
    let packed = PACKED.iter().any(|extension| lower.ends_with(extension));
    if packed {
        return Err(
            Error::data(format!("`{shown}` is compressed as a whole file"))
                .with_hint("unpack it first; Parquet compresses its pages by itself"),
        );
    }
    let alike = EXTENSIONS
        .iter()
        .find(|(extension, _)| lower.ends_with(extension));
    let problem = match alike {
        Some((extension, _)) => format!("does not end in `{extension}` exactly"),
        None if NICKNAMES.iter().any(|extension| lower.ends_with(extension)) => {
            "does not end in `.parquet`".to_owned()
        }
        None => "has no extension that kenko reads".to_owned(),
    };
    Err(unread(shown, &problem))
}

fn unread(shown: &str, problem: &str) -> Error {
    Error::data(format!("unread file: `{shown}` {problem}")).with_hint(
        "rename it to .parquet, .csv, .jsonl or .ndjson; or start its name with `_` so that it is \
         ignored; or name the files that count by a glob and their `format:`",
    )
}

fn is_hidden(name: &str) -> bool {
    // A partition folder may be called `_day=1`; nothing else starts so and counts.
    name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
}

fn refuse_folder_like_file(name: &str, shown: &str) -> Result<()> {
    let is_file_name = EXTENSIONS
        .iter()
        .any(|(extension, _)| name.ends_with(extension));
    if !is_file_name {
        return Ok(());
    }
    Err(
        Error::data(format!("`{shown}` is a folder, though named like a file"))
            .with_hint(format!("name its files: `{shown}/*.parquet`")),
    )
}

fn not_a_file(path: &Path) -> Error {
    Error::data(format!("`{}` is not a regular file", path.display()))
        .with_hint("pipes, sockets and devices cannot be read twice; write a file")
}

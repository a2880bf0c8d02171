//! A local folder as an object store that survives a power cut and keeps to
//! its root.
//!
//! Reads go to `object_store`'s own local store. Writes are made here, because
//! that store never asks the disk to keep what it was given: bytes go to a
//! temporary file beside the target, are synced, are put in place by one
//! `link` (create) or `rename` (overwrite), and then the folder is synced.
//! Every path is resolved before it is used, and a symbolic link that leaves
//! the root is refused. What this deliberately does not do: guard against
//! somebody who swaps links while we work; that person can write to the folder
//! anyway.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

const NAME: &str = "local folder";

/// Distinguishes the temporary files of one process; `object_store` hides
/// files whose name ends in `#` and digits from listings.
static TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// The store below one local folder; paths are relative to it.
#[derive(Debug)]
pub(super) struct LocalStore {
    root: PathBuf,
    inner: LocalFileSystem,
}

impl LocalStore {
    /// A store below an existing folder; links in the way to the folder itself
    /// are followed.
    pub(super) fn new(folder: &FilePath) -> Result<Self> {
        let root = fs::canonicalize(folder).map_err(|cause| failed(folder, cause))?;
        let inner = LocalFileSystem::new_with_prefix(&root)?;
        Ok(Self { root, inner })
    }

    /// The folder with every link resolved.
    pub(super) fn root(&self) -> &FilePath {
        &self.root
    }

    /// The file that a location means, provided no link leads it out of the
    /// root.
    fn file(&self, location: &Path) -> Result<PathBuf> {
        let file = self.inner.path_to_filesystem(location)?;
        self.guard(&file)?;
        Ok(file)
    }

    /// Writes that are under way, or whose process has died.
    pub(super) async fn temporaries(&self) -> Result<Vec<ObjectMeta>> {
        let root = self.root.clone();
        blocking(move || Walk::over(&root, is_temporary).all(&root, &Path::default())).await
    }

    fn folder(&self, prefix: Option<&Path>) -> PathBuf {
        let mut folder = self.root.clone();
        folder.extend(
            prefix
                .iter()
                .flat_map(|path| path.parts())
                .map(|part| part.as_ref().to_owned()),
        );
        folder
    }

    /// Refuses `file` if the part of it that exists lies outside the root.
    fn guard(&self, file: &FilePath) -> Result<()> {
        for existing in file.ancestors() {
            match fs::canonicalize(existing) {
                Ok(real) if real.starts_with(&self.root) => return Ok(()),
                Ok(_) => break,
                Err(cause)
                    if matches!(
                        cause.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
                Err(cause) => return Err(failed(file, cause)),
            }
        }
        Err(Error::PermissionDenied {
            path: file.display().to_string(),
            source: format!("a link leads out of {}", self.root.display()).into(),
        })
    }
}

impl fmt::Display for LocalStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.root.display())
    }
}

#[async_trait]
impl ObjectStore for LocalStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let target = self.file(location)?;
        blocking(move || {
            let mut temporary = Temporary::beside(&target)?;
            for chunk in &payload {
                temporary.write(chunk)?;
            }
            match options.mode {
                PutMode::Overwrite => temporary.replace(&target),
                PutMode::Create => temporary.create(&target),
                PutMode::Update(_) => Err(Error::NotImplemented {
                    operation: "conditional overwrite".to_owned(),
                    implementer: NAME.to_owned(),
                }),
            }
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.file(location)?;
        blocking(move || {
            let temporary = Temporary::beside(&target)?;
            Ok(Box::new(Upload {
                target,
                state: Arc::new(Mutex::new(State {
                    temporary: Some(temporary),
                    waiting: Vec::new(),
                    written: 0,
                })),
                parts: 0,
            }) as Box<dyn MultipartUpload>)
        })
        .await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.file(location)?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        // Not by `object_store`, which refuses the names of temporary files.
        let store = Self {
            root: self.root.clone(),
            inner: self.inner.clone(),
        };
        let removed = locations.and_then(move |location| {
            let file = store.folder(Some(&location));
            let guarded = store.guard(&file);
            blocking(move || {
                guarded?;
                fs::remove_file(&file).map_err(|cause| failed(&file, cause))?;
                Ok(location)
            })
        });
        removed.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (root, folder) = (self.root.clone(), self.folder(prefix));
        let guarded = self.guard(&folder);
        let prefix = prefix.cloned().unwrap_or_default();
        stream::once(async move {
            guarded?;
            blocking(move || Walk::over(&root, |name| !is_temporary(name)).all(&folder, &prefix))
                .await
        })
        .flat_map(|listed| match listed {
            Ok(found) => stream::iter(found.into_iter().map(Ok)).boxed(),
            Err(error) => stream::once(async move { Err(error) }).boxed(),
        })
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let depth = prefix.map_or(0, |path| path.parts().count());
        let mut result = ListResult {
            common_prefixes: Vec::new(),
            objects: Vec::new(),
        };
        let mut folders = BTreeSet::new();
        let mut listed = self.list(prefix);
        while let Some(meta) = listed.next().await {
            let meta = meta?;
            if meta.location.parts().count() == depth + 1 {
                result.objects.push(meta);
            } else {
                folders.insert(meta.location.parts().take(depth + 1).collect::<Path>());
            }
        }
        result.common_prefixes.extend(folders);
        Ok(result)
    }

    /// A copy of the bytes: a hard link, as `object_store` makes, would let an
    /// editor of the copy change the original.
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (source, target) = (self.file(from)?, self.file(to)?);
        blocking(move || {
            let mut original = File::open(&source).map_err(|cause| failed(&source, cause))?;
            let mut temporary = Temporary::beside(&target)?;
            io::copy(&mut original, &mut temporary.file).map_err(|cause| failed(&target, cause))?;
            match options.mode {
                CopyMode::Overwrite => temporary.replace(&target),
                CopyMode::Create => temporary.create(&target),
            }
            .map(|_| ())
        })
        .await
    }
}

/// A file beside its target that is removed unless it is put in place.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn beside(target: &FilePath) -> Result<Self> {
        if let Some(folder) = target.parent() {
            create_folder(folder).map_err(|cause| failed(folder, cause))?;
        }
        loop {
            let number = TEMPORARY.fetch_add(1, Ordering::Relaxed);
            let mut path = target.as_os_str().to_owned();
            path.push(format!("#{}{number:09}", std::process::id()));
            let path = PathBuf::from(path);
            let mut options = OpenOptions::new();
            match options.write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(failed(&path, cause)),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|cause| failed(&self.path, cause))
    }

    /// Puts the file in place of whatever is at the target.
    fn replace(self, target: &FilePath) -> Result<PutResult> {
        let result = self.sync()?;
        fs::rename(&self.path, target).map_err(|cause| failed(target, cause))?;
        sync_folder_of(target)?;
        Ok(result)
    }

    /// Puts the file in place if nothing is at the target.
    fn create(self, target: &FilePath) -> Result<PutResult> {
        let result = self.sync()?;
        fs::hard_link(&self.path, target).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists {
                path: target.display().to_string(),
                source: cause.into(),
            },
            _ => failed(target, cause),
        })?;
        sync_folder_of(target)?;
        Ok(result)
    }

    fn sync(&self) -> Result<PutResult> {
        self.file
            .sync_all()
            .and_then(|()| self.file.metadata())
            .map(|metadata| PutResult {
                e_tag: Some(e_tag(&metadata)),
                version: None,
            })
            .map_err(|cause| failed(&self.path, cause))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already after a rename; anything else is litter that listings hide.
        let _ = fs::remove_file(&self.path);
    }
}

/// An upload in parts: parts are written in order, whatever order they arrive in.
#[derive(Debug)]
struct Upload {
    target: PathBuf,
    state: Arc<Mutex<State>>,
    parts: usize,
}

#[derive(Debug)]
struct State {
    temporary: Option<Temporary>,
    waiting: Vec<(usize, PutPayload)>,
    written: usize,
}

impl State {
    fn take(&mut self) -> Result<Temporary> {
        self.temporary.take().ok_or_else(|| Error::Generic {
            store: NAME,
            source: "the upload is over".into(),
        })
    }

    fn add(&mut self, part: usize, payload: PutPayload) -> Result<()> {
        self.waiting.push((part, payload));
        let mut temporary = self.take()?;
        while let Some(next) = self
            .waiting
            .iter()
            .position(|(number, _)| *number == self.written)
        {
            let (_, payload) = self.waiting.swap_remove(next);
            for chunk in &payload {
                temporary.write(chunk)?;
            }
            self.written += 1;
        }
        self.temporary = Some(temporary);
        Ok(())
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (state, part) = (Arc::clone(&self.state), self.parts);
        self.parts += 1;
        Box::pin(blocking(move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.add(part, data)
        }))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (state, target) = (Arc::clone(&self.state), self.target.clone());
        blocking(move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.take()?.replace(&target)
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take().map(drop)
    }
}

/// Walks folders; links are followed inside the root and refused outside it.
struct Walk<'a> {
    root: &'a FilePath,
    /// Which files are wanted, by name.
    wants: fn(&str) -> bool,
    above: Vec<PathBuf>,
    found: Vec<ObjectMeta>,
}

impl<'a> Walk<'a> {
    fn over(root: &'a FilePath, wants: fn(&str) -> bool) -> Self {
        Self {
            root,
            wants,
            above: Vec::new(),
            found: Vec::new(),
        }
    }

    /// The files below a folder, which is at `location`.
    fn all(mut self, folder: &FilePath, location: &Path) -> Result<Vec<ObjectMeta>> {
        self.folder(folder, location)?;
        Ok(self.found)
    }

    fn folder(&mut self, folder: &FilePath, location: &Path) -> Result<()> {
        let real = match fs::canonicalize(folder) {
            Ok(real) => real,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(failed(folder, cause)),
        };
        if self.above.contains(&real) {
            return Err(Error::Generic {
                store: NAME,
                source: format!("{} links to a folder above itself", folder.display()).into(),
            });
        }
        if !real.is_dir() {
            return Ok(());
        }
        self.above.push(real);
        for entry in fs::read_dir(folder).map_err(|cause| failed(folder, cause))? {
            let entry = entry.map_err(|cause| failed(folder, cause))?;
            self.entry(&entry, location)?;
        }
        self.above.pop();
        Ok(())
    }

    fn entry(&mut self, entry: &fs::DirEntry, location: &Path) -> Result<()> {
        let path = entry.path();
        let kind = entry.file_type().map_err(|cause| failed(&path, cause))?;
        if kind.is_symlink() {
            match fs::canonicalize(&path) {
                Ok(real) if real.starts_with(self.root) => {}
                Ok(_) => {
                    return Err(Error::PermissionDenied {
                        path: path.display().to_string(),
                        source: format!("the link leads out of {}", self.root.display()).into(),
                    });
                }
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(cause) => return Err(failed(&path, cause)),
            }
        }
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(Error::Generic {
                store: NAME,
                source: format!("the name of {} is not UTF-8", path.display()).into(),
            });
        };
        let here = Path::parse(format!("{location}/{name}"))?;
        // A file that goes away between reading the folder and asking for its
        // size is as if it had gone before.
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(failed(&path, cause)),
        };
        if metadata.is_dir() {
            return self.folder(&path, &here);
        }
        if metadata.is_file() && (self.wants)(name) {
            let modified = metadata.modified().map_err(|cause| failed(&path, cause))?;
            self.found.push(ObjectMeta {
                location: here,
                last_modified: modified.into(),
                size: metadata.len(),
                e_tag: Some(e_tag(&metadata)),
                version: None,
            });
        }
        Ok(())
    }
}

/// Whether a file name is that of a write that has not been put in place.
fn is_temporary(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Makes a folder and those above it, and asks the disk to keep each.
pub(super) fn create_folder(folder: &FilePath) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(cause) => Err(cause),
        Ok(()) => match folder.parent() {
            Some(above) if !above.as_os_str().is_empty() => sync_folder(above),
            _ => Ok(()),
        },
    }
}

fn sync_folder_of(file: &FilePath) -> Result<()> {
    match file.parent() {
        Some(folder) => sync_folder(folder).map_err(|cause| failed(folder, cause)),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be opened as files elsewhere; the file itself is synced.
#[cfg(not(unix))]
fn sync_folder(_: &FilePath) -> io::Result<()> {
    Ok(())
}

/// The tag that `object_store` gives the same file, so that what a write
/// returns equals what a listing shows.
fn e_tag(metadata: &Metadata) -> String {
    let modified = metadata
        .modified()
        .ok()
        .and_then(|instant| instant.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    format!(
        "{:x}-{:x}-{:x}",
        inode(metadata),
        modified.as_micros(),
        metadata.len()
    )
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

fn failed(path: &FilePath, cause: io::Error) -> Error {
    if cause.kind() == io::ErrorKind::NotFound {
        return Error::NotFound {
            path: path.display().to_string(),
            source: cause.into(),
        };
    }
    Error::Generic {
        store: NAME,
        source: cause.into(),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use object_store::ObjectStoreExt;

    fn store() -> (tempfile::TempDir, LocalStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path()).unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn writes_show_the_same_tag_as_reads_and_listings() {
        let (_folder, store) = store();
        let path = Path::from("a/b.parquet");
        let put = store.put(&path, "one".into()).await.unwrap();
        let head = store.head(&path).await.unwrap();
        let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
        assert_eq!(put.e_tag, head.e_tag);
        assert_eq!(listed, [head]);
    }

    #[tokio::test]
    async fn create_is_exclusive_and_leaves_no_litter() {
        let (folder, store) = store();
        let path = Path::from("log/1.json");
        let create = || PutOptions::from(PutMode::Create);
        store
            .put_opts(&path, "first".into(), create())
            .await
            .unwrap();
        let second = store.put_opts(&path, "second".into(), create()).await;
        assert!(matches!(second, Err(Error::AlreadyExists { .. })));
        let names: Vec<_> = fs::read_dir(folder.path().join("log"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["1.json"]);
    }

    #[tokio::test]
    async fn parts_arrive_in_any_order() {
        let (_folder, store) = store();
        let path = Path::from("big.parquet");
        let mut upload = store.put_multipart(&path).await.unwrap();
        let (one, two, three) = (
            upload.put_part("one".into()),
            upload.put_part("two".into()),
            upload.put_part("three".into()),
        );
        three.await.unwrap();
        one.await.unwrap();
        two.await.unwrap();
        upload.complete().await.unwrap();
        let bytes = store.get(&path).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, "onetwothree");
    }

    #[tokio::test]
    async fn a_copy_does_not_share_its_bytes() {
        let (folder, store) = store();
        let (from, to) = (Path::from("from"), Path::from("to"));
        store.put(&from, "kept".into()).await.unwrap();
        store.copy(&from, &to).await.unwrap();
        fs::write(folder.path().join("to"), "edited").unwrap();
        let bytes = store.get(&from).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, "kept");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_that_leave_the_root_are_refused() {
        let (folder, store) = store();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        let inside = Path::from("out/secret");
        let refused = |result: Result<()>| {
            assert!(matches!(result, Err(Error::PermissionDenied { .. })));
        };
        refused(store.get(&inside).await.map(drop));
        refused(store.put(&inside, "y".into()).await.map(drop));
        refused(store.delete(&inside).await);
        refused(store.list(None).try_collect::<Vec<_>>().await.map(drop));
        assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"x");

        fs::remove_file(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("real"), "z").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        let bytes = store.get(&Path::from("link")).await.unwrap();
        assert_eq!(bytes.bytes().await.unwrap(), "z");
    }
}

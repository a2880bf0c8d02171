//! One way to local disk and object stores.
//!
//! A [`Storage`] is a root (a folder, or a prefix in a bucket) under which
//! objects are read whole and checked for length, written whole, and, the base
//! of publishing, created exactly once: after any error of a create the object
//! is read back, because an error does not mean that nothing was written.
//! Credentials come from the environment only. Nothing here knows what the
//! objects mean, and nothing is ever deleted but by [`Storage::delete`].

mod failure;
mod local;
mod location;
mod text;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{
    ClientConfigKey, Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, RetryConfig,
};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind, Result};
use failure::explain;
use local::LocalStore;
use location::{Location, Scheme};

pub use text::{read_text, read_tree};
pub use transfer::{Digest, Stored, hex};

/// How often a create, a read-back or a refused overwrite is tried.
const ATTEMPTS: u32 = 4;
/// Waiting time before the second attempt; doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// One request, with its body, may take this long.
const REQUEST_TIMEOUT: &str = "120 seconds";
const CONNECT_TIMEOUT: &str = "10 seconds";

/// The end of a [`Storage::create_once`] that has a known end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object is there and is ours.
    Done,
    /// Somebody else's object is there: its bytes.
    Taken(Bytes),
}

/// A root under which objects are read and written.
#[derive(Clone, Debug)]
pub struct Storage {
    url: String,
    store_url: String,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    is_read_only: bool,
    can_list: bool,
    /// The store, where it is a folder of this machine.
    local: Option<Arc<LocalStore>>,
}

impl Storage {
    /// Opens a location for reading and writing: a local folder, made when
    /// missing, `s3://`, `gs://` or `az://`; `https://` for reading only.
    /// Endpoint, region and credentials come from the environment
    /// (`AWS_*`, `GOOGLE_*`, `AZURE_*`). No request is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a location or settings that cannot work,
    /// [`ErrorKind::Resources`] when the disk is full.
    pub fn open(location: &str) -> Result<Self> {
        let location = Location::parse(location)?;
        if location.scheme != Scheme::Local {
            return Self::connect(&location);
        }
        let folder = std::path::Path::new(&location.key);
        local::create_folder(folder).map_err(|cause| {
            explain(
                "make the folder",
                &location.key,
                &StoreError::Generic {
                    store: "local folder",
                    source: cause.into(),
                },
            )
        })?;
        Self::local(folder)
    }

    /// Opens what a source names, a file, a folder or a pattern with `*`, `?`,
    /// `[` or `{`, for reading. The second part is what remains to be found
    /// below the root; it is empty when a folder itself is meant.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] when the local folder is not there,
    /// [`ErrorKind::Usage`] as for [`Storage::open`].
    pub fn open_for_read(location: &str) -> Result<(Self, String)> {
        let mut parsed = Location::parse(location)?;
        let (mut storage, rest) = if parsed.scheme == Scheme::Local {
            Self::local_for_read(&parsed.key)?
        } else if location.ends_with('/') && !location::is_pattern(&parsed.key) {
            (Self::connect(&parsed)?, String::new())
        } else {
            let (root, rest) = location::split_pattern(&parsed.key);
            let (root, rest) = (root.to_owned(), rest.to_owned());
            parsed.key = root;
            (Self::connect(&parsed)?, rest)
        };
        storage.is_read_only = true;
        Ok((storage, rest))
    }

    /// Uses a store that the caller has built, with everything below `prefix`.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if `prefix` is not a path.
    pub fn from_store(url: &str, store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self> {
        let prefix =
            Path::parse(prefix).map_err(|cause| explain("use the location", url, &cause.into()))?;
        Ok(Self {
            url: url.to_owned(),
            store_url: store_url(url),
            store,
            prefix,
            is_read_only: false,
            can_list: true,
            local: None,
        })
    }

    fn local_for_read(path: &str) -> Result<(Self, String)> {
        let (folder, rest) = if location::is_pattern(path) {
            let (folder, rest) = location::split_pattern(path);
            (std::path::PathBuf::from(folder), rest.to_owned())
        } else {
            // The last part may itself be a link: the user has named it.
            let real = std::fs::canonicalize(path).map_err(|cause| missing(path, cause))?;
            if real.is_dir() {
                (real, String::new())
            } else {
                let name = real.file_name().and_then(|name| name.to_str());
                match (real.parent(), name) {
                    (Some(folder), Some(name)) => (folder.to_owned(), name.to_owned()),
                    _ => return Err(Error::usage(format!("`{path}` is not a file name"))),
                }
            }
        };
        let folder = if folder.as_os_str().is_empty() {
            std::path::PathBuf::from(".")
        } else {
            folder
        };
        std::fs::metadata(&folder)
            .map_err(|cause| missing(&folder.display().to_string(), cause))?;
        Ok((Self::local(&folder)?, rest))
    }

    fn local(folder: &std::path::Path) -> Result<Self> {
        let place = folder.display().to_string();
        let store = LocalStore::new(folder).map_err(|cause| explain("open", &place, &cause))?;
        let (url, store) = (store.root().display().to_string(), Arc::new(store));
        Ok(Self {
            local: Some(Arc::clone(&store)),
            ..Self::from_store(&url, store, "")?
        })
    }

    fn connect(location: &Location) -> Result<Self> {
        let url = location.url();
        let retry = RetryConfig {
            max_retries: 8,
            retry_timeout: Duration::from_secs(150),
            ..RetryConfig::default()
        };
        let (timeout, connect) = (ClientConfigKey::Timeout, ClientConfigKey::ConnectTimeout);
        let store: std::result::Result<Arc<dyn ObjectStore>, StoreError> = match location.scheme {
            Scheme::AmazonS3 => AmazonS3Builder::from_env()
                .with_config(AmazonS3ConfigKey::Client(timeout), REQUEST_TIMEOUT)
                .with_config(AmazonS3ConfigKey::Client(connect), CONNECT_TIMEOUT)
                .with_bucket_name(&location.bucket)
                .with_conditional_put(S3ConditionalPut::ETagMatch)
                .with_retry(retry)
                .build()
                .map(|store| Arc::new(store) as _),
            Scheme::GoogleCloud => GoogleCloudStorageBuilder::from_env()
                .with_config(GoogleConfigKey::Client(timeout), REQUEST_TIMEOUT)
                .with_config(GoogleConfigKey::Client(connect), CONNECT_TIMEOUT)
                .with_bucket_name(&location.bucket)
                .with_retry(retry)
                .build()
                .map(|store| Arc::new(store) as _),
            Scheme::Azure => MicrosoftAzureBuilder::from_env()
                .with_config(AzureConfigKey::Client(timeout), REQUEST_TIMEOUT)
                .with_config(AzureConfigKey::Client(connect), CONNECT_TIMEOUT)
                .with_container_name(&location.bucket)
                .with_retry(retry)
                .build()
                .map(|store| Arc::new(store) as _),
            Scheme::Web => HttpBuilder::new()
                .with_url(&location.bucket)
                .with_config(timeout, REQUEST_TIMEOUT)
                .with_config(connect, CONNECT_TIMEOUT)
                .with_retry(retry)
                .build()
                .map(|store| Arc::new(store) as _),
            Scheme::Local => return Err(Error::bug("a local folder is not connected to")),
        };
        let store = store.map_err(|cause| {
            let explained = explain("open", &url, &cause);
            Error::usage(explained.to_string())
                .with_hint("check the settings and credentials in the environment")
                .with_source(explained)
        })?;
        let is_web = location.scheme == Scheme::Web;
        Ok(Self {
            is_read_only: is_web,
            can_list: !is_web,
            ..Self::from_store(&url, store, &location.key)?
        })
    }

    /// The location, without credentials: for messages.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Identifies [`Storage::object_store`] among other stores: a scheme and a
    /// host without a path.
    pub fn store_url(&self) -> &str {
        &self.store_url
    }

    /// Whether it is a folder of this machine, where a look costs no request.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// The store; its paths are those of [`Storage::path`] and
    /// [`ObjectMeta::location`], not relative to the root.
    pub fn object_store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The path in the store of what `relative` means below the root; the
    /// empty text means the root.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for `..`, empty parts and control characters.
    pub fn path(&self, relative: &str) -> Result<Path> {
        let below = Path::parse(relative)
            .map_err(|cause| explain("use the path", &self.place(relative), &cause.into()))?;
        Ok(self.prefix.parts().chain(below.parts()).collect())
    }

    /// What remains of a path in the store below the root.
    pub fn relative(&self, location: &Path) -> String {
        location
            .prefix_match(&self.prefix)
            .map_or_else(|| location.clone(), Iterator::collect)
            .to_string()
    }

    /// Location and relative path as one text, for messages.
    pub fn place(&self, relative: &str) -> String {
        match relative {
            "" => self.url.clone(),
            _ => format!("{}/{relative}", self.url.trim_end_matches('/')),
        }
    }

    /// The whole object, `None` if there is none. The length is compared with
    /// what the answer announced: a body resumed wrongly comes without an
    /// error.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] and others, by who acts.
    pub async fn get(&self, relative: &str) -> Result<Option<Bytes>> {
        let path = self.path(relative)?;
        let read = async {
            let answer = self.store.get(&path).await?;
            let announced = answer.meta.size;
            answer.bytes().await.map(|bytes| (announced, bytes))
        };
        match read.await {
            Ok((announced, bytes)) if bytes.len() as u64 == announced => Ok(Some(bytes)),
            Ok((announced, bytes)) => Err(self.cut_short(relative, announced, bytes.len() as u64)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(cause) => Err(explain("read", &self.place(relative), &cause)),
        }
    }

    fn cut_short(&self, relative: &str, announced: u64, came: u64) -> Error {
        Error::unavailable(format!(
            "{} came with {came} bytes, but {announced} were announced",
            self.place(relative)
        ))
        .with_hint("run again; if it stays so, check the storage or the proxy in front of it")
    }

    /// Size, tag and time of an object, `None` if there is none.
    ///
    /// # Errors
    /// As [`Storage::get`].
    pub async fn head(&self, relative: &str) -> Result<Option<ObjectMeta>> {
        match self.store.head(&self.path(relative)?).await {
            Ok(meta) => Ok(Some(meta)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(cause) => Err(explain("look at", &self.place(relative), &cause)),
        }
    }

    /// Every object below a folder and its folders, sorted by path; a folder
    /// that is not there is empty.
    ///
    /// # Errors
    /// As [`Storage::get`]; [`ErrorKind::Usage`] for web addresses.
    pub async fn list(&self, folder: &str) -> Result<Vec<ObjectMeta>> {
        if !self.can_list {
            return Err(Error::usage(format!(
                "{} is a web address and cannot be listed",
                self.place(folder)
            ))
            .with_hint("name one file, or put the files into a bucket"));
        }
        let path = self.path(folder)?;
        let prefix = (!path.as_ref().is_empty()).then_some(&path);
        let listed: std::result::Result<Vec<ObjectMeta>, StoreError> =
            self.store.list(prefix).try_collect().await;
        let mut found = match listed {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => Vec::new(),
            Err(cause) => return Err(explain("list", &self.place(folder), &cause)),
        };
        found.sort_by(|one, other| one.location.cmp(&other.location));
        found.dedup_by(|one, other| one.location == other.location);
        Ok(found)
    }

    /// Writes a whole object in place of whatever is there; readers see the
    /// old bytes or the new ones.
    ///
    /// # Errors
    /// As [`Storage::get`]; the object may have been written all the same.
    pub async fn put(&self, relative: &str, bytes: Bytes) -> Result<Stored> {
        let path = self.writable(relative)?;
        let mut pause = Pause::default();
        loop {
            match self.store.put(&path, bytes.clone().into()).await {
                Ok(result) => {
                    return Ok(Stored {
                        digest: Digest::of(&bytes),
                        e_tag: result.e_tag,
                    });
                }
                // A store that is busy with the same object says 409 or 412.
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. })
                    if pause.wait().await => {}
                Err(cause) => return Err(explain("write", &self.place(relative), &cause)),
            }
        }
    }

    /// Creates an object that must not be there yet, and finds out what became
    /// of it whatever the store answers: `is_ours` tells our bytes from
    /// another writer's. An object that is not there after an error is tried
    /// again.
    ///
    /// # Errors
    /// [`ErrorKind::OutcomeUnknown`] when the object cannot be read back: it
    /// may be there. Otherwise the object was not there when last looked at.
    pub async fn create_once(
        &self,
        relative: &str,
        bytes: Bytes,
        is_ours: impl Fn(&[u8]) -> bool,
    ) -> Result<Created> {
        let path = self.writable(relative)?;
        let mut pause = Pause::default();
        loop {
            let options = PutOptions::from(PutMode::Create);
            let attempt = self.store.put_opts(&path, bytes.clone().into(), options);
            let Err(cause) = attempt.await else {
                return Ok(Created::Done);
            };
            match self.read_back(relative, &cause).await? {
                Some(stored) if is_ours(&stored) => return Ok(Created::Done),
                Some(stored) => return Ok(Created::Taken(stored)),
                None if is_final(&cause) || !pause.wait().await => {
                    return Err(explain("create", &self.place(relative), &cause));
                }
                None => {}
            }
        }
    }

    /// What is there after a create that ended with `cause`.
    async fn read_back(&self, relative: &str, cause: &StoreError) -> Result<Option<Bytes>> {
        let mut pause = Pause::default();
        loop {
            match self.get(relative).await {
                Ok(stored) => return Ok(stored),
                Err(_) if pause.wait().await => {}
                Err(unread) => {
                    let place = self.place(relative);
                    return Err(Error::new(
                        ErrorKind::OutcomeUnknown,
                        format!("{place} may or may not have been created: it cannot be read back"),
                    )
                    .with_hint("run again: the next run finds out and goes on from there")
                    .with_source(explain("create", &place, cause).with_source(unread)));
                }
            }
        }
    }

    /// Makes sure that the storage refuses to create what exists: some servers
    /// overwrite without a word, and two runs would then lose each other's
    /// results. `relative` is created if it is not there.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the storage does not refuse.
    pub async fn require_exclusive_create(&self, relative: &str, bytes: Bytes) -> Result<()> {
        let path = self.writable(relative)?;
        for _ in 0..2 {
            let options = PutOptions::from(PutMode::Create);
            let attempt = self.store.put_opts(&path, bytes.clone().into(), options);
            match attempt.await {
                Ok(_) => {}
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                    return Ok(());
                }
                Err(cause) => return Err(explain("create", &self.place(relative), &cause)),
            }
        }
        Err(Error::usage(format!(
            "{} overwrites objects that it was asked to create only if absent",
            self.url
        ))
        .with_hint("publish to a store with conditional writes (If-None-Match on PUT)"))
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// As [`Storage::get`].
    pub async fn delete(&self, relative: &str) -> Result<()> {
        match self.store.delete(&self.writable(relative)?).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(cause) => Err(explain("remove", &self.place(relative), &cause)),
        }
    }

    /// Files in a local folder that are being written, or were when their process died;
    /// no listing shows them. Object stores keep such writes out of sight themselves.
    ///
    /// # Errors
    /// As [`Storage::get`].
    pub async fn unfinished(&self) -> Result<Vec<ObjectMeta>> {
        let Some(local) = &self.local else {
            return Ok(Vec::new());
        };
        let found = local.temporaries().await;
        let mut found = found.map_err(|cause| explain("list", &self.url, &cause))?;
        found.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(found)
    }

    fn writable(&self, relative: &str) -> Result<Path> {
        if self.is_read_only {
            return Err(Error::usage(format!("{} is read only", self.url))
                .with_hint("publish to a folder, s3://, gs:// or az://"));
        }
        self.path(relative)
    }
}

/// Errors after which the same request would fail again and cannot have had an
/// effect.
fn is_final(cause: &StoreError) -> bool {
    matches!(
        cause,
        StoreError::NotImplemented { .. }
            | StoreError::NotSupported { .. }
            | StoreError::InvalidPath { .. }
            | StoreError::PermissionDenied { .. }
            | StoreError::Unauthenticated { .. }
            | StoreError::UnknownConfigurationKey { .. }
    )
}

fn missing(path: &str, cause: std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            Error::data(format!("there is no `{path}`"))
                .with_hint("check the path, and whether the extract was delivered")
        }
        _ => explain(
            "open",
            path,
            &StoreError::Generic {
                store: "local folder",
                source: cause.into(),
            },
        ),
    }
}

/// Two roots in one bucket share the store; each local root is a store of its
/// own, named by a hash because it must look like a host.
fn store_url(url: &str) -> String {
    if let Some((scheme, rest)) = url.split_once("://") {
        let bucket = rest.split('/').next().unwrap_or_default();
        format!("{scheme}://{bucket}")
    } else {
        let hash = hex(&Sha256::digest(url.as_bytes()));
        format!("local://{}", &hash[..16])
    }
}

/// Pauses that double, a limited number of times.
struct Pause {
    left: u32,
    next: Duration,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            left: ATTEMPTS - 1,
            next: FIRST_PAUSE,
        }
    }
}

impl Pause {
    /// Waits and says true, or says false because there were enough attempts.
    async fn wait(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        tokio::time::sleep(self.next).await;
        self.next *= 2;
        true
    }
}

#[cfg(test)]
mod tests;

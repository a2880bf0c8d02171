//! A read-only view of an object store that answers for listed files only, and
//! only as long as they are what was listed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::files::FileTable;

/// Reads `inner`, and demands the size and entity tag that were listed.
#[derive(Debug)]
pub(super) struct FrozenStore {
    inner: Arc<dyn ObjectStore>,
    name: String,
    listed: BTreeMap<Path, ObjectMeta>,
}

impl FrozenStore {
    /// The store of a table's files.
    pub(super) fn new(table: &FileTable) -> Self {
        let listed = table.files.iter();
        let listed = listed.map(|file| (file.meta.location.clone(), file.meta.clone()));
        Self {
            listed: listed.collect(),
            name: table.store_url.clone(),
            inner: Arc::clone(&table.store),
        }
    }
}

/// Whether `found` is what was listed. Some servers do not look at the
/// condition of a request, so the answer is compared as well.
fn unchanged(listed: &ObjectMeta, found: &ObjectMeta) -> Result<()> {
    let same_tag = match (&listed.e_tag, &found.e_tag) {
        (Some(listed), Some(found)) => listed == found,
        _ => true,
    };
    if same_tag && listed.size == found.size {
        return Ok(());
    }
    Err(Error::Precondition {
        path: listed.location.to_string(),
        source: "it is not what was listed when the run began".into(),
    })
}

impl fmt::Display for FrozenStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} files of {}", self.listed.len(), self.name)
    }
}

fn refused(operation: &str) -> Error {
    Error::NotSupported {
        source: format!("a frozen list of files cannot {operation}").into(),
    }
}

#[async_trait]
impl ObjectStore for FrozenStore {
    async fn get_opts(&self, location: &Path, mut options: GetOptions) -> Result<GetResult> {
        let Some(listed) = self.listed.get(location) else {
            return Err(Error::NotFound {
                path: location.to_string(),
                source: "it was not listed when the run began".into(),
            });
        };
        // Weak tags never pass a condition.
        let strong = listed.e_tag.as_ref().filter(|tag| !tag.starts_with("W/"));
        if options.if_match.is_none() {
            options.if_match = strong.cloned();
        }
        let found = self.inner.get_opts(location, options).await?;
        unchanged(listed, &found.meta)?;
        Ok(found)
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused("be written"))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(refused("be written"))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        futures::stream::once(async { Err(refused("be deleted from")) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        futures::stream::once(async { Err(refused("be listed")) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused("be listed"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused("be copied"))
    }
}

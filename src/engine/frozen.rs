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

/// Reads `inner`, and demands the entity tag that was listed.
#[derive(Debug)]
pub(super) struct FrozenStore {
    inner: Arc<dyn ObjectStore>,
    name: String,
    tags: BTreeMap<Path, Option<String>>,
}

impl FrozenStore {
    /// The store of a table's files. A file without a (strong) entity tag is
    /// read as it is.
    pub(super) fn new(table: &FileTable) -> Self {
        let tags = table.files.iter().map(|file| {
            let tag = file.meta.e_tag.clone();
            let strong = tag.filter(|tag| !tag.starts_with("W/"));
            (file.meta.location.clone(), strong)
        });
        Self {
            tags: tags.collect(),
            name: table.store_url.clone(),
            inner: Arc::clone(&table.store),
        }
    }
}

impl fmt::Display for FrozenStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} files of {}", self.tags.len(), self.name)
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
        match self.tags.get(location) {
            None => Err(Error::NotFound {
                path: location.to_string(),
                source: "it was not listed when the run began".into(),
            }),
            Some(tag) => {
                if options.if_match.is_none() {
                    options.if_match.clone_from(tag);
                }
                self.inner.get_opts(location, options).await
            }
        }
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

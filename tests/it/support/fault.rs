//! A store that fails on order: the Nth operation, before or after it takes
//! effect, once or from then on.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no effect.
    Before,
    /// It takes effect, but the answer is lost.
    After,
    /// It has no effect; the store says that the object exists.
    Conflict,
    /// It has no effect, and nothing works any more.
    DeadBefore,
    /// It takes effect, and nothing works any more.
    DeadAfter,
    /// Reads come without their last byte.
    Short,
    /// The disk is full.
    NoSpace,
}

/// Which operation fails.
#[derive(Clone, Debug)]
pub(crate) enum When {
    /// The Nth of all, from 0.
    Nth(usize),
    /// The first whose description contains the text.
    First(&'static str),
    /// Every one whose description contains the text.
    Every(&'static str),
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<String>,
    plan: Option<(When, Fault)>,
    has_failed: bool,
    is_dead: bool,
}

/// Wraps a store; clones share the plan.
#[derive(Clone, Debug)]
pub(crate) struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    state: Arc<Mutex<State>>,
}

impl FaultStore {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            inner,
            state: Arc::default(),
        }
    }

    pub(crate) fn failing(inner: Arc<dyn ObjectStore>, when: When, fault: Fault) -> Self {
        let store = Self::new(inner);
        store.state.lock().unwrap().plan = Some((when, fault));
        store
    }

    /// What was asked so far, for example `put latest/a.parquet`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap().seen.clone()
    }

    fn next(&self, what: &str, path: &str) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let number = state.seen.len();
        let description = format!("{what} {path}");
        let Some((when, fault)) = state.plan.clone() else {
            state.seen.push(description);
            return None;
        };
        let is_due = match when {
            When::Nth(due) => number == due,
            When::First(text) => !state.has_failed && description.contains(text),
            When::Every(text) => description.contains(text),
        };
        state.seen.push(description);
        if state.is_dead {
            return Some(Fault::Before);
        }
        if !is_due {
            return None;
        }
        state.has_failed = true;
        state.is_dead = matches!(fault, Fault::DeadBefore | Fault::DeadAfter);
        Some(fault)
    }

    async fn run<T>(
        &self,
        what: &str,
        path: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.next(what, path) {
            None | Some(Fault::Short) => work.await,
            Some(Fault::After | Fault::DeadAfter) => {
                work.await?;
                Err(lost("the answer was lost"))
            }
            Some(Fault::Before | Fault::DeadBefore) => Err(lost("no answer")),
            Some(Fault::NoSpace) => Err(Error::Generic {
                store: "fault",
                source: std::io::Error::from(std::io::ErrorKind::StorageFull).into(),
            }),
            Some(Fault::Conflict) => Err(Error::AlreadyExists {
                path: path.to_owned(),
                source: "409".into(),
            }),
        }
    }
}

fn lost(text: &'static str) -> Error {
    Error::Generic {
        store: "fault",
        source: text.into(),
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "faulty {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let work = self.inner.put_opts(location, payload, options);
        self.run("put", location.as_ref(), work).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let work = self.inner.put_multipart_opts(location, options);
        self.run("upload", location.as_ref(), work).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let what = if options.head { "head" } else { "get" };
        let is_short = {
            let state = self.state.lock().unwrap();
            matches!(state.plan, Some((_, Fault::Short)))
        };
        let before = self.state.lock().unwrap().has_failed;
        let work = self.inner.get_opts(location, options);
        let answer = self.run(what, location.as_ref(), work).await?;
        let is_due = is_short && !before && self.state.lock().unwrap().has_failed;
        if !is_due || what == "head" {
            return Ok(answer);
        }
        let (meta, range, attributes) = (
            answer.meta.clone(),
            answer.range.clone(),
            answer.attributes.clone(),
        );
        let bytes = answer.bytes().await?;
        let cut = bytes.slice(..bytes.len().saturating_sub(1));
        Ok(GetResult {
            payload: GetResultPayload::Stream(
                futures::stream::once(async move { Ok(cut) }).boxed(),
            ),
            meta,
            range,
            attributes,
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let work = self.inner.get_ranges(location, ranges);
        self.run("get", location.as_ref(), work).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .then(move |location| {
                let store = store.clone();
                async move {
                    let location = location?;
                    let one = futures::stream::once({
                        let location = location.clone();
                        async move { Ok(location) }
                    });
                    let mut deleted = store.inner.delete_stream(one.boxed());
                    let work = async {
                        match deleted.next().await {
                            Some(result) => result,
                            None => Err(lost("nothing deleted")),
                        }
                    };
                    store.run("delete", location.as_ref(), work).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        let failed = matches!(self.next("list", &path), Some(fault) if fault != Fault::Short);
        if failed {
            return futures::stream::once(async { Err(lost("no answer")) }).boxed();
        }
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        let work = self.inner.list_with_delimiter(prefix);
        self.run("list", &path, work).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let work = self.inner.copy_opts(from, to, options);
        self.run("copy", to.as_ref(), work).await
    }
}

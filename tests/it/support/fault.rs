//! A store that fails on order: the Nth operation, before or after it takes
//! effect, once or from then on; or that puts its user to sleep there.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::Semaphore;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no effect.
    Before,
    /// It takes effect, but the answer is lost.
    After,
    /// It has no effect; the store says that the object exists.
    Conflict,
    /// The connection is reset: a read breaks off half-way, anything else has
    /// no effect.
    Reset,
    /// No answer comes in time; a write takes effect two operations later.
    Late,
    /// It has no effect, and nothing works any more.
    DeadBefore,
    /// It takes effect, and nothing works any more.
    DeadAfter,
    /// Reads come without their last byte.
    Short,
    /// The disk is full.
    NoSpace,
    /// The process ends before it.
    AbortBefore,
    /// It takes effect, and the process ends.
    AbortAfter,
    /// The writer sleeps before it, until it is woken.
    HoldBefore,
    /// It takes effect, and the writer sleeps until it is woken.
    HoldAfter,
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

#[derive(Default)]
struct State {
    seen: Vec<String>,
    plan: Option<(When, Fault)>,
    has_failed: bool,
    is_dead: bool,
    /// Writes that take effect before the operation of that number.
    late: Vec<(usize, BoxFuture<'static, Result<PutResult>>)>,
}

/// Wraps a store; clones share the plan.
#[derive(Clone)]
pub(crate) struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    state: Arc<Mutex<State>>,
    asleep: Arc<Semaphore>,
    awake: Arc<Semaphore>,
}

impl FaultStore {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            inner,
            state: Arc::default(),
            asleep: Arc::new(Semaphore::new(0)),
            awake: Arc::new(Semaphore::new(0)),
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

    /// Waits until the writer sleeps.
    pub(crate) async fn fallen_asleep(&self) {
        self.asleep.acquire().await.unwrap().forget();
    }

    /// Wakes the writer.
    pub(crate) fn wake(&self) {
        self.awake.add_permits(1);
    }

    /// Lets every write that is still under way take effect.
    pub(crate) async fn settle(&self) {
        let late = std::mem::take(&mut self.state.lock().unwrap().late);
        for (_, write) in late {
            let _ = write.await;
        }
    }

    /// Counts an operation, and says how it is to fail. Late writes that are
    /// due take effect first.
    async fn next(&self, what: &str, path: &str) -> Option<Fault> {
        let (due, fault) = {
            let mut state = self.state.lock().unwrap();
            let number = state.seen.len();
            let late = std::mem::take(&mut state.late);
            let (due, late) = late.into_iter().partition(|(at, _)| *at <= number);
            state.late = late;
            let due: Vec<_> = due;
            (due, state.next(number, format!("{what} {path}")))
        };
        for (_, write) in due {
            let _ = write.await;
        }
        fault
    }

    async fn sleep(&self) {
        self.asleep.add_permits(1);
        self.awake.acquire().await.unwrap().forget();
    }

    async fn run<T>(
        &self,
        what: &str,
        path: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let fault = self.next(what, path).await;
        self.fail(fault, path, work).await
    }

    async fn fail<T>(
        &self,
        fault: Option<Fault>,
        path: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match fault {
            None | Some(Fault::Short) => work.await,
            Some(Fault::After | Fault::DeadAfter) => {
                work.await?;
                Err(lost("the answer was lost"))
            }
            Some(Fault::Before | Fault::DeadBefore) => Err(lost("no answer")),
            Some(Fault::Late) => Err(broken(io::ErrorKind::TimedOut)),
            Some(Fault::Reset) => Err(broken(io::ErrorKind::ConnectionReset)),
            Some(Fault::NoSpace) => Err(broken(io::ErrorKind::StorageFull)),
            Some(Fault::Conflict) => Err(Error::AlreadyExists {
                path: path.to_owned(),
                source: "409".into(),
            }),
            Some(Fault::AbortBefore) => std::process::abort(),
            Some(Fault::AbortAfter) => {
                let _ = work.await;
                std::process::abort()
            }
            Some(Fault::HoldBefore) => {
                self.sleep().await;
                work.await
            }
            Some(Fault::HoldAfter) => {
                let answer = work.await;
                self.sleep().await;
                answer
            }
        }
    }
}

impl State {
    fn next(&mut self, number: usize, description: String) -> Option<Fault> {
        let due = self.plan.clone().filter(|(when, _)| match when {
            When::Nth(due) => number == *due,
            When::First(text) => !self.has_failed && description.contains(text),
            When::Every(text) => description.contains(text),
        });
        self.seen.push(description);
        if self.is_dead {
            return Some(Fault::Before);
        }
        let (_, fault) = due?;
        self.has_failed = true;
        self.is_dead = matches!(fault, Fault::DeadBefore | Fault::DeadAfter);
        Some(fault)
    }
}

fn lost(text: &'static str) -> Error {
    Error::Generic {
        store: "fault",
        source: text.into(),
    }
}

fn broken(kind: io::ErrorKind) -> Error {
    Error::Generic {
        store: "fault",
        source: io::Error::from(kind).into(),
    }
}

/// An answer to a read whose body is cut, or breaks off.
async fn damaged(answer: GetResult, fault: Fault) -> Result<GetResult> {
    let (meta, range, attributes) = (
        answer.meta.clone(),
        answer.range.clone(),
        answer.attributes.clone(),
    );
    let bytes = answer.bytes().await?;
    let pieces = match fault {
        Fault::Short => vec![Ok(bytes.slice(..bytes.len().saturating_sub(1)))],
        _ => vec![
            Ok(bytes.slice(..bytes.len() / 2)),
            Err(broken(io::ErrorKind::ConnectionReset)),
        ],
    };
    Ok(GetResult {
        payload: GetResultPayload::Stream(stream::iter(pieces).boxed()),
        meta,
        range,
        attributes,
    })
}

impl fmt::Debug for FaultStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
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
        let fault = self.next("put", location.as_ref()).await;
        if fault == Some(Fault::Late) {
            let (inner, location) = (Arc::clone(&self.inner), location.clone());
            let write = async move { inner.put_opts(&location, payload, options).await };
            let mut state = self.state.lock().unwrap();
            let due = state.seen.len() + 1;
            state.late.push((due, write.boxed()));
            return Err(broken(io::ErrorKind::TimedOut));
        }
        let work = self.inner.put_opts(location, payload, options);
        self.fail(fault, location.as_ref(), work).await
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
        let fault = self.next(what, location.as_ref()).await;
        let work = self.inner.get_opts(location, options);
        match fault {
            Some(fault @ (Fault::Short | Fault::Reset)) if what == "get" => {
                damaged(work.await?, fault).await
            }
            fault => self.fail(fault, location.as_ref(), work).await,
        }
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
                    let one = stream::once({
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
        let (store, prefix) = (self.clone(), prefix.cloned());
        stream::once(async move {
            let path = prefix.as_ref().map(ToString::to_string).unwrap_or_default();
            let answer = store.run("list", &path, async { Ok(()) }).await;
            match answer {
                Ok(()) => store.inner.list(prefix.as_ref()),
                Err(error) => stream::once(async { Err(error) }).boxed(),
            }
        })
        .flatten()
        .boxed()
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

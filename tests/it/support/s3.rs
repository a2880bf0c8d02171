//! An S3 server inside the test: `s3s-fs` on a folder and a random port of
//! 127.0.0.1.
//!
//! `s3s-fs` looks whether an object exists and writes it later, so creates are
//! let in one at a time here, as real stores do. The server can also be told to
//! fail on one kind of key, or to misbehave on the Nth request of all.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::{ClientOptions, RetryConfig};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output,
    PutObjectInput, PutObjectOutput, UploadPartInput, UploadPartOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

pub(crate) const BUCKET: &str = "company";
pub(crate) const ACCESS_KEY: &str = "AKIDTEST";
pub(crate) const SECRET_KEY: &str = "canary-secret-of-the-test";

/// What the server does to puts of a key that contains a text, a number of
/// times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Stores the object and answers 500.
    StoreAndFail,
    /// Stores nothing and answers 409.
    Conflict,
    /// Stores the object even though it exists.
    IgnoreCondition,
    /// Answers 503.
    SlowDown,
}

/// Text in a key, trouble, how often it is still to happen.
type Troubles = Arc<Mutex<Vec<(&'static str, Trouble, usize)>>>;

#[derive(Clone)]
struct Server {
    files: Arc<FileSystem>,
    one_at_a_time: Arc<tokio::sync::Mutex<()>>,
    troubles: Troubles,
}

impl Server {
    fn trouble(&self, key: &str) -> Option<Trouble> {
        let mut troubles = self.troubles.lock().unwrap();
        let (_, trouble, left) = troubles
            .iter_mut()
            .find(|(text, _, left)| key.contains(text) && *left > 0)?;
        *left -= 1;
        Some(*trouble)
    }
}

#[async_trait]
impl S3 for Server {
    async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let _turn = self.one_at_a_time.lock().await;
        match self.trouble(&request.input.key) {
            None => self.files.put_object(request).await,
            Some(Trouble::StoreAndFail) => {
                self.files.put_object(request).await?;
                Err(s3_error!(InternalError, "stored all the same"))
            }
            Some(Trouble::Conflict) => Err(s3_error!(ConditionalRequestConflict, "try again")),
            Some(Trouble::IgnoreCondition) => {
                request.input.if_none_match = None;
                self.files.put_object(request).await
            }
            Some(Trouble::SlowDown) => Err(s3_error!(SlowDown, "slow down")),
        }
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(request).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.files.delete_objects(request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.files.create_multipart_upload(request).await
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(request).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.files.complete_multipart_upload(request).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.files.abort_multipart_upload(request).await
    }
}

/// What the server does to one request, whatever it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfire {
    /// Does nothing and answers 503, once.
    Busy,
    /// Does nothing and answers 503, to this and every later request.
    BusyForGood,
    /// Does nothing and resets the connection.
    ResetBefore,
    /// Does as asked and resets the connection.
    ResetAfter,
    /// Does as asked and never answers.
    Silent,
    /// Does as asked and answers 500.
    FailAfter,
    /// Does nothing and answers a write with 409.
    Conflict,
}

#[derive(Debug, Default)]
struct Plan {
    requests: usize,
    due: Option<(usize, Misfire)>,
    has_happened: bool,
}

impl Plan {
    fn next(&mut self, is_write: bool) -> Option<Misfire> {
        let number = self.requests;
        self.requests += 1;
        let (due, misfire) = self.due?;
        let is_due = match misfire {
            Misfire::BusyForGood => number >= due,
            Misfire::Conflict => number == due && is_write,
            _ => number == due,
        };
        self.has_happened |= is_due;
        is_due.then_some(misfire)
    }
}

type Answer = Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>>;

async fn answer(service: S3Service, plan: Arc<Mutex<Plan>>, request: Request<Incoming>) -> Answer {
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
    let request = request.map(Body::from);
    let misfire = plan.lock().unwrap().next(is_write);
    let reset = || Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into());
    match misfire {
        None => Ok(service.call(request).await?),
        Some(Misfire::Busy | Misfire::BusyForGood) => Ok(refusal(503, "SlowDown")),
        Some(Misfire::Conflict) => Ok(refusal(409, "ConditionalRequestConflict")),
        Some(Misfire::ResetBefore) => reset(),
        Some(Misfire::ResetAfter) => {
            service.call(request).await?;
            reset()
        }
        Some(Misfire::FailAfter) => {
            service.call(request).await?;
            Ok(refusal(500, "InternalError"))
        }
        Some(Misfire::Silent) => {
            service.call(request).await?;
            std::future::pending().await
        }
    }
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// Serves on a port of its own; returns the address.
async fn serve(service: S3Service, plan: Arc<Mutex<Plan>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (service, plan) = (service.clone(), Arc::clone(&plan));
            let service =
                service_fn(move |request| answer(service.clone(), Arc::clone(&plan), request));
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                let connection = builder.serve_connection(TokioIo::new(socket), service);
                let _ = connection.await;
            });
        }
    });
    endpoint
}

/// A running server; it ends with the test's runtime.
pub(crate) struct S3Server {
    folder: tempfile::TempDir,
    service: S3Service,
    pub(crate) endpoint: String,
    troubles: Troubles,
    plan: Arc<Mutex<Plan>>,
}

impl S3Server {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        Self::start_on(folder).await
    }

    /// A server for what another one has left in a folder.
    pub(crate) async fn start_on(folder: tempfile::TempDir) -> Self {
        let server = Server {
            files: Arc::new(FileSystem::new(folder.path()).unwrap()),
            one_at_a_time: Arc::default(),
            troubles: Arc::default(),
        };
        let troubles = Arc::clone(&server.troubles);
        let mut builder = S3ServiceBuilder::new(server);
        builder.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let plan = Arc::default();
        let endpoint = serve(service.clone(), Arc::clone(&plan)).await;
        Self {
            folder,
            service,
            endpoint,
            troubles,
            plan,
        }
    }

    /// The folder that holds the buckets.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the next `times` puts of keys that contain `text` fail.
    pub(crate) fn trouble(&self, text: &'static str, trouble: Trouble, times: usize) {
        self.troubles.lock().unwrap().push((text, trouble, times));
    }

    /// Misbehaves on the Nth request from now, from 0.
    pub(crate) fn misfire(&self, number: usize, misfire: Misfire) {
        let mut plan = self.plan.lock().unwrap();
        plan.due = Some((plan.requests + number, misfire));
    }

    /// Requests so far, and whether the misfire has happened.
    pub(crate) fn requests(&self) -> (usize, bool) {
        let plan = self.plan.lock().unwrap();
        (plan.requests, plan.has_happened)
    }

    /// The real client, with short waits between its attempts.
    pub(crate) fn client(&self) -> AmazonS3 {
        client(&self.endpoint)
    }

    /// The client of somebody whom the server treats well: its requests are
    /// not counted.
    pub(crate) async fn spared_client(&self) -> AmazonS3 {
        client(&serve(self.service.clone(), Arc::default()).await)
    }
}

fn client(endpoint: &str) -> AmazonS3 {
    let mut retry = RetryConfig::default();
    retry.backoff.max_backoff = Duration::from_millis(20);
    retry.backoff.init_backoff = Duration::from_millis(5);
    retry.max_retries = 3;
    let options = ClientOptions::new()
        .with_allow_http(true)
        .with_timeout(Duration::from_secs(2));
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_client_options(options)
        .with_region("us-east-1")
        .with_bucket_name(BUCKET)
        .with_access_key_id(ACCESS_KEY)
        .with_secret_access_key(SECRET_KEY)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retry)
        .build()
        .unwrap()
}

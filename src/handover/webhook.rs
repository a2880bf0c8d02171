//! Sending a message to a webhook: https only, to hosts that the pipeline names.
//!
//! One attempt, no second: whoever calls has marked the message as sent. The address is
//! a secret and appears in no error. The client is that of the object stores, so that
//! proxies and certificates are set up in one place. A body is sent as a stream, which a
//! redirect cannot send on to another host.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::PutPayload;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector,
};
use url::Url;

use crate::config::Webhook;
use crate::error::{Error, Result};

/// An address that a message may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({})", self.host())
    }
}

impl Address {
    /// The address that the environment holds for `webhook`.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] if there is none, it is not `https://` with a
    /// host, or the pipeline does not name its host.
    pub fn parse(webhook: &Webhook, address: Option<&str>) -> Result<Self> {
        let variable = &webhook.address_from;
        let address = address.filter(|text| !text.is_empty()).ok_or_else(|| {
            Error::usage(format!("the webhook's address is not in {variable}"))
                .with_hint("set the variable, or take `handover.webhook` out of the pipeline")
        })?;
        // The cause would quote the address.
        let parsed = Url::parse(address)
            .map_err(|_| Error::usage(format!("what {variable} holds is no address")))?;
        if parsed.scheme() != "https" {
            return Err(Error::usage(format!(
                "the webhook's address in {variable} must begin with https://"
            )));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(Error::usage(format!(
                "the webhook's address in {variable} must not name a user"
            )));
        }
        let host = parsed.host_str().unwrap_or_default();
        if !webhook.hosts.iter().any(|allowed| allowed == host) {
            return Err(Error::usage(format!(
                "the webhook's address in {variable} names the host `{host}`, which \
                 `handover.webhook.hosts` does not"
            )));
        }
        Ok(Self(parsed))
    }

    /// The host alone, which is no secret.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Something that sends a message, once.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Sends `body` as JSON to `address`.
    ///
    /// # Errors
    /// When the message was not taken, or nobody knows.
    async fn send(&self, address: &Address, body: Bytes) -> Result<()>;
}

/// Sends by HTTP.
#[derive(Clone, Debug)]
pub struct HttpSender {
    client: HttpClient,
}

impl HttpSender {
    /// A sender that speaks https alone.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Resources`] if there is no client to be had.
    pub fn https() -> Result<Self> {
        Self::with_options(&ClientOptions::new())
    }

    /// A sender with other options; nothing in a pipeline leads here.
    ///
    /// # Errors
    /// As [`HttpSender::https`].
    pub fn with_options(options: &ClientOptions) -> Result<Self> {
        let client = ReqwestConnector::default().connect(options).map_err(|_| {
            Error::new(
                crate::error::ErrorKind::Resources,
                "cannot make a client for webhooks",
            )
        })?;
        Ok(Self { client })
    }

    /// Posts `body` to `url`.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Unavailable`] unless the answer is one of success.
    pub async fn post(&self, url: &str, body: Bytes) -> Result<()> {
        let refused = || Error::unavailable("the webhook did not take the message");
        let length = body.len();
        let payload = PutPayload::from_iter([body, Bytes::new()]);
        let mut request = HttpRequest::new(HttpRequestBody::from(payload));
        *request.method_mut() = "POST".parse().map_err(|_| refused())?;
        *request.uri_mut() = url.parse().map_err(|_| refused())?;
        let headers = request.headers_mut();
        let kind = "application/json".parse().map_err(|_| refused())?;
        headers.insert("content-type", kind);
        headers.insert("content-length", length.into());
        // The cause would quote the address.
        let answer = self.client.execute(request).await.map_err(|_| refused())?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "the webhook answered with {}",
            answer.status().as_u16()
        )))
    }
}

#[async_trait]
impl Sender for HttpSender {
    async fn send(&self, address: &Address, body: Bytes) -> Result<()> {
        self.post(address.as_str(), body).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: Option<&str>) -> Result<Address> {
        let webhook = Webhook {
            address_from: "HOOK".to_owned(),
            hosts: vec!["hooks.slack.com".to_owned()],
        };
        Address::parse(&webhook, address)
    }

    #[test]
    fn https_and_named_hosts_only() {
        let fine = parse(Some("https://hooks.slack.com/services/T/B/secret")).unwrap();
        assert_eq!(fine.host(), "hooks.slack.com");
        for wrong in [
            None,
            Some(""),
            Some("hooks.slack.com/x"),
            Some("http://hooks.slack.com/services/T/B/secret"),
            Some("https://hooks.slack.com.example/services/T/B/secret"),
            Some("https://example/?https://hooks.slack.com/secret"),
            Some("https://hooks.slack.com@example/secret"),
            Some("https://user:pass@hooks.slack.com/secret"),
            Some("file:///etc/secret"),
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(!error.render().contains("secret"), "{}", error.render());
        }
    }

    #[test]
    fn an_address_shows_its_host_alone() {
        let address = parse(Some("https://hooks.slack.com/services/T/B/secret")).unwrap();
        assert_eq!(format!("{address:?}"), "Address(hooks.slack.com)");
    }
}

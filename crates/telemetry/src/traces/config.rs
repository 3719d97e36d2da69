//! Where traces go, and what they hold.

use std::fmt;

use reqwest::Url;
use thiserror::Error;

/// Where traces go, and what they hold.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceConfig {
    /// The collector's address, without `/v1/traces`.
    pub endpoint: String,
    /// In which form they go.
    pub protocol: Protocol,
    /// Headers that go with them. Their values may be secrets.
    pub headers: Vec<(String, String)>,
    /// Whether they hold what was said: messages, and the arguments and results of calls.
    pub content: bool,
    /// What the server is called in them.
    pub service_name: String,
}

impl TraceConfig {
    /// The usual traces, to a collector.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            protocol: Protocol::Protobuf,
            headers: Vec::new(),
            content: false,
            service_name: "handspike".to_owned(),
        }
    }

    /// Where batches are posted to.
    pub(super) fn url(&self) -> Result<Url, TraceError> {
        let text = format!("{}/v1/traces", self.endpoint.trim_end_matches('/'));
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.ok_or_else(|| TraceError::Endpoint(self.endpoint.clone()))
    }
}

impl fmt::Debug for TraceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, protocol, headers, content, service_name } = self;
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TraceConfig")
            .field("endpoint", endpoint)
            .field("protocol", protocol)
            .field("headers", &names)
            .field("content", content)
            .field("service_name", service_name)
            .finish()
    }
}

/// OTLP's forms over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`, which every collector takes.
    Protobuf,
    /// `http/json`, which people can read.
    Json,
}

/// Traces that can go nowhere.
#[derive(Debug, Error)]
pub enum TraceError {
    /// No address.
    #[error("`{0}` is no http or https address\nhint: it looks like http://127.0.0.1:4318")]
    Endpoint(String),
    /// A header that can't be sent.
    #[error("the header `{0}` cannot be sent")]
    Header(String),
    /// The HTTP client can't be made; on Linux because the system has no certificate authorities.
    #[error("the HTTP client cannot be set up: {0}\nhint: https:// needs the system's `ca-certificates`")]
    Client(String),
}

//! Carries requests and answers over HTTP, within bounds of time and size.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use handspike_core::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
use handspike_types::with_causes;
use reqwest::{
    Client, Response, Url,
    header::{AUTHORIZATION, HeaderValue},
    redirect,
};
use thiserror::Error;
use tokio::sync::mpsc;

use super::{
    ApiKey,
    request::ChatRequest,
    response::{read_refusal, read_reply},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// How much of an error's body is read; the rest is left unread.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Which model to ask, and where.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The model's name, as the server knows it.
    pub model: String,
    /// The API's root, for example `https://api.openai.com/v1` or `http://localhost:8080/v1`.
    pub base_url: String,
    /// Sent as a bearer token; local servers need none.
    pub api_key: Option<ApiKey>,
    /// From the request's first byte to the answer's last.
    pub request_timeout: Duration,
}

impl OpenAiConfig {
    /// A configuration with ten minutes for a request: a large local model thinks for minutes.
    pub fn new(model: impl Into<String>, base_url: impl Into<String>, api_key: Option<ApiKey>) -> Self {
        let request_timeout = Duration::from_secs(10 * 60);
        Self { model: model.into(), base_url: base_url.into(), api_key, request_timeout }
    }
}

/// Why a configuration makes no client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The base URL is none.
    #[error("base URL `{0}` is no http or https address\nhint: it looks like `https://api.openai.com/v1`")]
    BaseUrl(String),
    /// The base URL says more than where the API is.
    #[error(
        "the base URL holds a user name, a password, a query or a fragment\nhint: give the key apart from the address"
    )]
    BaseUrlWithSecrets,
    /// The key can't be sent.
    #[error("the API key holds a character that cannot be sent, such as a line break")]
    ApiKey,
    /// The HTTP client can't be made; on Linux because the system has no certificate authorities.
    #[error("the HTTP client cannot be set up: {cause}\nhint: `https://` needs the system's `ca-certificates`")]
    Client {
        /// What is missing.
        cause: String,
    },
}

/// A model behind a Chat Completions API.
#[derive(Debug)]
pub struct OpenAi {
    config: OpenAiConfig,
    name: String,
    url: Url,
    authorization: Option<HeaderValue>,
    client: Client,
}

impl OpenAi {
    /// Checks the configuration; nothing is sent yet.
    pub fn new(config: OpenAiConfig) -> Result<Self, ClientError> {
        let url = endpoint(&config.base_url)?;
        let authorization = config.api_key.as_ref().map(bearer).transpose()?;
        let client = client_for(&url)?;
        Ok(Self { name: format!("openai:{}", config.model), config, url, authorization, client })
    }

    async fn exchange(&self, request: ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let mut post = self.client.post(self.url.clone()).json(&ChatRequest::new(&self.config.model, request));
        if let Some(authorization) = &self.authorization {
            post = post.header(AUTHORIZATION, authorization);
        }
        let response = post.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            let body = self.read(response, MAX_BODY).await?;
            if body.is_cut {
                return Err(ModelError::Malformed { cause: format!("it is larger than {MAX_BODY} bytes") });
            }
            read_reply(&body.bytes, request.messages.len())
        } else {
            let body = self.read(response, MAX_ERROR_BODY).await?;
            Err(read_refusal(status.as_u16(), &body.bytes))
        }
    }

    async fn read(&self, mut response: Response, limit: usize) -> Result<Body, ModelError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            let room = limit - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                return Ok(Body { bytes, is_cut: true });
            }
        }
        Ok(Body { bytes, is_cut: false })
    }

    fn unreachable(&self, error: reqwest::Error) -> ModelError {
        ModelError::Unreachable { url: self.url.to_string(), cause: with_causes(&error.without_url()) }
    }

    /// The same error with the key blotted out wherever a server repeated it.
    fn without_key(&self, error: ModelError) -> ModelError {
        let Some(key) = &self.config.api_key else { return error };
        match error {
            ModelError::Refused { status, message } => ModelError::Refused { status, message: key.hidden_in(&message) },
            ModelError::Malformed { cause } => ModelError::Malformed { cause: key.hidden_in(&cause) },
            ModelError::Unreachable { .. }
            | ModelError::TimedOut { .. }
            | ModelError::ExpectationFailed(_)
            | ModelError::ScriptEnded { .. } => error,
        }
    }
}

#[async_trait]
impl Model for OpenAi {
    fn name(&self) -> &str {
        &self.name
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        _deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let limit = self.config.request_timeout;
        let answer = tokio::time::timeout(limit, self.exchange(request)).await;
        let answer = answer.unwrap_or(Err(ModelError::TimedOut { seconds: limit.as_secs_f64().ceil() as u64 }));
        answer.map_err(|error| self.without_key(error))
    }
}

struct Body {
    bytes: Vec<u8>,
    /// Whether there was more than the limit.
    is_cut: bool,
}

fn endpoint(base_url: &str) -> Result<Url, ClientError> {
    let no_address = || ClientError::BaseUrl(without_secrets(base_url));
    let base = Url::parse(base_url.trim()).map_err(|_| no_address())?;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(no_address());
    }
    let has_user = !base.username().is_empty() || base.password().is_some();
    if has_user || base.query().is_some() || base.fragment().is_some() {
        return Err(ClientError::BaseUrlWithSecrets);
    }
    let root = base.as_str().trim_end_matches('/');
    Url::parse(&format!("{root}/chat/completions")).map_err(|_| no_address())
}

/// The address as it was given, unless it may hold a password.
fn without_secrets(base_url: &str) -> String {
    if base_url.contains('@') { "…".to_owned() } else { base_url.to_owned() }
}

fn bearer(key: &ApiKey) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| ClientError::ApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

fn client_for(url: &Url) -> Result<Client, ClientError> {
    // An error says only that the process has a provider already, and any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A redirect would carry the conversation to a place that nobody configured.
    let mut builder = Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(redirect::Policy::none());
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    if url.scheme() == "http" {
        // Without TLS the system's certificates are not loaded, and need not be there.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| ClientError::Client { cause: with_causes(&error) })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

//! Carries requests and answers over HTTP, within bounds of time and size.

use std::{future::Future, net::IpAddr, time::Duration};

use async_trait::async_trait;
use handspike_core::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
use handspike_types::with_causes;
use reqwest::{
    Client, Response, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect,
};
use thiserror::Error;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{
    ApiKey,
    names::ToolNames,
    request::ChatRequest,
    response::{Asked, read_refusal, read_reply},
    settings::{Dialect, WireSettings, missing_in},
    sse::SseReader,
    stream::Assembly,
};

/// The host that is no imitation.
const OPENAI_HOST: &str = "api.openai.com";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// What a stream gets to end after its last word; then the connection can be used again.
const FAREWELL: Duration = Duration::from_secs(1);

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
    /// From the request to the first piece of the answer, or to all of one that comes in one piece.
    pub request_timeout: Duration,
    /// The longest silence between two pieces of an answer.
    pub idle_timeout: Duration,
}

impl OpenAiConfig {
    /// A configuration with ten minutes until an answer begins, for a large local model reads for minutes, and two minutes
    /// between its pieces.
    pub fn new(model: impl Into<String>, base_url: impl Into<String>, api_key: Option<ApiKey>) -> Self {
        let request_timeout = Duration::from_secs(10 * 60);
        let idle_timeout = Duration::from_secs(2 * 60);
        Self { model: model.into(), base_url: base_url.into(), api_key, request_timeout, idle_timeout }
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
    dialect: Dialect,
    authorization: Option<HeaderValue>,
    client: Client,
}

impl OpenAi {
    /// Checks the configuration; nothing is sent yet.
    pub fn new(config: OpenAiConfig) -> Result<Self, ClientError> {
        let url = endpoint(&config.base_url)?;
        let authorization = config.api_key.as_ref().map(bearer).transpose()?;
        let client = client_for(&url)?;
        let dialect = if url.host_str() == Some(OPENAI_HOST) { Dialect::OpenAi } else { Dialect::Imitation };
        Ok(Self { name: format!("openai:{}", config.model), config, url, dialect, authorization, client })
    }

    /// Another model at the same address, over the same connections, perhaps with another key.
    pub fn sibling(&self, model: impl Into<String>, api_key: Option<ApiKey>) -> Result<Self, ClientError> {
        let authorization = api_key.as_ref().map(bearer).transpose()?;
        let config = OpenAiConfig { model: model.into(), api_key, ..self.config.clone() };
        let (url, client) = (self.url.clone(), self.client.clone());
        Ok(Self { name: format!("openai:{}", config.model), config, url, dialect: self.dialect, authorization, client })
    }

    async fn exchange(
        &self,
        request: ModelRequest<'_>,
        settings: WireSettings,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let asked = Asked { messages: request.messages.len(), names: ToolNames::of(&request) };
        let body = ChatRequest::new(&self.config.model, request, settings);
        let mut post = self.client.post(self.url.clone()).json(&body);
        if let Some(authorization) = &self.authorization {
            post = post.header(AUTHORIZATION, authorization);
        }
        let begins_by = Instant::now() + self.config.request_timeout;
        let response = self.in_time(begins_by, post.send()).await?.map_err(|error| self.unreachable(error))?;
        if is_event_stream(&response) && response.status().is_success() {
            return self.read_stream(response, &asked, begins_by, deltas).await;
        }
        self.in_time(begins_by, self.read_whole(response, &asked)).await?
    }

    async fn in_time<T>(&self, limit: Instant, work: impl Future<Output = T>) -> Result<T, ModelError> {
        let seconds = whole_seconds(self.config.request_timeout);
        timeout_at(limit, work).await.map_err(|_| ModelError::TimedOut { seconds })
    }

    /// Reads an answer that comes in one piece, as some servers give it though they are asked for a stream.
    async fn read_whole(&self, response: Response, asked: &Asked) -> Result<ModelReply, ModelError> {
        let status = response.status();
        if status.is_success() {
            let body = self.read(response, MAX_BODY).await?;
            if body.is_cut {
                return Err(too_large());
            }
            read_reply(&body.bytes, asked)
        } else {
            let body = self.read(response, MAX_ERROR_BODY).await?;
            Err(read_refusal(status.as_u16(), &body.bytes))
        }
    }

    /// Reads an answer as it is written, and passes it on piece by piece.
    async fn read_stream(
        &self,
        mut response: Response,
        asked: &Asked,
        begins_by: Instant,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let (mut events, mut answer) = (SseReader::default(), Assembly::new(asked));
        let mut length = 0;
        while !answer.is_done() {
            let piece = match self.next_piece(&mut response, length, begins_by).await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                // All is said, and only the usage is missing.
                Err(_) if answer.is_whole() => break,
                Err(error) => return Err(error),
            };
            let piece = piece.as_ref();
            length += piece.len();
            if length > MAX_BODY {
                return Err(too_large());
            }
            for data in events.feed(piece) {
                pass_on(answer.take(&data)?, deltas).await;
            }
        }
        if answer.is_done() {
            let _ = timeout(FAREWELL, response.chunk()).await;
        } else if let Some(Ok(rest)) = events.finish().map(|data| answer.take(&data)) {
            pass_on(rest, deltas).await;
        }
        answer.into_reply()
    }

    async fn next_piece(
        &self,
        response: &mut Response,
        length: usize,
        begins_by: Instant,
    ) -> Result<Option<impl AsRef<[u8]>>, ModelError> {
        let piece = match length {
            0 => self.in_time(begins_by, response.chunk()).await?,
            _ => {
                let seconds = whole_seconds(self.config.idle_timeout);
                let piece = timeout(self.config.idle_timeout, response.chunk()).await;
                piece.map_err(|_| ModelError::Stalled { seconds })?
            }
        };
        piece.map_err(|error| ModelError::CutOff { cause: with_causes(&error.without_url()) })
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
            | ModelError::CutOff { .. }
            | ModelError::Stalled { .. }
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
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let (settings, mut warnings) = WireSettings::of(&request, self.dialect);
        let answer = self.exchange(request, settings, deltas).await;
        let reply = answer.map_err(|error| self.without_key(error))?;
        warnings.extend(missing_in(&reply, request.settings));
        Ok(ModelReply { warnings, ..reply })
    }
}

async fn pass_on(pieces: Vec<ModelDelta>, deltas: &mpsc::Sender<ModelDelta>) {
    for piece in pieces {
        // Whoever asked may be content with the whole answer.
        let _ = deltas.send(piece).await;
    }
}

fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

fn too_large() -> ModelError {
    ModelError::Malformed { cause: format!("it is larger than {MAX_BODY} bytes") }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs_f64().ceil() as u64
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

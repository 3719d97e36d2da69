//! One connection to a sandbox's guest: MCP over an exec stream of the engine.

use std::{
    collections::HashMap,
    future::ready,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bollard::{
    container::LogOutput,
    exec::{StartExecOptions, StartExecResults},
    models::ExecConfig,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture};
use handspike_core::{CallContext, Progress, SandboxedCall};
use handspike_types::{ContentPart, Image, SETTINGS_KEY, ToolDetails, ToolOutput, ToolSettings};
use rmcp::{
    RoleClient,
    model::{
        CallToolRequestParams, CallToolResult, ClientRequest, ContentBlock, JsonRpcMessage, ProgressToken, Request,
        RequestMetaObject, ServerNotification, ServerResult,
    },
    service::{PeerRequestOptions, RunningService, RxJsonRpcMessage, ServiceError, TxJsonRpcMessage, serve_client},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_util::io::StreamReader;

use crate::{Engine, guest_binary::GUEST_PATH};

/// The longest message that is taken from a guest.
const MESSAGE_LIMIT: usize = 64 << 20;

/// Characters of a guest's progress that are passed on.
const PROGRESS_LENGTH: usize = 200;

/// How long a guest may take from its container's start to its first words.
const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// An MCP client of the guest in one container.
pub struct Connection {
    client: RunningService<RoleClient, ()>,
    listeners: Listeners,
}

/// Who wants to know how a call goes on, by its token.
#[derive(Clone, Default)]
struct Listeners(Arc<Mutex<HashMap<ProgressToken, Progress>>>);

/// Why a connection could not be made or used.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The engine did not start the bridge.
    #[error("the engine could not connect to the sandbox")]
    Exec(#[from] bollard::errors::Error),
    /// The guest did not greet in time.
    #[error("the sandbox's guest did not answer within {} s", GREETING_LIMIT.as_secs())]
    Silent,
    /// The guest greeted in a way that is no MCP.
    #[error("the sandbox's guest does not speak as expected: {0}")]
    Greeting(String),
    /// The stream ended.
    #[error("the connection to the sandbox was lost")]
    Lost,
    /// The guest answered with a protocol error.
    #[error("the sandbox's guest failed: {0}")]
    Guest(String),
}

impl Connection {
    /// Connects to the guest in a container that has been started.
    pub async fn open(engine: &Engine, container: &str) -> Result<Self, ConnectionError> {
        let exec = ExecConfig {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(vec![GUEST_PATH.to_owned(), "connect".to_owned()]),
            ..ExecConfig::default()
        };
        let exec = engine.docker.create_exec(container, exec).await?;
        let options = StartExecOptions { output_capacity: Some(64 << 10), ..StartExecOptions::default() };
        let StartExecResults::Attached { output, input } = engine.docker.start_exec(&exec.id, Some(options)).await?
        else {
            return Err(ConnectionError::Lost);
        };
        let stdout = output.filter_map(|frame| ready(stdout_of(frame))).boxed();
        Self::over(StreamReader::new(stdout), input).await
    }

    /// Greets a guest over streams that lead to it.
    pub async fn over(
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, ConnectionError> {
        let transport = AsyncRwTransport::new_client(read, write).with_max_line_length(MESSAGE_LIMIT);
        let listeners = Listeners::default();
        // Boxed: the compiler can't see that the transport's own future is `Send` through two more layers of `async`.
        let greeting: BoxFuture<'static, _> =
            Box::pin(serve_client((), Answers { transport, listeners: listeners.clone() }));
        match timeout(GREETING_LIMIT, greeting).await {
            Ok(Ok(client)) => Ok(Self { client, listeners }),
            Ok(Err(error)) => Err(ConnectionError::Greeting(harmless(&error.to_string()))),
            Err(_) => Err(ConnectionError::Silent),
        }
    }

    /// Runs a tool in the sandbox. When the context's token fires the guest is told, and the call counts as cancelled.
    pub async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, ConnectionError> {
        let params = CallToolRequestParams::new(call.tool.to_owned()).with_arguments(call.arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let mut handle = self.client.send_cancellable_request(request, options(call.settings)).await?;
        let _listening = self.listeners.listen(handle.progress_token.clone(), &context.progress);
        let answer = tokio::select! {
            biased;
            answer = &mut handle.rx => answer.map_err(|_| ConnectionError::Lost)??,
            () = context.cancel.cancelled() => {
                // MCP has no answer to a cancelled request, so how far the call came stays with the guest.
                let _ = handle.cancel(Some("cancelled by the host".to_owned())).await;
                return Ok(ToolOutput::error("cancelled: the call was stopped before it came to its end"));
            }
        };
        match answer {
            ServerResult::CallToolResult(result) => Ok(from_wire(result)),
            _ => Err(ConnectionError::Guest("it answered a call with something else".to_owned())),
        }
    }
}

/// A call's settings travel beside its arguments, unless they are the usual ones.
fn options(settings: &ToolSettings) -> PeerRequestOptions {
    let mut meta = RequestMetaObject::new();
    if *settings != ToolSettings::default()
        && let Ok(settings) = serde_json::to_value(settings)
    {
        meta.0.0.insert(SETTINGS_KEY.to_owned(), settings);
    }
    PeerRequestOptions::no_options().with_meta(meta)
}

impl Listeners {
    /// Has the call's progress told until the guard is dropped.
    fn listen(&self, token: ProgressToken, progress: &Progress) -> Listening<'_> {
        self.locked().insert(token.clone(), progress.clone());
        Listening { listeners: self, token }
    }

    fn tell(&self, token: &ProgressToken, text: Option<String>) {
        if let Some(progress) = self.locked().get(token) {
            let text: String = text.unwrap_or_default().chars().take(PROGRESS_LENGTH).collect();
            progress.say(text);
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<ProgressToken, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Listening<'a> {
    listeners: &'a Listeners,
    token: ProgressToken,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.listeners.locked().remove(&self.token);
    }
}

/// Passes on a guest's answers, tells its progress, and drops the rest. A guest has nothing to ask of the host, and each
/// question would take memory until it is answered, which a hostile guest can prevent by not reading.
struct Answers<T> {
    transport: T,
    listeners: Listeners,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Answers<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), T::Error>> + Send + 'static {
        self.transport.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            match self.transport.receive().await? {
                JsonRpcMessage::Notification(notification) => {
                    if let ServerNotification::ProgressNotification(news) = notification.notification {
                        self.listeners.tell(&news.params.progress_token, news.params.message);
                    }
                }
                JsonRpcMessage::Request(_) => {}
                answer @ (JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) => return Some(answer),
            }
            // A flood must not keep this task from giving way to the others.
            tokio::task::consume_budget().await;
        }
    }

    fn close(&mut self) -> impl Future<Output = Result<(), T::Error>> + Send {
        self.transport.close()
    }
}

/// The bridge's standard output is the connection; its standard error is for whoever looks for a fault.
fn stdout_of(frame: Result<LogOutput, bollard::errors::Error>) -> Option<io::Result<Bytes>> {
    match frame {
        Ok(LogOutput::StdErr { message }) => {
            let start = &message[..message.len().min(400)];
            tracing::debug!(message = %String::from_utf8_lossy(start), "the guest's bridge");
            None
        }
        Ok(frame) => Some(Ok(frame.into_bytes())),
        Err(error) => Some(Err(io::Error::other(error))),
    }
}

/// A guest's words, which go to logs and terminals: short, and without control characters.
fn harmless(text: &str) -> String {
    const LONGEST: usize = 400;
    text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl From<ServiceError> for ConnectionError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => Self::Lost,
            ServiceError::McpError(error) => Self::Guest(harmless(&error.message)),
            other => Self::Guest(harmless(&other.to_string())),
        }
    }
}

fn from_wire(result: CallToolResult) -> ToolOutput {
    let content = result.content.into_iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(ContentPart::text(text.text)),
        ContentBlock::Image(image) => Some(ContentPart::Image(Image::new(image.mime_type, image.data))),
        _ => None,
    });
    // Details that don't parse are left out: they are for programs, and the guest may say anything.
    let details = result.structured_content.and_then(|value| serde_json::from_value::<ToolDetails>(value).ok());
    ToolOutput { content: content.collect(), is_error: result.is_error.unwrap_or(false), details }
}

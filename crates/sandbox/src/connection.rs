//! One connection to a sandbox's guest: MCP over an exec stream of the engine.

use std::{
    collections::HashMap,
    future::ready,
    io,
    pin::pin,
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
use handspike_types::{RUN_KEY, SETTINGS_KEY, ToolOutput, ToolSettings};
use rmcp::{
    RoleClient,
    model::{
        CallToolRequestParams, ClientRequest, PingRequest, ProgressToken, Request, RequestId, RequestMetaObject,
        ServerResult,
    },
    service::{PeerRequestOptions, RunningService, ServiceError, serve_client},
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::io::StreamReader;

use crate::{
    Engine,
    answer::Bounds,
    guest_binary::GUEST_PATH,
    guest_stream::{GuestStream, Signs, Written},
};

/// Characters of a guest's progress that are passed on.
const PROGRESS_LENGTH: usize = 200;

/// How long a guest may take from its container's start to its first words.
const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// A guest that runs a call and gives no sign of life for so long is asked for one.
const ASKED_AFTER: Duration = Duration::from_secs(5);

/// And then has so long to give it. A guest answers at once, but a machine may be busy.
const SIGN_LIMIT: Duration = Duration::from_secs(10);

/// How long a guest may take to be told that a call is cancelled.
const CANCEL_LIMIT: Duration = Duration::from_secs(1);

/// Bytes that the name of a run may have.
const RUN_LENGTH: usize = 64;

/// An MCP client of the guest in one container.
pub struct Connection {
    client: RunningService<RoleClient, ()>,
    listeners: Listeners,
    signs: Signs,
    written: Written,
}

/// Who wants to know how a call goes on, by its token.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<ProgressToken, Progress>>>);

/// Why a connection could not be made or used.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The engine did not start the bridge.
    #[error("the engine could not connect to the sandbox")]
    Exec(#[from] bollard::errors::Error),
    /// The guest did not greet in time.
    #[error("the sandbox's guest did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The guest fell silent during a call.
    #[error("the sandbox's guest gave no sign of life for {} s", (ASKED_AFTER + SIGN_LIMIT).as_secs())]
    Mute,
    /// The guest greeted in a way that is no MCP.
    #[error("the sandbox's guest does not speak as expected: {0}")]
    Greeting(String),
    /// The stream ended.
    #[error("the connection to the sandbox was lost")]
    Lost,
    /// It had ended before anything of a call was sent.
    #[error("the connection to the sandbox had been lost before the call")]
    NotReached,
    /// The guest answered with a protocol error.
    #[error("the sandbox's guest failed: {0}")]
    Guest(String),
}

impl Connection {
    /// Connects to the guest in a container that has been started.
    pub async fn open(engine: &Engine, container: &str) -> Result<Self, ConnectionError> {
        Self::open_within(GREETING_LIMIT, engine, container).await
    }

    /// The same with a limit for the guest's first words.
    pub(crate) async fn open_within(
        limit: Duration,
        engine: &Engine,
        container: &str,
    ) -> Result<Self, ConnectionError> {
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
        Self::greet(limit, StreamReader::new(stdout), input).await
    }

    /// Greets a guest over streams that lead to it.
    pub async fn over(
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, ConnectionError> {
        Self::greet(GREETING_LIMIT, read, write).await
    }

    async fn greet(
        limit: Duration,
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, ConnectionError> {
        let (listeners, signs, written) = (Listeners::default(), Signs::new(), Written::default());
        let stream = GuestStream::new(read, write, listeners.clone(), signs.clone(), written.clone());
        // Boxed: the compiler can't see that the transport's own future is `Send` through two more layers of `async`.
        let greeting: BoxFuture<'static, _> = Box::pin(serve_client((), stream));
        match timeout(limit, greeting).await {
            Ok(Ok(client)) => Ok(Self { client, listeners, signs, written }),
            Ok(Err(error)) => Err(ConnectionError::Greeting(harmless(&error.to_string()))),
            Err(_) => Err(ConnectionError::Silent(limit)),
        }
    }

    /// Which of its runs the guest says that this is; none of a guest that doesn't say.
    pub(crate) fn run(&self) -> Option<String> {
        let about = self.client.peer_info()?;
        let run = about.meta.as_ref()?.0.get(RUN_KEY)?.as_str()?;
        (run.len() <= RUN_LENGTH).then(|| run.to_owned())
    }

    /// Runs a tool in the sandbox. When the context's token fires the guest is told, and the call counts as cancelled.
    pub async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, ConnectionError> {
        let bounds = Bounds::of_view(call.settings.editor.max_characters);
        let params = CallToolRequestParams::new(call.tool.to_owned()).with_arguments(call.arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let Ok(mut handle) = self.client.send_cancellable_request(request, options(call.settings)).await else {
            return Err(ConnectionError::NotReached);
        };
        let _listening = self.listeners.listen(handle.progress_token.clone(), &context.progress);
        let sending = Sending { written: &self.written, request: handle.id.clone() };
        let answer = tokio::select! {
            biased;
            answer = &mut handle.rx => {
                let answer = answer.map_err(|_| ConnectionError::Lost).and_then(|answer| Ok(answer?));
                answer.map_err(|error| sending.failed(error))?
            }
            () = context.cancel.cancelled() => {
                // MCP has no answer to a cancelled request, so how far the call came stays with the guest. There the
                // tool's next call waits until the tool is at rest.
                let _ = timeout(CANCEL_LIMIT, handle.cancel(Some("cancelled by the host".to_owned()))).await;
                return Ok(ToolOutput::error("cancelled: the call was stopped before it came to its end"));
            }
            () = self.silence() => return Err(ConnectionError::Mute),
        };
        match answer {
            ServerResult::CallToolResult(result) => bounds
                .answer_in(result)
                .ok_or_else(|| ConnectionError::Guest("it answered a call with nothing that can be shown".to_owned())),
            _ => Err(ConnectionError::Guest("it answered a call with something else".to_owned())),
        }
    }

    /// Ends when the guest has given no sign of life, although it was asked for one.
    async fn silence(&self) {
        let mut since = Instant::now();
        loop {
            since = since.max(self.signs.last());
            let asking = since + ASKED_AFTER;
            if Instant::now() < asking {
                sleep_until(asking).await;
                continue;
            }
            since = Instant::now();
            let mut answer = pin!(self.client.send_request(ClientRequest::PingRequest(PingRequest::default())));
            loop {
                let limit = since.max(self.signs.last()) + SIGN_LIMIT;
                tokio::select! {
                    biased;
                    // Whatever it is, it is an answer; the end of the connection is told to the call itself.
                    _ = &mut answer => break,
                    () = sleep_until(limit) => if since.max(self.signs.last()) + SIGN_LIMIT <= Instant::now() {
                        return;
                    }
                }
            }
            since = Instant::now();
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

    pub(crate) fn tell(&self, token: &ProgressToken, text: Option<String>) {
        if let Some(progress) = self.locked().get(token) {
            let text: String = text.unwrap_or_default().chars().take(PROGRESS_LENGTH).collect();
            progress.say(text);
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<ProgressToken, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's request, until the call is over.
struct Sending<'a> {
    written: &'a Written,
    request: RequestId,
}

impl Sending<'_> {
    /// A lost connection costs the call only if something of it may have come to the guest.
    fn failed(&self, error: ConnectionError) -> ConnectionError {
        match error {
            ConnectionError::Lost if !self.written.may_have_reached(&self.request) => ConnectionError::NotReached,
            error => error,
        }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.written.forget(&self.request);
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

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;

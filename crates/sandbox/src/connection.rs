//! One connection to a sandbox's guest: MCP over an exec stream of the engine.

use std::{future::ready, io, time::Duration};

use bollard::{
    container::LogOutput,
    exec::{StartExecOptions, StartExecResults},
    models::ExecConfig,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture};
use handspike_types::{ContentPart, Image, ToolDetails, ToolOutput};
use rmcp::{
    RoleClient,
    model::{
        CallToolRequestParams, CallToolResult, ClientRequest, ContentBlock, JsonRpcMessage, Request, ServerResult,
    },
    service::{PeerRequestOptions, RunningService, RxJsonRpcMessage, ServiceError, TxJsonRpcMessage, serve_client},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::{io::StreamReader, sync::CancellationToken};

use crate::{Engine, guest_binary::GUEST_PATH};

/// The longest message that is taken from a guest.
const MESSAGE_LIMIT: usize = 64 << 20;

/// How long a guest may take from its container's start to its first words.
const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// An MCP client of the guest in one container.
pub struct Connection {
    client: RunningService<RoleClient, ()>,
}

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
        let transport =
            AsyncRwTransport::new_client(StreamReader::new(stdout), input).with_max_line_length(MESSAGE_LIMIT);
        // Boxed: the compiler can't see that the transport's own future is `Send` through two more layers of `async`.
        let greeting: BoxFuture<'static, _> = Box::pin(serve_client((), AnswersOnly(transport)));
        match timeout(GREETING_LIMIT, greeting).await {
            Ok(Ok(client)) => Ok(Self { client }),
            Ok(Err(error)) => Err(ConnectionError::Greeting(error.to_string())),
            Err(_) => Err(ConnectionError::Silent),
        }
    }

    /// Runs a tool in the sandbox. When `cancel` fires the guest is told, and the call counts as cancelled.
    pub async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        cancel: &CancellationToken,
    ) -> Result<ToolOutput, ConnectionError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let mut handle = self.client.send_cancellable_request(request, PeerRequestOptions::no_options()).await?;
        let answer = tokio::select! {
            biased;
            answer = &mut handle.rx => answer.map_err(|_| ConnectionError::Lost)??,
            () = cancel.cancelled() => {
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

/// Passes on a guest's answers and nothing else. It has nothing to ask of the host, and each question would take memory
/// until it is answered, which a hostile guest can prevent by not reading.
struct AnswersOnly<T>(T);

impl<T: Transport<RoleClient>> Transport<RoleClient> for AnswersOnly<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), T::Error>> + Send + 'static {
        self.0.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            match self.0.receive().await? {
                JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
                answer @ (JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) => return Some(answer),
            }
            // A flood must not keep this task from giving way to the others.
            tokio::task::consume_budget().await;
        }
    }

    fn close(&mut self) -> impl Future<Output = Result<(), T::Error>> + Send {
        self.0.close()
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

impl From<ServiceError> for ConnectionError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => Self::Lost,
            ServiceError::McpError(error) => Self::Guest(error.message.into_owned()),
            other => Self::Guest(other.to_string()),
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

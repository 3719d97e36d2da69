//! A server under test: a child process that speaks MCP on its standard streams.
//!
//! It leads a process group of its own, so that whatever it started can be ended with it. It is asked to end by the
//! close of its standard input, as MCP says, and killed when it does not follow.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use rmcp::{
    RoleClient,
    model::{CallToolRequestParams, ClientRequest, Request, ServerResult},
    service::{ClientInitializeError, PeerRequestOptions, RequestHandle, RunningService, ServiceError, serve_client},
    transport::async_rw::AsyncRwTransport,
};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use crate::{answer::Answer, miss::Miss, offer::Offer};

/// How long a server may take to greet: it may have to start a container or a desktop first.
pub(crate) const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// How long a server has to end after its standard input was closed, and again after SIGTERM.
const ENDING_LIMIT: Duration = Duration::from_secs(15);

/// How long the last words of a server that has been killed may take.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(2);

/// The longest message that is taken from a server.
const MESSAGE_LIMIT: usize = 64 << 20;

/// How much of what a server wrote to standard error is kept: the end of it.
const COMPLAINT_LIMIT: usize = 4 << 10;

/// How a server is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCommand {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// A command line that can't be split into words.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no command line\nhint: quote as in a shell; the quotes have to be closed")]
pub struct NoCommand(String);

impl ServerCommand {
    /// Splits a command line into words as a shell does, without expanding anything.
    pub fn parse(line: &str) -> Result<Self, NoCommand> {
        let mut words = shlex::split(line).unwrap_or_default().into_iter().map(OsString::from);
        let program = words.next().ok_or_else(|| NoCommand(line.to_owned()))?;
        Ok(Self { program, arguments: words.collect() })
    }
}

/// Why a server could not be used at all.
#[derive(Debug, Error)]
pub enum StartError {
    /// The program could not be started.
    #[error("the server `{}` could not be started", program.display())]
    Spawn {
        /// What was to be started.
        program: OsString,
        /// Why it was not.
        source: io::Error,
    },
    /// It did not greet in time.
    #[error("the server did not greet within {} s{}{HINT}", GREETING_LIMIT.as_secs(), in_its_words(complaint))]
    Silent {
        /// The end of what it wrote to standard error, line by line.
        complaint: String,
    },
    /// It ended.
    #[error("the server ended before it greeted ({status}){}{HINT}", in_its_words(complaint))]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of what it wrote to standard error, line by line.
        complaint: String,
    },
    /// It spoke something that is no MCP.
    #[error("the server does not speak MCP on its standard streams: {reason}{}", in_its_words(complaint))]
    Greeting {
        /// What was wrong.
        reason: String,
        /// The end of what it wrote to standard error, line by line.
        complaint: String,
    },
}

const HINT: &str = "\nhint: a server has to speak MCP on its standard input and output";

/// What a server wrote, on lines of its own.
fn in_its_words(complaint: &str) -> String {
    if complaint.is_empty() {
        return "; it wrote nothing to standard error".to_owned();
    }
    let lines: Vec<String> = complaint.lines().map(|line| format!("\n  {line}")).collect();
    format!("; it wrote:{}", lines.concat())
}

/// A running server.
pub(crate) struct Server {
    client: RunningService<RoleClient, ()>,
    child: Child,
    group: Option<Pid>,
    pub(crate) offers: Vec<Offer>,
    /// What it calls itself.
    pub(crate) name: String,
}

/// A call that has been sent and not yet answered.
pub(crate) struct Pending {
    handle: RequestHandle<RoleClient>,
    since: Instant,
}

impl Server {
    /// Starts a server, greets it and reads its list of tools.
    pub(crate) async fn start(command: &ServerCommand) -> Result<Self, StartError> {
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| StartError::Spawn { program: command.program.clone(), source })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let complaint = Complaint::default();
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(StartError::Greeting { reason: "it has no streams".to_owned(), complaint: String::new() });
        };
        let listening = tokio::spawn(complaint.clone().listen(errors));
        let transport = AsyncRwTransport::new_client(output, input).with_max_line_length(MESSAGE_LIMIT);
        let greeted = timeout(GREETING_LIMIT, async {
            let client = serve_client((), transport).await.map_err(|error| wrong_greeting(&error))?;
            let tools = client.list_all_tools().await.map_err(|error| wrong_list(&error))?;
            Ok::<_, String>((client, tools))
        });
        match greeted.await {
            Ok(Ok((client, tools))) => {
                let info = client.peer_info().and_then(|info| serde_json::to_value(&*info).ok());
                let offers = tools.iter().map(Offer::new).collect();
                Ok(Self { name: name_in(info), client, child, group, offers })
            }
            failed => {
                // One that is about to end closes its streams a moment before.
                let status = match &failed {
                    Ok(_) => timeout(LAST_WORDS_LIMIT, child.wait()).await.ok().and_then(Result::ok),
                    Err(_) => None,
                };
                kill(&mut child, group).await;
                // What it wrote is in the pipe, and the end of the pipe comes with the end of the last that holds it.
                let _ = timeout(LAST_WORDS_LIMIT, listening).await;
                let complaint = complaint.shown();
                Err(match (status, failed) {
                    (Some(status), _) => StartError::Ended { status, complaint },
                    (None, Ok(Err(reason))) => StartError::Greeting { reason, complaint },
                    (None, _) => StartError::Silent { complaint },
                })
            }
        }
    }

    /// Sends a call. The server has it, or will have it before any later one.
    pub(crate) async fn send(&self, tool: &str, arguments: Map<String, Value>) -> Result<Pending, Miss> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let since = Instant::now();
        let handle = self.client.send_cancellable_request(request, PeerRequestOptions::no_options()).await;
        Ok(Pending { handle: handle.map_err(|error| ended(&error))?, since })
    }

    /// Asks the server to end, waits, and ends it and all in its process group where it does not.
    pub(crate) async fn stop(self) {
        let Self { client, mut child, group, .. } = self;
        // Closes the server's standard input.
        let _ = timeout(ENDING_LIMIT, client.cancel()).await;
        if timeout(ENDING_LIMIT, child.wait()).await.is_err() {
            signal(group, Signal::SIGTERM);
            let _ = timeout(ENDING_LIMIT, child.wait()).await;
        }
        kill(&mut child, group).await;
    }
}

impl Pending {
    /// Waits for the answer.
    pub(crate) async fn answer(mut self, deadline: Duration) -> Result<Answer, Miss> {
        let received = timeout(deadline, &mut self.handle.rx).await.map_err(|_| Miss::silent(deadline))?;
        read(received, self.since.elapsed())
    }

    /// The answer, if it comes in time; otherwise the call is cancelled.
    pub(crate) async fn answer_within(mut self, limit: Duration) -> Result<Option<Answer>, Miss> {
        match timeout(limit, &mut self.handle.rx).await {
            Ok(received) => read(received, self.since.elapsed()).map(Some),
            Err(_) => self.cancel().await.map(|()| None),
        }
    }

    /// Tells the server that nobody waits for the answer any more.
    pub(crate) async fn cancel(self) -> Result<(), Miss> {
        let reason = "cancelled by a conformance case".to_owned();
        self.handle.cancel(Some(reason)).await.map_err(|error| ended(&error))
    }
}

/// What is wrong with an answer to `initialize`, without the words of the library that reads it.
fn wrong_greeting(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::ConnectionClosed(_) | ClientInitializeError::TransportError { .. } => {
            "it closed them instead of greeting".to_owned()
        }
        ClientInitializeError::JsonRpcError(error) => {
            format!("it answers `initialize` with the error {}: {}", error.code.0, error.message)
        }
        _ => "what it answers to `initialize` is no greeting".to_owned(),
    }
}

/// What is wrong with an answer to `tools/list`.
fn wrong_list(error: &ServiceError) -> String {
    match error {
        ServiceError::McpError(error) => {
            format!("it answers `tools/list` with the error {}: {}", error.code.0, error.message)
        }
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
            "it closed them instead of listing its tools".to_owned()
        }
        _ => "what it answers to `tools/list` is no list of tools".to_owned(),
    }
}

/// What came back from a call, if anything did.
fn read<E>(received: Result<Result<ServerResult, ServiceError>, E>, took: Duration) -> Result<Answer, Miss> {
    match received.map_err(|_| ended(&ServiceError::TransportClosed))? {
        Ok(ServerResult::CallToolResult(result)) => Ok(Answer::of_result(result, took)),
        Ok(_) => Err(Miss::failed("a result of a tool call", "a result of another kind")),
        Err(ServiceError::McpError(error)) => Ok(Answer::of_protocol_error(error.message.into_owned(), took)),
        Err(error) => Err(ended(&error)),
    }
}

fn ended(error: &ServiceError) -> Miss {
    Miss::Gone { expected: "a server that goes on".to_owned(), found: error.to_string() }
}

fn name_in(info: Option<Value>) -> String {
    let field = |key: &str| Some(info.as_ref()?.get("serverInfo")?.get(key)?.as_str()?.to_owned());
    let name = field("name").unwrap_or_else(|| "unnamed server".to_owned());
    field("version").map_or_else(|| name.clone(), |version| format!("{name} {version}"))
}

async fn kill(child: &mut Child, group: Option<Pid>) {
    signal(group, Signal::SIGKILL);
    let _ = child.kill().await;
}

/// A group that is gone already is what was wanted.
fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        let _ = killpg(group, signal);
    }
}

/// The end of what a server writes to standard error.
#[derive(Clone, Default)]
struct Complaint(Arc<Mutex<Vec<u8>>>);

impl Complaint {
    async fn listen(self, mut errors: ChildStderr) {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = errors.read(&mut buffer).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..count]);
            let surplus = kept.len().saturating_sub(COMPLAINT_LIMIT);
            kept.drain(..surplus);
        }
    }

    /// Its lines, without what would upset a terminal.
    fn shown(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept).trim().to_owned();
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        let command = ServerCommand::parse("sh -c 'X=1 exec my-server --stdio' \"a b\"").expect("a command");
        assert_eq!(command.program, "sh");
        assert_eq!(command.arguments, ["-c", "X=1 exec my-server --stdio", "a b"]);
        assert!(ServerCommand::parse("sh -c 'unclosed").is_err());
        assert!(ServerCommand::parse("  ").is_err());
    }

    #[tokio::test]
    async fn a_program_that_speaks_no_mcp_is_named_with_its_complaint() {
        let command = ServerCommand::parse("sh -c 'echo no such option >&2; exit 3'").expect("a command");
        let Err(error) = Server::start(&command).await else { panic!("it is no server") };
        let told = error.to_string();
        assert!(told.contains("(exit status: 3); it wrote:\n  no such option\nhint: "), "{told}");
        let missing = ServerCommand::parse("/nonexistent/server").expect("a command");
        assert!(matches!(Server::start(&missing).await, Err(StartError::Spawn { .. })));
    }
}

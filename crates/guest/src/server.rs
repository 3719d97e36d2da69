//! The guest as an MCP server: one service for every connection to the socket, all on the same tools.

use std::{
    convert::Infallible,
    env, fs,
    future::pending,
    io::{self, ErrorKind},
    os::fd::AsRawFd as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use handspike_local::{Caller, LocalConfig, Tell, Tools};
use handspike_types::{
    CallError, ContentPart, SETTINGS_KEY, SandboxCall, ToolOutput, ToolSettings,
    spec::{self, SandboxTool},
};
use nix::{
    errno::Errno,
    sys::{
        signal::SigSet,
        socket::{MsgFlags, recv},
    },
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
        PaginatedRequestParams, ProgressNotificationParam, RequestMetaObject, ServerCapabilities, ServerConfig, Tool,
    },
    service::{RequestContext, serve_server},
    transport::async_rw::AsyncRwTransport,
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest},
    net::{
        UnixListener, UnixStream,
        unix::pipe::{Receiver, Sender},
    },
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    connect::{HANDOVER, Streams, take_streams},
    desktop::Desktop,
};

/// The longest message that is taken from a client: a file of some tens of megabytes fits.
const MESSAGE_LIMIT: usize = 64 << 20;

/// How many words on a call's progress may wait to be passed on; more are dropped.
const PROGRESS_QUEUE: usize = 8;

/// Serves until the process is ended, or until nobody has been connected for the idle time.
pub(crate) fn run(socket: &Path) -> io::Result<()> {
    // What init blocks for itself would otherwise be blocked in every command of the sandbox.
    SigSet::empty().thread_set_mask()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = listen(socket)?;
        serve(listener, Arc::new(start_tools(socket)?), idle_limit()).await
    })
}

/// The tools, with the desktop coming up meanwhile. What survives the guest's own end is kept beside its socket.
fn start_tools(socket: &Path) -> io::Result<Tools> {
    let desktop = Desktop::start();
    let cwd = env::current_dir().unwrap_or_else(|_| "/".into());
    let config = LocalConfig { cwd, undo_journal: Some(socket.with_file_name("undo")) };
    Tools::start(config, move || desktop.clone())
}

/// Listens under another name first, so that the socket's own name never leads to one that does not listen yet.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    let unready = socket.with_extension("starting");
    for stale in [&*unready, socket] {
        match fs::remove_file(stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let listener = UnixListener::bind(&unready)?;
    fs::rename(&unready, socket)?;
    Ok(listener)
}

fn idle_limit() -> Option<Duration> {
    env::var("HANDSPIKE_IDLE").ok()?.parse().ok().map(Duration::from_secs)
}

async fn serve(listener: UnixListener, tools: Arc<Tools>, idle_limit: Option<Duration>) -> io::Result<()> {
    // Each connection holds a receiver, so their number says whether anybody is there.
    let (connections, _) = watch::channel(());
    loop {
        let idle = async {
            connections.closed().await;
            match idle_limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    // No descriptor is free: those who have one will give some back.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = idle => return Ok(()),
        };
        let (service, connection) = (Service { tools: Arc::clone(&tools) }, connections.subscribe());
        let (tools, connections) = (Arc::clone(&tools), connections.clone());
        tokio::spawn(async move {
            // A client that goes away or speaks no MCP is its own problem; the next one is served all the same.
            let _ = serve_connection(service, stream).await;
            drop(connection);
            if connections.is_closed() {
                tools.release_held().await;
            }
        });
    }
}

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take for its first message.
const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// Serves one client: over the socket itself, or over streams that it hands over.
async fn serve_connection(service: Service, stream: UnixStream) -> io::Result<()> {
    let handover = timeout(GREETING_LIMIT, async {
        loop {
            stream.readable().await?;
            let mut first = [0];
            match recv(stream.as_raw_fd(), &mut first, MsgFlags::MSG_PEEK) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(first[0] == HANDOVER)),
                // Tell tokio that there was nothing yet, so that it waits again.
                Err(Errno::EAGAIN) => {
                    drop(stream.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into())))
                }
                Err(error) => return Err(io::Error::from(error)),
            }
        }
    });
    match handover.await?? {
        None => Ok(()),
        Some(false) => {
            let (read, write) = stream.into_split();
            serve_streams(service, read, write).await
        }
        Some(true) => {
            let Streams { input, output } = take_streams(stream.as_raw_fd())?;
            // The socket stays open meanwhile: its end tells the client's process that it may go.
            let served = serve_streams(service, Receiver::from_owned_fd(input)?, Sender::from_owned_fd(output)?).await;
            drop(stream);
            served
        }
    }
}

async fn serve_streams(
    service: Service,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    let transport = AsyncRwTransport::new_server(read, write).with_max_line_length(MESSAGE_LIMIT);
    let running = timeout(GREETING_LIMIT, serve_server(service, transport)).await?.map_err(io::Error::other)?;
    running.waiting().await.map(drop).map_err(io::Error::other)
}

struct Service {
    tools: Arc<Tools>,
}

impl ServerHandler for Service {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("handspike-guest", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = spec::specs(&SandboxTool::ALL, &ToolSettings::default()).into_iter().map(|spec| {
            let schema = spec.parameters.as_object().cloned().unwrap_or_default();
            Tool::new(spec.name, spec.description, schema)
        });
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let settings = settings_in(&context.meta)?;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let call = match SandboxCall::parse(&request.name, &arguments, &settings) {
            Ok(call) => call,
            Err(CallError::Invalid(error)) => return Ok(to_wire(error.into()).into()),
            Err(CallError::NoSuchTool) => {
                return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
            }
        };
        let (progress, mut news) = match context.meta.get_progress_token() {
            Some(token) => {
                let (progress, news) = mpsc::channel(PROGRESS_QUEUE);
                // A full queue means that nobody can read so fast; the next news is as good.
                let progress: Tell = Box::new(move |text| drop(progress.try_send(text.to_owned())));
                (Some(progress), Some((token, news)))
            }
            None => (None, None),
        };
        let started = Instant::now();
        let telling = async {
            while let Some((token, news)) = &mut news
                && let Some(text) = news.recv().await
            {
                let seconds = started.elapsed().as_secs_f64();
                let news = ProgressNotificationParam::new(token.clone(), seconds).with_message(text);
                // A client that can't be told any more can't be answered either, and that is noticed elsewhere.
                let _ = context.peer.notify_progress(news).await;
            }
            pending::<Infallible>().await
        };
        let answer = tokio::select! {
            biased;
            answer = self.tools.call(call, settings, Caller { cancelled: context.ct.cancelled(), progress }) => answer,
            never = telling => match never {},
        };
        match answer {
            Err(failed) => Err(ErrorData::internal_error(failed.0, None)),
            Ok(output) => Ok(to_wire(output).into()),
        }
    }
}

/// The settings that accompany a call; the usual ones where none do.
fn settings_in(meta: &RequestMetaObject) -> Result<ToolSettings, ErrorData> {
    let Some(settings) = meta.0.0.get(SETTINGS_KEY) else { return Ok(ToolSettings::default()) };
    serde_json::from_value(settings.clone())
        .map_err(|error| ErrorData::invalid_params(format!("the settings `{SETTINGS_KEY}` do not fit: {error}"), None))
}

fn to_wire(output: ToolOutput) -> CallToolResult {
    let content = output.content.into_iter().map(|part| match part {
        ContentPart::Text { text } => ContentBlock::text(text),
        ContentPart::Image(image) => ContentBlock::image(image.data, image.media_type),
    });
    let mut result = if output.is_error {
        CallToolResult::error(content.collect())
    } else {
        CallToolResult::success(content.collect())
    };
    result.structured_content = output.details.and_then(|details| serde_json::to_value(details).ok());
    result
}

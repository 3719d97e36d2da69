//! One MCP client: its calls are read, run and answered, with news on them meanwhile.

use std::{
    convert::Infallible,
    future::pending,
    io::{self, ErrorKind},
    sync::Arc,
    time::{Duration, Instant},
};

use handspike_local::{Caller, Tell, WorkerFailed};
use handspike_types::{
    CallError, RUN_KEY, SETTINGS_KEY, SandboxCall, ToolOutput, ToolSettings, quoted,
    spec::{self, SandboxTool},
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, MetaObject, PaginatedRequestParams,
        ProgressNotificationParam, RequestMetaObject, ServerCapabilities, ServerConfig, Tool,
    },
    service::{RequestContext, RxJsonRpcMessage, TxJsonRpcMessage, serve_server},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The longest message that is taken from a client: a file of some tens of megabytes fits.
const MESSAGE_LIMIT: usize = 64 << 20;

/// How many words on a call's progress may wait to be passed on; more are dropped.
const PROGRESS_QUEUE: usize = 8;

/// How long a client may take to introduce itself.
const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// What runs a call that has been read: the tools of this machine.
pub trait Runs: Send + Sync + 'static {
    /// Runs a call to its end.
    fn run(
        &self,
        call: SandboxCall,
        settings: ToolSettings,
        caller: Caller<impl Future<Output = ()> + Send>,
    ) -> impl Future<Output = Result<ToolOutput, WorkerFailed>> + Send;
}

/// Serves a client until it is gone. One that does not introduce itself in time is an error.
pub async fn serve_streams<T: Runs>(
    service: Service<T>,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    let transport = AsyncRwTransport::new_server(read, write).with_max_line_length(MESSAGE_LIMIT);
    let transport = Watched { inner: Some(transport), client: service.client.clone() };
    let running = timeout(GREETING_LIMIT, serve_server(service, transport)).await?.map_err(io::Error::other)?;
    running.waiting().await.map(drop).map_err(io::Error::other)
}

/// The sandbox's tools for one client.
pub struct Service<T> {
    tools: Arc<T>,
    run: Option<Arc<str>>,
    client: Client,
}

/// Whether a service's client is still there.
#[derive(Clone, Default)]
pub struct Client {
    /// Fires when it says nothing more: its calls are told to stop, and their answers may still be taken.
    silent: CancellationToken,
    /// Fires when it takes nothing any more either.
    gone: CancellationToken,
}

impl<T> Service<T> {
    /// A service on tools that it may share with others.
    #[must_use]
    pub fn new(tools: Arc<T>) -> Self {
        Self { tools, run: None, client: Client::default() }
    }

    /// Its client, for whoever knows better than the streams whether it is there.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The same service, which tells its clients in which run of the guest they have found it.
    #[must_use]
    pub fn of_run(self, run: Arc<str>) -> Self {
        Self { run: Some(run), ..self }
    }
}

impl Client {
    /// Says that it is gone: gives its streams back and cancels its calls.
    pub fn gone(&self) {
        self.silent.cancel();
        self.gone.cancel();
    }
}

/// A client's messages. The protocol's own loop waits some seconds for answers after their end before it cancels what
/// runs; whoever comes next would wait as long.
struct Watched<T> {
    inner: Option<T>,
    client: Client,
}

impl<T: Transport<RoleServer, Error = io::Error>> Transport<RoleServer> for Watched<T> {
    type Error = io::Error;

    fn send(&mut self, message: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let sending = self.inner.as_mut().map(|inner| inner.send(message));
        async {
            match sending {
                Some(sending) => sending.await,
                None => Err(ErrorKind::NotConnected.into()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let inner = self.inner.as_mut()?;
        let message = tokio::select! {
            biased;
            () = self.client.gone.cancelled() => {
                self.inner = None;
                return None;
            }
            message = inner.receive() => message,
        };
        if message.is_none() {
            self.client.silent.cancel();
        }
        message
    }

    async fn close(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Some(inner) => inner.close().await,
            None => Ok(()),
        }
    }
}

impl<T: Runs> ServerHandler for Service<T> {
    fn get_info(&self) -> ServerConfig {
        let mut config = ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("handspike-guest", env!("CARGO_PKG_VERSION")));
        if let Some(run) = &self.run {
            config.meta.get_or_insert_with(MetaObject::new).0.insert(RUN_KEY.to_owned(), (**run).into());
        }
        config
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
        let toolset = SandboxCall::toolset(&request.name, &settings);
        let call = match SandboxCall::parse(&request.name, &arguments, &settings) {
            Ok(call) => call,
            Err(CallError::Invalid(error)) => return Ok(handspike_wire::result(error.into(), toolset).into()),
            Err(CallError::NoSuchTool) => {
                return Err(ErrorData::invalid_params(format!("there is no tool {}", quoted(&request.name)), None));
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
        let cancelled = async {
            tokio::select! {
                () = context.ct.cancelled() => {}
                () = self.client.silent.cancelled() => {}
            }
        };
        let answer = tokio::select! {
            biased;
            answer = self.tools.run(call, settings, Caller { cancelled, progress }) => answer,
            never = telling => match never {},
        };
        match answer {
            Err(failed) => Err(ErrorData::internal_error(failed.0, None)),
            Ok(output) => Ok(handspike_wire::result(output, toolset).into()),
        }
    }
}

/// The settings that accompany a call; the usual ones where none do.
fn settings_in(meta: &RequestMetaObject) -> Result<ToolSettings, ErrorData> {
    let Some(settings) = meta.0.0.get(SETTINGS_KEY) else { return Ok(ToolSettings::default()) };
    serde_json::from_value(settings.clone())
        .map_err(|error| ErrorData::invalid_params(format!("the settings `{SETTINGS_KEY}` do not fit: {error}"), None))
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;

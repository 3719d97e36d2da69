//! What all clients of a server share.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use handspike_core::{Executor, Fault, Lane};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How many calls may be under way or wait at once, from all clients together.
pub(crate) const CALLS_LIMIT: usize = 256;

/// How the server introduces itself.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// What a model should know of all tools together.
    pub instructions: Option<String>,
    /// What clients may show of the tools.
    pub hints: ToolHints,
}

/// What a client may want to know of tools before it asks its user to allow a call.
#[derive(Clone, Debug, Default)]
pub struct ToolHints {
    /// Names of tools that only look.
    pub looking: Vec<String>,
    /// Whether tools can reach beyond the place where they run.
    pub open_world: bool,
}

/// Why serving ended badly.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The client could not be read from, listened to or written to.
    #[error("serving MCP failed")]
    Io(#[from] io::Error),
    /// The executor could not give back what it holds.
    #[error("the tools could not be closed")]
    Close(#[source] Fault),
}

/// An executor, open to any number of clients at once. They share its tools, and so its shell, files and desktop.
pub struct Server {
    pub(crate) executor: Box<dyn Executor>,
    pub(crate) info: ServerInfo,
    /// Fires when the server must come to its end.
    pub(crate) stop: CancellationToken,
    pub(crate) calls: TaskTracker,
    pub(crate) slots: Arc<Semaphore>,
    /// The sets of tools that are members of one.
    toolsets: HashMap<String, String>,
    lanes: Mutex<HashMap<u32, Arc<tokio::sync::Mutex<()>>>>,
    started: AtomicU64,
}

impl Server {
    /// A server over an executor. When `stop` fires, running calls are cancelled and serving ends.
    #[must_use]
    pub fn new(executor: Box<dyn Executor>, info: ServerInfo, stop: CancellationToken) -> Arc<Self> {
        let members = executor.specs().into_iter().filter_map(|spec| Some((spec.name, spec.toolset?)));
        Arc::new(Self {
            toolsets: members.collect(),
            executor,
            info,
            stop,
            calls: TaskTracker::new(),
            slots: Arc::new(Semaphore::new(CALLS_LIMIT)),
            lanes: Mutex::default(),
            started: AtomicU64::new(0),
        })
    }

    /// An id that no other call of this server has.
    pub(crate) fn next_id(&self) -> String {
        format!("mcp-{}", self.started.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The set that a tool is a member of.
    pub(crate) fn toolset_of(&self, tool: &str) -> Option<&str> {
        self.toolsets.get(tool).map(String::as_str)
    }

    /// A client has gone that has made calls. The others go on, so only what it left pressed is let go of.
    pub(crate) fn client_left(self: &Arc<Self>) {
        if self.stop.is_cancelled() {
            // Closing does more.
            return;
        }
        let server = Arc::clone(self);
        self.calls.spawn(async move { server.executor.client_left().await });
    }

    /// The line that calls of a lane stand in, one for all clients; none where calls run beside anything.
    pub(crate) fn lane(&self, lane: Lane) -> Option<Arc<tokio::sync::Mutex<()>>> {
        match lane {
            Lane::Free => None,
            Lane::Shared(number) => {
                let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
                Some(Arc::clone(lanes.entry(number).or_default()))
            }
        }
    }

    /// Cancels what runs, waits for its end and gives back what the executor holds.
    pub(crate) async fn close(&self) -> Result<(), ServeError> {
        self.stop.cancel();
        self.calls.close();
        // Bounded: each call ends, or is abandoned, within its grace.
        self.calls.wait().await;
        self.executor.close().await.map_err(ServeError::Close)
    }
}

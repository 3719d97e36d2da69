//! A session's sandbox: made on demand, used over one connection, removed at the end.

use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error;
use futures_util::StreamExt as _;
use handspike_core::{CallContext, Fault, Progress, Sandbox, SandboxSource};
use handspike_types::{SessionId, ToolOutput};
use serde_json::{Map, Value};
use thiserror::Error as ThisError;
use tokio::time::timeout;

use crate::{
    Engine, GuestBinary, SandboxSpec,
    connection::{Connection, ConnectionError},
    engine::is_not_found,
};

/// How long the engine may take to see that a container has ended. The streams to it end before that.
const END_NOTICED: Duration = Duration::from_secs(2);

/// Makes the sandbox of one session.
pub struct DockerSource {
    /// The engine to use.
    pub engine: Engine,
    /// What goes into the container.
    pub guest: GuestBinary,
    /// The session that owns it.
    pub session: SessionId,
    /// What it is to be like.
    pub spec: SandboxSpec,
}

/// A container with a guest that answers.
pub struct DockerSandbox {
    engine: Engine,
    container: String,
    keep: bool,
    connection: Connection,
}

/// Why a sandbox could not be made or used.
#[derive(Debug, ThisError)]
pub enum SandboxError {
    /// The image is not there.
    #[error(
        "the engine has no image `{image}`\nhint: `handspike sandbox build` makes `base` and `desktop`; others are pulled or built with docker"
    )]
    NoImage {
        /// The image asked for.
        image: String,
    },
    /// The engine refused.
    #[error("the sandbox could not be {action}: {cause}")]
    Engine {
        /// What was to be done, for example `started`.
        action: &'static str,
        /// What the engine said.
        cause: String,
    },
    /// The guest could not be reached.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The container has ended while it was needed.
    #[error("the sandbox ended during the call: {cause}")]
    Ended {
        /// Why, as far as the engine knows.
        cause: String,
    },
}

impl DockerSource {
    /// Makes and starts the sandbox, and connects to it. On failure it leaves no container behind.
    pub async fn make(&self, progress: &Progress) -> Result<DockerSandbox, SandboxError> {
        progress.say(format!("starting a sandbox from `{}`", self.spec.image));
        let container = self.engine.create(self.session, &self.spec, &self.guest).await.map_err(|error| {
            if is_not_found(&error) {
                SandboxError::NoImage { image: self.spec.image.clone() }
            } else {
                refused("made")(error)
            }
        })?;
        let unfinished = Unfinished { engine: self.engine.clone(), container: Some(container.clone()) };
        self.engine.start(&container).await.map_err(refused("started"))?;
        let connection = match Connection::open(&self.engine, &container).await {
            Ok(connection) => connection,
            Err(error) => return Err(self.engine.explain(error, &container).await),
        };
        unfinished.finished();
        Ok(DockerSandbox { engine: self.engine.clone(), container, keep: self.spec.keep, connection })
    }
}

#[async_trait]
impl SandboxSource for DockerSource {
    async fn open(&self, progress: &Progress) -> Result<Box<dyn Sandbox>, Fault> {
        Ok(Box::new(self.make(progress).await.map_err(Fault::new)?))
    }
}

impl DockerSandbox {
    /// The container's id.
    #[must_use]
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The connection to its guest.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

#[async_trait]
impl Sandbox for DockerSandbox {
    async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        context: &CallContext,
    ) -> Result<ToolOutput, Fault> {
        match self.connection.call(tool, arguments, &context.cancel).await {
            Ok(output) => Ok(output),
            Err(error) => Err(Fault::new(self.engine.explain(error, &self.container).await)),
        }
    }

    async fn close(&self) -> Result<(), Fault> {
        if self.keep {
            return Ok(());
        }
        self.engine.remove(&self.container).await.map_err(|error| Fault::new(refused("removed")(error)))
    }
}

impl Engine {
    /// What a connection's failure comes from: the end of its container, where that is it.
    async fn explain(&self, error: ConnectionError, container: &str) -> SandboxError {
        match error {
            // The guest has answered, so its container runs.
            ConnectionError::Guest(_) => error.into(),
            ConnectionError::Exec(_)
            | ConnectionError::Silent
            | ConnectionError::Greeting(_)
            | ConnectionError::Lost => {
                let mut end = self.docker.wait_container(container, None);
                // Whatever comes of the waiting, the container's state tells more.
                let _ = timeout(END_NOTICED, end.next()).await;
                self.why_ended(container).await.unwrap_or(error.into())
            }
        }
    }

    /// Why a container does not run any more; none when it does, or nobody can tell.
    async fn why_ended(&self, container: &str) -> Option<SandboxError> {
        let state = match self.docker.inspect_container(container, None).await {
            Ok(container) => container.state?,
            Err(error) if is_not_found(&error) => {
                return Some(SandboxError::Ended { cause: "its container was removed".to_owned() });
            }
            Err(_) => return None,
        };
        let cause = match state {
            state if state.oom_killed == Some(true) => "it ran out of memory\nhint: --memory sets the limit".to_owned(),
            state if state.running == Some(true) => return None,
            state => match state.error.filter(|error| !error.is_empty()) {
                Some(error) => error,
                None => format!("its first process ended with status {}", state.exit_code.unwrap_or(-1)),
            },
        };
        Some(SandboxError::Ended { cause })
    }
}

fn refused(action: &'static str) -> impl Fn(Error) -> SandboxError {
    move |error| {
        let cause = match error {
            Error::DockerResponseServerError { message, .. } => message,
            other => other.to_string(),
        };
        SandboxError::Engine { action, cause }
    }
}

/// Removes a container that never became a sandbox, also when making it was abandoned.
struct Unfinished {
    engine: Engine,
    container: Option<String>,
}

impl Unfinished {
    fn finished(mut self) {
        self.container = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(container) = self.container.take() else { return };
        let engine = self.engine.clone();
        // The last net: whoever ends the session removes all containers that carry its label, too.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { engine.remove(&container).await });
        }
    }
}

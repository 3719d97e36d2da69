//! A session's sandbox: made on demand, used over one connection, removed at the end.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bollard::errors::Error;
use handspike_core::{
    CallContext, Fault, OpenFailure, OpenedSandbox, Origin, Progress, Sandbox, SandboxFailure, SandboxSource,
    SandboxedCall,
};
use handspike_types::{SessionId, ToolOutput};
use thiserror::Error as ThisError;

use crate::{
    Engine, GuestBinary, SandboxSpec,
    connection::{Connection, ConnectionError},
    container::is_being_removed,
    engine::is_not_found,
};

/// How long a guest that runs may take to greet. It has nothing to start.
const RECONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Makes the sandbox of one session, and finds it again.
pub struct DockerSource {
    engine: Engine,
    guest: GuestBinary,
    session: SessionId,
    spec: SandboxSpec,
    /// Whether there may be a container of the session already.
    look_first: AtomicBool,
    /// Which run of the guest was connected to last.
    last_run: Mutex<Option<String>>,
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
    #[error("the sandbox could not be {action}: {cause}{}", remedy(action))]
    Engine {
        /// What was to be done, for example `started`.
        action: &'static str,
        /// What the engine said.
        cause: String,
    },
    /// The guest could not be reached.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// Somebody has paused the container while it was needed.
    #[error("the sandbox's container is paused, so its guest does not answer")]
    Paused,
    /// The container has ended while it was needed.
    #[error("the sandbox ended during the call: {cause}")]
    Ended {
        /// Why, as far as the engine knows.
        cause: String,
    },
}

impl DockerSource {
    /// The sandbox of a session that has none yet.
    #[must_use]
    pub fn of_new_session(engine: Engine, guest: GuestBinary, session: SessionId, spec: SandboxSpec) -> Self {
        Self { engine, guest, session, spec, look_first: AtomicBool::new(false), last_run: Mutex::default() }
    }

    /// The sandbox of a session that may have one, running or not.
    #[must_use]
    pub fn of_session(engine: Engine, guest: GuestBinary, session: SessionId, spec: SandboxSpec) -> Self {
        Self { engine, guest, session, spec, look_first: AtomicBool::new(true), last_run: Mutex::default() }
    }

    /// The same source, of which it is known which run of the guest was connected to last.
    #[must_use]
    pub fn after_run(self, run: Option<String>) -> Self {
        Self { last_run: Mutex::new(run), ..self }
    }

    /// Opens the session's sandbox, and says how it came to be there.
    pub async fn find_or_make(&self, progress: &Progress) -> Result<(DockerSandbox, Origin), SandboxError> {
        let found = match self.look_first.swap(true, Ordering::Relaxed) {
            true => self.find(progress).await?,
            false => None,
        };
        match found {
            Some(found) => Ok(found),
            None => Ok((self.make(progress).await?, Origin::Made)),
        }
    }

    /// The session's sandbox from its container, if that is there and can be brought to answer.
    pub async fn find(&self, progress: &Progress) -> Result<Option<(DockerSandbox, Origin)>, SandboxError> {
        let listed = self.engine.sandboxes_of(self.session).await.map_err(refused("looked for"))?;
        let Some(container) = listed.into_iter().find(|container| container.is_sandbox) else { return Ok(None) };
        if container.running
            && let Some(connection) = self.reconnect(&container.id, progress).await
        {
            // Somebody may have started it again under the last connection, or after it.
            let is_same = *self.last_run() == connection.run() || self.last_run().is_none();
            let origin = if is_same { Origin::Found } else { Origin::Restarted };
            return Ok(Some((self.sandbox(container.id, connection), origin)));
        }
        progress.say("starting the session's sandbox again".to_owned());
        match self.engine.start(&container.id).await {
            // Removed meanwhile, or about to be.
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) if is_being_removed(&error) => {
                self.engine.wait_for_removal(&container.id).await;
                return Ok(None);
            }
            started => started.map_err(refused("started"))?,
        }
        let connection = match Connection::open(&self.engine, &container.id).await {
            Ok(connection) => connection,
            Err(error) => return Err(self.engine.explain(error, &container.id).await),
        };
        let origin = if container.is_new { Origin::Made } else { Origin::Restarted };
        Ok(Some((self.sandbox(container.id, connection), origin)))
    }

    /// A connection to a container that runs. One that can't be reached is of no use to anybody; its processes are ended,
    /// so that it can be started again.
    async fn reconnect(&self, container: &str, progress: &Progress) -> Option<Connection> {
        if self.engine.is_paused(container).await {
            progress.say("the session's sandbox is paused; letting it go on".to_owned());
            // A failure is met right away: what is paused can't be connected to.
            let _ = self.engine.docker.unpause_container(container).await;
        }
        match Connection::open_within(RECONNECT_LIMIT, &self.engine, container).await {
            Ok(connection) => Some(connection),
            Err(error) => {
                tracing::warn!(container, %error, "a sandbox that runs can't be reached");
                self.engine.kill(container).await;
                None
            }
        }
    }

    fn last_run(&self) -> MutexGuard<'_, Option<String>> {
        self.last_run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sandbox(&self, container: String, connection: Connection) -> DockerSandbox {
        *self.last_run() = connection.run();
        DockerSandbox { engine: self.engine.clone(), container, keep: self.spec.keep, connection }
    }

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
        Ok(self.sandbox(container, connection))
    }
}

#[async_trait]
impl SandboxSource for DockerSource {
    async fn open(&self, progress: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        let (sandbox, origin) = self.find_or_make(progress).await.map_err(Fault::new)?;
        Ok(OpenedSandbox { sandbox: Box::new(sandbox), origin })
    }
}

impl DockerSandbox {
    /// The container's id.
    #[must_use]
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Which run of the guest it is connected to, if the guest says.
    #[must_use]
    pub fn run(&self) -> Option<String> {
        self.connection.run()
    }

    /// The connection to its guest.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

#[async_trait]
impl Sandbox for DockerSandbox {
    async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, SandboxFailure> {
        let failed = match self.connection.call(call, context).await {
            Ok(output) => return Ok(output),
            // What became of the container will be seen when it is opened again.
            Err(error @ ConnectionError::NotReached) => return Err(SandboxFailure::NotReached(Fault::new(error))),
            Err(ConnectionError::Mute) => self.engine.give_up(&self.container).await,
            Err(error) => self.engine.explain(error, &self.container).await,
        };
        Err(match failed {
            SandboxError::Ended { .. }
            | SandboxError::Paused
            | SandboxError::Connection(ConnectionError::Lost | ConnectionError::Mute) => {
                SandboxFailure::Ended(Fault::new(failed))
            }
            SandboxError::NoImage { .. }
            | SandboxError::Engine { .. }
            | SandboxError::Connection(
                ConnectionError::Exec(_)
                | ConnectionError::Silent(_)
                | ConnectionError::Greeting(_)
                | ConnectionError::NotReached
                | ConnectionError::Guest(_),
            ) => SandboxFailure::Failed(Fault::new(failed)),
        })
    }

    async fn give_up(&self) {
        let what_is_left = self.engine.give_up(&self.container).await;
        tracing::debug!(container = self.container, %what_is_left, "a sandbox was given up");
    }

    async fn close(&self) -> Result<(), Fault> {
        if self.keep {
            return Ok(());
        }
        self.engine.remove(&self.container).await.map_err(|error| Fault::new(refused("removed")(error)))
    }
}

/// What a person may do who reads the engine's words.
fn remedy(action: &str) -> &'static str {
    match action {
        "made" | "started" => {
            "\nhint: --cpus, --memory, --mount, --network and --image decide what the engine is asked for"
        }
        _ => "",
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

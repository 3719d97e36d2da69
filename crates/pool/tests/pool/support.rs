//! A place for each test: a store in a folder of its own, sessions in it, and pools over it.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use handspike_core::{
    CallContext, OpenFailure, OpenedSandbox, Origin, Progress, Sandbox, SandboxFailure, SandboxPath, SandboxWishes,
    SandboxedCall, Sandboxes as _,
};
use handspike_pool::{Pool, PoolConfig};
use handspike_sandbox::{BuiltIn, Engine, GuestBinary, SandboxSpec};
use handspike_store::{Kind, Location, NewRecord, Store};
use handspike_tests::{Docker, Sandboxes, require, require_docker};
use handspike_types::{SessionId, ToolOutput, ToolSettings};
use serde_json::{Map, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long the engine may take for what a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    pub(crate) docker: Docker,
    pub(crate) store: Store,
    pub(crate) location: Location,
    _folder: TempDir,
}

/// A session in a store, whose containers go with it.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    _sandboxes: Sandboxes,
}

impl Place {
    /// None where the machine lacks something; it was said then.
    pub(crate) async fn new() -> Option<Self> {
        let docker = require_docker()?;
        require(guest_path())?;
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::file(folder.path().join("store.db"));
        let store = Store::open(&location).await.expect("a store");
        Some(Self { docker, store, location, _folder: folder })
    }

    pub(crate) async fn session(&self) -> Session {
        let id = self.store.create(NewRecord::new(Kind::Session)).await.expect("a session").id;
        Session::of(id)
    }

    /// A pool of small sandboxes without a desktop.
    pub(crate) async fn pool(&self, change: impl FnOnce(&mut PoolConfig)) -> Pool {
        pool_over(self.store.clone(), BuiltIn::Base, change).await
    }

    /// What the engine says that a session's container does.
    pub(crate) fn state_of(&self, session: &Session) -> Option<String> {
        self.docker.state_of(&session.id.to_string())
    }

    pub(crate) async fn wait_for_state(&self, session: &Session, state: Option<&str>) {
        eventually(&format!("the container's state {state:?}"), async || self.state_of(session).as_deref() == state)
            .await;
    }
}

impl Session {
    pub(crate) fn of(id: Uuid) -> Self {
        Self { id: id.into(), _sandboxes: Sandboxes::of(&id.to_string()) }
    }
}

pub(crate) async fn pool_over(store: Store, image: BuiltIn, change: impl FnOnce(&mut PoolConfig)) -> Pool {
    let engine = Engine::connect().await.expect("an engine");
    let guest = GuestBinary::at(&guest_path().expect("looked for before")).expect("a guest");
    let cpus = engine.processors().await.expect("an engine").min(1.0);
    let spec = SandboxSpec { cpus, memory: 512 << 20, ..SandboxSpec::new(image.tag()) };
    let mut config = PoolConfig { sweep_every: Duration::from_millis(100), ..PoolConfig::new(spec) };
    change(&mut config);
    Pool::open(engine, guest, store, config).await.expect("a pool")
}

/// The guest that `HANDSPIKE_GUEST` names, or what `make build` makes.
fn guest_path() -> Result<PathBuf, String> {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/handspike-guest");
    let path = env::var_os("HANDSPIKE_GUEST").map_or_else(built, PathBuf::from);
    match path.is_file() {
        true => Ok(path),
        false => Err(format!("`{}` is not built\nhint: make build", path.display())),
    }
}

/// A turn's hold on a sandbox.
pub(crate) struct Turn {
    pub(crate) sandbox: Box<dyn Sandbox>,
    pub(crate) origin: Origin,
}

pub(crate) async fn try_turn(pool: &Pool, session: &Session) -> Result<Turn, OpenFailure> {
    let source = pool.source(session.id, &SandboxWishes::default());
    let OpenedSandbox { sandbox, origin } = source.open(&Progress::channel().0).await?;
    Ok(Turn { sandbox, origin })
}

pub(crate) async fn turn(pool: &Pool, session: &Session) -> Turn {
    try_turn(pool, session).await.expect("a sandbox")
}

impl Turn {
    pub(crate) async fn try_bash(&self, command: &str) -> Result<ToolOutput, SandboxFailure> {
        let arguments = Map::from_iter([("command".to_owned(), json!(command))]);
        let settings = ToolSettings::default();
        let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
        self.sandbox.call(SandboxedCall { tool: "bash", arguments, settings: &settings }, &context).await
    }

    /// What a command prints.
    pub(crate) async fn bash(&self, command: &str) -> String {
        let output = self.try_bash(command).await.expect("an answer");
        let text = output.joined_text();
        let (printed, status) = text.rsplit_once("[exit status ").unwrap_or((&text, ""));
        assert!(!output.is_error && status.starts_with("0,"), "{text}");
        printed.trim_end().to_owned()
    }

    pub(crate) async fn close(self) {
        self.sandbox.close().await.expect("closed");
    }
}

pub(crate) fn path(text: &str) -> SandboxPath {
    SandboxPath::parse(text).expect("a path")
}

/// Looks until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

//! How many sandboxes there may be, and how long they stay.

use std::time::Duration;

use handspike_core::SandboxWishes;
use handspike_sandbox::{SandboxSpec, Screen, ServerClaim};
use uuid::Uuid;

/// The least that a sandbox lives on with nobody connected: so long a server may be away, and find shells alive.
const UNATTENDED: Duration = Duration::from_secs(60 * 60);

/// How a pool is to be.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// What every sandbox is to be like, but for its screen, which is the session's wish, and for how long it stays, which
    /// is the pool's business.
    pub spec: SandboxSpec,
    /// How many may run at once.
    pub most_running: usize,
    /// How long a session waits for room.
    pub longest_wait: Duration,
    /// How long a sandbox runs that nobody uses. Then it is stopped, and keeps its files.
    pub idle_limit: Duration,
    /// How long a sandbox is kept that nobody uses. Then it is removed.
    pub time_to_live: Duration,
    /// How many bytes a file may have that clients read or write.
    pub file_limit: u64,
    /// How often the pool looks for what is idle, over or gone.
    pub sweep_every: Duration,
}

impl PoolConfig {
    /// The usual pool of sandboxes that are like this.
    #[must_use]
    pub fn new(spec: SandboxSpec) -> Self {
        Self {
            spec,
            most_running: 32,
            longest_wait: Duration::from_secs(60),
            idle_limit: Duration::from_secs(15 * 60),
            time_to_live: Duration::from_secs(7 * 24 * 60 * 60),
            file_limit: 1 << 30,
            sweep_every: Duration::from_secs(30),
        }
    }

    /// A session's sandbox, of the server whose store this is. While the server is away the guest ends it by itself, no
    /// sooner than the server would have stopped it; whoever clears up on the engine removes it after its time.
    pub(crate) fn spec_for(&self, store: Uuid, wishes: &SandboxWishes) -> SandboxSpec {
        SandboxSpec {
            screen: wishes.screen.map_or(self.spec.screen, |(width, height)| Screen { width, height }),
            display: wishes.display.unwrap_or(self.spec.display),
            time_to_live: self.idle_limit.max(UNATTENDED),
            keep: true,
            server: Some(ServerClaim { store, kept_for: self.time_to_live }),
            ..self.spec.clone()
        }
    }
}

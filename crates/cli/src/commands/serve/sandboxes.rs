//! Where the tools of sessions run: in the sandboxes of a pool, or nowhere.

use std::sync::Arc;

use handspike_core::Sandboxes;
use handspike_pool::{Pool, PoolConfig};
use handspike_runtime::NoSandboxes;
use handspike_sandbox::{Engine, GuestBinary, SandboxSpec};
use handspike_store::Store;

use super::announce::Announcer;
use crate::{
    config::{SandboxKind, SandboxSettings},
    exit::Failure,
    place::{processors, resolve_image},
    render::Activity,
    units::write_bytes,
};

/// Sandboxes that are there for a server.
pub(super) enum Boxes {
    Docker(Arc<Pool>),
    None,
}

/// Finds the engine and the guest, sees to the image, and finds what runs already.
pub(super) async fn open(settings: &SandboxSettings, store: &Store, announcer: Announcer) -> Result<Boxes, Failure> {
    if settings.kind == SandboxKind::None {
        return Ok(Boxes::None);
    }
    let guest = GuestBinary::find()?;
    let engine = Engine::connect().await?;
    let there_are = engine.processors().await.map_err(Failure::sandbox)?;
    // A line that is drawn over and over is nothing for a log.
    let activity = if announcer.is_for_a_person() { Activity::shown() } else { Activity::hidden() };
    let image = resolve_image(&engine, &settings.image, &activity, &|note| announcer.say(note)).await?;
    let usual = SandboxSpec::new(image);
    let spec = SandboxSpec {
        network: settings.network,
        memory: settings.memory,
        cpus: processors(settings.cpus, usual.cpus, there_are)?,
        ..usual
    };
    let config = PoolConfig {
        most_running: settings.running,
        longest_wait: settings.wait,
        idle_limit: settings.idle,
        time_to_live: settings.time_to_live,
        file_limit: settings.file_size,
        ..PoolConfig::new(spec)
    };
    let removed = engine.reap().await.map_err(Failure::sandbox)?;
    if removed > 0 {
        announcer.say(&format!("removed {removed} sandbox(es) that an earlier run left behind"));
    }
    let pool = Pool::open(engine, guest, store.clone(), config).await.map_err(Failure::sandbox)?;
    Ok(Boxes::Docker(Arc::new(pool)))
}

impl Boxes {
    /// They, for the server.
    pub(super) fn sandboxes(&self) -> Arc<dyn Sandboxes> {
        match self {
            Self::Docker(pool) => Arc::<Pool>::clone(pool),
            Self::None => Arc::new(NoSandboxes),
        }
    }

    /// What they are, for whoever starts the server.
    pub(super) fn words(&self, settings: &SandboxSettings) -> String {
        let Self::Docker(pool) = self else { return "none: tools that need one answer with an error".to_owned() };
        let counts = pool.counts();
        let running = match counts.running {
            0 => String::new(),
            running => format!(", {running} running already"),
        };
        let (image, memory) = (&settings.image, write_bytes(settings.memory));
        format!("image {image}, {memory} each, {} at once{running}", counts.most_running)
    }

    /// Ends what is done for them. They stay as they are, for the next start.
    pub(super) async fn close(&self) {
        match self {
            Self::Docker(pool) => pool.close().await,
            Self::None => {}
        }
    }
}

//! The pool from its opening to its end, and the way to each session's slot.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use handspike_core::{Fault, SandboxSource, SandboxWishes, Sandboxes};
use handspike_sandbox::{Engine, GuestBinary, container::sandbox_name};
use handspike_store::Store;
use handspike_types::SessionId;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{PoolConfig, gate::Gate, opening::PoolSource, slot::Slot};

/// The sandboxes of a server's sessions.
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// How many sandboxes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Those that run or are being started.
    pub running: usize,
    /// Sessions that wait for room.
    pub waiting: usize,
    /// How many may run.
    pub most_running: usize,
}

/// What all parts of a pool work with.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) guest: GuestBinary,
    pub(crate) store: Store,
    pub(crate) config: PoolConfig,
    pub(crate) gate: Arc<Gate>,
    slots: Mutex<HashMap<SessionId, Arc<Slot>>>,
}

/// Words for what a sandbox does, in the store.
pub(crate) mod state {
    pub(crate) const STARTING: &str = "starting";
    pub(crate) const RUNNING: &str = "running";
    pub(crate) const STOPPED: &str = "stopped";
    /// It is gone, and its session may be told so.
    pub(crate) const REMOVED: &str = "removed";
}

impl Pool {
    /// The pool of a store. Sandboxes that run already are found and counted; they are connected to when they are needed.
    pub async fn open(engine: Engine, guest: GuestBinary, store: Store, config: PoolConfig) -> Result<Self, Fault> {
        let gate = Gate::new(config.most_running);
        let shared = Arc::new(Shared { engine, guest, store, config, gate, slots: Mutex::default() });
        shared.find_running().await?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&shared).keep_sweeping()));
        tasks.spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&shared).keep_making_room()));
        tasks.close();
        Ok(Self { shared, tasks, stop })
    }

    /// How many sandboxes there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (running, waiting) = self.shared.gate.counts();
        Counts { running, waiting, most_running: self.shared.config.most_running }
    }

    /// Ends the pool's own work. Sandboxes stay as they are, for the server's next start.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[async_trait]
impl Sandboxes for Pool {
    fn source(&self, session: SessionId, wishes: &SandboxWishes) -> Box<dyn SandboxSource> {
        Box::new(PoolSource::new(Arc::clone(&self.shared), self.shared.slot(session), *wishes))
    }

    async fn remove(&self, session: SessionId) -> Result<(), Fault> {
        self.shared.remove(session).await
    }

    fn running(&self) -> Option<usize> {
        Some(self.counts().running)
    }
}

impl Shared {
    /// A session's slot, an empty one where nothing is known of it.
    pub(crate) fn slot(&self, session: SessionId) -> Arc<Slot> {
        Arc::clone(self.locked().entry(session).or_insert_with(|| Slot::new(session, &self.gate)))
    }

    /// All slots of which something is known; the others are forgotten, unless somebody is about to use them.
    pub(crate) fn known_slots(&self) -> Vec<Arc<Slot>> {
        let mut slots = self.locked();
        slots.retain(|_, slot| !slot.is_empty() || Arc::strong_count(slot) > 1);
        slots.values().cloned().collect()
    }

    /// Removes the sandbox of a session that is over.
    async fn remove(&self, session: SessionId) -> Result<(), Fault> {
        let slot = self.slot(session);
        slot.over.cancel();
        // Whoever waits to open it has given up by now, and what is being made will be there in a moment.
        let _work = slot.work.lock().await;
        self.remove_container(&slot).await?;
        self.store.forget_sandbox(session.into()).await.map_err(Fault::new)?;
        self.locked().remove(&session);
        Ok(())
    }

    /// Removes a session's container, and whatever else carries its label. The caller does the slot's work.
    pub(crate) async fn remove_container(&self, slot: &Slot) -> Result<(), Fault> {
        let session = slot.session;
        let running = slot.take_if(|_| true);
        let removing = async {
            for left in self.engine.sandboxes_of(session).await.map_err(Fault::new)? {
                self.engine.remove(&left.id).await.map_err(Fault::new)?;
            }
            self.engine.remove(&sandbox_name(session)).await.map_err(Fault::new)
        };
        let removed = removing.await;
        if removed.is_err()
            && let Some(running) = running
        {
            slot.put_back(running);
        }
        removed
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What becomes of sandboxes that nobody uses: they are stopped, and later removed; for a session that waits, the longest
//! idle is stopped at once. And what happens to sandboxes behind the pool's back is noticed here.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use handspike_core::Fault;
use handspike_sandbox::container::sandbox_name;
use handspike_store::SandboxRow;
use handspike_types::SessionId;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use crate::{
    pool::{Shared, state},
    slot::{Seen, Slot},
};

impl Shared {
    /// Sweeps for ever.
    pub(crate) async fn keep_sweeping(self: Arc<Self>) {
        let mut ticks = interval(self.config.sweep_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "the sandboxes could not be looked after; it is tried again");
            }
        }
    }

    /// Makes room for ever.
    pub(crate) async fn keep_making_room(self: Arc<Self>) {
        loop {
            self.gate.rung().await;
            self.make_room().await;
        }
    }

    async fn sweep(&self) -> Result<(), Fault> {
        self.find_running().await?;
        let limit = self.config.idle_limit;
        for slot in self.known_slots() {
            if slot.take_use() {
                self.note(&slot, state::RUNNING).await?;
            }
            if slot.last_used_if(|seen| seen.is_idle(limit)).is_some() {
                self.stop(&slot, |seen| seen.is_idle(limit)).await?;
            }
        }
        self.remove_what_is_over().await?;
        // What an unconnected one was too fresh for may be possible by now.
        self.gate.ring();
        Ok(())
    }

    /// Compares what runs with what is known of it.
    pub(crate) async fn find_running(&self) -> Result<(), Fault> {
        let before = Instant::now();
        let known = self.known_slots();
        let listed = self.engine.sandboxes_of_server(self.store.id()).await.map_err(Fault::new)?;
        let running = listed.into_iter().filter(|sandbox| sandbox.running && sandbox.is_sandbox);
        let running = running.filter_map(|sandbox| sandbox.ownership.session.parse::<Uuid>().ok());
        let running: HashSet<SessionId> = running.map(SessionId::from).collect();
        for slot in known.iter().filter(|slot| !running.contains(&slot.session)) {
            // Whoever works on it knows better, and so does what was learnt since the question.
            let Ok(_work) = slot.work.try_lock() else { continue };
            if slot.take_if(|seen| seen.is_older_than(before)).is_some() {
                tracing::info!(session = %slot.session, "a sandbox has ended");
                self.note(slot, state::STOPPED).await?;
            }
        }
        let known: HashSet<SessionId> = known.iter().map(|slot| slot.session).collect();
        for session in running {
            let slot = self.slot(session);
            let Ok(_work) = slot.work.try_lock() else { continue };
            if !slot.runs() && (slot.is_older_than(before) || !known.contains(&session)) {
                slot.found(self.unused_for(&slot).await?);
            }
        }
        Ok(())
    }

    /// Stops the longest idle for those who wait.
    async fn make_room(&self) {
        let unused =
            self.known_slots().into_iter().filter_map(|slot| Some((slot.last_used_if(Seen::is_unused)?, slot)));
        let mut unused: Vec<_> = unused.collect();
        unused.sort_by_key(|(last_used, _)| *last_used);
        // One that nobody here is connected to may be used by another process with this store, which tells so as often.
        let told = 2 * self.config.sweep_every;
        for (_, slot) in unused {
            if !self.gate.is_crowded() {
                return;
            }
            let may_go = |seen: &Seen| seen.is_unused() && (!seen.is_unconnected() || seen.is_idle(told));
            if let Err(error) = self.stop(&slot, may_go).await {
                tracing::warn!(session = %slot.session, %error, "a sandbox could not be stopped to make room");
            }
        }
    }

    /// Stops a sandbox, if it is still so and nobody works on it.
    async fn stop(&self, slot: &Slot, is_so: impl FnOnce(&Seen) -> bool) -> Result<(), Fault> {
        let Ok(_work) = slot.work.try_lock() else { return Ok(()) };
        if slot.last_used_if(Seen::is_unconnected).is_some() {
            slot.used_elsewhere(self.unused_for(slot).await?);
        }
        let Some(running) = slot.take_if(is_so) else { return Ok(()) };
        tracing::info!(session = %slot.session, "a sandbox is stopped, as nobody uses it");
        match self.engine.stop(&sandbox_name(slot.session)).await {
            Ok(()) => self.note(slot, state::STOPPED).await,
            Err(error) => {
                slot.put_back(running);
                Err(Fault::new(error))
            }
        }
    }

    /// Removes the sandboxes of deleted sessions and those whose time is up.
    async fn remove_what_is_over(&self) -> Result<(), Fault> {
        let oldest = SystemTime::now().checked_sub(self.config.time_to_live).unwrap_or(UNIX_EPOCH);
        let oldest = oldest.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let rows = self.store.sandboxes_to_remove(i64::try_from(oldest).unwrap_or(i64::MAX)).await;
        let mut first_fault = Ok(());
        for row in rows.map_err(Fault::new)? {
            // One that can't be removed must not keep the others.
            first_fault = first_fault.and(self.remove_if_unused(&row).await);
        }
        first_fault
    }

    async fn remove_if_unused(&self, row: &SandboxRow) -> Result<(), Fault> {
        let slot = self.slot(row.session.into());
        let Ok(_work) = slot.work.try_lock() else { return Ok(()) };
        if slot.is_in_use() {
            return Ok(());
        }
        tracing::info!(session = %slot.session, "a sandbox is removed, as its session or its time is over");
        self.remove_container(&slot).await?;
        let forgotten = match row.is_orphan {
            true => self.store.forget_sandbox(row.session).await,
            // Its session may ask for it, and is to be told that it is gone.
            false => self.store.remember_sandbox(row.session, "", state::REMOVED).await,
        };
        forgotten.map_err(Fault::new)
    }

    async fn note(&self, slot: &Slot, state: &str) -> Result<(), Fault> {
        let name = sandbox_name(slot.session);
        self.store.remember_sandbox(slot.session.into(), &name, state).await.map_err(Fault::new)
    }

    /// For how long nobody has used a sandbox, as far as the store was told.
    async fn unused_for(&self, slot: &Slot) -> Result<Duration, Fault> {
        let row = self.store.sandbox(slot.session.into()).await.map_err(Fault::new)?;
        let last_used = row.and_then(|row| u64::try_from(row.last_used).ok()).map(Duration::from_micros);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Of one that the store knows nothing of, the time begins now.
        Ok(last_used.map_or(Duration::ZERO, |last_used| now.saturating_sub(last_used)))
    }
}

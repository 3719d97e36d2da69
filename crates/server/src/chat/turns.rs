//! The turns that run in this process, by their sessions: for those who cancel one or wait for its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// The running turns.
#[derive(Default)]
pub(crate) struct Turns {
    running: Mutex<HashMap<Uuid, Running>>,
    pub(super) tasks: TaskTracker,
    /// Fires when no turn may begin any more.
    closing: CancellationToken,
    /// Fires when those that run are left as they are stored.
    abandoned: CancellationToken,
}

/// A turn that runs.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) turn: Uuid,
    /// Stops it.
    pub(crate) cancel: CancellationToken,
    /// Fires when it has ended and the session is free.
    pub(crate) over: CancellationToken,
}

/// Says that a turn runs, until it is dropped.
pub(super) struct Entered {
    turns: Arc<Turns>,
    session: Uuid,
    pub(super) running: Running,
}

impl Turns {
    /// A turn begins.
    pub(super) fn enter(self: &Arc<Self>, session: Uuid, turn: Uuid) -> Entered {
        let running = Running { turn, cancel: CancellationToken::new(), over: CancellationToken::new() };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(session, running.clone());
        Entered { turns: Arc::clone(self), session, running }
    }

    /// Whether no turn may begin any more.
    pub(super) fn are_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Waits until running turns are left as they are stored.
    pub(super) async fn abandoned(&self) {
        self.abandoned.cancelled().await;
    }

    /// Lets no turn begin any more, and waits for the end of those that run. After the limit they are left as they are
    /// stored: open, for whoever opens the store next.
    pub(crate) async fn end(&self, limit: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                turns = self.tasks.len(),
                "turns that did not end in time are gone on with at the next start"
            );
            self.abandoned.cancel();
            self.tasks.wait().await;
        }
    }

    /// A session's running turn.
    pub(crate) fn running(&self, session: Uuid) -> Option<Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&session).cloned()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut running = self.turns.running.lock().unwrap_or_else(PoisonError::into_inner);
        // The next one may have begun already.
        if running.get(&self.session).is_some_and(|running| running.turn == self.running.turn) {
            running.remove(&self.session);
        }
        drop(running);
        self.running.over.cancel();
    }
}

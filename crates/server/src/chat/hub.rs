//! Who follows which session, and what they are told. A room is open while somebody listens in it, so that a session
//! that nobody follows costs nothing.
//!
//! What is stored has a number and can be read again; what passes (pieces of a message, news of slow work) is told once
//! to those who keep up. A listener who falls behind misses news here and reads the numbered ones from the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use handspike_api::SessionEvent;
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::{entry::object_of, sse};

/// News that a room holds for a listener who is behind.
const BEHIND: usize = 64;

/// Something that has just happened.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// Its number, or, of what passes, that of the last event before it.
    pub(super) seq: u64,
    pub(super) is_stored: bool,
    /// The event as it goes out, made once for all listeners.
    pub(super) frame: Arc<str>,
}

/// The rooms by their sessions.
#[derive(Default)]
pub(crate) struct Hub {
    rooms: Mutex<HashMap<Uuid, broadcast::Sender<News>>>,
}

impl Hub {
    fn rooms(&self) -> MutexGuard<'_, HashMap<Uuid, broadcast::Sender<News>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, session: Uuid, news: News) {
        let mut rooms = self.rooms();
        if rooms.get(&session).is_some_and(|room| room.send(news).is_err()) {
            // The last listener has left.
            rooms.remove(&session);
        }
    }

    fn has_listeners(&self, session: Uuid) -> bool {
        self.rooms().get(&session).is_some_and(|room| room.receiver_count() > 0)
    }

    /// Listens from now on.
    pub(super) fn listen(&self, session: Uuid) -> broadcast::Receiver<News> {
        self.rooms().entry(session).or_insert_with(|| broadcast::Sender::new(BEHIND)).subscribe()
    }

    /// Sends everybody home: the session is gone.
    pub(crate) fn close(&self, session: Uuid) {
        self.rooms().remove(&session);
    }

    /// Closes the rooms that were left in silence.
    pub(super) fn leave(&self, session: Uuid) {
        let mut rooms = self.rooms();
        if rooms.get(&session).is_some_and(|room| room.receiver_count() == 0) {
            rooms.remove(&session);
        }
    }
}

/// Tells of one turn.
pub(super) struct Teller {
    hub: Arc<Hub>,
    session: Uuid,
    /// The number of the last event that was stored.
    last: AtomicU64,
}

impl Teller {
    pub(super) fn new(hub: Arc<Hub>, session: Uuid) -> Self {
        Self { hub, session, last: AtomicU64::new(0) }
    }

    /// Tells what was stored, the first under this number.
    pub(super) fn stored(&self, first: u64, told: &[SessionEvent]) {
        let Some(last) = (first + told.len() as u64).checked_sub(1) else { return };
        // Those who store beside each other may tell in another order.
        self.last.fetch_max(last, Ordering::SeqCst);
        if self.hub.has_listeners(self.session) {
            for (seq, event) in (first..).zip(told) {
                let frame = sse::named(Some(seq), &Value::Object(object_of(event))).into();
                self.hub.tell(self.session, News { seq, is_stored: true, frame });
            }
        }
    }

    /// Tells what passes.
    pub(super) fn passing(&self, event: impl FnOnce() -> SessionEvent) {
        if self.hub.has_listeners(self.session) {
            let frame = sse::named(None, &Value::Object(object_of(&event()))).into();
            self.hub.tell(self.session, News { seq: self.last.load(Ordering::SeqCst), is_stored: false, frame });
        }
    }
}

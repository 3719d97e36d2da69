//! Who follows which session, and what they are told. A room is open while somebody listens in it, so that a session
//! that nobody follows costs nothing.
//!
//! What is stored has a number and can be read again; what passes (pieces of a message, news of slow work) is told once
//! to those who keep up. A listener who falls behind misses news here and reads the numbered ones from the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

/// News that a room holds for a listener who is behind.
const BEHIND: usize = 64;

/// Something that has just happened.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// Its number, or, of what passes, that of the last event before it.
    pub(crate) seq: u64,
    pub(crate) is_stored: bool,
    /// The event, as clients read it.
    pub(crate) event: Arc<Value>,
}

/// The rooms by their sessions.
#[derive(Default)]
pub(crate) struct Hub {
    rooms: Mutex<HashMap<Uuid, broadcast::Sender<News>>>,
}

impl Hub {
    /// Tells those who listen.
    pub(crate) fn tell(&self, session: Uuid, news: News) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(room) = rooms.get(&session) else { return };
        if room.send(news).is_err() {
            // The last listener has left.
            rooms.remove(&session);
        }
    }

    /// Whether somebody listens.
    pub(crate) fn has_listeners(&self, session: Uuid) -> bool {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.get(&session).is_some_and(|room| room.receiver_count() > 0)
    }

    /// Listens from now on.
    pub(crate) fn listen(&self, session: Uuid) -> broadcast::Receiver<News> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        // Rooms that were left in silence go when somebody enters one.
        rooms.retain(|id, room| *id == session || room.receiver_count() > 0);
        rooms.entry(session).or_insert_with(|| broadcast::Sender::new(BEHIND)).subscribe()
    }
}

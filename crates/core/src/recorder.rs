//! Events are stored, then announced: [`Recorder`] numbers an event, writes it to the journal and hands it
//! to the sinks, in that order, before what it tells of takes effect.

use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use handspike_types::{Event, EventKind, SessionId};
use thiserror::Error;
use tokio::sync::Mutex;

/// Where events are stored.
#[async_trait]
pub trait Journal: Send {
    /// Stores events in their order, and all of them together where it can. It may fill in where a picture is kept.
    async fn write(&mut self, events: &mut [Event]) -> io::Result<()>;
}

/// Something that renders events: a terminal, JSON lines, a report.
#[async_trait]
pub trait EventSink: Send {
    /// Takes the next event. Images name their files, where the journal keeps them in files.
    async fn announce(&mut self, event: &Event) -> io::Result<()>;
}

/// An event could not be stored or shown.
#[derive(Debug, Error)]
#[error("the session's events cannot be written")]
pub struct RecordError(#[from] io::Error);

/// The one way that events take.
pub struct Recorder {
    session: SessionId,
    state: Mutex<State>,
}

struct State {
    next_seq: u64,
    journal: Option<Box<dyn Journal>>,
    sinks: Vec<Box<dyn EventSink>>,
}

impl Recorder {
    /// A recorder of a session that has no events yet.
    #[must_use]
    pub fn new(session: SessionId, journal: Option<Box<dyn Journal>>, sinks: Vec<Box<dyn EventSink>>) -> Self {
        Self::resume(session, 0, journal, sinks)
    }

    /// A recorder of a session whose events before `next_seq` are stored already.
    #[must_use]
    pub fn resume(
        session: SessionId,
        next_seq: u64,
        journal: Option<Box<dyn Journal>>,
        sinks: Vec<Box<dyn EventSink>>,
    ) -> Self {
        Self { session, state: Mutex::new(State { next_seq, journal, sinks }) }
    }

    /// The session whose events these are.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Stores an event, then announces it.
    pub async fn record(&self, kind: EventKind) -> Result<(), RecordError> {
        self.record_all(vec![kind]).await
    }

    /// Stores events that belong together in one go, then announces them in their order.
    pub async fn record_all(&self, kinds: Vec<EventKind>) -> Result<(), RecordError> {
        let mut state = self.state.lock().await;
        let at_ms = now_ms();
        let numbered = |(seq, kind)| Event { seq, at_ms, session: self.session, kind };
        let mut events: Vec<Event> = (state.next_seq..).zip(kinds).map(numbered).collect();
        state.next_seq += events.len() as u64;
        if let Some(journal) = &mut state.journal {
            journal.write(&mut events).await?;
        }
        for event in &events {
            state.announce(event).await?;
        }
        Ok(())
    }

    /// Announces an event that is not stored. It has the number of the last one that was.
    pub async fn announce(&self, kind: EventKind) -> Result<(), RecordError> {
        let mut state = self.state.lock().await;
        let event = Event { seq: state.next_seq.saturating_sub(1), at_ms: now_ms(), session: self.session, kind };
        Ok(state.announce(&event).await?)
    }
}

impl State {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        for sink in &mut self.sinks {
            sink.announce(event).await?;
        }
        Ok(())
    }
}

fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;

//! Events are stored, then announced: [`Recorder`] numbers an event, writes it to the transcript and hands it
//! to the sinks, in that order, before what it tells of takes effect.

use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use handspike_types::{Event, EventKind, SessionId};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::Transcript;

/// Something that renders events: a terminal, JSON lines, a report.
#[async_trait]
pub trait EventSink: Send {
    /// Takes the next event. Images name their files, where there is a transcript.
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
    transcript: Option<Transcript>,
    sinks: Vec<Box<dyn EventSink>>,
}

impl Recorder {
    /// A recorder of a session that has no events yet.
    #[must_use]
    pub fn new(session: SessionId, transcript: Option<Transcript>, sinks: Vec<Box<dyn EventSink>>) -> Self {
        Self { session, state: Mutex::new(State { next_seq: 0, transcript, sinks }) }
    }

    /// The session whose events these are.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Stores an event, then announces it.
    pub async fn record(&self, kind: EventKind) -> Result<(), RecordError> {
        let mut state = self.state.lock().await;
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let at_ms = u64::try_from(at_ms).unwrap_or(u64::MAX);
        let mut event = Event { seq: state.next_seq, at_ms, session: self.session, kind };
        state.next_seq += 1;
        if let Some(transcript) = &mut state.transcript {
            transcript.write(&mut event)?;
        }
        for sink in &mut state.sinks {
            sink.announce(&event).await?;
        }
        Ok(())
    }
}

//! A session: the conversation, and what it takes to continue it. One task owns it; events come out of its
//! recorder, and a cancel token is the way to stop it from outside.

use handspike_types::{EventKind, Message, ModelSettings, Outcome, SessionId};
use tokio_util::sync::CancellationToken;

use crate::{Executor, Fault, Limits, Model, Policy, RecordError, Recorder, SoFar, TurnError};

/// What a session is made of.
pub struct SessionParts {
    /// Continues the conversation.
    pub model: Box<dyn Model>,
    /// Runs the calls.
    pub tools: Box<dyn Executor>,
    /// Says which calls may run.
    pub policy: Box<dyn Policy>,
    /// Stores and announces events.
    pub recorder: Recorder,
    /// Bounds each turn.
    pub limits: Limits,
    /// What the model is told before everything else; empty when nothing.
    pub system_prompt: String,
    /// How the model is to answer.
    pub settings: ModelSettings,
}

/// A conversation with tools.
pub struct Session {
    pub(crate) parts: SessionParts,
    pub(crate) history: Vec<Message>,
    pub(crate) turns: u32,
}

impl Session {
    /// Begins a session.
    pub async fn begin(parts: SessionParts) -> Result<Self, RecordError> {
        let model = parts.model.name().to_owned();
        let system_prompt = parts.system_prompt.clone();
        parts.recorder.record(EventKind::SessionStarted { model, system_prompt }).await?;
        Ok(Self { parts, history: Vec::new(), turns: 0 })
    }

    /// Continues a session after `turns` turns, with what they left behind. The recorder is a resumed one.
    #[must_use]
    pub fn resume(parts: SessionParts, history: Vec<Message>, turns: u32) -> Self {
        Self { parts, history, turns }
    }

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.parts.recorder.session()
    }

    /// The conversation so far.
    #[must_use]
    pub fn history(&self) -> &[Message] {
        &self.history
    }

    /// Runs one turn to its end. `cancel` stops it politely: running calls are told, and answered as cancelled.
    ///
    /// Where the turn before ended with [`Outcome::AwaitsClient`], the input may begin with the results of those calls;
    /// the others are answered as not answered. No input at all asks the model to go on.
    pub async fn run_turn(&mut self, input: Vec<Message>, cancel: &CancellationToken) -> Result<Outcome, TurnError> {
        crate::turn::run(self, input, cancel).await
    }

    /// Goes on with a turn that an earlier runtime left open, as the last one that [`resume`](Self::resume) was told of. Its
    /// calls have their answers in the history.
    pub async fn go_on(&mut self, so_far: SoFar, cancel: &CancellationToken) -> Result<Outcome, TurnError> {
        crate::turn::run_from(self, so_far, Vec::new(), cancel).await
    }

    /// Ends the session and gives back what its tools hold.
    pub async fn end(self) -> Result<(), Fault> {
        self.parts.tools.close().await
    }
}

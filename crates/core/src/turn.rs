//! The loop: `run` calls `step` until the turn is done.
//!
//! A step asks the model, stores what it said, and runs the calls that it asked for; those that belong to the client
//! end the turn. Everything that ends a turn is an [`Outcome`]. An error is only input that begins none, or a record
//! that can't be written, for then nothing may go on.

use std::{mem, time::Duration};

use handspike_types::{
    EventKind, FinishReason, Limit, Message, ModelSettings, Outcome, ToolCall, ToolChoice, Usage, with_causes,
};
use thiserror::Error;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    InputError, ModelDelta, ModelError, ModelReply, ModelRequest, RecordError, Session, SessionParts,
    calls::{self, CallsEnd},
    history,
};

/// Pieces of an answer that may wait for the sinks before the model's client does.
const DELTAS: usize = 64;

/// Why a turn did not come to its end.
#[derive(Debug, Error)]
pub enum TurnError {
    /// The input does not fit the conversation; the turn was not begun.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Something could not be stored or announced. What the session holds may be ahead of its record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// What an open turn has used up before this runtime goes on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Steps that were taken.
    pub steps: u32,
    /// Tokens of all of them.
    pub usage: Usage,
    /// Time that counts against the turn's.
    pub time: Duration,
}

/// A turn under way.
pub(crate) struct Turn<'a> {
    pub(crate) number: u32,
    pub(crate) step: u32,
    pub(crate) deadline: Instant,
    pub(crate) cancel: &'a CancellationToken,
    settings: ModelSettings,
    started: Instant,
    usage: Usage,
    /// Events that are stored together with those that follow at once.
    unwritten: Vec<EventKind>,
}

enum StepEnd {
    Continue,
    Finished(Outcome),
}

/// Runs a turn from its input to its outcome.
#[tracing::instrument(name = "turn", skip_all, fields(session = %session.id(), turn = session.turns + 1))]
pub(crate) async fn run(
    session: &mut Session,
    input: Vec<Message>,
    cancel: &CancellationToken,
) -> Result<Outcome, TurnError> {
    history::accept(&mut session.history, input.clone())?;
    session.turns += 1;
    let begun = EventKind::TurnStarted { turn: session.turns, input };
    run_from(session, SoFar::default(), vec![begun], cancel).await
}

/// Runs a turn to its outcome, from its beginning or from where an earlier runtime left it.
pub(crate) async fn run_from(
    session: &mut Session,
    so_far: SoFar,
    unwritten: Vec<EventKind>,
    cancel: &CancellationToken,
) -> Result<Outcome, TurnError> {
    let mut turn = Turn::begin(&session.parts, session.turns, so_far, unwritten, cancel);
    let outcome = loop {
        match step(session, &mut turn).await? {
            StepEnd::Continue => {}
            StepEnd::Finished(outcome) => break outcome,
        }
    };
    turn.unwritten.push(turn.finished(outcome.clone()));
    turn.write(session).await?;
    Ok(outcome)
}

/// Runs calls of an open turn's last step that an earlier runtime has certainly not run, before the turn is gone on with.
/// Says how the turn ends, where it ends by that; it is for the caller to record.
pub async fn run_left(
    parts: &SessionParts,
    calls: Vec<ToolCall>,
    so_far: SoFar,
    cancel: &CancellationToken,
) -> Result<Option<Outcome>, RecordError> {
    let turn = Turn::begin(parts, 0, so_far, Vec::new(), cancel);
    match calls::run(parts, &turn, calls).await? {
        (_, CallsEnd::Answered) => Ok(None),
        (_, CallsEnd::Faulted(fault)) => Ok(Some(Outcome::Faulted { error: with_causes(&fault) })),
    }
}

#[tracing::instrument(skip_all, fields(step = turn.step + 1))]
async fn step(session: &mut Session, turn: &mut Turn<'_>) -> Result<StepEnd, RecordError> {
    if let Some(outcome) = used_up(session, turn) {
        return Ok(StepEnd::Finished(outcome));
    }
    turn.step += 1;
    turn.unwritten.push(EventKind::StepStarted { turn: turn.number, step: turn.step });
    turn.write(session).await?;

    let asked = Instant::now();
    let reply = match ask(session, turn).await? {
        Ok(reply) => reply,
        Err(outcome) => return Ok(StepEnd::Finished(outcome)),
    };
    turn.usage += reply.usage;
    turn.unwritten.push(turn.answered(&reply, asked.elapsed()));
    session.history.push(history::said(reply.text.clone(), reply.tool_calls.clone(), reply.finish_reason));
    if let Some(outcome) = last_word(&reply) {
        return Ok(StepEnd::Finished(outcome));
    }
    turn.write(session).await?;
    turn.call_was_forced();

    let tools = &session.parts.tools;
    let (clients, ours): (Vec<_>, Vec<_>) =
        reply.tool_calls.into_iter().partition(|call| tools.belongs_to_client(call));
    let (results, end) = calls::run(&session.parts, turn, ours).await?;
    if !results.is_empty() {
        session.history.push(Message::Tools { results });
    }
    Ok(match end {
        CallsEnd::Faulted(fault) => StepEnd::Finished(Outcome::Faulted { error: with_causes(&fault) }),
        CallsEnd::Answered if clients.is_empty() => StepEnd::Continue,
        CallsEnd::Answered if turn.cancel.is_cancelled() => StepEnd::Finished(Outcome::Cancelled),
        CallsEnd::Answered => {
            let pending = clients.into_iter().map(|call| call.id).collect();
            StepEnd::Finished(Outcome::AwaitsClient { pending })
        }
    })
}

/// The outcome where the turn may not take another step.
fn used_up(session: &Session, turn: &Turn<'_>) -> Option<Outcome> {
    let limits = &session.parts.limits;
    let reached = |which: Limit, limit: String| Some(Outcome::LimitReached { which, limit });
    if turn.cancel.is_cancelled() {
        Some(Outcome::Cancelled)
    } else if turn.step >= limits.steps {
        reached(Limit::Steps, format!("{} steps", limits.steps))
    } else if Instant::now() >= turn.deadline {
        Some(out_of_time(limits.wall_time))
    } else {
        let tokens = limits.tokens.filter(|tokens| turn.usage.total() >= *tokens)?;
        reached(Limit::Tokens, format!("{tokens} tokens"))
    }
}

fn out_of_time(limit: Duration) -> Outcome {
    Outcome::LimitReached { which: Limit::WallTime, limit: format!("{} s of wall time", limit.as_secs_f64()) }
}

/// Asks the model, and announces what it writes while it does.
async fn ask(session: &Session, turn: &Turn<'_>) -> Result<Result<ModelReply, Outcome>, RecordError> {
    let parts = &session.parts;
    let (system_prompt, messages, tools) = (&parts.system_prompt, &session.history, parts.tools.specs());
    let request = ModelRequest { system_prompt, messages, tools: &tools, settings: &turn.settings };
    let (sender, mut deltas) = mpsc::channel(DELTAS);
    let mut answer = parts.model.answer(request, &sender);
    let answered = loop {
        tokio::select! {
            biased;
            () = turn.cancel.cancelled() => return Ok(Err(Outcome::Cancelled)),
            () = tokio::time::sleep_until(turn.deadline) => return Ok(Err(out_of_time(parts.limits.wall_time))),
            Some(delta) = deltas.recv() => turn.announce(session, delta).await?,
            answered = &mut answer => break answered,
        }
    };
    while let Ok(delta) = deltas.try_recv() {
        turn.announce(session, delta).await?;
    }
    Ok(answered.map_err(|error| match error {
        ModelError::ExpectationFailed(error) => Outcome::ExpectationFailed { error },
        error => Outcome::ModelFailed { error: with_causes(&error) },
    }))
}

/// The outcome of an answer after which no calls are run.
fn last_word(reply: &ModelReply) -> Option<Outcome> {
    match reply.finish_reason {
        // The last call may be cut in the middle, and a cut call never runs.
        FinishReason::Length => {
            let (which, limit) = (Limit::Output, "the model's output limit".to_owned());
            Some(Outcome::LimitReached { which, limit })
        }
        FinishReason::ContentFilter => {
            Some(Outcome::ModelFailed { error: "the provider withheld the model's answer".to_owned() })
        }
        // Some servers say `stop` with calls and some the reverse: the calls decide.
        FinishReason::Stop | FinishReason::ToolCalls => {
            reply.tool_calls.is_empty().then(|| Outcome::Done { text: reply.text.clone() })
        }
    }
}

impl<'a> Turn<'a> {
    fn begin(
        parts: &SessionParts,
        number: u32,
        so_far: SoFar,
        unwritten: Vec<EventKind>,
        cancel: &'a CancellationToken,
    ) -> Self {
        let started = Instant::now();
        let deadline = started + parts.limits.wall_time.saturating_sub(so_far.time);
        let settings = parts.settings.clone();
        let mut turn =
            Self { number, step: so_far.steps, deadline, cancel, settings, started, usage: so_far.usage, unwritten };
        if so_far.steps > 0 {
            turn.call_was_forced();
        }
        turn
    }

    /// Stores and announces what has happened.
    async fn write(&mut self, session: &Session) -> Result<(), RecordError> {
        session.parts.recorder.record_all(mem::take(&mut self.unwritten)).await
    }

    async fn announce(&self, session: &Session, delta: ModelDelta) -> Result<(), RecordError> {
        let ModelDelta { choice, text, tool_call } = delta;
        let event = EventKind::MessageDelta { turn: self.number, step: self.step, choice, text, tool_call };
        session.parts.recorder.announce(event).await
    }

    /// Were a call forced in every step, the turn could never come to its end.
    fn call_was_forced(&mut self) {
        if let Some(ToolChoice::Function { .. } | ToolChoice::Required) = self.settings.tool_choice {
            self.settings.tool_choice = None;
        }
    }

    fn answered(&self, reply: &ModelReply, took: Duration) -> EventKind {
        let ModelReply { text, tool_calls, finish_reason, usage, logprobs, alternatives, warnings } = reply.clone();
        EventKind::ModelAnswered {
            turn: self.number,
            step: self.step,
            text,
            tool_calls,
            finish_reason,
            usage,
            duration_ms: millis(took),
            logprobs,
            alternatives,
            warnings,
        }
    }

    fn finished(&self, outcome: Outcome) -> EventKind {
        let duration_ms = millis(self.started.elapsed());
        EventKind::TurnFinished { turn: self.number, outcome, steps: self.step, usage: self.usage, duration_ms }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;

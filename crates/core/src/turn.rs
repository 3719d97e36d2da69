//! The loop: `run` calls `step` until the turn is done.
//!
//! A step asks the model, stores what it said, and runs the calls that it asked for. Everything that ends a turn
//! is an [`Outcome`]; only a record that can't be written is an error, for then nothing may go on.

use std::time::Duration;

use handspike_types::{EventKind, FinishReason, Message, Outcome, Usage, with_causes};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    ModelDelta, ModelError, ModelReply, ModelRequest, RecordError, Session,
    calls::{self, CallsEnd},
};

/// Pieces of an answer that may wait for the sinks before the model's client does.
const DELTAS: usize = 64;

/// A turn under way.
pub(crate) struct Turn<'a> {
    pub(crate) number: u32,
    pub(crate) step: u32,
    pub(crate) deadline: Instant,
    pub(crate) cancel: &'a CancellationToken,
    started: Instant,
    usage: Usage,
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
) -> Result<Outcome, RecordError> {
    session.turns += 1;
    let started = Instant::now();
    let deadline = started + session.parts.limits.wall_time;
    let mut turn = Turn { number: session.turns, step: 0, deadline, cancel, started, usage: Usage::default() };
    session.record(EventKind::TurnStarted { turn: turn.number, input: input.clone() }).await?;
    session.history.extend(input);

    let outcome = loop {
        match step(session, &mut turn).await? {
            StepEnd::Continue => {}
            StepEnd::Finished(outcome) => break outcome,
        }
    };

    let Turn { number, step: steps, usage, .. } = turn;
    let duration_ms = millis(turn.started.elapsed());
    let event = EventKind::TurnFinished { turn: number, outcome: outcome.clone(), steps, usage, duration_ms };
    session.record(event).await?;
    Ok(outcome)
}

#[tracing::instrument(skip_all, fields(step = turn.step + 1))]
async fn step(session: &mut Session, turn: &mut Turn<'_>) -> Result<StepEnd, RecordError> {
    if let Some(outcome) = used_up(session, turn) {
        return Ok(StepEnd::Finished(outcome));
    }
    turn.step += 1;
    session.record(EventKind::StepStarted { turn: turn.number, step: turn.step }).await?;

    let asked = Instant::now();
    let reply = match ask(session, turn).await? {
        Ok(reply) => reply,
        Err(outcome) => return Ok(StepEnd::Finished(outcome)),
    };
    turn.usage += reply.usage;
    session
        .record(EventKind::ModelAnswered {
            turn: turn.number,
            step: turn.step,
            text: reply.text.clone(),
            tool_calls: reply.tool_calls.clone(),
            finish_reason: reply.finish_reason,
            usage: reply.usage,
            duration_ms: millis(asked.elapsed()),
            logprobs: reply.logprobs.clone(),
            alternatives: reply.alternatives.clone(),
            warnings: reply.warnings.clone(),
        })
        .await?;

    if let Some(outcome) = last_word(&reply) {
        // Calls of a cut answer stay out of the history: they were never run, so nothing can answer them.
        session.history.push(Message::assistant(reply.text, Vec::new()));
        return Ok(StepEnd::Finished(outcome));
    }
    session.history.push(Message::assistant(reply.text, reply.tool_calls.clone()));

    let (results, end) = calls::run(&session.parts, turn, reply.tool_calls).await?;
    session.history.push(Message::Tools { results });
    Ok(match end {
        CallsEnd::Answered => StepEnd::Continue,
        CallsEnd::Faulted(fault) => StepEnd::Finished(Outcome::Faulted { error: with_causes(&fault) }),
    })
}

/// The outcome where the turn may not take another step.
fn used_up(session: &Session, turn: &Turn<'_>) -> Option<Outcome> {
    let limits = &session.parts.limits;
    let reached = |limit: String| Some(Outcome::LimitReached { limit });
    if turn.cancel.is_cancelled() {
        Some(Outcome::Cancelled)
    } else if turn.step >= limits.steps {
        reached(format!("{} steps", limits.steps))
    } else if Instant::now() >= turn.deadline {
        reached(format!("{} s of wall time", limits.wall_time.as_secs_f64()))
    } else {
        let tokens = limits.tokens.filter(|tokens| turn.usage.total() >= *tokens)?;
        reached(format!("{tokens} tokens"))
    }
}

/// Asks the model, and announces what it writes while it does.
async fn ask(session: &Session, turn: &Turn<'_>) -> Result<Result<ModelReply, Outcome>, RecordError> {
    let parts = &session.parts;
    let (system_prompt, messages, tools) = (&parts.system_prompt, &session.history, parts.tools.specs());
    let request = ModelRequest { system_prompt, messages, tools: &tools, settings: &parts.settings };
    let (sender, mut deltas) = mpsc::channel(DELTAS);
    let mut answer = parts.model.answer(request, &sender);
    let answered = loop {
        tokio::select! {
            biased;
            () = turn.cancel.cancelled() => return Ok(Err(Outcome::Cancelled)),
            () = tokio::time::sleep_until(turn.deadline) => {
                let seconds = parts.limits.wall_time.as_secs_f64();
                return Ok(Err(Outcome::LimitReached { limit: format!("{seconds} s of wall time") }));
            }
            Some(delta) = deltas.recv() => session.announce(turn, delta).await?,
            answered = &mut answer => break answered,
        }
    };
    while let Ok(delta) = deltas.try_recv() {
        session.announce(turn, delta).await?;
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
        FinishReason::Length => Some(Outcome::LimitReached { limit: "the model's output limit".to_owned() }),
        FinishReason::ContentFilter => {
            Some(Outcome::ModelFailed { error: "the provider withheld the model's answer".to_owned() })
        }
        // Some servers say `stop` with calls and some the reverse: the calls decide.
        FinishReason::Stop | FinishReason::ToolCalls => {
            reply.tool_calls.is_empty().then(|| Outcome::Done { text: reply.text.clone() })
        }
    }
}

impl Session {
    async fn record(&self, kind: EventKind) -> Result<(), RecordError> {
        self.parts.recorder.record(kind).await
    }

    async fn announce(&self, turn: &Turn<'_>, delta: ModelDelta) -> Result<(), RecordError> {
        let ModelDelta { choice, text, tool_call } = delta;
        let event = EventKind::MessageDelta { turn: turn.number, step: turn.step, choice, text, tool_call };
        self.parts.recorder.announce(event).await
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;

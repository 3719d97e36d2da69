//! What keeps a conversation well-formed: each call is answered once, directly after the message that asks for it, in
//! the order of the calls. Providers refuse anything else.
//!
//! [`accept`] adds a turn's input, in which a client may answer calls that it ran itself. [`replay`] rebuilds a
//! conversation from stored events, also where the runtime ended in the middle of a turn.

use std::collections::HashSet;

use handspike_types::{EventKind, FinishReason, Message, ToolCall, ToolOutput, ToolResult, quoted};
use thiserror::Error;

/// Input that does not fit the conversation. Nothing was stored of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InputError {
    /// It answers a call that nobody made, or that is not the last message's.
    #[error(
        "no call {} awaits an answer\nhint: answer calls directly after the message that asks for them, by their ids",
        quoted(.call_id)
    )]
    UnknownCall {
        /// The id that it names.
        call_id: String,
    },
    /// It answers a call that has its answer.
    #[error("call {} is answered already", quoted(.call_id))]
    AnsweredTwice {
        /// The call's id.
        call_id: String,
    },
}

/// Adds a turn's input. Results join those of the step that they belong to; calls that nobody has answered by then are
/// answered as such. Input that does not fit changes nothing.
pub(crate) fn accept(history: &mut Vec<Message>, input: Vec<Message>) -> Result<(), InputError> {
    // A step is an assistant's message and its results: only these two can be added to.
    let kept = history.len().saturating_sub(2);
    let mut tail = history[kept..].to_vec();
    let unanswered = |_: &ToolCall| ToolOutput::error("not answered by the client");
    for message in input {
        match message {
            Message::Tools { results } => results.into_iter().try_for_each(|result| answer(&mut tail, result))?,
            Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => {
                close(&mut tail, unanswered);
                tail.push(message);
            }
        }
    }
    close(&mut tail, unanswered);
    history.truncate(kept);
    history.append(&mut tail);
    Ok(())
}

/// What the model said, for the conversation. Calls of a cut answer stay out of it: they are never run, so nothing
/// can answer them.
pub(crate) fn said(text: String, tool_calls: Vec<ToolCall>, finish_reason: FinishReason) -> Message {
    match finish_reason {
        FinishReason::Length | FinishReason::ContentFilter => Message::assistant(text, Vec::new()),
        FinishReason::Stop | FinishReason::ToolCalls => Message::assistant(text, tool_calls),
    }
}

/// The conversation after stored events, which begin where `history` ends: the events of a session, or of one turn.
///
/// A turn that never finished, because the runtime ended, leaves a conversation that can be continued: its calls are
/// answered to the model as interrupted or never run. No call is run again by itself. Pictures must be in the events.
pub fn replay(
    mut history: Vec<Message>,
    events: impl IntoIterator<Item = EventKind>,
) -> Result<Vec<Message>, InputError> {
    let mut started = HashSet::new();
    let mut is_under_way = false;
    for event in events {
        match event {
            EventKind::TurnStarted { input, .. } => {
                if is_under_way {
                    interrupt(&mut history, &started);
                }
                accept(&mut history, input)?;
                is_under_way = true;
            }
            EventKind::ModelAnswered { text, tool_calls, finish_reason, .. } => {
                started.clear();
                history.push(said(text, tool_calls, finish_reason));
            }
            EventKind::CallStarted { call, .. } => {
                started.insert(call.id);
            }
            EventKind::CallFinished { call_id, name, output, .. } => {
                answer(&mut history, ToolResult { call_id, name, output, toolset: None })?;
            }
            EventKind::TurnFinished { .. } => is_under_way = false,
            EventKind::SessionStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::MessageDelta { .. }
            | EventKind::Progress { .. } => {}
        }
    }
    if is_under_way {
        interrupt(&mut history, &started);
    }
    Ok(history)
}

/// Answers the calls that the runtime's end left without a result.
fn interrupt(history: &mut Vec<Message>, started: &HashSet<String>) {
    close(history, |call| interrupted(started.contains(&call.id)));
}

/// What the model is told of a call that the runtime's end left without a result.
#[must_use]
pub fn interrupted(was_started: bool) -> ToolOutput {
    ToolOutput::error(match was_started {
        true => "interrupted: the runtime stopped during this call; it may have had effects and was not run again",
        false => "not run: the runtime stopped before this call",
    })
}

/// The calls that the conversation ends with, and the results that they have so far; nothing where something else was
/// said after them.
fn last_step(history: &[Message]) -> (&[ToolCall], &[ToolResult]) {
    match history {
        [.., Message::Assistant { tool_calls, .. }] => (tool_calls, &[]),
        [.., Message::Assistant { tool_calls, .. }, Message::Tools { results }] => (tool_calls, results),
        _ => (&[], &[]),
    }
}

/// Puts a result to those of its step.
fn answer(history: &mut Vec<Message>, mut result: ToolResult) -> Result<(), InputError> {
    let (calls, results) = last_step(history);
    let call_id = result.call_id.clone();
    let Some(call) = calls.iter().find(|call| call.id == call_id) else {
        return Err(InputError::UnknownCall { call_id });
    };
    if results.iter().any(|known| known.call_id == call_id) {
        return Err(InputError::AnsweredTwice { call_id });
    }
    // A client that answers by the id alone need not know these.
    result.name.clone_from(&call.name);
    result.toolset.clone_from(&call.toolset);
    join(history, vec![result]);
    Ok(())
}

/// Answers the calls of the last step that have no result yet.
fn close(history: &mut Vec<Message>, words: impl Fn(&ToolCall) -> ToolOutput) {
    let (calls, results) = last_step(history);
    let is_unanswered = |call: &&ToolCall| results.iter().all(|result| result.call_id != call.id);
    let missing = calls.iter().filter(is_unanswered).map(|call| ToolResult {
        call_id: call.id.clone(),
        name: call.name.clone(),
        output: words(call),
        toolset: call.toolset.clone(),
    });
    let missing: Vec<ToolResult> = missing.collect();
    join(history, missing);
}

/// Adds results of the last step, so that all stand in the order of its calls.
fn join(history: &mut Vec<Message>, more: Vec<ToolResult>) {
    if more.is_empty() {
        return;
    }
    if let Some(Message::Assistant { .. }) = history.last() {
        history.push(Message::Tools { results: Vec::new() });
    }
    if let [.., Message::Assistant { tool_calls, .. }, Message::Tools { results }] = &mut history[..] {
        results.extend(more);
        results.sort_by_key(|result| tool_calls.iter().position(|call| call.id == result.call_id));
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;

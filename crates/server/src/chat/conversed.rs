//! Entries of a history as the conversation that a model continues: well-formed, whatever became of the turns that they
//! are from.

use std::collections::HashSet;

use handspike_api::EntrySource;
use handspike_core::replay;
use handspike_types::{EventKind, FinishReason, Message, Outcome, Usage};
use uuid::Uuid;

use super::{entry::Said, messages::Reader};
use crate::error::ApiError;

/// A conversation, and the reader of what comes next in it.
#[derive(Default)]
pub(super) struct Conversation {
    pub(super) messages: Vec<Message>,
    pub(super) reader: Reader,
}

/// Entries, with their turns, as a conversation that begins with something else.
pub(super) fn conversed(before: Vec<Message>, entries: &[(Option<Uuid>, Said)]) -> Result<Conversation, ApiError> {
    let mut reader = Reader::default();
    let (mut events, mut input, mut last_turn) = (Vec::new(), before, None);
    for (turn, said) in entries {
        if last_turn.is_some_and(|last| last != *turn) {
            end_turn(&mut events, &mut input);
        }
        last_turn = Some(*turn);
        let open: HashSet<String> = reader.open().iter().cloned().collect();
        match said.source {
            EntrySource::ToolRequest | EntrySource::ApiResponse if said.body.choice > 0 => {}
            EntrySource::ToolRequest | EntrySource::ApiResponse => {
                begin_turn(&mut events, &mut input);
                events.extend(reader.read(said).into_iter().filter_map(answered));
            }
            EntrySource::ToolResponse => {
                begin_turn(&mut events, &mut input);
                events.extend(reader.read(said).into_iter().flat_map(|message| finished(message, &open)));
            }
            EntrySource::ApiRequest | EntrySource::Internal | EntrySource::Summarizer | EntrySource::Meta => {
                input.extend(reader.read(said).into_iter().filter_map(|message| with_known_results(message, &open)));
            }
        }
    }
    end_turn(&mut events, &mut input);
    let messages = replay(Vec::new(), events).map_err(|error| {
        tracing::error!(%error, "the history is not well-formed");
        ApiError::internal()
    })?;
    Ok(Conversation { messages, reader })
}

/// What was posted begins a turn.
fn begin_turn(events: &mut Vec<EventKind>, input: &mut Vec<Message>) {
    if !input.is_empty() {
        events.push(EventKind::TurnStarted { turn: 0, input: std::mem::take(input) });
    }
}

/// Whatever is stored of a turn before the last one is all that there will be of it.
fn end_turn(events: &mut Vec<EventKind>, input: &mut Vec<Message>) {
    begin_turn(events, input);
    let (outcome, usage) = (Outcome::Cancelled, Usage::default());
    events.push(EventKind::TurnFinished { turn: 0, outcome, steps: 0, usage, duration_ms: 0 });
}

fn answered(message: Message) -> Option<EventKind> {
    let Message::Assistant { text, tool_calls, .. } = message else { return None };
    Some(EventKind::ModelAnswered {
        turn: 0,
        step: 0,
        text,
        tool_calls,
        finish_reason: FinishReason::Stop,
        usage: Usage::default(),
        duration_ms: 0,
        logprobs: None,
        alternatives: Vec::new(),
        warnings: Vec::new(),
    })
}

fn finished(message: Message, open: &HashSet<String>) -> Vec<EventKind> {
    let Some(Message::Tools { results }) = with_known_results(message, open) else { return Vec::new() };
    let finished = results.into_iter().map(|result| EventKind::CallFinished {
        turn: 0,
        step: 0,
        call_id: result.call_id,
        name: result.name,
        output: result.output,
        duration_ms: 0,
    });
    finished.collect()
}

/// A history that was cleared in the middle may hold answers to calls that it does not hold: they are left out.
fn with_known_results(message: Message, open: &HashSet<String>) -> Option<Message> {
    match message {
        Message::Tools { mut results } => {
            results.retain(|result| open.contains(&result.call_id));
            Some(Message::Tools { results }).filter(|message| !message_is_empty(message))
        }
        message => Some(message),
    }
}

fn message_is_empty(message: &Message) -> bool {
    match message {
        Message::Tools { results } => results.is_empty(),
        Message::Assistant { text, tool_calls, .. } => text.is_empty() && tool_calls.is_empty(),
        Message::System { .. } | Message::User { .. } => false,
    }
}

/// Leaves calls and their answers out, but for those at the end that await their answers.
pub(super) fn forget_tools(conversation: &mut Conversation) {
    let kept = if conversation.reader.open().is_empty() {
        conversation.messages.len()
    } else {
        conversation
            .messages
            .iter()
            .rposition(|message| matches!(message, Message::Assistant { .. }))
            .unwrap_or_default()
    };
    let last = conversation.messages.split_off(kept);
    conversation.messages.retain_mut(|message| {
        match message {
            Message::Tools { results } => results.clear(),
            Message::Assistant { tool_calls, .. } => tool_calls.clear(),
            Message::System { .. } | Message::User { .. } => {}
        }
        !message_is_empty(message)
    });
    conversation.messages.extend(last);
}

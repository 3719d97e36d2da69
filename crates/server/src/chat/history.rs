//! A session's history as the conversation that a model continues.

use std::collections::HashSet;

use handspike_api::EntrySource;
use handspike_core::replay;
use handspike_store::{HistoryPage, PAGE_LIMIT, Window};
use handspike_types::{EventKind, FinishReason, Message, Outcome, Usage};
use uuid::Uuid;

use super::{entry::Said, messages::Reader, plan::Plan};
use crate::{error::ApiError, server::Server};

/// The entries that are part of prompts.
const SAID: [&str; 5] = ["api_request", "tool_request", "tool_response", "api_response", "summarizer"];

/// A conversation, and the reader of what comes next in it.
#[derive(Default)]
pub(super) struct Conversation {
    pub(super) messages: Vec<Message>,
    pub(super) reader: Reader,
}

impl Server {
    /// The conversation before a turn.
    pub(super) async fn conversation(&self, session: Uuid, plan: &Plan) -> Result<Conversation, ApiError> {
        let sources = SAID.map(str::to_owned).to_vec();
        let mut page = HistoryPage { sources, ..HistoryPage::first(PAGE_LIMIT) };
        let mut entries = Vec::new();
        loop {
            let read = self.store.entries(session, &page).await?;
            let is_last = read.len() < PAGE_LIMIT as usize;
            for entry in read {
                page.window = Window::After(entry.seq);
                let turn = entry.turn;
                let said = Said::of_entry(&self.store, entry).await.map_err(|error| {
                    tracing::error!(%error, "the history can't be read");
                    ApiError::internal()
                })?;
                entries.push((turn, said));
            }
            if is_last {
                break;
            }
        }
        let mut conversation = conversed(&entries)?;
        if !plan.recall_tools {
            forget_tools(&mut conversation);
        }
        Ok(conversation)
    }
}

/// Entries as a conversation that is well-formed.
fn conversed(entries: &[(Option<Uuid>, Said)]) -> Result<Conversation, ApiError> {
    let mut reader = Reader::default();
    let (mut events, mut input, mut last_turn) = (Vec::new(), Vec::new(), None);
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
fn forget_tools(conversation: &mut Conversation) {
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

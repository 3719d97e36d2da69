//! Who is told of a turn while it runs: the followers of its session, and the client that its answer is streamed to.

use std::{collections::HashSet, io, sync::Arc};

use async_trait::async_trait;
use handspike_api::{CallDelta, Content, Delta, FunctionDelta, Role, SessionEvent};
use handspike_core::EventSink;
use handspike_types::{Choice, Event, EventKind, ToolCall, ToolCallDelta};
use uuid::Uuid;

use super::{chunks::Chunks, entry::EntryBody, hub::Teller, messages, tools::Kinds};

/// Tells followers what passes; what is stored they are told by the journal.
pub(super) struct Followers {
    pub(super) teller: Arc<Teller>,
    pub(super) kinds: Arc<Kinds>,
    pub(super) turn: Uuid,
}

#[async_trait]
impl EventSink for Followers {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        let turn = self.turn;
        match &event.kind {
            EventKind::MessageDelta { choice, text, tool_call, .. } => self.teller.passing(|| {
                let delta = delta(text, tool_call.as_ref(), 0, &self.kinds);
                SessionEvent::MessageDelta { turn, choice: *choice, delta }
            }),
            EventKind::Progress { text } => {
                self.teller.passing(|| SessionEvent::CallProgress { turn, text: text.clone() });
            }
            EventKind::SessionStarted { .. }
            | EventKind::TurnStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::ModelAnswered { .. }
            | EventKind::CallStarted { .. }
            | EventKind::CallFinished { .. }
            | EventKind::TurnFinished { .. } => {}
        }
        Ok(())
    }
}

/// Writes a streamed answer.
pub(super) struct Streamed {
    chunks: Arc<Chunks>,
    kinds: Arc<Kinds>,
    /// The answers of this step of whose text pieces came.
    texts: HashSet<u32>,
    /// The answers of this step of whose calls pieces came.
    called: HashSet<u32>,
    /// Calls of the steps before: in the stream they count on.
    calls: u32,
}

impl Streamed {
    pub(super) fn new(chunks: Arc<Chunks>, kinds: Arc<Kinds>) -> Self {
        Self { chunks, kinds, texts: HashSet::new(), called: HashSet::new(), calls: 0 }
    }

    /// What of an answer did not come in pieces.
    fn rest(&self, choice: u32, text: &str, calls: &[ToolCall]) {
        if !text.is_empty() && !self.texts.contains(&choice) {
            self.chunks.push(choice, delta(text, None, 0, &self.kinds));
        }
        if self.called.contains(&choice) {
            return;
        }
        for (index, call) in (0..).zip(calls) {
            let arguments = match &call.arguments {
                serde_json::Value::String(raw) => raw.clone(),
                arguments => arguments.to_string(),
            };
            let (id, name) = (Some(call.id.clone()), Some(call.name.clone()));
            let call = ToolCallDelta { index, id, name, arguments };
            self.chunks.push(choice, delta("", Some(&call), self.calls, &self.kinds));
        }
    }
}

#[async_trait]
impl EventSink for Streamed {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::MessageDelta { choice, text, tool_call, .. } => {
                if !text.is_empty() {
                    self.texts.insert(*choice);
                }
                if tool_call.is_some() {
                    self.called.insert(*choice);
                }
                self.chunks.push(*choice, delta(text, tool_call.as_ref(), self.calls, &self.kinds));
            }
            EventKind::ModelAnswered { text, tool_calls, alternatives, .. } => {
                self.rest(0, text, tool_calls);
                for (place, Choice { text, tool_calls, .. }) in (1..).zip(alternatives) {
                    self.rest(place, text, tool_calls);
                }
                self.texts.clear();
                self.called.clear();
                self.calls += u32::try_from(tool_calls.len()).unwrap_or(u32::MAX);
            }
            EventKind::CallFinished { call_id, name, output, .. } => {
                let EntryBody { content, name, tool_call_id, .. } = messages::result(call_id, name, output);
                self.chunks.push(0, Delta { role: Role::Tool, content, name, tool_call_id, tool_calls: None });
            }
            EventKind::SessionStarted { .. }
            | EventKind::TurnStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::CallStarted { .. }
            | EventKind::Progress { .. }
            | EventKind::TurnFinished { .. } => {}
        }
        Ok(())
    }
}

/// A piece in the words of the API. Calls count from `first`.
fn delta(text: &str, call: Option<&ToolCallDelta>, first: u32, kinds: &Kinds) -> Delta {
    let tool_calls = call.map(|call| {
        let arguments = Some(call.arguments.clone()).filter(|text| !text.is_empty());
        vec![CallDelta {
            index: first.saturating_add(call.index),
            id: call.id.clone(),
            kind: call.name.as_deref().map(|name| kinds.of_tool(name)),
            function: FunctionDelta { name: call.name.clone(), arguments },
        }]
    });
    let content = Some(Content::Text(text.to_owned())).filter(|_| !text.is_empty());
    Delta { role: Role::Assistant, content, name: None, tool_call_id: None, tool_calls }
}

//! An answer that comes in chunks: put together, and passed on as it comes.
//!
//! Servers differ most here. Calls are pieces that belong together by an index, which some leave out and some give as 0
//! for all; the chunk with the usage, the final `[DONE]` and sometimes even the finish reason are missing. An answer counts
//! as whole when all of its choices say why they ended, or at `[DONE]`; anything else was cut, and nothing of it is used.

use std::collections::BTreeMap;

use handspike_core::{ModelDelta, ModelError, ModelReply};
use handspike_types::{Choice, ToolCall, ToolCallDelta, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::response::{Asked, ChatUsage, Content, error_in, finish_reason, malformed, read_arguments, reply_of};

const DONE: &[u8] = b"[DONE]";

/// More than any model gives; a server could send them without end.
const MOST_CHOICES: usize = 128;
const MOST_CALLS: usize = 1024;

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<ChunkChoice>>,
    usage: Option<ChatUsage>,
}

#[derive(Deserialize)]
struct ChunkChoice {
    index: Option<u32>,
    delta: Option<Delta>,
    finish_reason: Option<String>,
    logprobs: Option<Value>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Deserialize)]
struct CallPiece {
    index: Option<u32>,
    id: Option<String>,
    function: Option<FunctionPiece>,
}

#[derive(Deserialize)]
struct FunctionPiece {
    name: Option<String>,
    #[serde(default)]
    arguments: Value,
}

/// An answer in the making.
pub(super) struct Assembly<'a> {
    asked: &'a Asked,
    choices: BTreeMap<u32, PartialChoice>,
    usage: Option<Usage>,
    is_done: bool,
}

#[derive(Default)]
struct PartialChoice {
    text: String,
    refusal: String,
    calls: Vec<PartialCall>,
    finish_reason: Option<String>,
    logprobs: Vec<Value>,
}

struct PartialCall {
    index: Option<u32>,
    /// The server's id, where it gave one.
    given: Option<String>,
    id: String,
    name: String,
    arguments: String,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(asked: &'a Asked) -> Self {
        Self { asked, choices: BTreeMap::new(), usage: None, is_done: false }
    }

    /// Whether the server has said that nothing more comes.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether all is said; the usage may still come.
    pub(super) fn is_whole(&self) -> bool {
        let has_ended = |choice: &PartialChoice| choice.finish_reason.is_some();
        self.is_done || (!self.choices.is_empty() && self.choices.values().all(has_ended))
    }

    /// Takes an event's data, and gives what it adds to the answer.
    pub(super) fn take(&mut self, data: &[u8]) -> Result<Vec<ModelDelta>, ModelError> {
        match data.trim_ascii() {
            DONE => self.is_done = true,
            [] => {}
            data => {
                let chunk: Value = serde_json::from_slice(data)
                    .map_err(|error| malformed(&format!("a chunk is no JSON ({error})"), data))?;
                if let Some(error) = error_in(&chunk) {
                    return Err(error);
                }
                let chunk: Chunk = serde_json::from_value(chunk)
                    .map_err(|error| malformed(&format!("a chunk is none of a chat completion ({error})"), data))?;
                return self.add(chunk);
            }
        }
        Ok(Vec::new())
    }

    fn add(&mut self, chunk: Chunk) -> Result<Vec<ModelDelta>, ModelError> {
        self.usage = chunk.usage.map(ChatUsage::read).or(self.usage);
        let mut deltas = Vec::new();
        for piece in chunk.choices.into_iter().flatten() {
            let index = piece.index.unwrap_or_default();
            let choice = self.choices.entry(index).or_default();
            let logprobs = piece.logprobs.and_then(|mut logprobs| logprobs.get_mut("content").map(Value::take));
            if let Some(Value::Array(tokens)) = logprobs {
                choice.logprobs.extend(tokens);
            }
            choice.finish_reason = piece.finish_reason.or(choice.finish_reason.take());
            let Some(delta) = piece.delta else { continue };
            let content = delta.content.map(Content::into_text).unwrap_or_default();
            let refusal = delta.refusal.unwrap_or_default();
            choice.text.push_str(&content);
            choice.refusal.push_str(&refusal);
            let text = content + &refusal;
            if !text.is_empty() {
                deltas.push(ModelDelta { choice: index, text, tool_call: None });
            }
            for piece in delta.tool_calls.into_iter().flatten() {
                let tool_call = Some(choice.add_call(piece, self.asked));
                deltas.push(ModelDelta { choice: index, text: String::new(), tool_call });
            }
            if choice.calls.len() > MOST_CALLS || self.choices.len() > MOST_CHOICES {
                return Err(malformed("it has more choices or calls than any model gives", b""));
            }
        }
        Ok(deltas)
    }

    /// The whole answer, where the stream came to its end.
    pub(super) fn into_reply(self) -> Result<ModelReply, ModelError> {
        if !self.is_whole() {
            return Err(ModelError::CutOff { cause: "the stream ended without a finish reason".to_owned() });
        }
        let choices = self.choices.into_iter().map(|(index, choice)| choice.into_choice(index));
        reply_of(choices.collect(), self.usage.unwrap_or_default()).ok_or_else(|| malformed("it has no choices", b""))
    }
}

impl PartialChoice {
    /// Adds a piece of a call, and gives it in the words of an event.
    fn add_call(&mut self, piece: CallPiece, asked: &Asked) -> ToolCallDelta {
        let given = piece.id.filter(|id| !id.is_empty());
        let (name, arguments) = match piece.function {
            Some(FunctionPiece { name, arguments }) => (name.filter(|name| !name.is_empty()), text_of(arguments)),
            None => (None, String::new()),
        };
        let known = self.slot(piece.index, given.as_deref(), name.is_some());
        let slot = known.unwrap_or_else(|| self.open(piece.index, given.as_deref(), asked));
        let call = &mut self.calls[slot];
        call.given = call.given.take().or(given);
        call.arguments.push_str(&arguments);
        let name = name.filter(|_| call.name.is_empty()).map(|name| asked.names.back(name));
        if let Some(name) = &name {
            call.name.clone_from(name);
        }
        let id = Some(call.id.clone()).filter(|_| known.is_none());
        ToolCallDelta { index: u32::try_from(slot).unwrap_or(u32::MAX), id, name, arguments }
    }

    /// The call that a piece belongs to, if that has begun: by its index, or else the last. A piece with another id begins
    /// another call, whatever its index, and so does one with a name after a call that is whole.
    fn slot(&self, index: Option<u32>, given: Option<&str>, is_named: bool) -> Option<usize> {
        let slot = match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index)?,
            None => self.calls.len().checked_sub(1)?,
        };
        let call = &self.calls[slot];
        let is_same = match (given, &call.given) {
            (Some(given), Some(known)) => given == known,
            (Some(_), None) | (None, _) => !(is_named && call.is_whole()),
        };
        is_same.then_some(slot)
    }

    /// Begins a call.
    fn open(&mut self, index: Option<u32>, given: Option<&str>, asked: &Asked) -> usize {
        let slot = self.calls.len();
        let id = asked.call_id(given, slot, self.calls.iter().map(|call| call.id.as_str()));
        let (name, arguments) = (String::new(), String::new());
        self.calls.push(PartialCall { index, given: given.map(str::to_owned), id, name, arguments });
        slot
    }

    fn into_choice(self, index: u32) -> Choice {
        let call = |call: PartialCall| ToolCall {
            id: call.id,
            name: call.name,
            arguments: read_arguments(Value::String(call.arguments)),
            toolset: None,
        };
        let tool_calls: Vec<ToolCall> = self.calls.into_iter().map(call).collect();
        Choice {
            index,
            text: if self.text.is_empty() { self.refusal } else { self.text },
            finish_reason: finish_reason(self.finish_reason.as_deref(), &tool_calls),
            tool_calls,
            logprobs: Some(self.logprobs).filter(|tokens| !tokens.is_empty()).map(|tokens| json!({"content": tokens})),
        }
    }
}

impl PartialCall {
    /// Whether its arguments are all there.
    fn is_whole(&self) -> bool {
        !self.arguments.is_empty() && serde_json::from_str::<Value>(&self.arguments).is_ok()
    }
}

/// A piece of the arguments, which some servers send as an object instead of its text.
fn text_of(arguments: Value) -> String {
    match arguments {
        Value::Null => String::new(),
        Value::String(text) => text,
        object => object.to_string(),
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;

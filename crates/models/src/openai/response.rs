//! Reads what a Chat Completions server answers: a reply, or an error in one of the forms that servers have for it.

use handspike_core::{ModelError, ModelReply};
use handspike_types::{Choice, FinishReason, ToolCall, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::names::ToolNames;
use crate::excerpt::one_line;

/// How much of a server's own words an error shows, in characters.
const EXCERPT: usize = 400;

#[derive(Deserialize)]
struct ChatResponse {
    choices: Option<Vec<ChatChoice>>,
    usage: Option<ChatUsage>,
}

#[derive(Deserialize)]
struct ChatChoice {
    index: Option<u32>,
    message: Answer,
    finish_reason: Option<String>,
    logprobs: Option<Value>,
}

#[derive(Deserialize)]
struct Answer {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
pub(super) struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
    function: CalledFunction,
}

#[derive(Deserialize)]
struct CalledFunction {
    name: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Deserialize)]
pub(super) struct ChatUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// What the reader of an answer has to know of the request.
#[derive(Debug)]
pub(super) struct Asked {
    /// The messages that were sent. Calls without ids are numbered by them, so that no two of a session have the same.
    pub(super) messages: usize,
    /// The way back for the names of tools.
    pub(super) names: ToolNames,
}

impl Asked {
    /// A call's id: the one that it was given, or one of its own. Each result is matched to its call by the id, so a
    /// repeated one is as bad as none.
    pub(super) fn call_id<'a>(
        &self,
        given: Option<&str>,
        place: usize,
        mut known: impl Iterator<Item = &'a str>,
    ) -> String {
        match given {
            Some(given) if !given.is_empty() && known.all(|known| known != given) => given.to_owned(),
            Some(_) | None => format!("call_{}_{}", self.messages, place + 1),
        }
    }
}

/// The reply of an answer that came in one piece.
pub(super) fn read_reply(body: &[u8], asked: &Asked) -> Result<ModelReply, ModelError> {
    if body.trim_ascii().is_empty() {
        return Err(ModelError::Malformed { cause: "its body is empty".to_owned() });
    }
    let value: Value =
        serde_json::from_slice(body).map_err(|error| malformed(&format!("it is no JSON ({error})"), body))?;
    if let Some(error) = error_in(&value) {
        return Err(error);
    }
    let response: ChatResponse = serde_json::from_value(value)
        .map_err(|error| malformed(&format!("it is no chat completion ({error})"), body))?;
    let choices = response.choices.into_iter().flatten().zip(0..);
    let choices = choices.map(|(choice, place)| choice.read(place, asked)).collect();
    let usage = response.usage.map(ChatUsage::read).unwrap_or_default();
    reply_of(choices, usage).ok_or_else(|| malformed("it has no choices", body))
}

/// A reply of which the first choice counts; none where there is no choice.
pub(super) fn reply_of(mut choices: Vec<Choice>, usage: Usage) -> Option<ModelReply> {
    choices.sort_by_key(|choice| choice.index);
    let mut choices = choices.into_iter();
    let Choice { text, tool_calls, finish_reason, logprobs, .. } = choices.next()?;
    let alternatives = choices.collect();
    Some(ModelReply { usage, logprobs, alternatives, ..ModelReply::new(text, tool_calls, finish_reason) })
}

/// The error that stands where an answer should. Gateways report the failure of the server behind them with a status of
/// success, and a server that fails while it streams has sent that status already.
pub(super) fn error_in(body: &Value) -> Option<ModelError> {
    let is_error = body.get("error").is_some_and(|error| !error.is_null()) || body["object"] == "error";
    let code = || [&body["error"]["code"], &body["code"]].into_iter().find_map(Value::as_u64);
    let status = || code().and_then(|code| u16::try_from(code).ok()).unwrap_or(200);
    is_error.then(|| ModelError::Refused { status: status(), message: error_message(body) })
}

/// The error of an answer that is none, with an excerpt of it.
pub(super) fn malformed(what: &str, body: &[u8]) -> ModelError {
    let cause = match body {
        [] => what.to_owned(),
        body => format!("{what}: {}", shown(body)),
    };
    ModelError::Malformed { cause }
}

/// The error of an answer with another status.
pub(super) fn read_refusal(status: u16, body: &[u8]) -> ModelError {
    let message = match serde_json::from_slice::<Value>(body) {
        Ok(value) => error_message(&value),
        Err(_) => shown(body),
    };
    ModelError::Refused { status, message: if message.is_empty() { "it gave no reason".to_owned() } else { message } }
}

/// The words of an error: `{"error": {"message": ..}}`, or one of the forms that come in its place.
fn error_message(body: &Value) -> String {
    let places = ["/error/message", "/error", "/message", "/detail"];
    let words = places.iter().find_map(|place| body.pointer(place).and_then(Value::as_str));
    words.map_or_else(|| one_line(&body.to_string(), EXCERPT), |words| one_line(words, EXCERPT))
}

fn shown(body: &[u8]) -> String {
    // More than is shown, as white space will go, but not all of a large body.
    let start = &body[..body.len().min(16 * EXCERPT)];
    one_line(&String::from_utf8_lossy(start), EXCERPT)
}

pub(super) fn read_arguments(wire: Value) -> Value {
    match wire {
        Value::Null => json!({}),
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        value => value,
    }
}

pub(super) fn finish_reason(wire: Option<&str>, calls: &[ToolCall]) -> FinishReason {
    match wire {
        Some("length") => FinishReason::Length,
        Some("content_filter") => FinishReason::ContentFilter,
        // `stop` with calls is common, and servers have words of their own: the calls decide.
        Some(_) | None if calls.is_empty() => FinishReason::Stop,
        Some(_) | None => FinishReason::ToolCalls,
    }
}

impl ChatChoice {
    fn read(self, place: u32, asked: &Asked) -> Choice {
        let mut tool_calls: Vec<ToolCall> = Vec::new();
        for call in self.message.tool_calls.unwrap_or_default() {
            let known = tool_calls.iter().map(|call| call.id.as_str());
            let id = asked.call_id(call.id.as_deref(), tool_calls.len(), known);
            let (name, arguments) = (asked.names.back(call.function.name), read_arguments(call.function.arguments));
            tool_calls.push(ToolCall { id, name, arguments, toolset: None });
        }
        Choice {
            index: self.index.unwrap_or(place),
            text: match self.message.content {
                Some(content) => content.into_text(),
                None => self.message.refusal.unwrap_or_default(),
            },
            finish_reason: finish_reason(self.finish_reason.as_deref(), &tool_calls),
            tool_calls,
            logprobs: self.logprobs.filter(|logprobs| !logprobs.is_null()),
        }
    }
}

impl Content {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

impl ChatUsage {
    pub(super) fn read(self) -> Usage {
        Usage {
            input_tokens: self.prompt_tokens.unwrap_or_default(),
            output_tokens: self.completion_tokens.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;

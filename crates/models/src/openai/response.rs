//! Reads what a Chat Completions server answers: a reply, or an error in one of the forms that servers have for it.

use handspike_core::{ModelError, ModelReply};
use handspike_types::{FinishReason, ToolCall, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::excerpt::one_line;

/// How much of a server's own words an error shows, in characters.
const EXCERPT: usize = 400;

#[derive(Deserialize)]
struct ChatResponse {
    choices: Option<Vec<Choice>>,
    usage: Option<ChatUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Answer,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    content: Option<Content>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
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
struct ChatUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// Reads the body of an answer with a status of success. `messages` is the length of the conversation it answers,
/// from which the ids of calls without one are made.
pub(super) fn read_reply(body: &[u8], messages: usize) -> Result<ModelReply, ModelError> {
    let malformed = |cause: &str| ModelError::Malformed { cause: format!("{cause}: {}", shown(body)) };
    if body.trim_ascii().is_empty() {
        return Err(ModelError::Malformed { cause: "its body is empty".to_owned() });
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| malformed(&format!("it is no JSON ({error})")))?;
    if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
        // Gateways report the failure of the server behind them with a status of success.
        let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(200);
        return Err(ModelError::Refused { status, message: error_message(&value) });
    }
    let response: ChatResponse =
        serde_json::from_value(value).map_err(|error| malformed(&format!("it is no chat completion ({error})")))?;
    let choice = response.choices.into_iter().flatten().next().ok_or_else(|| malformed("it has no choices"))?;
    let tool_calls = read_calls(choice.message.tool_calls.unwrap_or_default(), messages);
    let finish_reason = finish_reason(choice.finish_reason.as_deref(), &tool_calls);
    let text = match choice.message.content {
        Some(content) => content.into_text(),
        None => choice.message.refusal.unwrap_or_default(),
    };
    let usage = response.usage.map(ChatUsage::read).unwrap_or_default();
    Ok(ModelReply { usage, ..ModelReply::new(text, tool_calls, finish_reason) })
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

fn read_calls(wire: Vec<Call>, messages: usize) -> Vec<ToolCall> {
    let mut calls: Vec<ToolCall> = Vec::with_capacity(wire.len());
    for call in wire {
        // Each result is matched to its call by the id, so a repeated one is as bad as none.
        let given = call.id.filter(|id| !id.is_empty() && calls.iter().all(|known| known.id != *id));
        let id = given.unwrap_or_else(|| format!("call_{messages}_{}", calls.len() + 1));
        calls.push(ToolCall {
            id,
            name: call.function.name,
            arguments: read_arguments(call.function.arguments),
            toolset: None,
        });
    }
    calls
}

fn read_arguments(wire: Value) -> Value {
    match wire {
        Value::Null => json!({}),
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        value => value,
    }
}

fn finish_reason(wire: Option<&str>, calls: &[ToolCall]) -> FinishReason {
    match wire {
        Some("length") => FinishReason::Length,
        Some("content_filter") => FinishReason::ContentFilter,
        // `stop` with calls is common, and servers have words of their own: the calls decide.
        Some(_) | None if calls.is_empty() => FinishReason::Stop,
        Some(_) | None => FinishReason::ToolCalls,
    }
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

impl ChatUsage {
    fn read(self) -> Usage {
        Usage {
            input_tokens: self.prompt_tokens.unwrap_or_default(),
            output_tokens: self.completion_tokens.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;

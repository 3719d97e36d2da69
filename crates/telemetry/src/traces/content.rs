//! What was said, as the conventions want it: messages of parts, in JSON. Pictures are named, and nothing is longer than so
//! many characters.

use handspike_types::{ContentPart, FinishReason, Message, ToolCall, ToolOutput};
use serde_json::{Value, json};

/// The most characters of one text.
const LONGEST: usize = 16_000;

/// What a turn begins with.
pub(super) fn input(messages: &[Message]) -> String {
    Value::Array(messages.iter().map(message).collect()).to_string()
}

/// What a model has answered.
pub(super) fn output(text: &str, calls: &[ToolCall], reason: FinishReason) -> String {
    let mut message = assistant(text, calls);
    message["finish_reason"] = json!(finish_reason(reason));
    json!([message]).to_string()
}

/// A call's arguments.
pub(super) fn arguments(call: &ToolCall) -> String {
    cut(&call.arguments.to_string())
}

/// What came of a call.
pub(super) fn result(output: &ToolOutput) -> String {
    Value::Array(parts(&output.content)).to_string()
}

/// The conventions' word.
pub(super) fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { content, .. } => json!({"role": "system", "parts": parts(content)}),
        Message::User { content, .. } => json!({"role": "user", "parts": parts(content)}),
        Message::Assistant { text, tool_calls, .. } => assistant(text, tool_calls),
        Message::Tools { results } => {
            let parts: Vec<Value> = results
                .iter()
                .map(|result| {
                    let response = parts(&result.output.content);
                    json!({"type": "tool_call_response", "id": result.call_id, "response": response})
                })
                .collect();
            json!({"role": "tool", "parts": parts})
        }
    }
}

fn assistant(text: &str, calls: &[ToolCall]) -> Value {
    let said = (!text.is_empty()).then(|| json!({"type": "text", "content": cut(text)}));
    let calls = calls
        .iter()
        .map(|call| json!({"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments(call)}));
    let parts: Vec<Value> = said.into_iter().chain(calls).collect();
    json!({"role": "assistant", "parts": parts})
}

fn parts(content: &[ContentPart]) -> Vec<Value> {
    let part = |part: &ContentPart| match part {
        ContentPart::Text { text } => json!({"type": "text", "content": cut(text)}),
        ContentPart::Image(image) => json!({"type": "image", "mime_type": image.media_type}),
    };
    content.iter().map(part).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(cut("short"), "short");
        let long = cut(&"é".repeat(LONGEST + 1));
        assert!(long.ends_with("é… (32002 bytes in all)"), "{}", &long[long.len() - 40..]);
    }
}

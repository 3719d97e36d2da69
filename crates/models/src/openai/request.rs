//! A conversation in the words of Chat Completions.

use std::borrow::Cow;

use handspike_core::ModelRequest;
use handspike_types::{ContentPart, Image, ImageDetail, Message, ToolCall, ToolResult, ToolSpec};
use serde::Serialize;
use serde_json::Value;

use super::{
    names::{speaker_on_wire, tool_on_wire},
    settings::WireSettings,
};

/// The body of `POST /chat/completions`.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(flatten)]
    settings: WireSettings,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum ChatMessage<'a> {
    System {
        content: Content<'a>,
    },
    User {
        content: Content<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    Assistant {
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: String,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<ImageDetail>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function")]
struct Call<'a> {
    id: &'a str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: Cow<'a, str>,
    /// JSON as text, or whatever the model wrote in its place.
    arguments: String,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function")]
struct Tool<'a> {
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: Cow<'a, str>,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> ChatRequest<'a> {
    pub(super) fn new(model: &'a str, request: ModelRequest<'a>, settings: WireSettings) -> Self {
        let mut messages = Vec::new();
        if !request.system_prompt.is_empty() {
            messages.push(ChatMessage::System { content: Content::Text(request.system_prompt) });
        }
        for message in request.messages {
            match message {
                Message::System { content } => messages.push(ChatMessage::System { content: wire_content(content) }),
                Message::User { content, name } => {
                    messages.push(ChatMessage::User {
                        content: wire_content(content),
                        name: speaker_on_wire(name.as_ref()),
                    });
                }
                // Some servers refuse a message that says nothing; an answer that was cut at once is one.
                Message::Assistant { text, tool_calls, .. } if text.is_empty() && tool_calls.is_empty() => {}
                Message::Assistant { text, tool_calls, name } => messages.push(ChatMessage::Assistant {
                    content: Some(text.as_str()).filter(|text| !text.is_empty()),
                    name: speaker_on_wire(name.as_ref()),
                    tool_calls: tool_calls.iter().map(Call::new).collect(),
                }),
                Message::Tools { results } => push_results(&mut messages, results),
            }
        }
        let tools = request.tools.iter().map(Tool::new).collect();
        let stream_options = StreamOptions { include_usage: true };
        Self { model, messages, tools, stream: true, stream_options, settings }
    }
}

impl<'a> Tool<'a> {
    fn new(spec: &'a ToolSpec) -> Self {
        let (name, description, parameters) = (tool_on_wire(&spec.name), &spec.description, &spec.parameters);
        Self { function: Function { name, description, parameters } }
    }
}

impl<'a> Call<'a> {
    fn new(call: &'a ToolCall) -> Self {
        let arguments = match &call.arguments {
            Value::String(raw) => raw.clone(),
            arguments => arguments.to_string(),
        };
        Self { id: &call.id, function: CalledFunction { name: tool_on_wire(&call.name), arguments } }
    }
}

fn wire_content(content: &[ContentPart]) -> Content<'_> {
    if let [ContentPart::Text { text }] = content {
        return Content::Text(text);
    }
    let part = |part: &ContentPart| match part {
        ContentPart::Text { text } => Part::Text { text: text.clone() },
        ContentPart::Image(image) => Part::image(image),
    };
    Content::Parts(content.iter().map(part).collect())
}

/// A step's results: a tool message for each call, directly after the calls, and then the pictures of all of them
/// in one user message, for a tool message holds only text.
fn push_results<'a>(messages: &mut Vec<ChatMessage<'a>>, results: &'a [ToolResult]) {
    let mut pictures = Vec::new();
    for result in results {
        messages.push(ChatMessage::Tool { tool_call_id: &result.call_id, content: tool_text(result) });
        for part in &result.output.content {
            if let ContentPart::Image(image) = part {
                pictures.push(Part::Text { text: format!("Picture from call {}:", result.call_id) });
                pictures.push(Part::image(image));
            }
        }
    }
    if !pictures.is_empty() {
        messages.push(ChatMessage::User { content: Content::Parts(pictures), name: None });
    }
}

fn tool_text(result: &ToolResult) -> String {
    let text = match result.output.joined_text() {
        text if !text.is_empty() => text,
        _ if result.output.content.is_empty() => "(no output)".to_owned(),
        _ => "(no text)".to_owned(),
    };
    if result.output.is_error { format!("Error: {text}") } else { text }
}

impl Part {
    fn image(image: &Image) -> Self {
        let url = match &image.url {
            Some(url) => url.clone(),
            None => format!("data:{};base64,{}", image.media_type, image.data),
        };
        Self::ImageUrl { image_url: ImageUrl { url, detail: image.detail } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn a_picture_goes_out_as_its_bytes_or_as_its_address() {
        let bytes = Image::at("data:image/png;base64,iVBO");
        assert_eq!(
            to_value(Part::image(&bytes)).expect("JSON")["image_url"],
            json!({"url": "data:image/png;base64,iVBO"})
        );
        let address = Image { detail: Some(ImageDetail::Low), ..Image::at("https://x.test/a.png") };
        let expected = json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}});
        assert_eq!(to_value(Part::image(&address)).expect("JSON"), expected);
        let other = Image::at("data:image/svg+xml,%3Csvg/%3E");
        assert_eq!(other.url.as_deref(), Some("data:image/svg+xml,%3Csvg/%3E"), "what is not understood is passed on");
    }
}

//! What models and tools say, in the words of the API.

use handspike_api::{CallType, Content, Part, Posted, StoredCall};
use handspike_types::{ContentPart, Image, ToolCall, ToolOutput};

use super::{super::entry::EntryBody, calls};
use crate::chat::entry::word_of;

/// An assistant's message. Of what type a call is depends on the tool that it names.
pub(crate) fn answer(text: &str, tool_calls: &[ToolCall], kind_of: impl Fn(&str) -> CallType) -> EntryBody {
    let calls: Vec<_> = tool_calls.iter().map(|call| calls::write(call, kind_of(&call.name))).collect();
    let says_nothing = text.is_empty() && !calls.is_empty();
    EntryBody {
        content: Some(Content::Text(text.to_owned())).filter(|_| !says_nothing),
        tool_calls: Some(calls).filter(|calls| !calls.is_empty()),
        ..EntryBody::default()
    }
}

/// A tool's answer: its text, or text and pictures as parts.
pub(crate) fn result(call_id: &str, name: &str, output: &ToolOutput) -> EntryBody {
    EntryBody {
        content: Some(content_of(&output.content)),
        name: Some(name.to_owned()),
        tool_call_id: Some(call_id.to_owned()),
        is_error: output.is_error,
        ..EntryBody::default()
    }
}

/// What somebody says.
pub(crate) fn said(content: &[ContentPart], name: Option<&str>) -> EntryBody {
    EntryBody { content: Some(content_of(content)), name: name.map(str::to_owned), ..EntryBody::default() }
}

/// A text where there is nothing else, or parts.
fn content_of(parts: &[ContentPart]) -> Content {
    match parts {
        [] => Content::Text(String::new()),
        [ContentPart::Text { text }] => Content::Text(text.clone()),
        parts => Content::Parts(parts.iter().map(|part| Posted::own(part_of(part))).collect()),
    }
}

/// A call that the model asks for.
pub(crate) fn call(call: &ToolCall, kind: CallType) -> StoredCall {
    calls::write(call, kind)
}

/// The word for a type of tool.
pub(crate) fn kind_word(kind: CallType) -> String {
    word_of(&kind)
}

fn part_of(part: &ContentPart) -> Part {
    match part {
        ContentPart::Text { text } => Part::text(text),
        ContentPart::Image(Image { url: Some(url), .. }) => Part::image_url(url),
        ContentPart::Image(image) => Part::image_url(format!("data:{};base64,{}", image.media_type, image.data)),
    }
}

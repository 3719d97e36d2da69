//! From messages as they are posted and kept to those of the loop.

use handspike_api::{Content, ImageDetail, Part, Role, ToolResultContent};
use handspike_types::{self as types, ContentPart, Image, Message, ToolOutput, ToolResult};

use super::{super::entry::Said, calls};

/// Reads a conversation message by message. It keeps in mind which calls await their answers, because an answer need not
/// say which one it is for: then it is for the first that has none.
#[derive(Default)]
pub(crate) struct Reader {
    open: Vec<String>,
}

/// What a message holds: what it says, and answers to calls.
struct Held {
    parts: Vec<ContentPart>,
    results: Vec<(String, Vec<ContentPart>)>,
}

impl Reader {
    /// The ids of the calls that await their answers.
    pub(crate) fn open(&self) -> &[String] {
        &self.open
    }

    /// What one message is to the loop: one message as a rule, two where a user answers calls and says something as well.
    pub(crate) fn read(&mut self, said: &Said) -> Vec<Message> {
        let body = &said.body;
        let Held { mut parts, results } = held(body.rendered.as_ref().or(body.content.as_ref()));
        let is_error = body.is_error;
        let mut answers: Vec<ToolResult> =
            results.into_iter().map(|(id, content)| self.result(id, content, false)).collect();
        let message = match said.role {
            Role::Tool => {
                if answers.is_empty() || !parts.is_empty() {
                    let result = self.result(body.tool_call_id.clone().unwrap_or_default(), parts, is_error);
                    answers.push(ToolResult { name: body.name.clone().unwrap_or_default(), ..result });
                }
                None
            }
            Role::User if parts.is_empty() && !answers.is_empty() => None,
            Role::User => Some(Message::User { content: some_text(parts), name: body.name.clone() }),
            Role::System => {
                parts.retain(is_text);
                Some(Message::System { content: some_text(parts) })
            }
            Role::Assistant => {
                let tool_calls = body.tool_calls.iter().flatten().enumerate();
                let tool_calls: Vec<_> = tool_calls.map(|(index, call)| calls::read(call, said.id, index)).collect();
                let text = text_of(&parts);
                self.open = tool_calls.iter().map(|call| call.id.clone()).collect();
                Some(Message::Assistant { text, tool_calls, name: body.name.clone() })
            }
        };
        if let Some(Message::User { .. } | Message::System { .. }) = message {
            self.open.clear();
        }
        let answers = Some(Message::Tools { results: answers }).filter(|message| match message {
            Message::Tools { results } => !results.is_empty(),
            Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => true,
        });
        answers.into_iter().chain(message).collect()
    }

    /// An answer to a call, which does not await one any more.
    fn result(&mut self, id: String, content: Vec<ContentPart>, is_error: bool) -> ToolResult {
        let call_id = if id.is_empty() { self.open.first().cloned().unwrap_or_default() } else { id };
        self.open.retain(|open| *open != call_id);
        let output = ToolOutput { content, is_error, details: None };
        ToolResult { call_id, name: String::new(), output, toolset: None }
    }
}

/// What a message can't pass on to a model as it is, as a sentence.
pub(crate) fn left_out(role: Role, content: Option<&Content>) -> Option<&'static str> {
    let Held { parts, results } = held(content);
    let has_pictures = !parts.iter().all(is_text);
    match role {
        Role::Assistant | Role::System if has_pictures => {
            Some("pictures were left out: models look at those of users and tools only")
        }
        Role::Assistant | Role::System if !results.is_empty() => {
            Some("answers to calls were left out: users and tools give them")
        }
        Role::Assistant | Role::System | Role::User | Role::Tool => None,
    }
}

fn held(content: Option<&Content>) -> Held {
    let mut held = Held { parts: Vec::new(), results: Vec::new() };
    match content {
        None => {}
        Some(Content::Text(text)) => held.parts.push(ContentPart::text(text)),
        Some(Content::Texts(texts)) => held.parts.extend(texts.iter().map(ContentPart::text)),
        Some(Content::Parts(parts)) => {
            for part in parts {
                match &**part {
                    Part::Text(part) => held.parts.push(ContentPart::text(&part.text)),
                    Part::ImageUrl(part) => {
                        let detail = detail_of(part.image_url.detail);
                        held.parts.push(ContentPart::Image(Image { detail, ..Image::at(&part.image_url.url) }));
                    }
                    Part::ToolResult(part) => {
                        held.results.push((part.tool_use_id.clone(), result_parts(&part.content)));
                    }
                }
            }
        }
    }
    // Providers refuse a text that says nothing.
    held.parts.retain(|part| !matches!(part, ContentPart::Text { text } if text.is_empty()));
    held
}

fn result_parts(content: &ToolResultContent) -> Vec<ContentPart> {
    match content {
        ToolResultContent::Texts(texts) => texts.iter().map(|part| ContentPart::text(&part.text)).collect(),
        ToolResultContent::Images(images) => {
            let image = |source: &handspike_api::ImageSource| Image::new(&source.media_type, &source.data);
            images.iter().map(|part| ContentPart::Image(image(&part.source))).collect()
        }
    }
}

/// The usual way of looking is the provider's own choice.
fn detail_of(detail: ImageDetail) -> Option<types::ImageDetail> {
    match detail {
        ImageDetail::Low => Some(types::ImageDetail::Low),
        ImageDetail::High => Some(types::ImageDetail::High),
        ImageDetail::Auto => None,
    }
}

fn is_text(part: &ContentPart) -> bool {
    match part {
        ContentPart::Text { .. } => true,
        ContentPart::Image(_) => false,
    }
}

fn text_of(parts: &[ContentPart]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            ContentPart::Text { text } => Some(text.as_str()),
            ContentPart::Image(_) => None,
        })
        .collect();
    texts.join("\n")
}

/// The loop's messages have one part at least.
fn some_text(mut parts: Vec<ContentPart>) -> Vec<ContentPart> {
    if parts.is_empty() {
        parts.push(ContentPart::text(""));
    }
    parts
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;

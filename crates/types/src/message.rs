//! The conversation: what the user, the model and the tools have said.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ToolOutput;

/// One entry of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// What the calling program tells the model in mid-conversation; the system prompt is no message.
    System {
        /// Its parts, at least one.
        content: Vec<ContentPart>,
    },
    /// What the person (or the calling program) asked.
    User {
        /// The prompt's parts, at least one.
        content: Vec<ContentPart>,
        /// Who says it, where several people take part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// What the model answered.
    Assistant {
        /// Its text; empty when it only called tools.
        text: String,
        /// The calls it asks for, in its order.
        tool_calls: Vec<ToolCall>,
        /// Who says it, where several agents take part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The results of a step's calls, in the order of the calls.
    Tools {
        /// One result for every call of the assistant message before. At the end of a conversation that awaits its
        /// client, and in what the client then answers, some are missing.
        results: Vec<ToolResult>,
    },
}

impl Message {
    /// A user's message of one text part.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { content: vec![ContentPart::text(text)], name: None }
    }

    /// A system message of one text part.
    pub fn system(text: impl Into<String>) -> Self {
        Self::System { content: vec![ContentPart::text(text)] }
    }

    /// An assistant's message without a name.
    pub fn assistant(text: impl Into<String>, tool_calls: Vec<ToolCall>) -> Self {
        Self::Assistant { text: text.into(), tool_calls, name: None }
    }

    /// All that it says in text, its parts joined by newlines.
    #[must_use]
    pub fn joined_text(&self) -> String {
        match self {
            Self::System { content } | Self::User { content, .. } => joined_text(content),
            Self::Assistant { text, .. } => text.clone(),
            Self::Tools { results } => {
                let texts: Vec<String> = results.iter().map(|result| result.output.joined_text()).collect();
                texts.join("\n")
            }
        }
    }
}

/// A part of a message or of a tool's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentPart {
    /// Text, UTF-8.
    Text {
        /// The text itself.
        text: String,
    },
    /// A picture.
    Image(Image),
}

impl ContentPart {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// The text parts, joined by newlines.
pub(crate) fn joined_text(content: &[ContentPart]) -> String {
    let texts: Vec<&str> = content
        .iter()
        .filter_map(|part| match part {
            ContentPart::Text { text } => Some(text.as_str()),
            ContentPart::Image(_) => None,
        })
        .collect();
    texts.join("\n")
}

/// A picture, as it travels in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// For example `image/png`; empty where only `url` says where the picture is.
    pub media_type: String,
    /// The file's bytes in standard base64; empty where only `file` or `url` says where they are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// Where the bytes are kept, relative to the session's transcript; none before they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where the provider finds it, in place of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How closely the model is to look; the provider decides where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<ImageDetail>,
}

/// How closely a model looks at a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageDetail {
    /// At a small copy.
    Low,
    /// At all of it.
    High,
    /// As it sees fit.
    Auto,
}

impl Image {
    /// A picture that is not stored anywhere yet.
    pub fn new(media_type: impl Into<String>, data: impl Into<String>) -> Self {
        Self { media_type: media_type.into(), data: data.into(), file: None, url: None, detail: None }
    }

    /// A picture of which only the address is known. A `data:` URL in base64 holds the bytes themselves.
    pub fn at(url: impl Into<String>) -> Self {
        let url = url.into();
        let held = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        match held {
            Some((media_type, data)) => Self::new(media_type, data),
            None => Self { url: Some(url), ..Self::new("", "") },
        }
    }
}

/// A model's wish to run a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call; unique within a session.
    pub id: String,
    /// The tool's name, as offered in its spec.
    pub name: String,
    /// The arguments: an object when the model spoke JSON, else its raw text as a string.
    pub arguments: Value,
    /// The set that the tool is a member of, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolset: Option<String>,
}

/// A piece of a call, as it comes while the model writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCallDelta {
    /// Which of the answer's calls, from 0.
    pub index: u32,
    /// The call's id, with its first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool's name, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// More of the arguments' JSON.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arguments: String,
}

/// What came of a call, as the model is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call that is answered.
    pub call_id: String,
    /// The name of the tool that was called.
    pub name: String,
    /// What the tool said.
    pub output: ToolOutput,
    /// The call's set, which providers want to see again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolset: Option<String>,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said everything.
    Stop,
    /// It wants tools to be run.
    ToolCalls,
    /// It ran into the provider's output limit; a call at the end may be cut.
    Length,
    /// The provider withheld the answer.
    ContentFilter,
}

/// One of several answers to the same request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Which, from 0.
    pub index: u32,
    /// Its text, possibly empty.
    pub text: String,
    /// The calls it asks for.
    pub tool_calls: Vec<ToolCall>,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// The tokens' log probabilities as the provider tells them, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
}

/// Tokens, as counted by the provider. Zero where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

impl Usage {
    /// Tokens in and out together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
    }
}

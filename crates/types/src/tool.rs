//! What a tool looks like to a model, and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ContentPart, Image, InvalidInput, bash::BashDetails, computer::ComputerDetails, desktop::DesktopDetails,
    editor::EditorDetails, message::joined_text, terminal::TerminalDetails,
};

/// A tool as it is offered to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name that calls use.
    pub name: String,
    /// What the tool does and how it is used, for the model to read.
    pub description: String,
    /// JSON Schema of the arguments, an object.
    pub parameters: Value,
    /// The set that it is a member of, where a provider offers the set as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolset: Option<String>,
}

impl ToolSpec {
    /// A tool that stands alone.
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        Self { name: name.into(), description: description.into(), parameters, toolset: None }
    }
}

/// A tool's answer. A command that failed is an ordinary answer; `is_error` says that the call itself could
/// not be done as asked. A fault of the runtime is neither: it never becomes a `ToolOutput`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// Text and images for the model, in order.
    pub content: Vec<ContentPart>,
    /// Whether the model should take this as a refusal or failure of its call.
    #[serde(default)]
    pub is_error: bool,
    /// The same in a form for programs: renderers, reports, expectations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<ToolDetails>,
}

impl ToolOutput {
    /// An answer of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![ContentPart::text(text)], ..Self::default() }
    }

    /// A tool error of one text.
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// The same answer with details for programs.
    #[must_use]
    pub fn with_details(mut self, details: ToolDetails) -> Self {
        self.details = Some(details);
        self
    }

    /// The same answer with a picture at its end.
    #[must_use]
    pub fn with_image(mut self, image: Image) -> Self {
        self.content.push(ContentPart::Image(image));
        self
    }

    /// All text parts, joined by newlines.
    #[must_use]
    pub fn joined_text(&self) -> String {
        joined_text(&self.content)
    }
}

impl From<InvalidInput> for ToolOutput {
    fn from(error: InvalidInput) -> Self {
        Self::error(error.to_string())
    }
}

/// Facts of a call, for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "snake_case")]
pub enum ToolDetails {
    /// A shell command.
    Bash(BashDetails),
    /// An editor command.
    Editor(EditorDetails),
    /// A desktop action.
    Computer(ComputerDetails),
    /// A command on a terminal.
    Terminal(TerminalDetails),
    /// Clipboard and windows.
    Desktop(DesktopDetails),
}

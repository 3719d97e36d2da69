//! What a desktop has beside its screen: the clipboard and the windows. Beyond the published tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    InvalidInput,
    form::{
        Form, Forms,
        Need::{Optional, Required},
    },
};

/// The tool's name on the wire.
pub const NAME: &str = "desktop";

/// Bytes of text that the clipboard takes.
pub const MAX_CLIPBOARD: usize = 4 << 20;

/// The arguments as a model sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesktopInput {
    /// What to do.
    pub action: DesktopVerb,
    /// `write_clipboard`: the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `read_clipboard`: `clipboard` (copy and paste, the default) or `primary` (what is selected).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
}

/// The actions, in their wire spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DesktopVerb {
    ReadClipboard,
    WriteClipboard,
    ListWindows,
}

/// The two places where a desktop keeps text for other programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the parameter's words say it")]
pub enum Selection {
    #[default]
    Clipboard,
    Primary,
}

/// What the executor is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DesktopAction {
    /// Answer with the text that was copied or selected last.
    ReadClipboard(Selection),
    /// Have programs paste this text.
    WriteClipboard(String),
    /// List the windows, the topmost first.
    ListWindows,
}

pub(crate) fn forms() -> Forms {
    let forms = vec![
        Form { verb: "read_clipboard", parameters: &[("selection", Optional)] },
        Form { verb: "write_clipboard", parameters: &[("text", Required)] },
        Form { verb: "list_windows", parameters: &[] },
    ];
    Forms { key: "action", forms, takes: Vec::new() }
}

impl DesktopAction {
    /// Reads and checks a model's arguments.
    pub fn parse(arguments: &Value) -> Result<Self, InvalidInput> {
        let input: DesktopInput = forms().parse(arguments)?;
        Ok(match input.action {
            DesktopVerb::ReadClipboard => Self::ReadClipboard(input.selection.unwrap_or_default()),
            DesktopVerb::WriteClipboard => {
                let text = input.text.unwrap_or_default();
                if text.len() > MAX_CLIPBOARD {
                    let message = format!("is {} bytes long; it takes at most {MAX_CLIPBOARD}", text.len());
                    return Err(InvalidInput::of("text", message));
                }
                Self::WriteClipboard(text)
            }
            DesktopVerb::ListWindows => Self::ListWindows,
        })
    }
}

/// What a program wants to know of a finished action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesktopDetails {
    /// What the clipboard holds; none when it holds no text.
    Clipboard(Option<String>),
    /// The clipboard holds what was given.
    Written,
    /// The windows, the topmost first.
    Windows(Vec<Window>),
}

/// A window. Its place is in pixels of the screenshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Window {
    pub title: String,
    /// The program's class, such as `XTerm`.
    pub class: String,
    /// The window's left edge, also left of the screen.
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Whether it is iconified or on another desktop.
    pub hidden: bool,
    /// The process that owns it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

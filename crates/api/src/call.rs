//! Calls that a model chose to make: with all that is known of them, or, as older clients have them, as the bare arguments
//! of a tool of the sandbox.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Posted;

/// A call as it was posted, with what it says.
pub type StoredCall = Posted<ChosenCall>;

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ChosenCall {
    /// With its id, its type and its function.
    Nested(Box<NestedCall>),
    /// The arguments of the computer, and nothing more.
    Computer(ComputerCall),
    /// The arguments of the editor, and nothing more.
    Editor(EditorCall),
    /// The arguments of the shell, and nothing more.
    Bash(BashCall),
}

/// A call with all that is known of it. Beside `function`, whose arguments are the very text that the model wrote, the
/// key of its type's name holds the arguments as read (shell, editor, computer) or `{name, arguments}` (all others).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NestedCall {
    /// Its id, which the answer to it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The type of the tool; `function` where it is left out.
    #[serde(default, rename = "type")]
    pub kind: Option<CallType>,
    /// The tool's name and the arguments.
    pub function: FunctionCall,
    /// Of an integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub integration: Option<Map<String, Value>>,
    /// Of a system tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub system: Option<Map<String, Value>>,
    /// Of an API call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub api_call: Option<Map<String, Value>>,
    /// Of the computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer_20241022: Option<ComputerCall>,
    /// Of the computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer_20250124: Option<ComputerCall>,
    /// Of the computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer_20251124: Option<ComputerCall>,
    /// Of the editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_editor_20241022: Option<EditorCall>,
    /// Of the editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_editor_20250124: Option<EditorCall>,
    /// Of the editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_editor_20250429: Option<EditorCall>,
    /// Of the editor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_editor_20250728: Option<EditorCall>,
    /// Of the shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bash_20241022: Option<BashCall>,
    /// Of the shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bash_20250124: Option<BashCall>,
}

/// The types of tools, as calls and definitions name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CallType {
    #[default]
    #[serde(rename = "function")]
    Function,
    #[serde(rename = "integration")]
    Integration,
    #[serde(rename = "system")]
    System,
    #[serde(rename = "api_call")]
    ApiCall,
    #[serde(rename = "computer_20241022")]
    Computer20241022,
    #[serde(rename = "text_editor_20241022")]
    TextEditor20241022,
    #[serde(rename = "bash_20241022")]
    Bash20241022,
    #[serde(rename = "computer_20250124")]
    Computer20250124,
    #[serde(rename = "computer_20251124")]
    Computer20251124,
    #[serde(rename = "text_editor_20250124")]
    TextEditor20250124,
    #[serde(rename = "text_editor_20250429")]
    TextEditor20250429,
    #[serde(rename = "text_editor_20250728")]
    TextEditor20250728,
    #[serde(rename = "bash_20250124")]
    Bash20250124,
}

/// A tool's name and the arguments for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FunctionCall {
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them: a text that should be JSON and need not be.
    #[serde(default)]
    pub arguments: Option<String>,
}

/// Arguments of the computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComputerCall {
    /// What to do.
    pub action: ComputerVerb,
    /// A text to type or keys to press.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A place, x and y in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<Vec<i64>>,
    /// What later versions take beside these.
    #[serde(flatten)]
    #[schema(ignore)]
    pub others: Map<String, Value>,
}

/// Actions of the computer, in all of its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ComputerVerb {
    Key,
    Type,
    CursorPosition,
    MouseMove,
    LeftClick,
    RightClick,
    MiddleClick,
    DoubleClick,
    Screenshot,
    LeftClickDrag,
    LeftMouseDown,
    LeftMouseUp,
    TripleClick,
    Scroll,
    HoldKey,
    Wait,
    Zoom,
}

/// Arguments of the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EditorCall {
    /// What to do.
    pub command: EditorVerb,
    /// The file or directory.
    pub path: String,
    /// A new file's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_text: Option<String>,
    /// The line after which to insert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert_line: Option<i64>,
    /// The text to put in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_str: Option<String>,
    /// The text to replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_str: Option<String>,
    /// First and last line to view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_range: Option<Vec<i64>>,
    /// What later versions take beside these.
    #[serde(flatten)]
    #[schema(ignore)]
    pub others: Map<String, Value>,
}

/// Commands of the editor, in all of its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum EditorVerb {
    StrReplace,
    Insert,
    View,
    UndoEdit,
    Create,
}

/// Arguments of the shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BashCall {
    /// The command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether to restart the shell; null and absence are false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<bool>,
    /// What later versions take beside these.
    #[serde(flatten)]
    #[schema(ignore)]
    pub others: Map<String, Value>,
}

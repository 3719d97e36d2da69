//! A tool: its name, its type, and under the key of its type's name what that type needs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    ApiCallDef, Bash20241022Def, Bash20250124Def, Computer20241022Def, Computer20250124Def, Computer20251124Def,
    FunctionDef, IntegrationDef, SystemDef, TextEditor20241022Def, TextEditor20250124Def, TextEditor20250429Def,
    TextEditor20250728Def,
};
use crate::{CallType, Time, given::null_as_default};

/// What a tool is created from, for an agent or for one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolDefinition {
    /// Its name: letters, digits and underscores of any script, no digit first.
    #[schema(max_length = 40, pattern = r"^[^\W0-9]\w*$")]
    pub name: String,
    /// What it does and when to use it, for the model.
    #[serde(default)]
    #[schema(max_length = 16000)]
    pub description: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub spec: ToolSpec,
}

/// What a tool is: the type, and under the key of the type's name what the type needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ToolSpec {
    /// Run by the client.
    #[serde(rename = "function")]
    Function {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<FunctionDef>)]
        function: FunctionDef,
    },
    /// A service that is known here.
    #[serde(rename = "integration")]
    Integration { integration: IntegrationDef },
    /// This API itself.
    #[serde(rename = "system")]
    System { system: SystemDef },
    /// An HTTP request.
    #[serde(rename = "api_call")]
    ApiCall { api_call: Box<ApiCallDef> },
    /// The desktop.
    #[serde(rename = "computer_20241022")]
    Computer20241022 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<Computer20241022Def>)]
        computer_20241022: Computer20241022Def,
    },
    /// The desktop.
    #[serde(rename = "computer_20250124")]
    Computer20250124 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<Computer20250124Def>)]
        computer_20250124: Computer20250124Def,
    },
    /// The desktop.
    #[serde(rename = "computer_20251124")]
    Computer20251124 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<Computer20251124Def>)]
        computer_20251124: Computer20251124Def,
    },
    /// The editor.
    #[serde(rename = "text_editor_20241022")]
    TextEditor20241022 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<TextEditor20241022Def>)]
        text_editor_20241022: TextEditor20241022Def,
    },
    /// The editor.
    #[serde(rename = "text_editor_20250124")]
    TextEditor20250124 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<TextEditor20250124Def>)]
        text_editor_20250124: TextEditor20250124Def,
    },
    /// The editor.
    #[serde(rename = "text_editor_20250429")]
    TextEditor20250429 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<TextEditor20250429Def>)]
        text_editor_20250429: TextEditor20250429Def,
    },
    /// The editor.
    #[serde(rename = "text_editor_20250728")]
    TextEditor20250728 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<TextEditor20250728Def>)]
        text_editor_20250728: TextEditor20250728Def,
    },
    /// The shell.
    #[serde(rename = "bash_20241022")]
    Bash20241022 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<Bash20241022Def>)]
        bash_20241022: Bash20241022Def,
    },
    /// The shell.
    #[serde(rename = "bash_20250124")]
    Bash20250124 {
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(value_type = Option<Bash20250124Def>)]
        bash_20250124: Bash20250124Def,
    },
}

impl ToolSpec {
    /// The tool's type.
    #[must_use]
    pub fn kind(&self) -> CallType {
        match self {
            Self::Function { .. } => CallType::Function,
            Self::Integration { .. } => CallType::Integration,
            Self::System { .. } => CallType::System,
            Self::ApiCall { .. } => CallType::ApiCall,
            Self::Computer20241022 { .. } => CallType::Computer20241022,
            Self::Computer20250124 { .. } => CallType::Computer20250124,
            Self::Computer20251124 { .. } => CallType::Computer20251124,
            Self::TextEditor20241022 { .. } => CallType::TextEditor20241022,
            Self::TextEditor20250124 { .. } => CallType::TextEditor20250124,
            Self::TextEditor20250429 { .. } => CallType::TextEditor20250429,
            Self::TextEditor20250728 { .. } => CallType::TextEditor20250728,
            Self::Bash20241022 { .. } => CallType::Bash20241022,
            Self::Bash20250124 { .. } => CallType::Bash20250124,
        }
    }
}

/// A tool as it is read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Tool {
    /// Its id.
    pub id: Uuid,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: Time,
    /// All else.
    #[serde(flatten)]
    pub definition: ToolDefinition,
}

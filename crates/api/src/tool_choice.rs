//! Whether a model is to call a tool, and which.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::FunctionCall;

/// Which tool is to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ToolChoice {
    /// The model's choice, or none.
    Automatic(Automatic),
    /// A tool by its name.
    Named(NamedTool),
}

/// The model's choice, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Automatic {
    /// The model chooses.
    Auto,
    /// No tool is called.
    None,
}

/// A tool by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedTool {
    /// The tool.
    pub function: FunctionCall,
}

//! What a model would be asked, without asking it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{DocReference, MessageOut, ToolChoice, ToolDefinition};

/// A prompt as it would be sent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RenderResponse {
    /// The messages, that of the system first.
    pub messages: Vec<MessageOut>,
    /// The tools that would be offered.
    pub tools: Option<Vec<ToolDefinition>>,
    /// Which of them would have to be called.
    pub tool_choice: Option<ToolChoice>,
    /// Documents that the model would be given.
    pub docs: Vec<DocReference>,
}

//! Messages, as they come in and as they go out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{ChosenCall, Content, StoredCall, Time};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    User,
    Assistant,
    System,
    Tool,
}

/// A message of a request. Its content and its calls are kept as they were posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; null for a message that only makes calls.
    #[serde(default)]
    pub content: Option<Content>,
    /// The speaker's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The id of the call that this answers.
    #[serde(default)]
    pub tool_call_id: Option<String>,
    /// Calls that the assistant made.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ChosenCall>>)]
    pub tool_calls: Option<Vec<StoredCall>>,
    /// Accepted from older clients; nothing follows from it.
    #[serde(default, rename = "continue", skip_serializing_if = "Option::is_none")]
    pub is_continued: Option<bool>,
}

/// A message of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MessageOut {
    /// Its id, the same as in the history.
    pub id: Option<Uuid>,
    /// Who speaks.
    pub role: Role,
    /// What is said; null for a message that only makes calls.
    pub content: Option<Content>,
    /// The speaker's name.
    pub name: Option<String>,
    /// The id of the call that this answers.
    pub tool_call_id: Option<String>,
    /// Calls that the assistant made.
    #[schema(value_type = Option<Vec<ChosenCall>>)]
    pub tool_calls: Option<Vec<StoredCall>>,
    /// When it came to be.
    #[schema(format = DateTime)]
    pub created_at: Option<Time>,
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;

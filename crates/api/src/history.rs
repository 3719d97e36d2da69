//! What was said in a session.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{ChosenCall, Content, Role, StoredCall, Time};

/// A session's history.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct History {
    /// The session's id.
    pub session_id: Uuid,
    /// When the session was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// What was said, oldest first.
    pub entries: Vec<Entry>,
    /// Which entries stand for which others.
    pub relations: Vec<Relation>,
}

/// A message of a history.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// When it was kept.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it was said.
    #[schema(format = DateTime)]
    pub timestamp: Time,
    /// Who spoke.
    pub role: Role,
    /// The speaker's name.
    pub name: Option<String>,
    /// What was said, as it was posted.
    pub content: Option<Content>,
    /// Where it came from.
    pub source: EntrySource,
    /// How tokens were counted.
    pub tokenizer: String,
    /// How many tokens it has.
    pub token_count: u64,
    /// The model that said it.
    pub model: Option<String>,
    /// Calls that the assistant made, as they were posted.
    #[schema(value_type = Option<Vec<ChosenCall>>)]
    pub tool_calls: Option<Vec<StoredCall>>,
    /// The id of the call that this answers.
    pub tool_call_id: Option<String>,
}

/// Where an entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntrySource {
    /// From the client.
    ApiRequest,
    /// The model's last message of a turn.
    ApiResponse,
    /// A message with calls that were run here.
    ToolRequest,
    /// A tool's answer.
    ToolResponse,
    /// From the server itself.
    Internal,
    /// A summary of others.
    Summarizer,
    /// About the conversation.
    Meta,
}

/// An entry that stands for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Relation {
    /// The entry that is stood for.
    pub head: Uuid,
    /// How.
    pub relation: String,
    /// The entry that stands for it.
    pub tail: Uuid,
}

//! Sessions: a conversation of agents and users.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Limits, Metadata, Patch, Policy, RecallOptions, SessionError, Time,
    given::{null_as_default, yes},
};

/// What a session is reset to (PUT): all of it but the participants, which stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionForm {
    /// What the conversation is about; not blank.
    #[serde(default)]
    pub situation: Option<String>,
    /// The system template, in place of the agent's; not blank.
    #[serde(default)]
    pub system_template: Option<String>,
    /// Whether system and assistant messages of a request are templates.
    #[serde(default = "yes")]
    #[schema(default = yes)]
    pub render_templates: bool,
    /// Tokens that a prompt may have; null for what the model takes.
    #[serde(default)]
    #[schema(exclusive_minimum = 0)]
    pub token_budget: Option<u64>,
    /// What is done about a prompt that is too long; null for nothing.
    #[serde(default)]
    pub context_overflow: Option<ContextOverflow>,
    /// Whether calls are run here rather than returned; null for the server's choice.
    #[serde(default)]
    pub auto_run_tools: Option<bool>,
    /// Whether calls are forwarded to the client, where nothing says whether they run here.
    #[serde(default)]
    #[schema(default = false)]
    pub forward_tool_calls: bool,
    /// How documents are found; the usual way where it is left out or `{}`, not at all where it is null.
    #[serde(default = "usual_recall")]
    pub recall_options: Option<RecallOptions>,
    /// What a turn may use; null for the server's limits.
    #[serde(default)]
    pub limits: Option<Limits>,
    /// Which calls may run here, and which somebody has to allow first; null for the server's policy.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// What the client keeps with it.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata: Metadata,
}

/// Any of a session's fields but its participants (PATCH).
pub type SessionPatch = Patch<SessionForm>;

/// What a session is created from (POST).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewSession {
    /// The agent, where there is one.
    #[serde(default)]
    pub agent: Option<Uuid>,
    /// The agents, where there are several.
    #[serde(default)]
    pub agents: Option<Vec<Uuid>>,
    /// The user, where there is one.
    #[serde(default)]
    pub user: Option<Uuid>,
    /// The users, where there are several.
    #[serde(default)]
    pub users: Option<Vec<Uuid>>,
    /// All else.
    #[serde(flatten)]
    pub form: SessionForm,
}

/// A session as it is read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: Time,
    /// How many agents and users it has.
    pub kind: SessionKind,
    /// Its agents, at least one; the first answers where a request names none.
    pub agents: Vec<Uuid>,
    /// Its users.
    pub users: Vec<Uuid>,
    /// Always null; clients know the field.
    pub summary: Option<String>,
    /// All else.
    #[serde(flatten)]
    pub form: SessionForm,
}

/// What is done about a prompt that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContextOverflow {
    /// The oldest messages are left out.
    Truncate,
    /// The oldest messages are put more shortly.
    Adaptive,
}

/// How many agents and users a session has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum SessionKind {
    SingleAgentNoUser,
    SingleAgentSingleUser,
    SingleAgentMultiUser,
    MultiAgentNoUser,
    MultiAgentSingleUser,
    MultiAgentMultiUser,
}

impl SessionKind {
    /// The kind of a session.
    #[must_use]
    pub fn of(participants: &Participants) -> Self {
        match (participants.agents.len(), participants.users.len()) {
            (0 | 1, 0) => Self::SingleAgentNoUser,
            (0 | 1, 1) => Self::SingleAgentSingleUser,
            (0 | 1, _) => Self::SingleAgentMultiUser,
            (_, 0) => Self::MultiAgentNoUser,
            (_, 1) => Self::MultiAgentSingleUser,
            (_, _) => Self::MultiAgentMultiUser,
        }
    }
}

/// Who takes part in a session, each once and in the order of their naming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participants {
    /// At least one.
    pub agents: Vec<Uuid>,
    /// Any number.
    pub users: Vec<Uuid>,
}

impl NewSession {
    /// Who takes part. One and several must not be given together, and there must be an agent.
    pub fn participants(&self) -> Result<Participants, SessionError> {
        let agents = joined(self.agent, self.agents.as_deref()).ok_or(SessionError::AgentAndAgents)?;
        let users = joined(self.user, self.users.as_deref()).ok_or(SessionError::UserAndUsers)?;
        if agents.is_empty() { Err(SessionError::NoAgent) } else { Ok(Participants { agents, users }) }
    }
}

impl SessionForm {
    /// Checks what is answered with 400 rather than 422: texts that are blank.
    pub fn checked(&self) -> Result<(), SessionError> {
        let is_blank = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
        if is_blank(&self.situation) {
            return Err(SessionError::BlankSituation);
        }
        if is_blank(&self.system_template) { Err(SessionError::BlankSystemTemplate) } else { Ok(()) }
    }
}

/// One or several; none if both are given.
fn joined(one: Option<Uuid>, several: Option<&[Uuid]>) -> Option<Vec<Uuid>> {
    match (one, several) {
        (Some(_), Some(_)) => None,
        (one, several) => {
            let mut all: Vec<Uuid> = Vec::new();
            for id in one.iter().chain(several.unwrap_or_default()) {
                if !all.contains(id) {
                    all.push(*id);
                }
            }
            Some(all)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is a field's default")]
fn usual_recall() -> Option<RecallOptions> {
    Some(RecallOptions::default())
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

//! Whose turn it is.

use crate::TraceParent;

/// What is known of a turn beside its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnAbout {
    /// The model's name, such as `openai:gpt-6`.
    pub model: String,
    /// The agent's id, where there is an agent.
    pub agent_id: Option<String>,
    /// The agent's name.
    pub agent_name: Option<String>,
    /// What the turn is a part of, where the client says so.
    pub parent: Option<TraceParent>,
}

impl TurnAbout {
    /// The provider's name and the model's own.
    pub(crate) fn provider_and_model(&self) -> (&str, &str) {
        self.model.split_once(':').unwrap_or(("", &self.model))
    }
}

//! What a turn is to be: all that is decided before it begins. It is kept with the open turn, so that a server that comes
//! back can go on with it.

use handspike_api::{ContextOverflow, Limits, Policy, ToolDefinition, Warning};
use handspike_types::ModelSettings;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tools::Runs;

/// What is decided before a turn begins. There is no key in it, and none of what the conversation holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Whether the turn becomes part of the history.
    pub(super) keeping: Keeping,
    /// The agent that answers.
    pub(super) agent: Uuid,
    /// Its name, for those who watch.
    #[serde(default)]
    pub(super) agent_name: String,
    /// The model's name.
    pub(super) model: String,
    /// Whose key the provider is asked with.
    pub(super) key: KeyOf,
    pub(super) settings: ModelSettings,
    pub(super) system_prompt: String,
    pub(super) tools: Vec<ToolDefinition>,
    pub(super) runs: Runs,
    /// Which calls may run.
    #[serde(default)]
    pub(super) policy: Policy,
    pub(super) recall_tools: bool,
    pub(super) limits: Limits,
    /// Tokens that the prompt may have, where the session says so.
    pub(super) token_budget: Option<u64>,
    pub(super) overflow: Option<ContextOverflow>,
    /// What of the request could not be honoured.
    #[serde(default)]
    pub(super) warnings: Vec<Warning>,
}

/// Whether a turn becomes part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keeping {
    Kept,
    Forgotten,
}

/// Whose key the provider is asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyOf {
    Server,
    Client,
}

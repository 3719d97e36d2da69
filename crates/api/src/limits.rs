//! What a turn may use.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Limits of a turn. What is unset is left to the session, and then to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Requests to the model.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub max_steps: Option<u64>,
    /// Tokens, those of prompts and those of answers together.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub max_tokens: Option<u64>,
    /// Costs in US dollars.
    #[serde(default)]
    #[schema(exclusive_minimum = 0)]
    pub max_cost: Option<f64>,
    /// Seconds from the turn's start.
    #[serde(default)]
    #[schema(exclusive_minimum = 0)]
    pub max_seconds: Option<f64>,
}

impl Limits {
    /// These limits, and where one is unset that of others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            max_steps: self.max_steps.or(others.max_steps),
            max_tokens: self.max_tokens.or(others.max_tokens),
            max_cost: self.max_cost.or(others.max_cost),
            max_seconds: self.max_seconds.or(others.max_seconds),
        }
    }
}

//! What a turn may use up.

use std::time::Duration;

/// The limits of one turn. Reaching one ends the turn with an outcome that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests to the model.
    pub steps: u32,
    /// From the user's input to the end, tools included.
    pub wall_time: Duration,
    /// Tokens in and out, all steps together; none means no limit.
    pub tokens: Option<u64>,
    /// How long a call may take to come to its end after it was told to, before it is abandoned.
    pub cancel_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 50, wall_time: Duration::from_secs(30 * 60), tokens: None, cancel_grace: Duration::from_secs(5) }
    }
}

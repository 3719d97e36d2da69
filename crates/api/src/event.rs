//! What happens in a session, as its followers are told.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Approval, ChosenCall, Delta, ErrorInfo, FinishReason, MessageOut, StopDetails, StoredCall, Usage};

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type")]
pub enum SessionEvent {
    /// A turn has begun.
    #[serde(rename = "turn.started")]
    TurnStarted {
        /// The turn.
        turn: Uuid,
        /// What was posted.
        messages: Vec<MessageOut>,
    },
    /// The model writes. This is told as it happens and not again: what was written comes as a whole when it is done.
    #[serde(rename = "message.delta")]
    MessageDelta {
        /// The turn.
        turn: Uuid,
        /// Which of several answers, from 0.
        choice: u32,
        /// What is added.
        delta: Delta,
    },
    /// The model has answered, perhaps with calls.
    #[serde(rename = "message.completed")]
    MessageCompleted {
        /// The turn.
        turn: Uuid,
        /// Which of several answers, from 0.
        choice: u32,
        /// The message.
        message: MessageOut,
    },
    /// A call is about to run.
    #[serde(rename = "call.started")]
    CallStarted {
        /// The turn.
        turn: Uuid,
        /// The call.
        #[schema(value_type = ChosenCall)]
        call: StoredCall,
    },
    /// Something slow goes on; told as it happens and not again.
    #[serde(rename = "call.progress")]
    CallProgress {
        /// The turn.
        turn: Uuid,
        /// A short sentence.
        text: String,
    },
    /// A call has come to its end.
    #[serde(rename = "call.completed")]
    CallCompleted {
        /// The turn.
        turn: Uuid,
        /// The call's id.
        tool_call_id: String,
        /// What the model is told.
        message: MessageOut,
        /// Whether that is an error.
        is_error: bool,
        /// How long the call took.
        duration_ms: u64,
    },
    /// A call waits for somebody's word.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// The turn.
        turn: Uuid,
        /// The call, and how long it waits.
        approval: Approval,
    },
    /// The word has come, the time is up, or the turn was stopped.
    #[serde(rename = "approval.resolved")]
    ApprovalResolved {
        /// The turn.
        turn: Uuid,
        /// The call, and what has become of it.
        approval: Approval,
    },
    /// A turn has come to its end.
    #[serde(rename = "turn.completed")]
    TurnCompleted {
        /// The turn.
        turn: Uuid,
        /// Why it ended.
        finish_reason: FinishReason,
        /// Its tokens.
        usage: Usage,
        /// Ids of the calls that await the client.
        pending_tool_calls: Vec<String>,
        /// The limit that ended it, if one did.
        stop_details: Option<StopDetails>,
    },
    /// A turn has failed.
    #[serde(rename = "turn.failed")]
    TurnFailed {
        /// The turn.
        turn: Uuid,
        /// Why.
        error: ErrorInfo,
    },
    /// A turn was cancelled.
    #[serde(rename = "turn.cancelled")]
    TurnCancelled {
        /// The turn.
        turn: Uuid,
        /// Its tokens.
        usage: Usage,
    },
}

impl SessionEvent {
    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TurnStarted { .. } => "turn.started",
            Self::MessageDelta { .. } => "message.delta",
            Self::MessageCompleted { .. } => "message.completed",
            Self::CallStarted { .. } => "call.started",
            Self::CallProgress { .. } => "call.progress",
            Self::CallCompleted { .. } => "call.completed",
            Self::ApprovalRequested { .. } => "approval.requested",
            Self::ApprovalResolved { .. } => "approval.resolved",
            Self::TurnCompleted { .. } => "turn.completed",
            Self::TurnFailed { .. } => "turn.failed",
            Self::TurnCancelled { .. } => "turn.cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_name_is_its_type() {
        let event = SessionEvent::TurnCancelled { turn: Uuid::nil(), usage: Usage::default() };
        assert_eq!(serde_json::to_value(&event).expect("JSON")["type"], event.name());
    }
}

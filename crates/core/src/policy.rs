//! Whether a call may run. The policy is asked before every call; one that asks a person does so inside
//! `decide`, which may take its time.

use async_trait::async_trait;
use handspike_types::ToolCall;

/// Decides about calls.
#[async_trait]
pub trait Policy: Send + Sync {
    /// Allows or denies one call.
    async fn decide(&self, call: &ToolCall) -> Decision;
}

/// A policy's word on a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may run.
    Allow,
    /// It may not; the model is told why.
    Deny {
        /// The reason, for the model.
        reason: String,
    },
}

/// Allows everything: right where the sandbox is the boundary.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

#[async_trait]
impl Policy for AllowAll {
    async fn decide(&self, _call: &ToolCall) -> Decision {
        Decision::Allow
    }
}

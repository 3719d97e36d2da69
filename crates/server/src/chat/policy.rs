//! Which calls of a turn may run. One that somebody has to allow waits here, inside the turn, whoever follows that or does
//! not. Where the server dies meanwhile, the next one lets it wait for what is left of its time: it has certainly not run.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use handspike_api::{Approval, ApprovalState, CallType, Verdict};
use handspike_core::{Decision, Policy};
use handspike_store::{Store, StoreError};
use handspike_types::{ToolCall, with_causes};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{
    approvals::{Approvals, Decided, Waiting},
    hub::Teller,
    messages,
    plan::Plan,
    tools::Kinds,
};
use crate::time;

/// How long a call waits where its policy does not say.
const USUAL: Duration = Duration::from_secs(600);

/// The policy of a turn.
pub(super) struct TurnPolicy {
    pub(super) store: Store,
    pub(super) approvals: Arc<Approvals>,
    pub(super) teller: Arc<Teller>,
    pub(super) session: Uuid,
    pub(super) turn: Uuid,
    pub(super) plan: Arc<Plan>,
    pub(super) kinds: Arc<Kinds>,
    /// When the turn's time is up, and with it that of all that waits.
    pub(super) deadline: Instant,
    /// What waited when an earlier server died, by the calls.
    pub(super) left: Mutex<HashMap<String, Arc<Waiting>>>,
}

#[async_trait]
impl Policy for TurnPolicy {
    async fn decide(&self, call: &ToolCall) -> Decision {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner).remove(&call.id);
        let decided = match left {
            Some(waiting) => self.decision(&waiting).await,
            None => match self.plan.policy.verdict(&call.name, &subject_of(call, self.kinds.of_tool(&call.name))) {
                Verdict::Allow => Ok(Decision::Allow),
                Verdict::Deny => Ok(Decision::Deny { reason: "the session's rules do not allow this call".to_owned() }),
                Verdict::Ask => self.ask(call).await,
            },
        };
        decided.unwrap_or_else(|error| {
            tracing::error!(error = with_causes(&error), "nobody can be asked about a call");
            Decision::Deny { reason: "nobody could be asked about this call".to_owned() }
        })
    }
}

impl TurnPolicy {
    /// Has somebody asked, and waits.
    async fn ask(&self, call: &ToolCall) -> Result<Decision, StoreError> {
        let limit = self.plan.policy.approval_seconds.map_or(USUAL, Duration::from_secs);
        let limit = limit.min(self.deadline.saturating_duration_since(Instant::now()));
        let (store, teller) = (self.store.clone(), Arc::clone(&self.teller));
        let waiting = Waiting::new(self.approval(call, limit), store, teller, self.plan.keeping);
        let waiting = self.approvals.ask(waiting).await?;
        self.decision(&waiting).await
    }

    /// Waits for somebody's word, or until the time is up. When the turn is stopped the waiting ends with it, and the
    /// journal writes down that it has.
    async fn decision(&self, waiting: &Arc<Waiting>) -> Result<Decision, StoreError> {
        let limit = time::until(&waiting.approval.expires_at);
        let decided = match timeout(limit, waiting.decided()).await {
            Ok(decided) => decided,
            Err(_) => match waiting.decide(ApprovalState::Expired, None).await? {
                Decided::Now(approval) | Decided::Before(approval) => approval,
            },
        };
        Ok(decision_of(&decided))
    }

    fn approval(&self, call: &ToolCall, limit: Duration) -> Approval {
        let id = Uuid::now_v7();
        Approval {
            id,
            session_id: self.session,
            turn: self.turn,
            tool_call_id: call.id.clone(),
            call: messages::call(call, self.kinds.of_tool(&call.name)),
            state: ApprovalState::Pending,
            reason: None,
            created_at: time::of_id(id),
            expires_at: time::after_id(id, limit),
        }
    }
}

/// What an approval means to its call.
pub(super) fn decision_of(approval: &Approval) -> Decision {
    let reason = match approval.state {
        ApprovalState::Allowed => return Decision::Allow,
        ApprovalState::Denied => approval.reason.clone().unwrap_or_else(|| "somebody has said no".to_owned()),
        ApprovalState::Expired => {
            let waited = time::between(&approval.created_at, &approval.expires_at);
            format!("nobody has allowed this call within {} s", waited.as_secs())
        }
        ApprovalState::Cancelled | ApprovalState::Pending => "nobody has allowed this call".to_owned(),
    };
    Decision::Deny { reason }
}

/// What a call is about, for rules to look at.
fn subject_of(call: &ToolCall, kind: CallType) -> String {
    let argument = match kind {
        CallType::Bash20241022 | CallType::Bash20250124 => Some("command"),
        CallType::TextEditor20241022
        | CallType::TextEditor20250124
        | CallType::TextEditor20250429
        | CallType::TextEditor20250728 => Some("path"),
        CallType::Computer20241022 | CallType::Computer20250124 | CallType::Computer20251124 => Some("action"),
        CallType::Function | CallType::Integration | CallType::System | CallType::ApiCall => None,
    };
    let named = argument.and_then(|name| call.arguments.get(name)?.as_str());
    named.map_or_else(|| call.arguments.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_about_its_command_its_path_its_action_or_all_of_it() {
        for (kind, arguments, subject) in [
            (CallType::Bash20241022, json!({"command": "ls", "timeout": 5}), "ls"),
            (CallType::Bash20250124, json!({"restart": true}), "{\"restart\":true}"),
            (CallType::TextEditor20250728, json!({"command": "view", "path": "/etc"}), "/etc"),
            (CallType::Computer20241022, json!({"action": "screenshot"}), "screenshot"),
            (CallType::ApiCall, json!({"q": 1}), "{\"q\":1}"),
        ] {
            let call = ToolCall { id: "c".to_owned(), name: "t".to_owned(), arguments, toolset: None };
            assert_eq!(subject_of(&call, kind), subject);
        }
    }
}

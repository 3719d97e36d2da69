//! Calls that somebody has to allow. Such a call waits inside the turn, whoever follows it or does not; its turn's client
//! may have gone away. The word comes by the route, or the time is up.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use axum::http::StatusCode;
use handspike_api::{Approval, ApprovalForm, ApprovalState, CallType, Page, SessionEvent, Verdict};
use handspike_core::{Decision, Policy};
use handspike_store::{StepWrites, Store, StoreError};
use handspike_types::{ToolCall, with_causes};
use serde_json::Value;
use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

use super::{entry::object_of, hub::Teller, journal::kept, messages, plan::Plan, tools::Kinds};
use crate::{error::ApiError, server::Server, time};

/// How long a call waits where its policy does not say.
const USUAL: Duration = Duration::from_secs(600);

/// The calls that wait in this process.
#[derive(Default)]
pub(crate) struct Approvals {
    waiting: Mutex<HashMap<Uuid, Waiting>>,
}

struct Waiting {
    approval: Approval,
    tell: oneshot::Sender<Word>,
}

/// Somebody's word.
struct Word {
    is_allowed: bool,
    reason: Option<String>,
}

impl Approvals {
    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins to wait, until what is given back is dropped.
    fn wait(self: &Arc<Self>, approval: Approval) -> (Place, oneshot::Receiver<Word>) {
        let (tell, told) = oneshot::channel();
        let id = approval.id;
        self.waiting().insert(id, Waiting { approval, tell });
        (Place { approvals: Arc::clone(self), id }, told)
    }
}

/// A call's place among those that wait.
struct Place {
    approvals: Arc<Approvals>,
    id: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.approvals.waiting().remove(&self.id);
    }
}

impl Server {
    /// The calls of a session that wait to be allowed, the longest waiting first.
    pub(super) async fn approvals(&self, session: Uuid) -> Result<Page<Approval>, ApiError> {
        self.store.last_event(session).await?;
        let waiting = self.approvals.waiting();
        let of_session = waiting.values().filter(|waiting| waiting.approval.session_id == session);
        let mut items: Vec<Approval> = of_session.map(|waiting| waiting.approval.clone()).collect();
        items.sort_by_key(|approval| approval.id);
        Ok(Page { total: items.len() as u64, items })
    }

    /// Takes somebody's word on a call.
    pub(super) async fn approve(&self, session: Uuid, form: ApprovalForm) -> Result<Approval, ApiError> {
        self.store.last_event(session).await?;
        if form.id.is_none() && form.tool_call_id.is_none() {
            let fix = "Give the approval's `id`, or the `tool_call_id` of its call.";
            return Err(ApiError::bad_request("It is not said which call is meant").with_fix(fix));
        }
        let is_meant = |approval: &Approval| {
            approval.session_id == session
                && form.id.is_none_or(|id| approval.id == id)
                && form.tool_call_id.as_ref().is_none_or(|id| approval.tool_call_id == *id)
        };
        let mut waiting = self.approvals.waiting();
        let id = waiting.values().find(|waiting| is_meant(&waiting.approval)).map(|waiting| waiting.approval.id);
        let Some(Waiting { mut approval, tell }) = id.and_then(|id| waiting.remove(&id)) else {
            let message = "No such call waits to be allowed; somebody has said a word on it, or its time is up";
            return Err(ApiError::http(StatusCode::NOT_FOUND, message));
        };
        drop(waiting);
        approval.state = if form.allow { ApprovalState::Allowed } else { ApprovalState::Denied };
        approval.reason.clone_from(&form.reason);
        // The turn may have ended in this moment; then nobody needs the word any more.
        let _ = tell.send(Word { is_allowed: form.allow, reason: form.reason });
        Ok(approval)
    }
}

/// The policy of a turn.
pub(super) struct TurnPolicy {
    pub(super) store: Store,
    pub(super) approvals: Arc<Approvals>,
    pub(super) teller: Arc<Teller>,
    pub(super) session: Uuid,
    pub(super) turn: Uuid,
    pub(super) plan: Arc<Plan>,
    pub(super) kinds: Arc<Kinds>,
}

#[async_trait]
impl Policy for TurnPolicy {
    async fn decide(&self, call: &ToolCall) -> Decision {
        let subject = subject_of(call, self.kinds.of_tool(&call.name));
        match self.plan.policy.verdict(&call.name, &subject) {
            Verdict::Allow => Decision::Allow,
            Verdict::Deny => Decision::Deny { reason: "the session's rules do not allow this call".to_owned() },
            Verdict::Ask => self.ask(call).await.unwrap_or_else(|error| {
                tracing::error!(error = with_causes(&error), "nobody can be asked about a call");
                Decision::Deny { reason: "nobody could be asked about this call".to_owned() }
            }),
        }
    }
}

impl TurnPolicy {
    /// Asks, and waits for a word. When the turn is cancelled the waiting ends with it.
    async fn ask(&self, call: &ToolCall) -> Result<Decision, StoreError> {
        let limit = self.plan.policy.approval_seconds.map_or(USUAL, Duration::from_secs);
        let mut approval = self.approval(call, limit);
        // It waits before anybody is told: the word may come at once.
        let (_place, told) = self.approvals.wait(approval.clone());
        self.tell(SessionEvent::ApprovalRequested { turn: self.turn, approval: approval.clone() }).await?;
        let word = timeout(limit, told).await.ok().and_then(Result::ok);
        let decision = match word {
            Some(Word { is_allowed: true, .. }) => {
                approval.state = ApprovalState::Allowed;
                Decision::Allow
            }
            Some(Word { is_allowed: false, reason }) => {
                approval.state = ApprovalState::Denied;
                approval.reason.clone_from(&reason);
                Decision::Deny { reason: reason.unwrap_or_else(|| "somebody has said no".to_owned()) }
            }
            None => {
                approval.state = ApprovalState::Expired;
                let reason = format!("nobody has allowed this call within {} s", limit.as_secs());
                Decision::Deny { reason }
            }
        };
        self.tell(SessionEvent::ApprovalResolved { turn: self.turn, approval }).await?;
        Ok(decision)
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

    /// Stores an event, and tells of it.
    async fn tell(&self, event: SessionEvent) -> Result<(), StoreError> {
        let stored = Value::Object(object_of(&kept(event.clone(), self.plan.keeping)));
        let writes = StepWrites { events: vec![stored], ..StepWrites::default() };
        let committed = self.store.commit(self.session, self.turn, &writes).await?;
        self.teller.stored(committed.first_event, &[event]);
        Ok(())
    }
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

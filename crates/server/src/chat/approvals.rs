//! Calls that somebody has to allow, as those see them who decide: a client, the end of the time, or the end of the turn.
//! What waits is in the store, and here how to tell the turn that waits. One decision is made about each, and it is stored
//! before anything follows from it.

use std::{
    collections::HashMap,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;
use handspike_api::{Approval, ApprovalForm, ApprovalState, Page, SessionEvent};
use handspike_store::{ApprovalAsked, ApprovalDecided, ApprovalRow, StepWrites, Store, StoreError};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    entry::object_of,
    hub::Teller,
    journal::{kept, kept_approval},
    plan::Keeping,
};
use crate::{error::ApiError, failpoint, server::Server};

/// How long a client waits whose word nobody takes at the moment, in seconds.
const AGAIN: u32 = 1;

/// The calls that wait in this process, by the ids of their approvals.
#[derive(Default)]
pub(crate) struct Approvals {
    waiting: Mutex<HashMap<Uuid, Arc<Waiting>>>,
}

/// A call that somebody has to allow.
pub(super) struct Waiting {
    pub(super) approval: Approval,
    /// Where it is written down.
    pub(super) store: Store,
    pub(super) teller: Arc<Teller>,
    pub(super) keeping: Keeping,
    /// What was decided. Whoever decides holds it until that is stored.
    decided: Arc<tokio::sync::Mutex<Option<Approval>>>,
    told: Notify,
}

impl Approvals {
    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins to wait: that is stored, and told, and a turn that is stopped leaves no half of it.
    pub(super) async fn ask(self: &Arc<Self>, waiting: Waiting) -> Result<Arc<Waiting>, StoreError> {
        let approvals = Arc::clone(self);
        // Whoever has a word for it before it is stored waits for that.
        let mut decided = Arc::clone(&waiting.decided).lock_owned().await;
        let waiting = self.wait_on(waiting);
        let asking = async move {
            if let Err(error) = waiting.write_asked().await {
                // It is not there to be closed.
                approvals.waiting().remove(&waiting.approval.id);
                *decided = Some(Approval { state: ApprovalState::Cancelled, ..waiting.approval.clone() });
                return Err(error);
            }
            drop(decided);
            Ok(waiting)
        };
        to_its_end(asking).await
    }

    /// A call waits on that is stored as waiting.
    pub(super) fn wait_on(&self, waiting: Waiting) -> Arc<Waiting> {
        let waiting = Arc::new(waiting);
        self.waiting().insert(waiting.approval.id, Arc::clone(&waiting));
        waiting
    }

    /// A call has its answer. Gives back its approval where that is still open, as what nobody else can decide any more.
    pub(super) async fn close(&self, turn: Uuid, call: &str) -> Option<Approval> {
        let closed = {
            let mut waiting = self.waiting();
            let is_meant =
                |waiting: &&Arc<Waiting>| waiting.approval.turn == turn && waiting.approval.tool_call_id == call;
            let id = waiting.values().find(is_meant)?.approval.id;
            waiting.remove(&id)?
        };
        let mut decided = closed.decided.lock().await;
        if decided.is_some() {
            return None;
        }
        let approval = Approval { state: ApprovalState::Cancelled, ..closed.approval.clone() };
        Some(decided.insert(approval).clone())
    }

    /// A turn is over, whatever has become of it.
    pub(super) fn forget(&self, turn: Uuid) {
        self.waiting().retain(|_, waiting| waiting.approval.turn != turn);
    }
}

impl Waiting {
    pub(super) fn new(approval: Approval, store: Store, teller: Arc<Teller>, keeping: Keeping) -> Self {
        Self { approval, store, teller, keeping, decided: Arc::default(), told: Notify::new() }
    }

    /// Waits until it is decided.
    pub(super) async fn decided(&self) -> Approval {
        loop {
            self.told.notified().await;
            if let Some(decided) = &*self.decided.lock().await {
                return decided.clone();
            }
        }
    }

    /// Decides, and says what holds now: another decision where that came first. Nobody who goes away leaves half of it.
    pub(super) async fn decide(
        self: &Arc<Self>,
        state: ApprovalState,
        reason: Option<String>,
    ) -> Result<Decided, StoreError> {
        let waiting = Arc::clone(self);
        let deciding = async move {
            let mut decided = waiting.decided.lock().await;
            if let Some(earlier) = &*decided {
                return Ok(Decided::Before(earlier.clone()));
            }
            let approval = Approval { state, reason, ..waiting.approval.clone() };
            waiting.write_decided(&approval).await?;
            let approval = decided.insert(approval).clone();
            waiting.told.notify_one();
            Ok(Decided::Now(approval))
        };
        to_its_end(deciding).await
    }

    /// Stores that the call waits, and tells of it.
    async fn write_asked(&self) -> Result<(), StoreError> {
        let approval = self.approval.clone();
        let (id, call) = (approval.id, approval.tool_call_id.clone());
        let asked = ApprovalAsked { id, call, body: body(&approval, self.keeping) };
        let event = SessionEvent::ApprovalRequested { turn: approval.turn, approval };
        self.write("approval-requested", event, StepWrites { asked: vec![asked], ..StepWrites::default() }).await
    }

    /// Stores that the call waits no more, and tells of it.
    async fn write_decided(&self, approval: &Approval) -> Result<(), StoreError> {
        let decided = ApprovalDecided { id: approval.id, body: body(approval, self.keeping) };
        let event = SessionEvent::ApprovalResolved { turn: approval.turn, approval: approval.clone() };
        self.write("approval-resolved", event, StepWrites { decided: vec![decided], ..StepWrites::default() }).await
    }

    async fn write(&self, point: &str, event: SessionEvent, mut writes: StepWrites) -> Result<(), StoreError> {
        writes.events = vec![Value::Object(object_of(&kept(event.clone(), self.keeping)))];
        failpoint::reach(&format!("before-{point}"));
        let committed = self.store.commit(self.approval.session_id, self.approval.turn, &writes).await?;
        failpoint::reach(&format!("after-{point}"));
        self.teller.stored(committed.first_event, &[event]);
        Ok(())
    }
}

/// Does something as a task of its own, which comes to its end also where nobody waits for it any more.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    tokio::spawn(work).await.unwrap_or_else(|panic| resume_unwind(panic.into_panic()))
}

/// What came of a decision.
pub(super) enum Decided {
    /// It holds.
    Now(Approval),
    /// Another one was made before.
    Before(Approval),
}

/// What the store is to know of an approval.
pub(super) fn body(approval: &Approval, keeping: Keeping) -> Value {
    Value::Object(object_of(&kept_approval(approval.clone(), keeping)))
}

/// An approval as it is told, from what is stored.
pub(super) fn read(row: &ApprovalRow) -> Result<Approval, serde_json::Error> {
    serde_json::from_value(row.body.clone())
}

impl Server {
    /// The calls of a session that wait to be allowed, the longest waiting first.
    pub(super) async fn approvals(&self, session: Uuid) -> Result<Page<Approval>, ApiError> {
        self.store.last_event(session).await?;
        let rows = self.store.waiting_approvals(session).await?;
        let waiting = self.approvals.waiting();
        let approval = |row: &ApprovalRow| match waiting.get(&row.id) {
            // What is stored of a turn that is not kept is less.
            Some(waiting) => Ok(waiting.approval.clone()),
            None => read(row).map_err(|error| unreadable(&error)),
        };
        let items = rows.iter().map(approval).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { total: items.len() as u64, items })
    }

    /// Takes somebody's word on a call.
    pub(super) async fn approve(&self, session: Uuid, form: ApprovalForm) -> Result<Approval, ApiError> {
        self.store.last_event(session).await?;
        if form.id.is_none() && form.tool_call_id.is_none() {
            let fix = "Give the approval's `id`, or the `tool_call_id` of its call.";
            return Err(ApiError::bad_request("It is not said which call is meant").with_fix(fix));
        }
        let row = self.store.find_approval(session, form.id, form.tool_call_id.as_deref()).await?;
        let row = row.ok_or_else(|| ApiError::not_found("call of this session that somebody was asked about"))?;
        if !row.is_waiting {
            return Err(over(&read(&row).map_err(|error| unreadable(&error))?));
        }
        let waiting = self.approvals.waiting().get(&row.id).cloned();
        let Some(waiting) = waiting else {
            // It is being closed in this moment, or its turn is yet to be gone on with, or another server has it.
            let message = "The call can't be decided about at the moment";
            return Err(ApiError::http(StatusCode::CONFLICT, message).again_after(AGAIN));
        };
        let state = if form.allow { ApprovalState::Allowed } else { ApprovalState::Denied };
        match waiting.decide(state, form.reason).await {
            Ok(Decided::Now(approval)) => Ok(approval),
            Ok(Decided::Before(approval)) => Err(over(&approval)),
            Err(StoreError::TurnNotOpen { .. } | StoreError::NoSuchApproval { .. }) => Err(over(&waiting.approval)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A word that comes too late.
fn over(approval: &Approval) -> ApiError {
    let what = match approval.state {
        ApprovalState::Allowed => "it was allowed",
        ApprovalState::Denied => "it was denied",
        ApprovalState::Expired => "its time is up",
        // Nobody has written down that its turn has ended.
        ApprovalState::Cancelled | ApprovalState::Pending => "its turn has ended",
    };
    ApiError::http(StatusCode::CONFLICT, format!("The call does not wait any more: {what}")).never_again()
}

fn unreadable(error: &serde_json::Error) -> ApiError {
    tracing::error!(%error, "a stored approval can't be read");
    ApiError::internal()
}

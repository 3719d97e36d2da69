//! Turns that a server which is gone has left open. They are taken over and gone on with: a call that was started and
//! has no result is answered to the model as interrupted, and no call is run again by itself.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use handspike_api::{Approval, ApprovalState, EntrySource, ErrorBody, Role};
use handspike_core::{Decision, denied, interrupted};
use handspike_store::{Call, EntriesOfTurn, FailedTurns, HistoryPage, OpenTurn, PAGE_LIMIT, StoreError, Window};
use handspike_types::{EventKind, Message, ToolCall, ToolOutput, Usage, with_causes};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    approvals,
    entry::{EntryBody, Said},
    messages::Reader,
    pictures,
    plan::{Keeping, KeyOf, Plan},
    policy::decision_of,
    run::Turn,
    tools::Kinds,
};
use crate::server::Server;

/// How often a server that shares its database says that it is at work, and looks for others that are not.
const ROUND: Duration = Duration::from_secs(20);

/// How long another server may say nothing of its turns before it counts as gone.
const SILENCE: Duration = Duration::from_secs(90);

/// What an open turn needs before it can go on.
pub(super) struct Left {
    /// The calls of the last step that run here, with the answers that are stored with the calls only.
    pub(super) running: Vec<(String, Option<Said>)>,
    pub(super) started: HashSet<String>,
    /// Whether the model has said anything in this turn.
    pub(super) has_answered: bool,
    /// The answers to the calls that have none.
    pub(super) interrupted: Vec<EventKind>,
    /// The calls that wait to be allowed.
    pub(super) waiting: Vec<(ToolCall, Approval)>,
    /// The calls of the last step that await the client.
    pub(super) pending: Vec<String>,
    pub(super) steps: u32,
    pub(super) usage: Usage,
    pub(super) time: Duration,
}

/// Why a turn is not gone on with, for its client.
#[derive(Debug, thiserror::Error)]
enum NotResumed {
    #[error("the server stopped before the turn had begun")]
    NotBegun,
    #[error("the server stopped during a turn that was not to be kept")]
    Forgotten,
    #[error("the server stopped during a turn that used the client's own key, which is not kept")]
    ForeignKey,
    #[error("the server stopped during the turn, and its model is not available any more: {0}")]
    NoModel(String),
    #[error("the server stopped during the turn, and what it was can't be read any more")]
    Unreadable,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Server {
    /// Looks after turns that no server runs any more: all of them at once where this is the only server, and round by
    /// round where others share the database. Ends with the stop, or with nothing left to do.
    pub async fn tend(self: Arc<Self>, stop: CancellationToken) {
        if let Err(error) = self.delete_forsaken().await {
            tracing::error!(error = with_causes(&error), "sessions that were to be deleted can't be looked for");
        }
        loop {
            if let Err(error) = self.resume_turns().await {
                tracing::error!(error = with_causes(&error), "open turns can't be looked after");
            }
            if self.store.is_exclusive() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(ROUND) => {}
            }
            if let Err(error) = self.store.touch_turns().await {
                tracing::warn!(error = with_causes(&error), "open turns can't be marked as running");
            }
        }
    }

    /// Takes over the turns whose servers are gone and goes on with each in a task of its own. Says how many there were.
    pub async fn resume_turns(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut adopted = 0;
        loop {
            let mut is_any = false;
            for open in self.store.open_turns().await? {
                let is_left = self.store.is_exclusive() || is_silent(open.turn.updated_at);
                if is_left && self.store.adopt_turn(&open.turn).await? {
                    (is_any, adopted) = (true, adopted + 1);
                    let server = Arc::clone(self);
                    self.turns.tasks.spawn(async move { server.resume(open).await });
                }
            }
            if !is_any {
                return Ok(adopted);
            }
        }
    }

    async fn resume(self: Arc<Self>, open: OpenTurn) {
        let (session, id) = (open.turn.session, open.turn.id);
        tracing::info!(%session, turn = %id, "an open turn is gone on with");
        let entries = match self.said_in(&open).await {
            Ok(said) if said.iter().any(is_answer) => EntriesOfTurn::Kept,
            Ok(_) | Err(_) => EntriesOfTurn::Failed,
        };
        if let Err(reason) = self.try_to_resume(open).await {
            tracing::warn!(%session, turn = %id, %reason, "an open turn is not gone on with");
            let error = ErrorBody::http(500, reason.to_string());
            self.give_up(session, id, entries, &error).await;
        }
    }

    async fn try_to_resume(self: &Arc<Self>, open: OpenTurn) -> Result<(), NotResumed> {
        let (session, id) = (open.turn.session, open.turn.id);
        let plan: Plan = serde_json::from_value(open.turn.plan.clone()).map_err(|_| NotResumed::Unreadable)?;
        if open.turn.steps == 0 {
            return Err(NotResumed::NotBegun);
        }
        if plan.keeping == Keeping::Forgotten {
            return Err(NotResumed::Forgotten);
        }
        if plan.key == KeyOf::Client {
            return Err(NotResumed::ForeignKey);
        }
        let model = self.models.open(&plan.model, None).map_err(|error| NotResumed::NoModel(error.to_string()))?;
        let left = self.left(&open, &plan).await?;
        let entered = self.turns.enter(session, id);
        let (plan, record) = (Arc::new(plan), Arc::default());
        let turn = Turn {
            server: Arc::clone(self),
            session,
            id,
            plan,
            entered,
            record,
            docs: Arc::default(),
            chunks: None,
            parent: None,
        };
        // Whoever asked is gone; what became of it is in the history.
        let _ = self.see_through((session, id), turn.go_on(model, left)).await;
        Ok(())
    }

    /// What is missing before the turn can go on.
    async fn left(&self, open: &OpenTurn, plan: &Plan) -> Result<Left, NotResumed> {
        let mut step = LastStep::default();
        for said in self.said_in(open).await? {
            step.take(said);
        }
        let kinds = Kinds::of(&plan.tools, plan.runs);
        let mut asked = HashMap::new();
        for row in self.store.approvals_of_turn(open.turn.id).await? {
            let approval = approvals::read(&row).map_err(|_| NotResumed::Unreadable)?;
            asked.insert(row.call, approval);
        }
        let mut results = HashMap::new();
        for call in &open.calls {
            if let Some(said) = self.result_of(call).await {
                results.insert(call.id.clone(), said);
            }
        }
        let started: HashSet<String> = open.calls.iter().map(|call| call.id.clone()).collect();
        let mut left = Left {
            running: Vec::new(),
            interrupted: Vec::new(),
            waiting: Vec::new(),
            pending: Vec::new(),
            steps: u32::try_from(open.turn.steps).unwrap_or(u32::MAX),
            usage: Usage { input_tokens: open.turn.input_tokens, output_tokens: open.turn.output_tokens },
            time: Duration::from_micros(u64::try_from(open.turn.updated_at - open.turn.started_at).unwrap_or_default()),
            started,
            has_answered: step.has_answered,
        };
        for (call_id, name) in step.unanswered() {
            if kinds.is_clients(&name) {
                left.pending.push(call_id);
                continue;
            }
            let result = results.remove(&call_id);
            if result.is_none() {
                match before_its_end(call_of(open, &call_id), asked.remove(&call_id)) {
                    Before::Waited(waiting) => left.waiting.push(*waiting),
                    Before::Ended(output) => {
                        let (turn, step, call_id) = (0, left.steps, call_id.clone());
                        let end = EventKind::CallFinished { turn, step, call_id, name, output, duration_ms: 0 };
                        left.interrupted.push(end);
                    }
                }
            }
            left.running.push((call_id, result));
        }
        Ok(left)
    }

    /// What the turn has added to the history.
    async fn said_in(&self, open: &OpenTurn) -> Result<Vec<Said>, NotResumed> {
        let mut page = HistoryPage {
            failed: FailedTurns::Included,
            window: Window::After(open.turn.after_entry),
            ..HistoryPage::first(PAGE_LIMIT)
        };
        let mut said = Vec::new();
        loop {
            let read = self.store.entries(open.turn.session, &page).await?;
            let Some(last) = read.last() else { return Ok(said) };
            page.window = Window::After(last.seq);
            for entry in read {
                said.push(Said::of_entry(&self.store, entry).await.map_err(|_| NotResumed::Unreadable)?);
            }
        }
    }

    /// The answer that is stored with a call.
    async fn result_of(&self, call: &Call) -> Option<Said> {
        let Some(Value::Object(mut document)) = call.result.clone() else { return None };
        pictures::bring_back(&self.store, &mut document).await;
        let body: EntryBody = serde_json::from_value(Value::Object(document)).ok()?;
        Some(Said::new(EntrySource::ToolResponse, Role::Tool, body))
    }
}

/// What a call without a result was at when its server died.
enum Before {
    /// It waited to be allowed, so that it has certainly not run.
    Waited(Box<(ToolCall, Approval)>),
    /// It may have run, was denied, or had not begun, and has this answer.
    Ended(ToolOutput),
}

fn before_its_end(started: Option<&Call>, approval: Option<Approval>) -> Before {
    let Some(started) = started else { return Before::Ended(interrupted(false)) };
    let Some(approval) = approval else { return Before::Ended(interrupted(true)) };
    match approval.state {
        ApprovalState::Pending => match serde_json::from_value(started.request.clone()) {
            Ok(call) => Before::Waited(Box::new((call, approval))),
            Err(_) => Before::Ended(interrupted(false)),
        },
        ApprovalState::Allowed | ApprovalState::Denied | ApprovalState::Expired | ApprovalState::Cancelled => {
            Before::Ended(match decision_of(&approval) {
                Decision::Allow => interrupted(true),
                Decision::Deny { reason } => denied(&reason),
            })
        }
    }
}

fn call_of<'a>(open: &'a OpenTurn, id: &str) -> Option<&'a Call> {
    open.calls.iter().find(|call| call.id == id)
}

/// Whether the model has said it.
fn is_answer(said: &Said) -> bool {
    matches!(said.source, EntrySource::ApiResponse | EntrySource::ToolRequest)
}

fn is_silent(updated_at: i64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let updated = Duration::from_micros(u64::try_from(updated_at).unwrap_or_default());
    now.saturating_sub(updated) > SILENCE
}

/// The calls of the last answer, and which of them have their results in the history.
#[derive(Default)]
struct LastStep {
    reader: Reader,
    names: HashMap<String, String>,
    has_answered: bool,
}

impl LastStep {
    fn take(&mut self, said: Said) {
        if said.body.choice > 0 {
            return;
        }
        self.has_answered |= is_answer(&said);
        for message in self.reader.read(&said) {
            if let Message::Assistant { tool_calls, .. } = message {
                // Calls that a client has posted are answered as it has left them.
                let calls = tool_calls.into_iter().filter(|_| is_answer(&said));
                self.names = calls.map(|call| (call.id, call.name)).collect();
            }
        }
    }

    /// Id and tool of each, in the order of the calls.
    fn unanswered(&self) -> Vec<(String, String)> {
        let open = self.reader.open().iter();
        open.filter_map(|id| Some((id.clone(), self.names.get(id)?.clone()))).collect()
    }
}

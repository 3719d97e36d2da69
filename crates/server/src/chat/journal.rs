//! The journal of a turn: what the loop tells is stored, each group of events in one commit, and then told to those who
//! follow the session. Nothing that follows from an event happens before it is stored.
//!
//! A tool's answer becomes a part of the history once those of all calls before it are there, so that the history has
//! them in the order of the calls. Until then the store has it with the call.

use std::{
    collections::HashSet,
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use handspike_api::{Approval, CallType, EntrySource, FinishReason, Role, SessionEvent, StoredCall};
use handspike_core::Journal;
use handspike_store::{ApprovalDecided, CallFinish, CallStart, EntriesOfTurn, StepUsage, StepWrites, Store, TurnEnd};
use handspike_types::{self as types, Choice, Event, EventKind, Outcome, ToolCall, ToolOutput};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failpoint;

use super::{
    approvals::{self, Approvals},
    entry::{EntryBody, Said, object_of},
    failure::{ModelFailure, TurnFailure},
    hub::Teller,
    limits, messages,
    pictures::Pictures,
    plan::{Keeping, Plan},
    record::{Answer, End, Record, finish_reason, logprobs, usage},
    tools::Kinds,
};

/// Where a turn is stored, and who is told.
pub(super) struct TurnJournal {
    store: Store,
    teller: Arc<Teller>,
    approvals: Arc<Approvals>,
    session: Uuid,
    turn: Uuid,
    plan: Arc<Plan>,
    kinds: Arc<Kinds>,
    record: Arc<Mutex<Record>>,
    pictures: Pictures,
    /// What was posted, until the turn has begun.
    input: Vec<Said>,
    /// The calls of the step that run here, in their order, with the answers that are not yet part of the history.
    running: Vec<(String, Option<Said>)>,
    /// The calls that were stored as started.
    started: HashSet<String>,
    /// Steps that have begun since the last commit.
    steps: u64,
    has_answered: bool,
}

/// What goes into one commit.
#[derive(Default)]
struct Group {
    entries: Vec<Said>,
    started: Vec<ToolCall>,
    finished: Vec<Said>,
    decided: Vec<ApprovalDecided>,
    told: Vec<SessionEvent>,
    tokens: types::Usage,
    end: Option<TurnEnd>,
}

impl TurnJournal {
    pub(super) fn new(
        (store, teller, approvals): (Store, Arc<Teller>, Arc<Approvals>),
        (session, turn): (Uuid, Uuid),
        (plan, kinds): (Arc<Plan>, Arc<Kinds>),
        record: Arc<Mutex<Record>>,
    ) -> Self {
        let (pictures, input) = (Pictures::default(), Vec::new());
        let (running, started, steps, has_answered) = (Vec::new(), HashSet::new(), 0, false);
        Self {
            store,
            teller,
            approvals,
            session,
            turn,
            plan,
            kinds,
            record,
            pictures,
            input,
            running,
            started,
            steps,
            has_answered,
        }
    }

    /// The journal of a turn that begins with what was posted.
    pub(super) fn of_posted(self, input: Vec<Said>) -> Self {
        Self { input, ..self }
    }

    /// The journal of a turn that an earlier one left open: the calls of its last step that run here, with the answers that
    /// are not yet part of the history, and those that were started.
    pub(super) fn of_open(
        self,
        running: Vec<(String, Option<Said>)>,
        started: HashSet<String>,
        has_answered: bool,
    ) -> Self {
        Self { running, started, has_answered, ..self }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&mut self, event: &EventKind, group: &mut Group) {
        let turn = self.turn;
        match event {
            EventKind::TurnStarted { .. } => {
                group.entries = mem::take(&mut self.input);
                let messages = group.entries.iter().map(Said::to_message).collect();
                group.told.push(SessionEvent::TurnStarted { turn, messages });
            }
            EventKind::StepStarted { .. } => self.steps += 1,
            EventKind::ModelAnswered {
                text,
                tool_calls,
                finish_reason,
                usage,
                logprobs,
                alternatives,
                warnings,
                ..
            } => {
                let (text, tool_calls, logprobs) = (text.clone(), tool_calls.clone(), logprobs.clone());
                let first = Choice { index: 0, text, tool_calls, finish_reason: *finish_reason, logprobs };
                group.tokens += *usage;
                self.record().warn(warnings);
                self.answered(&first, alternatives, group);
            }
            EventKind::CallStarted { call, .. } => {
                // One that waited when an earlier server died was stored as started by that.
                if self.started.insert(call.id.clone()) {
                    let kind = self.kinds.of_tool(&call.name);
                    group.started.push(call.clone());
                    group.told.push(SessionEvent::CallStarted { turn, call: messages::call(call, kind) });
                }
            }
            EventKind::CallFinished { call_id, name, output, duration_ms, .. } => {
                self.finished(call_id, name, output, *duration_ms, group);
            }
            EventKind::TurnFinished { outcome, usage, .. } => self.ended(outcome, *usage, group),
            // News of slow work is for those who are there; pieces of messages never come here.
            EventKind::Progress { .. } | EventKind::MessageDelta { .. } | EventKind::SessionStarted { .. } => {}
        }
    }

    /// Takes what the model said, and which calls are to be answered.
    fn answered(&mut self, first: &Choice, alternatives: &[Choice], group: &mut Group) {
        self.has_answered = true;
        let is_whole = is_whole(first.finish_reason);
        let ours = first.tool_calls.iter().filter(|call| is_whole && !self.kinds.is_clients(&call.name));
        self.running = ours.map(|call| (call.id.clone(), None)).collect();
        let source = if self.running.is_empty() { EntrySource::ApiResponse } else { EntrySource::ToolRequest };
        let answers: Vec<Answer> = [(0, first)]
            .into_iter()
            .chain((1..).zip(alternatives))
            .map(|(place, choice)| Answer {
                said: self.said_by_model(place, choice, source),
                finish_reason: finish_reason(choice.finish_reason),
                logprobs: logprobs(choice.logprobs.as_ref()),
            })
            .collect();
        for (choice, Answer { said, .. }) in (0..).zip(&answers) {
            group.told.push(SessionEvent::MessageCompleted { turn: self.turn, choice, message: said.to_message() });
            group.entries.push(said.clone());
        }
        let mut record = self.record();
        record.said.extend(answers.first().map(|answer| answer.said.clone()));
        record.answers = answers;
    }

    fn said_by_model(&self, place: u32, choice: &Choice, source: EntrySource) -> Said {
        // A cut call is never run, and nobody can answer it.
        let calls = if is_whole(choice.finish_reason) { choice.tool_calls.as_slice() } else { &[] };
        let body = messages::answer(&choice.text, calls, |name| self.kinds.of_tool(name));
        let source = if place == 0 { source } else { EntrySource::ApiResponse };
        Said::new(source, Role::Assistant, EntryBody { model: Some(self.plan.model.clone()), choice: place, ..body })
    }

    fn finished(&mut self, id: &str, name: &str, output: &ToolOutput, duration_ms: u64, group: &mut Group) {
        let said = Said::new(EntrySource::ToolResponse, Role::Tool, messages::result(id, name, output));
        group.told.push(SessionEvent::CallCompleted {
            turn: self.turn,
            tool_call_id: id.to_owned(),
            message: said.to_message(),
            is_error: output.is_error,
            duration_ms,
        });
        // One that was never started needs no end in the store.
        if self.started.contains(id) {
            group.finished.push(said.clone());
        }
        if let Some((_, place)) = self.running.iter_mut().find(|(running, _)| running == id) {
            *place = Some(said);
        }
        let ready = self.running.iter().take_while(|(_, said)| said.is_some()).count();
        let ready: Vec<Said> = self.running.drain(..ready).filter_map(|(_, said)| said).collect();
        self.record().said.extend(ready.iter().cloned());
        group.entries.extend(ready);
    }

    fn ended(&mut self, outcome: &Outcome, tokens: types::Usage, group: &mut Group) {
        let turn = self.turn;
        let mut record = self.record();
        let mut all = tokens;
        all += record.beside;
        group.tokens += record.beside;
        let end = end_of(outcome, &record, &self.plan, self.has_answered, usage(all));
        group.told.push(match (&end.failure, end.is_cancelled) {
            (Some(failure), _) => SessionEvent::TurnFailed { turn, error: failure.error.clone() },
            (None, true) => SessionEvent::TurnCancelled { turn, usage: end.usage },
            (None, false) => SessionEvent::TurnCompleted {
                turn,
                finish_reason: end.finish_reason,
                usage: end.usage,
                pending_tool_calls: end.pending.clone(),
                stop_details: end.stop_details,
            },
        });
        let is_lost = end.failure.is_some() && !self.has_answered;
        group.end = Some(TurnEnd {
            outcome: word_for(&end).to_owned(),
            detail: json!({ "stop_details": end.stop_details, "error": end.failure.as_ref().map(|failure| &failure.error) }),
            entries: if is_lost { EntriesOfTurn::Failed } else { EntriesOfTurn::Kept },
        });
        record.end = Some(end);
    }

    /// Stores a group as one, and tells of it.
    async fn store(&mut self, group: Group) -> io::Result<()> {
        let Group { entries, started, finished, decided, told, tokens, end } = group;
        if told.is_empty() && end.is_none() {
            return Ok(());
        }
        let mut writes = StepWrites { decided, end, ..StepWrites::default() };
        writes.usage = StepUsage {
            steps: mem::take(&mut self.steps),
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
        };
        if self.plan.keeping == Keeping::Kept {
            for said in &entries {
                writes.entries.push(said.to_entry(&self.store, &mut self.pictures).await.map_err(io::Error::other)?);
            }
        }
        for call in started {
            let request = self.kept(object_of(&call)).await?;
            writes.started.push(CallStart { id: call.id, request });
        }
        for said in finished {
            let id = said.body.tool_call_id.clone().unwrap_or_default();
            let result = self.kept(object_of(&said.body)).await?;
            writes.finished.push(CallFinish { id, result });
        }
        for event in &told {
            let event = object_of(&kept(event.clone(), self.plan.keeping));
            writes.events.push(self.without_pictures(event).await?);
        }
        let point = point_of(&told);
        failpoint::reach(&format!("before-{point}"));
        let committed = self.store.commit(self.session, self.turn, &writes).await.map_err(io::Error::other)?;
        failpoint::reach(&format!("after-{point}"));
        self.teller.stored(committed.first_event, &told);
        Ok(())
    }

    /// What the store is to know of a call: nothing, where the turn is not kept.
    async fn kept(&mut self, document: serde_json::Map<String, Value>) -> io::Result<Value> {
        match self.plan.keeping {
            Keeping::Kept => self.without_pictures(document).await,
            Keeping::Forgotten => Ok(Value::Null),
        }
    }

    async fn without_pictures(&mut self, mut document: serde_json::Map<String, Value>) -> io::Result<Value> {
        self.pictures.put_away(&self.store, &mut document).await.map_err(io::Error::other)?;
        Ok(Value::Object(document))
    }
}

#[async_trait]
impl Journal for TurnJournal {
    async fn write(&mut self, events: &mut [Event]) -> io::Result<()> {
        let mut group = Group::default();
        for event in events.iter() {
            if let EventKind::CallFinished { call_id, .. } = &event.kind
                && let Some(approval) = self.approvals.close(self.turn, call_id).await
            {
                let body = approvals::body(&approval, self.plan.keeping);
                group.decided.push(ApprovalDecided { id: approval.id, body });
                group.told.push(SessionEvent::ApprovalResolved { turn: self.turn, approval });
            }
            self.take(&event.kind, &mut group);
        }
        self.store(group).await
    }
}

/// What a commit is called by those who want to die at it: by the last thing that it tells of.
fn point_of(told: &[SessionEvent]) -> &'static str {
    match told.last() {
        Some(SessionEvent::TurnStarted { .. }) => "turn-started",
        Some(SessionEvent::MessageCompleted { .. }) => "model-answered",
        Some(SessionEvent::CallStarted { .. }) => "call-started",
        Some(SessionEvent::CallCompleted { .. }) => "call-finished",
        Some(
            SessionEvent::TurnCompleted { .. } | SessionEvent::TurnFailed { .. } | SessionEvent::TurnCancelled { .. },
        ) => "turn-finished",
        Some(
            SessionEvent::MessageDelta { .. }
            | SessionEvent::CallProgress { .. }
            | SessionEvent::ApprovalRequested { .. }
            | SessionEvent::ApprovalResolved { .. },
        )
        | None => "nothing",
    }
}

/// Whether the calls of an answer are whole, and not cut with it.
fn is_whole(reason: types::FinishReason) -> bool {
    match reason {
        types::FinishReason::Stop | types::FinishReason::ToolCalls => true,
        types::FinishReason::Length | types::FinishReason::ContentFilter => false,
    }
}

/// A turn's end as its client is told of it.
fn end_of(outcome: &Outcome, record: &Record, plan: &Plan, has_answered: bool, usage: handspike_api::Usage) -> End {
    let end = |finish_reason| End {
        finish_reason,
        pending: Vec::new(),
        stop_details: None,
        usage,
        failure: None,
        is_cancelled: false,
    };
    match outcome {
        Outcome::Done { .. } => end(FinishReason::Stop),
        Outcome::AwaitsClient { pending } => End { pending: pending.clone(), ..end(FinishReason::ToolCalls) },
        Outcome::LimitReached { which, .. } => {
            End { stop_details: limits::stop_details(&plan.limits, *which), ..end(FinishReason::Length) }
        }
        Outcome::Cancelled => {
            End { stop_details: Some(limits::cancelled()), is_cancelled: true, ..end(FinishReason::Length) }
        }
        Outcome::ModelFailed { error } | Outcome::ExpectationFailed { error } => match record.model_failure {
            // The model did answer, and the provider has kept it back.
            None if has_answered => end(FinishReason::ContentFilter),
            failure => {
                let mut failure = TurnFailure::of_model(failure.unwrap_or(ModelFailure::Lasting), error);
                failure.may_retry &= !has_answered;
                End { failure: Some(failure), ..end(FinishReason::Stop) }
            }
        },
        Outcome::Faulted { error } => {
            tracing::error!(error, "a turn failed");
            End { failure: Some(TurnFailure::of_runtime()), ..end(FinishReason::Stop) }
        }
    }
}

/// The word for a turn's end in the store.
fn word_for(end: &End) -> &'static str {
    match end {
        End { failure: Some(_), .. } => "failed",
        End { is_cancelled: true, .. } => "cancelled",
        End { finish_reason: FinishReason::ToolCalls, .. } => "awaits_client",
        End { finish_reason: FinishReason::Length, .. } => "limit_reached",
        End { finish_reason: FinishReason::Stop | FinishReason::ContentFilter, .. } => "completed",
    }
}

/// An event as it is stored: where the turn is not kept, without what was said.
pub(super) fn kept(event: SessionEvent, keeping: Keeping) -> SessionEvent {
    match keeping {
        Keeping::Kept => event,
        Keeping::Forgotten => bare(event),
    }
}

fn bare(mut event: SessionEvent) -> SessionEvent {
    match &mut event {
        SessionEvent::TurnStarted { messages, .. } => messages.clear(),
        SessionEvent::MessageCompleted { message, .. } | SessionEvent::CallCompleted { message, .. } => {
            (message.content, message.tool_calls) = (None, None);
        }
        SessionEvent::CallStarted { call, .. } => *call = bare_call(call),
        SessionEvent::ApprovalRequested { approval, .. } | SessionEvent::ApprovalResolved { approval, .. } => {
            *approval = bare_approval(approval.clone());
        }
        SessionEvent::MessageDelta { .. }
        | SessionEvent::CallProgress { .. }
        | SessionEvent::TurnCompleted { .. }
        | SessionEvent::TurnFailed { .. }
        | SessionEvent::TurnCancelled { .. } => {}
    }
    event
}

/// An approval as it is stored: where the turn is not kept, without what was said.
pub(super) fn kept_approval(approval: Approval, keeping: Keeping) -> Approval {
    match keeping {
        Keeping::Kept => approval,
        Keeping::Forgotten => bare_approval(approval),
    }
}

fn bare_approval(approval: Approval) -> Approval {
    Approval { call: bare_call(&approval.call), reason: None, ..approval }
}

/// A call of which nothing is known but its id.
fn bare_call(call: &StoredCall) -> StoredCall {
    let id = call.json()["id"].as_str().unwrap_or_default().to_owned();
    let bare = ToolCall { id, name: String::new(), arguments: json!({}), toolset: None };
    messages::call(&bare, CallType::default())
}

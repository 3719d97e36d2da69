//! A turn as its task has it: the conversation is gathered, the loop gets its parts and runs, and what came of it is
//! answered.

use std::{
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handspike_api::{Approval, ChatResponse, DocReference};
use handspike_core::{EventSink, InputError, Model, RecordError, Recorder, Session, SessionParts, SoFar, TurnError};
use handspike_store::{EntriesOfTurn, StoreError};
use handspike_telemetry::{TraceParent, TurnAbout};
use handspike_types::{EventKind, Outcome, SessionId, with_causes};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    answer,
    approvals::Waiting,
    chunks::Chunks,
    distinct::Distinct,
    entry::Said,
    fitting::Fitting,
    history::{self, Gathered},
    hub::Teller,
    journal::TurnJournal,
    limits,
    plan::Plan,
    policy::TurnPolicy,
    record::Record,
    resume::Left,
    sinks::{Followers, Streamed},
    tools::Kit,
    turns::Entered,
    watched::Watched,
};
use crate::{error::ApiError, server::Server};

/// A turn that has begun.
pub(super) struct Turn {
    pub(super) server: Arc<Server>,
    pub(super) session: Uuid,
    pub(super) id: Uuid,
    pub(super) plan: Arc<Plan>,
    pub(super) entered: Entered,
    pub(super) record: Arc<Mutex<Record>>,
    /// The documents that the model is given.
    pub(super) docs: Arc<[DocReference]>,
    /// Whom the answer is streamed to.
    pub(super) chunks: Option<Arc<Chunks>>,
    /// The trace that it belongs to.
    pub(super) parent: Option<TraceParent>,
}

impl Turn {
    /// Runs from what was posted to the answer.
    pub(super) async fn run(self, model: Box<dyn Model>, posted: Vec<Said>) -> Result<ChatResponse, ApiError> {
        let ended = async {
            let kit = self.kit();
            let gather = |model| self.server.gather(self.session, &self.plan, &posted, &kit.specs, model);
            let cancel = &self.entered.running.cancel;
            // A cancelled turn needs no summary from the model, and comes to its end in the loop.
            let Gathered { history, input, usage } = match cancel.run_until_cancelled(gather(Some(&*model))).await {
                Some(gathered) => gathered?,
                None => gather(None).await?,
            };
            self.record.lock().unwrap_or_else(PoisonError::into_inner).beside = usage;
            let parts = self.parts(kit, model, |journal| journal.of_posted(posted), (Duration::ZERO, Vec::new()));
            let mut talk = Session::resume(parts, history, 0);
            let ended = talk.run_turn(input, cancel).await;
            give_back(talk).await;
            ended.map(drop).map_err(refused)
        };
        let ended = ended.await;
        self.answered(ended).await
    }

    /// Runs on from where an earlier server has left the turn. Whatever it had not finished is answered first.
    pub(super) async fn go_on(self, model: Box<dyn Model>, left: Left) -> Result<ChatResponse, ApiError> {
        let ended = async {
            let Left { running, started, has_answered, interrupted, waiting, pending, steps, usage, time } = left;
            let (began, cancel) = (Instant::now(), &self.entered.running.cancel);
            let kit = self.kit();
            let specs = kit.specs.clone();
            let (calls, approvals) = waiting.into_iter().unzip();
            let journal = |journal: TurnJournal| journal.of_open(running, started, has_answered);
            let parts = self.parts(kit, model, journal, (time, approvals));
            parts.recorder.record_all(interrupted).await.map_err(unrecorded)?;
            let so_far = SoFar { steps, usage, time };
            let ended = handspike_core::run_left(&parts, calls, so_far, cancel).await.map_err(unrecorded)?;
            let awaits_client = (!pending.is_empty()).then_some(Outcome::AwaitsClient { pending });
            if let Some(outcome) = ended.or(awaits_client) {
                let end = EventKind::TurnFinished { turn: 0, outcome, steps, usage, duration_ms: 0 };
                return parts.recorder.record(end).await.map_err(unrecorded);
            }
            let Gathered { history, .. } = self.server.gather(self.session, &self.plan, &[], &specs, None).await?;
            let mut talk = Session::resume(parts, history, 0);
            let ended = talk.go_on(SoFar { time: time + began.elapsed(), ..so_far }, cancel).await;
            give_back(talk).await;
            ended.map(drop).map_err(refused)
        };
        let ended = ended.await;
        self.answered(ended).await
    }

    fn kit(&self) -> Kit {
        let session = SessionId::from(self.session);
        Kit::new(&self.plan.tools, self.plan.runs, &*self.server.sandboxes, session)
    }

    /// What the loop is made of in this turn, which has taken some time already, and of which some calls wait.
    fn parts(
        &self,
        kit: Kit,
        model: Box<dyn Model>,
        journal_of: impl FnOnce(TurnJournal) -> TurnJournal,
        (time, waiting): (Duration, Vec<Approval>),
    ) -> SessionParts {
        let (server, session) = (&self.server, SessionId::from(self.session));
        let Kit { executor, kinds, specs } = kit;
        let model: Box<dyn Model> = match history::room(&self.plan, &specs, server.models.window(&self.plan.model)) {
            Some(room) => Box::new(Fitting { model, room }),
            None => model,
        };
        let teller = Arc::new(Teller::new(Arc::clone(&server.hub), self.session));
        let journal = TurnJournal::new(
            (server.store.clone(), Arc::clone(&teller), Arc::clone(&server.approvals)),
            (self.session, self.id),
            (Arc::clone(&self.plan), Arc::clone(&kinds)),
            Arc::clone(&self.record),
        );
        let limits = limits::of_loop(&self.plan.limits);
        let left = waiting.into_iter().map(|approval| {
            let call = approval.tool_call_id.clone();
            let waiting = Waiting::new(approval, server.store.clone(), Arc::clone(&teller), self.plan.keeping);
            (call, server.approvals.wait_on(waiting))
        });
        let left = Mutex::new(left.collect());
        let policy = TurnPolicy {
            store: server.store.clone(),
            approvals: Arc::clone(&server.approvals),
            teller: Arc::clone(&teller),
            session: self.session,
            turn: self.id,
            plan: Arc::clone(&self.plan),
            kinds: Arc::clone(&kinds),
            deadline: Instant::now() + limits.wall_time.saturating_sub(time),
            left,
        };
        let followers = Followers { teller, kinds: Arc::clone(&kinds), turn: self.id };
        let about = TurnAbout {
            model: self.plan.model.clone(),
            agent_id: Some(self.plan.agent.to_string()),
            agent_name: Some(self.plan.agent_name.clone()),
            parent: self.parent,
        };
        let mut sinks: Vec<Box<dyn EventSink>> = server.telemetry.sinks(&about);
        sinks.push(Box::new(followers));
        if let Some(chunks) = &self.chunks {
            sinks.push(Box::new(Streamed::new(Arc::clone(chunks), kinds)));
        }
        SessionParts {
            model: Box::new(Watched { model: Box::new(Distinct(model)), record: Arc::clone(&self.record) }),
            tools: executor,
            policy: Box::new(policy),
            recorder: Recorder::new(session, Some(Box::new(journal_of(journal))), sinks),
            limits,
            system_prompt: self.plan.system_prompt.clone(),
            settings: self.plan.settings.clone(),
        }
    }

    /// What the client is answered. A turn that could not be run is ended all the same.
    async fn answered(self, ended: Result<(), ApiError>) -> Result<ChatResponse, ApiError> {
        if let Err(error) = ended {
            self.server.give_up(self.session, self.id, EntriesOfTurn::Failed, error.body()).await;
            return Err(error);
        }
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        answer::of(self.id, &self.plan, &record).map(|answer| ChatResponse { docs: self.docs.to_vec(), ..answer })
    }
}

/// The turn is over: its tools let go of what they hold. The sandbox stays the session's.
async fn give_back(talk: Session) {
    if let Err(fault) = talk.end().await {
        tracing::warn!(%fault, "a turn's tools could not be given back");
    }
}

/// Why the loop did not run: the input does not fit, or the store has failed.
fn refused(error: TurnError) -> ApiError {
    match error {
        TurnError::Input(error) => unfitting(error),
        TurnError::Record(error) => unrecorded(error),
    }
}

/// Input that does not fit the conversation.
pub(super) fn unfitting(error: InputError) -> ApiError {
    let words = error.to_string();
    let (message, fix) = words.split_once("\nhint: ").unwrap_or((&words, ""));
    let refusal = ApiError::bad_request(message);
    if fix.is_empty() { refusal } else { refusal.with_fix(fix) }
}

fn unrecorded(error: RecordError) -> ApiError {
    match store_error_in(&error) {
        Some(StoreError::TurnNotOpen { .. }) => ApiError::not_found("session any more"),
        Some(StoreError::Nul(place)) => ApiError::bad_request(format!("A NUL character can't be kept in {place}")),
        Some(_) | None => {
            tracing::error!(error = with_causes(&error), "a turn can't be stored");
            ApiError::internal()
        }
    }
}

/// What the store said, which a journal's error is made of.
fn store_error_in(error: &RecordError) -> Option<&StoreError> {
    error.source()?.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref()
}

//! A turn from its beginning to its answer. It runs in a task of its own, so that a client that goes away does not end
//! it.

use std::{
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handspike_api::ChatResponse;
use handspike_core::{AllowAll, RecordError, Recorder, Session, SessionParts, TurnError};
use handspike_store::{EntriesOfTurn, StoreError, TurnEnd};
use handspike_types::{SessionId, with_causes};
use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use super::{
    answer, ask::Asked, distinct::Distinct, entry::object_of, history::Conversation, journal::TurnJournal, limits,
    prefer::Prefer, record::Record, tools::Kit, turns::Entered, watched::Watched,
};
use crate::{error::ApiError, server::Server};

/// How often a session is looked at whose turn another server runs.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A turn that has begun.
pub(super) struct Begun {
    /// Its id, which is that of its answer, too.
    #[expect(dead_code, reason = "jobs are to be named by it")]
    pub(super) turn: Uuid,
    /// What becomes of it.
    pub(super) answer: oneshot::Receiver<Result<ChatResponse, ApiError>>,
}

/// A turn as its task has it.
struct Turn {
    server: Arc<Server>,
    asked: Asked,
    turn: Uuid,
    entered: Entered,
    record: Arc<Mutex<Record>>,
}

impl Server {
    /// Begins a turn as soon as the session is free, or gives up after the time that the client prefers to wait.
    pub(super) async fn begin(self: &Arc<Self>, mut asked: Asked, prefer: Prefer) -> Result<Begun, ApiError> {
        let until = Instant::now() + prefer.wait;
        loop {
            let session = asked.session;
            asked = match self.try_to_begin(asked).await? {
                Ok(begun) => return Ok(begun),
                Err(asked) => asked,
            };
            if Instant::now() >= until {
                return Err(ApiError::busy());
            }
            let look_again = (Instant::now() + LOOK_AGAIN).min(until);
            match self.turns.running(session) {
                Some(running) => drop(timeout_at(until, running.over.cancelled()).await),
                None => tokio::time::sleep_until(look_again).await,
            }
        }
    }

    /// Begins a turn, or gives the request back where the session is busy. The beginning and what follows it are one task:
    /// no turn is left open because a client has gone away in between.
    async fn try_to_begin(self: &Arc<Self>, asked: Asked) -> Result<Result<Begun, Asked>, ApiError> {
        let server = Arc::clone(self);
        let (tell_begun, begun) = oneshot::channel();
        self.turns.tasks.spawn(async move {
            let plan = Value::Object(object_of(&*asked.plan));
            let turn = match server.store.begin_turn(asked.session, &plan).await {
                Ok(turn) => turn,
                Err(StoreError::Busy { .. }) => return drop(tell_begun.send(Ok(Err(asked)))),
                Err(error) => return drop(tell_begun.send(Err(error.into()))),
            };
            let entered = server.turns.enter(asked.session, turn);
            let (tell, answer) = oneshot::channel();
            drop(tell_begun.send(Ok(Ok(Begun { turn, answer }))));
            let record = Arc::default();
            let answer = Turn { server, asked, turn, entered, record }.run().await;
            drop(tell.send(answer));
        });
        begun.await.unwrap_or_else(|_| Err(ApiError::internal()))
    }
}

impl Turn {
    /// Gathers the conversation, runs the loop, and makes the answer of what came of it.
    async fn run(self) -> Result<ChatResponse, ApiError> {
        let Self { server, asked, turn, entered, record } = self;
        let Asked { session, plan, input, model } = asked;
        let ended = async {
            let Conversation { messages, mut reader } = server.conversation(session, &plan).await?;
            let new = input.iter().flat_map(|said| reader.read(said)).collect();
            let Kit { executor, kinds } =
                Kit::new(&plan.tools, plan.runs, &*server.sandboxes, SessionId::from(session));
            let places = (server.store.clone(), Arc::clone(&server.hub));
            let journal =
                TurnJournal::new(places, (session, turn), (Arc::clone(&plan), kinds), Arc::clone(&record), input);
            let parts = SessionParts {
                model: Box::new(Watched { model: Box::new(Distinct(model)), record: Arc::clone(&record) }),
                tools: executor,
                policy: Box::new(AllowAll),
                recorder: Recorder::new(SessionId::from(session), Some(Box::new(journal)), Vec::new()),
                limits: limits::of_loop(&plan.limits),
                system_prompt: plan.system_prompt.clone(),
                settings: plan.settings.clone(),
            };
            let mut talk = Session::resume(parts, messages, 0);
            talk.run_turn(new, &entered.running.cancel).await.map_err(refused)
        };
        if let Err(error) = ended.await {
            server.give_up(session, turn).await;
            return Err(error);
        }
        let record = record.lock().unwrap_or_else(PoisonError::into_inner);
        answer::of(turn, &plan, &record)
    }
}

impl Server {
    /// Ends a turn that could not be run to its end, so that the session is free.
    async fn give_up(&self, session: Uuid, turn: Uuid) {
        let detail = json!({"error": {"message": "the turn could not be run"}});
        let end = TurnEnd { outcome: "failed".to_owned(), detail, entries: EntriesOfTurn::Failed };
        match self.store.end_turn(session, turn, end).await {
            Ok(()) | Err(StoreError::TurnNotOpen { .. }) => {}
            Err(error) => tracing::error!(%session, %turn, error = with_causes(&error), "a turn can't be ended"),
        }
    }
}

/// Why the loop did not run: the input does not fit, or the store has failed.
fn refused(error: TurnError) -> ApiError {
    match error {
        TurnError::Input(error) => {
            let words = error.to_string();
            let (message, fix) = words.split_once("\nhint: ").unwrap_or((&words, ""));
            let refusal = ApiError::bad_request(message);
            if fix.is_empty() { refusal } else { refusal.with_fix(fix) }
        }
        TurnError::Record(error) => match store_error_in(&error) {
            Some(StoreError::TurnNotOpen { .. }) => ApiError::not_found("session any more"),
            Some(StoreError::Nul(place)) => ApiError::bad_request(format!("A NUL character can't be kept in {place}")),
            Some(_) | None => {
                tracing::error!(error = with_causes(&error), "a turn can't be stored");
                ApiError::internal()
            }
        },
    }
}

/// What the store said, which a journal's error is made of.
fn store_error_in(error: &RecordError) -> Option<&StoreError> {
    error.source()?.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref()
}

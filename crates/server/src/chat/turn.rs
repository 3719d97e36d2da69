//! A turn's beginning. From then on it is a task of its own, so that a client that goes away does not end it.

use std::{sync::Arc, time::Duration};

use handspike_api::{ChatResponse, ErrorBody, SessionEvent};
use handspike_store::{EntriesOfTurn, StepWrites, StoreError, TurnEnd};
use handspike_types::with_causes;
use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use super::{ask::Asked, entry::object_of, hub::Teller, prefer::Prefer, run::Turn};
use crate::{error::ApiError, failpoint, server::Server};

/// How often a session is looked at whose turn another server runs.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A turn that has begun.
pub(super) struct Begun {
    /// Its id, which is that of its answer and of its job, too.
    pub(super) turn: Uuid,
    /// What becomes of it.
    pub(super) answer: oneshot::Receiver<Result<ChatResponse, ApiError>>,
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
        if self.turns.are_closing() {
            return Err(ApiError::stopping());
        }
        let server = Arc::clone(self);
        let (tell_begun, begun) = oneshot::channel();
        self.turns.tasks.spawn(async move {
            let plan = Value::Object(object_of(&*asked.plan));
            let id = match server.store.begin_turn(asked.session, &plan).await {
                Ok(turn) => turn,
                Err(StoreError::Busy { .. }) => return drop(tell_begun.send(Ok(Err(asked)))),
                Err(error) => return drop(tell_begun.send(Err(error.into()))),
            };
            failpoint::reach("turn-begun");
            let Asked { session, plan, input, docs, model, chunks, parent } = asked;
            let (tell, answer) = oneshot::channel();
            drop(tell_begun.send(Ok(Ok(Begun { turn: id, answer }))));
            let entered = server.turns.enter(session, id);
            let turn = Turn {
                server: Arc::clone(&server),
                session,
                id,
                plan,
                entered,
                record: Arc::default(),
                docs,
                chunks: chunks.clone(),
                parent,
            };
            let answer = server.see_through((session, id), turn.run(model, input)).await;
            match chunks {
                Some(chunks) => chunks.end(answer),
                None => drop(tell.send(answer)),
            }
        });
        begun.await.unwrap_or_else(|_| Err(ApiError::internal()))
    }

    /// Runs a turn to its end, whatever that is: a session must not stay busy because something here has panicked. What a
    /// server that stops can't wait for stays open, and is gone on with after its next start.
    pub(super) async fn see_through(
        self: &Arc<Self>,
        (session, turn): (Uuid, Uuid),
        work: impl Future<Output = Result<ChatResponse, ApiError>> + Send + 'static,
    ) -> Result<ChatResponse, ApiError> {
        let mut task = tokio::spawn(work);
        let ended = tokio::select! {
            done = &mut task => match done {
                Ok(answer) => answer,
                Err(panic) => {
                    tracing::error!(%session, %turn, %panic, "a turn has panicked");
                    let error = ApiError::internal();
                    self.give_up(session, turn, EntriesOfTurn::Kept, error.body()).await;
                    Err(error)
                }
            },
            () = self.turns.abandoned() => {
                task.abort();
                // The end of what it was at, so that nothing is written behind the store's back.
                let _ = task.await;
                Err(ApiError::stopping())
            }
        };
        self.approvals.forget(turn);
        ended
    }

    /// Ends a turn that could not be run to its end, so that the session is free, and tells its followers.
    pub(super) async fn give_up(&self, session: Uuid, turn: Uuid, entries: EntriesOfTurn, reason: &ErrorBody) {
        let told = [SessionEvent::TurnFailed { turn, error: reason.error.clone() }];
        let detail = json!({ "error": &reason.error });
        let writes = StepWrites {
            events: told.iter().map(|event| Value::Object(object_of(event))).collect(),
            end: Some(TurnEnd { outcome: "failed".to_owned(), detail, entries }),
            ..StepWrites::default()
        };
        match self.store.commit(session, turn, &writes).await {
            Ok(committed) => Teller::new(Arc::clone(&self.hub), session).stored(committed.first_event, &told),
            Err(StoreError::TurnNotOpen { .. }) => {}
            Err(error) => tracing::error!(%session, %turn, error = with_causes(&error), "a turn can't be ended"),
        }
    }
}

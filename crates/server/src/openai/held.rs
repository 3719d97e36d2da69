//! The life of the sessions behind requests. A session is there for one request and deleted with its sandbox when that is
//! answered, or when the client goes away. While calls await their client it stays, with all that was done in it; the
//! ids of those calls name it, so that any client finds it again by answering them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use handspike_api::{ChatResponse, Metadata, NewSession, RecallOptions, SessionForm};
use handspike_store::{Direction, Kind, List, PAGE_LIMIT, Participants, SortBy, StoreError};
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::{chat::aside::Speaker, error::ApiError, resource::record_of, routes::sessions::Sessions, server::Server};

/// How long a session waits for its client's answers.
const PATIENCE: Duration = Duration::from_secs(600);

/// How old a session is that its server can't still be using, where several servers share a database.
const FORSAKEN: Duration = Duration::from_secs(24 * 3600);

/// What such sessions are known by.
const MARK: &str = "handspike_openai";

/// The sessions that await their clients.
#[derive(Default)]
pub(crate) struct Awaiting(Mutex<HashMap<Uuid, Awaited>>);

struct Awaited {
    /// The name that the client asked for.
    model: String,
    /// Its calls, by the ids that the model gave them.
    calls: Vec<String>,
    until: Instant,
}

impl Awaiting {
    fn sessions(&self) -> MutexGuard<'_, HashMap<Uuid, Awaited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out one whose time is over. Says whether it was there.
    fn forget(&self, id: Uuid, until: Instant) -> bool {
        let mut sessions = self.sessions();
        sessions.get(&id).is_some_and(|awaited| awaited.until == until) && sessions.remove(&id).is_some()
    }
}

impl Server {
    /// Deletes the sessions that servers which are gone have left behind: all of them where this is the only server, and
    /// those that are old enough where others share the database.
    pub(crate) async fn delete_forsaken(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = if self.store.is_exclusive() { now } else { now.saturating_sub(FORSAKEN) }.as_micros();
        let mut list = List {
            limit: PAGE_LIMIT,
            sort_by: SortBy::CreatedAt,
            direction: Direction::Ascending,
            metadata: vec![(MARK.to_owned(), json!(true))],
            ..List::of(Kind::Session)
        };
        let mut forsaken = Vec::new();
        loop {
            let page = self.store.list(&list).await?;
            let is_old = |at: i64| u128::try_from(at).unwrap_or_default() <= before;
            forsaken.extend(page.items.iter().filter(|record| is_old(record.created_at)).map(|record| record.id));
            list.offset += page.items.len() as u64;
            if page.items.is_empty() || list.offset >= page.total {
                break;
            }
        }
        for id in forsaken {
            end(Arc::clone(self), id).await;
        }
        Ok(())
    }
}

/// A session that goes when this is dropped.
pub(super) struct Held {
    server: Arc<Server>,
    pub(super) id: Uuid,
    model: String,
    /// The calls that it awaited when it was found.
    pub(super) calls: Vec<String>,
    is_let_go: bool,
}

impl Held {
    /// Makes a session.
    pub(super) async fn new(server: &Arc<Server>, speaker: &Speaker, model: &str) -> Result<Self, ApiError> {
        let id = Uuid::now_v7();
        let form = form();
        // From here on, so that a client that goes away now leaves nothing behind.
        let held =
            Self { server: Arc::clone(server), id, model: model.to_owned(), calls: Vec::new(), is_let_go: false };
        match speaker {
            Speaker::Agent(agent) => {
                let new = NewSession { agent: Some(*agent), agents: None, user: None, users: None, form };
                server.create_session(id, new).await?;
            }
            Speaker::Model(_) => {
                let record = record_of::<Sessions>(id, None, &form)?;
                server.store.create_session(record, &Participants::default()).await?;
            }
        }
        Ok(held)
    }

    /// The session that awaits an answer to this call, if it is still there and speaks for this model.
    pub(super) fn found(server: &Arc<Server>, call: &str, model: &str) -> Option<Self> {
        let (id, _) = session_of(call)?;
        let mut sessions = server.awaiting.sessions();
        sessions.get(&id).filter(|awaited| awaited.model == model)?;
        let Awaited { model, calls, .. } = sessions.remove(&id)?;
        Some(Self { server: Arc::clone(server), id, model, calls, is_let_go: false })
    }

    /// The id that the model gave to a call of this session.
    pub(super) fn own_id(&self, call: &str) -> Option<&str> {
        let (session, place) = session_of(call)?;
        self.calls.get(place).filter(|_| session == self.id).map(String::as_str)
    }

    /// What becomes of the session when its turn is over.
    pub(super) async fn after(self, answer: Result<&ChatResponse, &ApiError>) {
        match answer {
            Ok(answer) if answer.pending_tool_calls.is_empty() => self.end().await,
            Ok(answer) => self.wait(answer.pending_tool_calls.clone()),
            // Nothing of the turn is kept, so that the same answers can be given again.
            Err(error) if error.may_pass() && !self.calls.is_empty() => {
                let calls = self.calls.clone();
                self.wait(calls);
            }
            Err(_) => self.end().await,
        }
    }

    /// Gives back what was found, as if nothing had been.
    pub(super) async fn put_back(self) {
        let calls = self.calls.clone();
        if calls.is_empty() { self.end().await } else { self.wait(calls) }
    }

    async fn end(mut self) {
        self.is_let_go = true;
        // A task, so that it is done also where nobody waits for it.
        if let Err(panic) = tokio::spawn(end(Arc::clone(&self.server), self.id)).await {
            tracing::error!(%panic, "the end of a session has panicked");
        }
    }

    fn wait(mut self, calls: Vec<String>) {
        self.is_let_go = true;
        let (id, until) = (self.id, Instant::now() + PATIENCE);
        let awaited = Awaited { model: self.model.clone(), calls, until };
        self.server.awaiting.sessions().insert(id, awaited);
        let server = Arc::downgrade(&self.server);
        tokio::spawn(async move {
            sleep_until(until).await;
            let Some(server) = server.upgrade() else { return };
            // It may have been found since, and be waiting anew.
            if server.awaiting.forget(id, until) {
                end(server, id).await;
            }
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_let_go {
            tokio::spawn(end(Arc::clone(&self.server), self.id));
        }
    }
}

async fn end(server: Arc<Server>, id: Uuid) {
    match server.end_session(id).await {
        Ok(_) => {}
        // It was never made, or somebody else has deleted it.
        Err(error) if error.is_not_found() => {}
        Err(error) => tracing::error!(session = %id, ?error, "the session of a request can't be deleted"),
    }
}

/// The id by which a client knows a call: it names the session, and which of the calls that it awaits.
pub(super) fn call_id(session: Uuid, place: usize) -> String {
    format!("call_{}_{place}", session.simple())
}

fn session_of(call: &str) -> Option<(Uuid, usize)> {
    let (session, place) = call.strip_prefix("call_")?.split_once('_')?;
    Some((Uuid::try_parse(session).ok()?, place.parse().ok()?))
}

fn form() -> SessionForm {
    SessionForm {
        situation: None,
        system_template: None,
        render_templates: false,
        token_budget: None,
        context_overflow: None,
        auto_run_tools: Some(true),
        forward_tool_calls: false,
        recall_options: Some(RecallOptions::default()),
        limits: None,
        policy: None,
        metadata: Metadata::from_iter([(MARK.to_owned(), json!(true))]),
    }
}

//! Sessions: a conversation of agents and users, who are named when it is created and stay.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use handspike_api::{self as api, Deleted, NewSession, Session, SessionError, SessionForm, SessionKind};
use handspike_store::{Kind, Participants, StoreError};
use handspike_types::SessionId;
use tokio::time::timeout;
use utoipa::openapi::HttpMethod;
use uuid::Uuid;

use crate::{
    body::Checked,
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    resource::{Resource, ResourceRoutes as _, Stamp, record_of},
    server::Server,
};

/// How long a running turn may take to end when its session is deleted.
const TURN_LIMIT: Duration = Duration::from_secs(2);

const LIST: &str = "/sessions";
const ITEM: &str = "/sessions/{session_id}";

/// A session has participants, and no text that is blank.
pub(crate) struct Sessions;

pub(crate) fn routes() -> Api {
    let create = Operation::new(HttpMethod::Post, LIST, "Create session");
    let delete = Operation::new(HttpMethod::Delete, ITEM, "Delete session");
    let create_or_update = Operation::new(HttpMethod::Post, ITEM, "Create or replace session");
    Api::new()
        .list::<Sessions>(LIST)
        .described(create.takes::<NewSession>().answers::<Session>(201), create_new)
        .get::<Sessions>(ITEM)
        .update::<Sessions>(ITEM)
        .described(create_or_update.takes::<NewSession>().answers::<Session>(201), create_or_replace)
        .described(delete.answers::<Deleted>(202), delete_session)
}

async fn create_new(
    State(server): State<Arc<Server>>,
    Checked(new): Checked<NewSession>,
) -> Result<(StatusCode, Json<Session>), ApiError> {
    Ok((StatusCode::CREATED, Json(server.create_session(Uuid::now_v7(), new).await?)))
}

async fn create_or_replace(
    State(server): State<Arc<Server>>,
    item: Item,
    Checked(new): Checked<NewSession>,
) -> Result<(StatusCode, Json<Session>), ApiError> {
    let session = match server.store.participants(item.id).await {
        Ok(participants) => {
            check_same(&participants, &new)?;
            server.put::<Sessions>(item, new.form).await?
        }
        Err(StoreError::NotFound { .. }) => server.create_session(item.id, new).await?,
        Err(error) => return Err(error.into()),
    };
    Ok((StatusCode::CREATED, Json(session)))
}

/// Ends the session's turn, deletes it, and removes its sandbox with all that is in it.
async fn delete_session(
    State(server): State<Arc<Server>>,
    item: Item,
) -> Result<(StatusCode, Json<Deleted>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(server.end_session(item.id).await?)))
}

impl Server {
    /// Ends a session's turn, deletes it, and has its sandbox removed.
    pub(crate) async fn end_session(&self, id: Uuid) -> Result<Deleted, ApiError> {
        if let Some(running) = self.turns.running(id) {
            running.cancel.cancel();
            // What does not end in time finds its session gone, and ends by that.
            let _ = timeout(TURN_LIMIT, running.over.cancelled()).await;
        }
        let deleted = self.delete::<Sessions>(Item { parent: None, id }).await?;
        self.hub.close(id);
        let sandboxes = Arc::clone(&self.sandboxes);
        tokio::spawn(async move {
            if let Err(fault) = sandboxes.remove(SessionId::from(id)).await {
                tracing::error!(session = %id, %fault, "a sandbox can't be removed");
            }
        });
        Ok(deleted)
    }

    /// Makes a session with its participants.
    pub(crate) async fn create_session(&self, id: Uuid, new: NewSession) -> Result<Session, ApiError> {
        let api::Participants { agents, users } = new.participants()?;
        let mut form = new.form;
        Sessions::prepare(self, &mut form, None).await?;
        let record = record_of::<Sessions>(id, None, &form)?;
        let record = self.store.create_session(record, &Participants { agents, users }).await?;
        self.view::<Sessions>(&record).await
    }
}

/// A session that is there keeps its participants: a body that names others asks for what can't be done.
fn check_same(participants: &Participants, new: &NewSession) -> Result<(), ApiError> {
    match new.participants() {
        Err(SessionError::NoAgent) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(named) if named.agents == participants.agents && named.users == participants.users => Ok(()),
        Ok(_) => {
            let fix = "Leave them out, or create another session.";
            Err(ApiError::bad_request("The participants of a session can't be changed").with_fix(fix))
        }
    }
}

impl Resource for Sessions {
    const KIND: Kind = Kind::Session;

    type Form = SessionForm;
    type Changes = SessionForm;
    type View = Session;

    async fn prepare(_: &Server, form: &mut SessionForm, _: Option<&SessionForm>) -> Result<(), ApiError> {
        Ok(form.checked()?)
    }

    async fn view(server: &Server, stamp: Stamp, form: SessionForm) -> Result<Session, ApiError> {
        let Stamp { id, created_at, updated_at } = stamp;
        let Participants { agents, users } = server.store.participants(id).await?;
        let participants = api::Participants { agents, users };
        let kind = SessionKind::of(&participants);
        let api::Participants { agents, users } = participants;
        Ok(Session { id, created_at, updated_at, kind, agents, users, summary: None, form })
    }
}

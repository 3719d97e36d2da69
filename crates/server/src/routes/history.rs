//! The history of a session.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use handspike_api::{Deleted, Entry, History, check::DetailType};
use handspike_store::{FailedTurns, HistoryPage, Kind, PAGE_LIMIT, Store, Window};
use url::form_urlencoded;
use utoipa::openapi::{HttpMethod, ObjectBuilder, schema::Type};
use uuid::Uuid;

use crate::{
    chat::entry::{EntryBody, Said},
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    server::Server,
    time::{self, rfc3339},
};

const PATH: &str = "/sessions/{session_id}/history";

/// Whether entries of failed turns are wanted.
const INCLUDE_FAILED: &str = "include_failed";

/// What was said: by the client, by the model, and by tools. What the server notes for itself is left out.
const SAID: [&str; 4] = ["api_request", "tool_request", "tool_response", "api_response"];

pub(crate) fn routes() -> Api {
    let failed = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into()));
    let read = Operation::new(HttpMethod::Get, PATH, "Read history")
        .with_query(INCLUDE_FAILED, failed, "Whether entries of failed turns are wanted.")
        .answers::<History>(200);
    let clear = Operation::new(HttpMethod::Delete, PATH, "Clear history").answers::<Deleted>(202);
    Api::new().described(read, get).described(clear, delete)
}

async fn get(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
    RawQuery(query): RawQuery,
) -> Result<Json<History>, ApiError> {
    let failed = failed_turns(&query.unwrap_or_default())?;
    Ok(Json(server.history(id, failed).await?))
}

async fn delete(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
) -> Result<(StatusCode, Json<Deleted>), ApiError> {
    // What a turn goes on from must not go away under it.
    if server.store.open_turn(id).await?.is_some() {
        return Err(ApiError::busy());
    }
    server.store.clear_history(id).await?;
    Ok((StatusCode::ACCEPTED, Json(Deleted { id, deleted_at: time::now(), jobs: Vec::new() })))
}

impl Server {
    /// All that was said in a session, oldest first.
    pub(crate) async fn history(&self, id: Uuid, failed: FailedTurns) -> Result<History, ApiError> {
        let session = self.store.get(Kind::Session, id).await?;
        let sources = SAID.map(str::to_owned).to_vec();
        let mut page = HistoryPage { sources, failed, ..HistoryPage::first(PAGE_LIMIT) };
        let mut entries = Vec::new();
        loop {
            let read = self.store.entries(id, &page).await?;
            let Some(last) = read.last() else { break };
            page.window = Window::After(last.seq);
            let is_last = read.len() < PAGE_LIMIT as usize;
            for entry in read {
                entries.push(shown(&self.store, entry).await?);
            }
            if is_last {
                break;
            }
        }
        let created_at = rfc3339(session.created_at);
        Ok(History { session_id: id, created_at, entries, relations: Vec::new() })
    }
}

/// An entry as clients read it.
async fn shown(store: &Store, entry: handspike_store::Entry) -> Result<Entry, ApiError> {
    let token_count = entry.token_count.unwrap_or_default();
    let said = Said::of_entry(store, entry).await.map_err(|error| {
        tracing::error!(%error, "the history can't be read");
        ApiError::internal()
    })?;
    let Said { id, at, source, role, body } = said;
    let EntryBody { content, name, tool_calls, tool_call_id, model, tokenizer, .. } = body;
    let at = rfc3339(at);
    let (created_at, timestamp) = (at.clone(), at);
    Ok(Entry {
        id,
        created_at,
        timestamp,
        role,
        name,
        content,
        source,
        tokenizer,
        token_count,
        model,
        tool_calls,
        tool_call_id,
    })
}

fn failed_turns(query: &str) -> Result<FailedTurns, ApiError> {
    let given = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == INCLUDE_FAILED).last();
    match given.as_ref().map(|(_, value)| value.as_ref()) {
        None | Some("false" | "0") => Ok(FailedTurns::LeftOut),
        Some("true" | "1") => Ok(FailedTurns::Included),
        Some(other) => {
            let (msg, loc) = ("Input should be a valid boolean", format!("query.{INCLUDE_FAILED}"));
            Err(ApiError::invalid(DetailType::BoolType, msg, loc, other))
        }
    }
}

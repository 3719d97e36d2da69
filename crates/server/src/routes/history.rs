//! The history of a session.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
};
use handspike_api::{Content, Deleted, Entry, EntrySource, History, Role, StoredCall, check::DetailType};
use handspike_store::{FailedTurns, HistoryPage, Kind, PAGE_LIMIT, Window};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::form_urlencoded;
use utoipa::openapi::{HttpMethod, ObjectBuilder, schema::Type};
use uuid::Uuid;

use crate::{
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

/// What an entry's body holds.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<StoredCall>>,
    #[serde(default)]
    tool_call_id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    tokenizer: String,
}

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
                entries.push(shown(entry)?);
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
fn shown(entry: handspike_store::Entry) -> Result<Entry, ApiError> {
    let id = entry.id;
    let unreadable = |error: serde_json::Error| {
        tracing::error!(entry = %id, %error, "a stored entry can't be read");
        ApiError::internal()
    };
    let body: Body = serde_json::from_value(Value::Object(entry.body)).map_err(unreadable)?;
    let at = rfc3339(entry.created_at);
    Ok(Entry {
        id,
        created_at: at.clone(),
        timestamp: at,
        role: word::<Role>(entry.role).map_err(unreadable)?,
        name: body.name,
        content: body.content,
        source: word::<EntrySource>(entry.source).map_err(unreadable)?,
        tokenizer: body.tokenizer,
        token_count: entry.token_count.unwrap_or_default(),
        model: body.model,
        tool_calls: body.tool_calls,
        tool_call_id: body.tool_call_id,
    })
}

fn word<T: DeserializeOwned>(word: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::String(word))
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

//! The routes of chats.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use handspike_api::{
    Approval, ApprovalForm, ChatInput, ChatResponse, JobStatus, Page, RenderResponse, SessionEvent, check::DetailType,
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::HttpMethod};
use uuid::Uuid;

use super::{chunks, follow::From, prefer::Prefer, sse};
use crate::{
    body::Checked,
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    routes::jobs,
    server::Server,
    watch,
};

const CHAT: &str = "/sessions/{session_id}/chat";
const RENDER: &str = "/sessions/{session_id}/render";
const EVENTS: &str = "/sessions/{session_id}/events";
const APPROVALS: &str = "/sessions/{session_id}/approvals";
const CANCEL: &str = "/sessions/{session_id}/cancel";

/// The header with a client's own key for the model's provider.
const CUSTOM_KEY: &str = "x-custom-api-key";

/// The header with the number of the last event that a client has seen.
const LAST_EVENT: &str = "last-event-id";

/// What is cancelled.
#[derive(Serialize, ToSchema)]
struct Cancelled {
    /// The session.
    session_id: Uuid,
    /// The turn that is told to end; null where none runs.
    turn: Option<Uuid>,
}

pub(crate) fn routes() -> Api {
    let chat = Operation::new(HttpMethod::Post, CHAT, "Chat")
        .takes::<ChatInput>()
        .streams::<handspike_api::ChunkChatResponse>()
        .answers::<ChatResponse>(201)
        .answers::<JobStatus>(202);
    let render =
        Operation::new(HttpMethod::Post, RENDER, "Render chat").takes::<ChatInput>().answers::<RenderResponse>(200);
    let events = Operation::new(HttpMethod::Get, EVENTS, "Follow session").streams::<SessionEvent>();
    let cancel = Operation::new(HttpMethod::Post, CANCEL, "Cancel turn").answers::<Cancelled>(202);
    let approvals = Operation::new(HttpMethod::Get, APPROVALS, "List approvals").answers_page::<Approval>();
    let approve = Operation::new(HttpMethod::Post, APPROVALS, "Approve or deny call")
        .takes::<ApprovalForm>()
        .answers::<Approval>(200);
    Api::new()
        .described(approvals, list_approvals)
        .described(approve, approve_call)
        .described(chat, chat_in)
        .described(render, render_chat)
        .described(events, follow)
        .described(cancel, cancel_turn)
}

/// Asks, begins, and answers: as a stream, with a job, or as a whole.
async fn chat_in(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
    headers: HeaderMap,
    Checked(input): Checked<ChatInput>,
) -> Result<Response, ApiError> {
    let prefer = Prefer::of(&headers);
    let mut asked = server.asked(id, input, custom_key(&headers)?).await?;
    asked.parent = watch::parent_of(&headers);
    let (streamed, docs) = (asked.chunks.clone(), Arc::clone(&asked.docs));
    let begun = server.begin(asked, prefer).await?;
    if let Some(pieces) = streamed {
        pieces.first().await?;
        return Ok(sse::response(chunks::stream(pieces, begun.turn, docs)));
    }
    if prefer.is_async {
        return accepted(&server, begun.turn).await;
    }
    let answer = begun.answer.await.unwrap_or_else(|_| Err(ApiError::internal()))?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// The job that a turn is to those who look for it later.
async fn accepted(server: &Server, turn: Uuid) -> Result<Response, ApiError> {
    let job = jobs::of(server, turn).await?;
    let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/jobs/{turn}")) {
        response.headers_mut().insert(LOCATION, place);
    }
    response.headers_mut().insert("preference-applied", HeaderValue::from_static("respond-async"));
    Ok(response)
}

async fn render_chat(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
    Checked(input): Checked<ChatInput>,
) -> Result<Json<RenderResponse>, ApiError> {
    server.render_chat(id, input).await.map(Json)
}

async fn follow(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let from = match headers.get(LAST_EVENT) {
        None => From::Now,
        Some(value) => {
            let text = value.to_str().unwrap_or_default();
            let seq = text.trim().parse().map_err(|_| {
                let msg = "Input should be a valid integer, the number of an event";
                ApiError::invalid(DetailType::IntParsing, msg, "header.last-event-id", text)
            })?;
            From::After(seq)
        }
    };
    Ok(sse::response(server.follow(id, from).await?))
}

async fn list_approvals(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
) -> Result<Json<Page<Approval>>, ApiError> {
    server.approvals(id).await.map(Json)
}

async fn approve_call(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
    Checked(form): Checked<ApprovalForm>,
) -> Result<Json<Approval>, ApiError> {
    server.approve(id, form).await.map(Json)
}

async fn cancel_turn(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
) -> Result<(StatusCode, Json<Cancelled>), ApiError> {
    // The session must be there.
    server.store.last_event(id).await?;
    let running = server.turns.running(id);
    if let Some(running) = &running {
        running.cancel.cancel();
    }
    let turn = running.map(|running| running.turn);
    Ok((StatusCode::ACCEPTED, Json(Cancelled { session_id: id, turn })))
}

/// The client's own key.
pub(crate) fn custom_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(CUSTOM_KEY) else { return Ok(None) };
    let key = value.to_str().map_err(|_| ApiError::bad_request("The header X-Custom-Api-Key is no text"))?;
    Ok(Some(key.trim()).filter(|key| !key.is_empty()))
}

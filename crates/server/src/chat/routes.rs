//! The routes of chats.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use handspike_api::{ChatInput, ChatResponse};
use utoipa::openapi::HttpMethod;

use super::prefer::Prefer;
use crate::{
    body::Checked,
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    server::Server,
};

const CHAT: &str = "/sessions/{session_id}/chat";

/// The header with a client's own key for the model's provider.
const CUSTOM_KEY: &str = "x-custom-api-key";

pub(crate) fn routes() -> Api {
    let chat = Operation::new(HttpMethod::Post, CHAT, "Chat").takes::<ChatInput>().answers::<ChatResponse>(201);
    Api::new().described(chat, chat_in)
}

async fn chat_in(
    State(server): State<Arc<Server>>,
    Item { id, .. }: Item,
    headers: HeaderMap,
    Checked(input): Checked<ChatInput>,
) -> Result<Response, ApiError> {
    let asked = server.asked(id, input, custom_key(&headers)?).await?;
    let begun = server.begin(asked, Prefer::of(&headers)).await?;
    let answer = begun.answer.await.unwrap_or_else(|_| Err(ApiError::internal()))?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// The client's own key.
fn custom_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(CUSTOM_KEY) else { return Ok(None) };
    let key = value.to_str().map_err(|_| ApiError::bad_request("The header X-Custom-Api-Key is no text"))?;
    Ok(Some(key.trim()).filter(|key| !key.is_empty()))
}

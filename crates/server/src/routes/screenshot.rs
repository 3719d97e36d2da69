//! What is to be seen on the screen of a session's sandbox.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse as _, Response},
};
use handspike_store::Kind;
use utoipa::openapi::HttpMethod;

use crate::{
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    server::Server,
};

const PATH: &str = "/sessions/{session_id}/screenshot";

pub(crate) fn routes() -> Api {
    let operation = Operation::new(HttpMethod::Get, PATH, "Read screenshot").answers_bytes("image/png");
    Api::new().described(operation, get)
}

async fn get(State(server): State<Arc<Server>>, Item { id, .. }: Item) -> Result<Response, ApiError> {
    server.store.get(Kind::Session, id).await?;
    let mut answer = server.sandboxes.screenshot(id.into()).await?.into_response();
    for (name, value) in [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")]
    {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

//! The models that agents may use.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::{ToSchema, openapi::HttpMethod};

use crate::{
    error::ApiError,
    openapi::{Api, Described as _, Operation},
    server::Server,
};

/// The models.
#[derive(Serialize, ToSchema)]
struct Models {
    /// Each of them.
    models: Vec<Model>,
}

/// A model.
#[derive(Serialize, ToSchema)]
struct Model {
    /// Its name, as agents and requests have it.
    id: String,
}

pub(crate) fn routes() -> Api {
    let operation = Operation::new(HttpMethod::Get, "/agents/models", "List models").answers::<Models>(200);
    Api::new().described(operation, list)
}

async fn list(State(server): State<Arc<Server>>) -> Json<Models> {
    Json(Models { models: server.models.names().into_iter().map(|id| Model { id }).collect() })
}

/// Refuses a model that is not there. No name is the server's choice.
pub(crate) fn check(server: &Server, model: &str) -> Result<(), ApiError> {
    if model.is_empty() || server.models.knows(model) {
        return Ok(());
    }
    let fix = "See /agents/models for those that there are.";
    Err(ApiError::bad_request(format!("The model `{model}` is not available")).with_fix(fix))
}

/// A model that is known and can't be asked, in its source's words.
pub(crate) fn unavailable(words: &str) -> ApiError {
    match words.split_once("\nhint: ") {
        Some((message, fix)) => ApiError::bad_request(message).with_fix(fix),
        None => ApiError::bad_request(words),
    }
}

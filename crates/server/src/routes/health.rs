//! Whether the server and what it needs are well. It is asked without a key.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use handspike_api::ErrorBody;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::{ToSchema, openapi::HttpMethod};

use crate::{
    openapi::{Api, Described as _, Operation},
    server::Server,
};

/// The path that needs no key.
pub(crate) const PATH: &str = "/healthz";

/// How each part is: `ok`, or `down` in an answer that is an error.
#[derive(Serialize, ToSchema)]
struct Health {
    /// The store.
    store: &'static str,
    /// What is wrong, if something is.
    #[serde(flatten)]
    #[schema(ignore)]
    wrong: Option<ErrorBody>,
}

/// How long the store may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn routes() -> Api {
    let operation = Operation::new(HttpMethod::Get, PATH, "Check health");
    Api::new().described(operation.answers::<Health>(200), check)
}

async fn check(State(server): State<Arc<Server>>) -> Response {
    match timeout(LIMIT, server.store.schema_version()).await {
        Ok(Ok(_)) => Json(Health { store: "ok", wrong: None }).into_response(),
        failed => {
            tracing::error!(?failed, "the store does not answer");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let wrong = Some(ErrorBody::http(status.as_u16(), "The store does not answer"));
            (status, Json(Health { store: "down", wrong })).into_response()
        }
    }
}

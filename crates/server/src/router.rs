//! The router: the routes of all files, what is said where there is none, and the layers around them.

use std::sync::Arc;

use axum::{Router, body::Bytes, http::header::CONTENT_TYPE, middleware, routing::get};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    chat,
    docs::{self, Docs},
    error::{no_such_method, no_such_route, panicked},
    guard, openai,
    openapi::{Api, document},
    rest,
    routes::{agents, documents, files, health, history, jobs, models, projects, screenshot, sessions, tools, users},
    server::Server,
    watch,
};

/// All routes, behind the door.
pub fn router(server: Arc<Server>) -> Router {
    let (routes, document) = Api::with_openapi(document())
        .merge(agents::routes())
        .merge(models::routes())
        .merge(tools::routes())
        .merge(documents::routes())
        .merge(users::routes())
        .merge(sessions::routes())
        .merge(history::routes())
        .merge(chat::routes::routes())
        .merge(openai::routes())
        .merge(jobs::routes())
        .merge(projects::routes())
        .merge(files::routes())
        .merge(screenshot::routes())
        .merge(health::routes())
        .split_for_parts();
    let docs = Docs::of(&serde_json::to_value(&document).expect("a description is JSON"));
    let document = Bytes::from(document.to_json().expect("a description is JSON"));
    let document = move || async { ([(CONTENT_TYPE, "application/json")], document) };
    let measure = middleware::from_fn_with_state(Arc::clone(&server), watch::measure);
    let guard = middleware::from_fn_with_state(Arc::clone(&server), guard::check);
    routes
        .route("/openapi.json", get(document))
        .route(watch::METRICS_PATH, get(watch::metrics))
        .route(docs::PATH, get(async move || docs.clone()))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(guard)
        .layer(middleware::from_fn(rest::read))
        .layer(measure)
        .with_state(server)
}

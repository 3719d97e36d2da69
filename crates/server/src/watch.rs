//! What is told of the server's work to those who watch it: every answer is counted, `GET /metrics` shows the numbers, and a
//! turn goes into the trace that its request belongs to.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use handspike_telemetry::{METRICS_TYPE, Request as Answered, TraceParent};

use crate::server::Server;

/// The path of the metrics. They are behind the key, as everything is that tells of anybody's work.
pub(crate) const METRICS_PATH: &str = "/metrics";

/// Counts a request and how long its answer took, as far as to its head: a stream may go on for as long as it likes.
pub(crate) async fn measure(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    server.telemetry.metrics.answered(Answered {
        method: method.as_str(),
        route: route.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        took: began.elapsed(),
    });
    response
}

pub(crate) async fn metrics(State(server): State<Arc<Server>>) -> impl IntoResponse {
    let metrics = &server.telemetry.metrics;
    if let Some(running) = server.sandboxes.running() {
        metrics.note_sandboxes(running);
    }
    ([(CONTENT_TYPE, METRICS_TYPE)], metrics.render())
}

/// The trace that a request belongs to. A header that can't be read is none, as the standard wants it.
pub(crate) fn parent_of(headers: &HeaderMap) -> Option<TraceParent> {
    let mut parents = headers.get_all("traceparent").iter();
    let parent = parents.next()?.to_str().ok()?.parse().ok()?;
    parents.next().is_none().then_some(parent)
}

//! Streams of events over HTTP, as `text/event-stream` has them.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::Stream;
use serde_json::Value;

/// How long a stream may say nothing.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// A comment, which clients pass over.
pub(crate) const PING: &str = ": ping\n\n";

/// An event that is data and nothing else.
pub(crate) fn data(json: &str) -> String {
    format!("data: {json}\n\n")
}

/// An event with its name, and with its number where it can be asked for again.
pub(super) fn named(seq: Option<u64>, event: &Value) -> String {
    let name = event["type"].as_str().unwrap_or("message");
    let id = seq.map(|seq| format!("id: {seq}\n")).unwrap_or_default();
    format!("{id}event: {name}\ndata: {event}\n\n")
}

/// The answer that such a stream is.
pub(crate) fn response(stream: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    use futures_util::StreamExt as _;

    let mut response = Body::from_stream(stream.map(Ok::<_, Infallible>)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies are not to gather what is meant for now.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_has_a_number_only_where_it_can_be_asked_for_again() {
        let event = json!({"type": "turn.started", "text": "a\nb"});
        let data = "event: turn.started\ndata: {\"type\":\"turn.started\",\"text\":\"a\\nb\"}\n\n";
        assert_eq!(named(None, &event), data);
        assert_eq!(named(Some(7), &event), format!("id: 7\n{data}"));
    }
}

//! What an answer leaves unread of its request's body, as one does that is decided by the head: a wrong key, an id that is
//! none, a path that nothing is at. The client is still sending then, and would lose the answer, or its next request, with
//! the connection. So a small rest is read before the answer goes out; where it is large or slow in coming, the answer says
//! that the connection ends with it. No handler reads on after it has answered.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderValue, header::CONNECTION},
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

/// The largest rest that is read.
const SIZE_LIMIT: usize = 64 << 10;

/// How long a client may take to send it.
const TIME_LIMIT: Duration = Duration::from_millis(250);

/// Answers a request, and sees to the rest of its body.
pub(crate) async fn read(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let rest = Rest(Arc::new(Mutex::new(Reading { body, is_over: false })));
    let mut response = next.run(Request::from_parts(head, Body::new(rest.clone()))).await;
    if !rest.came_to_its_end().await {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A body that its handler reads, and after it whoever wants the rest.
#[derive(Clone)]
struct Rest(Arc<Mutex<Reading>>);

struct Reading {
    body: Body,
    /// Whether it has come to its end, which a body of no given length does not tell by itself.
    is_over: bool,
}

impl Rest {
    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is left, and tells whether that was all.
    async fn came_to_its_end(mut self) -> bool {
        if self.is_end_stream() {
            return true;
        }
        if self.size_hint().lower() > SIZE_LIMIT as u64 {
            return false;
        }
        let reading = async {
            let mut left = SIZE_LIMIT;
            while let Some(Ok(frame)) = self.frame().await {
                match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                    Some(rest) => left = rest,
                    None => return false,
                }
            }
            true
        };
        timeout(TIME_LIMIT, reading).await.unwrap_or(false)
    }
}

impl HttpBody for Rest {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut reading = self.reading();
        let polled = Pin::new(&mut reading.body).poll_frame(cx);
        reading.is_over |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        let reading = self.reading();
        reading.is_over || reading.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.reading().body.size_hint()
    }
}

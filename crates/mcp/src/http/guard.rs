//! Who may come in, in the protocol's words: who the door lets in, with a body that is a message, while there is room.

use std::{error::Error as _, sync::Arc, time::Duration};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use handspike_web::{self as web, Door, Page};
use http_body_util::LengthLimitError;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::sessions::Sessions;
use crate::{lines::complaint, stdio::MESSAGE_LIMIT};

/// How long a client may take to send a request's body.
const BODY_LIMIT: Duration = Duration::from_secs(30);

/// What a page of an allowed origin may send.
const PAGE_SENDS: &str = "authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, \
                          mcp-method, mcp-name";
/// What it may read of an answer.
const PAGE_READS: &str = "mcp-session-id, mcp-protocol-version, www-authenticate, retry-after";

/// The conditions of coming in.
pub(crate) struct Guard {
    pub(crate) door: Door,
    pub(crate) sessions: Arc<Sessions>,
}

/// Why a request is turned away.
#[derive(Debug)]
enum Refusal {
    AtTheDoor(web::Refusal),
    Full,
    Slow,
    TooLarge,
    /// The client broke off, so nobody reads this.
    Cut,
    /// What is answered to a body that is no message.
    NoMessage(Value),
}

/// Lets a request pass, or answers it.
pub(crate) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let page = match guard.door.admit(request.uri(), request.headers()) {
        Ok(page) => page,
        Err(refusal) => return Refusal::AtTheDoor(refusal).into_response(),
    };
    // A browser asks before a page's request, and can't give the key yet.
    let is_preflight = page != Page::None && request.method() == Method::OPTIONS;
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        match guard.serve(request, next).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        }
    };
    if let Page::Of(page) = page {
        open_to(response.headers_mut(), page);
    }
    response
}

/// Tells the browser that a page may read the answer.
fn open_to(headers: &mut HeaderMap, page: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(VARY, HeaderValue::from_static("origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(PAGE_SENDS));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(PAGE_READS));
}

impl Guard {
    /// Has a request served by the protocol, if its key is right, and once it is there as a whole.
    async fn serve(&self, request: Request, next: Next) -> Result<Response, Refusal> {
        self.door.check_key(request.headers()).map_err(Refusal::AtTheDoor)?;
        let opens = opens_a_session(&request);
        let ends = request.method() == Method::DELETE;
        if opens && self.sessions.is_full() {
            return Err(Refusal::Full);
        }
        let mut response = next.run(read_whole(request).await?).await;
        // The session has ended. "Accepted" would be said of one that is going to, and some clients take it for a failure.
        if ends && response.status() == StatusCode::ACCEPTED {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        // Another one may have taken the last place meanwhile, which the protocol's service takes for a fault.
        let lost_the_race = opens && response.status() == StatusCode::INTERNAL_SERVER_ERROR && self.sessions.is_full();
        if lost_the_race { Err(Refusal::Full) } else { Ok(response) }
    }
}

/// A POST of no session opens one, unless it is of a protocol version that has none.
fn opens_a_session(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::POST
        && !headers.contains_key("mcp-session-id")
        && headers.get("mcp-protocol-version").is_none_or(|version| version.as_bytes() < b"2026-07-28".as_slice())
}

/// The request with its body read, which may take only so long and be only so large.
async fn read_whole(request: Request) -> Result<Request, Refusal> {
    let (head, body) = request.into_parts();
    let read = timeout(BODY_LIMIT, to_bytes(body, MESSAGE_LIMIT)).await.map_err(|_| Refusal::Slow)?;
    let body = read.map_err(|error| match error.source() {
        Some(cause) if cause.is::<LengthLimitError>() => Refusal::TooLarge,
        Some(_) | None => Refusal::Cut,
    })?;
    if head.method == Method::POST
        && let Some(answer) = complaint(&body)
    {
        return Err(Refusal::NoMessage(answer));
    }
    Ok(Request::from_parts(head, Body::from(body)))
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::AtTheDoor(web::Refusal::Host(_) | web::Refusal::Origin(_)) => StatusCode::FORBIDDEN,
            Self::AtTheDoor(web::Refusal::NoKey | web::Refusal::WrongKey) => StatusCode::UNAUTHORIZED,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Cut | Self::NoMessage(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn body(&self) -> Value {
        let text = match self {
            Self::NoMessage(answer) => return answer.clone(),
            Self::AtTheDoor(web::Refusal::Host(host)) => format!(
                "the server is not known as `{host}`; it answers to the loopback's names and those it was started with"
            ),
            Self::AtTheDoor(web::Refusal::Origin(origin)) => {
                format!("pages of `{origin}` may not use this server; those that it was started with may")
            }
            Self::AtTheDoor(web::Refusal::NoKey) => "a key is required: `Authorization: Bearer KEY`".to_owned(),
            Self::AtTheDoor(web::Refusal::WrongKey) => "the key is not this server's".to_owned(),
            Self::Full => {
                format!("{} sessions are open, which is the limit; end one, or try again later", Sessions::LIMIT)
            }
            Self::Slow => format!("the request's body did not come within {} s", BODY_LIMIT.as_secs()),
            Self::TooLarge => format!("the request's body has more than {MESSAGE_LIMIT} bytes"),
            Self::Cut => "the request's body did not come to its end".to_owned(),
        };
        json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": text}})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::info!(refusal = ?self, "a request was turned away");
        let mut response = (self.status(), Json(self.body())).into_response();
        match self {
            Self::AtTheDoor(web::Refusal::NoKey | web::Refusal::WrongKey) => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Full => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
            }
            Self::AtTheDoor(web::Refusal::Host(_) | web::Refusal::Origin(_))
            | Self::Slow
            | Self::TooLarge
            | Self::Cut
            | Self::NoMessage(_) => {}
        }
        response
    }
}

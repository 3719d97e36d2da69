//! Who may come in: what the door says, in the words of this API. Where a web page is let in, its browser is told so.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, VARY,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use handspike_web::{Page, Refusal};

use crate::{docs, error::ApiError, openai, routes::health, server::Server};

/// What is told to everybody who may come in at all.
const NEEDS_NO_KEY: [&str; 2] = [health::PATH, docs::PATH];

/// The other header that may carry the key.
const AUTH_KEY: HeaderName = HeaderName::from_static("x-auth-key");

/// What a page of an allowed origin may send.
const PAGE_SENDS: &str =
    "authorization, x-auth-key, content-type, accept, prefer, last-event-id, x-custom-api-key, x-show-messages";
/// What it may read of an answer beside what is usual.
const PAGE_READS: &str = "retry-after, x-should-retry";
/// What it may do.
const PAGE_DOES: &str = "GET, POST, PUT, PATCH, DELETE";

/// Lets a request pass, or answers it.
pub(crate) async fn check(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = match server.access.door.admit(request.uri(), request.headers()) {
        Ok(page) => admitted(&server, page, request, next).await,
        Err(refusal) => refused(refusal, &path).into_response(),
    };
    let response = if openai::serves(&path) { openai::translated(response) } else { response };
    tracing::debug!(%method, path, status = response.status().as_u16(), "answered");
    response
}

/// A request that comes by a known name and from nobody's page or a known one's.
async fn admitted(server: &Server, page: Page, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    // A browser asks before a page's request, and can't give the key yet.
    let is_preflight = page != Page::None && request.method() == Method::OPTIONS;
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else if NEEDS_NO_KEY.contains(&path.as_str()) {
        next.run(request).await
    } else {
        match check_key(server, request.headers()) {
            Ok(()) => next.run(request).await,
            Err(refusal) => refused(refusal, &path).into_response(),
        }
    };
    if let Page::Of(origin) = page {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(VARY, HeaderValue::from_static("origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(PAGE_DOES));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(PAGE_SENDS));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(PAGE_READS));
    }
    response
}

/// The key is the bearer's, or stands in a header of its own.
fn check_key(server: &Server, headers: &HeaderMap) -> Result<(), Refusal> {
    let refusal = match server.access.door.check_key(headers) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    let Some(given) = headers.get(AUTH_KEY) else { return Err(refusal) };
    let given = given.as_bytes();
    let key = given.strip_prefix(b"Bearer ").unwrap_or(given);
    if server.access.key.is(key) { Ok(()) } else { Err(Refusal::WrongKey) }
}

fn refused(refusal: Refusal, path: &str) -> ApiError {
    tracing::info!(?refusal, "a request was turned away");
    let status = match refusal {
        Refusal::NoKey | Refusal::WrongKey if openai::serves(path) => StatusCode::UNAUTHORIZED,
        Refusal::NoKey | Refusal::WrongKey | Refusal::Host(_) | Refusal::Origin(_) => StatusCode::FORBIDDEN,
    };
    let (message, fix) = match refusal {
        Refusal::NoKey | Refusal::WrongKey => ("Could not validate API KEY".to_owned(), None),
        Refusal::Host(host) => (
            format!("The server is not known as `{host}`"),
            Some("Call it by a name of the loopback, or start it with this host name."),
        ),
        Refusal::Origin(origin) => {
            (format!("Pages of `{origin}` may not use this server"), Some("Start it with this origin to let them."))
        }
    };
    let error = ApiError::http(status, message);
    match fix {
        Some(fix) => error.with_fix(fix),
        None => error,
    }
}

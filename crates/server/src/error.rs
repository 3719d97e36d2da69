//! The one error of handlers and layers, and how it becomes an answer: a status, the envelope, and what the client is
//! told about trying again.

use std::any::Any;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use handspike_api::{
    ErrorBody, ListError, SessionError,
    check::{Detail, DetailType, Invalid},
};

/// What clients look at before they try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// How many seconds a server that stops may take until it, or another in its place, is there again.
const STOPPING: u32 = 10;

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Box<ErrorBody>,
    retry: Retry,
}

/// What the client is told about trying again.
#[derive(Clone, Copy, Debug)]
enum Retry {
    /// Nothing: the status says it.
    Unsaid,
    /// It can't help.
    Never,
    /// It may help after so many seconds.
    After(u32),
}

impl ApiError {
    /// An error with a body of its own.
    pub(crate) fn new(status: StatusCode, body: ErrorBody) -> Self {
        Self { status, body: Box::new(body), retry: Retry::Unsaid }
    }

    /// An error that its status names.
    pub(crate) fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, ErrorBody::http(status.as_u16(), message))
    }

    /// What is asked for is not there.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::http(StatusCode::NOT_FOUND, format!("There is no {what}"))
    }

    /// What is asked for is understood and can't be.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::http(StatusCode::BAD_REQUEST, message)
    }

    /// Something here is broken; what it is stands in the log.
    pub(crate) fn internal() -> Self {
        Self::http(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").never_again()
    }

    /// What is to be sent to a model is more than there is room for.
    pub(crate) fn prompt_too_big(message: &str) -> Self {
        let fix = "Send less, or allow more with the session's `token_budget`.";
        let body = ErrorBody::new("prompt_too_big", "LLMServiceBadRequest", message).with_fix(fix);
        Self::new(StatusCode::BAD_REQUEST, body).never_again()
    }

    /// The server is about to end, and its successor may be there soon.
    pub(crate) fn stopping() -> Self {
        let fix = "Send the request again when it has started anew. A turn that had begun goes on by itself then.";
        Self::http(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping").with_fix(fix).again_after(STOPPING)
    }

    /// One mistake outside the body.
    pub(crate) fn invalid(kind: DetailType, msg: impl Into<String>, loc: impl Into<String>, received: &str) -> Self {
        let received: String = received.chars().take(200).collect();
        let detail = Detail { kind, msg: msg.into(), loc: loc.into(), received: received.into(), fix: None };
        Invalid { details: vec![detail], omitted: 0 }.into()
    }

    /// What its client reads.
    pub(crate) fn body(&self) -> &ErrorBody {
        &self.body
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the same request may succeed at another time.
    pub(crate) fn may_pass(&self) -> bool {
        match self.retry {
            Retry::After(_) => true,
            Retry::Unsaid | Retry::Never => false,
        }
    }

    /// Whether it says that something is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Tells what would mend it.
    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.body.error.fix = Some(fix.into());
        self
    }

    /// Tells the client that the same request can't succeed.
    pub(crate) fn never_again(self) -> Self {
        Self { retry: Retry::Never, ..self }
    }

    /// Tells the client when the same request may succeed.
    pub(crate) fn again_after(self, seconds: u32) -> Self {
        Self { retry: Retry::After(seconds), ..self }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self.body)).into_response();
        // For layers that put it into another shape.
        response.extensions_mut().insert(*self.body);
        match self.retry {
            Retry::Unsaid => {}
            Retry::Never => {
                response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
            }
            Retry::After(seconds) => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
        }
        response
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.into())
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Limit | ListError::Offset => Self::bad_request(error.to_string()),
            ListError::Invalid(mut invalid) => {
                for detail in &mut invalid.details {
                    detail.loc.insert_str(0, "query.");
                }
                invalid.into()
            }
        }
    }
}

/// The answer to a path that nothing is at.
pub(crate) async fn no_such_route() -> ApiError {
    ApiError::http(StatusCode::NOT_FOUND, "Not Found").with_fix("See /openapi.json for what there is.")
}

/// The answer to a method that a path does not have.
pub(crate) async fn no_such_method() -> ApiError {
    ApiError::http(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// The answer of a handler that has panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = words.unwrap_or("no words"), "a handler panicked");
    ApiError::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::{Body, to_bytes},
        http::Request,
        routing::get,
    };
    use serde_json::{Value, json};
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_without_its_words() {
        let broken = get(async || {
            if true {
                panic!("the words")
            }
        });
        let router = Router::new().route("/", broken).layer(CatchPanicLayer::custom(panicked));
        let response = router.oneshot(Request::new(Body::empty())).await.expect("an answer");
        assert_eq!(
            (response.status().as_u16(), &response.headers()[&SHOULD_RETRY]),
            (500, &"false".parse().expect("a value"))
        );
        let body = to_bytes(response.into_body(), 1000).await.expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let expected = json!({"message": "Internal Server Error", "code": "http_500", "type": "http_error"});
        assert_eq!(body["error"], expected);
    }
}

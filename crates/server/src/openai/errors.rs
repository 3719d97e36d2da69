//! Errors in the shape of OpenAI's API. They are made of those of this one on their way out, so that also what the layers
//! before a handler refuse looks as its clients expect.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse as _, Response},
};
use handspike_api::{ErrorBody, ErrorInfo};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// An error of OpenAI's API.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CompletionError {
    error: CompletionErrorInfo,
}

/// What went wrong.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CompletionErrorInfo {
    /// In words.
    message: String,
    /// Whose mistake it is.
    #[serde(rename = "type")]
    kind: String,
    /// The place in the request, where it is one.
    param: Option<String>,
    /// Its name for programs, where it has one.
    code: Option<String>,
}

/// Whether a path is one of OpenAI's API.
pub(crate) fn serves(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// An answer, with its error put into OpenAI's shape if it is one.
pub(crate) fn translated(mut response: Response) -> Response {
    let Some(body) = response.extensions_mut().remove::<ErrorBody>() else { return response };
    let status = match response.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let told = Json(CompletionError::of(status, &body)).into_response();
    let (mut parts, _) = response.into_parts();
    let (told_parts, body) = told.into_parts();
    parts.status = status;
    // Its length is another one.
    parts.headers.extend(told_parts.headers);
    if status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    parts.headers.remove("content-length");
    Response::from_parts(parts, body)
}

impl CompletionError {
    /// What a client is told in the middle of a stream.
    pub(super) fn of_error(error: &ApiError) -> Self {
        Self::of(error.status(), error.body())
    }

    fn of(status: StatusCode, body: &ErrorBody) -> Self {
        let ErrorInfo { message, code, kind: _, details, fix } = &body.error;
        let places = details.iter().flatten();
        let param = places.clone().map(|detail| detail.loc.clone()).find(|loc| !loc.is_empty());
        let mistakes: Vec<String> = places
            .map(|detail| match detail.loc.as_str() {
                "" => detail.msg.clone(),
                loc => format!("{loc}: {}", detail.msg),
            })
            .collect();
        let mut message = if mistakes.is_empty() { message.clone() } else { mistakes.join("; ") };
        if let Some(fix) = fix {
            message.push_str(". ");
            message.push_str(fix);
        }
        let code = match (status, code.as_str()) {
            (StatusCode::UNAUTHORIZED, _) => Some("invalid_api_key"),
            (StatusCode::TOO_MANY_REQUESTS, _) => Some("rate_limit_exceeded"),
            (_, "prompt_too_big") => Some("context_length_exceeded"),
            (_, "validation_error") => Some("invalid_value"),
            (_, code) if code.starts_with("http_") => None,
            (_, code) => Some(code),
        };
        let kind = match status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        Self { error: CompletionErrorInfo { message, kind: kind.to_owned(), param, code: code.map(str::to_owned) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, code: &str) -> (String, Option<String>) {
        let status = StatusCode::from_u16(status).expect("a status");
        let CompletionError { error } = CompletionError::of(status, &ErrorBody::new(code, "x", "no"));
        (error.kind, error.code)
    }

    #[test]
    fn a_status_says_whose_mistake_it_is_and_a_code_which() {
        for (status, code, expected) in [
            (400, "http_400", ("invalid_request_error", None)),
            (400, "prompt_too_big", ("invalid_request_error", Some("context_length_exceeded"))),
            (401, "http_401", ("invalid_request_error", Some("invalid_api_key"))),
            (404, "model_not_found", ("invalid_request_error", Some("model_not_found"))),
            (429, "http_429", ("rate_limit_error", Some("rate_limit_exceeded"))),
            (500, "http_500", ("server_error", None)),
            (502, "llm_api_error", ("server_error", Some("llm_api_error"))),
        ] {
            let (kind, code) = told(status, code);
            assert_eq!((kind.as_str(), code.as_deref()), expected, "{status}");
        }
    }

    #[test]
    fn only_its_own_paths_are_spoken_for() {
        assert!(serves("/v1/models") && serves("/v1") && !serves("/v1x") && !serves("/agents"));
    }
}

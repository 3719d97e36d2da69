//! What a turn's failure means to a client: the status, the envelope, and whether it helps to try again.

use axum::http::StatusCode;
use handspike_api::{ErrorBody, ErrorInfo};
use handspike_core::ModelError;

use crate::error::ApiError;

/// What providers write where a prompt has more tokens than the model takes.
const TOO_BIG: [&str; 6] = [
    "context_length",
    "context length",
    "context window",
    "prompt is too long",
    "too many tokens",
    "maximum number of tokens",
];

/// Why the model gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelFailure {
    /// The provider takes no request like this one.
    BadRequest,
    /// The prompt has too many tokens.
    PromptTooBig,
    /// The provider failed in a way that will stay.
    Lasting,
    /// It may do better the next time.
    Passing,
}

impl ModelFailure {
    /// What an error of the model means.
    pub(super) fn of(error: &ModelError) -> Self {
        match error {
            ModelError::Refused { status, message } => Self::of_refusal(*status, &message.to_lowercase()),
            ModelError::Unreachable { .. }
            | ModelError::Malformed { .. }
            | ModelError::CutOff { .. }
            | ModelError::Stalled { .. }
            | ModelError::TimedOut { .. } => Self::Passing,
            ModelError::ExpectationFailed(_) | ModelError::ScriptEnded { .. } => Self::Lasting,
        }
    }

    fn of_refusal(status: u16, message: &str) -> Self {
        let is_too_big = status == 413 || TOO_BIG.iter().any(|words| message.contains(words));
        match status {
            400 | 404 | 413 | 422 if is_too_big => Self::PromptTooBig,
            400 | 404 | 422 => Self::BadRequest,
            401..=403 => Self::Lasting,
            _ => Self::Passing,
        }
    }
}

/// Why a turn failed, as its client is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TurnFailure {
    pub(super) status: StatusCode,
    pub(super) error: ErrorInfo,
    /// Whether the same request can help: only where nothing of the turn is kept.
    pub(super) may_retry: bool,
}

impl TurnFailure {
    /// A failure of the model, with its words.
    pub(super) fn of_model(failure: ModelFailure, words: &str) -> Self {
        let (status, code, kind) = match failure {
            ModelFailure::BadRequest => (StatusCode::BAD_REQUEST, "llm_bad_request", "LLMServiceBadRequest"),
            ModelFailure::PromptTooBig => (StatusCode::BAD_REQUEST, "prompt_too_big", "LLMServiceBadRequest"),
            ModelFailure::Lasting | ModelFailure::Passing => {
                (StatusCode::BAD_GATEWAY, "llm_api_error", "LLMServiceError")
            }
        };
        let fix = match failure {
            ModelFailure::BadRequest => {
                "Check the request's settings, tools and messages against what the model takes."
            }
            ModelFailure::PromptTooBig => "Send less, or set `context_overflow` and `token_budget` of the session.",
            ModelFailure::Lasting => "Check the provider's key and address.",
            ModelFailure::Passing => "Try again later.",
        };
        let (message, hint) = match words.split_once("\nhint: ") {
            Some((message, hint)) => (message, Some(hint)),
            None => (words, None),
        };
        let fix = hint.map_or(fix.to_owned(), sentence);
        let error = ErrorBody::new(code, kind, sentence(message)).with_fix(fix).error;
        Self { status, error, may_retry: failure == ModelFailure::Passing }
    }

    /// A failure of the runtime. What it is stands in the log.
    pub(super) fn of_runtime() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let error = ErrorBody::http(status.as_u16(), "Internal Server Error").error;
        Self { status, error, may_retry: false }
    }
}

impl From<TurnFailure> for ApiError {
    fn from(failure: TurnFailure) -> Self {
        let error = Self::new(failure.status, ErrorBody { error: failure.error });
        if failure.may_retry { error.again_after(1) } else { error.never_again() }
    }
}

/// The words of an error with a capital letter.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_means_what_its_status_and_its_words_say() {
        let of = |status, message: &str| ModelFailure::of(&ModelError::Refused { status, message: message.to_owned() });
        assert_eq!(of(400, "temperature is not supported"), ModelFailure::BadRequest);
        assert_eq!(of(400, "This model's maximum context length is 8192 tokens"), ModelFailure::PromptTooBig);
        assert_eq!(of(413, "too large"), ModelFailure::PromptTooBig);
        assert_eq!(of(401, "bad key"), ModelFailure::Lasting);
        assert_eq!(of(429, "slow down"), ModelFailure::Passing);
        assert_eq!(of(500, "context length"), ModelFailure::Passing);
    }

    #[test]
    fn a_failure_of_the_provider_is_told_in_the_envelope() {
        let failure = TurnFailure::of_model(ModelFailure::BadRequest, "the model refused: no\nhint: check it");
        assert_eq!((failure.status.as_u16(), failure.error.code.as_str()), (400, "llm_bad_request"));
        assert_eq!(
            (failure.error.message.as_str(), failure.error.fix.as_deref()),
            ("The model refused: no", Some("Check it"))
        );
        let failure = TurnFailure::of_model(ModelFailure::Passing, "gone");
        assert_eq!(
            (failure.status.as_u16(), failure.error.kind.as_str(), failure.may_retry),
            (502, "LLMServiceError", true)
        );
    }
}

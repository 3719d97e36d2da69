//! The one envelope of errors.

use serde::Serialize;
use utoipa::ToSchema;

use crate::check::{Detail, Invalid};

/// The body of every answer that is an error.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorInfo,
}

/// An error, as the client is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ErrorInfo {
    /// What went wrong.
    pub message: String,
    /// Its name for programs, such as `http_404` or `validation_error`.
    pub code: String,
    /// The kind of error, such as `http_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is wrong with the request, place by place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Vec<Detail>>,
    /// What would mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl ErrorBody {
    /// An error that its status names.
    pub fn http(status: u16, message: impl Into<String>) -> Self {
        Self::new(format!("http_{status}"), "http_error", message)
    }

    /// An error with a name of its own.
    pub fn new(code: impl Into<String>, kind: impl Into<String>, message: impl Into<String>) -> Self {
        let (message, code, kind) = (message.into(), code.into(), kind.into());
        Self { error: ErrorInfo { message, code, kind, details: None, fix: None } }
    }

    /// The same error with what would mend it.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.error.fix = Some(fix.into());
        self
    }
}

impl From<Invalid> for ErrorBody {
    /// The mistakes of a body, for an answer 422.
    fn from(invalid: Invalid) -> Self {
        let mut body = Self::new("validation_error", "validation_error", "Validation error");
        if invalid.omitted > 0 {
            let told = invalid.details.len();
            body.error.fix = Some(format!("The first {told} mistakes are listed; there are {} more.", invalid.omitted));
        }
        body.error.details = Some(invalid.details);
        body
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{UserForm, check};

    #[test]
    fn mistakes_of_a_body_are_told_in_the_envelope() {
        let invalid = check::read::<UserForm>(br#"{"name": 5}"#).expect_err("not a name");
        let expected = json!({"error": {
            "message": "Validation error", "code": "validation_error", "type": "validation_error",
            "details": [{"type": "string_type", "msg": "Input should be a valid string", "loc": "name", "received": 5}],
        }});
        assert_eq!(serde_json::to_value(ErrorBody::from(invalid)).expect("JSON"), expected);
    }

    #[test]
    fn an_error_of_a_status_is_named_by_it() {
        let expected =
            json!({"error": {"message": "No such session", "code": "http_404", "type": "http_error", "fix": "Look."}});
        let body = ErrorBody::http(404, "No such session").with_fix("Look.");
        assert_eq!(serde_json::to_value(body).expect("JSON"), expected);
    }
}

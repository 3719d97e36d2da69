//! What a sandbox's refusal of a file or a picture means to a client.

use std::{error::Error as _, io::ErrorKind};

use axum::http::StatusCode;
use handspike_core::AccessError;
use handspike_types::FileRefusal;

use crate::error::ApiError;

/// How long a client is asked to wait for room for a sandbox, in seconds.
const ROOM: u32 = 10;

/// The same for one that is busy.
const BUSY: u32 = 5;

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        let message = error.to_string();
        match error {
            AccessError::NoSandbox => {
                let fix = "Chat with a tool that runs in one, or put a file into it.";
                Self::http(StatusCode::NOT_FOUND, "The session has no sandbox yet").with_fix(fix)
            }
            AccessError::File { refusal, .. } => Self::http(status_of(&refusal), message),
            AccessError::TooLarge { .. } => Self::http(StatusCode::PAYLOAD_TOO_LARGE, message),
            AccessError::Cut(cause) if cause.kind() == ErrorKind::TimedOut => {
                Self::http(StatusCode::REQUEST_TIMEOUT, "The body did not come in time")
            }
            AccessError::Cut(_) => Self::bad_request("The body did not come to its end"),
            AccessError::NoPicture(_) => Self::http(StatusCode::NOT_FOUND, message),
            AccessError::Busy(_) => Self::http(StatusCode::SERVICE_UNAVAILABLE, message).again_after(BUSY),
            AccessError::NoRoom(_) => Self::http(StatusCode::TOO_MANY_REQUESTS, message).again_after(ROOM),
            AccessError::Failed(fault) => {
                tracing::error!(error = %fault, cause = fault.source().map(ToString::to_string), "a sandbox failed");
                Self::internal()
            }
        }
    }
}

fn status_of(refusal: &FileRefusal) -> StatusCode {
    match refusal {
        FileRefusal::NotFound => StatusCode::NOT_FOUND,
        FileRefusal::Forbidden => StatusCode::FORBIDDEN,
        FileRefusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FileRefusal::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        FileRefusal::IsFolder
        | FileRefusal::NotRegular
        | FileRefusal::NotInFolder
        | FileRefusal::Cut
        | FileRefusal::System(_) => StatusCode::BAD_REQUEST,
    }
}

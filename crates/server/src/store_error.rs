//! What a failure of the store means to a client. What a client can't mend is logged, and told without its reasons.

use std::error::Error as _;

use axum::http::StatusCode;
use handspike_api::SessionError;
use handspike_store::StoreError;

use crate::error::ApiError;

/// How long a client of a busy session is asked to wait, in seconds.
const BUSY: u32 = 1;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { kind, id } => Self::not_found(format_args!("{kind} with the id {id}")),
            StoreError::NoSuchParent { id, .. } => Self::not_found(format_args!("owner with the id {id}")),
            StoreError::NoSuchParticipant { .. } => SessionError::NoSuchParticipant.into(),
            StoreError::Duplicate { kind } => {
                let message = format!("There is another {kind} with this id or name");
                Self::http(StatusCode::CONFLICT, message).never_again()
            }
            StoreError::Changed { kind, id } => {
                let message = format!("The {kind} with the id {id} was changed meanwhile");
                Self::http(StatusCode::CONFLICT, message).again_after(BUSY)
            }
            StoreError::Busy { .. } => Self::busy(),
            StoreError::Nul(place) => Self::bad_request(format!("A NUL character can't be kept in {place}")),
            StoreError::BlobTooLarge { .. } => Self::http(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            StoreError::NoSuchCall { .. }
            | StoreError::NoSuchApproval { .. }
            | StoreError::CallStartedBefore { .. }
            | StoreError::TurnNotOpen { .. }
            | StoreError::NoSuchBlob(_)
            | StoreError::DamagedBlob(_)
            | StoreError::Blobs(_)
            | StoreError::Unreadable { .. }
            | StoreError::Database(_) => {
                tracing::error!(%error, cause = error.source().map(ToString::to_string), "the store failed");
                Self::internal()
            }
        }
    }
}

impl ApiError {
    /// The session has a turn under way.
    pub(crate) fn busy() -> Self {
        Self::http(StatusCode::CONFLICT, "The session is busy with another turn").again_after(BUSY)
    }
}

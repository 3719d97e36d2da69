//! The answer to a deletion.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Time;

/// What was deleted, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deleted {
    /// The id of what was deleted.
    pub id: Uuid,
    /// When it was deleted.
    #[schema(format = DateTime)]
    pub deleted_at: Time,
    /// Jobs that were started by it; always empty.
    pub jobs: Vec<Uuid>,
}

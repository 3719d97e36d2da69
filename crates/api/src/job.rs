//! The state of something that goes on in the background.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Time;

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JobStatus {
    /// Its id.
    pub id: Uuid,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it changed last.
    #[schema(format = DateTime)]
    pub updated_at: Time,
    /// What it is.
    pub name: String,
    /// Why it is in its state.
    pub reason: String,
    /// Whether its progress is known.
    pub has_progress: bool,
    /// Its progress in percent.
    #[schema(minimum = 0, maximum = 100)]
    pub progress: f64,
    /// Its state.
    pub state: JobState,
}

/// What has become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum JobState {
    Pending,
    InProgress,
    Retrying,
    Succeeded,
    Aborted,
    Failed,
    Unknown,
}

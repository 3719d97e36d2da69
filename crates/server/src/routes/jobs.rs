//! Jobs: what goes on behind a request.

use std::sync::Arc;

use axum::{Json, extract::State};
use handspike_api::{JobState, JobStatus};
use handspike_store::{Kind, Record, StoreError, Turn};
use utoipa::openapi::HttpMethod;
use uuid::Uuid;

use crate::{
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    resource::Stamp,
    server::Server,
    time::rfc3339,
};

pub(crate) fn routes() -> Api {
    let operation = Operation::new(HttpMethod::Get, "/jobs/{job_id}", "Read job").answers::<JobStatus>(200);
    Api::new().described(operation, get)
}

async fn get(State(server): State<Arc<Server>>, item: Item) -> Result<Json<JobStatus>, ApiError> {
    of(&server, item.id).await.map(Json)
}

/// A job, or the turn that is one to those who did not wait for its answer.
pub(crate) async fn of(server: &Server, id: Uuid) -> Result<JobStatus, ApiError> {
    match server.store.get(Kind::Job, id).await {
        Ok(record) => Ok(status_of(&record)),
        Err(not_found @ StoreError::NotFound { .. }) => match server.store.turn(id).await? {
            Some(turn) => Ok(status_of_turn(&turn)),
            None => Err(not_found.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// How it goes with a turn.
fn status_of_turn(turn: &Turn) -> JobStatus {
    let (state, progress) = match turn.outcome.as_deref() {
        None => (JobState::InProgress, 0.0),
        Some("failed") => (JobState::Failed, 100.0),
        Some("cancelled") => (JobState::Aborted, 100.0),
        Some(_) => (JobState::Succeeded, 100.0),
    };
    let error = turn.detail.as_ref().and_then(|detail| detail.pointer("/error/message")?.as_str());
    let reason = error.or(turn.outcome.as_deref()).unwrap_or_default().to_owned();
    let (created_at, updated_at) = (rfc3339(turn.started_at), rfc3339(turn.updated_at));
    let (name, has_progress) = ("chat".to_owned(), turn.ended_at.is_some());
    JobStatus { id: turn.id, created_at, updated_at, name, reason, has_progress, progress, state }
}

/// What a client reads of a job, which is as its worker has noted it.
fn status_of(record: &Record) -> JobStatus {
    let text = |key: &str| record.body.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let progress = record.body.get("progress").and_then(|value| value.as_f64());
    let Stamp { id, created_at, updated_at } = Stamp::of(record);
    let (name, reason) = (text("name"), text("reason"));
    let has_progress = progress.is_some();
    let progress = progress.unwrap_or_default().clamp(0.0, 100.0);
    let state = state_of(&text("state"));
    JobStatus { id, created_at, updated_at, name, reason, has_progress, progress, state }
}

fn state_of(word: &str) -> JobState {
    match word {
        "pending" => JobState::Pending,
        "in_progress" => JobState::InProgress,
        "retrying" => JobState::Retrying,
        "succeeded" => JobState::Succeeded,
        "aborted" => JobState::Aborted,
        "failed" => JobState::Failed,
        _ => JobState::Unknown,
    }
}

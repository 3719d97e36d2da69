//! Jobs: what goes on behind a request.

use std::sync::Arc;

use axum::{Json, extract::State};
use handspike_api::{JobState, JobStatus};
use handspike_store::{Kind, Record};
use utoipa::openapi::HttpMethod;

use crate::{
    error::ApiError,
    ids::Item,
    openapi::{Api, Described as _, Operation},
    resource::Stamp,
    server::Server,
};

pub(crate) fn routes() -> Api {
    let operation = Operation::new(HttpMethod::Get, "/jobs/{job_id}", "Read job").answers::<JobStatus>(200);
    Api::new().described(operation, get)
}

async fn get(State(server): State<Arc<Server>>, item: Item) -> Result<Json<JobStatus>, ApiError> {
    Ok(Json(status_of(&server.store.get(Kind::Job, item.id).await?)))
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

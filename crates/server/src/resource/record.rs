//! Forms as records, and back.

use handspike_api::Time;
use handspike_store::{NewRecord, Record};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Resource;
use crate::{error::ApiError, time::rfc3339};

/// The key that is stored apart, for lists to be filtered by.
const METADATA: &str = "metadata";

/// What the server says of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(crate) id: Uuid,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl Stamp {
    pub(crate) fn of(record: &Record) -> Self {
        let (created_at, updated_at) = (rfc3339(record.created_at), rfc3339(record.updated_at));
        Self { id: record.id, created_at, updated_at }
    }
}

/// A form as a record to store.
pub(crate) fn record_of<R: Resource>(id: Uuid, parent: Option<Uuid>, form: &R::Form) -> Result<NewRecord, ApiError> {
    let mut body = object_of::<R>(form)?;
    let metadata = match body.shift_remove(METADATA) {
        Some(Value::Object(metadata)) => metadata,
        Some(_) | None => Map::new(),
    };
    let name = R::name(form).map(str::to_owned);
    Ok(NewRecord { kind: R::KIND, id, parent, name, metadata, body })
}

/// A form as JSON.
pub(super) fn object_of<R: Resource>(form: &R::Form) -> Result<Map<String, Value>, ApiError> {
    match serde_json::to_value(form) {
        Ok(Value::Object(object)) => Ok(object),
        other => {
            tracing::error!(kind = %R::KIND, ?other, "a form is no JSON object");
            Err(ApiError::internal())
        }
    }
}

/// The form that a record was made of.
pub(super) fn form_of<R: Resource>(record: &Record) -> Result<R::Form, ApiError> {
    let mut body = record.body.clone();
    body.insert(METADATA.to_owned(), Value::Object(record.metadata.clone()));
    serde_json::from_value(Value::Object(body)).map_err(|error| {
        tracing::error!(kind = %R::KIND, id = %record.id, %error, "a stored record can't be read");
        ApiError::internal()
    })
}

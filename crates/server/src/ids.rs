//! The ids in a path.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use handspike_api::check::DetailType;
use uuid::Uuid;

use crate::error::ApiError;

/// Where a list of things is: in the server, or in the thing of this id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope(pub(crate) Option<Uuid>);

/// A thing, and the one that it is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) parent: Option<Uuid>,
    pub(crate) id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(ids(parts, state).await?.last().copied()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Item {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let mut ids = ids(parts, state).await?;
        let id = ids.pop().ok_or_else(ApiError::internal)?;
        Ok(Self { parent: ids.pop(), id })
    }
}

/// The ids of a path, the last one last.
async fn ids<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<Uuid>, ApiError> {
    let params = RawPathParams::from_request_parts(parts, state).await;
    let params = params.map_err(|_| not_uuid("id", parts.uri.path(), "the path is not UTF-8"))?;
    params.iter().map(|(name, text)| uuid(name, text)).collect()
}

/// The id that a parameter of a path is.
pub(crate) fn uuid(name: &str, text: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(text).map_err(|error| not_uuid(name, text, &error.to_string()))
}

fn not_uuid(name: &str, text: &str, why: &str) -> ApiError {
    let msg = format!("Input should be a valid UUID, {why}");
    ApiError::invalid(DetailType::UuidParsing, msg, format!("path.{name}"), text)
}

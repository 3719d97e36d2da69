//! The body of a request: read as a whole, which may be only so large and take only so long, and then as what it is.
//! What it calls itself (`content-type`) does not matter, as a route knows what it takes.

use std::{error::Error as _, time::Duration};

use axum::{
    body::{Bytes, HttpBody as _, to_bytes},
    extract::{FromRequest, Request},
    http::StatusCode,
};
use handspike_api::check;
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::error::ApiError;

/// The largest body: 10 MiB.
const SIZE_LIMIT: usize = 10 << 20;

/// How long a client may take to send it.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A body in JSON that has passed its check.
pub(crate) struct Checked<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + ToSchema + 'static> FromRequest<S> for Checked<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        Ok(Self(check::read(&whole(request).await?)?))
    }
}

/// A body's bytes.
pub(crate) async fn whole(request: Request) -> Result<Bytes, ApiError> {
    let body = request.into_body();
    // One that says that it is too large is not read at all.
    if body.size_hint().lower() > SIZE_LIMIT as u64 {
        return Err(too_large());
    }
    let read = timeout(TIME_LIMIT, to_bytes(body, SIZE_LIMIT)).await.map_err(|_| {
        let seconds = TIME_LIMIT.as_secs();
        ApiError::http(StatusCode::REQUEST_TIMEOUT, format!("The body did not come within {seconds} s"))
    })?;
    read.map_err(|error| match error.source() {
        Some(cause) if cause.is::<LengthLimitError>() => too_large(),
        Some(_) | None => ApiError::bad_request("The body did not come to its end"),
    })
}

fn too_large() -> ApiError {
    ApiError::http(StatusCode::PAYLOAD_TOO_LARGE, format!("The body has more than {SIZE_LIMIT} bytes"))
}

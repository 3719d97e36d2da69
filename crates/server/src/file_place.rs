//! Whose file a path means, and where it is in the sandbox.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use handspike_core::{InvalidPath, SandboxPath, WORKSPACE};
use uuid::Uuid;

use crate::{error::ApiError, ids::uuid};

/// A file of a session. Its path is the rest of the URL's: below the workspace, or, after a second slash, from the root.
pub(crate) struct FilePlace {
    pub(crate) session: Uuid,
    pub(crate) path: SandboxPath,
}

impl<S: Send + Sync> FromRequestParts<S> for FilePlace {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| ApiError::bad_request("The path is not UTF-8"))?;
        let mut params = params.iter();
        let (Some((name, session)), Some((_, path))) = (params.next(), params.next()) else {
            return Err(ApiError::internal());
        };
        let session = uuid(name, session)?;
        SandboxPath::parse(path).map(|path| Self { session, path }).map_err(no_file)
    }
}

fn no_file(error: InvalidPath) -> ApiError {
    let refusal = ApiError::bad_request(error.to_string());
    match error {
        InvalidPath::Outside => {
            refusal.with_fix(format!("Begin with a second slash to name a file outside of {WORKSPACE}."))
        }
        InvalidPath::NoFile | InvalidPath::TooLong | InvalidPath::Nul => refusal,
    }
}

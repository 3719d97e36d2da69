//! What is special about a kind of resource.

use handspike_store::Kind;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::Stamp;
use crate::{error::ApiError, server::Server};

/// A kind of resource: a form that is stored, and what clients read.
pub(crate) trait Resource: Send + Sync + Sized + 'static {
    /// What it is in the store.
    const KIND: Kind;
    /// What it belongs to; then its paths have the id of that before its own.
    const PARENT: Option<Kind> = None;

    /// What clients give, and what is stored. `metadata` in it is what lists are filtered by.
    type Form: Serialize + DeserializeOwned + ToSchema + Send + Sync + 'static;
    /// The form whose fields may be changed one by one.
    type Changes: ToSchema + Send + 'static;
    /// What clients read.
    type View: Serialize + ToSchema + Send + 'static;

    /// The name that no other one of the kind has, beside the same parent.
    fn name(_: &Self::Form) -> Option<&str> {
        None
    }

    /// Checks what the form's shape does not say, and fills in what a client may leave out. `before` is what the form
    /// takes the place of.
    fn prepare(
        server: &Server,
        form: &mut Self::Form,
        before: Option<&Self::Form>,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// What a client reads of it.
    fn view(
        server: &Server,
        stamp: Stamp,
        form: Self::Form,
    ) -> impl Future<Output = Result<Self::View, ApiError>> + Send;
}

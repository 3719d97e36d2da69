//! Users.

use axum::http::StatusCode;
use handspike_api::{User, UserForm};
use handspike_store::Kind;

use super::projects;
use crate::{
    error::ApiError,
    openapi::Api,
    resource::{Resource, ResourceRoutes as _, Stamp},
    server::Server,
};

const LIST: &str = "/users";
const ITEM: &str = "/users/{user_id}";

/// A user has a project that is there.
pub(crate) struct Users;

pub(crate) fn routes() -> Api {
    Api::new()
        .list::<Users>(LIST)
        .create::<Users>(LIST)
        .get::<Users>(ITEM)
        .update::<Users>(ITEM)
        .create_or_update::<Users>(ITEM)
        .delete::<Users>(ITEM, StatusCode::ACCEPTED)
}

impl Resource for Users {
    const KIND: Kind = Kind::User;

    type Form = UserForm;
    type Changes = UserForm;
    type View = User;

    async fn prepare(server: &Server, form: &mut UserForm, _: Option<&UserForm>) -> Result<(), ApiError> {
        projects::settle(server, &mut form.project).await
    }

    async fn view(_: &Server, stamp: Stamp, form: UserForm) -> Result<User, ApiError> {
        let Stamp { id, created_at, updated_at } = stamp;
        Ok(User { id, created_at, updated_at, form })
    }
}

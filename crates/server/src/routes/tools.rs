//! Tools of agents.

use axum::http::StatusCode;
use handspike_api::{Tool, ToolDefinition, ToolFields};
use handspike_store::Kind;

use crate::{
    error::ApiError,
    openapi::Api,
    resource::{Resource, ResourceRoutes as _, Stamp},
    server::Server,
};

const LIST: &str = "/agents/{agent_id}/tools";
const ITEM: &str = "/agents/{agent_id}/tools/{tool_id}";

/// A tool has a name that no other tool of its agent has.
pub(crate) struct Tools;

pub(crate) fn routes() -> Api {
    Api::new().list::<Tools>(LIST).create::<Tools>(LIST).update::<Tools>(ITEM).delete::<Tools>(ITEM, StatusCode::OK)
}

impl Resource for Tools {
    const KIND: Kind = Kind::Tool;
    const PARENT: Option<Kind> = Some(Kind::Agent);

    type Form = ToolDefinition;
    type Changes = ToolFields;
    type View = Tool;

    fn name(form: &ToolDefinition) -> Option<&str> {
        Some(&form.name)
    }

    async fn prepare(_: &Server, _: &mut ToolDefinition, _: Option<&ToolDefinition>) -> Result<(), ApiError> {
        Ok(())
    }

    async fn view(_: &Server, stamp: Stamp, definition: ToolDefinition) -> Result<Tool, ApiError> {
        let Stamp { id, created_at, updated_at } = stamp;
        Ok(Tool { id, created_at, updated_at, definition })
    }
}

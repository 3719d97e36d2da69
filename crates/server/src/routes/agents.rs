//! Agents.

use axum::http::StatusCode;
use handspike_api::{Agent, AgentForm};
use handspike_store::Kind;

use super::{models, projects};
use crate::{
    SYSTEM_TEMPLATE,
    error::ApiError,
    names,
    openapi::Api,
    resource::{Resource, ResourceRoutes as _, Stamp},
    server::Server,
};

const LIST: &str = "/agents";
const ITEM: &str = "/agents/{agent_id}";

/// An agent has a name for programs, a project that is there, and a model that is there.
pub(crate) struct Agents;

pub(crate) fn routes() -> Api {
    Api::new()
        .list::<Agents>(LIST)
        .create::<Agents>(LIST)
        .get::<Agents>(ITEM)
        .update::<Agents>(ITEM)
        .create_or_update::<Agents>(ITEM)
        .delete::<Agents>(ITEM, StatusCode::ACCEPTED)
}

impl Resource for Agents {
    const KIND: Kind = Kind::Agent;

    type Form = AgentForm;
    type Changes = AgentForm;
    type View = Agent;

    fn name(form: &AgentForm) -> Option<&str> {
        form.canonical_name.as_deref()
    }

    async fn prepare(server: &Server, form: &mut AgentForm, before: Option<&AgentForm>) -> Result<(), ApiError> {
        if form.canonical_name.is_none() {
            let kept = before.and_then(|before| before.canonical_name.clone());
            form.canonical_name = Some(kept.unwrap_or_else(|| names::canonical(&form.name, "agent")));
        }
        // The built-in template is shown and not stored, so that a better one reaches all agents.
        form.default_system_template.take_if(|template| template == SYSTEM_TEMPLATE);
        // An agent whose model is not served any more can still be changed in all else.
        if before.is_none_or(|before| before.model != form.model) {
            models::check(server, &form.model)?;
        }
        projects::settle(server, &mut form.project).await
    }

    async fn view(_: &Server, stamp: Stamp, mut form: AgentForm) -> Result<Agent, ApiError> {
        form.default_system_template.get_or_insert_with(|| SYSTEM_TEMPLATE.to_owned());
        let Stamp { id, created_at, updated_at } = stamp;
        Ok(Agent { id, created_at, updated_at, form })
    }
}

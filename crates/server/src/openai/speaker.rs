//! Who is meant by the name of a model: one of the server's models, or one of its agents.

use axum::http::StatusCode;
use handspike_api::{
    Agent, Bash20250124Def, Computer20251124Def, ErrorBody, TextEditor20250728Def, ToolDefinition, ToolSpec,
};
use handspike_store::{Direction, Kind, List, PAGE_LIMIT, SortBy, StoreError};
use uuid::Uuid;

use crate::{chat::aside::Speaker, error::ApiError, routes::agents::Agents, server::Server};

/// What stands before an agent's id.
const AGENT: &str = "agent:";

impl Server {
    /// Who answers to a name, and the tools that are run here for it.
    pub(super) async fn speaker(&self, name: &str) -> Result<(Speaker, Vec<ToolDefinition>), ApiError> {
        if self.models.knows(name) {
            return Ok((Speaker::Model(name.to_owned()), sandbox_tools()));
        }
        let id = match name.strip_prefix(AGENT) {
            Some(id) => Uuid::parse_str(id).map_err(|_| unknown(name))?,
            None => match self.store.get_by_name(Kind::Agent, None, name).await {
                Ok(Some(record)) => record.id,
                // No name has such a character.
                Ok(None) | Err(StoreError::Nul(_)) => return Err(unknown(name)),
                Err(error) => return Err(error.into()),
            },
        };
        match self.store.get(Kind::Agent, id).await {
            Ok(_) => Ok((Speaker::Agent(id), self.tools_of(id).await?)),
            Err(StoreError::NotFound { .. }) => Err(unknown(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// All agents, the oldest first.
    pub(super) async fn all_agents(&self) -> Result<Vec<Agent>, ApiError> {
        let mut list = List {
            limit: PAGE_LIMIT,
            sort_by: SortBy::CreatedAt,
            direction: Direction::Ascending,
            ..List::of(Kind::Agent)
        };
        let mut agents = Vec::new();
        loop {
            let page = self.store.list(&list).await?;
            for record in &page.items {
                agents.push(self.view::<Agents>(record).await?);
            }
            list.offset += page.items.len() as u64;
            if page.items.is_empty() || list.offset >= page.total {
                return Ok(agents);
            }
        }
    }
}

fn unknown(name: &str) -> ApiError {
    let message = format!("The model `{name}` does not exist");
    let error = ErrorBody::new("model_not_found", "invalid_request_error", message);
    ApiError::new(StatusCode::NOT_FOUND, error.with_fix("See /v1/models for those that there are."))
}

/// What a model has beside the client's functions: shell, editor and screen of its sandbox.
fn sandbox_tools() -> Vec<ToolDefinition> {
    let tool = |name: &str, spec| ToolDefinition { name: name.to_owned(), description: None, spec };
    vec![
        tool("bash", ToolSpec::Bash20250124 { bash_20250124: Bash20250124Def::default() }),
        tool(
            "str_replace_based_edit_tool",
            ToolSpec::TextEditor20250728 { text_editor_20250728: TextEditor20250728Def::default() },
        ),
        tool("computer", ToolSpec::Computer20251124 { computer_20251124: Computer20251124Def::default() }),
    ]
}

//! Texts that are templates: system templates, and what system and assistant say. Users and tools are never rendered.

use handspike_api::{Content, Part, Posted, Role};
use serde_json::Value;

use crate::{error::ApiError, server::Server};

impl Server {
    /// A template in its context.
    pub(super) fn render(&self, template: &str, context: &Value) -> Result<String, ApiError> {
        self.templates.render(template, context).map_err(|error| ApiError::bad_request(error.to_string()))
    }

    /// What a message says once its templates are rendered; none where nothing changes.
    pub(super) fn rendered(
        &self,
        role: Role,
        content: Option<&Content>,
        context: &Value,
    ) -> Result<Option<Content>, ApiError> {
        match role {
            Role::User | Role::Tool => return Ok(None),
            Role::System | Role::Assistant => {}
        }
        let Some(content) = content else { return Ok(None) };
        let new = match content {
            Content::Text(text) => Content::Text(self.render(text, context)?),
            Content::Texts(texts) => {
                Content::Texts(texts.iter().map(|text| self.render(text, context)).collect::<Result<_, _>>()?)
            }
            Content::Parts(parts) => {
                let part = |part: &Posted<Part>| match &**part {
                    Part::Text(text) => Ok(Posted::own(Part::text(self.render(&text.text, context)?))),
                    Part::ImageUrl(_) | Part::ToolResult(_) => Ok(part.clone()),
                };
                Content::Parts(parts.iter().map(part).collect::<Result<_, ApiError>>()?)
            }
        };
        Ok(Some(new).filter(|new| new != content))
    }
}

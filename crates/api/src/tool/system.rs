//! Tools that are this API itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// An operation on a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SystemDef {
    /// The resource.
    pub resource: Resource,
    /// What is done with it.
    pub operation: Operation,
    /// What of the resource it is done with.
    #[serde(default)]
    pub subresource: Option<Subresource>,
    /// Which resource; where it is unset, the model says.
    #[serde(default)]
    pub resource_id: Option<Uuid>,
    /// Arguments that the model neither sees nor changes.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub arguments: Option<Map<String, Value>>,
}

/// Resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Resource {
    Agent,
    User,
    Task,
    Execution,
    Doc,
    Session,
    Job,
}

/// Operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operation {
    Create,
    Update,
    Patch,
    CreateOrUpdate,
    Embed,
    ChangeStatus,
    Search,
    Chat,
    History,
    Delete,
    Get,
    List,
}

/// What a resource has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Subresource {
    Tool,
    Doc,
    Execution,
    Transition,
}

//! Functions that the client runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FunctionDef {
    /// Ignored: the tool has a name.
    pub name: Option<Value>,
    /// Ignored: the tool has a description.
    pub description: Option<Value>,
    /// JSON Schema of the arguments.
    #[schema(value_type = Option<Map<String, Value>>)]
    pub parameters: Option<Map<String, Value>>,
}

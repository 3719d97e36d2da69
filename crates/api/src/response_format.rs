//! In which form a model is to answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::single::single;

single!(
    /// The tag of JSON that fits a schema.
    JsonSchemaTag = "json_schema"
);

/// In which form a model is to answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ResponseFormat {
    /// Text, or JSON of any shape. It stands first, as one that says nothing is this one.
    Simple(SimpleFormat),
    /// JSON that fits a schema.
    Schema(SchemaFormat),
}

/// Text, or JSON of any shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SimpleFormat {
    /// Which of the two.
    #[serde(default, rename = "type")]
    pub kind: SimpleFormatType,
}

/// Text or JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimpleFormatType {
    /// Text.
    #[default]
    Text,
    /// A JSON object.
    JsonObject,
}

/// JSON that fits a schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SchemaFormat {
    /// What it is.
    #[serde(default, rename = "type")]
    pub kind: JsonSchemaTag,
    /// The schema, in the form that the model's provider takes (`{name, schema, …}`).
    #[schema(value_type = Map<String, Value>)]
    pub json_schema: Map<String, Value>,
}

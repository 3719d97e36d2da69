//! Tools that are an HTTP request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Posted, given::yes, single::single};

single!(
    /// The type of parameters.
    ObjectTag = "object"
);

/// An HTTP request. Its texts may hold templates, such as `{{ secrets.NAME }}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApiCallDef {
    /// The method.
    pub method: HttpMethod,
    /// The URL; normalised unless it holds a template.
    #[schema(format = "uri", min_length = 1)]
    pub url: String,
    /// JSON Schema of the answer.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub schema: Option<Map<String, Value>>,
    /// Headers, which win over those of a call.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    /// Secrets by the names under which the request has them.
    #[serde(default)]
    pub secrets: Option<BTreeMap<String, SecretRef>>,
    /// The body's bytes in base64.
    #[serde(default)]
    pub content: Option<String>,
    /// The body as a form.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub data: Option<Map<String, Value>>,
    /// Files of a form.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub files: Option<Map<String, Value>>,
    /// The body as JSON.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub json: Option<Map<String, Value>>,
    /// Cookies.
    #[serde(default)]
    pub cookies: Option<BTreeMap<String, String>>,
    /// The URL's query, as a text or by name.
    #[serde(default)]
    pub params: Option<QueryParams>,
    /// Whether redirects are followed.
    #[serde(default)]
    pub follow_redirects: Option<bool>,
    /// Seconds that the request may take.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub timeout: Option<u64>,
    /// Whether the answer's bytes are part of the result.
    #[serde(default = "yes")]
    #[schema(default = yes)]
    pub include_response_content: bool,
    /// What the model may set.
    #[serde(default)]
    #[schema(value_type = Option<ParamsSchema>)]
    pub params_schema: Option<Posted<ParamsSchema>>,
}

/// The query of a URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum QueryParams {
    /// As a text.
    Text(String),
    /// By name.
    #[schema(value_type = Map<String, Value>)]
    Named(Map<String, Value>),
}

/// A secret by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretRef {
    /// The secret's name.
    pub name: String,
}

/// HTTP methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names say it")]
pub enum HttpMethod {
    Get,
    Post,
    Put,
    Delete,
    Patch,
    Head,
    Options,
    Connect,
    Trace,
}

/// JSON Schema of what a model may set in a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParamsSchema {
    /// Always an object.
    #[serde(default, rename = "type")]
    pub kind: ObjectTag,
    /// The parameters by name.
    pub properties: BTreeMap<String, ParamSchema>,
    /// Those that must be set.
    #[serde(default)]
    pub required: Vec<String>,
    /// Whether others may be set.
    #[serde(default, rename = "additionalProperties")]
    pub additional_properties: Option<bool>,
}

/// JSON Schema of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParamSchema {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is.
    #[serde(default)]
    pub description: Option<String>,
    /// The texts that it may be.
    #[serde(default, rename = "enum")]
    pub texts: Option<Vec<String>>,
    /// Of a list, JSON Schema of the items.
    #[serde(default)]
    pub items: Option<Value>,
}

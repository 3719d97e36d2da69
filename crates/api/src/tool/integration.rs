//! Services that are known here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A service, how it is reached, and what it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IntegrationDef {
    /// The service.
    #[serde(default)]
    pub provider: Provider,
    /// What it is to do; the first of its methods where that is left out.
    #[serde(default)]
    pub method: Option<String>,
    /// What it needs, such as keys.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub setup: Option<Map<String, Value>>,
    /// Arguments that the model can't change.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub arguments: Option<Map<String, Value>>,
}

/// The services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Provider {
    #[default]
    Dummy,
    Weather,
    Wikipedia,
    Arxiv,
    Ffmpeg,
    Brave,
    Spider,
    Email,
    Mailgun,
    Browserbase,
    RemoteBrowser,
    LlamaParse,
    Cloudinary,
    Unstructured,
    Algolia,
    Mcp,
    GoogleSheets,
}

//! Documents that were found for a chat.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Metadata;

/// A piece of a document, as found.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DocReference {
    /// The document's id.
    pub id: Uuid,
    /// Whose document it is.
    pub owner: DocOwner,
    /// The document's title.
    pub title: Option<String>,
    /// The piece.
    pub snippet: Snippet,
    /// How far it is from what was searched for.
    pub distance: Option<f64>,
    /// The document's metadata.
    #[schema(value_type = Map<String, Value>)]
    pub metadata: Metadata,
}

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocOwner {
    /// The owner's id.
    pub id: Uuid,
    /// What the owner is.
    pub role: OwnerRole,
}

/// What the owner of a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum OwnerRole {
    User,
    Agent,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Snippet {
    /// Which of the document's pieces it is, counted from 0.
    pub index: u32,
    /// Its text.
    pub content: String,
    /// Its vector, where that was asked for.
    pub embedding: Option<Vec<f32>>,
}

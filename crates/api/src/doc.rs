//! Documents, which agents and users have, and what deletes several of them.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema, schema::Type},
};
use uuid::Uuid;

use crate::{Metadata, Time, given::null_as_default};

/// What a document is created from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DocForm {
    /// The document's title.
    #[schema(max_length = 800)]
    pub title: String,
    /// The document's text, or the pieces of it; kept as pieces. Each is found by itself.
    #[serde(deserialize_with = "one_or_several")]
    #[schema(value_type = Pieces)]
    pub content: Vec<String>,
    /// What the client keeps with it.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata: Metadata,
    /// How its meaning is to be told; nothing follows from it as long as documents are found by words only.
    #[serde(default)]
    pub embed_instruction: Option<String>,
}

/// A document as read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Doc {
    /// Its id.
    pub id: Uuid,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: Time,
    /// The document's title.
    pub title: String,
    /// The pieces of its text.
    pub content: Vec<String>,
    /// What the client keeps with it.
    #[schema(value_type = Map<String, Value>)]
    pub metadata: Metadata,
    /// What kind of document it is: `text`.
    pub modality: String,
    /// Its language; null, as nobody has said it.
    pub language: Option<String>,
    /// Its vectors; null, as it has none.
    pub embeddings: Option<Vec<f32>>,
    /// What made its vectors; null.
    pub embedding_model: Option<String>,
    /// How long its vectors are; null.
    pub embedding_dimensions: Option<u32>,
}

impl Doc {
    /// A document as it was created.
    #[must_use]
    pub fn new(id: Uuid, created_at: Time, updated_at: Time, form: DocForm) -> Self {
        let DocForm { title, content, metadata, .. } = form;
        let (modality, language, embeddings) = ("text".to_owned(), None, None);
        let (embedding_model, embedding_dimensions) = (None, None);
        Self {
            id,
            created_at,
            updated_at,
            title,
            content,
            metadata,
            modality,
            language,
            embeddings,
            embedding_model,
            embedding_dimensions,
        }
    }
}

/// Which documents of an owner are deleted at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DocsToDelete {
    /// What their metadata must hold. An empty filter chooses none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata_filter: Metadata,
    /// Whether all of them are deleted, whatever their metadata holds.
    #[serde(default)]
    #[schema(default = false)]
    pub delete_all: bool,
}

/// A text, or pieces of one. The ranges are written out, as the derive knows none for what is in a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pieces {
    One(String),
    Several(Vec<String>),
}

impl PartialSchema for Pieces {
    fn schema() -> RefOr<Schema> {
        let piece = || ObjectBuilder::new().schema_type(Type::String).max_length(Some(30_000));
        let pieces = ArrayBuilder::new().items(piece()).min_items(Some(1)).max_items(Some(1000));
        OneOfBuilder::new().item(piece()).item(pieces).into()
    }
}

impl ToSchema for Pieces {}

fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Pieces::deserialize(deserializer)? {
        Pieces::One(piece) => vec![piece],
        Pieces::Several(pieces) => pieces,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::{DetailType, read_value};

    #[test]
    fn content_is_a_text_or_a_list_and_kept_as_a_list() {
        for (posted, kept) in [(json!("Boil."), vec!["Boil."]), (json!(["a", "b"]), vec!["a", "b"])] {
            let form: DocForm = read_value(json!({"title": "Tea", "content": posted})).expect("fits");
            assert_eq!(form.content, kept);
            read_value::<DocForm>(serde_json::to_value(form).expect("JSON")).expect("what is kept fits again");
        }
    }

    #[test]
    fn each_piece_has_its_range() {
        let at_most = json!({"title": "t".repeat(800), "content": ["x".repeat(30_000), "y"]});
        read_value::<DocForm>(at_most).expect("fits");
        for (content, kind, loc) in [
            (json!("x".repeat(30_001)), DetailType::StringTooLong, "content"),
            (json!(["a", "x".repeat(30_001)]), DetailType::StringTooLong, "content[1]"),
            (json!([]), DetailType::TooShort, "content"),
            (json!(vec!["a"; 1001]), DetailType::TooLong, "content"),
        ] {
            let invalid = read_value::<DocForm>(json!({"title": "Tea", "content": content})).expect_err("beyond");
            assert_eq!((invalid.details[0].kind, invalid.details[0].loc.as_str()), (kind, loc));
        }
        let invalid = read_value::<DocForm>(json!({"title": "t".repeat(801)})).expect_err("two mistakes");
        assert_eq!(invalid.details.len(), 2);
    }

    #[test]
    fn deleting_chooses_nothing_by_itself() {
        let chosen: DocsToDelete = read_value(json!({"metadata_filter": null})).expect("fits");
        assert_eq!(chosen, DocsToDelete { metadata_filter: Metadata::new(), delete_all: false });
    }
}

//! A message of a conversation as it is kept: what clients read of it, and what only the server knows.

use std::time::{SystemTime, UNIX_EPOCH};

use handspike_api::{Content, EntrySource, MessageOut, Role, StoredCall};
use handspike_prompt::tokens_of_message;
use handspike_store::{NewEntry, Store, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    messages::Reader,
    pictures::{self, Pictures},
};
use crate::time::rfc3339;

/// What is said, by whoever, and when.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) id: Uuid,
    /// Microseconds since the Unix epoch.
    pub(crate) at: i64,
    pub(crate) source: EntrySource,
    pub(crate) role: Role,
    pub(crate) body: EntryBody,
}

/// An entry's body. What is not there is not written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EntryBody {
    /// As it was posted, where a client did.
    pub(crate) content: Option<Content>,
    /// What the model reads in place of the content, where that was a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rendered: Option<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_calls: Option<Vec<StoredCall>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<String>,
    /// The model that said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tokenizer: String,
    /// Whether a tool's answer is an error.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) is_error: bool,
    /// Which of several answers it is. The conversation goes on with that of the number 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) choice: u32,
}

impl Said {
    /// Something that is said now.
    pub(crate) fn new(source: EntrySource, role: Role, body: EntryBody) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Self { id: Uuid::now_v7(), at, source, role, body }
    }

    /// Reads an entry, with the pictures that are kept apart.
    pub(crate) async fn of_entry(store: &Store, mut entry: handspike_store::Entry) -> Result<Self, UnreadableEntry> {
        let id = entry.id;
        let unreadable = |source| UnreadableEntry { id, source };
        pictures::bring_back(store, &mut entry.body).await;
        Ok(Self {
            id,
            at: entry.created_at,
            source: word(entry.source).map_err(unreadable)?,
            role: word(entry.role).map_err(unreadable)?,
            body: serde_json::from_value(Value::Object(entry.body)).map_err(unreadable)?,
        })
    }

    /// The entry to keep. Its pictures are kept before it.
    pub(crate) async fn to_entry(&self, store: &Store, pictures: &mut Pictures) -> Result<NewEntry, StoreError> {
        let mut body = object_of(&self.body);
        let blobs = pictures.put_away(store, &mut body).await?;
        let (source, role) = (word_of(&self.source), word_of(&self.role));
        Ok(NewEntry { id: self.id, blobs, token_count: Some(self.tokens()), ..NewEntry::new(source, role, body) })
    }

    /// What it takes of a prompt, by an estimate.
    pub(crate) fn tokens(&self) -> u64 {
        Reader::default().read(self).iter().map(tokens_of_message).sum()
    }

    /// What a client reads of it.
    pub(crate) fn to_message(&self) -> MessageOut {
        let EntryBody { content, name, tool_call_id, tool_calls, .. } = self.body.clone();
        let (id, created_at) = (Some(self.id), Some(rfc3339(self.at)));
        MessageOut { id, role: self.role, content, name, tool_call_id, tool_calls, created_at }
    }
}

/// A stored entry that is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("the entry `{id}` can't be read")]
pub(crate) struct UnreadableEntry {
    id: Uuid,
    source: serde_json::Error,
}

/// A value whose JSON is an object, as that.
pub(super) fn object_of<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        // Only said of types with named fields, whose keys are texts.
        Ok(_) | Err(_) => Map::new(),
    }
}

/// A value's JSON.
pub(super) fn json_of<T: Serialize>(value: &T) -> String {
    // Of types whose keys are texts it can't fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// A word of the API that is kept as text.
pub(super) fn word<T: DeserializeOwned>(word: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::String(word))
}

/// The text of a word of the API.
pub(super) fn word_of<T: Serialize>(word: &T) -> String {
    match serde_json::to_value(word) {
        Ok(Value::String(text)) => text,
        Ok(_) | Err(_) => String::new(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

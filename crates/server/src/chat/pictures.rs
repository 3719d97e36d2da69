//! Pictures are kept once, by the hash of their bytes, and never in rows.
//!
//! What is stored has an empty text where the picture's was, and a note of it under a key of its own: where it was, which
//! blob it is, and what stood before the bytes. Only base64 that comes back as it was written is taken out, so that what
//! a client posted is given back byte for byte.

use std::collections::HashSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use handspike_store::{BlobHash, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The key of the notes.
const PICTURES: &str = "pictures";

/// Where in a document a picture was.
#[derive(Serialize, Deserialize)]
struct Note {
    /// JSON pointer to the text.
    at: String,
    /// The bytes, by their hash.
    blob: String,
    /// What stands before the bytes in the text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    before: String,
}

/// Puts pictures away, and knows which it has.
#[derive(Default)]
pub(crate) struct Pictures {
    stored: HashSet<BlobHash>,
}

impl Pictures {
    /// Takes the pictures out of a document and stores them. The document must be stored with the blobs that are given
    /// back.
    pub(super) async fn put_away(
        &mut self,
        store: &Store,
        document: &mut Map<String, Value>,
    ) -> Result<Vec<BlobHash>, StoreError> {
        let mut found = Vec::new();
        for (key, value) in document.iter_mut() {
            find(value, &format!("/{}", escaped(key)), &mut found);
        }
        let (mut notes, mut blobs) = (Vec::new(), Vec::new());
        for Found { at, before, bytes } in found {
            let hash = BlobHash::of(&bytes);
            // An entry, a call and an event speak of the same picture.
            if !self.stored.contains(&hash) {
                store.put_blob(bytes).await?;
                self.stored.insert(hash);
            }
            blobs.push(hash);
            notes.push(serde_json::to_value(Note { at, blob: hash.to_string(), before }).unwrap_or_default());
        }
        if !notes.is_empty() {
            document.insert(PICTURES.to_owned(), Value::Array(notes));
        }
        Ok(blobs)
    }
}

/// Puts the pictures back into a document. One that is gone leaves its place empty.
pub(crate) async fn bring_back(store: &Store, document: &mut Map<String, Value>) {
    let Some(notes) = document.shift_remove(PICTURES) else { return };
    let notes: Vec<Note> = serde_json::from_value(notes).unwrap_or_default();
    let mut whole = Value::Object(std::mem::take(document));
    for Note { at, blob, before } in notes {
        let bytes = match blob.parse::<BlobHash>() {
            Ok(hash) => store.blob(hash).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match (bytes, whole.pointer_mut(&at)) {
            (Ok(bytes), Some(text)) => *text = Value::String(before + &BASE64_STANDARD.encode(bytes)),
            (Err(error), _) => tracing::warn!(blob, error, "a picture can't be read"),
            (Ok(_), None) => tracing::warn!(blob, at, "a picture has no place"),
        }
    }
    if let Value::Object(whole) = whole {
        *document = whole;
    }
}

struct Found {
    at: String,
    before: String,
    bytes: Vec<u8>,
}

/// Empties the texts that are pictures: `data:` URLs in base64, and the data of sources with a media type.
fn find(value: &mut Value, at: &str, found: &mut Vec<Found>) {
    match value {
        Value::Object(map) => {
            let has_media_type = map.contains_key("media_type");
            for (key, value) in map.iter_mut() {
                let at = format!("{at}/{}", escaped(key));
                match (key.as_str(), value) {
                    ("url", Value::String(text)) if text.starts_with("data:") => {
                        let bytes_at = text.find(";base64,").map(|place| place + ";base64,".len());
                        if let Some(bytes_at) = bytes_at {
                            take(text, bytes_at, at, found);
                        }
                    }
                    ("data", Value::String(text)) if has_media_type => take(text, 0, at, found),
                    (_, value) => find(value, &at, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                find(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn take(text: &mut String, bytes_at: usize, at: String, found: &mut Vec<Found>) {
    let (before, encoded) = text.split_at(bytes_at);
    let Ok(bytes) = BASE64_STANDARD.decode(encoded) else { return };
    // What has more than one spelling, as with bits behind its end, stays as it is.
    if !bytes.is_empty() && BASE64_STANDARD.encode(&bytes) == encoded {
        found.push(Found { at, before: before.to_owned(), bytes });
        text.clear();
    }
}

/// A key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use handspike_store::Location;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn pictures_are_put_away_once_and_brought_back_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Location::file(folder.path().join("store.db"))).await.expect("a store");
        let Value::Object(document) = json!({
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
                {"type": "tool_result", "content": [{"source": {"media_type": "image/png", "data": "iVBORw0KGgo="}}]},
                {"image_url": {"url": "https://x.test/a.png"}},
                // Not as we would write it, or no picture at all.
                {"image_url": {"url": "data:image/png;base64,iVBORw0KGgp="}, "a/b~": {"url": "data:,x"}},
                {"data": "iVBORw0KGgo="},
            ],
        }) else {
            panic!("an object")
        };
        let mut kept = document.clone();
        let blobs = Pictures::default().put_away(&store, &mut kept).await.expect("stored");
        assert_eq!((blobs.len(), blobs[0]), (2, blobs[1]));
        assert_eq!(kept["content"][0]["image_url"], json!({"url": "", "detail": "low"}));
        assert_eq!(kept["content"][1]["content"][0]["source"]["data"], "");
        assert_eq!(
            kept["content"].as_array().map(|parts| &parts[2..]),
            document["content"].as_array().map(|parts| &parts[2..])
        );
        bring_back(&store, &mut kept).await;
        assert_eq!(kept, document);
    }

    #[tokio::test]
    async fn a_picture_that_is_gone_leaves_its_place_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Location::file(folder.path().join("store.db"))).await.expect("a store");
        let note = json!([{"at": "/url", "blob": "0".repeat(64)}, {"at": "/nowhere", "blob": "x"}]);
        let Value::Object(mut document) = json!({"url": "", "pictures": note}) else { panic!("an object") };
        bring_back(&store, &mut document).await;
        assert_eq!(Value::Object(document), json!({"url": ""}));
    }
}

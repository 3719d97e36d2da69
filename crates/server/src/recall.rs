//! What documents a chat is about: those of its agent and its users that have the words of what was said last.

use handspike_api::{DocOwner, DocReference, OwnerRole, RecallOptions, Warning};
use handspike_store::{Search, StoreError};
use serde_json::{Value, json};

use crate::{routes::documents::reference, server::Server};

/// How near a document must be, compared with the nearest one: a word or two in common is no reason to show a model
/// pages that have nothing to do with what is said.
const NEAR: f64 = 0.25;

/// Documents for a chat.
#[derive(Debug, Default)]
pub struct Recalled {
    /// The nearest first.
    pub docs: Vec<DocReference>,
    /// What of the options could not be honoured.
    pub warning: Option<Warning>,
}

impl Recalled {
    /// The documents as templates see them.
    #[must_use]
    pub fn for_templates(&self) -> Value {
        let doc = |doc: &DocReference| json!({"title": doc.title, "content": [doc.snippet.content], "metadata": doc.metadata});
        self.docs.iter().map(doc).collect()
    }
}

impl Server {
    /// Finds documents of the owners for a conversation. `said` is the text of what users and assistants said, oldest
    /// first; no more of it is looked at than the options say, so it need not be all.
    ///
    /// It is one query to the store, two where little is found.
    pub async fn recall(
        &self,
        owners: &[DocOwner],
        said: &[&str],
        options: &RecallOptions,
    ) -> Result<Recalled, StoreError> {
        let Asked { limit, lang, metadata, messages, length, similarity, is_by_words } = Asked::of(options);
        let ids: Vec<_> = owners.iter().map(|owner| owner.id).collect();
        let last = &said[said.len().saturating_sub(messages)..];
        let text = tail(&last.join("\n"), length);
        let search = Search { owners: ids.clone(), text, lang, metadata, limit, similarity };
        let found = self.store.search(&search).await?;
        // How much a document has in common with what is said; its distance is 1 / (1 + that).
        let score = |distance: f64| 1.0 / distance - 1.0;
        let best = found.first().map_or(0.0, |first| score(first.distance));
        let role_of = |id| owners.iter().find(|owner| owner.id == id).map_or(OwnerRole::Agent, |owner| owner.role);
        let docs: Vec<DocReference> = found
            .into_iter()
            .filter(|found| score(found.distance) >= NEAR * best)
            .map(|found| {
                let role = role_of(found.owner);
                reference(found, role)
            })
            .collect();
        let is_missed = !is_by_words && (!docs.is_empty() || self.store.has_docs(&ids).await?);
        let warning = is_missed.then(|| Warning {
            field: "recall_options.mode".to_owned(),
            message: "documents are found by their words; by their meaning is not available yet".to_owned(),
        });
        Ok(Recalled { docs, warning })
    }
}

/// What the modes have in common, as far as it counts for a search by words.
struct Asked {
    limit: u32,
    lang: String,
    metadata: Vec<(String, Value)>,
    messages: usize,
    length: usize,
    similarity: Option<f64>,
    is_by_words: bool,
}

impl Asked {
    fn of(options: &RecallOptions) -> Self {
        macro_rules! asked {
            ($options:expr, $similarity:expr, $is_by_words:expr) => {
                Self {
                    limit: $options.limit,
                    lang: $options.lang.clone(),
                    metadata: $options.metadata_filter.clone().into_iter().collect(),
                    messages: $options.num_search_messages as usize,
                    length: $options.max_query_length as usize,
                    similarity: $similarity,
                    is_by_words: $is_by_words,
                }
            };
        }
        match options {
            RecallOptions::Vector(options) => asked!(options, None, false),
            RecallOptions::Text(options) => asked!(options, options.trigram_similarity_threshold, true),
            RecallOptions::Hybrid(options) => asked!(options, options.trigram_similarity_threshold, false),
        }
    }
}

/// The last characters of a text.
pub(crate) fn tail(text: &str, length: usize) -> String {
    let start = text.char_indices().rev().take(length).last().map_or(text.len(), |(at, _)| at);
    text[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_cut_between_characters() {
        for (text, length, tail_of_it) in [("häuser", 5, "äuser"), ("ab", 5, "ab"), ("", 3, ""), ("ab", 0, "")] {
            assert_eq!(tail(text, length), tail_of_it);
        }
    }
}

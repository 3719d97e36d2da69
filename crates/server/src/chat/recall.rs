//! Documents for a chat: those of its users and its agent that have the words of what was said last. Whatever the mode,
//! they are found by words.

use handspike_api::{Content, DocReference, Message, Metadata, OwnerRole, Part, RecallOptions, Role};
use handspike_store::Search;
use uuid::Uuid;

use crate::{error::ApiError, recall::tail, routes::documents::reference, server::Server};

/// How alike misspelt words must be where a mode says nothing of it.
const SIMILARITY: f64 = 0.6;

/// What all modes have, and the one thing that matters here of one.
struct Options<'a> {
    limit: u32,
    lang: &'a str,
    metadata: &'a Metadata,
    messages: usize,
    characters: usize,
    similarity: Option<f64>,
}

impl<'a> Options<'a> {
    fn of(options: &'a RecallOptions) -> Self {
        macro_rules! of {
            ($options:ident, $similarity:expr) => {
                Self {
                    limit: $options.limit,
                    lang: &$options.lang,
                    metadata: &$options.metadata_filter,
                    messages: $options.num_search_messages as usize,
                    characters: $options.max_query_length as usize,
                    similarity: $similarity,
                }
            };
        }
        match options {
            RecallOptions::Vector(options) => of!(options, Some(SIMILARITY)),
            RecallOptions::Text(options) => of!(options, options.trigram_similarity_threshold),
            RecallOptions::Hybrid(options) => of!(options, options.trigram_similarity_threshold),
        }
    }
}

impl Server {
    /// The documents for what was posted.
    pub(super) async fn recalled(
        &self,
        options: &RecallOptions,
        messages: &[Message],
        agent: Uuid,
        users: &[Uuid],
    ) -> Result<Vec<DocReference>, ApiError> {
        let options = Options::of(options);
        let text = query(messages, options.messages, options.characters);
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let search = Search {
            owners: users.iter().copied().chain([agent]).collect(),
            text,
            lang: options.lang.to_owned(),
            metadata: options.metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            limit: options.limit,
            similarity: options.similarity,
        };
        let found = self.store.search(&search).await?;
        let role_of = |owner| if owner == agent { OwnerRole::Agent } else { OwnerRole::User };
        let found = found.into_iter().map(|found| {
            let role = role_of(found.owner);
            reference(found, role)
        });
        Ok(found.collect())
    }
}

/// The end of what users and assistants have said last.
fn query(messages: &[Message], count: usize, characters: usize) -> String {
    let said = messages.iter().filter(|message| matches!(message.role, Role::User | Role::Assistant));
    let texts: Vec<String> = said.filter_map(|message| message.content.as_ref().map(text_of)).collect();
    tail(&texts[texts.len().saturating_sub(count)..].join("\n"), characters)
}

fn text_of(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Texts(texts) => texts.join("\n"),
        Content::Parts(parts) => {
            let texts = parts.iter().filter_map(|part| match &**part {
                Part::Text(part) => Some(part.text.as_str()),
                Part::ImageUrl(_) | Part::ToolResult(_) => None,
            });
            texts.collect::<Vec<_>>().join("\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use handspike_api::check::read_value;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_is_the_end_of_what_was_said_last() {
        let messages: Vec<Message> = [
            json!({"role": "user", "content": "first"}),
            json!({"role": "system", "content": "not this"}),
            json!({"role": "assistant", "content": [{"text": "second"}, {"image_url": {"url": "data:x"}}]}),
            json!({"role": "tool", "content": "nor this"}),
            json!({"role": "user", "content": "üthird"}),
        ]
        .map(|message| read_value(message).expect("a message"))
        .into();
        assert_eq!(query(&messages, 2, 100), "second\nüthird");
        assert_eq!(query(&messages, 4, 100), "first\nsecond\nüthird");
        assert_eq!(query(&messages, 1, 5), "third");
    }
}

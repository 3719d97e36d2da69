//! How documents are found for a chat: by meaning, by words, or by both.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Metadata,
    given::{null_as_default, yes},
    single::single,
};

single!(
    /// Documents are found by meaning.
    VectorMode = "vector"
);
single!(
    /// Documents are found by words.
    TextMode = "text"
);
single!(
    /// Documents are found by both.
    HybridMode = "hybrid"
);

/// How documents are found. Without a `mode` it is the one whose fields are given, and by meaning if none is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RecallOptions {
    /// By meaning.
    Vector(VectorRecall),
    /// By words.
    Text(TextRecall),
    /// By both.
    Hybrid(HybridRecall),
}

impl Default for RecallOptions {
    fn default() -> Self {
        serde_json::from_value(serde_json::json!({"mode": "vector"})).expect("every field has a default")
    }
}

/// Declares the options of a mode: those of all modes, then those of its own.
macro_rules! recall {
    ($(#[$docs:meta])* $name:ident($mode:ident) { $($own:tt)* }) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct $name {
            /// The mode.
            #[serde(default)]
            pub mode: $mode,
            /// How many documents are given to the model at most.
            #[serde(default = "ten")]
            #[schema(default = ten, minimum = 1, maximum = 50)]
            pub limit: u32,
            /// The language of the search.
            #[serde(default = "english")]
            #[schema(default = english, pattern = r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$")]
            pub lang: String,
            /// What the documents' metadata must hold.
            #[serde(default, deserialize_with = "null_as_default")]
            #[schema(value_type = Option<Map<String, Value>>)]
            pub metadata_filter: Metadata,
            /// How many of the last messages make up the query.
            #[serde(default = "four")]
            #[schema(default = four, minimum = 1, maximum = 50)]
            pub num_search_messages: u32,
            /// How many characters of them.
            #[serde(default = "thousand")]
            #[schema(default = thousand, minimum = 100, maximum = 10000)]
            pub max_query_length: u32,
            /// Whether the documents' vectors are part of what is found.
            #[serde(default = "yes")]
            #[schema(default = yes)]
            pub include_embeddings: bool,
            $($own)*
        }
    };
}

recall! {
    /// Search by meaning.
    VectorRecall(VectorMode) {
        /// How near a document must be.
        #[serde(default = "half")]
        #[schema(default = half, minimum = -1, maximum = 1)]
        pub confidence: f64,
        /// How much variety counts against nearness.
        #[serde(default = "half")]
        #[schema(default = half, minimum = 0, exclusive_maximum = 1)]
        pub mmr_strength: f64,
    }
}

recall! {
    /// Search by words.
    TextRecall(TextMode) {
        /// How alike misspelt words must be; null for exact words only.
        #[serde(default = "similarity")]
        #[schema(default = similarity, minimum = 0, maximum = 1)]
        pub trigram_similarity_threshold: Option<f64>,
    }
}

recall! {
    /// Search by meaning and by words.
    HybridRecall(HybridMode) {
        /// How near a document must be.
        #[serde(default = "half")]
        #[schema(default = half, minimum = -1, maximum = 1)]
        pub confidence: f64,
        /// How much variety counts against nearness.
        #[serde(default = "half")]
        #[schema(default = half, minimum = 0, exclusive_maximum = 1)]
        pub mmr_strength: f64,
        /// How alike misspelt words must be; null for exact words only.
        #[serde(default = "similarity")]
        #[schema(default = similarity, minimum = 0, maximum = 1)]
        pub trigram_similarity_threshold: Option<f64>,
        /// How much meaning counts against words.
        #[serde(default = "half")]
        #[schema(default = half, minimum = 0, maximum = 1)]
        pub alpha: f64,
        /// How many times the limit is fetched before the two are joined.
        #[serde(default = "seven")]
        #[schema(default = seven, minimum = 0)]
        pub k_multiplier: u64,
    }
}

fn half() -> f64 {
    0.5
}

#[expect(clippy::unnecessary_wraps, reason = "it is a field's default")]
fn similarity() -> Option<f64> {
    Some(0.6)
}

fn four() -> u32 {
    4
}

fn seven() -> u64 {
    7
}

fn ten() -> u32 {
    10
}

fn thousand() -> u32 {
    1000
}

fn english() -> String {
    "en-US".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::{DetailType, read_value};

    #[test]
    fn an_empty_object_is_a_search_by_meaning_with_what_is_usual() {
        let usual = json!({
            "mode": "vector", "limit": 10, "lang": "en-US", "metadata_filter": {}, "num_search_messages": 4,
            "max_query_length": 1000, "include_embeddings": true, "confidence": 0.5, "mmr_strength": 0.5,
        });
        let read: RecallOptions = read_value(json!({})).expect("fits");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), usual);
        assert_eq!(read, RecallOptions::default());
    }

    #[test]
    fn the_mode_is_the_one_that_is_named_or_else_the_one_whose_fields_are_given() {
        for (posted, mode) in [
            (json!({"mode": "vector"}), "vector"),
            (json!({"mode": "text", "confidence": 0.2}), "text"),
            (json!({"mode": "hybrid"}), "hybrid"),
            (json!({"trigram_similarity_threshold": 0.2}), "text"),
            (json!({"alpha": 0.2}), "hybrid"),
            (json!({"confidence": 0.2, "trigram_similarity_threshold": 0.2}), "hybrid"),
            (json!({"limit": 3}), "vector"),
        ] {
            let read: RecallOptions = read_value(posted.clone()).expect("fits");
            assert_eq!(serde_json::to_value(&read).expect("JSON")["mode"], mode, "{posted}");
        }
    }

    #[test]
    fn a_wrong_mode_is_one_mistake() {
        let invalid = read_value::<RecallOptions>(json!({"mode": "psychic", "limit": 0})).expect_err("no such mode");
        assert_eq!(invalid.details.len(), 1);
        assert_eq!((invalid.details[0].kind, invalid.details[0].loc.as_str()), (DetailType::LiteralError, "mode"));
        assert_eq!(invalid.details[0].msg, "Input should be 'vector', 'text' or 'hybrid'");
    }
}

//! Searches for documents.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    DocReference, Metadata,
    given::{null_as_default, yes},
};

/// What documents are searched by: by words where a `text` is given, by meaning where a `vector` is, by both where both
/// are.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DocSearch {
    /// By words.
    Text(TextSearch),
    /// By meaning.
    Vector(VectorSearch),
    /// By both.
    Hybrid(HybridSearch),
}

impl<'de> Deserialize<'de> for DocSearch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Metadata::deserialize(deserializer)?;
        let has = |key| given.contains_key(key);
        let search = match (has("text"), has("vector")) {
            (true, true) => serde_json::from_value(Value::Object(given)).map(Self::Hybrid),
            (false, true) => serde_json::from_value(Value::Object(given)).map(Self::Vector),
            (_, false) => serde_json::from_value(Value::Object(given)).map(Self::Text),
        };
        search.map_err(D::Error::custom)
    }
}

/// Declares a search: what all have, then what is its own.
macro_rules! search {
    ($(#[$docs:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$docs])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct $name {
            $($own)*
            /// How many documents are found at most.
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
            /// Whether the documents' vectors are part of what is found.
            #[serde(default = "yes")]
            #[schema(default = yes)]
            pub include_embeddings: bool,
        }
    };
}

search! {
    /// Search by words.
    TextSearch {
        /// What the documents should be about.
        pub text: String,
        /// How alike misspelt words must be; null for exact words only.
        #[serde(default)]
        #[schema(minimum = 0, maximum = 1)]
        pub trigram_similarity_threshold: Option<f64>,
    }
}

search! {
    /// Search by meaning.
    VectorSearch {
        /// The meaning.
        pub vector: Vec<f64>,
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

search! {
    /// Search by meaning and by words.
    HybridSearch {
        /// What the documents should be about.
        pub text: String,
        /// The meaning.
        pub vector: Vec<f64>,
        /// How near a document must be.
        #[serde(default = "half")]
        #[schema(default = half, minimum = -1, maximum = 1)]
        pub confidence: f64,
        /// How much variety counts against nearness.
        #[serde(default = "half")]
        #[schema(default = half, minimum = 0, exclusive_maximum = 1)]
        pub mmr_strength: f64,
        /// How alike misspelt words must be; null for exact words only.
        #[serde(default)]
        #[schema(minimum = 0, maximum = 1)]
        pub trigram_similarity_threshold: Option<f64>,
        /// How much meaning counts against words.
        #[serde(default = "half")]
        #[schema(default = half, minimum = 0, maximum = 1)]
        pub alpha: f64,
        /// How many times the limit is fetched before the two are joined.
        #[serde(default = "five")]
        #[schema(default = five, minimum = 1, maximum = 10)]
        pub k_multiplier: u32,
    }
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DocsFound {
    /// The documents, the nearest first.
    pub docs: Vec<DocReference>,
    /// How long it took, in seconds.
    pub time: f64,
}

fn half() -> f64 {
    0.5
}

fn five() -> u32 {
    5
}

fn ten() -> u32 {
    10
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
    fn a_search_is_what_it_is_given() {
        let kind = |posted| match read_value::<DocSearch>(posted).expect("fits") {
            DocSearch::Text(_) => "text",
            DocSearch::Vector(_) => "vector",
            DocSearch::Hybrid(_) => "hybrid",
        };
        assert_eq!(kind(json!({"text": "tea"})), "text");
        assert_eq!(kind(json!({"text": "tea", "confidence": 1, "trigram_similarity_threshold": 0.3})), "text");
        assert_eq!(kind(json!({"vector": [0.5, 1]})), "vector");
        assert_eq!(kind(json!({"text": "tea", "vector": [], "alpha": 0})), "hybrid");
        let text = json!({"text": "tea"});
        let usual = json!({
            "text": "tea", "limit": 10, "lang": "en-US", "metadata_filter": {}, "trigram_similarity_threshold": null,
            "include_embeddings": true,
        });
        assert_eq!(read_value::<DocSearch>(text).map(|search| json!(search)).expect("fits"), usual);
    }

    #[test]
    fn ranges_end_where_they_say() {
        for fits in [
            json!({"text": "", "limit": 1}),
            json!({"text": "", "limit": 50, "lang": "de-CH", "trigram_similarity_threshold": 0}),
            json!({"text": "", "lang": "zh-Hant-TW", "trigram_similarity_threshold": 1}),
            json!({"vector": [1], "confidence": -1, "mmr_strength": 0.99}),
            json!({"text": "", "vector": [1], "k_multiplier": 10, "alpha": 1}),
        ] {
            read_value::<DocSearch>(fits.clone()).unwrap_or_else(|invalid| panic!("{fits}: {invalid}"));
        }
        for (posted, kind, loc) in [
            (json!({"text": "", "limit": 0}), DetailType::GreaterThanEqual, "limit"),
            (json!({"text": "", "limit": 51}), DetailType::LessThanEqual, "limit"),
            (json!({"text": "", "lang": "english"}), DetailType::StringPatternMismatch, "lang"),
            (json!({"text": "", "lang": ""}), DetailType::StringPatternMismatch, "lang"),
            (
                json!({"text": "", "trigram_similarity_threshold": 1.1}),
                DetailType::LessThanEqual,
                "trigram_similarity_threshold",
            ),
            (json!({"vector": [1], "mmr_strength": 1}), DetailType::LessThan, "mmr_strength"),
            (json!({"text": "", "vector": [1], "k_multiplier": 11}), DetailType::LessThanEqual, "k_multiplier"),
            (json!({"text": 5}), DetailType::StringType, "text"),
        ] {
            let invalid = read_value::<DocSearch>(posted.clone()).expect_err("beyond");
            let found: Vec<_> = invalid.details.iter().map(|detail| (detail.kind, detail.loc.as_str())).collect();
            assert_eq!(found, [(kind, loc)], "{posted}");
        }
        let missing = read_value::<DocSearch>(json!({})).expect_err("nothing to search");
        let found: Vec<_> = missing.details.iter().map(|detail| (detail.kind, detail.loc.as_str())).collect();
        assert_eq!(found, [(DetailType::Missing, "text")]);
    }
}

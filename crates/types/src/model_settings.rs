//! How a model is to answer. Every setting may be left out, and then the provider decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Settings of a request to a model. Ranges are the caller's to check: a provider's own narrower ones are applied, and
/// told as warnings, by its client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSettings {
    /// How freely tokens are drawn; 0 draws the likeliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Draws from the likeliest tokens that have this probability together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Draws no token less likely than this share of the likeliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Against tokens, by how often they have occurred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Against tokens that have occurred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Against repetition, as a factor: above 1 against it, below 1 for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f64>,
    /// For long answers above 1, for short ones below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_penalty: Option<f64>,
    /// The longest answer, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Texts before which an answer ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// For answers that can be repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Tokens by their ids, and how much they are favoured.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, f64>,
    /// How many answers there are to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Whether the tokens' log probabilities are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// How many other tokens are told at each place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
    /// What the answer's text is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Whether tools may be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
}

/// What an answer's text is to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Anything.
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON of a schema.
    JsonSchema {
        /// `{name, schema, strict}`, where name and strict may be missing.
        json_schema: Value,
    },
}

/// Whether tools may be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// None of them.
    None,
    /// At least one of them.
    Required,
    /// This one must be.
    Function {
        /// Its name.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_that_are_not_given_are_not_written() {
        assert_eq!(serde_json::to_value(ModelSettings::default()).expect("JSON"), json!({}));
        let written = json!({
            "temperature": 0.5,
            "stop": ["\n"],
            "logit_bias": {"50256": -100.0},
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
            "tool_choice": {"function": {"name": "bash"}},
        });
        let settings: ModelSettings = serde_json::from_value(written.clone()).expect("settings");
        assert_eq!(settings.tool_choice, Some(ToolChoice::Function { name: "bash".to_owned() }));
        assert_eq!(serde_json::to_value(settings).expect("JSON"), written);
    }

    #[test]
    fn the_short_forms_are_words() {
        let written = json!({"response_format": {"type": "json_object"}, "tool_choice": "none"});
        let settings: ModelSettings = serde_json::from_value(written).expect("settings");
        assert_eq!(settings.response_format, Some(ResponseFormat::JsonObject));
        assert_eq!(settings.tool_choice, Some(ToolChoice::None));
    }
}

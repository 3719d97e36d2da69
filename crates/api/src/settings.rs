//! How a model is to answer. What a request says wins over what its agent has as default, also where it says null.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Schema, schema::Type},
};

use crate::{Given, ResponseFormat};

/// Settings of a chat. All of them may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatSettings {
    /// The model; null for the agent's. It begins with no digit.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(
        value_type = Option<String>,
        max_length = 120,
        pattern = r"^[\p{L}\p{Nl}\p{Pattern_Syntax}\p{Pattern_White_Space}]+[\p{ID_Start}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\p{Pattern_Syntax}\p{Pattern_White_Space}]*$"
    )]
    pub model: Given<String>,
    /// Texts at which the answer ends.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Vec<String>, max_items = 4)]
    pub stop: Given<Vec<String>>,
    /// A seed, for answers that repeat.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<i64>, minimum = -1, maximum = 1000)]
    pub seed: Given<i64>,
    /// Tokens that the answer may have.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub max_tokens: Given<u64>,
    /// How much likelier tokens are, by their ids; each -100 to 100.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(schema_with = biases)]
    pub logit_bias: Given<BTreeMap<String, f64>>,
    /// In which form the model is to answer.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<ResponseFormat>)]
    pub response_format: Given<ResponseFormat>,
    /// How far from the likeliest an answer may be.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 5)]
    pub temperature: Given<f64>,
    /// The share of likely tokens among which is chosen.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    pub top_p: Given<f64>,
    /// How much less likely a token is for each time that it was used.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = -2, maximum = 2)]
    pub frequency_penalty: Given<f64>,
    /// How much less likely a token is that was used.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = -2, maximum = 2)]
    pub presence_penalty: Given<f64>,
    /// How much less likely a repetition is; 1 for no difference.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 2)]
    pub repetition_penalty: Given<f64>,
    /// How much less likely a longer answer is; 1 for no difference.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 2)]
    pub length_penalty: Given<f64>,
    /// The least share of the likeliest token's probability that a token must have.
    #[serde(default, skip_serializing_if = "Given::is_absent")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    pub min_p: Given<f64>,
}

impl ChatSettings {
    /// These settings over others, which stay where these say nothing.
    #[must_use]
    pub fn over(self, others: Self) -> Self {
        Self {
            model: self.model.over(others.model),
            stop: self.stop.over(others.stop),
            seed: self.seed.over(others.seed),
            max_tokens: self.max_tokens.over(others.max_tokens),
            logit_bias: self.logit_bias.over(others.logit_bias),
            response_format: self.response_format.over(others.response_format),
            temperature: self.temperature.over(others.temperature),
            top_p: self.top_p.over(others.top_p),
            frequency_penalty: self.frequency_penalty.over(others.frequency_penalty),
            presence_penalty: self.presence_penalty.over(others.presence_penalty),
            repetition_penalty: self.repetition_penalty.over(others.repetition_penalty),
            length_penalty: self.length_penalty.over(others.length_penalty),
            min_p: self.min_p.over(others.min_p),
        }
    }
}

fn biases() -> Schema {
    let bias = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(-100.0)).maximum(Some(100.0));
    let types: Vec<Type> = vec![Type::Object, Type::Null];
    ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::Array(types))
        .description(Some("How much likelier tokens are, by their ids; each -100 to 100."))
        .additional_properties(Some(bias))
        .into()
}

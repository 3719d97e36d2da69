//! The body of a chat, and of a render, which is a chat without the model.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{ChatSettings, Limits, Message, Metadata, ToolChoice, ToolDefinition, given::yes};

/// What a chat is asked with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatInput {
    /// The new messages.
    #[schema(min_items = 1)]
    pub messages: Vec<Message>,
    /// Tools for this request, beside the agent's.
    #[serde(default)]
    pub tools: Option<Vec<ToolDefinition>>,
    /// Which tool is to be called.
    #[serde(default)]
    pub tool_choice: Option<ToolChoice>,
    /// The agent that answers; the session's first where none is given.
    #[serde(default)]
    pub agent: Option<Uuid>,
    /// Whether the answer comes as it is made.
    #[serde(default)]
    #[schema(default = false)]
    pub stream: bool,
    /// How many answers are made; all are kept.
    #[serde(default = "one")]
    #[schema(default = one, minimum = 1, maximum = 8)]
    pub n: u8,
    /// Whether documents are searched for.
    #[serde(default = "yes")]
    #[schema(default = yes)]
    pub recall: bool,
    /// Whether this exchange is kept.
    #[serde(default = "yes")]
    #[schema(default = yes)]
    pub save: bool,
    /// Accepted from older clients; nothing follows from it.
    #[serde(default)]
    #[schema(default = false)]
    pub remember: bool,
    /// Whether the history's calls and their answers are part of the prompt.
    #[serde(default = "yes")]
    #[schema(default = yes)]
    pub recall_tools: bool,
    /// Whether calls are run here rather than returned; where unset or null the session's choice.
    #[serde(default)]
    pub auto_run_tools: Option<bool>,
    /// What the turn may use; where unset the session's limits.
    #[serde(default)]
    pub limits: Option<Limits>,
    /// Whether the answer tells how likely its tokens were.
    #[serde(default)]
    pub logprobs: Option<bool>,
    /// How many other tokens are told at each place.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 20)]
    pub top_logprobs: Option<u8>,
    /// What templates see as `metadata`; it is not kept.
    #[serde(default)]
    #[schema(value_type = Option<Map<String, Value>>)]
    pub metadata: Option<Metadata>,
    /// How the model is to answer.
    #[serde(flatten)]
    pub settings: ChatSettings,
}

fn one() -> u8 {
    1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Given, check::read_value};

    #[test]
    fn messages_are_enough_and_the_rest_is_usual() {
        let input: ChatInput = read_value(json!({"messages": [{"role": "user", "content": "hi"}]})).expect("fits");
        let flags = (input.stream, input.recall, input.save, input.remember, input.recall_tools, input.auto_run_tools);
        assert_eq!(flags, (false, true, true, false, true, None));
        assert_eq!((input.n, input.settings), (1, ChatSettings::default()));
    }

    #[test]
    fn an_explicit_null_takes_an_agents_default_away() {
        let body = json!({"messages": [{"role": "user"}], "temperature": null, "top_p": 0.5, "stop": []});
        let asked = read_value::<ChatInput>(body).expect("fits").settings;
        let defaults = json!({"temperature": 1, "top_p": 1, "min_p": "0.1", "stop": ["."], "anything": 5});
        let defaults: ChatSettings = read_value(defaults).expect("fits");
        let settings = asked.over(defaults);
        assert_eq!(settings.temperature, Given::Null);
        assert_eq!(settings.top_p, Given::Value(0.5));
        assert_eq!(settings.min_p, Given::Value(0.1));
        assert_eq!(settings.stop, Given::Value(Vec::new()));
        assert_eq!(settings.seed, Given::Absent);
        let written = json!({"stop": [], "temperature": null, "top_p": 0.5, "min_p": 0.1});
        assert_eq!(serde_json::to_value(settings).expect("JSON"), written);
    }

    #[test]
    fn every_field_is_read() {
        let body = json!({
            "messages": [{"role": "user", "content": "hi"}],
            "tools": [{"name": "f", "type": "function", "function": {}}],
            "tool_choice": {"function": {"name": "f"}},
            "agent": "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11",
            "stream": true, "n": 2, "recall": false, "save": false, "remember": false, "recall_tools": false,
            "auto_run_tools": true, "limits": {"max_steps": 3}, "logprobs": true, "top_logprobs": 2, "metadata": {"a": 1}, "model": "gpt-4o", "stop": ["."],
            "seed": 1, "max_tokens": 2, "logit_bias": {"1": 2.5}, "response_format": {"type": "json_object"},
            "temperature": 0.1, "top_p": 0.2, "frequency_penalty": 0.3, "presence_penalty": 0.4,
            "repetition_penalty": 0.5, "length_penalty": 0.6, "min_p": 0.7,
        });
        let input: ChatInput = read_value(body.clone()).expect("fits");
        let written = serde_json::to_value(input).expect("JSON");
        for (field, value) in body.as_object().expect("an object") {
            if !["messages", "tools", "tool_choice", "limits"].contains(&field.as_str()) {
                assert_eq!(&written[field], value, "{field}");
            }
        }
        assert_eq!(written["limits"]["max_steps"], 3);
        assert_eq!(written["tools"][0]["name"], "f");
    }
}

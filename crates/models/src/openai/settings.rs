//! A request's settings in the words of Chat Completions, and what of them the provider can't honour.

use std::{collections::BTreeMap, ops::RangeInclusive};

use handspike_core::{ModelReply, ModelRequest};
use handspike_types::{ModelSettings, ResponseFormat, ToolChoice};
use serde::Serialize;
use serde_json::{Value, json};

use super::names::tool_on_wire;

/// Texts to stop at that the API takes.
const STOPS: usize = 4;

/// What a schema without a name is called.
const SCHEMA_NAME: &str = "answer";

/// Who answers. OpenAI refuses settings that it does not know; the servers that imitate it know more, or pass them over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenAi,
    Imitation,
}

/// The settings' part of the body.
#[derive(Default, Serialize)]
pub(super) struct WireSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repetition_penalty: Option<f64>,
    /// What llama.cpp calls the one above.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length_penalty: Option<f64>,
    /// The older name, which servers that imitate the API know.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    /// The newer one, which reasoning models demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    logit_bias: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
}

impl WireSettings {
    /// The settings of a request, and a sentence for each that is not sent as it was asked for.
    pub(super) fn of(request: &ModelRequest<'_>, dialect: Dialect) -> (Self, Vec<String>) {
        let settings = request.settings;
        let mut notes = Notes::default();
        let is_openai = dialect == Dialect::OpenAi;
        let mut beyond_openai = |field: &str, value: Option<f64>| {
            if is_openai && value.is_some() {
                notes.0.push(format!("`{field}` was not sent: OpenAI does not know it"));
            }
            value.filter(|_| !is_openai)
        };
        let min_p = beyond_openai("min_p", settings.min_p);
        let repetition_penalty = beyond_openai("repetition_penalty", settings.repetition_penalty);
        let length_penalty = beyond_openai("length_penalty", settings.length_penalty);
        let (logprobs, top_logprobs) = notes.logprobs(settings);
        let wire = Self {
            temperature: notes.clamped("temperature", settings.temperature, 0.0..=2.0),
            top_p: notes.clamped("top_p", settings.top_p, 0.0..=1.0),
            min_p,
            frequency_penalty: notes.clamped("frequency_penalty", settings.frequency_penalty, -2.0..=2.0),
            presence_penalty: notes.clamped("presence_penalty", settings.presence_penalty, -2.0..=2.0),
            repetition_penalty,
            repeat_penalty: repetition_penalty,
            length_penalty,
            max_tokens: settings.max_tokens.filter(|_| !is_openai),
            max_completion_tokens: settings.max_tokens.filter(|_| is_openai),
            stop: notes.stops(&settings.stop),
            seed: settings.seed,
            logit_bias: notes.biases(&settings.logit_bias),
            n: notes.clamped("n", settings.n, 1..=128),
            logprobs,
            top_logprobs,
            response_format: settings.response_format.as_ref().map(response_format),
            tool_choice: notes.tool_choice(request),
        };
        (wire, notes.0)
    }
}

/// What was asked for and did not come, a sentence each.
pub(super) fn missing_in(reply: &ModelReply, settings: &ModelSettings) -> Vec<String> {
    let mut missing = Vec::new();
    let (asked, came) = (settings.n.unwrap_or(1) as usize, 1 + reply.alternatives.len());
    if came < asked {
        missing.push(format!("`n` is {asked}, and the provider gave {came}"));
    }
    if settings.logprobs == Some(true) && reply.logprobs.is_none() {
        missing.push("`logprobs` were asked for, and the provider gave none".to_owned());
    }
    missing
}

/// Sentences about what is not sent as it was asked for.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn clamped<N>(&mut self, field: &str, value: Option<N>, range: RangeInclusive<N>) -> Option<N>
    where
        N: PartialOrd + Copy + std::fmt::Display,
    {
        let value = value?;
        let nearest = if value < *range.start() {
            *range.start()
        } else if value > *range.end() {
            *range.end()
        } else {
            return Some(value);
        };
        self.0.push(format!("`{field}` {value} was sent as {nearest}, the provider's limit"));
        Some(nearest)
    }

    fn stops(&mut self, stops: &[String]) -> Vec<String> {
        if stops.len() > STOPS {
            self.0.push(format!("only the first {STOPS} of {} texts in `stop` were sent", stops.len()));
        }
        stops.iter().take(STOPS).cloned().collect()
    }

    fn biases(&mut self, biases: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
        let mut clamped = |(token, bias): (&String, &f64)| {
            let bias = self.clamped(&format!("logit_bias.{token}"), Some(*bias), -100.0..=100.0)?;
            Some((token.clone(), bias))
        };
        biases.iter().filter_map(&mut clamped).collect()
    }

    /// The API wants `logprobs` wherever there is `top_logprobs`.
    fn logprobs(&mut self, settings: &ModelSettings) -> (Option<bool>, Option<u32>) {
        match (settings.logprobs, settings.top_logprobs) {
            (Some(false), Some(_)) => {
                self.0.push("`top_logprobs` was not sent: `logprobs` is false".to_owned());
                (Some(false), None)
            }
            (_, Some(top)) => (Some(true), self.clamped("top_logprobs", Some(top), 0..=20)),
            (logprobs, None) => (logprobs, None),
        }
    }

    /// Servers refuse a choice among no tools.
    fn tool_choice(&mut self, request: &ModelRequest<'_>) -> Option<Value> {
        let has_tools = !request.tools.is_empty();
        match request.settings.tool_choice.as_ref()? {
            ToolChoice::Auto => Some(json!("auto")).filter(|_| has_tools),
            ToolChoice::None => Some(json!("none")).filter(|_| has_tools),
            ToolChoice::Required => Some(json!("required")).filter(|_| has_tools),
            ToolChoice::Function { name } if has_tools => {
                Some(json!({"type": "function", "function": {"name": tool_on_wire(name)}}))
            }
            ToolChoice::Function { name } => {
                self.0.push(format!("`tool_choice` was not sent: there is no tool `{name}`, nor any other"));
                None
            }
        }
    }
}

/// The API wants a name for a schema, and the schema in a place of its own; clients leave out both.
fn response_format(format: &ResponseFormat) -> Value {
    match format {
        ResponseFormat::Text => json!({"type": "text"}),
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema { json_schema } => {
            let mut json_schema = match json_schema.get("schema") {
                Some(_) => json_schema.clone(),
                None => json!({ "schema": json_schema }),
            };
            if json_schema.get("name").is_none() {
                json_schema["name"] = json!(SCHEMA_NAME);
            }
            json!({"type": "json_schema", "json_schema": json_schema})
        }
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;

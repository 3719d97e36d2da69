//! How the model is to answer: what the request says over what its agent has as default. A null in the request takes a
//! default away.

use handspike_api::{
    self as api, AgentForm, Automatic, ChatInput, ChatSettings, Given, SimpleFormat, SimpleFormatType, Warning,
    check::read_value,
};
use handspike_types::{ModelSettings, ResponseFormat, ToolChoice};
use serde_json::{Map, Value};

/// The model's name and its settings.
pub(super) struct Chosen {
    /// Empty where neither request nor agent name one.
    pub(super) model: String,
    pub(super) settings: ModelSettings,
    pub(super) warnings: Vec<Warning>,
}

/// What holds for a request to an agent.
pub(super) fn chosen(input: &ChatInput, agent: &AgentForm) -> Chosen {
    let (defaults, warnings) = defaults_of(&agent.default_settings);
    let default_model = defaults.model.clone().value();
    let settings = input.settings.clone().over(defaults);
    let model = match input.settings.model.clone() {
        Given::Value(model) => model,
        // As documented, null is the agent's own model.
        Given::Null => agent.model.clone(),
        Given::Absent => default_model.unwrap_or_else(|| agent.model.clone()),
    };
    let settings = ModelSettings {
        temperature: settings.temperature.value(),
        top_p: settings.top_p.value(),
        min_p: settings.min_p.value(),
        frequency_penalty: settings.frequency_penalty.value(),
        presence_penalty: settings.presence_penalty.value(),
        repetition_penalty: settings.repetition_penalty.value(),
        length_penalty: settings.length_penalty.value(),
        max_tokens: settings.max_tokens.value(),
        stop: settings.stop.value().unwrap_or_default(),
        seed: settings.seed.value(),
        logit_bias: settings.logit_bias.value().unwrap_or_default(),
        n: Some(u32::from(input.n)).filter(|n| *n > 1),
        logprobs: input.logprobs,
        top_logprobs: input.top_logprobs.map(u32::from),
        response_format: settings.response_format.value().map(response_format),
        tool_choice: input.tool_choice.clone().map(tool_choice),
    };
    Chosen { model, settings, warnings }
}

/// An agent's defaults may be anything: what is known and fits counts, what is known and does not is told.
fn defaults_of(stored: &Map<String, Value>) -> (ChatSettings, Vec<Warning>) {
    let (mut defaults, mut warnings) = (ChatSettings::default(), Vec::new());
    for (name, value) in stored {
        let one = Map::from_iter([(name.clone(), value.clone())]);
        match read_value::<ChatSettings>(Value::Object(one)) {
            Ok(setting) => defaults = setting.over(defaults),
            Err(invalid) => {
                let why = invalid.details.first().map(|detail| detail.msg.as_str()).unwrap_or_default();
                let message = format!("the agent's default was left out: {why}");
                warnings.push(Warning { field: format!("default_settings.{name}"), message });
            }
        }
    }
    (defaults, warnings)
}

fn response_format(format: api::ResponseFormat) -> ResponseFormat {
    match format {
        api::ResponseFormat::Schema(format) => {
            ResponseFormat::JsonSchema { json_schema: Value::Object(format.json_schema) }
        }
        api::ResponseFormat::Simple(SimpleFormat { kind: SimpleFormatType::Text }) => ResponseFormat::Text,
        api::ResponseFormat::Simple(SimpleFormat { kind: SimpleFormatType::JsonObject }) => ResponseFormat::JsonObject,
    }
}

fn tool_choice(choice: api::ToolChoice) -> ToolChoice {
    match choice {
        api::ToolChoice::Automatic(Automatic::Auto) => ToolChoice::Auto,
        api::ToolChoice::Automatic(Automatic::None) => ToolChoice::None,
        api::ToolChoice::Named(named) => ToolChoice::Function { name: named.function.name },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(request: Value, agent: Value) -> Chosen {
        let mut body = json!({"messages": [{"role": "user"}]});
        body.as_object_mut().expect("an object").extend(request.as_object().expect("an object").clone());
        let mut form = json!({"name": "Ada"});
        form.as_object_mut().expect("an object").extend(agent.as_object().expect("an object").clone());
        chosen(&read_value(body).expect("fits"), &read_value(form).expect("fits"))
    }

    #[test]
    fn the_request_wins_over_the_agents_defaults_also_where_it_says_null() {
        let agent = json!({"model": "a", "default_settings": {"temperature": 1, "top_p": "0.5", "model": "b", "x": 1}});
        let usual = of(json!({}), agent.clone());
        let settings = &usual.settings;
        assert_eq!((usual.model.as_str(), settings.temperature, settings.top_p), ("b", Some(1.0), Some(0.5)));
        assert_eq!(usual.warnings, []);
        let asked = of(json!({"model": "c", "temperature": null, "top_p": 0.1, "n": 2, "seed": 3}), agent.clone());
        let settings = asked.settings;
        assert_eq!((asked.model.as_str(), settings.temperature, settings.top_p), ("c", None, Some(0.1)));
        assert_eq!((settings.n, settings.seed), (Some(2), Some(3)));
        assert_eq!(of(json!({"model": null}), agent).model, "a");
    }

    #[test]
    fn a_default_that_does_not_fit_is_told() {
        let chosen = of(json!({}), json!({"default_settings": {"temperature": 6, "min_p": 0.1}}));
        assert_eq!((chosen.settings.temperature, chosen.settings.min_p), (None, Some(0.1)));
        assert_eq!(chosen.warnings.len(), 1);
        assert_eq!(chosen.warnings[0].field, "default_settings.temperature");
    }

    #[test]
    fn formats_and_choices_are_passed_on() {
        let schema = json!({"name": "x", "schema": {}});
        for (posted, expected) in [
            (json!({"type": "text"}), ResponseFormat::Text),
            (json!({"type": "json_object"}), ResponseFormat::JsonObject),
            (
                json!({"type": "json_schema", "json_schema": schema}),
                ResponseFormat::JsonSchema { json_schema: schema.clone() },
            ),
        ] {
            assert_eq!(of(json!({"response_format": posted}), json!({})).settings.response_format, Some(expected));
        }
        for (posted, expected) in [
            (json!("auto"), Some(ToolChoice::Auto)),
            (json!("none"), Some(ToolChoice::None)),
            (
                json!({"type": "function", "function": {"name": "f"}}),
                Some(ToolChoice::Function { name: "f".to_owned() }),
            ),
            (json!(null), None),
        ] {
            assert_eq!(of(json!({"tool_choice": posted}), json!({})).settings.tool_choice, expected);
        }
    }
}

use handspike_types::{Choice, FinishReason, ToolSpec};

use super::*;

/// What is sent of settings to a model with or without tools, and what is said of the rest.
fn sent(settings: Value, tools: &[ToolSpec], dialect: Dialect) -> (Value, Vec<String>) {
    let settings: ModelSettings = serde_json::from_value(settings).expect("settings");
    let request = ModelRequest { system_prompt: "", messages: &[], tools, settings: &settings };
    let (wire, notes) = WireSettings::of(&request, dialect);
    (serde_json::to_value(wire).expect("JSON"), notes)
}

fn bash() -> Vec<ToolSpec> {
    vec![ToolSpec::new("bash", "Runs a command.", json!({"type": "object"}))]
}

#[test]
fn nothing_is_sent_of_settings_that_are_not_given() {
    assert_eq!(sent(json!({}), &bash(), Dialect::OpenAi), (json!({}), Vec::new()));
}

#[test]
fn every_setting_within_its_range_is_sent_as_it_is() {
    let settings = json!({
        "temperature": 0.5, "top_p": 0.25, "frequency_penalty": -2.0, "presence_penalty": 2.0, "stop": ["a", "b"],
        "seed": -1, "logit_bias": {"7": -100.0}, "n": 2, "logprobs": true, "top_logprobs": 3,
        "response_format": {"type": "json_object"}, "tool_choice": "auto",
    });
    assert_eq!(sent(settings.clone(), &bash(), Dialect::OpenAi), (settings, Vec::new()));
}

#[test]
fn a_value_out_of_range_is_sent_as_the_nearest_and_told() {
    let settings = json!({
        "temperature": 5.0, "top_p": -0.5, "n": 0, "top_logprobs": 21, "logit_bias": {"7": 101.0, "8": 1.0},
        "stop": ["a", "b", "c", "d", "e"],
    });
    let (wire, notes) = sent(settings, &[], Dialect::Imitation);
    let expected = json!({
        "temperature": 2.0, "top_p": 0.0, "stop": ["a", "b", "c", "d"], "logit_bias": {"7": 100.0, "8": 1.0}, "n": 1,
        "logprobs": true, "top_logprobs": 20,
    });
    assert_eq!(wire, expected);
    let told = [
        "`top_logprobs` 21 was sent as 20, the provider's limit",
        "`temperature` 5 was sent as 2, the provider's limit",
        "`top_p` -0.5 was sent as 0, the provider's limit",
        "only the first 4 of 5 texts in `stop` were sent",
        "`logit_bias.7` 101 was sent as 100, the provider's limit",
        "`n` 0 was sent as 1, the provider's limit",
    ];
    assert_eq!(notes, told);
}

#[test]
fn what_openai_does_not_know_goes_to_other_servers_only() {
    let settings = json!({"min_p": 0.1, "repetition_penalty": 1.5, "length_penalty": 2.0, "max_tokens": 9});
    let (wire, notes) = sent(settings.clone(), &[], Dialect::OpenAi);
    assert_eq!(wire, json!({"max_completion_tokens": 9}));
    assert_eq!(notes.len(), 3);
    assert_eq!(notes[0], "`min_p` was not sent: OpenAI does not know it");

    let mut known = settings.clone();
    known["repeat_penalty"] = json!(1.5);
    assert_eq!(sent(settings, &[], Dialect::Imitation), (known, Vec::new()));
}

#[test]
fn a_tool_choice_is_never_sent_without_tools() {
    for choice in [json!("auto"), json!("none")] {
        let settings = json!({ "tool_choice": choice });
        assert_eq!(sent(settings.clone(), &[], Dialect::OpenAi), (json!({}), Vec::new()));
        assert_eq!(sent(settings.clone(), &bash(), Dialect::OpenAi), (settings, Vec::new()));
    }
    let forced = json!({"tool_choice": {"function": {"name": "bash"}}});
    let (wire, notes) = sent(forced.clone(), &[], Dialect::OpenAi);
    assert_eq!((wire, notes.len()), (json!({}), 1));
    let (wire, _) = sent(forced, &bash(), Dialect::OpenAi);
    assert_eq!(wire, json!({"tool_choice": {"type": "function", "function": {"name": "bash"}}}));
}

#[test]
fn a_schema_gets_the_name_and_the_place_that_the_api_wants() {
    let schema = json!({"type": "object"});
    for (given, wire) in [
        (
            json!({"name": "x", "schema": schema, "strict": true}),
            json!({"name": "x", "schema": schema, "strict": true}),
        ),
        (json!({"schema": schema}), json!({"schema": schema, "name": "answer"})),
        (schema.clone(), json!({"schema": schema, "name": "answer"})),
    ] {
        let settings = json!({"response_format": {"type": "json_schema", "json_schema": given}});
        let (sent, notes) = sent(settings, &[], Dialect::OpenAi);
        assert_eq!(sent, json!({"response_format": {"type": "json_schema", "json_schema": wire}}));
        assert!(notes.is_empty());
    }
}

#[test]
fn top_logprobs_against_logprobs_are_told() {
    let (wire, notes) = sent(json!({"logprobs": false, "top_logprobs": 2}), &[], Dialect::OpenAi);
    assert_eq!((wire, notes.len()), (json!({"logprobs": false}), 1));
}

#[test]
fn what_did_not_come_is_told() {
    let mut settings = ModelSettings { n: Some(3), logprobs: Some(true), ..ModelSettings::default() };
    let mut reply = ModelReply::new("a", Vec::new(), FinishReason::Stop);
    let told = ["`n` is 3, and the provider gave 1", "`logprobs` were asked for, and the provider gave none"];
    assert_eq!(missing_in(&reply, &settings), told);
    settings.n = Some(2);
    reply.logprobs = Some(json!({"content": []}));
    let (text, finish_reason) = ("b".to_owned(), FinishReason::Stop);
    reply.alternatives = vec![Choice { index: 1, text, tool_calls: Vec::new(), finish_reason, logprobs: None }];
    assert_eq!(missing_in(&reply, &settings), Vec::<String>::new());
}

//! The check, against the bodies of this crate: every range at its edge and one step beyond, every kind of mistake, and
//! all that is wrong with one body told at once.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Detail, DetailType, Invalid, read, read_value};
use crate::{AgentForm, AgentPatch, ChatInput, Message, NewSession, SessionPatch, UserForm};

/// The mistakes of a body as `type loc`.
fn mistakes<T: DeserializeOwned + ToSchema + 'static>(body: &Value) -> Vec<String> {
    match read_value::<T>(body.clone()) {
        Ok(_) => Vec::new(),
        Err(Invalid { details, .. }) => details
            .into_iter()
            .map(|Detail { kind, loc, .. }| {
                let kind = serde_json::to_value(kind).expect("a name");
                format!("{} {loc}", kind.as_str().unwrap_or_default())
            })
            .collect(),
    }
}

fn chat(field: &str, value: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
    body[field] = value;
    body
}

fn message(field: &str, value: Value) -> Value {
    let mut message = json!({"role": "user"});
    message[field] = value;
    message
}

/// Checks that values fit, and that others are the one mistake of this kind.
fn edges<T: DeserializeOwned + ToSchema + 'static>(
    body: impl Fn(Value) -> Value,
    loc: &str,
    fitting: &[Value],
    others: &[(Value, &str)],
) {
    for value in fitting {
        assert_eq!(mistakes::<T>(&body(value.clone())), [""; 0], "{loc} takes {value}");
    }
    for (value, kind) in others {
        assert_eq!(mistakes::<T>(&body(value.clone())), [format!("{kind} {loc}")], "{loc} refuses {value}");
    }
}

#[test]
fn numbers_of_a_chat_have_their_ranges() {
    for (field, least, most, step) in [
        ("temperature", 0.0, 5.0, 0.001),
        ("top_p", 0.0, 1.0, 0.001),
        ("min_p", 0.0, 1.0, 0.001),
        ("frequency_penalty", -2.0, 2.0, 0.001),
        ("presence_penalty", -2.0, 2.0, 0.001),
        ("repetition_penalty", 0.0, 2.0, 0.001),
        ("length_penalty", 0.0, 2.0, 0.001),
    ] {
        let body = |value| chat(field, value);
        let fitting = [json!(least), json!(most), json!(null), json!(1), json!("0.5")];
        let others = [
            (json!(least - step), "greater_than_equal"),
            (json!(most + step), "less_than_equal"),
            (json!("warm"), "float_parsing"),
            (json!("nan"), "float_parsing"),
            (json!(true), "float_type"),
            (json!([1]), "float_type"),
        ];
        edges::<ChatInput>(body, field, &fitting, &others);
    }
}

#[test]
fn whole_numbers_of_a_chat_have_their_ranges() {
    let others = |beyond: &[(Value, &'static str)]| {
        let mut others = vec![
            (json!(1.5), "int_from_float"),
            (json!("many"), "int_parsing"),
            (json!("1.5"), "int_parsing"),
            (json!({}), "int_type"),
            (json!(true), "int_type"),
        ];
        others.extend_from_slice(beyond);
        others
    };
    let beyond = others(&[
        (json!(-2), "greater_than_equal"),
        (json!(1001), "less_than_equal"),
        (json!(1e30), "less_than_equal"),
    ]);
    let fitting = [json!(-1), json!(1000), json!("5"), json!(5.0), json!(" 7 "), json!("5.0"), json!(null)];
    edges::<ChatInput>(|value| chat("seed", value), "seed", &fitting, &beyond);
    let beyond = others(&[(json!(0), "greater_than_equal"), (json!(1e30), "int_parsing_size")]);
    edges::<ChatInput>(
        |value| chat("max_tokens", value),
        "max_tokens",
        &[json!(1), json!(i64::MAX), json!(null)],
        &beyond,
    );
    let beyond = others(&[(json!(0), "greater_than_equal"), (json!(9), "less_than_equal"), (json!(null), "int_type")]);
    edges::<ChatInput>(|value| chat("n", value), "n", &[json!(1), json!(8), json!("8")], &beyond);
}

#[test]
fn lists_and_maps_of_a_chat_have_their_ranges() {
    let texts = |count| json!(vec!["."; count]);
    let others = [(texts(5), "too_long"), (json!("."), "list_type"), (json!(null), "list_type")];
    edges::<ChatInput>(|value| chat("stop", value), "stop", &[texts(0), texts(4)], &others);
    edges::<ChatInput>(
        |value| json!({"messages": value}),
        "messages",
        &[json!([{"role": "tool"}])],
        &[(json!([]), "too_short"), (json!({}), "list_type")],
    );
    let others =
        [(json!(-100.1), "greater_than_equal"), (json!(100.1), "less_than_equal"), (json!(null), "float_type")];
    let bias = |value| chat("logit_bias", json!({"50": value}));
    edges::<ChatInput>(bias, "logit_bias.50", &[json!(-100), json!(100)], &others);
    for map in ["logit_bias", "metadata"] {
        edges::<ChatInput>(|value| chat(map, value), map, &[json!({}), json!(null)], &[(json!([]), "dict_type")]);
    }
    edges::<ChatInput>(|value| chat("tools", value), "tools", &[json!([]), json!(null)], &[(json!({}), "list_type")]);
}

#[test]
fn booleans_are_themselves_only() {
    let others = [(json!(1), "bool_type"), (json!("true"), "bool_type"), (json!(null), "bool_type")];
    for field in ["stream", "recall", "save", "remember", "recall_tools"] {
        edges::<ChatInput>(|value| chat(field, value), field, &[json!(true), json!(false)], &others);
    }
    let fitting = [json!(true), json!(null)];
    edges::<ChatInput>(|value| chat("auto_run_tools", value), "auto_run_tools", &fitting, &others[..2]);
    edges::<Message>(|value| message("continue", value), "continue", &fitting, &others[..2]);
}

#[test]
fn a_model_is_a_name_that_begins_with_no_digit() {
    let long = |count| json!("x".repeat(count));
    let fitting = [json!("gpt-4o-mini"), json!("a/b"), json!("claude 3"), json!("世界"), long(120), json!(null)];
    let others = [
        (json!("4o-mini"), "string_pattern_mismatch"),
        (json!("_x"), "string_pattern_mismatch"),
        (json!(""), "string_pattern_mismatch"),
        (long(121), "string_too_long"),
        (json!(4), "string_type"),
    ];
    edges::<ChatInput>(|value| chat("model", value), "model", &fitting, &others);
    let fitting = [json!(""), json!("Ada L."), long(120)];
    edges::<UserForm>(
        |value| json!({"name": value}),
        "name",
        &fitting,
        &[(json!("4"), "string_pattern_mismatch"), (long(121), "string_too_long"), (json!(null), "string_type")],
    );
}

#[test]
fn an_agents_texts_have_their_lengths() {
    let long = |count: usize| json!("é".repeat(count));
    let form = |field: &'static str| {
        move |value: Value| if field == "name" { json!({"name": value}) } else { json!({"name": "a", field: value}) }
    };
    edges::<AgentForm>(
        form("name"),
        "name",
        &[long(1), long(255)],
        &[(json!(""), "string_too_short"), (long(256), "string_too_long"), (json!(null), "string_type")],
    );
    edges::<AgentForm>(form("about"), "about", &[json!(""), long(16_000)], &[(long(16_001), "string_too_long")]);
    let others = [
        (json!("1a"), "string_pattern_mismatch"),
        (json!("a-b"), "string_pattern_mismatch"),
        (json!(""), "string_too_short"),
    ];
    for field in ["canonical_name", "project"] {
        edges::<AgentForm>(form(field), field, &[json!("a_1"), json!("a".repeat(255)), json!(null)], &others);
    }
    edges::<AgentForm>(form("instructions"), "instructions", &[json!("a"), json!([])], &[(json!(5), "string_type")]);
    edges::<AgentForm>(form("instructions"), "instructions[1]", &[], &[(json!(["a", 5]), "string_type")]);
    assert_eq!(mistakes::<AgentForm>(&json!({})), ["missing name"]);
    assert_eq!(mistakes::<AgentPatch>(&json!({})), [""; 0]);
}

#[test]
fn a_sessions_fields_have_their_ranges() {
    let of = |field: &'static str| move |value: Value| json!({field: value});
    edges::<NewSession>(
        of("token_budget"),
        "token_budget",
        &[json!(1), json!(null)],
        &[(json!(0), "greater_than"), (json!(-1), "greater_than")],
    );
    edges::<NewSession>(
        of("context_overflow"),
        "context_overflow",
        &[json!("truncate"), json!("adaptive"), json!(null)],
        &[(json!("drop"), "literal_error")],
    );
    edges::<NewSession>(
        of("agent"),
        "agent",
        &[json!("0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11"), json!(null)],
        &[(json!("Ada"), "uuid_parsing"), (json!(7), "string_type")],
    );
    edges::<NewSession>(of("users"), "users[0]", &[], &[(json!(["Bob"]), "uuid_parsing")]);
    for field in ["render_templates", "forward_tool_calls"] {
        edges::<SessionPatch>(of(field), field, &[json!(true)], &[(json!(null), "bool_type")]);
    }
    for (field, fitting, others) in [
        ("limit", [json!(1), json!(50)], [(json!(0), "greater_than_equal"), (json!(51), "less_than_equal")]),
        (
            "num_search_messages",
            [json!(1), json!(50)],
            [(json!(0), "greater_than_equal"), (json!(51), "less_than_equal")],
        ),
        (
            "max_query_length",
            [json!(100), json!(10_000)],
            [(json!(99), "greater_than_equal"), (json!(10_001), "less_than_equal")],
        ),
        ("confidence", [json!(-1), json!(1)], [(json!(-1.01), "greater_than_equal"), (json!(1.01), "less_than_equal")]),
        ("mmr_strength", [json!(0), json!(0.999)], [(json!(-0.01), "greater_than_equal"), (json!(1), "less_than")]),
        ("alpha", [json!(0), json!(1)], [(json!(-0.01), "greater_than_equal"), (json!(1.01), "less_than_equal")]),
        (
            "trigram_similarity_threshold",
            [json!(0), json!(null)],
            [(json!(-0.01), "greater_than_equal"), (json!(1.01), "less_than_equal")],
        ),
        ("k_multiplier", [json!(0), json!(7)], [(json!(-1), "greater_than_equal"), (json!(0.5), "int_from_float")]),
    ] {
        let body = |value| json!({"recall_options": {"mode": "hybrid", field: value}});
        edges::<NewSession>(body, &format!("recall_options.{field}"), &fitting, &others);
    }
}

#[test]
fn limits_have_their_ranges_on_chats_and_sessions() {
    for (field, fitting, kind) in [
        ("max_steps", json!(1), "greater_than_equal"),
        ("max_tokens", json!(1), "greater_than_equal"),
        ("max_cost", json!(0.01), "greater_than"),
        ("max_seconds", json!(0.01), "greater_than"),
    ] {
        let loc = format!("limits.{field}");
        let fitting = [fitting, json!(null)];
        edges::<ChatInput>(|value| chat("limits", json!({field: value})), &loc, &fitting, &[(json!(0), kind)]);
        edges::<SessionPatch>(|value| json!({"limits": {field: value}}), &loc, &fitting, &[(json!(0), kind)]);
    }
    edges::<ChatInput>(
        |value| chat("limits", value),
        "limits",
        &[json!({}), json!(null)],
        &[(json!(5), "model_attributes_type")],
    );
}

#[test]
fn a_chats_choices_are_told_apart() {
    let tool_choice = |value| chat("tool_choice", value);
    let fitting = [json!("auto"), json!("none"), json!({"function": {"name": "f"}, "type": "function"}), json!(null)];
    let others = [(json!("required"), "literal_error"), (json!(5), "string_type")];
    edges::<ChatInput>(tool_choice, "tool_choice", &fitting, &others);
    edges::<ChatInput>(tool_choice, "tool_choice.function", &[], &[(json!({}), "missing")]);
    edges::<ChatInput>(tool_choice, "tool_choice.function.name", &[], &[(json!({"function": {}}), "missing")]);
    let format = |value| chat("response_format", value);
    let fitting = [
        json!({}),
        json!({"type": "text"}),
        json!({"type": "json_object"}),
        json!({"type": "json_schema", "json_schema": {"name": "a"}}),
        json!({"json_schema": {}}),
        json!(null),
    ];
    edges::<ChatInput>(
        format,
        "response_format.json_schema",
        &fitting,
        &[
            (json!({"type": "json_schema"}), "missing"),
            (json!({"type": "json_schema", "json_schema": "{}"}), "dict_type"),
        ],
    );
    edges::<ChatInput>(format, "response_format.type", &[], &[(json!({"type": "xml"}), "literal_error")]);
    edges::<ChatInput>(|value| chat("agent", value), "agent", &[json!(null)], &[(json!("Ada"), "uuid_parsing")]);
}

#[test]
fn all_mistakes_of_a_body_are_told_in_one_answer() {
    let body = json!({
        "messages": [{"role": "developer"}, {}, {"role": "user", "content": [{"type": "text"}, 5]}],
        "stream": "yes", "seed": 1.5, "unknown": {"is": "ignored"},
    });
    let told = [
        "int_from_float seed",
        "literal_error messages[0].role",
        "missing messages[1].role",
        "missing messages[2].content[0].text",
        "model_attributes_type messages[2].content[1]",
        "bool_type stream",
    ];
    let mut found = mistakes::<ChatInput>(&body);
    found.sort();
    let mut told: Vec<String> = told.map(str::to_owned).to_vec();
    told.sort();
    assert_eq!(found, told);
    assert_eq!(mistakes::<ChatInput>(&json!([])), ["model_attributes_type "]);
}

#[test]
fn a_body_of_countless_mistakes_is_answered_with_two_hundred_of_them() {
    let invalid = read_value::<ChatInput>(json!({"messages": vec![1; 1000]})).expect_err("no messages");
    assert_eq!((invalid.details.len(), invalid.omitted), (200, 800));
    assert_eq!(invalid.details[199].loc, "messages[199]");
}

#[test]
fn a_detail_says_what_was_received_and_what_would_mend_it() {
    let invalid = read::<ChatInput>(br#"{"messages": [{"content": "hi"}]}"#).expect_err("no role");
    let expected = json!({
        "type": "missing", "msg": "Field required", "loc": "messages[0].role", "received": {"content": "hi"}, "fix": "Add the field.",
    });
    assert_eq!(serde_json::to_value(&invalid.details).expect("JSON"), json!([expected]));
    assert_eq!(invalid.to_string(), "messages[0].role: Field required");
    let long = read_value::<AgentForm>(json!({"name": "x".repeat(5000)})).expect_err("too long");
    assert_eq!(long.details[0].received, json!(format!("{}…", "x".repeat(200))));
    assert_eq!(long.details[0].msg, "String should have at most 255 characters");
    let json = read::<ChatInput>(b"{").expect_err("not JSON");
    assert_eq!((json.details.len(), json.details[0].kind), (1, DetailType::JsonInvalid));
}

//! Every range of a chat's request at its edge and one step beyond, through a socket to the provider: what fits arrives
//! there, and what does not is one mistake with its place, which nobody is asked about.

use serde_json::{Map, Value, json};

use crate::{
    served::{LONG, Served, while_served},
    support::{Answer, NOBODY},
};

/// A request with one field of its own.
fn with(field: &str, value: &Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
    body[field] = value.clone();
    body
}

/// A request whose one message has this beside its role.
fn message(fields: &Value) -> Value {
    let mut message = json!({"role": "user"});
    message.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    json!({ "messages": [message] })
}

fn call(call: Value) -> Value {
    json!({"messages": [{"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "hi"}]})
}

fn tool(fields: Value) -> Value {
    with("tools", &json!([fields]))
}

fn parts(content: Value) -> Value {
    message(&json!({ "content": content }))
}

/// Asks each, and says at the end all that was not as expected.
async fn all(served: &Served, cases: Vec<(Value, Expected)>) {
    let session = served.session(&[json!({"name": "look", "type": "function"})]).await;
    let mut surprises = Vec::new();
    for (body, expected) in &cases {
        let before = served.provider.times_asked();
        let answer = served.chat(&session, body).await;
        let asked = served.provider.times_asked() - before;
        if let Some(surprise) = expected.surprise(served, &answer, asked) {
            surprises.push(format!("{}: {surprise}", body.to_string().chars().take(300).collect::<String>()));
        }
    }
    assert!(surprises.is_empty(), "{} of {}:\n{}", surprises.len(), cases.len(), surprises.join("\n"));
}

enum Expected {
    /// It is answered, and the provider was sent this; null for what is not sent.
    Sent(&'static str, Value),
    /// The same with a warning about the field.
    Changed(&'static str, Value),
    /// It is answered.
    Fits,
    /// One mistake, of this type at this place, and the provider is not asked.
    Wrong(&'static str, &'static str),
    /// It is understood and can't be.
    Status(u16),
}

impl Expected {
    /// What is not as expected.
    fn surprise(&self, served: &Served, answer: &Answer, asked: usize) -> Option<String> {
        let told = || format!("{} {}", answer.status, answer.body);
        let status = match self {
            Self::Sent(..) | Self::Changed(..) | Self::Fits => 201,
            Self::Wrong(..) => 422,
            Self::Status(status) => *status,
        };
        if answer.status != status || asked != usize::from(status == 201) {
            return Some(format!("{} and asked {asked} times", told()));
        }
        match self {
            Self::Sent(field, value) | Self::Changed(field, value) => {
                let sent = &served.provider.last().body[field];
                let same = sent == value || sent.as_f64().is_some_and(|sent| Some(sent) == value.as_f64());
                let fields = answer.body["warnings"].as_array().into_iter().flatten();
                let warned = fields.filter(|warning| warning["field"] == *field).count();
                let expected = usize::from(matches!(self, Self::Changed(..)));
                (!same || warned != expected).then(|| format!("sent {sent}, warned {warned} times"))
            }
            Self::Wrong(kind, place) => {
                let mistakes = answer.mistakes();
                (mistakes != [(*kind, *place)]).then(|| format!("{mistakes:?}"))
            }
            Self::Fits | Self::Status(_) => None,
        }
    }
}

use Expected::{Changed, Fits, Sent, Status, Wrong};

#[tokio::test(flavor = "multi_thread")]
async fn numbers_reach_the_provider_up_to_their_edges() {
    let mut cases = Vec::new();
    for (field, least, most, loosest) in [
        ("temperature", 0.0, 5.0, 2.0),
        ("top_p", 0.0, 1.0, 1.0),
        ("min_p", 0.0, 1.0, 1.0),
        ("frequency_penalty", -2.0, 2.0, 2.0),
        ("presence_penalty", -2.0, 2.0, 2.0),
        ("repetition_penalty", 0.0, 2.0, 2.0),
        ("length_penalty", 0.0, 2.0, 2.0),
    ] {
        let of = |value: Value| with(field, &value);
        let at_most = if most > loosest { Changed(field, json!(loosest)) } else { Sent(field, json!(most)) };
        cases.extend([
            (of(json!(least)), Sent(field, json!(least))),
            (of(json!(most)), at_most),
            (of(json!(loosest)), Sent(field, json!(loosest))),
            (of(json!("0.5")), Sent(field, json!(0.5))),
            (of(Value::Null), Sent(field, Value::Null)),
            (of(json!(least - 0.001)), Wrong("greater_than_equal", field)),
            (of(json!(most + 0.001)), Wrong("less_than_equal", field)),
            (of(json!("warm")), Wrong("float_parsing", field)),
            (of(json!(true)), Wrong("float_type", field)),
            (of(json!({})), Wrong("float_type", field)),
        ]);
    }
    for (field, least, most) in
        [("seed", -1_i64, Some(1000)), ("max_tokens", 1, None), ("n", 1, Some(8)), ("top_logprobs", 0, Some(20))]
    {
        let of = |value: Value| with(field, &value);
        cases.extend([
            // One answer is what providers give anyway.
            (of(json!(least)), Sent(field, if field == "n" { Value::Null } else { json!(least) })),
            (of(json!("5")), Sent(field, json!(5))),
            (of(json!(least - 1)), Wrong("greater_than_equal", field)),
            (of(json!(1.5)), Wrong("int_from_float", field)),
            (of(json!("many")), Wrong("int_parsing", field)),
            (of(json!(false)), Wrong("int_type", field)),
        ]);
        cases.extend(most.map(|most| (of(json!(most)), Sent(field, json!(most)))));
        cases.extend(most.map(|most| (of(json!(most + 1)), Wrong("less_than_equal", field))));
    }
    while_served(LONG, async |served| all(served, cases).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_maps_and_choices_reach_the_provider_up_to_their_edges() {
    let stops = |count| json!(vec!["."; count]);
    let bias = |value: Value| with("logit_bias", &json!({"50": value}));
    let name = |length: usize| json!(format!("openai:{}", "x".repeat(length - 7)));
    let schema = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}});
    let cases = vec![
        (with("stop", &stops(0)), Sent("stop", Value::Null)),
        (with("stop", &stops(4)), Sent("stop", stops(4))),
        (with("stop", &stops(5)), Wrong("too_long", "stop")),
        (with("stop", &json!(".")), Wrong("list_type", "stop")),
        (with("stop", &json!(["a", 5])), Wrong("string_type", "stop[1]")),
        (bias(json!(-100)), Sent("logit_bias", json!({"50": -100.0}))),
        (bias(json!(100)), Sent("logit_bias", json!({"50": 100.0}))),
        (bias(json!(-100.001)), Wrong("greater_than_equal", "logit_bias.50")),
        (bias(json!(100.001)), Wrong("less_than_equal", "logit_bias.50")),
        (bias(json!("x")), Wrong("float_parsing", "logit_bias.50")),
        (with("logit_bias", &json!([])), Wrong("dict_type", "logit_bias")),
        (with("logit_bias", &Value::Null), Sent("logit_bias", Value::Null)),
        (with("response_format", &json!({})), Sent("response_format", json!({"type": "text"}))),
        (
            with("response_format", &json!({"type": "json_object"})),
            Sent("response_format", json!({"type": "json_object"})),
        ),
        (with("response_format", &schema), Sent("response_format", schema.clone())),
        (with("response_format", &Value::Null), Sent("response_format", Value::Null)),
        (with("response_format", &json!({"type": "xml"})), Wrong("literal_error", "response_format.type")),
        (with("response_format", &json!({"type": "json_schema"})), Wrong("missing", "response_format.json_schema")),
        (
            with("response_format", &json!({"type": "json_schema", "json_schema": []})),
            Wrong("dict_type", "response_format.json_schema"),
        ),
        (with("response_format", &json!("text")), Wrong("model_attributes_type", "response_format")),
        (with("tool_choice", &json!("auto")), Sent("tool_choice", json!("auto"))),
        (with("tool_choice", &json!("none")), Sent("tool_choice", json!("none"))),
        (
            with("tool_choice", &json!({"type": "function", "function": {"name": "look"}})),
            Sent("tool_choice", json!({"type": "function", "function": {"name": "look"}})),
        ),
        (with("tool_choice", &Value::Null), Sent("tool_choice", Value::Null)),
        (with("tool_choice", &json!("required")), Wrong("literal_error", "tool_choice")),
        (with("tool_choice", &json!({})), Wrong("missing", "tool_choice.function")),
        (with("tool_choice", &json!({"function": {}})), Wrong("missing", "tool_choice.function.name")),
        (with("tool_choice", &json!({"function": {"name": "nobody"}})), Status(400)),
        (with("model", &name(120)), Sent("model", json!("x".repeat(113)))),
        (with("model", &name(121)), Wrong("string_too_long", "model")),
        (with("model", &json!("")), Wrong("string_pattern_mismatch", "model")),
        (with("model", &json!("4o-mini")), Wrong("string_pattern_mismatch", "model")),
        (with("model", &json!(4)), Wrong("string_type", "model")),
        (with("model", &Value::Null), Sent("model", json!("tiny"))),
        (with("model", &json!("gpt-4o-mini")), Status(400)),
        (with("agent", &Value::Null), Fits),
        (with("agent", &json!("x")), Wrong("uuid_parsing", "agent")),
        (with("agent", &json!(NOBODY)), Status(400)),
        (with("metadata", &json!({"a": 1})), Fits),
        (with("metadata", &Value::Null), Fits),
        (with("metadata", &json!([])), Wrong("dict_type", "metadata")),
        (with("limits", &json!({"max_steps": 1})), Fits),
        (with("limits", &json!({"max_steps": 0})), Wrong("greater_than_equal", "limits.max_steps")),
        (with("limits", &json!({"max_tokens": 0})), Wrong("greater_than_equal", "limits.max_tokens")),
        (with("limits", &json!({"max_cost": 0})), Wrong("greater_than", "limits.max_cost")),
        (with("limits", &json!({"max_seconds": 0})), Wrong("greater_than", "limits.max_seconds")),
        (with("limits", &json!([])), Wrong("model_attributes_type", "limits")),
        (with("nobody_knows_it", &json!({"a": [1]})), Fits),
    ];
    while_served(LONG, async |served| all(served, cases).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_are_booleans_only() {
    let mut cases = Vec::new();
    for field in ["recall", "save", "remember", "recall_tools"] {
        cases.extend([json!(true), json!(false)].map(|value| (with(field, &value), Fits)));
        let others = [json!(1), json!("true"), Value::Null];
        cases.extend(others.map(|value| (with(field, &value), Wrong("bool_type", field))));
    }
    cases.extend([json!(true), Value::Null].map(|value| (with("auto_run_tools", &value), Fits)));
    cases.extend(
        [json!(0), json!("no")].map(|value| (with("auto_run_tools", &value), Wrong("bool_type", "auto_run_tools"))),
    );
    cases.extend([json!(0), Value::Null].map(|value| (with("stream", &value), Wrong("bool_type", "stream"))));
    cases.push((message(&json!({"content": "hi", "continue": "no"})), Wrong("bool_type", "messages[0].continue")));
    while_served(LONG, async |served| all(served, cases).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_have_their_shapes() {
    let role = |role: Value| json!({"messages": [{"role": role, "content": "hi"}]});
    let image = |url: Value| parts(json!([{"type": "image_url", "image_url": url}]));
    let base64 = json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="});
    let result = |content: Value| parts(json!([{"type": "tool_result", "tool_use_id": "c1", "content": content}]));
    let computer = |verb: &str| {
        call(json!({"id": "c1", "type": "computer_20241022", "function": {"name": "computer", "arguments": "{}"},
            "computer_20241022": {"action": verb}}))
    };
    let cases = vec![
        (json!({}), Wrong("missing", "messages")),
        (json!({"messages": []}), Wrong("too_short", "messages")),
        (json!({"messages": {}}), Wrong("list_type", "messages")),
        (json!({"messages": [5]}), Wrong("model_attributes_type", "messages[0]")),
        (json!({"messages": [{"content": "hi"}]}), Wrong("missing", "messages[0].role")),
        (role(json!("user")), Fits),
        (role(json!("system")), Fits),
        (role(json!("developer")), Wrong("literal_error", "messages[0].role")),
        (role(json!("User")), Wrong("literal_error", "messages[0].role")),
        (role(Value::Null), Wrong("literal_error", "messages[0].role")),
        (json!({"messages": [{"role": "tool", "content": "hi", "tool_call_id": "c1"}]}), Status(400)),
        (parts(Value::Null), Fits),
        (parts(json!(["a", "b"])), Fits),
        (parts(json!([])), Fits),
        (parts(json!(5)), Wrong("string_type", "messages[0].content")),
        (parts(json!({"type": "text", "text": "a"})), Wrong("string_type", "messages[0].content")),
        (parts(json!([{"text": "no type"}])), Fits),
        (parts(json!([{"type": "text"}])), Wrong("missing", "messages[0].content[0].text")),
        (parts(json!([{"type": "sound", "text": "a"}])), Wrong("literal_error", "messages[0].content[0].type")),
        (image(json!({"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "high"})), Fits),
        (image(json!({"url": "https://x.test/a.png"})), Fits),
        (
            image(json!({"url": "https://x.test/a.png", "detail": "max"})),
            Wrong("literal_error", "messages[0].content[0].image_url.detail"),
        ),
        (image(json!({})), Wrong("missing", "messages[0].content[0].image_url.url")),
        (image(json!("https://x.test/a.png")), Wrong("model_attributes_type", "messages[0].content[0].image_url")),
        (parts(json!([{"type": "image", "source": base64}])), Wrong("literal_error", "messages[0].content[0].type")),
        (result(json!("a text")), Wrong("list_type", "messages[0].content[0].content")),
        (
            result(json!([{"type": "text", "text": "a"}, {"type": "image", "source": base64}])),
            Wrong("literal_error", "messages[0].content[0].content[1].type"),
        ),
        (result(json!([{"type": "text", "text": "a"}])), Status(400)),
        (message(&json!({"name": 5})), Wrong("string_type", "messages[0].name")),
        (message(&json!({"name": "Bob", "content": "hi"})), Fits),
        (message(&json!({"tool_call_id": 5})), Wrong("string_type", "messages[0].tool_call_id")),
        (message(&json!({"tool_calls": {}})), Wrong("list_type", "messages[0].tool_calls")),
        (message(&json!({"tool_calls": null, "content": "hi"})), Fits),
        (computer("screenshot"), Fits),
        (computer("dance"), Wrong("literal_error", "messages[0].tool_calls[0].computer_20241022.action")),
        (call(json!({"command": "view", "path": "/a"})), Fits),
        (call(json!({"command": "create", "path": "/a", "file_text": "x"})), Fits),
        (
            call(json!({"type": "magic", "function": {"name": "x"}})),
            Wrong("literal_error", "messages[0].tool_calls[0].type"),
        ),
        (
            call(json!({"type": "function", "function": {}})),
            Wrong("missing", "messages[0].tool_calls[0].function.name"),
        ),
        (call(json!({"id": 5, "function": {"name": "x"}})), Wrong("string_type", "messages[0].tool_calls[0].id")),
        (
            call(json!({"function": {"name": "x", "arguments": {}}})),
            Wrong("string_type", "messages[0].tool_calls[0].function.arguments"),
        ),
        (call(json!({"function": {"name": "x", "arguments": "{no json"}})), Fits),
    ];
    while_served(LONG, async |served| all(served, cases).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_a_request_have_their_shapes() {
    let named = |name: Value| tool(json!({"name": name, "type": "function"}));
    let typed = |kind: &str, spec: Value| {
        tool(Value::Object(Map::from_iter([
            ("name".to_owned(), json!("t")),
            ("type".to_owned(), json!(kind)),
            (kind.to_owned(), spec),
        ])))
    };
    let screen = |field: &str, value: u64| {
        typed("computer_20241022", Value::Object(Map::from_iter([(field.to_owned(), json!(value))])))
    };
    let api = |method: &str, url: &str| typed("api_call", json!({"method": method, "url": url}));
    let system =
        |resource: &str, operation: &str| typed("system", json!({"resource": resource, "operation": operation}));
    let at = |place: &str| -> &'static str { Box::leak(format!("tools[0].{place}").into_boxed_str()) };
    let mut cases = vec![
        (with("tools", &json!([])), Fits),
        (with("tools", &Value::Null), Fits),
        (with("tools", &json!({})), Wrong("list_type", "tools")),
        (with("tools", &json!(["look"])), Wrong("model_attributes_type", "tools[0]")),
        (named(json!("x".repeat(40))), Fits),
        (named(json!("x".repeat(41))), Wrong("string_too_long", "tools[0].name")),
        (named(json!("héllo_1")), Fits),
        (named(json!("my-tool")), Wrong("string_pattern_mismatch", "tools[0].name")),
        (named(json!("1a")), Wrong("string_pattern_mismatch", "tools[0].name")),
        (named(json!("")), Wrong("string_pattern_mismatch", "tools[0].name")),
        (named(json!(5)), Wrong("string_type", "tools[0].name")),
        (tool(json!({"type": "function"})), Wrong("missing", "tools[0].name")),
        (tool(json!({"name": "t"})), Wrong("missing", "tools[0].type")),
        (tool(json!({"name": "t", "type": "magic"})), Wrong("literal_error", "tools[0].type")),
        (tool(json!({"name": "t", "type": "function", "description": "x".repeat(16_000)})), Fits),
        (
            tool(json!({"name": "t", "type": "function", "description": "x".repeat(16_001)})),
            Wrong("string_too_long", "tools[0].description"),
        ),
        (typed("function", json!({"parameters": []})), Wrong("dict_type", "tools[0].function.parameters")),
        (screen("display_width_px", 600), Fits),
        (screen("display_width_px", 599), Wrong("greater_than_equal", at("computer_20241022.display_width_px"))),
        (screen("display_height_px", 400), Fits),
        (screen("display_height_px", 399), Wrong("greater_than_equal", at("computer_20241022.display_height_px"))),
        (screen("display_number", 1), Fits),
        (screen("display_number", 10), Fits),
        (screen("display_number", 0), Wrong("greater_than_equal", at("computer_20241022.display_number"))),
        (screen("display_number", 11), Wrong("less_than_equal", at("computer_20241022.display_number"))),
        (typed("computer_20241022", json!({"name": "screen"})), Wrong("literal_error", at("computer_20241022.name"))),
        (typed("text_editor_20241022", json!({"name": "vi"})), Wrong("literal_error", at("text_editor_20241022.name"))),
        (typed("bash_20241022", json!({"type": "sh"})), Wrong("literal_error", at("bash_20241022.type"))),
        (api("get", "https://x.test"), Wrong("literal_error", "tools[0].api_call.method")),
        (api("GET", "nowhere"), Wrong("url_parsing", "tools[0].api_call.url")),
        (system("planet", "list"), Wrong("literal_error", "tools[0].system.resource")),
        (system("agent", "explode"), Wrong("literal_error", "tools[0].system.operation")),
        (
            typed("system", json!({"resource": "agent", "operation": "list", "subresource": "x"})),
            Wrong("literal_error", "tools[0].system.subresource"),
        ),
        (
            typed("system", json!({"resource": "agent", "operation": "get", "resource_id": "x"})),
            Wrong("uuid_parsing", "tools[0].system.resource_id"),
        ),
        (typed("integration", json!({"provider": "nobody"})), Wrong("literal_error", "tools[0].integration.provider")),
    ];
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    cases.extend(methods.map(|method| (api(method, "https://x.test"), Fits)));
    while_served(LONG, async |served| all(served, cases).await).await;
}

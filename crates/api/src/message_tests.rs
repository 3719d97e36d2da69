//! Every shape of a message, of its content and of its calls, and what is told of those that are none.

use serde_json::{Value, json};

use super::*;
use crate::{NestedCall, Part, Posted, ToolResultContent, check::read_value};

fn with(field: &str, value: Value) -> Value {
    let mut message = json!({"role": "assistant"});
    message[field] = value;
    message
}

/// The only mistake of a message, as its name in JSON and its place.
fn only_mistake(message: &Value) -> (Value, String) {
    let mut invalid = read_value::<Message>(message.clone()).expect_err(&message.to_string());
    assert_eq!(invalid.details.len(), 1, "one mistake in {message}: {invalid}");
    let detail = invalid.details.remove(0);
    (serde_json::to_value(detail.kind).expect("a name"), detail.loc)
}

#[test]
fn content_of_every_shape_comes_back_as_it_was_posted() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    for content in [
        json!(null),
        json!(""),
        json!("hi"),
        json!([]),
        json!(["a", "b"]),
        json!([{"type": "text", "text": "a"}]),
        json!([{"text": "no type", "cache_control": {"type": "ephemeral"}}]),
        json!([{"type": null, "text": "null type"}]),
        json!([{"image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}, "type": "image_url"}]),
        json!([{"image_url": {"url": "https://x.test/a.png"}}]),
        json!([{"type": "tool_result", "tool_use_id": "a", "content": []}]),
        json!([{"content": [{"type": "text", "text": "a"}, {"text": "b"}], "tool_use_id": "a"}]),
        json!([{"type": "tool_result", "tool_use_id": "a", "content": [image, {"source": image["source"]}]}]),
        json!([
            {"type": "text", "text": "a"},
            {"type": "tool_result", "tool_use_id": "a", "content": [image]},
            {"type": "image_url", "image_url": {"url": "x"}},
        ]),
        json!([{"text": "precise", "score": 0.300_000_000_000_000_04, "large": u64::MAX}]),
    ] {
        let posted = with("content", content.clone());
        let read: Message = read_value(posted.clone()).unwrap_or_else(|error| panic!("{content}: {error}"));
        let written = serde_json::to_value(&read).expect("JSON");
        assert_eq!(written["content"].to_string(), content.to_string());
        assert_eq!(read_value::<Message>(written).expect("fits again"), read);
    }
}

#[test]
fn a_part_without_a_type_is_what_its_fields_say() {
    let content = json!([
        {"text": "a"}, {"image_url": {"url": "x"}},
        {"tool_use_id": "a", "content": [{"source": {"media_type": "m", "data": "d"}}]},
    ]);
    let Some(Content::Parts(parts)) = read_value::<Message>(with("content", content)).expect("fits").content else {
        panic!("they are parts")
    };
    let [Part::Text(_), Part::ImageUrl(_), Part::ToolResult(result)] = [&*parts[0], &*parts[1], &*parts[2]] else {
        panic!("{parts:?}")
    };
    assert!(matches!(&result.content, ToolResultContent::Images(images) if images.len() == 1));
}

#[test]
fn content_becomes_parts_where_parts_are_wanted() {
    let as_parts =
        |content| serde_json::to_value(serde_json::from_value::<Content>(content).expect("fits").into_parts());
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(as_parts(json!(" hi ")).expect("JSON"), json!([text(" hi ")]));
    assert_eq!(as_parts(json!(["a", "b"])).expect("JSON"), json!([text("a"), text("b")]));
    assert_eq!(as_parts(json!([{"text": "a", "x": 1}])).expect("JSON"), json!([{"text": "a", "x": 1}]));
}

#[test]
fn wrong_content_is_one_mistake_of_the_branch_that_was_meant() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    let result = |content: Value| json!([{"type": "tool_result", "tool_use_id": "a", "content": content}]);
    for (content, kind, loc) in [
        (json!(5), "string_type", "content"),
        (json!({"type": "text", "text": "a"}), "string_type", "content"),
        (json!([5]), "string_type", "content[0]"),
        (json!(["a", {"type": "text", "text": "b"}]), "string_type", "content[1]"),
        (json!([{"type": "text", "text": "a"}, "b"]), "model_attributes_type", "content[1]"),
        (json!([{}]), "missing", "content[0].text"),
        (json!([{"type": "text"}]), "missing", "content[0].text"),
        (json!([{"type": "text", "text": 5}]), "string_type", "content[0].text"),
        (json!([{"type": "audio", "data": "x"}]), "literal_error", "content[0].type"),
        (json!([image]), "literal_error", "content[0].type"),
        (json!([{"type": "image_url", "image_url": "x"}]), "model_attributes_type", "content[0].image_url"),
        (json!([{"type": "image_url", "image_url": {}}]), "missing", "content[0].image_url.url"),
        (json!([{"image_url": {"url": "x", "detail": "huge"}}]), "literal_error", "content[0].image_url.detail"),
        (json!([{"type": "tool_result", "content": []}]), "missing", "content[0].tool_use_id"),
        (result(json!("bare")), "list_type", "content[0].content"),
        (result(json!([{"type": "text", "text": "a"}, image])), "literal_error", "content[0].content[1].type"),
        (result(json!([image, {"type": "text", "text": "a"}])), "literal_error", "content[0].content[1].type"),
        (
            result(json!([{"type": "image", "source": {"data": "a"}}])),
            "missing",
            "content[0].content[0].source.media_type",
        ),
        (
            result(json!([{"type": "image", "source": {"type": "url", "media_type": "a", "data": "b"}}])),
            "literal_error",
            "content[0].content[0].source.type",
        ),
    ] {
        assert_eq!(only_mistake(&with("content", content.clone())), (json!(kind), loc.to_owned()), "{content}");
    }
}

#[test]
fn calls_of_every_shape_come_back_as_they_were_posted() {
    for call in [
        json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": "{ \"a\" :1}"}}),
        json!({"function": {"name": "f"}}),
        json!({"id": null, "type": "function", "function": {"arguments": "not JSON {{", "name": "f"}, "integration": null,
               "system": null, "api_call": null, "computer_20241022": null, "bash_20241022": null}),
        json!({"id": "1", "type": "api_call", "function": {"name": "get", "arguments": "{}"},
               "api_call": {"name": "get", "arguments": {}}}),
        json!({"id": "1", "type": "integration", "function": {"name": "w", "arguments": "{}"},
               "integration": {"name": "w"}}),
        json!({"id": "1", "type": "system", "function": {"name": "s", "arguments": "{}"}, "system": {}}),
        json!({"id": "1", "type": "bash_20250124", "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"},
               "bash_20250124": {"command": "ls", "timeout": 5}}),
        json!({"id": "1", "type": "text_editor_20250728", "function": {"name": "e", "arguments": "{}"},
               "text_editor_20250728": {"command": "create", "path": "/a", "file_text": "\r\n"}}),
        json!({"id": "1", "type": "computer_20251124", "function": {"name": "computer", "arguments": "{}"},
               "computer_20251124": {"action": "zoom", "region": [0, 0, 10, 10]}}),
        json!({"action": "mouse_move", "coordinate": [1, 2]}),
        json!({"text": "a", "action": "type"}),
        json!({"command": "view", "path": "/", "view_range": [1, -1]}),
        json!({"command": "create", "path": "/a", "file_text": ""}),
        json!({"command": "ls -la"}),
        json!({"restart": true}),
    ] {
        let read: Message =
            read_value(with("tool_calls", json!([call]))).unwrap_or_else(|error| panic!("{call}: {error}"));
        let written = serde_json::to_value(&read).expect("JSON");
        assert_eq!(written["tool_calls"][0].to_string(), call.to_string());
    }
}

#[test]
fn a_call_is_read_as_what_it_is() {
    let read = |call: Value| serde_json::from_value::<StoredCall>(call).expect("fits").into_read();
    assert!(matches!(read(json!({"action": "screenshot"})), ChosenCall::Computer(_)));
    assert!(matches!(read(json!({"command": "view", "path": "/"})), ChosenCall::Editor(_)));
    assert!(matches!(read(json!({"command": "view"})), ChosenCall::Bash(_)));
    let ChosenCall::Nested(call) =
        read(json!({"type": "bash_20241022", "function": {"name": "bash"}, "bash_20241022": {"command": "ls"}}))
    else {
        panic!("it has a type")
    };
    let NestedCall { bash_20241022: Some(bash), .. } = *call else { panic!("it has arguments") };
    assert_eq!(bash.command.as_deref(), Some("ls"));
}

#[test]
fn a_wrong_call_is_one_mistake_of_the_branch_that_was_meant() {
    for (call, kind, loc) in [
        (json!("ls"), "model_attributes_type", "tool_calls[0]"),
        (json!({}), "missing", "tool_calls[0].function"),
        (json!({"type": "function"}), "missing", "tool_calls[0].function"),
        (json!({"type": "magic", "function": {"name": "f"}}), "literal_error", "tool_calls[0].type"),
        (json!({"type": "function", "function": {}}), "missing", "tool_calls[0].function.name"),
        (
            json!({"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}),
            "string_type",
            "tool_calls[0].function.arguments",
        ),
        (json!({"type": "bash_20241022", "command": "ls"}), "missing", "tool_calls[0].function"),
        (
            json!({"type": "bash_20241022", "function": {"name": "b"}, "bash_20241022": {"restart": 1}}),
            "bool_type",
            "tool_calls[0].bash_20241022.restart",
        ),
        (json!({"action": "fly"}), "literal_error", "tool_calls[0].action"),
        (json!({"action": "key", "coordinate": [1.5]}), "int_from_float", "tool_calls[0].coordinate[0]"),
        (json!({"command": "rm", "path": "/"}), "literal_error", "tool_calls[0].command"),
        (json!({"path": "/"}), "missing", "tool_calls[0].command"),
        (json!({"command": 5}), "string_type", "tool_calls[0].command"),
    ] {
        assert_eq!(only_mistake(&with("tool_calls", json!([call.clone()]))), (json!(kind), loc.to_owned()), "{call}");
    }
}

#[test]
fn a_message_has_a_role_that_is_known() {
    for role in ["user", "assistant", "system", "tool"] {
        read_value::<Message>(json!({"role": role, "name": null, "tool_call_id": "1", "tool_calls": null}))
            .expect(role);
    }
    for (role, kind) in
        [(json!("developer"), "literal_error"), (json!(null), "literal_error"), (json!(1), "literal_error")]
    {
        assert_eq!(only_mistake(&json!({"role": role})), (json!(kind), "role".to_owned()));
    }
    assert_eq!(only_mistake(&json!({"content": "hi"})), (json!("missing"), "role".to_owned()));
}

#[test]
fn a_call_of_our_own_is_written_as_it_is() {
    let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let read: ChosenCall = serde_json::from_value(call.clone()).expect("fits");
    assert_eq!(serde_json::to_value(Posted::own(read)).expect("JSON"), call);
}

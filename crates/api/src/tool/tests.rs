use serde_json::{Value, json};

use super::*;
use crate::check::read_value;

fn tool(kind: &str, spec: Value) -> Value {
    let mut tool = json!({"name": "tool", "type": kind});
    tool[kind] = spec;
    tool
}

/// The only mistake of a definition, as its name in JSON and its place.
fn only_mistake(definition: &Value) -> (Value, String) {
    let mut invalid = read_value::<ToolDefinition>(definition.clone()).expect_err(&definition.to_string());
    assert_eq!(invalid.details.len(), 1, "one mistake in {definition}: {invalid}");
    let detail = invalid.details.remove(0);
    (serde_json::to_value(detail.kind).expect("a name"), detail.loc)
}

#[test]
fn every_type_is_read_under_the_key_of_its_name() {
    for (kind, spec) in [
        ("function", json!({"parameters": {"type": "object"}, "name": 5, "description": [1]})),
        ("integration", json!({"provider": "weather", "method": "get", "setup": {"key": "k"}, "arguments": null})),
        ("system", json!({"resource": "agent", "subresource": "doc", "operation": "search", "arguments": {}})),
        ("api_call", json!({"method": "GET", "url": "https://x.test/"})),
        ("computer_20241022", json!({"display_width_px": 600, "display_height_px": 400, "display_number": 10})),
        ("computer_20250124", json!({})),
        ("computer_20251124", json!({"type": "computer_20251124", "name": "computer"})),
        ("text_editor_20241022", json!({"name": "str_replace_editor"})),
        ("text_editor_20250124", json!({"root": "/srv"})),
        ("text_editor_20250429", json!({"name": "str_replace_based_edit_tool"})),
        ("text_editor_20250728", json!({})),
        ("bash_20241022", json!({"type": "bash_20241022", "name": "bash"})),
        ("bash_20250124", json!({})),
    ] {
        let read: ToolDefinition = read_value(tool(kind, spec)).expect(kind);
        assert_eq!(serde_json::to_value(read.spec.kind()).expect("JSON"), kind);
        let written = serde_json::to_value(&read).expect("JSON");
        assert_eq!((&written["name"], &written["type"]), (&json!("tool"), &json!(kind)));
        assert_eq!(read_value::<ToolDefinition>(written).expect("fits again"), read);
    }
}

#[test]
fn tools_of_the_sandbox_and_functions_need_no_spec() {
    for kind in ["function", "computer_20241022", "text_editor_20250728", "bash_20250124"] {
        let alone: ToolDefinition = read_value(json!({"name": "tool", "type": kind})).expect(kind);
        assert_eq!(alone, read_value(tool(kind, json!(null))).expect(kind));
        assert_eq!(alone, read_value(tool(kind, json!({}))).expect(kind));
    }
    let usual: ToolDefinition = read_value(json!({"name": "tool", "type": "computer_20241022"})).expect("fits");
    let expected = json!({
        "type": "computer_20241022", "name": "computer", "display_width_px": 1024, "display_height_px": 768, "display_number": 1,
    });
    assert_eq!(serde_json::to_value(usual).expect("JSON")["computer_20241022"], expected);
}

#[test]
fn a_wrong_definition_is_one_mistake_where_it_is() {
    let api = |field: &str, value: Value| {
        let mut spec = json!({"method": "GET", "url": "https://x.test/"});
        spec[field] = value;
        tool("api_call", spec)
    };
    for (definition, kind, loc) in [
        (json!({"name": "tool"}), "missing", "type"),
        (json!({"name": "tool", "type": "magic"}), "literal_error", "type"),
        (json!({"name": "tool", "type": null}), "literal_error", "type"),
        (json!({"type": "function"}), "missing", "name"),
        (json!({"name": "tool", "type": "system"}), "missing", "system"),
        (json!({"name": "tool", "type": "api_call"}), "missing", "api_call"),
        (json!({"name": "tool", "type": "integration"}), "missing", "integration"),
        (tool("system", json!(null)), "model_attributes_type", "system"),
        (tool("integration", json!({"provider": "telepathy"})), "literal_error", "integration.provider"),
        (tool("system", json!({"resource": "planet", "operation": "get"})), "literal_error", "system.resource"),
        (tool("system", json!({"resource": "agent", "operation": "eat"})), "literal_error", "system.operation"),
        (
            tool("system", json!({"resource": "agent", "operation": "get", "subresource": "leg"})),
            "literal_error",
            "system.subresource",
        ),
        (
            tool("system", json!({"resource": "agent", "operation": "get", "resource_id": "x"})),
            "uuid_parsing",
            "system.resource_id",
        ),
        (api("method", json!("get")), "literal_error", "api_call.method"),
        (api("url", json!("")), "string_too_short", "api_call.url"),
        (api("url", json!("x.test")), "url_parsing", "api_call.url"),
        (api("headers", json!({"a": 1})), "string_type", "api_call.headers.a"),
        (api("secrets", json!({"a": {}})), "missing", "api_call.secrets.a.name"),
        (api("params", json!(5)), "string_type", "api_call.params"),
        (api("timeout", json!(0)), "greater_than_equal", "api_call.timeout"),
        (api("follow_redirects", json!("yes")), "bool_type", "api_call.follow_redirects"),
        (api("include_response_content", json!(null)), "bool_type", "api_call.include_response_content"),
        (api("params_schema", json!({})), "missing", "api_call.params_schema.properties"),
        (api("params_schema", json!({"properties": {"q": {}}})), "missing", "api_call.params_schema.properties.q.type"),
        (
            tool("computer_20241022", json!({"display_width_px": 599})),
            "greater_than_equal",
            "computer_20241022.display_width_px",
        ),
        (
            tool("computer_20250124", json!({"display_height_px": 399})),
            "greater_than_equal",
            "computer_20250124.display_height_px",
        ),
        (
            tool("computer_20251124", json!({"display_number": 0})),
            "greater_than_equal",
            "computer_20251124.display_number",
        ),
        (
            tool("computer_20251124", json!({"display_number": 11})),
            "less_than_equal",
            "computer_20251124.display_number",
        ),
        (tool("bash_20241022", json!({"type": "bash_20250124"})), "literal_error", "bash_20241022.type"),
        (tool("text_editor_20250429", json!({"name": "vi"})), "literal_error", "text_editor_20250429.name"),
        (tool("text_editor_20250429", json!({"root": "work"})), "string_pattern_mismatch", "text_editor_20250429.root"),
    ] {
        assert_eq!(only_mistake(&definition), (json!(kind), loc.to_owned()), "{definition}");
    }
}

#[test]
fn a_name_is_an_identifier_of_any_script() {
    let named = |name: &str| json!({"name": name, "type": "function"});
    for name in ["f", "_f", "héllo", "世界_2", "x".repeat(40).as_str()] {
        read_value::<ToolDefinition>(named(name)).expect(name);
    }
    for name in ["", "my-tool", "1a", "a b", "a.b"] {
        assert_eq!(only_mistake(&named(name)), (json!("string_pattern_mismatch"), "name".to_owned()), "{name}");
    }
    assert_eq!(only_mistake(&named(&"x".repeat(41))), (json!("string_too_long"), "name".to_owned()));
    let described = |count: usize| json!({"name": "f", "type": "function", "description": "é".repeat(count)});
    read_value::<ToolDefinition>(described(16_000)).expect("at its edge");
    assert_eq!(only_mistake(&described(16_001)), (json!("string_too_long"), "description".to_owned()));
}

#[test]
fn urls_are_normalised_unless_they_hold_a_template() {
    for (posted, kept) in [
        ("http://x", "http://x/"),
        ("HTTPS://X.test/a?b={c}", "https://x.test/a?b={c}"),
        ("https://x.test/{{ secrets.KEY }}/a", "https://x.test/{{ secrets.KEY }}/a"),
        ("$ f\"https://x.test/{secrets.KEY}\"", "$ f\"https://x.test/{secrets.KEY}\""),
    ] {
        let read: ToolDefinition = read_value(tool("api_call", json!({"method": "GET", "url": posted}))).expect(posted);
        let ToolSpec::ApiCall { api_call } = read.spec else { panic!("an API call") };
        assert_eq!(api_call.url, kept);
    }
}

#[test]
fn a_schema_of_parameters_is_kept_as_it_was_posted() {
    let schema = json!({"properties": {"q": {"type": "string", "minLength": 2}}, "required": ["q"], "$defs": {}});
    let spec = json!({"method": "GET", "url": "https://x.test/", "params_schema": schema});
    let read: ToolDefinition = read_value(tool("api_call", spec)).expect("fits");
    assert_eq!(serde_json::to_value(read).expect("JSON")["api_call"]["params_schema"], schema);
}

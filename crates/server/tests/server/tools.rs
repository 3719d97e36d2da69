use serde_json::{Value, json};

use crate::support::{NOBODY, Place, same_keys};

/// A definition of each type, with all that it may have.
fn definitions() -> Vec<Value> {
    let api_call = json!({
        "method": "POST", "url": "https://x.test/{{ secrets.A }}", "schema": {"type": "object"}, "headers": {"a": "b"},
        "secrets": {"A": {"name": "B"}}, "content": "aGk=", "data": {"a": 0.1}, "files": {"f": 1}, "json": {"b": [null]},
        "cookies": {"c": "d"}, "params": {"q": 1}, "follow_redirects": false, "timeout": 5,
        "include_response_content": false,
        "params_schema": {"type": "object", "properties": {"q": {"type": "string", "minLength": 2}}, "$defs": {}},
    });
    let computer = |kind: &str| json!({"type": kind, "name": "computer", "display_width_px": 600, "display_height_px": 400, "display_number": 10});
    let editor = |kind: &str, name: &str| json!({"type": kind, "name": name, "root": "/srv"});
    let old = "str_replace_editor";
    let new = "str_replace_based_edit_tool";
    let specs = [
        (
            "function",
            json!({"name": null, "description": "d", "parameters": {"type": "object", "properties": {"x": {"const": 12345678901234567890_u64}}}}),
        ),
        (
            "integration",
            json!({"provider": "weather", "method": "get", "setup": {"key": "k"}, "arguments": {"a": 1e-7}}),
        ),
        (
            "system",
            json!({"resource": "agent", "operation": "search", "subresource": "doc", "resource_id": NOBODY, "arguments": {}}),
        ),
        ("api_call", api_call),
        ("computer_20241022", computer("computer_20241022")),
        ("computer_20250124", computer("computer_20250124")),
        ("computer_20251124", computer("computer_20251124")),
        ("text_editor_20241022", editor("text_editor_20241022", old)),
        ("text_editor_20250124", editor("text_editor_20250124", old)),
        ("text_editor_20250429", editor("text_editor_20250429", new)),
        ("text_editor_20250728", editor("text_editor_20250728", new)),
        ("bash_20241022", json!({"type": "bash_20241022", "name": "bash"})),
        ("bash_20250124", json!({"type": "bash_20250124", "name": "bash"})),
    ];
    let definition = |(kind, spec): (&str, Value)| {
        let mut definition = json!({"name": format!("t_{kind}"), "description": "d\u{0}é", "type": kind});
        definition[kind] = spec;
        definition
    };
    specs.into_iter().map(definition).collect()
}

#[tokio::test]
async fn definitions_of_all_types_are_read_as_they_were_given() {
    let place = Place::new().await;
    let path = format!("/agents/{}/tools", place.agent().await);
    for definition in definitions() {
        let created = place.post(&path, &definition).await;
        assert_eq!(created.status, 201, "{}", created.body);
        let put = place.put(&format!("{path}/{}", created.id()), &definition).await;
        assert_eq!((put.status, &put.body["id"]), (200, &created.body["id"]));
        for body in [&created.body, &put.body] {
            assert_eq!(&same_keys(&definition, body), &definition);
        }
    }
    let listed = place.get(&format!("{path}?direction=asc")).await;
    assert_eq!((listed.status, &listed.body["total"]), (200, &json!(13)));
    for (definition, item) in definitions().iter().zip(listed.body["items"].as_array().expect("a list")) {
        assert_eq!(&same_keys(definition, item), definition);
    }
}

#[tokio::test]
async fn a_tool_is_changed_and_deleted() {
    let place = Place::new().await;
    let path = format!("/agents/{}/tools", place.agent().await);
    let id = place.made(&path, &json!({"name": "look", "type": "function"})).await;
    let item = format!("{path}/{id}");
    let patched = place.patch(&item, &json!({"description": "new"})).await;
    assert_eq!(
        (patched.status, &patched.body["name"], &patched.body["description"]),
        (200, &json!("look"), &json!("new"))
    );
    let bash = place.patch(&item, &json!({"type": "bash_20250124"})).await;
    assert_eq!((bash.status, &bash.body["bash_20250124"]["name"]), (200, &json!("bash")));
    assert!(bash.body["function"].is_null());
    assert_eq!(place.patch(&item, &json!({"type": "system"})).await.mistakes(), [("missing", "system")]);
    let deleted = place.delete(&item).await;
    assert_eq!((deleted.status, &deleted.body["id"]), (200, &json!(id)));
    assert_eq!(place.delete(&item).await.status, 404);
    // There is no route to read one tool.
    assert_eq!(place.get(&item).await.status, 405);
}

#[tokio::test]
async fn a_second_tool_of_a_name_is_refused() {
    let place = Place::new().await;
    let (one, other) = (place.agent().await, place.agent().await);
    let tool = json!({"name": "look", "type": "function"});
    let path = format!("/agents/{one}/tools");
    place.made(&path, &tool).await;
    let again = place.post(&path, &tool).await;
    assert_eq!((again.status, &again.headers["x-should-retry"]), (409, &"false".parse().expect("a value")));
    let next = place.made(&path, &json!({"name": "see", "type": "function"})).await;
    assert_eq!(place.patch(&format!("{path}/{next}"), &json!({"name": "look"})).await.status, 409);
    place.made(&format!("/agents/{other}/tools"), &tool).await;
}

#[tokio::test]
async fn a_tool_is_its_agents_alone() {
    let place = Place::new().await;
    let (one, other, user) = (place.agent().await, place.agent().await, place.user().await);
    let tool = json!({"name": "look", "type": "function"});
    let id = place.made(&format!("/agents/{one}/tools"), &tool).await;
    for agent in [other.as_str(), NOBODY, user.as_str()] {
        let item = format!("/agents/{agent}/tools/{id}");
        assert_eq!(place.put(&item, &tool).await.status, 404, "{agent}");
        assert_eq!(place.patch(&item, &json!({})).await.status, 404, "{agent}");
        assert_eq!(place.delete(&item).await.status, 404, "{agent}");
    }
    for agent in [NOBODY, user.as_str()] {
        assert_eq!(place.get(&format!("/agents/{agent}/tools")).await.status, 404);
        assert_eq!(place.post(&format!("/agents/{agent}/tools"), &tool).await.status, 404);
    }
    assert_eq!(place.delete(&format!("/agents/{one}")).await.status, 202);
    assert_eq!(place.get(&format!("/agents/{one}/tools")).await.status, 404);
}

#[tokio::test]
async fn a_wrong_definition_is_told_where_it_is_wrong() {
    let place = Place::new().await;
    let path = format!("/agents/{}/tools", place.agent().await);
    for (body, mistake) in [
        (json!({"name": "my-tool", "type": "function"}), ("string_pattern_mismatch", "name")),
        (json!({"name": "x".repeat(41), "type": "function"}), ("string_too_long", "name")),
        (json!({"name": "x", "type": "magic"}), ("literal_error", "type")),
        (json!({"name": "x", "type": "system"}), ("missing", "system")),
        (
            json!({"name": "x", "type": "computer_20241022", "computer_20241022": {"display_width_px": 599}}),
            ("greater_than_equal", "computer_20241022.display_width_px"),
        ),
    ] {
        assert_eq!(place.post(&path, &body).await.mistakes(), [mistake], "{body}");
    }
}

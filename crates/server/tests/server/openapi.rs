use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Place;

/// The names of all schemas that a document speaks of.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("$ref") {
                found.push(name.strip_prefix("#/components/schemas/").expect("a schema"));
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_names_every_route_and_every_schema_that_it_speaks_of() {
    let place = Place::new().await;
    let document = place.get("/openapi.json").await.body;
    let (mut routes, mut ids) = (Vec::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let id = operation["operationId"].as_str().expect("a name");
            assert!(ids.insert(id), "{id} is there twice");
            assert_eq!(operation["responses"]["default"]["description"], "An error");
            routes.push(format!("{method} {path}"));
        }
    }
    routes.sort();
    let expected = [
        "delete /agents/{agent_id}",
        "delete /agents/{agent_id}/docs",
        "delete /agents/{agent_id}/docs/{doc_id}",
        "delete /agents/{agent_id}/tools/{tool_id}",
        "delete /sessions/{session_id}",
        "delete /sessions/{session_id}/history",
        "delete /users/{user_id}",
        "delete /users/{user_id}/docs",
        "delete /users/{user_id}/docs/{doc_id}",
        "get /agents",
        "get /agents/models",
        "get /agents/{agent_id}",
        "get /agents/{agent_id}/docs",
        "get /agents/{agent_id}/tools",
        "get /docs/{doc_id}",
        "get /healthz",
        "get /jobs/{job_id}",
        "get /projects",
        "get /sessions",
        "get /sessions/{session_id}",
        "get /sessions/{session_id}/approvals",
        "get /sessions/{session_id}/events",
        "get /sessions/{session_id}/files/{path}",
        "get /sessions/{session_id}/history",
        "get /sessions/{session_id}/screenshot",
        "get /users",
        "get /users/{user_id}",
        "get /users/{user_id}/docs",
        "get /v1/models",
        "patch /agents/{agent_id}",
        "patch /agents/{agent_id}/tools/{tool_id}",
        "patch /sessions/{session_id}",
        "patch /users/{user_id}",
        "post /agents",
        "post /agents/{agent_id}",
        "post /agents/{agent_id}/docs",
        "post /agents/{agent_id}/search",
        "post /agents/{agent_id}/tools",
        "post /projects",
        "post /sessions",
        "post /sessions/{session_id}",
        "post /sessions/{session_id}/approvals",
        "post /sessions/{session_id}/cancel",
        "post /sessions/{session_id}/chat",
        "post /sessions/{session_id}/render",
        "post /users",
        "post /users/{user_id}",
        "post /users/{user_id}/docs",
        "post /users/{user_id}/search",
        "post /v1/chat/completions",
        "put /agents/{agent_id}",
        "put /agents/{agent_id}/tools/{tool_id}",
        "put /sessions/{session_id}",
        "put /sessions/{session_id}/files/{path}",
        "put /users/{user_id}",
    ];
    assert_eq!(routes, expected);
    let mut spoken_of = Vec::new();
    references(&document, &mut spoken_of);
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for name in spoken_of {
        assert!(schemas.contains_key(name), "`{name}` is not described");
    }
    for (path, name) in [
        ("/agents", "Agent"),
        ("/users", "User"),
        ("/agents/{agent_id}/tools", "Tool"),
        ("/users/{user_id}/docs", "Doc"),
    ] {
        let page = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(page["properties"]["items"]["items"]["$ref"], format!("#/components/schemas/{name}"));
    }
    assert_eq!(schemas["AgentForm"]["properties"]["name"]["maxLength"], 255);
    assert_eq!(schemas["AgentPatch"]["required"], Value::Null);
}

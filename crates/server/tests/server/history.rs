use handspike_store::{EntriesOfTurn, NewEntry, StepWrites, TurnEnd};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::Place;

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("{value} is no object") };
    map
}

fn entry(source: &str, role: &str, body: Value) -> NewEntry {
    NewEntry { token_count: Some(7), ..NewEntry::new(source, role, map(body)) }
}

#[tokio::test]
async fn a_history_is_what_was_said_as_it_was_said() {
    let place = Place::new().await;
    let session = place.made("/sessions", &json!({"agent": place.agent().await})).await;
    let path = format!("/sessions/{session}/history");
    let empty = place.get(&path).await;
    assert_eq!((empty.status, &empty.body["entries"], &empty.body["relations"]), (200, &json!([]), &json!([])));
    assert_eq!(empty.body["session_id"], json!(session));

    let call = json!({"id": "c1", "type": "bash_20250124", "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"},
        "bash_20250124": {"command": "ls"}, "nobody": [1.50]});
    let parts = json!([{"type": "text", "text": "look", "cache": true}, {"image_url": {"url": "data:x"}}]);
    let entries = [
        entry("api_request", "user", json!({"content": parts, "name": "Bob"})),
        entry(
            "tool_request",
            "assistant",
            json!({"content": null, "tool_calls": [call], "model": "gpt-4o", "tokenizer": "o200k"}),
        ),
        entry("tool_response", "tool", json!({"content": "out", "tool_call_id": "c1"})),
        entry("internal", "system", json!({"content": "a note"})),
        entry("api_response", "assistant", json!({"content": "done"})),
    ];
    let id: Uuid = session.parse().expect("an id");
    place.store.append_entries(id, &entries).await.expect("stored");
    let read = place.get(&path).await.body["entries"].clone();
    let roles: Vec<_> = read.as_array().expect("a list").iter().map(|entry| entry["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant"]);
    assert_eq!((&read[0]["content"], &read[0]["name"], &read[0]["token_count"]), (&parts, &json!("Bob"), &json!(7)));
    assert_eq!(
        (&read[1]["tool_calls"][0], &read[1]["model"], &read[1]["tokenizer"]),
        (&call, &json!("gpt-4o"), &json!("o200k"))
    );
    assert_eq!((&read[2]["tool_call_id"], &read[2]["source"]), (&json!("c1"), &json!("tool_response")));
    assert_eq!(read[3]["id"], json!(entries[4].id));

    let cleared = place.delete(&path).await;
    assert_eq!((cleared.status, &cleared.body["id"]), (202, &json!(session)));
    assert_eq!(place.get(&path).await.body["entries"], json!([]));
}

#[tokio::test]
async fn what_failed_is_shown_to_those_who_ask() {
    let place = Place::new().await;
    let session = place.made("/sessions", &json!({"agent": place.agent().await})).await;
    let (id, path) = (session.parse::<Uuid>().expect("an id"), format!("/sessions/{session}/history"));
    let turn = place.store.begin_turn(id, &Value::Null).await.expect("a turn");
    let busy = place.delete(&path).await;
    assert_eq!((busy.status, &busy.headers["retry-after"]), (409, &"1".parse().expect("a value")));
    let entries = vec![entry("api_request", "user", json!({"content": "hi"}))];
    let end = TurnEnd { outcome: "failed".to_owned(), detail: Value::Null, entries: EntriesOfTurn::Failed };
    let writes = StepWrites { entries, end: Some(end), ..StepWrites::default() };
    place.store.commit(id, turn, &writes).await.expect("committed");
    for (query, count) in [("", 0), ("?include_failed=false", 0), ("?include_failed=true", 1), ("?include_failed=1", 1)]
    {
        let entries = place.get(&format!("{path}{query}")).await.body["entries"].clone();
        assert_eq!(entries.as_array().map(Vec::len), Some(count), "{query}");
    }
    let wrong = place.get(&format!("{path}?include_failed=perhaps")).await;
    assert_eq!(wrong.mistakes(), [("bool_type", "query.include_failed")]);
}

#[tokio::test]
async fn a_long_history_is_whole() {
    let place = Place::new().await;
    let session = place.made("/sessions", &json!({"agent": place.agent().await})).await;
    let entries: Vec<_> =
        (0..2500).map(|turn| entry("api_request", "user", json!({"content": turn.to_string()}))).collect();
    place.store.append_entries(session.parse().expect("an id"), &entries).await.expect("stored");
    let read = place.get(&format!("/sessions/{session}/history")).await.body["entries"].clone();
    let read: Vec<_> = read.as_array().expect("a list").iter().map(|entry| entry["content"].clone()).collect();
    assert_eq!((read.len(), &read[0], &read[2499]), (2500, &json!("0"), &json!("2499")));
}

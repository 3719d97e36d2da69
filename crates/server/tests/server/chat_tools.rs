use std::time::Duration;

use handspike_server::Defaults;
use handspike_types::{BashVersion, ComputerVersion, EditorVersion, Message};
use serde_json::{Value, json};

use crate::{
    fakes::{PICTURE, call, say},
    support::Place,
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

fn bash() -> Value {
    json!({"name": "bash", "type": "bash_20241022"})
}

fn function(name: &str) -> Value {
    json!({"name": name, "type": "function", "function": {"parameters": {"type": "object", "properties": {"x": {"type": "string"}}}}})
}

#[tokio::test]
async fn tools_of_the_sandbox_run_here_and_the_whole_turn_is_answered() {
    let place = Place::new().await;
    let computer = json!({"name": "computer", "type": "computer_20241022",
        "computer_20241022": {"display_width_px": 1280, "display_height_px": 800, "display_number": 3}});
    let session = place.session(&[bash(), computer]).await;
    place.models.will([
        call([("c1", "bash", json!({"command": "ls"})), ("c2", "computer", json!({"action": "screenshot"}))]),
        say("done"),
    ]);
    let answer = place.chat(&session, &user("look")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["choices"][0]["message"]["content"], "done");
    assert_eq!(answer.body["usage"]["total_tokens"], 22, "the sum over the turn");
    let messages = answer.body["messages"].as_array().expect("a list");
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap_or_default()).collect();
    assert_eq!(roles, ["assistant", "tool", "tool", "assistant"]);
    let first = &messages[0]["tool_calls"][0];
    assert_eq!((&first["type"], &first["id"]), (&json!("bash_20241022"), &json!("c1")));
    assert_eq!(first["function"], json!({"name": "bash", "arguments": "{\"command\":\"ls\"}"}));
    assert_eq!(first["bash_20241022"], json!({"command": "ls"}));
    assert_eq!((&messages[1]["tool_call_id"], &messages[1]["content"]), (&json!("c1"), &json!("$ ls")));
    let picture = json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PICTURE}"), "detail": "auto"}});
    assert_eq!(messages[2]["content"], json!([{"type": "text", "text": "the screen"}, picture]));

    let sources: Vec<_> = place.history(&session).await.into_iter().map(|(source, ..)| source).collect();
    assert_eq!(sources, ["api_request", "tool_request", "tool_response", "tool_response", "api_response"]);
    assert_eq!(place.history(&session).await[3].2, messages[2]["content"], "with its bytes");
    let wishes = place.sandboxes.wishes()[0];
    assert_eq!((wishes.screen, wishes.display), (Some((1280, 800)), Some(3)));
    let first = &place.sandboxes.calls()[0];
    assert_eq!((first.session.to_string(), &first.arguments["command"]), (session.clone(), &json!("ls")));

    // The next turn goes on from all of it, pictures included.
    place.models.will([say("more")]);
    place.chat(&session, &user("and?")).await;
    let asked = place.models.last().messages;
    let Message::Tools { results } = &asked[2] else { panic!("{asked:?}") };
    assert_eq!((results[0].output.joined_text().as_str(), results[1].output.content.len()), ("$ ls", 2));
    assert_eq!(asked.len(), 5);
}

#[tokio::test]
async fn tools_have_the_names_and_versions_of_their_definitions() {
    let place = Place::new().await;
    let tools = [
        json!({"name": "shell_one", "type": "bash_20241022", "description": "Mine."}),
        json!({"name": "edit", "type": "text_editor_20250728", "text_editor_20250728": {"root": "/srv"}}),
        json!({"name": "screen", "type": "computer_20251124"}),
        json!({"name": "shell_two", "type": "bash_20250124"}),
        function("ask"),
    ];
    let session = place.session(&tools).await;
    place.models.will([
        call([
            ("c1", "shell_one", json!({"command": "a"})),
            ("c2", "edit", json!({"command": "view", "path": "/srv/x"})),
            ("c3", "shell_two", json!({"command": "b"})),
            ("c4", "screen", json!({"action": "screenshot"})),
        ]),
        say("done"),
    ]);
    assert_eq!(place.chat(&session, &user("go")).await.status, 201);
    let offered = place.models.last().tools;
    let names: Vec<_> = offered.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["shell_one", "edit", "screen", "shell_two", "ask"]);
    assert!(offered[0].description.starts_with("Mine.\n\nRuns a command"), "{}", offered[0].description);
    assert!(offered[2].description.ends_with("The screen has 1024x768 pixels."));
    assert_eq!(offered[4].parameters["properties"]["x"]["type"], "string");
    let calls = place.sandboxes.calls();
    let ran: Vec<_> = calls.iter().map(|call| call.tool.as_str()).collect();
    assert_eq!(ran, ["bash", "str_replace_based_edit_tool", "bash", "computer"]);
    assert_eq!(
        (calls[0].settings.bash.version, calls[2].settings.bash.version),
        (BashVersion::V20241022, BashVersion::V20250124)
    );
    assert_eq!((calls[1].settings.editor.version, calls[1].settings.editor.roots.len()), (EditorVersion::V20250728, 1));
    assert_eq!(calls[3].settings.computer.version, ComputerVersion::V20251124);
}

#[tokio::test]
async fn a_requests_tools_stand_beside_the_agents_and_do_not_take_their_names() {
    let place = Place::new().await;
    let session = place.session(&[bash()]).await;
    place.models.will([say("a"), say("b")]);
    let mut body = user("hi");
    body["tools"] = json!([function("bash"), function("ask"), function("ask")]);
    body["tool_choice"] = json!({"type": "function", "function": {"name": "ask"}});
    assert_eq!(place.chat(&session, &body).await.status, 201);
    let names: Vec<_> = place.models.last().tools.iter().map(|tool| tool.name.clone()).collect();
    assert_eq!(names, ["bash", "ask"]);
    assert!(place.models.last().tools[0].description.starts_with("Runs a command"));
    assert_eq!(place.chat(&session, &user("hi")).await.status, 201);
    assert_eq!(place.models.last().tools.len(), 1, "they were for that request");
    body["tool_choice"] = json!({"function": {"name": "nobody"}});
    let refused = place.chat(&session, &body).await;
    assert_eq!((refused.status, refused.message()), (400, "`tool_choice` names `nobody`, which is not offered"));
}

#[tokio::test]
async fn functions_return_to_the_client_after_the_other_calls_have_run() {
    let place = Place::new().await;
    let session = place.session(&[bash(), function("ask")]).await;
    place.models.will([
        call([("c1", "ask", json!({"x": "y"})), ("c2", "bash", json!({"command": "ls"})), ("c3", "ask", json!({}))]),
        say("done"),
    ]);
    let answer = place.chat(&session, &user("go")).await;
    let choice = &answer.body["choices"][0];
    assert_eq!((answer.status, &choice["finish_reason"]), (201, &json!("tool_calls")));
    assert_eq!(answer.body["pending_tool_calls"], json!(["c1", "c3"]));
    assert_eq!(choice["message"]["tool_calls"].as_array().map(Vec::len), Some(3));
    assert_eq!(answer.body["messages"][1]["content"], "$ ls");
    let body = json!({"messages": [
        {"role": "tool", "tool_call_id": "c3", "content": "third"},
        {"role": "tool", "tool_call_id": "c1", "content": "first"},
    ]});
    let answer = place.chat(&session, &body).await;
    assert_eq!(
        (answer.status, &answer.body["choices"][0]["message"]["content"]),
        (201, &json!("done")),
        "{}",
        answer.body
    );
    let asked = place.models.last().messages;
    let Message::Tools { results } = &asked[2] else { panic!("{asked:?}") };
    let texts: Vec<_> = results.iter().map(|result| result.output.joined_text()).collect();
    assert_eq!(texts, ["first", "$ ls", "third"], "in the order of the calls");
    assert_eq!(place.sandboxes.calls().len(), 1, "nothing runs twice");
    let again =
        place.chat(&session, &json!({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]})).await;
    assert_eq!((again.status, again.message()), (400, "no call `c1` awaits an answer"));
    // After all of this the conversation is still one.
    place.models.will([say("on")]);
    assert_eq!(place.chat(&session, &user("more")).await.status, 201);
    assert_eq!(place.models.last().messages.len(), 5);
}

#[tokio::test]
async fn a_client_that_answers_no_call_can_still_go_on() {
    let place = Place::new().await;
    let session = place.session(&[function("ask")]).await;
    place.models.will([call([("c1", "ask", json!({}))]), say("done")]);
    place.chat(&session, &user("go")).await;
    assert_eq!(place.chat(&session, &user("never mind")).await.status, 201);
    let asked = place.models.last().messages;
    let Message::Tools { results } = &asked[2] else { panic!("{asked:?}") };
    assert_eq!(results[0].output.joined_text(), "not answered by the client");
}

#[tokio::test]
async fn without_auto_run_all_calls_return_to_the_client() {
    let place = Place::new().await;
    for (by_session, by_request, runs) in [
        (Value::Null, Value::Null, true),
        (json!(false), Value::Null, false),
        (json!(false), json!(true), true),
        (json!(true), json!(false), false),
    ] {
        let session = place.session(&[bash()]).await;
        place.patch(&format!("/sessions/{session}"), &json!({"auto_run_tools": by_session})).await;
        let before = place.sandboxes.calls().len();
        place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
        let mut body = user("go");
        body["auto_run_tools"] = by_request;
        let answer = place.chat(&session, &body).await;
        let reason = &answer.body["choices"][0]["finish_reason"];
        if runs {
            assert_eq!((reason, place.sandboxes.calls().len()), (&json!("stop"), before + 1));
        } else {
            assert_eq!((reason, place.sandboxes.calls().len()), (&json!("tool_calls"), before));
            assert_eq!(answer.body["pending_tool_calls"], json!(["c1"]));
            let result = json!({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "mine"}]});
            assert_eq!(place.chat(&session, &result).await.body["choices"][0]["message"]["content"], "done");
        }
    }
    for (form, request, runs) in [
        (json!({"forward_tool_calls": true}), Value::Null, false),
        (json!({"forward_tool_calls": true, "auto_run_tools": true}), Value::Null, true),
        (json!({"forward_tool_calls": true}), json!(true), true),
    ] {
        let session = place.session(&[bash()]).await;
        assert_eq!(place.patch(&format!("/sessions/{session}"), &form).await.status, 200);
        place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
        let mut body = user("go");
        if request != Value::Null {
            body["auto_run_tools"] = request;
        }
        let answer = place.chat(&session, &body).await;
        let expected = if runs { json!([]) } else { json!(["c1"]) };
        assert_eq!((answer.status, &answer.body["pending_tool_calls"]), (201, &expected), "{form} {body}");
        if !runs {
            let result = json!({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "mine"}]});
            assert_eq!(place.chat(&session, &result).await.body["choices"][0]["message"]["content"], "done");
        }
    }
    let place = Place::with(Defaults { auto_run_tools: false, ..Defaults::default() }).await;
    let session = place.session(&[bash()]).await;
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))])]);
    assert_eq!(place.chat(&session, &user("go")).await.body["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn tools_that_are_not_run_here_yet_are_offered_and_say_so() {
    let place = Place::new().await;
    let tools = [
        json!({"name": "fetch", "type": "api_call", "api_call": {"method": "GET", "url": "https://x.test"}}),
        json!({"name": "look", "type": "system", "system": {"resource": "agent", "operation": "list"}}),
        json!({"name": "sky", "type": "integration", "integration": {"provider": "weather"}}),
    ];
    let session = place.session(&tools).await;
    let asks =
        [("c1", "fetch", json!({})), ("c2", "look", json!({})), ("c3", "sky", json!({})), ("c4", "made_up", json!({}))];
    place.models.will([call(asks), say("done")]);
    let answer = place.chat(&session, &user("go")).await;
    assert_eq!(place.models.last().tools.len(), 3);
    let texts: Vec<_> =
        (1..5).map(|index| answer.body["messages"][index]["content"].as_str().unwrap_or_default()).collect();
    for (text, kind) in
        texts.iter().zip(["`api_call` yet", "`system` yet", "`integration` yet", "there is no tool `made_up`"])
    {
        assert!(text.contains(kind), "{text}");
    }
    assert_eq!(answer.body["messages"][0]["tool_calls"][0]["api_call"], json!({"name": "fetch", "arguments": "{}"}));
}

#[tokio::test]
async fn limits_end_a_turn_and_are_named() {
    let place = Place::new().await;
    let session = place.session(&[bash()]).await;
    place.patch(&format!("/sessions/{session}"), &json!({"limits": {"max_steps": 1}})).await;
    let ls = || call([("c1", "bash", json!({"command": "ls"}))]);
    let ask = async |limits: Value| {
        let mut body = user("go");
        body["limits"] = limits;
        place.chat(&session, &body).await
    };
    for (limits, limit, value) in [
        (Value::Null, "max_steps", 1.0),
        (json!({"max_steps": 2}), "max_steps", 2.0),
        (json!({"max_tokens": 5, "max_steps": 9}), "max_tokens", 5.0),
    ] {
        place.models.will((0..if value == 2.0 { 2 } else { 1 }).map(|_| ls()));
        let answer = ask(limits).await;
        assert_eq!((answer.status, &answer.body["choices"][0]["finish_reason"]), (201, &json!("length")));
        if value == 2.0 {
            let ids = [0, 2].map(|index| &answer.body["messages"][index]["tool_calls"][0]["id"]);
            assert_ne!(ids[0], ids[1], "a provider may number the calls of each answer anew");
        }
        assert_eq!(answer.body["stop_details"], json!({"limit": limit, "value": value}));
        assert_eq!(answer.body["pending_tool_calls"], json!([]));
    }
    let before = std::time::Instant::now();
    place.models.will([call([("c1", "bash", json!({"command": "sleep"}))])]);
    let answer = ask(json!({"max_seconds": 0.25, "max_steps": 9})).await;
    assert_eq!(answer.body["stop_details"], json!({"limit": "max_seconds", "value": 0.25}));
    assert_eq!(answer.body["messages"][1]["content"], "woken");
    assert!(before.elapsed() < Duration::from_secs(60), "it slept for an hour otherwise");
}

#[tokio::test]
async fn tools_of_the_past_are_left_out_where_they_are_not_to_be_recalled() {
    let place = Place::new().await;
    let session = place.session(&[bash(), function("ask")]).await;
    place.models.will([
        call([("c1", "bash", json!({"command": "ls"}))]),
        say("done"),
        call([("c2", "ask", json!({}))]),
        say("b"),
    ]);
    place.chat(&session, &user("go")).await;
    let mut body = user("more");
    body["recall_tools"] = json!(false);
    place.chat(&session, &body).await;
    let conversation = [Message::user("go"), Message::assistant("done", Vec::new()), Message::user("more")];
    assert_eq!(place.models.last().messages, conversation);
    // What awaits its answer stays.
    let mut answer = json!({"messages": [{"role": "tool", "tool_call_id": "c2", "content": "x"}]});
    answer["recall_tools"] = json!(false);
    assert_eq!(place.chat(&session, &answer).await.status, 201);
    assert_eq!(place.models.last().messages.len(), 5);
}

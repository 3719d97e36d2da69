//! The server as one of OpenAI's API, without a socket.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use handspike_core::ModelError;
use handspike_types::{FinishReason, Message, ResponseFormat, ToolChoice};
use serde_json::{Value, json};
use tokio::task::yield_now;
use tower::ServiceExt as _;

use crate::{
    fakes::{Answer, call, choice, reply, say, tool_call},
    support::{KEY, NOBODY, Place},
};

const CHAT: &str = "/v1/chat/completions";

/// What is answered to a request.
struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answered {
    fn error(&self) -> (u16, &str, Option<&str>, Option<&str>, &str) {
        assert_eq!(self.headers["content-type"], "application/json");
        let error = &self.body["error"];
        let keys: Vec<&String> = error.as_object().expect("an error").keys().collect();
        assert_eq!(keys, ["message", "type", "param", "code"]);
        let text = |key: &str| error[key].as_str();
        (self.status, text("type").expect("a type"), text("param"), text("code"), text("message").expect("words"))
    }
}

fn request(body: &Value) -> Value {
    let mut request = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
    request.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
    request
}

async fn sent(place: &Place, method: &str, path: &str, body: impl Into<Body>) -> Answered {
    let (status, headers, text) = place.text(method, path, body).await;
    Answered { status, headers, body: serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")) }
}

async fn complete(place: &Place, body: &Value) -> Answered {
    sent(place, "POST", CHAT, request(body).to_string()).await
}

async fn completed(place: &Place, body: &Value) -> Value {
    let answer = complete(place, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// The pieces of a stream, which ends as it must.
async fn streamed(place: &Place, body: &Value) -> Vec<Value> {
    let mut body = request(body);
    body["stream"] = json!(true);
    let (status, headers, text) = place.text("POST", CHAT, body.to_string()).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"text/event-stream; charset=utf-8".parse().expect("a value"))
    );
    let text = text.strip_suffix("data: [DONE]\n\n").unwrap_or_else(|| panic!("no end: {text}"));
    pieces(text)
}

fn pieces(text: &str) -> Vec<Value> {
    let lines = text.split("\n\n").filter(|line| !line.is_empty() && !line.starts_with(':'));
    lines.map(|line| serde_json::from_str(line.strip_prefix("data: ").expect("data")).expect("JSON")).collect()
}

/// The text that the pieces of an answer make.
fn text_of(pieces: &[Value], index: u64) -> String {
    let choices = pieces.iter().flat_map(|piece| piece["choices"].as_array().expect("choices"));
    let texts =
        choices.filter(|choice| choice["index"] == index).filter_map(|choice| choice["delta"]["content"].as_str());
    texts.collect()
}

async fn sessions(place: &Place) -> usize {
    place.get("/sessions").await.body["items"].as_array().expect("a list").len()
}

/// Waits for something that is done beside the answer.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let soon = async {
        while !is_so().await {
            yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), soon).await.expect("it comes to be so");
}

/// A function of the client.
fn look() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    json!({"type": "function", "function": {"name": "look", "description": "looks", "parameters": parameters}})
}

#[tokio::test]
async fn a_model_works_in_a_sandbox_that_is_gone_when_it_has_answered() {
    let place = Place::new().await;
    let ls = tool_call(("c1", "bash", json!({"command": "ls"})));
    place.models.will([Answer::Reply(reply("I look.", vec![ls], FinishReason::ToolCalls)), say("Nothing there.")]);
    let answer = completed(&place, &json!({})).await;
    let message = json!({"role": "assistant", "content": "Nothing there.", "refusal": null});
    let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
    assert_eq!(answer["choices"], json!([choice]));
    assert_eq!(answer["usage"], json!({"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}));
    assert_eq!((&answer["object"], &answer["model"]), (&json!("chat.completion"), &json!("gpt-4o")));
    assert!(answer["id"].as_str().expect("an id").starts_with("chatcmpl-") && answer["created"].is_u64());
    assert_eq!((answer.get("messages"), answer.get("warnings")), (None, None));
    let seen = place.models.last();
    let offered: Vec<_> = seen.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(offered, ["bash", "str_replace_based_edit_tool", "computer"]);
    assert_eq!((seen.system_prompt.as_str(), seen.messages.len()), ("", 3));
    assert_eq!(sessions(&place).await, 0);
    let used = place.sandboxes.calls()[0].session;
    until(async || place.sandboxes.removed() == [used]).await;
}

#[tokio::test]
async fn a_clients_function_comes_back_to_the_same_sandbox() {
    let place = Place::new().await;
    place.models.will([
        call([("c1", "bash", json!({"command": "ls"})), ("c2", "look", json!({"city": "Rome"}))]),
        call([("c3", "bash", json!({"command": "pwd"}))]),
        say("It rains."),
    ]);
    let tools = json!([look()]);
    let first = completed(&place, &json!({"tools": tools})).await;
    let choice = &first["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    let calls = choice["message"]["tool_calls"].as_array().expect("calls");
    let id = calls[0]["id"].as_str().expect("an id").to_owned();
    let function = json!({"name": "look", "arguments": "{\"city\":\"Rome\"}"});
    assert_eq!(calls, &[json!({"id": id, "type": "function", "function": function})]);
    assert!(id.len() <= 40 && sessions(&place).await == 1);
    let messages = json!([
        {"role": "user", "content": "hi"},
        choice["message"],
        {"role": "tool", "tool_call_id": id, "content": "rain"},
    ]);
    let second = completed(&place, &json!({"tools": tools, "messages": messages})).await;
    assert_eq!(second["choices"][0]["message"]["content"], "It rains.");
    let seen = place.models.seen()[1].messages.clone();
    let Message::Tools { results } = &seen[2] else { panic!("{seen:?}") };
    let results: Vec<_> = results.iter().map(|result| (result.call_id.as_str(), result.output.joined_text())).collect();
    assert_eq!(results, [("c1", "$ ls".to_owned()), ("c2", "rain".to_owned())]);
    let calls = place.sandboxes.calls();
    assert_eq!((calls.len(), calls[0].session), (2, calls[1].session));
    assert_eq!(sessions(&place).await, 0);
    until(async || place.sandboxes.removed() == [calls[0].session]).await;

    // Nothing is left of it, so the same request is a conversation like any other.
    place.models.will([say("Again.")]);
    let again = completed(&place, &json!({"tools": tools, "messages": messages})).await;
    assert_eq!(again["choices"][0]["message"]["content"], "Again.");
    let seen = place.models.last().messages;
    let Message::Tools { results } = &seen[2] else { panic!("{seen:?}") };
    assert_eq!((results[0].call_id.as_str(), results.len()), (id.as_str(), 1));
}

#[tokio::test]
async fn a_session_waits_for_its_client_also_over_a_mistake_and_a_failure_that_passes() {
    let place = Place::new().await;
    place.models.will([
        call([("c1", "look", json!({}))]),
        Answer::Fail(ModelError::Refused { status: 503, message: "busy".to_owned() }),
        say("Done."),
    ]);
    let tools = json!([look()]);
    let first = completed(&place, &json!({"tools": tools})).await["choices"][0]["message"].clone();
    let id = &first["tool_calls"][0]["id"];
    let messages =
        json!([{"role": "user", "content": "hi"}, first, {"role": "tool", "tool_call_id": id, "content": "x"}]);
    let answered = json!({"tools": tools, "messages": messages});
    let mut wrong = answered.clone();
    wrong["tool_choice"] = json!({"type": "function", "function": {"name": "jump"}});
    assert_eq!(complete(&place, &wrong).await.status, 400);
    let failed = complete(&place, &answered).await;
    assert_eq!((failed.status, &failed.headers["retry-after"]), (502, &"1".parse().expect("a value")));
    assert_eq!(sessions(&place).await, 1);
    assert_eq!(completed(&place, &answered).await["choices"][0]["message"]["content"], "Done.");
    let seen = place.models.last().messages;
    let Message::Tools { results } = &seen[2] else { panic!("{seen:?}") };
    assert_eq!((results[0].call_id.as_str(), sessions(&place).await), ("c1", 0));
}

#[tokio::test]
async fn a_session_does_not_wait_for_ever() {
    let place = Place::new().await;
    place.models.will([call([("c1", "look", json!({}))])]);
    completed(&place, &json!({"tools": [look()]})).await;
    assert_eq!(sessions(&place).await, 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    tokio::time::resume();
    until(async || sessions(&place).await == 0 && place.sandboxes.removed().len() == 1).await;
}

#[tokio::test]
async fn what_a_server_has_left_behind_the_next_one_deletes() {
    let place = Place::new().await;
    place.models.will([call([("c1", "look", json!({}))])]);
    completed(&place, &json!({"tools": [look()]})).await;
    let place = Place::over(&place).await;
    let other = place.session(&[]).await;
    assert_eq!(sessions(&place).await, 2);
    place.server.clone().tend(Default::default()).await;
    assert_eq!(place.get("/sessions").await.body["items"][0]["id"], other);
    assert_eq!(sessions(&place).await, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_session_with_it() {
    let place = Place::new().await;
    place.models.will([Answer::Hang, Answer::Hang]);
    for stream in [false, true] {
        let body = request(&json!({"stream": stream})).to_string();
        let asked = Request::post(CHAT).header("host", "localhost").header("authorization", format!("Bearer {KEY}"));
        let mut answer = Box::pin(place.router.clone().oneshot(asked.body(Body::from(body)).expect("a request")));
        until(async || {
            // The request is only under way while somebody looks at it.
            assert!(futures_util::poll!(&mut answer).is_pending());
            place.models.seen().len() == usize::from(stream) + 1
        })
        .await;
        assert_eq!(sessions(&place).await, 1);
        drop(answer);
        until(async || sessions(&place).await == 0).await;
    }
}

#[tokio::test]
async fn a_stream_has_the_text_of_every_step_and_the_clients_calls_at_its_end() {
    let place = Place::new().await;
    let ls = tool_call(("c1", "bash", json!({"command": "ls"})));
    let last = tool_call(("c2", "look", json!({"city": "Rome"})));
    place.models.will([
        Answer::Reply(reply("I look.", vec![ls], FinishReason::ToolCalls)),
        Answer::Reply(reply("And ask.", vec![last], FinishReason::ToolCalls)),
    ]);
    let options = json!({"include_usage": true});
    let pieces = streamed(&place, &json!({"tools": [look()], "stream_options": options})).await;
    assert_eq!(pieces[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    assert_eq!(text_of(&pieces, 0), "I look.\n\nAnd ask.");
    let [.., calls, end, usage] = pieces.as_slice() else { panic!("{pieces:?}") };
    let call = &calls["choices"][0]["delta"]["tool_calls"][0];
    assert_eq!((&call["index"], &call["function"]["name"]), (&json!(0), &json!("look")));
    let ended = json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": "tool_calls"});
    assert_eq!((&end["choices"], &end["usage"]), (&json!([ended]), &Value::Null));
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(22)));
    for piece in &pieces {
        assert_eq!(piece["object"], "chat.completion.chunk");
        assert_eq!((&piece["id"], &piece["created"]), (&pieces[0]["id"], &pieces[0]["created"]));
    }

    place.models.will([Answer::Write(vec!["It ", "rains."])]);
    let messages = json!([{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": call["id"], "content": "x"}]);
    let pieces = streamed(&place, &json!({"tools": [look()], "messages": messages})).await;
    assert_eq!((text_of(&pieces, 0).as_str(), pieces[0].get("usage")), ("It rains.", None));
    assert_eq!(place.models.last().messages.len(), 5);
    assert_eq!(sessions(&place).await, 0);
}

#[tokio::test]
async fn nothing_stands_before_a_streamed_json_and_further_answers_come_whole() {
    let place = Place::new().await;
    let ls = tool_call(("c1", "bash", json!({"command": "ls"})));
    let mut last = reply("{}", Vec::new(), FinishReason::Stop);
    last.alternatives = vec![choice(1, "[]")];
    place.models.will([Answer::Reply(reply("I look.", vec![ls], FinishReason::ToolCalls)), Answer::Reply(last)]);
    let pieces = streamed(&place, &json!({"n": 2, "response_format": {"type": "json_object"}})).await;
    assert_eq!((text_of(&pieces, 0).as_str(), text_of(&pieces, 1).as_str()), ("{}", "[]"));
    let seen = place.models.last().settings;
    assert_eq!((seen.n, seen.response_format), (Some(2), Some(ResponseFormat::JsonObject)));
}

#[tokio::test]
async fn an_agent_answers_to_its_name_and_to_its_id() {
    let place = Place::new().await;
    let settings = json!({"temperature": 0.5, "top_p": 0.25});
    let body = json!({
        "name": "Ada", "canonical_name": "ada", "model": "claude 3", "default_settings": settings,
        "default_system_template": "You are a poet.",
    });
    let agent = place.made("/agents", &body).await;
    for tool in [json!({"name": "shell", "type": "bash_20241022"}), json!({"name": "look", "type": "function"})] {
        place.made(&format!("/agents/{agent}/tools"), &tool).await;
    }
    for name in ["ada".to_owned(), format!("agent:{agent}")] {
        place.models.will([call([("c1", "shell", json!({"command": "ls"}))]), say("A poem.")]);
        let messages = json!([{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}]);
        let answer = completed(&place, &json!({"model": name, "messages": messages, "temperature": 1})).await;
        assert_eq!((&answer["choices"][0]["message"]["content"], &answer["model"]), (&json!("A poem."), &json!(name)));
        let seen = place.models.last();
        assert_eq!((seen.model.as_str(), seen.system_prompt.as_str()), ("claude 3", "You are a poet."));
        assert_eq!((seen.settings.temperature, seen.settings.top_p), (Some(1.0), Some(0.25)));
        assert_eq!(seen.messages[..2], [Message::system("Be brief."), Message::user("hi")]);
        let offered: Vec<_> = seen.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(offered, ["shell", "look"]);
    }
    assert_eq!(sessions(&place).await, 0);
    let mut shell = look();
    shell["function"]["name"] = json!("shell");
    let clash = complete(&place, &json!({"model": "ada", "tools": [look(), shell]})).await;
    assert_eq!((clash.error().0, clash.error().2), (400, Some("tools[1].function.name")));

    let list = sent(&place, "GET", "/v1/models", Body::empty()).await.body;
    let ids: Vec<_> =
        list["data"].as_array().expect("a list").iter().map(|model| model["id"].as_str().unwrap_or_default()).collect();
    assert_eq!((ids, &list["object"]), (vec!["gpt-4o", "claude 3", "ada"], &json!("list")));
    let ada = &list["data"][2];
    assert_eq!((&ada["object"], &ada["owned_by"]), (&json!("model"), &json!("handspike")));
    assert!(ada["created"].as_i64().expect("a number") > 1_700_000_000);
}

#[tokio::test]
async fn settings_reach_the_model_and_a_shell_of_the_clients_is_meant_where_there_is_one() {
    let place = Place::new().await;
    place.models.will([say("a"), say("b"), say("c")]);
    let mut bash = look();
    bash["function"]["name"] = json!("bash");
    let body = json!({
        "temperature": 0.5, "top_p": 0.9, "stop": "x", "max_tokens": 7, "max_completion_tokens": 9, "seed": 4_000_000_000u64,
        "logit_bias": {"5": -100}, "frequency_penalty": 1, "presence_penalty": -1, "logprobs": true, "top_logprobs": 3,
        "tool_choice": "required", "parallel_tool_calls": false, "user": "u", "store": true, "tools": [bash],
        "limits": {"max_steps": 3}, "stream": null, "functions": null,
    });
    completed(&place, &body).await;
    let seen = place.models.last();
    let settings = &seen.settings;
    assert_eq!((settings.temperature, settings.top_p, settings.seed), (Some(0.5), Some(0.9), Some(4_000_000_000)));
    assert_eq!((settings.max_tokens, settings.stop.as_slice()), (Some(9), ["x".to_owned()].as_slice()));
    assert_eq!((settings.frequency_penalty, settings.presence_penalty), (Some(1.0), Some(-1.0)));
    assert_eq!((settings.logprobs, settings.top_logprobs, settings.logit_bias["5"]), (Some(true), Some(3), -100.0));
    assert_eq!(settings.tool_choice, Some(ToolChoice::Required));
    let offered: Vec<_> = seen.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(offered, ["str_replace_based_edit_tool", "computer", "bash"]);
    for (posted, expected) in [
        (json!("none"), ToolChoice::None),
        (json!({"type": "function", "function": {"name": "look"}}), ToolChoice::Function { name: "look".to_owned() }),
    ] {
        completed(&place, &json!({"tool_choice": posted, "tools": [look()]})).await;
        assert_eq!(place.models.last().settings.tool_choice, Some(expected));
    }
}

#[tokio::test]
async fn what_was_done_here_is_shown_where_it_is_asked_for() {
    let place = Place::new().await;
    for stream in [false, true] {
        place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("Done.")]);
        let asked = Request::post(CHAT).header("host", "localhost").header("authorization", format!("Bearer {KEY}"));
        let body = request(&json!({"stream": stream})).to_string();
        let response = place
            .router
            .clone()
            .oneshot(asked.header("x-show-messages", "true").body(Body::from(body)).expect("a request"));
        let bytes =
            axum::body::to_bytes(response.await.expect("an answer").into_body(), usize::MAX).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let shown = match text.strip_suffix("data: [DONE]\n\n") {
            Some(text) => pieces(text).pop().expect("a piece")["messages"].clone(),
            None => serde_json::from_str::<Value>(&text).expect("JSON")["messages"].clone(),
        };
        let roles: Vec<_> = shown
            .as_array()
            .expect("messages")
            .iter()
            .map(|message| message["role"].as_str().unwrap_or_default())
            .collect();
        assert_eq!((roles, &shown[1]["content"]), (vec!["assistant", "tool", "assistant"], &json!("$ ls")));
    }
}

#[tokio::test]
async fn errors_have_the_shape_of_that_api() {
    let place = Place::new().await;
    for name in ["gpt-9", &format!("agent:{NOBODY}"), "agent:ada", "nobody", "a\0b"] {
        let error = complete(&place, &json!({ "model": name })).await;
        let (status, kind, param, code, message) = error.error();
        assert_eq!(
            (status, kind, param, code),
            (404, "invalid_request_error", None, Some("model_not_found")),
            "{name}"
        );
        assert!(message.contains("does not exist"), "{message}");
    }
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    for (body, param) in [
        (json!({"messages": []}), "messages"),
        (json!({"temperature": 2.1}), "temperature"),
        (json!({"top_p": -0.1}), "top_p"),
        (json!({"n": 9}), "n"),
        (json!({"n": 0}), "n"),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (json!({"top_logprobs": 21}), "top_logprobs"),
        (json!({"functions": []}), "functions"),
        (json!({"function_call": "auto"}), "function_call"),
        (json!({"modalities": ["text", "audio"]}), "modalities"),
        (json!({"audio": {}}), "audio"),
        (json!({"tools": [look(), look()]}), "tools[1].function.name"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages[0].tool_call_id"),
        (json!({"messages": [{"role": "function"}]}), "messages[0].role"),
        (user(json!([{"type": "text"}])), "messages[0].content[0].text"),
        (user(json!([{"type": "input_audio"}])), "messages[0].content[0].type"),
    ] {
        let error = complete(&place, &body).await;
        let (status, kind, told, code, message) = error.error();
        assert_eq!((status, kind, code), (400, "invalid_request_error", Some("invalid_value")), "{body}");
        assert_eq!(told, Some(param), "{message}");
    }
    let orphan = json!({"messages": [{"role": "tool", "tool_call_id": "c9", "content": "x"}]});
    assert_eq!(complete(&place, &orphan).await.error().0, 400);
    assert_eq!(sent(&place, "POST", CHAT, "{").await.error().0, 400);
    assert_eq!(sent(&place, "GET", "/v1/nothing", Body::empty()).await.error().0, 404);
    assert_eq!(sent(&place, "GET", CHAT, Body::empty()).await.error().0, 405);
    let strange = Request::get("/v1/models").header("host", "localhost").header("authorization", "Bearer wrong");
    let response =
        place.router.clone().oneshot(strange.body(Body::empty()).expect("a request")).await.expect("an answer");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["www-authenticate"]),
        (401, &"Bearer".parse().expect("a value"))
    );
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["error"]["code"], "invalid_api_key");
    assert_eq!(sessions(&place).await, 0);
}

#[tokio::test]
async fn a_model_that_fails_is_an_error_before_a_stream_and_within_one() {
    let place = Place::new().await;
    let refuse = |status, message: &str| Answer::Fail(ModelError::Refused { status, message: message.to_owned() });
    for stream in [false, true] {
        place.models.will([refuse(400, "context length exceeded"), refuse(401, "no")]);
        let error = complete(&place, &json!({"stream": stream})).await;
        assert_eq!((error.error().0, error.error().3), (400, Some("context_length_exceeded")));
        let error = complete(&place, &json!({"stream": stream})).await;
        assert_eq!((error.error().0, error.error().1), (502, "server_error"));
        assert_eq!(error.headers["x-should-retry"], "false");
    }
    let ls = tool_call(("c1", "bash", json!({"command": "ls"})));
    place.models.will([Answer::Reply(reply("I look.", vec![ls], FinishReason::ToolCalls)), refuse(503, "gone")]);
    let (status, _, text) = place.text("POST", CHAT, request(&json!({"stream": true})).to_string()).await;
    let pieces = pieces(&text);
    let error = &pieces.last().expect("a piece")["error"];
    assert_eq!((status, &error["type"], &error["code"]), (200, &json!("server_error"), &json!("llm_api_error")));
    assert!(!text.contains("[DONE]"));
    assert_eq!(sessions(&place).await, 0);
}

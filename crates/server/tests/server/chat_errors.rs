use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use handspike_core::ModelError;
use handspike_types::Message;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    fakes::{Answer, call, say},
    support::{KEY, NOBODY, Place},
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

fn refused(status: u16, message: &str) -> Answer {
    Answer::Fail(ModelError::Refused { status, message: message.to_owned() })
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_before_anything_begins() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    assert_eq!(place.chat(NOBODY, &user("hi")).await.status, 404);
    assert_eq!(place.chat("x", &user("hi")).await.mistakes(), [("uuid_parsing", "path.session_id")]);
    let with = |field: &str, value: Value| {
        let mut body = user("hi");
        body[field] = value;
        body
    };
    let unknown = place.chat(&session, &with("model", json!("gpt-5"))).await;
    assert_eq!((unknown.status, unknown.message()), (400, "The model `gpt-5` is not available"));
    for (body, mistake) in [
        (json!({"messages": []}), ("too_short", "messages")),
        (json!({}), ("missing", "messages")),
        (with("model", json!("4o-mini")), ("string_pattern_mismatch", "model")),
        (with("temperature", json!(5.1)), ("less_than_equal", "temperature")),
        (with("n", json!(9)), ("less_than_equal", "n")),
        (with("stream", json!(1)), ("bool_type", "stream")),
        (with("tool_choice", json!("required")), ("literal_error", "tool_choice")),
        (with("top_logprobs", json!(21)), ("less_than_equal", "top_logprobs")),
        (with("limits", json!({"max_steps": 0})), ("greater_than_equal", "limits.max_steps")),
    ] {
        assert_eq!(place.chat(&session, &body).await.mistakes(), [mistake], "{body}");
    }
    assert_eq!(place.history(&session).await, []);
    assert!(place.models.seen().is_empty());
}

#[tokio::test]
async fn a_failure_of_the_provider_is_told_and_leaves_nothing_in_the_conversation() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    for (failure, status, code, kind, retry) in [
        (refused(400, "no such parameter"), 400, "llm_bad_request", "LLMServiceBadRequest", Some("false")),
        (refused(400, "maximum context length is 5"), 400, "prompt_too_big", "LLMServiceBadRequest", Some("false")),
        (refused(401, "bad key"), 502, "llm_api_error", "LLMServiceError", Some("false")),
        (refused(503, "overloaded"), 502, "llm_api_error", "LLMServiceError", None),
        (Answer::Fail(ModelError::TimedOut { seconds: 5 }), 502, "llm_api_error", "LLMServiceError", None),
    ] {
        place.models.will([failure]);
        let answer = place.chat(&session, &user("hi")).await;
        let error = &answer.body["error"];
        assert_eq!((answer.status, &error["code"], &error["type"]), (status, &json!(code), &json!(kind)));
        assert!(error["fix"].is_string(), "{error}");
        assert_eq!(answer.headers.get("x-should-retry").and_then(|value| value.to_str().ok()), retry);
        assert_eq!(answer.headers.contains_key("retry-after"), retry.is_none());
    }
    assert_eq!(place.history(&session).await, []);
    let all = place.get(&format!("/sessions/{session}/history?include_failed=true")).await;
    assert_eq!(all.body["entries"].as_array().map(Vec::len), Some(5), "they are kept for the record");
    place.models.will([say("at last")]);
    place.chat(&session, &user("again")).await;
    assert_eq!(place.models.last().messages, [Message::user("again")]);
}

#[tokio::test]
async fn a_turn_that_fails_after_an_answer_keeps_what_was_done() {
    let place = Place::new().await;
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), refused(503, "overloaded")]);
    let answer = place.chat(&session, &user("go")).await;
    assert_eq!((answer.status, &answer.headers["x-should-retry"]), (502, &"false".parse().expect("a value")));
    assert_eq!(place.history(&session).await.len(), 3);
    place.models.will([call([("c2", "bash", json!({"command": "fault"}))])]);
    let answer = place.chat(&session, &user("go")).await;
    assert_eq!((answer.status, answer.message()), (500, "Internal Server Error"));
    place.models.will([say("on")]);
    assert_eq!(place.chat(&session, &user("more")).await.status, 201);
    assert_eq!(place.models.last().messages.len(), 7, "the conversation is whole");
}

#[tokio::test]
async fn a_session_has_one_turn_at_a_time() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let go_on = Arc::new(Notify::new());
    place.models.will([Answer::Pause(Arc::clone(&go_on), "a", "b"), say("next"), say("other")]);
    let (path, body) = (format!("/sessions/{session}/chat"), user("one"));
    let ask = |prefer: &'static str, body: Value| {
        let request = Request::post(path.clone()).header("host", "localhost").header("x-auth-key", KEY);
        place.ask(request.header("prefer", prefer).body(Body::from(body.to_string())).expect("a request"))
    };
    let first = ask("", body);
    let others = async {
        while place.models.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        let busy = ask("", user("two")).await;
        assert_eq!((busy.status, &busy.headers["retry-after"]), (409, &"1".parse().expect("a value")));
        assert_eq!(place.delete(&format!("/sessions/{session}/history")).await.status, 409);
        let other = place.session(&[]).await;
        let waits = ask("wait=60", user("three"));
        let (waited, ()) = tokio::join!(waits, async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            go_on.notify_one();
        });
        assert_eq!((waited.status, &waited.body["choices"][0]["message"]["content"]), (201, &json!("next")));
        assert_eq!(place.chat(&other, &user("hi")).await.status, 201);
    };
    let (first, ()) = tokio::join!(first, others);
    assert_eq!((first.status, &first.body["choices"][0]["message"]["content"]), (201, &json!("ab")));
    let roles: Vec<_> = place.history(&session).await.into_iter().map(|(_, role, _)| role).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"], "the turns do not mix");
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_end_its_turn() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let go_on = Arc::new(Notify::new());
    place.models.will([Answer::Pause(Arc::clone(&go_on), "a", "b")]);
    let body = user("hi");
    let chat = place.chat(&session, &body);
    tokio::select! {
        _ = chat => panic!("it waits"),
        () = async {
            while place.models.seen().is_empty() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    go_on.notify_one();
    while place.store.open_turn(session.parse().expect("an id")).await.expect("read").is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(place.history(&session).await[1].2, "ab");
}

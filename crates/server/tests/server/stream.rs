use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use futures_util::StreamExt as _;
use handspike_core::{ModelError, ModelReply};
use handspike_types::FinishReason;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt as _;

use crate::{
    fakes::{Answer, call, choice, reply, say, tool_call},
    support::{KEY, Place},
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}], "stream": true})
}

/// The pieces of a stream, each of which is JSON and nothing else.
fn pieces(text: &str) -> Vec<Value> {
    let events = text.split_terminator("\n\n").filter(|event| !event.starts_with(':'));
    events
        .map(|event| {
            let data = event.strip_prefix("data: ").expect("data alone");
            serde_json::from_str(data).unwrap_or_else(|_| panic!("{data} is no JSON"))
        })
        .collect()
}

/// What the pieces of an answer add up to.
fn content(pieces: &[Value], index: u64) -> String {
    let choices = pieces.iter().flat_map(|piece| piece["choices"].as_array().into_iter().flatten());
    let of_assistant = choices.filter(|choice| choice["index"] == index && choice["delta"]["role"] == "assistant");
    of_assistant.filter_map(|choice| choice["delta"]["content"].as_str()).collect()
}

async fn streamed(place: &Place, session: &str, body: &Value) -> Vec<Value> {
    let (status, headers, text) = place.text("POST", &format!("/sessions/{session}/chat"), body.to_string()).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"text/event-stream; charset=utf-8".parse().expect("a value"))
    );
    pieces(&text)
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece_and_ends_with_its_usage() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    place.models.will([Answer::Write(vec!["he", "ll", "o"]), say("in one piece")]);
    let read = streamed(&place, &session, &user("hi")).await;
    assert_eq!(content(&read, 0), "hello");
    let (last, others) = read.split_last().expect("pieces");
    for piece in others {
        assert_eq!((&piece["id"], &piece["created_at"]), (&last["id"], &last["created_at"]));
        assert_eq!((&piece["usage"], &piece["choices"][0]["finish_reason"]), (&Value::Null, &Value::Null));
        assert!(piece.get("warnings").is_none());
    }
    assert_eq!((&last["usage"]["total_tokens"], &last["choices"][0]["finish_reason"]), (&json!(11), &json!("stop")));
    assert_eq!((&last["pending_tool_calls"], &last["warnings"]), (&json!([]), &json!([])));
    assert_eq!(place.history(&session).await[1].2, "hello");
    assert_eq!(content(&streamed(&place, &session, &user("hi")).await, 0), "in one piece");
}

#[tokio::test]
async fn a_stream_goes_on_through_calls_and_their_results() {
    let place = Place::new().await;
    let function = json!({"name": "ask", "type": "function"});
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"}), function]).await;
    place.models.will([
        call([("c1", "bash", json!({"command": "ls"}))]),
        call([("c2", "bash", json!({"command": "pwd"})), ("c3", "ask", json!({"x": 1}))]),
    ]);
    let read = streamed(&place, &session, &user("go")).await;
    let deltas: Vec<&Value> = read.iter().map(|piece| &piece["choices"][0]["delta"]).collect();
    let calls: Vec<&Value> =
        deltas.iter().flat_map(|delta| delta["tool_calls"].as_array().into_iter().flatten()).collect();
    let told = |call: &Value| (call["index"].clone(), call["id"].clone(), call["type"].clone());
    let expected = [
        (json!(0), json!("c1"), json!("bash_20241022")),
        (json!(1), json!("c2"), json!("bash_20241022")),
        (json!(2), json!("c3"), json!("function")),
    ];
    assert_eq!(calls.iter().map(|call| told(call)).collect::<Vec<_>>(), expected);
    assert_eq!(calls[2]["function"], json!({"name": "ask", "arguments": "{\"x\":1}"}));
    let results: Vec<_> = deltas.iter().filter(|delta| delta["role"] == "tool").collect();
    assert_eq!((results.len(), &results[0]["tool_call_id"], &results[0]["content"]), (2, &json!("c1"), &json!("$ ls")));
    let last = read.last().expect("pieces");
    assert_eq!(last["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!((&last["pending_tool_calls"], &last["usage"]["total_tokens"]), (&json!(["c3"]), &json!(22)));
    let ended = read.iter().filter(|piece| !piece["choices"][0]["finish_reason"].is_null()).count();
    assert_eq!(ended, 1);
}

#[tokio::test]
async fn a_text_that_comes_in_one_piece_is_told_where_its_calls_came_in_several() {
    let place = Place::new().await;
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    let ls = tool_call(("c1", "bash", json!({"command": "ls"})));
    place.models.will([Answer::Reply(reply("I look. ", vec![ls], FinishReason::ToolCalls)), say("Nothing there.")]);
    let read = streamed(&place, &session, &user("go")).await;
    assert_eq!(content(&read, 0), "I look. Nothing there.");
    let calls = read.iter().filter(|piece| piece["choices"][0]["delta"]["tool_calls"].is_array()).count();
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn several_answers_come_in_one_stream() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let several = ModelReply { alternatives: vec![choice(1, "two")], ..reply("one", Vec::new(), FinishReason::Stop) };
    place.models.will([Answer::Reply(several)]);
    let mut body = user("hi");
    body["n"] = json!(2);
    let read = streamed(&place, &session, &body).await;
    assert_eq!((content(&read, 0).as_str(), content(&read, 1).as_str()), ("one", "two"));
    let last = &read.last().expect("pieces")["choices"];
    assert_eq!((&last[0]["finish_reason"], &last[1]["finish_reason"]), (&json!("stop"), &json!("stop")));
}

#[tokio::test]
async fn a_failure_before_the_first_piece_is_an_answer_and_after_it_the_last_piece() {
    let place = Place::new().await;
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    let failure = || Answer::Fail(ModelError::Refused { status: 400, message: "no".to_owned() });
    place.models.will([failure()]);
    let refused = place.chat(&session, &user("hi")).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!("llm_bad_request")));
    let unknown = json!({"messages": [{"role": "tool", "tool_call_id": "x"}], "stream": true});
    assert_eq!(place.chat(&session, &unknown).await.status, 400);

    place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), failure()]);
    let read = streamed(&place, &session, &user("go")).await;
    let last = read.last().expect("pieces");
    assert_eq!((&last["error"]["code"], last.get("choices")), (&json!("llm_bad_request"), None));
    assert!(read[..read.len() - 1].iter().all(|piece| piece.get("error").is_none()));
}

#[tokio::test]
async fn a_reader_that_goes_away_or_is_slow_does_not_hold_up_the_turn() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let path = format!("/sessions/{session}/chat");
    let ask = |body: Value| {
        let request = Request::post(&path).header("host", "localhost").header("x-auth-key", KEY);
        place.router.clone().oneshot(request.body(Body::from(body.to_string())).expect("a request"))
    };
    let go_on = Arc::new(Notify::new());
    place.models.will([Answer::Pause(Arc::clone(&go_on), "a", "b"), Answer::Write(vec!["x"; 10_000])]);
    let mut stream = ask(user("hi")).await.expect("an answer").into_body().into_data_stream();
    let first = stream.next().await.expect("a piece").expect("bytes");
    assert_eq!(content(&pieces(std::str::from_utf8(&first).expect("text")), 0), "a");
    drop(stream);
    go_on.notify_one();
    let id = session.parse().expect("an id");
    while place.store.open_turn(id).await.expect("read").is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(place.history(&session).await[1].2, "ab");

    // Nobody reads until the turn is over; what waited was joined.
    let stream = ask(user("hi")).await.expect("an answer");
    while place.store.open_turn(id).await.expect("read").is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let bytes = axum::body::to_bytes(stream.into_body(), usize::MAX).await.expect("a body");
    let read = pieces(std::str::from_utf8(&bytes).expect("text"));
    assert_eq!(content(&read, 0).len(), 10_000);
    assert!(read.len() < 10, "{} pieces", read.len());
}

#[tokio::test]
async fn a_long_silence_is_filled_with_comments() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let go_on = Arc::new(Notify::new());
    place.models.will([Answer::Pause(Arc::clone(&go_on), "a", "b")]);
    let request = Request::post(format!("/sessions/{session}/chat")).header("host", "localhost");
    let request = request.header("x-auth-key", KEY).body(Body::from(user("hi").to_string())).expect("a request");
    let stream = place.router.clone().oneshot(request).await.expect("an answer");
    let mut stream = stream.into_body().into_data_stream();
    stream.next().await.expect("a piece").expect("bytes");
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    assert_eq!(stream.next().await.expect("a piece").expect("bytes"), ": ping\n\n");
    assert_eq!(before.elapsed().as_secs(), 15);
    tokio::time::resume();
    go_on.notify_one();
    assert_eq!(stream.count().await, 2, "the rest and the end");
}

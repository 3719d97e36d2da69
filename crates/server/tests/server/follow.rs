use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    http::Request,
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout};
use tower::ServiceExt as _;

use crate::{
    fakes::{Answer, PICTURE, call, say},
    support::{KEY, NOBODY, Place},
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

/// An event of a stream: its number, its name and what it says.
#[derive(Debug, PartialEq)]
struct Told {
    seq: Option<u64>,
    name: String,
    data: Value,
}

struct Following {
    stream: BodyDataStream,
    text: String,
}

impl Following {
    async fn new(place: &Place, session: &str, last: Option<u64>) -> Self {
        let request = Request::get(format!("/sessions/{session}/events")).header("host", "localhost");
        let request = request.header("x-auth-key", KEY);
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        let response = place.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
        let response = response.expect("an answer");
        assert_eq!(
            (response.status(), &response.headers()["content-type"]),
            (axum::http::StatusCode::OK, &"text/event-stream; charset=utf-8".parse().expect("a value"))
        );
        Self { stream: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event; none where the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if !event.starts_with(':') {
                    return Some(told(&event));
                }
            }
            let bytes = timeout(Duration::from_secs(20), self.stream.next()).await.expect("in time")?.expect("bytes");
            self.text.push_str(std::str::from_utf8(&bytes).expect("text"));
        }
    }

    /// All events up to one of this name.
    async fn until(&mut self, name: &str) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            let is_last = told.name == name;
            all.push(told);
            if is_last {
                return all;
            }
        }
        panic!("no {name} after {all:?}")
    }
}

fn told(event: &str) -> Told {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let seq = field("id").map(|seq| seq.parse().expect("a number"));
    let data: Value = serde_json::from_str(field("data").expect("data")).expect("JSON");
    let name = field("event").expect("a name").to_owned();
    assert_eq!(data["type"], name.as_str());
    Told { seq, name, data }
}

fn names(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.name.as_str()).collect()
}

#[tokio::test]
async fn a_session_is_followed_live_and_from_any_point() {
    let place = Place::new().await;
    let computer = json!({"name": "computer", "type": "computer_20241022"});
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"}), computer]).await;
    let mut live = Following::new(&place, &session, None).await;
    place.models.will([call([("c1", "computer", json!({"action": "screenshot"}))]), Answer::Write(vec!["do", "ne"])]);
    let answer = place.chat(&session, &user("go")).await;
    let told = live.until("turn.completed").await;
    let stored: Vec<&Told> = told.iter().filter(|told| told.seq.is_some()).collect();
    let expected =
        ["turn.started", "message.completed", "call.started", "call.completed", "message.completed", "turn.completed"];
    assert_eq!(stored.iter().map(|told| told.name.as_str()).collect::<Vec<_>>(), expected);
    assert!(stored.iter().map(|told| told.seq).eq((1..=6).map(Some)), "counted without gaps");
    let passing: Vec<&Told> = told.iter().filter(|told| told.seq.is_none()).collect();
    let written: String = passing.iter().filter_map(|told| told.data["delta"]["content"].as_str()).collect();
    assert_eq!(written, "done");
    assert!(passing.iter().any(|told| told.name == "call.progress"), "{passing:?}");
    assert!(told.iter().all(|told| told.data["turn"] == answer.body["id"]));
    assert_eq!(stored[0].data["messages"][0]["content"], "go");
    assert_eq!(stored[1].data["message"], answer.body["messages"][0]);
    assert_eq!(stored[2].data["call"]["computer_20241022"], json!({"action": "screenshot"}));
    assert_eq!(stored[3].data["message"], answer.body["messages"][1]);
    assert!(stored[3].data["message"].to_string().contains(PICTURE), "pictures come with their bytes");
    assert_eq!(
        (&stored[5].data["finish_reason"], &stored[5].data["usage"]["total_tokens"]),
        (&json!("stop"), &json!(22))
    );

    let mut again = Following::new(&place, &session, Some(0)).await;
    let replayed = again.until("turn.completed").await;
    assert!(replayed.iter().eq(stored.iter().copied()), "{replayed:?}");
    let mut rest = Following::new(&place, &session, Some(4)).await;
    assert_eq!(names(&rest.until("turn.completed").await), ["message.completed", "turn.completed"]);
    // What comes after the past is told as it happens.
    place.models.will([say("more")]);
    place.chat(&session, &user("more")).await;
    for following in [&mut again, &mut rest, &mut live] {
        let told = following.until("turn.completed").await;
        let stored = told.iter().filter_map(|told| told.seq).collect::<Vec<_>>();
        assert_eq!(stored, [7, 8, 9]);
    }
}

#[tokio::test]
async fn a_slow_follower_misses_nothing_that_is_stored() {
    let place = Place::new().await;
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    let mut slow = Following::new(&place, &session, None).await;
    for _ in 0..50 {
        place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
        assert_eq!(place.chat(&session, &user("go")).await.status, 201);
    }
    let mut seqs = Vec::new();
    while seqs.len() < 300 {
        seqs.extend(slow.next().await.expect("an event").seq);
    }
    assert!(seqs.iter().copied().eq(1..=300), "{seqs:?}");
}

#[tokio::test]
async fn failures_and_ends_are_told() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let failure = handspike_core::ModelError::Refused { status: 400, message: "no".to_owned() };
    place.models.will([Answer::Fail(failure)]);
    place.chat(&session, &user("go")).await;
    let mut following = Following::new(&place, &session, Some(0)).await;
    let told = following.until("turn.failed").await;
    assert_eq!(
        (names(&told), &told[1].data["error"]["code"]),
        (vec!["turn.started", "turn.failed"], &json!("llm_bad_request"))
    );
    place.delete(&format!("/sessions/{session}")).await;
    assert_eq!(following.next().await, None, "the session is gone");

    for (last, mistake) in [("x", "int_parsing"), ("-1", "int_parsing")] {
        let request = Request::get(format!("/sessions/{NOBODY}/events")).header("host", "localhost");
        let request = request.header("x-auth-key", KEY).header("last-event-id", last);
        let answer = place.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.mistakes(), [(mistake, "header.last-event-id")]);
    }
    assert_eq!(place.get(&format!("/sessions/{NOBODY}/events")).await.status, 404);
}

#[tokio::test]
async fn a_turn_is_cancelled_within_a_second_whatever_it_does() {
    let place = Place::new().await;
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    let path = format!("/sessions/{session}");
    let nothing = place.post(&format!("{path}/cancel"), &Value::Null).await;
    assert_eq!((nothing.status, &nothing.body), (202, &json!({"session_id": session, "turn": null})));
    assert_eq!(place.post(&format!("/sessions/{NOBODY}/cancel"), &Value::Null).await.status, 404);
    let bash = |command: &str| call([("c1", "bash", json!({"command": command}))]);
    for (answer, result) in [(Answer::Hang, None), (bash("sleep"), Some("woken")), (bash("stuck"), Some("stopped:"))] {
        place.models.will([answer]);
        let mut following = Following::new(&place, &session, None).await;
        let body = user("go");
        let (answer, took) = tokio::join!(place.chat(&session, &body), async {
            following.until(if result.is_some() { "call.started" } else { "turn.started" }).await;
            let before = std::time::Instant::now();
            let cancelled = place.post(&format!("{path}/cancel"), &Value::Null).await;
            assert!(cancelled.status == 202 && cancelled.body["turn"].is_string(), "{}", cancelled.body);
            following.until("turn.cancelled").await;
            before.elapsed()
        });
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_eq!((answer.status, &answer.body["stop_details"]), (201, &json!({"limit": "cancelled", "value": null})));
        let last = answer.body["messages"].as_array().and_then(|messages| messages.last()).cloned();
        let text = last.map(|last| last["content"].as_str().unwrap_or_default().to_owned());
        assert_eq!(text.as_deref().map(|text| text.starts_with(result.unwrap_or_default())), result.map(|_| true));
    }
    place.models.will([say("on")]);
    assert_eq!(place.chat(&session, &user("more")).await.status, 201);
    assert_eq!(place.models.last().messages.len(), 8, "the conversation is whole");
}

#[tokio::test]
async fn who_does_not_wait_gets_a_job() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let go_on = Arc::new(Notify::new());
    let refused = handspike_core::ModelError::Refused { status: 400, message: "no".to_owned() };
    place.models.will([Answer::Pause(Arc::clone(&go_on), "a", "b"), Answer::Fail(refused)]);
    let ask = async || {
        let request = Request::post(format!("/sessions/{session}/chat")).header("host", "localhost");
        let request = request.header("x-auth-key", KEY).header("prefer", "respond-async, wait=10");
        place.ask(request.body(Body::from(user("hi").to_string())).expect("a request")).await
    };
    let mut following = Following::new(&place, &session, None).await;
    let accepted = ask().await;
    assert_eq!((accepted.status, &accepted.body["state"]), (202, &json!("in_progress")));
    let path = format!("/jobs/{}", accepted.id());
    assert_eq!(accepted.headers["location"], path.as_str());
    let mut looked_at = place.get(&path).await.body;
    // The turn has gone on since then.
    assert!(looked_at["updated_at"].as_str() >= accepted.body["updated_at"].as_str(), "{looked_at}");
    looked_at["updated_at"] = accepted.body["updated_at"].clone();
    assert_eq!(looked_at, accepted.body);
    go_on.notify_one();
    let told = following.until("turn.completed").await;
    assert_eq!(told[0].data["turn"], accepted.body["id"]);
    let done = place.get(&path).await.body;
    assert_eq!(
        (&done["state"], &done["progress"], &done["name"]),
        (&json!("succeeded"), &json!(100.0), &json!("chat"))
    );
    assert_eq!(place.history(&session).await[1].2, "ab");
    let failed = ask().await;
    following.until("turn.failed").await;
    let job = place.get(&format!("/jobs/{}", failed.id())).await.body;
    assert_eq!(
        (&job["state"], job["reason"].as_str().is_some_and(|reason| reason.contains("no"))),
        (&json!("failed"), true)
    );
}

#[tokio::test]
async fn a_deleted_session_ends_its_turn_and_takes_its_sandbox_along() {
    let place = Place::new().await;
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    place.models.will([call([("c1", "bash", json!({"command": "sleep"}))])]);
    let mut following = Following::new(&place, &session, None).await;
    let body = user("go");
    let (answer, ()) = tokio::join!(place.chat(&session, &body), async {
        following.until("call.started").await;
        assert_eq!(place.delete(&format!("/sessions/{session}")).await.status, 202);
    });
    assert_eq!((answer.status, &answer.body["stop_details"]["limit"]), (201, &json!("cancelled")));
    assert_eq!(place.get(&format!("/sessions/{session}")).await.status, 404);
    assert_eq!(place.chat(&session, &user("hi")).await.status, 404);
    while place.sandboxes.removed().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(place.sandboxes.removed()[0].to_string(), session);
}

//! Calls that somebody has to allow, without a socket.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    fakes::{call, say},
    support::{Answer, NOBODY, Place},
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

async fn session(place: &Place, policy: Value) -> String {
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    let patched = place.patch(&format!("/sessions/{session}"), &json!({ "policy": policy })).await;
    assert_eq!((patched.status, &patched.body["policy"]["rules"]), (200, &policy["rules"]), "{}", patched.body);
    session
}

/// The approvals of a session, once there are so many.
async fn waiting(place: &Place, session: &str, count: usize) -> Vec<Value> {
    let soon = async {
        loop {
            let answer = place.get(&format!("/sessions/{session}/approvals")).await;
            assert_eq!((answer.status, answer.body["total"].as_u64().is_some()), (200, true));
            let items = answer.body["items"].as_array().expect("a list").clone();
            if items.len() == count {
                return items;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), soon).await.expect("it comes to be so")
}

/// A word that comes too late, and that it does not help to repeat.
fn assert_over(late: &Answer, why: &str) {
    assert_eq!((late.status, &late.headers["x-should-retry"]), (409, &"false".parse().expect("a value")));
    assert_eq!(late.message(), format!("The call does not wait any more: {why}"));
}

/// The types of a session's events, and of its approvals what is stored of them.
async fn events(place: &Place, session: &str) -> (Vec<String>, Vec<Value>) {
    let events = place.store.events_after(session.parse().expect("an id"), 0, 100).await.expect("events");
    assert!(events.iter().map(|event| event.seq).eq(1..=events.len() as u64), "counted without gaps");
    let names = events.iter().map(|event| event.body["type"].as_str().unwrap_or_default().to_owned()).collect();
    let approvals = events.iter().map(|event| &event.body["approval"]).filter(|approval| approval.is_object());
    (names, approvals.cloned().collect())
}

async fn until_free(place: &Place, session: &str) {
    let soon = async {
        while place.store.open_turn(session.parse().expect("an id")).await.expect("read").is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), soon).await.expect("the turn ends");
}

async fn word(place: &Place, session: &str, word: Value) -> Answer {
    place.post(&format!("/sessions/{session}/approvals"), &word).await
}

#[tokio::test]
async fn rules_allow_and_deny_calls_by_what_they_are_about() {
    let place = Place::new().await;
    let rules = json!([{"tool": "bash", "pattern": "git push*", "verdict": "deny"}]);
    let session = session(&place, json!({ "rules": rules })).await;
    let calls = [("c1", "bash", json!({"command": "git push -f"})), ("c2", "bash", json!({"command": "git log"}))];
    place.models.will([call(calls), say("done")]);
    let answer = place.chat(&session, &user("go")).await;
    let denied = "not run: denied by policy: the session's rules do not allow this call";
    assert_eq!((answer.status, &answer.body["messages"][1]["content"]), (201, &json!(denied)));
    assert_eq!(answer.body["messages"][2]["content"], "$ git log");
    assert_eq!(place.sandboxes.calls().len(), 1);
}

#[tokio::test]
async fn a_call_waits_until_somebody_allows_it_or_says_no() {
    let place = Place::new().await;
    let session = session(&place, json!({"rules": [], "default": "ask", "approval_seconds": 60})).await;
    for (allow, result) in [(true, "$ ls"), (false, "not run: denied by policy: not today")] {
        place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
        let before = place.sandboxes.calls().len();
        let body = user("go");
        let (answer, ()) = tokio::join!(place.chat(&session, &body), async {
            let approval = waiting(&place, &session, 1).await.remove(0);
            assert_eq!((&approval["state"], &approval["session_id"]), (&json!("pending"), &json!(session)));
            assert_eq!(approval["call"]["bash_20241022"], json!({"command": "ls"}));
            assert!(approval["expires_at"].as_str() > approval["created_at"].as_str());
            assert_eq!(place.sandboxes.calls().len(), before, "nothing runs meanwhile");
            let said = json!({"id": approval["id"], "allow": allow, "reason": if allow { Value::Null } else { json!("not today") }});
            let told = word(&place, &session, said.clone()).await;
            let state = if allow { "allowed" } else { "denied" };
            assert_eq!((told.status, &told.body["state"], &told.body["id"]), (200, &json!(state), &approval["id"]));
            assert_over(&word(&place, &session, said).await, &format!("it was {state}"));
            let other = json!({"tool_call_id": approval["tool_call_id"], "allow": !allow});
            assert_over(&word(&place, &session, other).await, &format!("it was {state}"));
        });
        assert_eq!((answer.status, &answer.body["messages"][1]["content"]), (201, &json!(result)));
        assert_eq!(waiting(&place, &session, 0).await.len(), 0);
    }
    let (names, approvals) = events(&place, &session).await;
    let expected = [
        "turn.started",
        "message.completed",
        "call.started",
        "approval.requested",
        "approval.resolved",
        "call.completed",
        "message.completed",
        "turn.completed",
    ];
    assert_eq!((&names[..8], names.len()), (expected.map(str::to_owned).as_slice(), 16));
    let states: Vec<_> = approvals.iter().map(|approval| (&approval["state"], &approval["reason"])).collect();
    let (pending, null) = (json!("pending"), Value::Null);
    let expected =
        [(&pending, &null), (&json!("allowed"), &null), (&pending, &null), (&json!("denied"), &json!("not today"))];
    assert_eq!(states, expected);
}

#[tokio::test]
async fn an_approval_has_a_deadline_and_survives_its_client() {
    let place = Place::new().await;
    let session = session(&place, json!({"rules": [], "default": "ask", "approval_seconds": 1})).await;
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
    let body = user("go");
    tokio::select! {
        _ = place.chat(&session, &body) => panic!("it waits"),
        _ = waiting(&place, &session, 1) => {}
    }
    // The client is gone, and the call still waits.
    assert_eq!(waiting(&place, &session, 1).await.len(), 1);
    until_free(&place, &session).await;
    let (_, approvals) = events(&place, &session).await;
    assert_eq!(approvals[1]["state"], "expired");
    let late = word(&place, &session, json!({"id": approvals[0]["id"], "allow": true})).await;
    assert_over(&late, "its time is up");
    assert_eq!(
        place.history(&session).await[2].2,
        "not run: denied by policy: nobody has allowed this call within 1 s"
    );
    assert!(place.sandboxes.calls().is_empty());
}

#[tokio::test]
async fn a_cancelled_turn_asks_no_more() {
    let place = Place::new().await;
    let session = session(&place, json!({"rules": [], "default": "ask"})).await;
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))])]);
    let body = user("go");
    let (answer, approval) = tokio::join!(place.chat(&session, &body), async {
        let approval = waiting(&place, &session, 1).await.remove(0);
        assert_eq!(place.post(&format!("/sessions/{session}/cancel"), &Value::Null).await.status, 202);
        approval
    });
    assert_eq!(answer.body["stop_details"]["limit"], "cancelled");
    assert_eq!(answer.body["messages"][1]["content"], "not run: the turn was stopped before this call");
    assert_eq!(waiting(&place, &session, 0).await.len(), 0);
    let (names, approvals) = events(&place, &session).await;
    assert_eq!(names[3..6], ["approval.requested", "approval.resolved", "call.completed"]);
    assert_eq!((&approvals[1]["id"], &approvals[1]["state"]), (&approval["id"], &json!("cancelled")));
    let late = word(&place, &session, json!({"id": approval["id"], "allow": true})).await;
    assert_over(&late, "its turn has ended");
    assert!(place.sandboxes.calls().is_empty());
}

#[tokio::test]
async fn a_call_waits_no_longer_than_its_turn_may_take() {
    let place = Place::new().await;
    let session = session(&place, json!({"rules": [], "default": "ask"})).await;
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))])]);
    let body = json!({"messages": [{"role": "user", "content": "go"}], "limits": {"max_seconds": 1}});
    let answer = place.chat(&session, &body).await;
    assert_eq!((answer.status, &answer.body["stop_details"]["limit"]), (201, &json!("max_seconds")));
    let (_, approvals) = events(&place, &session).await;
    let second = |of: &Value| of["expires_at"].as_str().and_then(|time| time.get(17..19)?.parse::<u8>().ok());
    let created = approvals[0]["created_at"].as_str().and_then(|time| time.get(17..19)?.parse::<u8>().ok());
    let waits = (60 + second(&approvals[0]).expect("a time") - created.expect("a time")) % 60;
    assert!(waits <= 1, "{waits} s");
    assert!(matches!(approvals[1]["state"].as_str(), Some("expired" | "cancelled")), "{approvals:?}");
    assert!(place.sandboxes.calls().is_empty());
}

#[tokio::test]
async fn a_word_is_for_the_session_and_the_call_that_it_names() {
    let place = Place::new().await;
    let policy = json!({"rules": [], "default": "ask"});
    let (session, other) = (session(&place, policy.clone()).await, session(&place, policy).await);
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
    let body = user("go");
    let (answer, ()) = tokio::join!(place.chat(&session, &body), async {
        let approval = waiting(&place, &session, 1).await.remove(0);
        assert_eq!(waiting(&place, &other, 0).await.len(), 0);
        for (session, said) in [
            (&other, json!({"id": approval["id"], "allow": true})),
            (&other, json!({"tool_call_id": "c1", "allow": true})),
            (&session, json!({"id": approval["id"], "tool_call_id": "c2", "allow": true})),
            (&session, json!({"id": NOBODY, "tool_call_id": "c1", "allow": true})),
        ] {
            assert_eq!(word(&place, session, said).await.status, 404);
        }
        assert_eq!(waiting(&place, &session, 1).await[0], approval);
        assert_eq!(word(&place, &session, json!({"tool_call_id": "c1", "allow": true})).await.status, 200);
    });
    assert_eq!((answer.status, &answer.body["messages"][1]["content"]), (201, &json!("$ ls")));
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_shown_to_those_who_decide_and_not_stored() {
    let place = Place::new().await;
    let session = session(&place, json!({"rules": [], "default": "ask"})).await;
    place.models.will([call([("c1", "bash", json!({"command": "secret"}))]), say("done")]);
    let body = json!({"messages": [{"role": "user", "content": "go"}], "save": false});
    let (answer, ()) = tokio::join!(place.chat(&session, &body), async {
        let approval = waiting(&place, &session, 1).await.remove(0);
        assert_eq!(approval["call"]["bash_20241022"], json!({"command": "secret"}));
        let said = json!({"id": approval["id"], "allow": false, "reason": "it is secret"});
        assert_eq!(word(&place, &session, said).await.body["reason"], "it is secret");
    });
    assert_eq!(answer.body["messages"][1]["content"], "not run: denied by policy: it is secret");
    let (_, approvals) = events(&place, &session).await;
    assert_eq!((approvals.len(), &approvals[1]["state"]), (2, &json!("denied")));
    let id = session.parse().expect("an id");
    let row = place.store.find_approval(id, None, Some("c1")).await.expect("read").expect("it is there");
    assert!(!json!([approvals, row.body]).to_string().contains("secret"), "{approvals:?} {row:?}");
}

#[tokio::test]
async fn a_call_waits_on_where_its_server_stops_and_another_starts() {
    for (allow, result) in [(true, "$ ls"), (false, "not run: denied by policy: somebody has said no")] {
        let place = Place::new().await;
        let session = session(&place, json!({"rules": [], "default": "ask"})).await;
        place
            .models
            .will([call([("c1", "bash", json!({"command": "ls"})), ("c2", "bash", json!({"command": "pwd"}))])]);
        let body = user("go");
        let (answer, asked) = tokio::join!(place.chat(&session, &body), async {
            let asked = waiting(&place, &session, 1).await;
            place.server.stop(Duration::from_millis(20)).await;
            asked
        });
        assert_eq!(answer.status, 503);

        let next = Place::over(&place).await;
        next.models.will([say("done")]);
        assert_eq!(waiting(&next, &session, 1).await, asked);
        let said = json!({"id": asked[0]["id"], "allow": allow});
        let early = word(&next, &session, said.clone()).await;
        assert_eq!((early.status, early.headers.contains_key("retry-after")), (409, true));
        assert_eq!(next.server.resume_turns().await.expect("looked"), 1);
        while word(&next, &session, said.clone()).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_over(&word(&next, &session, said).await, if allow { "it was allowed" } else { "it was denied" });
        until_free(&next, &session).await;
        let history = next.history(&session).await;
        let said: Vec<_> = history[2..].iter().map(|(_, _, content)| content.as_str().unwrap_or_default()).collect();
        assert_eq!(said, [result, "not run: the runtime stopped before this call", "done"]);
        assert_eq!(next.sandboxes.calls().len(), usize::from(allow));
        let (names, approvals) = events(&next, &session).await;
        let expected = [
            "turn.started",
            "message.completed",
            "call.started",
            "approval.requested",
            "call.completed",
            "approval.resolved",
        ];
        assert_eq!(names[..6], expected);
        assert_eq!((names.len(), approvals.len()), (9, 2));
    }
}

#[tokio::test]
async fn what_waited_while_no_server_was_there_can_be_over_or_be_cancelled() {
    for (seconds, expected) in [(1, "expired"), (60, "cancelled")] {
        let place = Place::new().await;
        let session = session(&place, json!({"rules": [], "default": "ask", "approval_seconds": seconds})).await;
        place.models.will([call([("c1", "bash", json!({"command": "ls"}))])]);
        let body = user("go");
        tokio::join!(place.chat(&session, &body), async {
            waiting(&place, &session, 1).await;
            place.server.stop(Duration::ZERO).await;
        });
        let next = Place::over(&place).await;
        next.models.will([say("done")]);
        if expected == "expired" {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(next.server.resume_turns().await.expect("looked"), 1);
        if expected == "cancelled" {
            let cancel = format!("/sessions/{session}/cancel");
            while next.post(&cancel, &Value::Null).await.body["turn"].is_null() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        until_free(&next, &session).await;
        let (names, approvals) = events(&next, &session).await;
        assert_eq!((approvals.len(), &approvals[1]["state"]), (2, &json!(expected)), "{names:?}");
        let last = if expected == "cancelled" { "turn.cancelled" } else { "turn.completed" };
        assert_eq!(names.last().map(String::as_str), Some(last));
        assert!(next.sandboxes.calls().is_empty());
    }
}

#[tokio::test]
async fn a_word_on_what_nobody_asked_is_told_so() {
    let place = Place::new().await;
    let session = session(&place, json!({"rules": []})).await;
    assert_eq!(word(&place, &session, json!({"allow": true})).await.status, 400);
    assert_eq!(word(&place, &session, json!({"tool_call_id": "c1", "allow": true})).await.status, 404);
    assert_eq!(word(&place, &session, json!({"id": NOBODY, "allow": true})).await.status, 404);
    assert_eq!(word(&place, &session, json!({"id": NOBODY, "allow": 1})).await.mistakes(), [("bool_type", "allow")]);
    assert_eq!(word(&place, NOBODY, json!({"id": NOBODY, "allow": true})).await.status, 404);
    assert_eq!(place.get(&format!("/sessions/{NOBODY}/approvals")).await.status, 404);
    let wrong = json!({"policy": {"rules": [{"tool": "bash", "verdict": "maybe"}]}});
    let path = format!("/sessions/{session}");
    assert_eq!(place.patch(&path, &wrong).await.mistakes(), [("literal_error", "policy.rules[0].verdict")]);
}

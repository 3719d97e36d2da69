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
    loop {
        let answer = place.get(&format!("/sessions/{session}/approvals")).await;
        assert_eq!(answer.status, 200);
        let items = answer.body["items"].as_array().expect("a list").clone();
        if items.len() == count {
            return items;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
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
            assert_eq!(word(&place, &session, said).await.status, 404, "one word is enough");
        });
        assert_eq!((answer.status, &answer.body["messages"][1]["content"]), (201, &json!(result)));
        assert_eq!(waiting(&place, &session, 0).await.len(), 0);
    }
    let events = place.store.events_after(session.parse().expect("an id"), 0, 100).await.expect("events");
    let names: Vec<_> = events.iter().filter_map(|event| event.body["type"].as_str()).collect();
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
    assert_eq!((&names[..8], &events[4].body["approval"]["state"]), (&expected[..], &json!("allowed")));
    assert!(events.iter().map(|event| event.seq).eq(1..=16), "counted without gaps");
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
    while place.store.open_turn(session.parse().expect("an id")).await.expect("read").is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
    let (answer, ()) = tokio::join!(place.chat(&session, &body), async {
        waiting(&place, &session, 1).await;
        assert_eq!(place.post(&format!("/sessions/{session}/cancel"), &Value::Null).await.status, 202);
    });
    assert_eq!(answer.body["stop_details"]["limit"], "cancelled");
    assert_eq!(answer.body["messages"][1]["content"], "not run: the turn was stopped before this call");
    assert_eq!(waiting(&place, &session, 0).await.len(), 0);
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

//! A server that dies in the middle of a turn, and the one that is started after it. The first is this program, run with
//! a test of its own, that kills itself at a point of the turn.

use std::{collections::HashSet, fs, path::Path, process::Command, time::Duration};

use handspike_types::Message;
use serde_json::{Value, json};

use crate::{
    fakes::{Answer, call, say},
    support::Place,
};

/// Where the dying server finds what to work with; set for that process only.
const PLACE: &str = "HANDSPIKE_TEST_CRASH_PLACE";

/// The stored points of a turn, and those beside them at which something has happened that is not stored yet.
const POINTS: [&str; 15] = [
    "turn-begun",
    "before-turn-started",
    "after-turn-started",
    "before-model-answered",
    "after-model-answered",
    "before-call-started",
    "after-call-started",
    "after-call-started:1",
    "before-call-finished",
    "before-call-finished:1",
    "after-call-finished",
    "after-call-finished:1",
    "before-turn-finished",
    "after-turn-finished",
    "nowhere",
];

fn tools() -> [Value; 2] {
    [json!({"name": "bash", "type": "bash_20241022"}), json!({"name": "ask", "type": "function"})]
}

/// A model that asks for two commands, and is done when it has seen what came of them.
fn two_commands(messages: &[Message]) -> Answer {
    match messages.last() {
        Some(Message::User { .. }) => {
            call([("c1", "bash", json!({"command": "one"})), ("c2", "bash", json!({"command": "two"}))])
        }
        _ => say("done"),
    }
}

/// A model that asks for a command and for something from the client.
fn command_and_question(messages: &[Message]) -> Answer {
    match messages.last() {
        Some(Message::User { .. }) => call([("c1", "ask", json!({})), ("c2", "bash", json!({"command": "one"}))]),
        _ => say("done"),
    }
}

/// Allows whatever waits.
async fn allow_all(place: &Place, session: &str) -> ! {
    loop {
        let waiting = place.get(&format!("/sessions/{session}/approvals")).await.body["items"].clone();
        for approval in waiting.as_array().expect("a list") {
            let word = json!({"id": approval["id"], "allow": true});
            place.post(&format!("/sessions/{session}/approvals"), &word).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The dying server. Run by itself it has nothing to work with, and nothing to do.
#[tokio::test]
async fn server() {
    let Ok(words) = std::env::var(PLACE) else { return };
    let words: Vec<&str> = words.split('\n').collect();
    let [folder, session, model, body] = words.as_slice() else { panic!("{words:?}") };
    let place = Place::at(Path::new(folder)).await;
    place.log_commands(&Path::new(folder).join("commands"));
    place.models.think(if *model == "two" { two_commands } else { command_and_question });
    let body = serde_json::from_str(body).expect("JSON");
    let answer = tokio::select! {
        answer = place.chat(session, &body) => answer,
        _ = allow_all(&place, session) => unreachable!("it does not end"),
    };
    assert_eq!(answer.status, 201, "it has not died: {}", answer.body);
}

/// Runs a turn in a server that dies at a point. Says whether it did.
fn die_at(point: &str, folder: &Path, session: &str, model: &str, body: &Value) -> bool {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "crash::server", "--nocapture", "--test-threads=1"])
        .env(PLACE, format!("{}\n{session}\n{model}\n{body}", folder.to_str().expect("UTF-8")))
        .env("HANDSPIKE_FAILPOINT", point)
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("FAILED"), "{said}");
    !output.status.success()
}

async fn until_free(place: &Place, session: &str) {
    while place.store.open_turn(session.parse().expect("an id")).await.expect("read").is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn wherever_a_server_dies_the_next_one_goes_on_and_runs_nothing_twice() {
    for point in POINTS {
        let folder = tempfile::tempdir().expect("a folder");
        let session = {
            let place = Place::at(folder.path()).await;
            let session = place.session(&tools()).await;
            place.store.close().await;
            session
        };
        let body = json!({"messages": [{"role": "user", "content": "go"}]});
        assert_eq!(die_at(point, folder.path(), &session, "two", &body), point != "nowhere", "{point}");

        let place = Place::at(folder.path()).await;
        place.log_commands(&folder.path().join("commands"));
        place.models.think(two_commands);
        let is_open = !matches!(point, "after-turn-finished" | "nowhere");
        assert_eq!(place.server.resume_turns().await.expect("looked"), usize::from(is_open), "{point}");
        until_free(&place, &session).await;
        let history = place.history(&session).await;
        if matches!(point, "turn-begun" | "before-turn-started") {
            assert_eq!(history, [], "{point}: nothing was acknowledged");
        } else {
            let sources: Vec<_> = history.iter().map(|(source, ..)| source.as_str()).collect();
            let expected = ["api_request", "tool_request", "tool_response", "tool_response", "api_response"];
            assert_eq!(sources, expected, "{point}");
            let result = |index: usize| history[index].2.as_str().unwrap_or_default().to_owned();
            for (text, command) in [(result(2), "$ one"), (result(3), "$ two")] {
                let is_known = text == command || text.starts_with("interrupted:") || text.starts_with("not run:");
                assert!(is_known, "{point}: {text}");
            }
            assert_eq!(result(4), "done");
        }
        let commands = fs::read_to_string(folder.path().join("commands")).unwrap_or_default();
        let commands: Vec<&str> = commands.lines().collect();
        assert_eq!(commands.iter().collect::<HashSet<_>>().len(), commands.len(), "{point}: {commands:?} ran twice");
        // What was told in the events is complete, and the session can be used.
        let events = place.store.events_after(session.parse().expect("an id"), 0, 100).await.expect("events");
        let last = events.last().map(|event| event.body["type"].clone());
        assert!(
            matches!(last, Some(Value::String(last)) if last == "turn.completed" || last == "turn.failed"),
            "{point}"
        );
        place.models.think(|_| say("fine"));
        let answer = place.chat(&session, &json!({"messages": [{"role": "user", "content": "more"}]})).await;
        assert_eq!(answer.status, 201, "{point}: {}", answer.body);
        assert_well_formed(&place.models.last().messages, point);
    }
}

/// Each call is answered once, directly after the message that asks for it, in the order of the calls.
fn assert_well_formed(messages: &[Message], point: &str) {
    let mut messages = messages.iter();
    while let Some(message) = messages.next() {
        match message {
            Message::Assistant { tool_calls, .. } if !tool_calls.is_empty() => {
                let Some(Message::Tools { results }) = messages.next() else { panic!("{point}: unanswered") };
                let asked: Vec<&str> = tool_calls.iter().map(|call| call.id.as_str()).collect();
                let answered: Vec<&str> = results.iter().map(|result| result.call_id.as_str()).collect();
                assert_eq!(asked, answered, "{point}");
            }
            Message::Tools { .. } => panic!("{point}: results without calls"),
            Message::Assistant { .. } | Message::System { .. } | Message::User { .. } => {}
        }
    }
}

#[tokio::test]
async fn calls_that_await_the_client_still_do_after_a_crash() {
    for point in ["after-model-answered", "after-call-started", "after-call-finished"] {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::at(folder.path()).await;
        let session = place.session(&tools()).await;
        place.store.close().await;
        let body = json!({"messages": [{"role": "user", "content": "go"}]});
        assert!(die_at(point, folder.path(), &session, "ask", &body), "{point}");

        let place = Place::at(folder.path()).await;
        place.models.think(command_and_question);
        assert_eq!(place.server.resume_turns().await.expect("looked"), 1);
        until_free(&place, &session).await;
        assert!(place.models.seen().is_empty(), "the client is next");
        let answer = json!({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "mine"}]});
        let answer = place.chat(&session, &answer).await;
        assert_eq!((answer.status, &answer.body["choices"][0]["message"]["content"]), (201, &json!("done")), "{point}");
        let asked = place.models.last().messages;
        let Some(Message::Tools { results }) = asked.last() else { panic!("{asked:?}") };
        assert_eq!((results.len(), results[0].output.joined_text().as_str()), (2, "mine"));
        assert_well_formed(&asked, point);
    }
}

#[tokio::test]
async fn a_call_that_waits_to_be_allowed_still_does_after_a_crash_and_one_that_was_is_not_run_again() {
    for (point, asked_before, still_waits) in [
        ("before-approval-requested", false, false),
        ("after-approval-requested", true, true),
        ("before-approval-resolved", true, true),
        ("after-approval-resolved", true, false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::at(folder.path()).await;
        let session = place.session(&tools()).await;
        let policy = json!({"policy": {"rules": [{"tool": "bash", "pattern": "one", "verdict": "ask"}]}});
        assert_eq!(place.patch(&format!("/sessions/{session}"), &policy).await.status, 200);
        place.store.close().await;
        let body = json!({"messages": [{"role": "user", "content": "go"}]});
        assert!(die_at(point, folder.path(), &session, "two", &body), "{point}");

        let place = Place::at(folder.path()).await;
        place.log_commands(&folder.path().join("commands"));
        place.models.think(two_commands);
        let items = place.get(&format!("/sessions/{session}/approvals")).await.body["items"].clone();
        assert_eq!(items.as_array().expect("a list").len(), usize::from(still_waits), "{point}");
        assert_eq!(place.server.resume_turns().await.expect("looked"), 1);
        tokio::select! {
            () = until_free(&place, &session) => {}
            _ = allow_all(&place, &session), if still_waits => unreachable!("it does not end"),
        }
        let history = place.history(&session).await;
        let result = history[2].2.as_str().unwrap_or_default().to_owned();
        let is_right = if still_waits { result == "$ one" } else { result.starts_with("interrupted:") };
        assert!(is_right, "{point}: {result}");
        assert_eq!((history.len(), history[4].2.as_str()), (5, Some("done")), "{point}");
        let commands = fs::read_to_string(folder.path().join("commands")).unwrap_or_default();
        assert_eq!(commands, if still_waits { "{\"command\":\"one\"}\n" } else { "" }, "{point}");
        let events = place.store.events_after(session.parse().expect("an id"), 0, 100).await.expect("events");
        let count = |name: &str| events.iter().filter(|event| event.body["type"] == name).count();
        let expected = usize::from(asked_before);
        assert_eq!((count("approval.requested"), count("approval.resolved")), (expected, expected), "{point}");
        place.models.think(|_| say("fine"));
        assert_eq!(place.chat(&session, &json!({"messages": [{"role": "user", "content": "more"}]})).await.status, 201);
        assert_well_formed(&place.models.last().messages, point);
    }
}

#[tokio::test]
async fn a_turn_that_can_not_be_gone_on_with_ends_as_failed() {
    for body in [
        json!({"messages": [{"role": "user", "content": "go"}], "save": false}),
        json!({"messages": [{"role": "user", "content": "go"}]}),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::at(folder.path()).await;
        let session = place.session(&tools()).await;
        place.store.close().await;
        assert!(die_at("after-call-started", folder.path(), &session, "two", &body));
        let place = Place::at(folder.path()).await;
        if body["save"] != false {
            // A server whose models are others.
            place.models.forget("gpt-4o");
        }
        place.server.resume_turns().await.expect("looked");
        until_free(&place, &session).await;
        let events = place.store.events_after(session.parse().expect("an id"), 0, 100).await.expect("events");
        assert_eq!(events.last().expect("an event").body["type"], "turn.failed");
        assert!(place.models.seen().is_empty() && place.sandboxes.calls().is_empty());
        place.models.remember();
        place.models.will([say("fine")]);
        assert_eq!(place.chat(&session, &json!({"messages": [{"role": "user", "content": "more"}]})).await.status, 201);
        assert_well_formed(&place.models.last().messages, "failed");
    }
}

#[tokio::test]
async fn a_server_that_stops_finishes_its_turns_or_leaves_them_to_the_next() {
    let place = Place::new().await;
    let session = place.session(&tools()).await;
    place.models.will([call([("c1", "bash", json!({"command": "sleep"}))])]);
    let body = json!({"messages": [{"role": "user", "content": "go"}]});
    let (answer, ()) = tokio::join!(place.chat(&session, &body), async {
        while place.sandboxes.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        place.server.stop(Duration::from_millis(20)).await;
    });
    assert_eq!((answer.status, answer.headers.contains_key("retry-after")), (503, true));
    let turned_away = place.chat(&session, &body).await;
    assert_eq!((turned_away.status, turned_away.message()), (503, "The server is stopping"));
    assert!(place.store.open_turn(session.parse().expect("an id")).await.expect("read").is_some());

    let next = Place::over(&place).await;
    next.models.will([say("done")]);
    assert_eq!(next.server.resume_turns().await.expect("looked"), 1);
    until_free(&next, &session).await;
    assert_eq!(next.history(&session).await[3].2, "done");
}

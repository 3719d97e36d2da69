use std::time::Duration;

use handspike_types::{Outcome, Usage};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    TurnError,
    fakes::{Answer, Notes, Stage, assert_well_formed, calls, cancelled_after, done},
    session::Session,
};

fn call(id: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: "echo".to_owned(), arguments: json!({}), toolset: None }
}

/// Answers by ids alone, as clients give them.
fn answers(answers: &[(&str, &str)]) -> Message {
    let result = |(id, text): &(&str, &str)| ToolResult {
        call_id: (*id).to_owned(),
        name: String::new(),
        output: ToolOutput::text(*text),
        toolset: None,
    };
    Message::Tools { results: answers.iter().map(result).collect() }
}

/// The results of a message, each as `id: text`.
fn told(message: &Message) -> Vec<String> {
    let Message::Tools { results } = message else { panic!("no results: {message:?}") };
    results.iter().map(|result| format!("{}: {}", result.call_id, result.output.joined_text())).collect()
}

/// A session after a step in which the client is to run `a` and `c`, and we have run `b`.
async fn awaiting(then: impl IntoIterator<Item = Answer>) -> (Session, Notes) {
    let step = calls([("a", "phone", json!({})), ("b", "echo", json!({"text": "hi"})), ("c", "phone", json!({}))]);
    let (mut session, notes) = Stage::new([step].into_iter().chain(then)).begin().await;
    let outcome = session.run_turn(vec![Message::user("go")], &CancellationToken::new()).await.expect("a turn");
    assert_eq!(outcome, Outcome::AwaitsClient { pending: vec!["a".to_owned(), "c".to_owned()] });
    (session, notes)
}

async fn go_on(session: &mut Session, input: Vec<Message>) -> Result<Outcome, TurnError> {
    session.run_turn(input, &CancellationToken::new()).await
}

#[tokio::test(start_paused = true)]
async fn a_clients_calls_end_the_turn_after_the_others_have_run() {
    let (session, notes) = awaiting([]).await;
    assert_eq!(told(&session.history()[2]), ["b: hi"]);
    assert!(notes.place("b finished") < notes.place("turn finished"));
    assert!(!notes.has("a started") && !notes.has("a runs"));
}

#[tokio::test(start_paused = true)]
async fn the_clients_answers_join_the_others_in_the_order_of_the_calls() {
    let (mut session, notes) = awaiting([done("bye")]).await;
    let input = vec![answers(&[("c", "three")]), answers(&[("a", "one")]), Message::user("go on")];
    go_on(&mut session, input.clone()).await.expect("a turn");
    let request = notes.read().requests[1].clone();
    assert_eq!(told(&request[2]), ["a: one", "b: hi", "c: three"]);
    assert_eq!(request[3], Message::user("go on"));
    let Message::Tools { results } = &request[2] else { panic!("results") };
    assert_eq!(results[0].name, "phone");
    assert_well_formed(session.history());
    let stored = notes.read().events.iter().any(|event| match event {
        EventKind::TurnStarted { input: stored, .. } => *stored == input,
        _ => false,
    });
    assert!(stored, "the input is stored as it came");
}

#[tokio::test(start_paused = true)]
async fn calls_that_the_client_leaves_unanswered_are_answered_as_such() {
    let (mut session, notes) = awaiting([done("bye")]).await;
    go_on(&mut session, vec![answers(&[("a", "one")])]).await.expect("a turn");
    assert_eq!(told(&notes.read().requests[1][2]), ["a: one", "b: hi", "c: not answered by the client"]);

    let (mut session, notes) = awaiting([done("bye")]).await;
    go_on(&mut session, vec![Message::user("never mind")]).await.expect("a turn");
    assert_eq!(notes.read().requests[1].len(), 4);
    assert_well_formed(session.history());
}

#[tokio::test(start_paused = true)]
async fn a_step_of_which_we_run_nothing_is_answered_by_the_client_alone() {
    let (mut session, notes) = Stage::new([calls([("a", "phone", json!({}))]), done("bye")]).begin().await;
    go_on(&mut session, vec![Message::user("go")]).await.expect("a turn");
    assert!(matches!(session.history().last(), Some(Message::Assistant { .. })));
    go_on(&mut session, vec![answers(&[("a", "one")])]).await.expect("a turn");
    assert_eq!(told(&notes.read().requests[1][2]), ["a: one"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_an_error_before_anything_is_stored() {
    let (mut session, notes) = awaiting([done("bye")]).await;
    let before = (session.history().to_vec(), notes.read().events.len());
    let unknown = |id: &str| InputError::UnknownCall { call_id: id.to_owned() };
    let twice = |id: &str| InputError::AnsweredTwice { call_id: id.to_owned() };
    for (input, error) in [
        (vec![answers(&[("a", "one"), ("x", "what?")])], unknown("x")),
        (vec![Message::user("go"), answers(&[("a", "one")])], unknown("a")),
        (vec![answers(&[("b", "mine")])], twice("b")),
        (vec![answers(&[("a", "one")]), answers(&[("a", "two")])], twice("a")),
    ] {
        match go_on(&mut session, input).await {
            Err(TurnError::Input(came)) => assert_eq!(came, error),
            other => panic!("{other:?}"),
        }
        assert_eq!((session.history().to_vec(), notes.read().events.len()), before);
    }
    go_on(&mut session, vec![answers(&[("a", "one"), ("c", "three")])]).await.expect("the session can go on");
    assert!(matches!(notes.read().events[before.1], EventKind::TurnStarted { turn: 2, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_during_the_other_calls_is_a_cancel_and_the_client_may_still_answer() {
    let step = calls([("a", "phone", json!({})), ("b", "nap", json!({"seconds": 60}))]);
    let (mut session, notes) = Stage::new([step, done("bye")]).begin().await;
    let cancel = cancelled_after(Duration::from_secs(2));
    let outcome = session.run_turn(vec![Message::user("go")], &cancel).await.expect("a turn");
    assert_eq!(outcome, Outcome::Cancelled);
    go_on(&mut session, vec![answers(&[("a", "one")])]).await.expect("a turn");
    assert_eq!(told(&notes.read().requests[1][2]), ["a: one", "b: woken"]);
}

#[test]
fn a_conversation_that_a_client_posts_is_taken_as_it_is() {
    let asks = Message::assistant("", vec![call("a"), call("b")]);
    let posted = [
        Message::system("be polite"),
        Message::user("hi"),
        asks,
        answers(&[("a", "1"), ("b", "2")]),
        Message::user("x"),
    ];
    let mut history = Vec::new();
    accept(&mut history, posted.to_vec()).expect("it is well-formed");
    assert_eq!(history.len(), posted.len());
    assert_well_formed(&history);

    let mut history = vec![Message::user("before")];
    accept(&mut history, posted[..3].to_vec()).expect("its calls are answered here");
    assert_eq!(told(&history[4]), ["a: not answered by the client", "b: not answered by the client"]);
}

fn started(turn: u32) -> EventKind {
    EventKind::TurnStarted { turn, input: vec![Message::user("go")] }
}

fn answered(ids: &[&str], finish_reason: FinishReason) -> EventKind {
    EventKind::ModelAnswered {
        turn: 1,
        step: 1,
        text: "I look.".to_owned(),
        tool_calls: ids.iter().map(|id| call(id)).collect(),
        finish_reason,
        usage: Usage::default(),
        duration_ms: 1,
        logprobs: None,
        alternatives: Vec::new(),
        warnings: Vec::new(),
    }
}

fn call_started(id: &str) -> EventKind {
    EventKind::CallStarted { turn: 1, step: 1, call: call(id) }
}

fn call_finished(id: &str) -> EventKind {
    let (call_id, name, output) = (id.to_owned(), "echo".to_owned(), ToolOutput::text("hi"));
    EventKind::CallFinished { turn: 1, step: 1, call_id, name, output, duration_ms: 1 }
}

const INTERRUPTED: &str =
    "interrupted: the runtime stopped during this call; it may have had effects and was not run again";

#[test]
fn a_turn_that_never_finished_leaves_a_conversation_that_can_be_continued() {
    let asked = answered(&["a", "b", "c"], FinishReason::ToolCalls);
    let events = [started(1), asked, call_started("b"), call_started("a"), call_finished("a")];
    let history = replay(vec![Message::user("before")], events).expect("the record is whole");
    assert_well_formed(&history);
    let not_run = "c: not run: the runtime stopped before this call";
    assert_eq!(told(&history[3]), ["a: hi", &format!("b: {INTERRUPTED}"), not_run]);
}

#[test]
fn a_record_may_end_anywhere() {
    let step = [
        answered(&["a", "b"], FinishReason::ToolCalls),
        call_started("a"),
        call_finished("a"),
        call_started("b"),
        call_finished("b"),
    ];
    let whole = [&[started(1)], &step[..], &step, &[answered(&[], FinishReason::Stop)]].concat();
    for end in 0..=whole.len() {
        let history = replay(Vec::new(), whole[..end].to_vec()).expect("the record is whole");
        assert_well_formed(&history);
        let again = replay(Vec::new(), [&whole[..end], &[started(2)]].concat()).expect("a turn after a crash");
        assert_well_formed(&again);
    }
}

#[test]
fn calls_of_a_cut_answer_are_not_in_the_conversation() {
    let events = [started(1), answered(&["a"], FinishReason::Length)];
    let history = replay(Vec::new(), events).expect("the record is whole");
    assert_eq!(history[1..], [Message::assistant("I look.", Vec::new())]);
}

#[tokio::test(start_paused = true)]
async fn a_replay_of_what_was_stored_is_the_sessions_own_history() {
    let (mut session, notes) = awaiting([calls([("d", "refuse", json!({}))]), done("bye")]).await;
    let stored = notes.read().events.clone();
    assert_eq!(replay(Vec::new(), stored).expect("the record is whole"), session.history());
    go_on(&mut session, vec![answers(&[("c", "three")]), Message::user("go on")]).await.expect("a turn");
    let stored = notes.read().events.clone();
    assert_eq!(replay(Vec::new(), stored).expect("the record is whole"), session.history());
}

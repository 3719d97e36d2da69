use std::time::Duration;

use handspike_types::{Choice, ModelSettings, ToolCall, ToolChoice};
use serde_json::json;

use super::*;
use crate::{
    Limits,
    fakes::{Answer, Played, Stage, calls, cancelled_after, done, reply},
};

fn limit(played: &Played) -> &str {
    match &played.outcome {
        Outcome::LimitReached { limit, .. } => limit,
        other => panic!("no limit was reached: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_calls_ends_the_turn() {
    let played = Stage::new([done("hello")]).play_freely().await;
    assert_eq!(played.outcome, Outcome::Done { text: "hello".to_owned() });
    assert_eq!(played.session.history(), [Message::user("go"), Message::assistant("hello", Vec::new())]);
    let order = ["session started", "turn started", "step started", "model asked", "model answered", "turn finished"];
    assert_eq!(played.notes.read().order, order);
}

#[tokio::test(start_paused = true)]
async fn the_next_request_carries_the_results() {
    let played = Stage::new([calls([("a", "echo", json!({"text": "hi"}))]), done("bye")]).play_freely().await;
    let requests = played.notes.read().requests.clone();
    assert_eq!(requests[0], [Message::user("go")]);
    assert_eq!(requests[1].as_slice(), &played.session.history()[..3]);
    assert_eq!(played.text_of("a"), "hi");
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_second_turn_continues_the_conversation() {
    let (mut session, notes) = Stage::new([done("one"), done("two")]).begin().await;
    for prompt in ["first", "second"] {
        session.run_turn(vec![Message::user(prompt)], &CancellationToken::new()).await.expect("events are taken");
    }
    assert_eq!(notes.read().requests[1].len(), 3);
    let turns: Vec<u32> = notes
        .read()
        .events
        .iter()
        .filter_map(|event| if let EventKind::TurnStarted { turn, .. } = event { Some(*turn) } else { None })
        .collect();
    assert_eq!(turns, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn the_turn_adds_up_steps_and_tokens() {
    let played = Stage::new([calls([("a", "nap", json!({"seconds": 3}))]), done("bye")]).play_freely().await;
    let seen = played.notes.read();
    let Some(EventKind::TurnFinished { steps, usage, duration_ms, .. }) = seen.events.last() else {
        panic!("the last event ends the turn")
    };
    assert_eq!((*steps, *usage), (2, Usage { input_tokens: 20, output_tokens: 2 }));
    assert!((3000..3100).contains(duration_ms), "{duration_ms}");
}

#[tokio::test(start_paused = true)]
async fn the_step_limit_ends_the_turn_after_the_last_results() {
    let mut stage = Stage::new([calls([("a", "echo", json!({}))]), calls([("b", "echo", json!({}))])]);
    stage.limits.steps = 2;
    let played = stage.play_freely().await;
    assert_eq!(limit(&played), "2 steps");
    assert!(played.notes.has("b finished"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn the_token_limit_ends_the_turn_before_the_next_request() {
    let mut stage = Stage::new([calls([("a", "echo", json!({}))])]);
    stage.limits.tokens = Some(11);
    let played = stage.play_freely().await;
    assert_eq!(limit(&played), "11 tokens");
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn the_wall_time_limit_abandons_a_model_that_does_not_answer() {
    let mut stage = Stage::new([Answer::Hang]);
    stage.limits.wall_time = Duration::from_secs(7);
    let started = Instant::now();
    let played = stage.play_freely().await;
    assert_eq!(limit(&played), "7 s of wall time");
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_cancelled_before_it_begins_asks_nobody() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let played = Stage::new([]).play(&cancel).await;
    assert_eq!(played.outcome, Outcome::Cancelled);
    assert!(played.notes.has("turn finished"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_cancel_abandons_the_request_under_way() {
    let started = Instant::now();
    let played = Stage::new([Answer::Hang]).play(&cancelled_after(Duration::from_secs(2))).await;
    assert_eq!(played.outcome, Outcome::Cancelled);
    assert_eq!(started.elapsed().as_secs(), 2);
    assert!(!played.notes.has("model answered"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn what_the_model_writes_is_announced_while_it_writes_and_stored_as_a_whole() {
    let second = Duration::from_secs(1);
    let pieces = vec![("hel", second), ("lo", Duration::ZERO)];
    let written = Answer::Write(pieces, reply("hello", Vec::new(), FinishReason::Stop));
    let played = Stage::new([written]).play_freely().await;
    assert_eq!(played.outcome, Outcome::Done { text: "hello".to_owned() });
    let order = played.notes.read().order.clone();
    assert_eq!(order[3..7], ["model asked", "delta: hel", "delta: lo", "model answered"]);
}

#[tokio::test(start_paused = true)]
async fn more_pieces_than_wait_in_the_channel_all_arrive_in_order() {
    let many = 3 * DELTAS;
    let written = Answer::Write(vec![("x", Duration::ZERO); many], reply("x", Vec::new(), FinishReason::Stop));
    let played = Stage::new([written]).play_freely().await;
    let order = played.notes.read().order.clone();
    assert_eq!(order.iter().filter(|line| *line == "delta: x").count(), many);
    assert!(played.notes.place("model answered") > many);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_heard_while_the_model_writes() {
    let slowly = vec![("x", Duration::from_secs(1)); 60];
    let written = Answer::Write(slowly, reply("x", Vec::new(), FinishReason::Stop));
    let started = Instant::now();
    let played = Stage::new([written]).play(&cancelled_after(Duration::from_millis(2500))).await;
    assert_eq!((played.outcome, started.elapsed()), (Outcome::Cancelled, Duration::from_millis(2500)));
    assert!(!played.notes.has("model answered"));
}

#[tokio::test(start_paused = true)]
async fn other_answers_and_warnings_are_stored_and_the_first_answer_counts() {
    let call = |id: &str| ToolCall { id: id.to_owned(), name: "echo".to_owned(), arguments: json!({}), toolset: None };
    let alternatives = vec![Choice {
        index: 1,
        text: String::new(),
        tool_calls: vec![call("b")],
        finish_reason: FinishReason::ToolCalls,
        logprobs: None,
    }];
    let warnings = vec!["`seed` was not sent".to_owned()];
    let first = reply("first", Vec::new(), FinishReason::Stop);
    let several = ModelReply { alternatives: alternatives.clone(), warnings: warnings.clone(), ..first };
    let played = Stage::new([Answer::Reply(several)]).play_freely().await;
    assert_eq!(played.outcome, Outcome::Done { text: "first".to_owned() });
    assert!(!played.notes.has("b runs"));
    let seen = played.notes.read();
    let stored = seen.events.iter().find_map(|event| match event {
        EventKind::ModelAnswered { alternatives, warnings, .. } => Some((alternatives, warnings)),
        _ => None,
    });
    assert_eq!(stored, Some((&alternatives, &warnings)));
}

#[tokio::test(start_paused = true)]
async fn a_forced_call_is_forced_once() {
    let mut stage = Stage::new([calls([("a", "echo", json!({}))]), done("bye")]);
    let forced = Some(ToolChoice::Function { name: "echo".to_owned() });
    stage.settings = ModelSettings { temperature: Some(0.5), tool_choice: forced.clone(), ..ModelSettings::default() };
    let played = stage.play_freely().await;
    let asked: Vec<_> = played
        .notes
        .read()
        .settings
        .iter()
        .map(|settings| (settings.temperature, settings.tool_choice.clone()))
        .collect();
    assert_eq!(asked, [(Some(0.5), forced), (Some(0.5), None)]);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_session_counts_on_and_knows_what_was_said() {
    let before = vec![Message::user("go"), Message::assistant("hello", Vec::new())];
    let (mut session, notes) = Stage::new([done("again")]).resume(before.clone(), 4);
    session.run_turn(vec![Message::user("and?")], &CancellationToken::new()).await.expect("a turn");
    assert_eq!(notes.read().requests[0], [&before[..], &[Message::user("and?")]].concat());
    assert!(!notes.has("session started"));
    assert!(matches!(notes.read().events[0], EventKind::TurnStarted { turn: 5, .. }));
}

#[tokio::test(start_paused = true)]
async fn no_input_lets_the_model_go_on() {
    let (mut session, notes) = Stage::new([done("again")]).resume(vec![Message::user("go")], 1);
    session.run_turn(Vec::new(), &CancellationToken::new()).await.expect("a turn");
    assert_eq!(notes.read().requests[0], [Message::user("go")]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_never_runs_its_calls() {
    let call =
        ToolCall { id: "a".to_owned(), name: "echo".to_owned(), arguments: json!("{\"text\": \"cu"), toolset: None };
    let played = Stage::new([Answer::Reply(reply("so", vec![call], FinishReason::Length))]).play_freely().await;
    assert_eq!(limit(&played), "the model's output limit");
    assert!(!played.notes.has("a started") && !played.notes.has("a runs"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn calls_decide_whatever_the_finish_reason_says() {
    let call = ToolCall { id: "a".to_owned(), name: "echo".to_owned(), arguments: json!({}), toolset: None };
    let odd = [reply("", vec![call], FinishReason::Stop), reply("bye", Vec::new(), FinishReason::ToolCalls)];
    let played = Stage::new(odd.map(Answer::Reply)).play_freely().await;
    assert_eq!(played.outcome, Outcome::Done { text: "bye".to_owned() });
    assert!(played.notes.has("a runs"));
}

#[tokio::test(start_paused = true)]
async fn a_withheld_answer_is_the_models_failure() {
    let played = Stage::new([Answer::Reply(reply("", Vec::new(), FinishReason::ContentFilter))]).play_freely().await;
    assert!(matches!(played.outcome, Outcome::ModelFailed { .. }), "{:?}", played.outcome);
}

#[tokio::test(start_paused = true)]
async fn a_models_error_ends_the_turn_with_its_text() {
    let error = ModelError::Refused { status: 401, message: "no such key".to_owned() };
    let text = error.to_string();
    let played = Stage::new([Answer::Fail(error)]).play_freely().await;
    assert_eq!(played.outcome, Outcome::ModelFailed { error: text });

    let error = ModelError::ExpectationFailed("step 1 went wrong".to_owned());
    let played = Stage::new([Answer::Fail(error)]).play_freely().await;
    assert_eq!(played.outcome, Outcome::ExpectationFailed { error: "step 1 went wrong".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn an_open_turn_goes_on_where_it_was_left() {
    let mut stage = Stage::new([done("done")]);
    stage.limits = Limits { steps: 3, ..Limits::default() };
    let (mut session, notes) = stage.resume(vec![Message::user("go")], 1);
    let so_far = SoFar { steps: 2, usage: Usage { input_tokens: 5, output_tokens: 5 }, time: Duration::from_secs(60) };
    let outcome = session.go_on(so_far, &CancellationToken::new()).await.expect("the sink takes every event");
    assert_eq!(outcome, Outcome::Done { text: "done".to_owned() });
    assert!(!notes.has("turn started"), "it has begun before");
    let events = notes.read().events.clone();
    let Some(EventKind::TurnFinished { turn: 1, steps: 3, usage, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!(usage.total(), 21, "what was used before counts");

    let mut stage = Stage::new([]);
    stage.limits = Limits { wall_time: Duration::from_secs(60), ..Limits::default() };
    let (mut session, _) = stage.resume(vec![Message::user("go")], 1);
    let outcome = session.go_on(so_far, &CancellationToken::new()).await.expect("the sink takes every event");
    assert!(matches!(outcome, Outcome::LimitReached { which: Limit::WallTime, .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_left_are_run_within_what_is_left_of_the_turns_time() {
    let call = |id: &str, name: &str, arguments| ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
        toolset: None,
    };
    let mut stage = Stage::new([]);
    stage.limits = Limits { wall_time: Duration::from_secs(60), ..Limits::default() };
    let (session, notes) = stage.resume(Vec::new(), 0);
    let so_far = SoFar { time: Duration::from_secs(50), ..SoFar::default() };
    let (started, cancel) = (Instant::now(), CancellationToken::new());
    let left = vec![call("a", "echo", json!({"text": "hi"})), call("b", "nap", json!({"seconds": 3600}))];
    let ended = run_left(&session.parts, left, so_far, &cancel).await.expect("the sink takes every event");
    assert_eq!((ended, started.elapsed().as_secs()), (None, 10));
    assert!(notes.has("a finished") && notes.has("b finished") && !notes.has("turn started"));

    let left = vec![call("c", "fault", json!({}))];
    let ended = run_left(&session.parts, left, SoFar::default(), &cancel).await.expect("the sink takes every event");
    assert_eq!(ended, Some(Outcome::Faulted { error: "the disk is full".to_owned() }));
    assert!(notes.has("c finished") && !notes.has("turn finished"), "that is the caller's");
}

use std::{future::pending, time::Duration};

use async_trait::async_trait;
use handspike_types::{Limit, Message, Outcome};
use serde_json::json;

use super::*;
use crate::{
    Policy,
    fakes::{Stage, calls, cancelled_after, done},
};

const HOUR: u64 = 3600;

/// The usual one.
const GRACE: Duration = Duration::from_secs(5);

/// Denies `echo`, and never makes up its mind about `nap`.
struct Strict;

#[async_trait]
impl Policy for Strict {
    async fn decide(&self, call: &ToolCall) -> Decision {
        match call.name.as_str() {
            "echo" => Decision::Deny { reason: "no echoes here".to_owned() },
            "nap" => pending().await,
            _ => Decision::Allow,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_shared_lane_run_one_after_the_other() {
    let step = calls([("a", "nap", json!({"seconds": 2, "lane": 1})), ("b", "nap", json!({"seconds": 1, "lane": 1}))]);
    let started = Instant::now();
    let played = Stage::new([step, done("bye")]).play_freely().await;
    assert_eq!(started.elapsed().as_secs(), 3);
    assert!(played.notes.place("a finished") < played.notes.place("b started"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_batch_is_not_run_after_a_failure() {
    let batched = |text: &str| json!({"text": text, "lane": 1, "batch": true});
    let step = calls([
        ("a", "echo", batched("one")),
        ("b", "refuse", batched("")),
        ("c", "echo", batched("three")),
        ("d", "echo", json!({"text": "four", "lane": 1})),
    ]);
    let played = Stage::new([step, done("bye")]).play_freely().await;
    let texts = ["a", "b", "c", "d"].map(|id| played.text_of(id));
    assert_eq!(texts, ["one", "parameter `command` is required", "skipped", "four"]);
    assert!(!played.notes.has("c runs"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn calls_of_different_lanes_run_side_by_side_and_are_answered_in_order() {
    let step = calls([
        ("a", "nap", json!({"seconds": 3})),
        ("b", "nap", json!({"seconds": 1})),
        ("c", "nap", json!({"seconds": 2, "lane": 1})),
    ]);
    let started = Instant::now();
    let played = Stage::new([step, done("bye")]).play_freely().await;
    assert_eq!(started.elapsed().as_secs(), 3);
    assert!(played.notes.place("b ends") < played.notes.place("a ends"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_call_is_stored_before_it_runs_and_its_result_before_the_model_sees_it() {
    let played = Stage::new([calls([("a", "echo", json!({}))]), done("bye")]).play_freely().await;
    let order = played.notes.read().order.clone();
    let step = ["model answered", "a started", "a runs", "a ends", "a finished", "step started", "model asked"];
    assert_eq!(order[4..11], step);
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_does_not_run_and_the_model_is_told_why() {
    let mut stage = Stage::new([calls([("a", "echo", json!({})), ("b", "shot", json!({}))]), done("bye")]);
    stage.policy = Box::new(Strict);
    let played = stage.play_freely().await;
    assert!(!played.notes.has("a runs") && played.notes.has("b runs"));
    assert_eq!(played.text_of("a"), "not run: denied by policy: no echoes here");
    assert!(played.results()[0].output.is_error);
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_does_not_decide_is_given_up_on_cancel_and_at_the_deadline() {
    for cancel in [cancelled_after(Duration::from_secs(2)), CancellationToken::new()] {
        let mut stage = Stage::new([calls([("a", "nap", json!({"seconds": 1}))])]);
        stage.policy = Box::new(Strict);
        stage.limits.wall_time = Duration::from_secs(4);
        let started = Instant::now();
        let played = stage.play(&cancel).await;
        match played.outcome {
            Outcome::Cancelled => assert_eq!(started.elapsed().as_secs(), 2),
            Outcome::LimitReached { .. } => assert_eq!(started.elapsed().as_secs(), 4),
            ref other => panic!("{other:?}"),
        }
        assert_eq!(played.text_of("a"), "not run: the turn was stopped before this call");
        played.assert_well_formed();
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_error_goes_to_the_model_and_the_turn_goes_on() {
    let step = calls([("a", "refuse", json!({})), ("b", "nothing_like_it", json!("no JSON"))]);
    let played = Stage::new([step, done("bye")]).play_freely().await;
    assert_eq!(played.outcome, Outcome::Done { text: "bye".to_owned() });
    let results = played.results();
    assert!(results.iter().all(|result| result.output.is_error));
    assert_eq!(played.text_of("b"), "there is no tool `nothing_like_it`");
    assert_eq!(played.notes.read().requests[1].last(), Some(&Message::Tools { results: results.to_vec() }));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_tells_a_call_to_stop_and_the_next_one_does_not_start() {
    let step =
        calls([("a", "nap", json!({"seconds": HOUR, "lane": 1})), ("b", "nap", json!({"seconds": HOUR, "lane": 1}))]);
    let mut stage = Stage::new([step]);
    stage.limits.wall_time = Duration::from_secs(9);
    let started = Instant::now();
    let played = stage.play_freely().await;
    assert_eq!(played.outcome, Outcome::LimitReached { which: Limit::WallTime, limit: "9 s of wall time".to_owned() });
    assert_eq!(started.elapsed().as_secs(), 9);
    assert_eq!(played.text_of("a"), "woken");
    assert!(!played.notes.has("b runs"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_cancel_tells_running_calls_to_stop_and_answers_the_others() {
    let step = calls([
        ("a", "nap", json!({"seconds": HOUR, "lane": 1})),
        ("b", "echo", json!({"lane": 1})),
        ("c", "nap", json!({"seconds": HOUR})),
    ]);
    let started = Instant::now();
    let played = Stage::new([step]).play(&cancelled_after(Duration::from_secs(2))).await;
    assert_eq!(played.outcome, Outcome::Cancelled);
    assert_eq!(started.elapsed().as_secs(), 2);
    assert_eq!([played.text_of("a"), played.text_of("c")], ["woken", "woken"]);
    assert_eq!(played.text_of("b"), "not run: the turn was stopped before this call");
    assert!(!played.notes.has("b runs"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_that_does_not_end_is_abandoned_after_the_grace() {
    let started = Instant::now();
    let stage = Stage::new([calls([("a", "stuck", json!({}))])]);
    let played = stage.play(&cancelled_after(Duration::from_secs(2))).await;
    assert_eq!(played.outcome, Outcome::Cancelled);
    assert_eq!(started.elapsed(), Duration::from_secs(2) + GRACE);
    assert!(played.text_of("a").starts_with("stopped:"));
    assert!(played.notes.has("a finished"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_fault_ends_the_turn_and_stops_the_other_lanes() {
    let step = calls([
        ("a", "nap", json!({"seconds": HOUR})),
        ("b", "fault", json!({"lane": 1})),
        ("c", "echo", json!({"lane": 1})),
    ]);
    let started = Instant::now();
    let played = Stage::new([step]).play_freely().await;
    assert_eq!(played.outcome, Outcome::Faulted { error: "the disk is full".to_owned() });
    assert!(started.elapsed() < GRACE);
    assert_eq!(played.text_of("a"), "woken");
    assert!(!played.notes.has("c runs"));
    played.assert_well_formed();
}

#[tokio::test(start_paused = true)]
async fn a_faults_cause_is_not_shown_as_the_calls_output() {
    let played = Stage::new([calls([("a", "fault", json!({}))])]).play_freely().await;
    assert!(!played.text_of("a").contains("disk"));
    let seen = played.notes.read();
    let finished = seen.events.iter().find_map(|event| match event {
        EventKind::CallFinished { output, .. } => Some(output),
        _ => None,
    });
    assert_eq!(finished, Some(&played.results()[0].output));
}

#[tokio::test(start_paused = true)]
async fn progress_is_announced_and_a_kept_sender_does_not_hold_the_step() {
    let played = Stage::new([calls([("a", "gossip", json!({}))]), done("bye")]).play_freely().await;
    assert_eq!(played.outcome, Outcome::Done { text: "bye".to_owned() });
    assert!(played.notes.place("progress: the image is being pulled") < played.notes.place("turn finished"));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_written_stops_everything() {
    let step = calls([("a", "nap", json!({"seconds": HOUR})), ("b", "echo", json!({}))]);
    let mut stage = Stage::new([step]);
    stage.sink_fails_at = |event| matches!(event, EventKind::CallFinished { call_id, .. } if call_id == "b");
    let (mut session, notes) = stage.begin().await;
    let started = Instant::now();
    session.run_turn(vec![Message::user("go")], &CancellationToken::new()).await.expect_err("the sink is full");
    assert!(started.elapsed() < GRACE);
    assert!(notes.has("a ends") && !notes.has("turn finished"));
}

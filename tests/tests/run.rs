//! `handspike run` from start to end, with a scenario.

use std::fs;

use handspike_tests::{Run, Scenario, require_docker};
use serde_json::{Value, json};

const SCENARIO: &str = r#"
name: greet
prompt: Write a greeting.
image: base
script:
  - say: I write it.
    calls:
      - str_replace_editor: { command: create, path: /workspace/greeting.txt, file_text: "hello\n" }
        expect: { is_error: false }
  - calls:
      - bash: { command: cat greeting.txt }
        expect: { exit_status: 0, contains: hello }
  - say: It is written.
"#;

#[test]
fn a_scenario_runs_to_its_end_and_leaves_no_container() {
    let Some(docker) = require_docker() else { return };
    let ended = Run::playing(SCENARIO).to_end().with_code(0);
    assert_eq!(*ended.outcome(), json!({"outcome": "done", "text": "It is written."}));
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

#[test]
fn events_tell_the_session_in_order() {
    let Some(_docker) = require_docker() else { return };
    let ended = Run::playing(SCENARIO).to_end().with_code(0);
    let told = ended.events.iter().filter(|event| event["type"] != "progress");
    let told: Vec<&str> = told.filter_map(|event| event["type"].as_str()).collect();
    let step = ["step_started", "model_answered", "call_started", "call_finished"];
    let expected = [&["session_started", "turn_started"], &step[..], &step, &step[..2], &["turn_finished"]].concat();
    assert_eq!(told, expected);

    let numbers: Vec<u64> = ended.events.iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(numbers, (0..ended.events.len() as u64).collect::<Vec<u64>>());
    assert!(ended.events.iter().all(|event| event["session"] == ended.session()));
}

#[test]
fn the_transcript_holds_the_events_of_standard_output() {
    let Some(_docker) = require_docker() else { return };
    let ended = Run::playing(SCENARIO).to_end().with_code(0);
    let transcript = fs::read_to_string(ended.record("transcript.jsonl")).expect("a transcript");
    let lines: Vec<Value> = transcript.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, ended.events);
}

#[test]
fn the_report_opens_without_a_network() {
    let Some(_docker) = require_docker() else { return };
    let screenshot = Scenario::on("desktop")
        .bash("echo '<img src=\"http://example.org/x.png\">'")
        .call("computer", json!({"action": "screenshot"}));
    let ended = Run::playing(screenshot).to_end().with_code(0);
    let report = fs::read_to_string(ended.record("report.html")).expect("a report");
    assert!(report.contains("example.org") && report.contains("Done."), "{report}");
    let attribute_values =
        |name: &str| report.split(&format!("{name}=\"")).skip(1).map(str::to_owned).collect::<Vec<_>>();
    let pictures = attribute_values(" src");
    assert!(!pictures.is_empty(), "the report shows no picture");
    for value in pictures.iter().chain(&attribute_values(" href")) {
        let value = value.split('"').next().unwrap_or_default();
        assert!(value.starts_with("data:") || value.starts_with('#'), "{}", value.chars().take(80).collect::<String>());
    }
    for loader in ["url(", "@import", "<script", "<link", "srcset"] {
        assert!(!report.contains(loader), "the report has a {loader}");
    }
}

#[test]
fn the_shell_keeps_its_state_between_calls() {
    let Some(_docker) = require_docker() else { return };
    let scenario = Scenario::on("base")
        .bash("cd /tmp && export COLOUR=green && greet() { echo \"hello from $PWD in $COLOUR\"; }")
        .bash("greet");
    let ended = Run::playing(scenario).to_end().with_code(0);
    assert_eq!(ended.written(1), "hello from /tmp in green\n");
}

#[test]
fn an_expectation_that_is_not_met_ends_the_run_with_its_own_exit_code() {
    let Some(docker) = require_docker() else { return };
    let scenario = Scenario::on("base").call_expecting("bash", json!({"command": "exit 3"}), json!({"exit_status": 0}));
    let ended = Run::playing(scenario).to_end().with_code(6);
    assert!(ended.error().contains("step 1, call 1 (`bash`)"), "{}", ended.error());
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

//! Sessions with a model behind HTTP: what it is sent, and what becomes of its mistakes.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use handspike_tests::{Answer, FakeModel, Run, handspike, require_docker, run_to_end};
use serde_json::{Value, json};

fn bash(command: &str) -> (&'static str, String) {
    ("bash", json!({ "command": command }).to_string())
}

/// The contents of the tool messages at a conversation's end.
fn results(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .filter_map(|message| message["content"].as_str())
        .collect()
}

#[test]
fn a_call_s_result_is_in_the_next_request() {
    let Some(docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::Calls(vec![bash("echo $((6 * 7))")]), Answer::Says("It is 42.")]);
    let ended = Run::asking(&model, "base").to_end().with_code(0);
    assert_eq!(*ended.outcome(), json!({"outcome": "done", "text": "It is 42."}));
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());

    assert_eq!(model.requests()[0].line, "POST /v1/chat/completions HTTP/1.1");
    let first = model.messages(0);
    assert_eq!(first.iter().map(|message| message["role"].clone()).collect::<Vec<_>>(), ["system", "user"]);
    assert_eq!(first[1]["content"], "test");
    let second = model.messages(1);
    assert_eq!(second[2]["tool_calls"][0]["id"], "fake_0");
    assert_eq!((&second[3]["role"], &second[3]["tool_call_id"]), (&json!("tool"), &json!("fake_0")));
    assert!(results(&second)[0].starts_with("42\n[exit status 0"), "{second:#?}");
    assert_eq!(
        ended.events.last().map(|event| &event["usage"]),
        Some(&json!({"input_tokens": 20, "output_tokens": 10}))
    );
}

#[test]
fn a_streamed_answer_runs_its_calls_and_is_recorded_as_a_whole() {
    let Some(_docker) = require_docker() else { return };
    let streamed = Answer::Streams("I look at it.", bash("echo $((6 * 7))"));
    let model = FakeModel::start(vec![streamed, Answer::Says("It is 42.")]);
    let ended = Run::asking(&model, "base").to_end().with_code(0);
    assert_eq!(model.requests()[0].body["stream"], true);
    assert!(results(&model.messages(1))[0].starts_with("42\n"), "{:#?}", model.messages(1));
    assert!(ended.events.iter().all(|event| event["type"] != "message_delta"), "{:#?}", ended.events);
    let answered = ended.events.iter().find(|event| event["type"] == "model_answered").expect("an answer");
    assert_eq!(answered["text"], "I look at it.");
}

#[test]
fn a_stream_that_breaks_off_ends_the_run_and_runs_nothing() {
    let Some(docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::BreaksOff("I look at it.", bash("echo never"))]);
    let ended = Run::asking(&model, "base").to_end().with_code(3);
    assert!(ended.error().contains("cut off before its end"), "{}", ended.error());
    assert!(ended.events.iter().all(|event| event["type"] != "call_started"), "{:#?}", ended.events);
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

#[test]
fn a_model_is_offered_all_tools_with_schemas_or_those_that_are_chosen() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::Says("Nothing to do.")]);
    let _ended = Run::asking(&model, "base").to_end().with_code(0);
    let tools = model.requests()[0].body["tools"].as_array().cloned().expect("tools");
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
    assert_eq!(names, ["bash", "str_replace_editor", "computer", "shell", "terminal", "desktop"]);
    assert!(tools.iter().all(|tool| tool["function"]["parameters"]["type"] == "object"), "{tools:#?}");

    let model = FakeModel::start(vec![Answer::Says("Nothing to do.")]);
    let _ended = Run::asking(&model, "base").arg("--tools=bash").to_end().with_code(0);
    assert_eq!(model.requests()[0].body["tools"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_session_that_needs_no_tools_makes_no_sandbox() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::Says("Nothing to do.")]);
    let ended = Run::asking(&model, "base").to_end().with_code(0);
    assert!(ended.events.iter().all(|event| event["type"] != "progress"), "{:#?}", ended.events);
}

#[test]
fn a_screenshot_reaches_the_model_as_a_picture_after_the_result() {
    let Some(_docker) = require_docker() else { return };
    let screenshot = Answer::Calls(vec![("computer", r#"{"action": "screenshot"}"#.to_owned())]);
    let model = FakeModel::start(vec![screenshot, Answer::Says("A desktop.")]);
    let _ended = Run::asking(&model, "desktop").to_end().with_code(0);
    let messages = model.messages(1);
    let [.., result, picture] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!((&result["role"], &picture["role"]), (&json!("tool"), &json!("user")));
    let parts = picture["content"].as_array().expect("parts");
    let url = parts.iter().find_map(|part| part["image_url"]["url"].as_str()).expect("a picture");
    let data = url.strip_prefix("data:image/png;base64,").expect("a PNG in the address itself");
    let reader = png::Decoder::new(std::io::Cursor::new(BASE64_STANDARD.decode(data).expect("base64")));
    assert_eq!(reader.read_info().expect("a PNG").info().size(), (1024, 768));
}

#[test]
fn the_key_reaches_the_model_and_nothing_else() {
    let Some(_docker) = require_docker() else { return };
    const KEY: &str = "sk-canary-5f1d";
    let look = bash("env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'");
    let model = FakeModel::start(vec![Answer::Calls(vec![look]), Answer::Says("Done.")]);
    let ended = Run::asking(&model, "base").env("OPENAI_API_KEY", KEY).to_end().with_code(0);
    assert_eq!(model.requests()[0].authorization, format!("Bearer {KEY}"));
    assert!(ended.written(0).contains("HANDSPIKE_SCREEN="), "the sandbox's environment is there to be seen");
    assert!(!model.messages(1).iter().any(|message| message.to_string().contains(KEY)));
    for file in ["transcript.jsonl", "report.html"] {
        let text = std::fs::read_to_string(ended.record(file)).expect("a record");
        assert!(!text.contains(KEY), "{file} holds the key");
    }
    assert!(!ended.stderr.contains(KEY));
}

#[test]
fn an_unknown_tool_is_told_to_the_model_and_the_session_goes_on() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![
        Answer::Calls(vec![("teleport", "{}".to_owned()), bash("echo still here")]),
        Answer::Says("Done."),
    ]);
    let ended = Run::asking(&model, "base").to_end().with_code(0);
    assert_eq!(ended.outcome()["outcome"], "done");
    let messages = model.messages(1);
    let results = results(&messages);
    assert!(
        results[0].starts_with("Error: there is no tool `teleport`") && results[0].contains("`bash`"),
        "{results:?}"
    );
    assert!(results[1].starts_with("still here\n"), "{results:?}");
}

#[test]
fn arguments_that_do_not_fit_are_told_to_the_model_and_the_session_goes_on() {
    let Some(_docker) = require_docker() else { return };
    let wrong = [
        ("bash", "{\"command\": \"ls"),
        ("bash", r#"{"command": 7}"#),
        ("bash", r#"{"comand": "ls"}"#),
        ("bash", "{}"),
        ("str_replace_editor", r#"{"command": "view"}"#),
        ("str_replace_editor", r#"{"command": "transmogrify", "path": "/a"}"#),
        ("computer", r#"{"action": "left_click", "coordinate": "here"}"#),
    ];
    let calls = wrong.map(|(tool, arguments)| (tool, arguments.to_owned())).to_vec();
    let model = FakeModel::start(vec![Answer::Calls(calls), Answer::Says("Sorry.")]);
    let ended = Run::asking(&model, "base").to_end().with_code(0);
    assert_eq!(ended.outcome()["outcome"], "done");
    let messages = model.messages(1);
    let results = results(&messages);
    let named = ["no JSON object", "`command`", "`comand`", "`command`", "`path`", "`transmogrify`", "`coordinate`"];
    assert_eq!(results.len(), named.len());
    for (result, named) in results.iter().zip(named) {
        assert!(result.starts_with("Error: ") && result.contains(named), "{named}: {result}");
    }
}

#[test]
fn a_model_that_cannot_be_reached_ends_the_run_quickly_and_clearly() {
    let Some(docker) = require_docker() else { return };
    // Nobody listens on a port that was just given back.
    let address = FakeModel::start(Vec::new()).base_url();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = handspike(&["run", "--model", "openai:x", "--image", "base", "--base-url", &address, "test"]);
    let ended = run_to_end(command.arg("--out").arg(folder.path()), b"");
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
    let told = ended.stdout + &ended.stderr;
    assert!(told.contains(&address) && told.contains("Connection refused"), "{told}");
    assert!(told.contains("hint: check the base URL"), "{told}");
    assert_eq!(docker.sandboxes_made_by(ended.process), Vec::<String>::new());
}

#[test]
fn a_server_that_answers_with_a_page_is_no_model() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::Page("<!doctype html><h1>It works!</h1>")]);
    let ended = Run::asking(&model, "base").to_end().with_code(3);
    assert_eq!(ended.outcome()["outcome"], "model_failed");
    assert!(ended.error().contains("it is no JSON") && ended.error().contains("It works!"), "{}", ended.error());
}

#[test]
fn a_server_that_refuses_is_quoted() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(Vec::new());
    let ended = Run::asking(&model, "base").to_end().with_code(3);
    assert!(ended.error().contains("400"), "{}", ended.error());
    assert!(ended.error().contains("the test has no answer to this request"), "{}", ended.error());
}

#[test]
fn a_model_that_never_answers_runs_into_the_time_limit() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::Silence]);
    let ended = Run::asking(&model, "base").arg("--timeout").arg("2s").to_end().with_code(5);
    assert_eq!(*ended.outcome(), json!({"outcome": "limit_reached", "which": "wall_time", "limit": "2 s of wall time"}));
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
}

#[test]
fn a_model_that_never_stops_calling_runs_into_the_limit_of_steps() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![Answer::Calls(vec![bash("echo again")]); 5]);
    let ended = Run::asking(&model, "base").arg("--max-steps").arg("3").to_end().with_code(5);
    assert_eq!(*ended.outcome(), json!({"outcome": "limit_reached", "which": "steps", "limit": "3 steps"}));
    assert_eq!(model.requests().len(), 3);
}

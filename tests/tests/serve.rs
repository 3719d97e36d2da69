//! `handspike serve` and `handspike db`, as an operator and a client meet them.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use handspike_tests::{
    Answer, Collector, Docker, FakeModel, Finished, Place, ask, require_docker, require_handspike, run_to_end,
    wait_until,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// A server without an engine.
const WITHOUT: [&str; 2] = ["--sandbox", "none"];

fn bash() -> Value {
    json!({"name": "bash", "type": "bash_20241022", "bash_20241022": {}})
}

fn call(command: &str) -> Answer {
    Answer::Calls(vec![("bash", json!({ "command": command }).to_string())])
}

fn run(place: &Place, arguments: &[&str]) -> Finished {
    run_to_end(&mut place.command(arguments), b"")
}

/// Expects an end with this code, one sentence that says this, and a remedy.
fn assert_refused(ended: &Finished, code: i32, words: &str) {
    assert_eq!(ended.code, code, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{words}: {}", ended.stderr);
    assert!(ended.stderr.lines().last().is_some_and(|line| line.starts_with("hint: ")), "{}", ended.stderr);
}

#[test]
fn a_key_is_made_at_the_first_start_told_once_and_kept_for_its_owner() {
    let Some(()) = require_handspike() else { return };
    let place = Place::new();
    let server = place.serve(&WITHOUT);
    let file = place.path().join("handspike/server.db.api-key");
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let told = server.told();
    for words in [server.key.as_str(), "server.db.api-key", "database", "any openai:NAME", "/docs", "SIGTERM"] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    assert_eq!(server.get("/healthz").json()["store"], "ok");
    drop(server.get("/agents"));
    let stranger = ask(&server.address, "GET", "/agents", &[("Authorization", "Bearer 0123456789abcdef")], None);
    assert_eq!(stranger.expect("an answer").status, 403);
    assert!(
        ask(&server.address, "GET", "/docs", &[], None).expect("an answer").with_status(200).text.contains("/agents")
    );
    let key = server.key.clone();
    server.stop();

    let again = place.serve(&WITHOUT);
    assert_eq!(again.key, key);
    assert!(!again.told().contains(&key), "it is told once: {}", again.told());
    drop(again.get("/agents"));
    again.stop();
}

#[test]
fn what_others_can_reach_needs_a_key_and_a_name() {
    let Some(()) = require_handspike() else { return };
    let place = Place::new();
    assert_refused(&run(&place, &["serve", "--listen", "0.0.0.0:0"]), 2, "no key is given");
    let place = place.env("HANDSPIKE_API_KEY", "0123456789abcdef");
    assert_refused(&run(&place, &["serve", "--listen", "0.0.0.0:0"]), 2, "reached from other machines");
    let shown = run(&place, &["serve", "--listen", "0.0.0.0:0", "--host", "box.example", "--check-config"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
}

#[test]
fn flags_go_before_variables_and_these_before_the_file() {
    let Some(()) = require_handspike() else { return };
    let place = Place::new()
        .env("HANDSPIKE_MAX_STEPS", "20")
        .env("HANDSPIKE_MEMORY", "20m")
        .env("OPENAI_API_KEY", "sk-variable")
        .env("HANDSPIKE_LISTN", "1");
    let file = place.path().join("a.toml");
    fs::write(
        &file,
        "api_key = 'sesame-sesame-sesame'\n[limits]\nsteps = 10\ntime = '10m'\n[sandbox]\nmemory = '10m'\n",
    )
    .expect("written");
    let shown = run(&place, &["serve", "--config", "a.toml", "--memory", "30m", "--check-config"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let line = |key: &str| {
        let found = shown.stdout.lines().find(|line| line.starts_with(&format!("{key} = ")));
        found
            .unwrap_or_else(|| panic!("no {key} in\n{}", shown.stdout))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("memory"), "memory = \"30m\" # --memory");
    assert_eq!(line("steps"), "steps = 20 # HANDSPIKE_MAX_STEPS");
    assert_eq!(line("time"), "time = \"10m\" # `a.toml` line 4 column 8");
    assert!(shown.stdout.contains("# OPENAI_API_KEY") && !shown.stdout.contains("sk-variable"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("sesame"), "{}", shown.stdout);
    assert!(shown.stderr.contains("HANDSPIKE_LISTN is not read; HANDSPIKE_LISTEN is"), "{}", shown.stderr);
    assert!(shown.stderr.contains("chmod 600"), "{}", shown.stderr);
}

#[test]
fn a_mistake_in_the_configuration_is_told_with_its_place() {
    let Some(()) = require_handspike() else { return };
    let place = Place::new();
    fs::write(place.path().join("a.toml"), "[sandbox]\nmemroy = '1g'\n").expect("written");
    let ended = run(&place, &["serve", "--config", "a.toml"]);
    assert_refused(
        &ended,
        2,
        "line 2 column 1: there is no key `sandbox.memroy`; the nearest that there is: `sandbox.memory`",
    );
    let ended = run(&place, &["serve", "--model", "gpt"]);
    assert_refused(&ended, 2, "--model: `models.names` cannot be used: model `gpt` is unknown");
    assert_refused(&run(&place, &["serve", "--config", "b.toml"]), 2, "`b.toml` cannot be read");
    assert!(!place.database().exists(), "nothing was made");
}

#[test]
fn a_turn_runs_its_tools_and_goes_on_after_a_kill_with_its_shell_alive() {
    let Some(docker) = require_docker() else { return };
    let model = FakeModel::start(vec![
        call("cd /tmp; kept=treasure; echo written > file; echo done"),
        Answer::Says("I have it."),
        call("echo $kept; pwd; cat file"),
        Answer::Says("It is still there."),
    ]);
    let place = Place::new().asking(&model);
    let arguments = ["--model", "openai:fake", "--image", "base"];
    let server = place.serve(&arguments);
    let session = server.session(&[bash()]);
    let answer = server.chat(&session, "take it").with_status(201).json();
    assert_eq!(answer["choices"][0]["message"]["content"], "I have it.", "{answer}");
    assert!(answer["messages"][1]["content"].as_str().is_some_and(|text| text.contains("done")), "{answer}");
    let sandboxes = docker.sandboxes_of(&session);
    assert_eq!(sandboxes.len(), 1);
    server.signal(Signal::SIGKILL);
    let (code, _) = server.end_within(Duration::from_secs(10));
    assert_eq!(code, 137);

    let server = place.serve(&arguments);
    assert!(server.told().contains("1 running already"), "{}", server.told());
    let history = server.get(&format!("/sessions/{session}/history")).json();
    assert_eq!(history["entries"].as_array().map(Vec::len), Some(4), "{history}");
    let answer = server.chat(&session, "is it there?").with_status(201).json();
    let output = answer["messages"][1]["content"].as_str().unwrap_or_default();
    assert!(output.starts_with("treasure\n/tmp\nwritten\n"), "{answer}");
    assert_eq!(docker.sandboxes_of(&session), sandboxes, "it is the same sandbox");
    assert!(server.get("/metrics").text.contains("\nhandspike_sandboxes_running 1\n"));
    server.stop();
    assert_keeps_running(&docker, &session);
}

/// A stop leaves sandboxes to the next start.
fn assert_keeps_running(docker: &Docker, session: &str) {
    assert_eq!(docker.sandboxes_of(session).len(), 1);
}

#[test]
fn without_sandboxes_a_call_is_told_so() {
    let Some(()) = require_handspike() else { return };
    let model = FakeModel::start(vec![call("ls"), Answer::Says("I can't.")]);
    let place = Place::new().asking(&model);
    let server = place.serve(&WITHOUT);
    let session = server.session(&[bash()]);
    let answer = server.chat(&session, "list").with_status(201).json();
    let output = answer["messages"][1]["content"].as_str().unwrap_or_default();
    assert!(output.contains("runs no sandboxes"), "{answer}");
    server.stop();
}

#[test]
fn told_to_stop_it_begins_no_turn_and_a_second_signal_ends_it_at_once() {
    let Some(()) = require_handspike() else { return };
    let model = FakeModel::start(vec![Answer::Silence]);
    let place = Place::new().asking(&model);
    let server = place.serve(&WITHOUT);
    let (session, other) = (server.session(&[]), server.session(&[]));
    thread::scope(|scope| {
        let bearer = format!("Bearer {}", server.key);
        let (address, path) = (server.address.clone(), format!("/sessions/{session}/chat"));
        let hanging = scope.spawn(move || {
            let body = json!({"messages": [{"role": "user", "content": "hi"}]});
            ask(&address, "POST", &path, &[("Authorization", &bearer)], Some(&body))
        });
        model.wait_for_requests(1);
        server.signal(Signal::SIGTERM);
        wait_until("the word of the stop", Duration::from_secs(10), || server.told().contains("stopping"));
        let refused = server.chat(&other, "hi").with_status(503);
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        let signalled = Instant::now();
        server.signal(Signal::SIGTERM);
        let (code, told) = server.end_within(Duration::from_secs(10));
        assert_eq!(code, 130, "{told}");
        assert!(signalled.elapsed() < Duration::from_secs(2), "{:?}", signalled.elapsed());
        // The client has lost its connection, or was told at the last moment.
        drop(hanging.join().expect("it does not panic"));
    });
}

#[test]
fn a_turn_that_does_not_end_in_time_is_gone_on_with_at_the_next_start() {
    let Some(()) = require_handspike() else { return };
    let model = FakeModel::start(vec![call("ls"), Answer::Silence, Answer::Says("At last.")]);
    let place = Place::new().asking(&model);
    let server = place.serve(&[&WITHOUT[..], &["--stop-after", "1s"]].concat());
    let session = server.session(&[bash()]);
    thread::scope(|scope| {
        let hanging = scope.spawn(|| server.chat(&session, "hi"));
        model.wait_for_requests(2);
        server.signal(Signal::SIGTERM);
        let told = hanging.join().expect("an answer").with_status(503);
        assert!(told.header("retry-after").is_some(), "{told:?}");
    });
    let (code, told) = server.end_within(Duration::from_secs(30));
    assert_eq!(code, 0, "{told}");

    let server = place.serve(&WITHOUT);
    model.wait_for_requests(3);
    wait_until("the turn's end", Duration::from_secs(30), || {
        let history = server.get(&format!("/sessions/{session}/history")).json();
        history["entries"]
            .as_array()
            .and_then(|entries| entries.last())
            .is_some_and(|last| last["content"] == "At last.")
    });
    server.stop();
}

#[test]
fn the_log_is_json_with_ids_as_fields_and_without_secrets() {
    let Some(()) = require_handspike() else { return };
    let model = FakeModel::start(vec![call("echo hunter2"), Answer::Says("hunter2 it is")]);
    let place = Place::new().asking(&model).env("OPENAI_API_KEY", "sk-hunter2").env("HANDSPIKE_LOG", "handspike=debug");
    let server = place.serve(&[&WITHOUT[..], &["--log-format", "json"]].concat());
    let session = server.session(&[bash()]);
    drop(server.chat(&session, "hunter2").with_status(201));
    let key = server.key.clone();
    let told = server.stop();
    let lines: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let line = |message: &str| {
        lines.iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("no `{message}` in {told}"))
    };
    let span = |line: &Value, name: &str| {
        let spans = line["spans"].as_array().cloned().unwrap_or_default();
        spans.into_iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no {name} around {line}"))
    };
    let call = line("call ended");
    assert_eq!(span(call, "turn")["session"], session.as_str());
    assert_eq!(span(call, "step")["step"], 1);
    assert_eq!(span(call, "call")["call"], "fake_0");
    let end = line("turn ended");
    assert_eq!((&end["outcome"], &end["steps"], &end["level"]), (&json!("done"), &json!(2), &json!("INFO")));
    assert!(!told.contains("hunter2") && !told.contains(&key), "{told}");
}

#[test]
fn turns_are_measured_and_traced() {
    let Some(()) = require_handspike() else { return };
    let collector = Collector::start();
    let model = FakeModel::start(vec![call("ls"), Answer::Says("a secret")]);
    let place = Place::new()
        .asking(&model)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
    let server = place.serve(&WITHOUT);
    let session = server.session(&[bash()]);
    let body = json!({"messages": [{"role": "user", "content": "hi"}]});
    let parent = format!("00-{}-{}-01", "ab".repeat(16), "cd".repeat(8));
    let bearer = format!("Bearer {}", server.key);
    let headers = [("Authorization", bearer.as_str()), ("traceparent", parent.as_str())];
    let answer = ask(&server.address, "POST", &format!("/sessions/{session}/chat"), &headers, Some(&body));
    drop(answer.expect("an answer").with_status(201));
    let metrics = server.get("/metrics").text;
    for line in [
        "handspike_turns_open 0",
        r#"handspike_turn_duration_seconds_count{outcome="done"} 1"#,
        r#"handspike_step_duration_seconds_count{model="openai:fake",result="answered"} 2"#,
        r#"handspike_tool_duration_seconds_count{tool="bash",result="error"} 1"#,
        r#"handspike_tokens_total{model="openai:fake",kind="input"} 20"#,
        r#"handspike_requests_total{method="POST",route="/sessions/{session_id}/chat",status="201"} 1"#,
    ] {
        assert!(metrics.lines().any(|other| other == line), "no {line} in\n{metrics}");
    }
    server.stop();
    let spans = collector.spans();
    let mut names: Vec<&str> = spans.iter().filter_map(|span| span["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["chat fake", "chat fake", "execute_tool bash", "invoke_agent Ada"]);
    assert!(spans.iter().all(|span| span["traceId"] == "ab".repeat(16)), "{spans:#?}");
    assert!(!json!(spans).to_string().contains("secret"));
}

#[test]
fn a_database_is_looked_after_while_its_server_is_stopped() {
    let Some(()) = require_handspike() else { return };
    let place = Place::new();
    assert_refused(&run(&place, &["db", "check"]), 7, "there is no database");
    let made = run(&place, &["db", "migrate"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.stdout.contains("was made, and is at schema version"), "{}", made.stdout);

    let server = place.serve(&WITHOUT);
    let session = server.session(&[]);
    for arguments in [&["db", "check"][..], &["db", "migrate"], &["db", "backup", "copy"]] {
        let ended = run(&place, arguments);
        assert_refused(&ended, 7, &format!("is in use by process {}", server.process()));
    }
    assert_refused(&run(&place, &["serve", "--sandbox", "none", "--listen", "127.0.0.1:0"]), 7, "is in use by process");
    server.stop();

    assert!(run(&place, &["db", "check"]).stdout.contains("is sound"));
    assert_eq!(run(&place, &["db", "backup", "copy"]).code, 0);
    assert_refused(&run(&place, &["db", "backup", "copy"]), 2, "is not empty");
    assert_refused(&run(&place, &["db", "restore", "copy"]), 2, "is not empty");
    assert_refused(&run(&place, &["db", "restore", "nowhere", "--database", "b.db"]), 2, "is no backup");
    assert_eq!(run(&place, &["db", "restore", "copy", "--database", "b.db"]).code, 0);
    let server = place.serve(&[&WITHOUT[..], &["--database", "b.db", "--api-key", "0123456789abcdef"]].concat());
    let bearer = [("Authorization", "Bearer 0123456789abcdef")];
    let found = ask(&server.address, "GET", &format!("/sessions/{session}"), &bearer, None).expect("an answer");
    assert_eq!(found.with_status(200).json()["id"], session.as_str());
    server.stop();

    fs::write(place.path().join("no.db"), "this is no database, and it is long enough").expect("written");
    assert_refused(&run(&place, &["db", "check", "--database", "no.db"]), 7, "is no SQLite database");
    damage(&place.database());
    let ended = run(&place, &["db", "check"]);
    assert_eq!(ended.code, 7, "{} {}", ended.stdout, ended.stderr);
}

/// Overwrites the middle of a file.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).expect("a file");
    let (start, end) = (bytes.len() / 4, bytes.len() / 2);
    bytes[start..end].fill(0x5a);
    fs::write(file, bytes).expect("written");
}

#[test]
fn an_address_that_is_taken_is_told_before_anything_is_made() {
    let Some(()) = require_handspike() else { return };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let place = Place::new();
    let ended = run(&place, &["serve", "--listen", &address]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.starts_with(&format!("error: cannot listen on `{address}`")), "{}", ended.stderr);
    assert!(ended.stderr.contains("\nhint: "), "{}", ended.stderr);
    assert!(!place.database().exists());
}

//! `handspike mcp` with a real sandbox behind it, spoken to in raw JSON lines.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use handspike_tests::{
    Answer, Docker, FakeModel, Run, handspike, require_docker, require_handspike, run_to_end, wait_until,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

/// The longest that an answer takes on a slow machine, the making of a sandbox included.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a stop may take, the removal of the container included.
const STOP_LIMIT: Duration = Duration::from_secs(4);

/// A server and its client. Dropping it kills the server and removes its sandbox.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    heard: Receiver<Value>,
    session: String,
}

impl Client {
    /// Starts a server and shakes hands with it.
    fn start(arguments: &[&str]) -> Self {
        let mut command = handspike(&[&["mcp"], arguments].concat());
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("the program starts");
        let (saying, heard) = mpsc::sync_channel(0);
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if saying.send(message).is_err() {
                    // The pipe stays open: this client has stopped reading and has not gone.
                    thread::sleep(LIMIT);
                    return;
                }
            }
        });
        let (telling, told) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(session) = line.strip_prefix("session ") {
                    let _ = telling.send(session.to_owned());
                }
            }
        });
        let session = told.recv_timeout(LIMIT).expect("the server tells its session");
        let stdin = child.stdin.take();
        let mut client = Self { child, stdin, heard, session };
        let about = json!({"name": "test", "version": "0"});
        let greeting = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about});
        client.ask(0, "initialize", &greeting);
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn session(&self) -> &str {
        &self.session
    }

    fn say(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("not hung up");
        stdin.write_all(format!("{message}\n").as_bytes()).expect("the server reads");
    }

    fn request(&mut self, id: u64, method: &str, params: &Value) {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    /// The answer to a request, and what came before it.
    fn answer(&mut self, id: u64) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let message =
                self.heard.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no answer to {id}, only {before:?}"));
            if message["id"] == id {
                return (message, before);
            }
            before.push(message);
        }
    }

    fn ask(&mut self, id: u64, method: &str, params: &Value) -> Value {
        self.request(id, method, params);
        self.answer(id).0
    }

    fn call(&mut self, id: u64, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask(id, "tools/call", &json!({"name": tool, "arguments": arguments}));
        assert!(answer["result"]["content"].is_array(), "{answer}");
        answer["result"].clone()
    }

    /// What a command says.
    fn bash(&mut self, id: u64, command: &str) -> String {
        let result = self.call(id, "bash", &json!({"command": command}));
        result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}")).to_owned()
    }

    fn hang_up(&mut self) {
        self.stdin = None;
    }

    fn terminate(&self) {
        let process = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(process), Signal::SIGTERM).expect("the server runs");
    }

    /// Waits for the server's end; its exit status.
    fn status_within(&mut self, limit: Duration) -> Option<i32> {
        let started = Instant::now();
        let mut status = None;
        wait_until("the server's end", limit, || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        eprintln!("ended after {:?}", started.elapsed());
        status.and_then(|status| status.code())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let Some(docker) = require_docker() else { return };
        for id in docker.sandboxes_of(&self.session) {
            let _ = Command::new("docker").args(["rm", "--force", "--volumes", &id]).output();
        }
    }
}

fn assert_none_left(docker: Docker, session: &str) {
    assert_eq!(docker.sandboxes_of(session), Vec::<String>::new(), "a container is left");
}

#[test]
fn the_sandbox_is_made_at_the_first_call_and_removed_when_the_client_hangs_up() {
    let Some(docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base"]);
    let listed = client.ask(1, "tools/list", &json!({}));
    let tools = listed["result"]["tools"].as_array().expect("tools").clone();
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names, ["bash", "str_replace_editor"], "this image has no desktop");
    assert_none_left(docker, client.session());
    assert!(client.bash(2, "echo made > /workspace/a; cat /workspace/a").starts_with("made\n"));
    assert_eq!(docker.sandboxes_of(client.session()).len(), 1, "its container carries the session's label");
    client.hang_up();
    assert_eq!(client.status_within(STOP_LIMIT), Some(0));
    assert_none_left(docker, client.session());
}

#[test]
fn a_command_that_runs_tells_so_again_and_again() {
    let Some(_docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base"]);
    client.bash(1, "true");
    let call = json!({"name": "bash", "arguments": {"command": "sleep 5"}, "_meta": {"progressToken": "t"}});
    client.request(2, "tools/call", &call);
    let (answer, before) = client.answer(2);
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    assert!(before.len() >= 2, "{before:?}");
    assert!(before.iter().all(|news| news["params"]["progressToken"] == "t"), "{before:?}");
    let times: Vec<f64> = before.iter().filter_map(|news| news["params"]["progress"].as_f64()).collect();
    assert!(times.len() == before.len() && times.is_sorted_by(|a, b| a < b), "{before:?}");
}

#[test]
fn a_cancelled_command_is_killed_and_the_next_one_runs_soon() {
    let Some(_docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base"]);
    client.bash(1, "true");
    let sleep = json!({"name": "bash", "arguments": {"command": "touch /tmp/begun; sleep 600"}});
    client.request(2, "tools/call", &sleep);
    let begun = json!({"command": "view", "path": "/tmp/begun"});
    let mut id = 10;
    wait_until("the command's start", LIMIT, || {
        id += 1;
        client.call(id, "str_replace_editor", &begun)["isError"] == false
    });
    client.say(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}));
    let cancelled = Instant::now();
    client.request(
        3,
        "tools/call",
        &json!({
            "name": "bash", "arguments": {"command": "grep -lsx sleep /proc/[0-9]*/comm | wc -l"},
        }),
    );
    let (answer, before) = client.answer(3);
    assert!(cancelled.elapsed() < Duration::from_secs(5), "{:?}", cancelled.elapsed());
    assert!(before.iter().all(|message| message["id"] != 2), "a cancelled call is answered: {before:?}");
    let left = answer["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned();
    assert!(left.starts_with("0\n"), "{left}");
}

#[test]
fn a_screenshot_is_image_content_in_the_size_that_the_flags_say() {
    let Some(_docker) = require_docker() else { return };
    for (flags, size) in [
        (&[][..], (1024, 768)),
        (&["--screen", "1600x1200"], (1024, 768)),
        (&["--screen", "1600x1200", "--fit", "native"], (1600, 1200)),
    ] {
        let mut client = Client::start(&[&["--image", "desktop"], flags].concat());
        let result = client.call(1, "computer", &json!({"action": "screenshot"}));
        let content = result["content"].as_array().expect("content").clone();
        let image =
            content.iter().find(|part| part["type"] == "image").unwrap_or_else(|| panic!("no picture: {result}"));
        assert_eq!(image["mimeType"], "image/png");
        let bytes = BASE64_STANDARD.decode(image["data"].as_str().expect("data")).expect("base64");
        let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        assert_eq!((reader.info().width, reader.info().height), size, "{flags:?}");
    }
}

#[test]
fn a_sandbox_that_does_not_answer_any_more_does_not_hold_up_the_end() {
    let Some(docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base"]);
    client.bash(1, "true");
    let container = docker.sandboxes_of(client.session()).remove(0);
    client.request(2, "tools/call", &json!({"name": "bash", "arguments": {"command": "sleep 600"}}));
    thread::sleep(Duration::from_millis(500));
    let _ = docker.say(&["pause", &container]);
    client.terminate();
    assert_eq!(client.status_within(STOP_LIMIT), Some(0));
    assert_none_left(docker, client.session());
}

#[test]
fn another_server_may_use_the_sandbox_of_a_session_and_leaves_it_there() {
    let Some(docker) = require_docker() else { return };
    let mut owner = Client::start(&["--image", "base"]);
    owner.bash(1, "echo from the owner > /workspace/a");
    let session = owner.session().to_owned();
    let mut guest = Client::start(&["--session", &session]);
    assert_eq!(guest.session(), session);
    assert!(guest.bash(1, "cat /workspace/a").starts_with("from the owner\n"));
    guest.hang_up();
    assert_eq!(guest.status_within(STOP_LIMIT), Some(0));
    assert_eq!(docker.sandboxes_of(&session).len(), 1, "the sandbox is gone with its guest");
    assert!(owner.bash(2, "echo still here").starts_with("still here\n"));
    owner.hang_up();
    assert_eq!(owner.status_within(STOP_LIMIT), Some(0));
    assert_none_left(docker, &session);
}

#[test]
fn a_signal_ends_the_server_its_command_and_its_sandbox() {
    let Some(docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base"]);
    client.bash(1, "true");
    client.request(2, "tools/call", &json!({"name": "bash", "arguments": {"command": "sleep 600"}}));
    thread::sleep(Duration::from_millis(500));
    client.terminate();
    assert_eq!(client.status_within(STOP_LIMIT), Some(0));
    assert_none_left(docker, client.session());
}

#[test]
fn a_client_that_does_not_read_can_neither_fill_the_memory_nor_hold_up_the_end() {
    let Some(docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base"]);
    client.bash(1, "true");
    let mut stdin = client.stdin.take().expect("not hung up");
    let flood = thread::spawn(move || {
        let mut sent = 0;
        let line = format!("{}\n", json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list", "params": {}}));
        while sent < 80_000 && stdin.write_all(line.as_bytes()).is_ok() {
            sent += 1;
        }
        sent
    });
    thread::sleep(Duration::from_secs(5));
    let status = std::fs::read_to_string(format!("/proc/{}/status", client.child.id())).expect("it runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size").trim().to_owned();
    let kilobytes: u64 = resident.trim_end_matches(" kB").parse().expect("a number");
    client.terminate();
    assert_eq!(client.status_within(STOP_LIMIT), Some(0));
    assert_none_left(docker, client.session());
    let sent = flood.join().expect("no panic");
    eprintln!("{sent} requests were taken, {resident} resident");
    assert!(sent < 80_000, "all requests were taken");
    assert!(kilobytes < 128 << 10, "{resident}");
}

#[test]
fn a_command_may_take_as_long_as_the_flag_says() {
    let Some(_docker) = require_docker() else { return };
    let mut client = Client::start(&["--image", "base", "--command-timeout", "1"]);
    client.bash(1, "true");
    let result = client.call(2, "bash", &json!({"command": "sleep 600"}));
    assert_eq!(result["_meta"]["dev.handspike/details"]["end"], "timed_out", "{result}");
    let result = client.call(3, "bash", &json!({"command": "sleep 2", "timeout": 60}));
    assert_eq!(result["_meta"]["dev.handspike/details"]["end"], json!({"exited": 0}), "{result}");
}

#[test]
fn a_run_takes_the_same_time_and_version_of_the_tools() {
    let Some(_docker) = require_docker() else { return };
    let model = FakeModel::start(vec![
        Answer::Calls(vec![("bash", json!({"command": "sleep 600"}).to_string())]),
        Answer::Says("Done."),
    ]);
    let run = Run::asking(&model, "base").arg("--tools-version").arg("20250728").arg("--command-timeout").arg("1");
    let ended = run.to_end().with_code(0);
    assert_eq!(ended.end_of(0), "timed_out");
    let tools = model.requests()[0].body["tools"].to_string();
    assert!(tools.contains("\"str_replace_based_edit_tool\""), "{tools}");
}

#[test]
fn a_time_or_version_that_cannot_be_is_wrong_usage() {
    let Some(()) = require_handspike() else { return };
    for command in [&["mcp"][..], &["run", "--model", "openai:x", "test"]] {
        for wrong in [["--command-timeout", "25h"], ["--tools-version", "20250101"], ["--fit", "huge"]] {
            let ended = run_to_end(&mut handspike(&[command, &wrong].concat()), b"");
            assert_eq!(ended.code, 2, "{command:?} {wrong:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(wrong[1]), "{}", ended.stderr);
        }
    }
}

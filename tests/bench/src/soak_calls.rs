//! The calls of a soak: every tool, its successes, errors and timeouts, in rounds that leave nothing behind.

use anyhow::Result;
use handspike_sandbox::DockerSandbox;
use serde_json::{Value, json};

use crate::sandboxed::{bash, call};

/// A divisor of 500, so that the figures are taken between rounds.
pub(crate) const CALLS_OF_A_ROUND: usize = 50;

/// One call and what has to come of it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tool: &'static str,
    pub(crate) arguments: Value,
    pub(crate) expected: Expected,
}

#[derive(Debug)]
pub(crate) enum Expected {
    /// No tool error.
    Done,
    /// A tool error.
    Refused,
    /// These words in the answer.
    Says(String),
}

/// Opens the xterm that is clicked at and typed into, from a shell that is not restarted, since that would end it.
pub(crate) async fn prepare(sandbox: &DockerSandbox) -> Result<()> {
    let xterm = "nohup xterm -geometry 100x40+0+0 -e cat > /dev/null 2>&1 &";
    call(sandbox, "shell", json!({"name": "window", "command": xterm})).await?;
    let shown = "for try in $(seq 100); do xwininfo -root -tree | grep -q xterm && exit; sleep 0.1; done; exit 1";
    bash(sandbox, &format!("({shown})")).await?;
    Ok(())
}

/// The calls of a round. Texts and files carry its number, so that no answer can be that of another round.
pub(crate) fn round(number: usize) -> Vec<Call> {
    let mut calls = commands(number);
    calls.extend(shells_and_terminals(number));
    calls.extend(edits(number));
    calls.extend(screen(number));
    assert_eq!(calls.len(), CALLS_OF_A_ROUND);
    calls
}

fn commands(round: usize) -> Vec<Call> {
    let bash = |command: &str| done("bash", json!({"command": command}));
    let timed = |command: &str| done("bash", json!({"command": command, "timeout": 0.05}));
    vec![
        says("bash", json!({"command": format!("echo hello {round}")}), format!("hello {round}")),
        bash("seq 1 20000"),
        bash("head -c 3000000 /dev/zero | tr '\\0' x"),
        says("bash", json!({"command": "cd /tmp && pwd && cd /workspace"}), "/tmp"),
        bash("false"),
        bash("ls /nowhere"),
        bash("if then"),
        timed("sleep 100"),
        timed("echo before; trap '' TERM; sleep 100 & sleep 101"),
        bash("sleep 0.2 & sleep 0.1 > /dev/null &"),
        bash("for i in 1 2 3 4 5; do (sleep 0.05 &) ; done"),
        bash("printf '\\033[31mred\\033[0m\\rredrawn\\xff\\n'"),
        bash("echo to stderr >&2"),
        bash("exit 3"),
        says("bash", json!({"command": format!("export ROUND={round}; kill -9 $$")}), ""),
        says("bash", json!({"command": "echo round $ROUND"}), "round"),
        done("bash", json!({"restart": true})),
        refused("bash", json!({})),
        refused("bash", json!({"command": 5})),
        bash("sleep 0.05 & wait"),
    ]
}

fn shells_and_terminals(round: usize) -> Vec<Call> {
    let name = format!("shell-{}", round % 3);
    let terminal = format!("terminal-{}", round % 3);
    let send = |arguments: Value| done("terminal", arguments);
    vec![
        says("shell", json!({"name": name, "command": format!("here={round}; echo $here")}), round.to_string()),
        says("shell", json!({"name": name, "command": "echo still $here"}), format!("still {round}")),
        done("shell", json!({"name": name, "restart": true})),
        refused("shell", json!({"name": "No Such Name", "command": "true"})),
        says("terminal", json!({"name": terminal, "command": "cat", "input": "ping\n", "until": "ping"}), "ping"),
        send(json!({"name": terminal, "columns": 100, "rows": 30, "input": "pong\n", "until": "pong"})),
        send(json!({"name": terminal, "keys": ["ctrl+d"], "timeout": 2})),
        send(json!({"name": terminal, "close": true})),
        send(json!({"name": terminal, "command": "sleep 1000 & sleep 1001", "timeout": 0.05})),
        send(json!({"name": terminal, "close": true})),
    ]
}

fn edits(round: usize) -> Vec<Call> {
    let edit = |arguments: Value| done("str_replace_editor", arguments);
    let path = format!("/workspace/soak-{round}.txt");
    let text = format!("{}<mark>\n", "a line of round\n".repeat(500));
    vec![
        edit(json!({"command": "create", "path": path, "file_text": text})),
        edit(json!({"command": "str_replace", "path": path, "old_str": "<mark>", "new_str": "<edited>"})),
        edit(json!({"command": "insert", "path": path, "insert_line": 0, "new_str": "the top\n"})),
        says("str_replace_editor", json!({"command": "view", "path": path, "view_range": [1, 3]}), "the top"),
        edit(json!({"command": "view", "path": path})),
        edit(json!({"command": "view", "path": "/workspace"})),
        refused(
            "str_replace_editor",
            json!({"command": "str_replace", "path": path, "old_str": "<marked>", "new_str": ""}),
        ),
        refused("str_replace_editor", json!({"command": "view", "path": "/nowhere"})),
        edit(json!({"command": "undo_edit", "path": path})),
        edit(json!({"command": "undo_edit", "path": path})),
        edit(json!({"command": "undo_edit", "path": path})),
    ]
}

fn screen(round: usize) -> Vec<Call> {
    let computer = |arguments: Value| done("computer", arguments);
    let copied = format!("copied in round {round}");
    vec![
        computer(json!({"action": "screenshot"})),
        computer(json!({"action": "left_click", "coordinate": [300, 200]})),
        computer(json!({"action": "type", "text": format!("typed {round} é 世\n")})),
        computer(json!({"action": "key", "text": "ctrl+l"})),
        refused("computer", json!({"action": "key", "text": "no_such_key"})),
        refused("computer", json!({"action": "left_click", "coordinate": [5000, 200]})),
        computer(json!({"action": "zoom", "region": [0, 0, 200, 100]})),
        done("desktop", json!({"action": "write_clipboard", "text": copied})),
        says("desktop", json!({"action": "read_clipboard"}), copied),
    ]
}

fn done(tool: &'static str, arguments: Value) -> Call {
    Call { tool, arguments, expected: Expected::Done }
}

fn refused(tool: &'static str, arguments: Value) -> Call {
    Call { tool, arguments, expected: Expected::Refused }
}

fn says(tool: &'static str, arguments: Value, words: impl Into<String>) -> Call {
    Call { tool, arguments, expected: Expected::Says(words.into()) }
}

//! `--sandbox host`: a person at a terminal is asked before the start and before each call, and what the person does not
//! want does not happen. Nothing here needs an engine.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use handspike_tests::{Run, Terminal, handspike, require, require_handspike, run_to_end};
use serde_json::json;
use tempfile::TempDir;

/// A scenario whose calls make these files, in a folder of its own.
fn making(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut script: Vec<_> =
        files.iter().map(|file| json!({"calls": [{"bash": {"command": format!("touch {file}")}}]})).collect();
    script.push(json!({"say": "Done."}));
    let scenario = json!({"name": "host", "prompt": "test", "script": script}).to_string();
    fs::write(folder.path().join("scenario.yaml"), scenario).expect("the scenario is written");
    folder
}

/// The program at that scenario on this machine, without an engine to fall back on.
fn playing(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = handspike(&["run", "--scenario", "scenario.yaml", "--sandbox", "host", "--out", "record"]);
    command.args(arguments).current_dir(folder).env("DOCKER_HOST", "unix:///nonexistent.sock");
    command
}

const CONSENT: &str = "go on? [y/N]";
const QUESTION: &str = "[y]es, [n]o, [a]ll from now on:";

#[test]
fn a_person_who_says_yes_twice_has_the_call_run() {
    let Some(()) = require_handspike() else { return };
    let folder = making(&["made"]);
    let mut terminal = Terminal::start(playing(folder.path(), &[]));
    terminal.wait_to_see("contains nothing");
    terminal.wait_to_see(CONSENT);
    assert!(!terminal.seen().contains(QUESTION));
    terminal.type_text("y\n");
    terminal.wait_to_see("touch made");
    terminal.wait_to_see(QUESTION);
    assert!(!folder.path().join("made").exists(), "it did not wait for the answer");
    terminal.type_text("yes\n");
    assert_eq!(terminal.exit_status(), 0, "{}", terminal.seen());
    assert!(folder.path().join("made").exists());
}

#[test]
fn a_person_who_does_not_agree_ends_it_before_anything_runs() {
    let Some(()) = require_handspike() else { return };
    for answer in ["n\n", "\n", "maybe\n", "\x04"] {
        let folder = making(&["made"]);
        let mut terminal = Terminal::start(playing(folder.path(), &[]));
        terminal.wait_to_see(CONSENT);
        terminal.type_text(answer);
        assert_eq!(terminal.exit_status(), 2, "{answer:?}: {}", terminal.seen());
        assert!(!terminal.seen().contains(QUESTION) && !folder.path().join("made").exists());
    }
}

#[test]
fn a_call_that_a_person_does_not_want_does_not_run() {
    let Some(()) = require_handspike() else { return };
    for answer in ["n\n", "\n", "\x04"] {
        let folder = making(&["made"]);
        let mut terminal = Terminal::start(playing(folder.path(), &["--yes"]));
        terminal.wait_to_see(QUESTION);
        assert!(!terminal.seen().contains(CONSENT), "--yes has answered this");
        terminal.type_text(answer);
        // A scenario takes a refused call for one that failed.
        assert_eq!(terminal.exit_status(), 6, "{answer:?}: {}", terminal.seen());
        assert!(!folder.path().join("made").exists());
        let transcript = fs::read_to_string(folder.path().join("record/transcript.jsonl")).expect("a transcript");
        assert!(transcript.contains("the user said no") || transcript.contains("nobody to ask"), "{transcript}");
    }
}

#[test]
fn all_from_now_on_is_asked_once() {
    let Some(()) = require_handspike() else { return };
    let folder = making(&["one", "two", "three"]);
    let mut terminal = Terminal::start(playing(folder.path(), &["--yes"]));
    terminal.wait_to_see(QUESTION);
    terminal.type_text("a\n");
    assert_eq!(terminal.exit_status(), 0, "{}", terminal.seen());
    assert_eq!(terminal.seen().matches(QUESTION).count(), 1, "{}", terminal.seen());
    assert!(["one", "two", "three"].iter().all(|file| folder.path().join(file).exists()));
}

#[test]
fn without_a_terminal_both_questions_must_be_answered_in_advance() {
    let Some(()) = require_handspike() else { return };
    let folder = making(&["made"]);
    for (arguments, hint) in
        [(&[][..], "--approve all"), (&["--yes"], "--approve all"), (&["--approve", "all"], "--yes")]
    {
        let ended = run_to_end(&mut playing(folder.path(), arguments), b"y\ny\n");
        assert_eq!((ended.code, ended.stderr.contains(&format!("hint: {hint}"))), (2, true), "{}", ended.stderr);
        assert!(!folder.path().join("made").exists());
    }
    let ended = run_to_end(&mut playing(folder.path(), &["--yes", "--approve", "all"]), b"");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(folder.path().join("made").exists());
}

#[test]
fn what_only_a_container_can_give_is_refused() {
    let Some(()) = require_handspike() else { return };
    let folder = making(&[]);
    for flag in [
        &["--network", "none"][..],
        &["--memory", "1g"],
        &["--cpus", "1"],
        &["--screen", "800x600"],
        &["--display-number", "3"],
        &["--image", "base"],
        &["--mount", "/etc:/etc"],
        &["--keep"],
    ] {
        let ended = run_to_end(&mut playing(folder.path(), &[&["--yes", "--approve", "all"], flag].concat()), b"");
        assert_eq!(ended.code, 2, "{flag:?}: {}", ended.stderr);
        let sentence = format!("error: {} makes no sense with --sandbox host", flag[0]);
        assert!(ended.stderr.starts_with(&sentence) && ended.stderr.contains("\nhint: "), "{}", ended.stderr);
    }
    for (line, place) in
        [("image: base", "`image` (line 3 column 8)"), ("mounts: [\".:/a\"]", "`mounts` (line 3 column 9)")]
    {
        let text = format!("name: a\nprompt: b\n{line}\nscript: [{{say: Done.}}]\n");
        fs::write(folder.path().join("scenario.yaml"), text).expect("the scenario is written");
        let ended = run_to_end(&mut playing(folder.path(), &["--yes", "--approve", "all"]), b"");
        assert_eq!(ended.code, 2, "{line}: {}", ended.stderr);
        assert!(ended.stderr.contains(place) && ended.stderr.contains("\nhint: "), "{}", ended.stderr);
    }
}

#[test]
fn the_tools_of_the_host_see_the_host_s_own_screen() {
    let Some(()) = require_handspike() else { return };
    let found = Command::new("Xvfb").arg("-version").output().map(drop);
    let Some(()) = require(found.map_err(|_| "Xvfb is missing\nhint: install xvfb".to_owned())) else { return };
    let screen = Screen::start();
    let scenario = "name: a\nprompt: b\nscript:\n  - calls:\n      - computer: { action: screenshot }\n        expect: { image: true }\n  - say: Done.\n";
    let run = Run::playing(scenario).arg("--sandbox").arg("host").arg("--yes").arg("--approve").arg("all");
    let ended = run.env("DISPLAY", &format!(":{}", screen.display)).to_end().with_code(0);
    assert!(ended.record("screenshots/0001.png").exists());
}

/// An X server, which ends when this is dropped.
struct Screen {
    server: Child,
    display: u32,
}

impl Screen {
    fn start() -> Self {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"]);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("Xvfb starts");
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut line).expect("Xvfb says its display");
        Self { server, display: line.trim().parse().expect("a number") }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

//! `handspike sandbox`: what `--keep` has left is listed, entered and removed.

use handspike_tests::{Docker, Ended, Finished, Run, Scenario, Terminal, handspike, require_docker, run_to_end};

fn kept_sandbox() -> Ended {
    Run::playing(Scenario::on("base").bash("echo kept >/workspace/note")).arg("--keep").to_end().with_code(0)
}

fn sandbox(arguments: &[&str]) -> Finished {
    run_to_end(&mut handspike(&[&["sandbox"], arguments].concat()), b"")
}

fn id_of(docker: &Docker, ended: &Ended) -> String {
    let ids = docker.sandboxes_of(ended.session());
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids.into_iter().next().unwrap_or_default()
}

#[test]
fn a_kept_sandbox_is_listed_until_it_is_removed() {
    let Some(docker) = require_docker() else { return };
    let kept = kept_sandbox();
    let id = id_of(&docker, &kept);

    let listed = sandbox(&["ls"]);
    let line = listed.stdout.lines().find(|line| line.contains(kept.session())).expect("a line of its own");
    assert!(line.starts_with(&id[..12]), "{line}");
    for word in ["running", "kept", "handspike/base:"] {
        assert!(line.contains(word), "{line}");
    }

    let removed = sandbox(&["rm", kept.session()]);
    assert_eq!((removed.code, removed.stdout.trim()), (0, &id[..12]), "{}", removed.stderr);
    assert_eq!(docker.sandboxes_of(kept.session()), Vec::<String>::new());
    assert!(!sandbox(&["ls"]).stdout.contains(kept.session()));
}

#[test]
fn a_kept_sandbox_outlives_the_runs_that_come_after_it() {
    let Some(docker) = require_docker() else { return };
    let kept = kept_sandbox();
    let _later = Run::playing(Scenario::on("base").bash("true")).to_end().with_code(0);
    let note = sandbox(&["exec", &id_of(&docker, &kept)[..12], "cat", "/workspace/note"]);
    assert_eq!((note.code, note.stdout.as_str()), (0, "kept\n"), "{}", note.stderr);
}

#[test]
fn exec_passes_streams_and_exit_status() {
    let Some(_docker) = require_docker() else { return };
    let kept = kept_sandbox();
    let script = "tr a-z A-Z; echo \"$1\" >&2; exit 7";
    let mut command = handspike(&["sandbox", "exec", kept.session(), "--", "sh", "-c", script, "sh", "--an argument"]);
    let ended = run_to_end(&mut command, b"from standard input");
    assert_eq!((ended.code, ended.stdout.as_str()), (7, "FROM STANDARD INPUT"), "{}", ended.stderr);
    assert_eq!(ended.stderr, "--an argument\n");
}

#[test]
fn exec_carries_much_data_both_ways_unchanged() {
    let Some(_docker) = require_docker() else { return };
    let kept = kept_sandbox();
    let lines: String = (0..200_000).map(|number| format!("{number}\n")).collect();
    let ended = run_to_end(&mut handspike(&["sandbox", "exec", kept.session(), "--", "cat"]), lines.as_bytes());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout == lines, "{} bytes came back of {}", ended.stdout.len(), lines.len());
}

#[test]
fn exec_does_not_wait_for_input_that_the_program_does_not_want() {
    let Some(_docker) = require_docker() else { return };
    let kept = kept_sandbox();
    let mut command = handspike(&["sandbox", "exec", kept.session(), "true"]);
    // The terminal's other end stays open, and nobody types.
    command.env("TERM", "xterm");
    assert_eq!(Terminal::start(command).exit_status(), 0);
}

#[test]
fn a_shell_on_a_terminal_runs_what_is_typed_and_ends_with_its_status() {
    let Some(_docker) = require_docker() else { return };
    let kept = kept_sandbox();
    let mut terminal = Terminal::start(handspike(&["sandbox", "shell", kept.session()]));
    terminal.wait_to_see("$ ");
    assert!(!terminal.is_cooked(), "every key goes to the sandbox");
    // The words are put together by the shell, so that what is typed does not show them.
    terminal.type_text("stty size; echo h''i; exit 3\r");
    terminal.wait_to_see("40 100");
    terminal.wait_to_see("hi\r\n");
    assert_eq!(terminal.exit_status(), 3);
    assert!(terminal.is_cooked(), "the terminal is as it was before");
}

#[test]
fn a_shell_without_a_terminal_is_refused() {
    let Some(_docker) = require_docker() else { return };
    let refused = sandbox(&["shell", "anything"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("\nhint: handspike sandbox exec"), "{}", refused.stderr);
}

#[test]
fn a_sandbox_that_is_not_there_is_named() {
    let Some(_docker) = require_docker() else { return };
    for arguments in [&["rm", "no-such"][..], &["exec", "no-such", "true"]] {
        let refused = sandbox(arguments);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.starts_with("error: there is no sandbox `no-such`\nhint: "), "{}", refused.stderr);
    }
}

#[test]
fn building_what_is_up_to_date_says_so_and_builds_nothing() {
    let Some(_docker) = require_docker() else { return };
    let built = sandbox(&["build"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    for image in ["base: up to date (handspike/base:", "desktop: up to date (handspike/desktop:"] {
        assert!(built.stderr.contains(image), "{}", built.stderr);
    }
}

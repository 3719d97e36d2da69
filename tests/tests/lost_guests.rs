//! Guests that are there and do not answer, or are not the same any more: stopped, paused, talked over, started again.
//! Each costs the call under which it happens; the next one is told what is left.

use std::time::Duration;

use handspike_tests::{Docker, Ended, Run, Scenario, require_docker};
use serde_json::json;

/// A silent guest is asked after 5 s and has 10 s to answer. Killing and starting its container comes to that.
const NOTICED: Duration = Duration::from_secs(30);

/// Has something happen to a container during a call that would take minutes, and has the next two calls look at what is
/// left: the first with the shell's restart.
fn during_a_call(docker: Docker, happen: impl FnOnce(&dyn Fn(&[&str]), &str)) -> Ended {
    let scenario = Scenario::on("base")
        .bash("echo kept >/workspace/kept; lost=true")
        .call_expecting("bash", json!({"command": "sleep 300"}), json!({"is_error": true}))
        .bash("cat /workspace/kept; echo lost=$lost")
        .call("bash", json!({"restart": true}))
        .bash("echo on");
    let mut run = Run::playing(scenario).start();
    run.wait_for_call("call_2_1");
    let container = docker.sandboxes_of(&run.session()).concat();
    let tell = |arguments: &[&str]| drop(docker.say(arguments));
    happen(&tell, &container);
    let ended = run.end_within(NOTICED).with_code(0);
    assert_eq!(ended.written(4), "on\n");
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
    ended
}

#[test]
fn a_guest_that_is_stopped_is_replaced() {
    let Some(docker) = require_docker() else { return };
    let ended = during_a_call(docker, |docker, container| {
        docker(&["exec", container, "pkill", "-STOP", "-f", "handspike-guest serve"]);
    });
    let told = "the sandbox's guest gave no sign of life for 15 s, so its processes were killed; its files are left";
    assert!(ended.text(1).contains(told), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the sandbox had ended and was started again"), "{}", ended.text(2));
    assert!(ended.text(2).contains("kept\nlost=\n"), "{}", ended.text(2));
}

#[test]
fn a_container_that_is_paused_costs_the_call_alone() {
    let Some(docker) = require_docker() else { return };
    let ended = during_a_call(docker, |docker, container| docker(&["pause", container]));
    assert!(ended.text(1).contains("the sandbox's container is paused"), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the connection to the sandbox had been lost"), "{}", ended.text(2));
    assert!(ended.text(2).contains("kept\nlost=true\n"), "{}", ended.text(2));
}

#[test]
fn a_part_of_a_line_in_the_guest_s_stream_costs_the_call_alone() {
    let Some(docker) = require_docker() else { return };
    let ended = during_a_call(docker, |docker, container| {
        let write = "printf '{' >/proc/$(pgrep -f '[h]andspike-guest connect' | head -n 1)/fd/1";
        docker(&["exec", container, "sh", "-c", write]);
    });
    assert!(ended.text(1).contains("the connection to the sandbox was lost"), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the connection to the sandbox had been lost"), "{}", ended.text(2));
    assert!(ended.text(2).contains("kept\nlost=true\n"), "{}", ended.text(2));
}

#[test]
fn a_container_that_somebody_restarts_is_told_to_have_lost_its_processes() {
    let Some(docker) = require_docker() else { return };
    let ended = during_a_call(docker, |docker, container| docker(&["restart", container]));
    assert!(ended.text(1).starts_with("not finished: "), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the sandbox had ended and was started again"), "{}", ended.text(2));
    assert!(ended.text(2).contains("kept\nlost=\n"), "{}", ended.text(2));
}

#[test]
fn a_guest_that_may_open_no_files_any_more_is_replaced() {
    let Some(docker) = require_docker() else { return };
    let scenario = Scenario::on("base")
        .bash("prlimit --nofile=3:3 --pid $(pgrep -of '[h]andspike-guest serve')")
        .call_expecting("bash", json!({"command": "echo not run"}), json!({"is_error": true}))
        .bash("echo on");
    let ended = Run::playing(scenario).start().end_within(NOTICED).with_code(0);
    assert!(ended.text(1).contains("the sandbox ended during the call"), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the sandbox had ended and was started again"), "{}", ended.text(2));
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

#[test]
fn edits_are_undone_after_the_guest_has_been_started_again() {
    let Some(docker) = require_docker() else { return };
    let path = "/workspace/a.txt";
    let editor = |arguments: serde_json::Value| {
        let mut arguments = arguments;
        arguments["path"] = json!(path);
        arguments
    };
    let replace = json!({"command": "str_replace", "old_str": "one", "new_str": "two"});
    let scenario = Scenario::on("base")
        .call("str_replace_editor", editor(json!({"command": "create", "file_text": "one\n"})))
        .call("str_replace_editor", editor(replace))
        .call_expecting("bash", json!({"command": "sleep 300"}), json!({"is_error": true}))
        .call("str_replace_editor", editor(json!({"command": "undo_edit"})))
        .bash("cat a.txt")
        .call("str_replace_editor", editor(json!({"command": "undo_edit"})))
        .bash("ls");
    let mut run = Run::playing(scenario).start();
    run.wait_for_call("call_3_1");
    let _id = docker.say(&["kill", &docker.sandboxes_of(&run.session()).concat()]);
    let ended = run.end_within(NOTICED).with_code(0);
    assert!(ended.text(3).starts_with("[the sandbox had ended and was started again"), "{}", ended.text(3));
    assert_eq!((ended.written(4), ended.written(6)), ("one\n".to_owned(), String::new()));
}

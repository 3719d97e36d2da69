//! The sandbox's share of the machine.

use std::time::Duration;

use handspike_tests::{Answer, FakeModel, Run, Scenario, require_docker};
use serde_json::json;

use super::{play, written_inside};

/// The first of the files that is there: control groups are version 1 or 2.
fn one_of(files: [&str; 2]) -> String {
    format!("cat {} 2>/dev/null || cat {}", files[0], files[1])
}

#[test]
fn the_limits_of_memory_and_processes_are_in_force() {
    let Some(_docker) = require_docker() else { return };
    let scenario = Scenario::on("base")
        .bash(&one_of(["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]))
        .bash(&one_of(["/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"]));
    let ended = Run::playing(scenario).arg("--memory").arg("100m").to_end().with_code(0);
    assert_eq!(ended.written(0), format!("{}\n", 100 << 20));
    assert_eq!(ended.written(1), "512\n");
}

#[test]
fn a_fork_bomb_ends_with_its_call() {
    let Some(_docker) = require_docker() else { return };
    let scenario = Scenario::on("base")
        .call("bash", json!({"command": "bomb() { bomb | bomb; }; bomb", "timeout": 2}))
        .bash("echo still here; ls -d /proc/[0-9]* | wc -l");
    let ended = play(scenario);
    assert_eq!(*ended.end_of(0), json!("timed_out"), "{}", ended.text(0));
    let after = ended.written(1);
    let processes = after.strip_prefix("still here\n").and_then(|number| number.trim().parse::<u32>().ok());
    assert!(processes.is_some_and(|processes| processes < 30), "{after}");
}

#[test]
fn a_fork_bomb_that_its_call_left_running_ends_with_a_restart() {
    let Some(_docker) = require_docker() else { return };
    let bomb = "bomb() { bomb & bomb & }; (setsid bash -c \"$(declare -f bomb); bomb\" >/dev/null 2>&1 &)
        until [ $(ls -d /proc/[0-9]* | wc -l) -gt 400 ]; do :; done";
    // How the calls beside the bomb end is open, so a scenario could not say what it expects of them.
    let calls = [
        json!({"command": bomb, "timeout": 5}),
        json!({"command": "echo anything", "timeout": 5}),
        json!({"restart": true}),
        json!({"command": "echo still here", "timeout": 20}),
    ];
    let calls = calls.map(|arguments| Answer::Calls(vec![("bash", arguments.to_string())]));
    let model = FakeModel::start([&calls[..], &[Answer::Says("Done.")]].concat());
    let ended = Run::asking(&model, "base").to_end().with_code(0);
    assert_eq!(ended.written(3), "still here\n", "{:#?}", ended.events);
    assert!(ended.took < Duration::from_secs(40), "{:?}", ended.took);
}

#[test]
fn a_core_dump_is_not_written() {
    let Some(limit) = written_inside("ulimit -Hc") else { return };
    assert_eq!(limit, "0\n");
}

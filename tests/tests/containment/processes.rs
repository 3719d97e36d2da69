//! The sandbox's processes: who is first, and who buries the dead.

use handspike_tests::{Run, Scenario, handspike, require_docker, run_to_end};

use super::{play, written_inside};

/// Waits until a process has been reaped: a zombie has its folder still.
const WAIT_FOR_BURIAL: &str =
    "for try in $(seq 100); do [ -e /proc/$orphan ] || { echo gone; break; }; sleep 0.1; done";

#[test]
fn the_guest_is_the_first_process_and_others_are_not_to_be_seen() {
    let Some(names) = written_inside("cat /proc/1/comm; cat /proc/[0-9]*/comm | grep -c dockerd") else { return };
    assert_eq!(names, "handspike-guest\n0\n");
}

#[test]
fn orphans_of_the_shell_are_reaped() {
    let Some(_docker) = require_docker() else { return };
    let orphan = "orphan=$(setsid sh -c 'sleep 0.2 >/dev/null 2>&1 & echo $!')";
    let ended = play(Scenario::on("base").bash(&format!("{orphan}; {WAIT_FOR_BURIAL}")));
    assert_eq!(ended.written(0), "gone\n");
}

#[test]
fn orphans_of_the_first_process_are_reaped() {
    let Some(_docker) = require_docker() else { return };
    let kept = Run::playing(Scenario::on("base").bash("true")).arg("--keep").to_end().with_code(0);
    // A program that `exec` starts is nobody's child inside, so what it leaves goes to the first process.
    let script =
        format!("orphan=$(sh -c 'sleep 0.2 >&2 & echo $!'); grep PPid /proc/$orphan/status; {WAIT_FOR_BURIAL}");
    let ended = run_to_end(&mut handspike(&["sandbox", "exec", kept.session(), "--", "sh", "-c", &script]), b"");
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "PPid:\t1\ngone\n"), "{}", ended.stderr);
}

#[test]
fn what_a_call_left_running_ends_with_the_sandbox() {
    let Some(docker) = require_docker() else { return };
    let ended = play(Scenario::on("base").bash("(trap '' TERM INT HUP; setsid sleep 1000 >/dev/null 2>&1 &)"));
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

#[test]
fn a_process_of_the_sandbox_ends_at_a_plain_kill() {
    let Some(ended) =
        written_inside("{ sleep 100 & } 2>/dev/null; kill $!; wait $!; echo $?; grep SigBlk /proc/self/status")
    else {
        return;
    };
    let (status, blocked) = ended.split_once('\n').expect("two lines");
    assert_eq!((status, blocked.trim()), ("143", "SigBlk:\t0000000000000000"));
}

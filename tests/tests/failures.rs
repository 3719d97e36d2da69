//! What goes wrong around a run: killed programs, lost containers, no memory, signals, no engine. Each time the end
//! is clear and comes soon, and nothing is left.

use std::{
    fs,
    os::unix::net::UnixListener,
    thread,
    time::{Duration, Instant},
};

use handspike_tests::{
    Answer, Docker, Ended, FakeModel, Live, Run, Scenario, handspike, require_docker, require_handspike, run_to_end,
};
use nix::sys::signal::Signal;
use serde_json::json;

const SOON: Duration = Duration::from_secs(3);
const A_FEW_SECONDS: Duration = Duration::from_secs(10);
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// A run whose sandbox is up, in a command that would take minutes. Should that end as an error, one more looks at what
/// is left.
struct Busy {
    run: Live,
    session: String,
    container: String,
}

impl Busy {
    fn start(docker: Docker) -> Self {
        Self::start_on("base", docker)
    }

    fn start_on(image: &str, docker: Docker) -> Self {
        let scenario = Scenario::on(image)
            .bash("echo kept >/workspace/kept; lost=true")
            .call_expecting("bash", json!({"command": "sleep 300 & sleep 300"}), json!({"is_error": true}))
            .bash("cat /workspace/kept; echo lost=$lost");
        let mut run = Run::playing(scenario).start();
        run.wait_for_call("call_2_1");
        let session = run.session();
        let containers = docker.sandboxes_of(&session);
        assert_eq!(containers.len(), 1, "{containers:?}");
        Self { run, session, container: containers.concat() }
    }
}

fn assert_interrupted(docker: Docker, ended: Ended) {
    let ended = ended.with_code(130);
    assert_eq!(*ended.outcome(), json!({"outcome": "cancelled"}));
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

/// Kills a run's program and has further runs remove its container. Another test's run may be removing it already, and
/// then the first of them does not wait for that.
fn assert_removed_once_killed(docker: Docker, killed: Busy) {
    killed.run.signal(Signal::SIGKILL);
    let _killed = killed.run.end_within(SOON).with_code(128 + 9);
    let deadline = Instant::now() + HALF_A_MINUTE;
    loop {
        let next = Run::playing(Scenario::on("base").bash("true")).to_end().with_code(0);
        let Some(state) = docker.state_of(&killed.session) else { break };
        assert!(Instant::now() < deadline, "its container stays, {state}; the next run said: {}", next.stderr);
    }
}

#[test]
fn what_a_killed_run_leaves_is_removed_by_the_next_and_a_live_run_s_is_not() {
    let Some(docker) = require_docker() else { return };
    let alive = Busy::start(docker);
    assert_removed_once_killed(docker, Busy::start(docker));
    assert_eq!(docker.say(&["inspect", "--format", "{{.State.Running}}", &alive.container]), "true");
    alive.run.signal(Signal::SIGTERM);
    assert_interrupted(docker, alive.run.end_within(SOON));
}

#[test]
fn a_killed_run_on_an_image_that_a_server_s_container_made_is_removed_as_well() {
    let Some(docker) = require_docker() else { return };
    let image = docker.image_with_label("base", "dev.handspike.server=01900000-0000-7000-8000-000000000000");
    assert_removed_once_killed(docker, Busy::start_on(&image.name, docker));
}

#[test]
fn a_container_that_is_removed_under_a_call_costs_the_call_and_all_that_was_in_it() {
    let Some(docker) = require_docker() else { return };
    let busy = Busy::start(docker);
    let _id = docker.say(&["rm", "--force", &busy.container]);
    let ended = busy.run.end_within(A_FEW_SECONDS).with_code(0);
    // A container that is removed is killed first, and the program may look in between.
    let reasons = ["its container was removed", "its first process ended with status 137"];
    let expected = reasons.map(|reason| format!("the sandbox ended during the call: {reason}"));
    assert!(expected.iter().any(|reason| ended.text(1).contains(reason)), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[a new sandbox was made"), "{}", ended.text(2));
    assert!(ended.text(2).contains("No such file") && ended.text(2).contains("lost=\n"), "{}", ended.text(2));
    assert_eq!(docker.sandboxes_of(&busy.session), Vec::<String>::new());
}

#[test]
fn a_container_that_is_killed_under_a_call_costs_the_call_and_its_shell_but_no_files() {
    let Some(docker) = require_docker() else { return };
    let busy = Busy::start(docker);
    let _id = docker.say(&["kill", &busy.container]);
    let ended = busy.run.end_within(A_FEW_SECONDS).with_code(0);
    let told = "the sandbox ended during the call: its first process ended with status 137";
    assert!(ended.text(1).contains(told), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the sandbox had ended and was started again"), "{}", ended.text(2));
    assert!(ended.text(2).contains("kept\nlost=\n"), "{}", ended.text(2));
    assert_eq!(docker.sandboxes_of(&busy.session), Vec::<String>::new());
}

#[test]
fn a_connection_that_is_cut_under_a_call_costs_the_call_alone() {
    let Some(docker) = require_docker() else { return };
    let busy = Busy::start(docker);
    let _killed = docker.say(&["exec", &busy.container, "pkill", "-f", "handspike-guest connect"]);
    let ended = busy.run.end_within(A_FEW_SECONDS).with_code(0);
    assert!(ended.text(1).contains("the connection to the sandbox was lost"), "{}", ended.text(1));
    assert!(ended.text(2).starts_with("[the connection to the sandbox had been lost"), "{}", ended.text(2));
    assert!(ended.text(2).contains("kept\nlost=true\n"), "{}", ended.text(2));
    assert_eq!(docker.sandboxes_of(&busy.session), Vec::<String>::new());
}

#[test]
fn a_command_that_eats_all_memory_dies_and_the_session_goes_on_or_says_why_not() {
    let Some(docker) = require_docker() else { return };
    let scenario = Scenario::on("base").bash("tail /dev/zero").bash("echo still here");
    let ended = Run::playing(scenario).arg("--memory").arg("64m").start().end_within(HALF_A_MINUTE);
    match ended.code {
        0 => {
            assert_eq!(*ended.end_of(0), json!({"exited": 137}), "{}", ended.text(0));
            assert_eq!(ended.written(1), "still here\n");
        }
        // The kernel chooses whom it kills, and may choose the guest.
        code => {
            assert_eq!(code, 6, "{:#?}", ended.events);
            assert!(ended.text(0).contains("it ran out of memory\nhint: --memory"), "{}", ended.text(0));
        }
    }
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

#[test]
fn an_interrupt_during_a_call_ends_the_run_soon() {
    let Some(docker) = require_docker() else { return };
    let busy = Busy::start(docker);
    busy.run.signal(Signal::SIGINT);
    assert_interrupted(docker, busy.run.end_within(SOON));
}

#[test]
fn a_termination_during_a_call_ends_the_run_soon() {
    let Some(docker) = require_docker() else { return };
    for signal in [Signal::SIGTERM, Signal::SIGQUIT] {
        let busy = Busy::start(docker);
        busy.run.signal(signal);
        assert_interrupted(docker, busy.run.end_within(SOON));
    }
}

#[test]
fn an_interrupt_while_the_model_thinks_ends_the_run_soon() {
    let Some(docker) = require_docker() else { return };
    let call = ("bash", json!({"command": "true"}).to_string());
    let model = FakeModel::start(vec![Answer::Calls(vec![call]), Answer::Silence]);
    let run = Run::asking(&model, "base").start();
    model.wait_for_requests(2);
    run.signal(Signal::SIGINT);
    assert_interrupted(docker, run.end_within(SOON));
}

#[test]
fn an_interrupt_while_the_sandbox_is_made_leaves_no_container() {
    let Some(docker) = require_docker() else { return };
    let mut run = Run::playing(Scenario::on("base").bash("true")).start();
    run.wait_for_call("call_1_1");
    run.signal(Signal::SIGINT);
    assert_interrupted(docker, run.end_within(SOON));
}

#[test]
fn a_session_s_time_limit_stops_a_call() {
    let Some(docker) = require_docker() else { return };
    let scenario = Scenario::on("base").bash("sleep 300");
    let ended = Run::playing(scenario).arg("--timeout").arg("2s").to_end().with_code(5);
    assert_eq!(
        *ended.outcome(),
        json!({"outcome": "limit_reached", "which": "wall_time", "limit": "2 s of wall time"})
    );
    assert!(ended.took < A_FEW_SECONDS, "{:?}", ended.took);
    assert_eq!(docker.sandboxes_of(ended.session()), Vec::<String>::new());
}

#[test]
fn an_engine_that_is_not_installed_is_named_with_a_remedy() {
    let Some(()) = require_handspike() else { return };
    for arguments in
        [&["sandbox", "ls"][..], &["run", "--model", "openai:x", "--base-url", "http://127.0.0.1:1", "test"]]
    {
        let ended = run_to_end(handspike(arguments).env("DOCKER_HOST", "unix:///nonexistent.sock"), b"");
        assert_eq!(ended.code, 4, "{}", ended.stderr);
        let expected = "error: no Docker Engine is installed or running: there is no `/nonexistent.sock`\nhint: ";
        assert!(ended.stderr.starts_with(expected), "{}", ended.stderr);
    }
}

#[test]
fn an_engine_that_does_not_listen_is_not_running() {
    let Some(()) = require_handspike() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("docker.sock");
    // The socket's file stays when its listener goes, as after an engine's crash.
    drop(UnixListener::bind(&socket).expect("a socket"));
    let address = format!("unix://{}", socket.display());
    let ended = run_to_end(handspike(&["sandbox", "ls"]).env("DOCKER_HOST", &address), b"");
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    let expected = format!("error: the Docker Engine at `{address}` is not running\nhint: ");
    assert!(ended.stderr.starts_with(&expected), "{}", ended.stderr);
}

#[test]
fn a_command_that_never_pauses_in_its_output_is_timed_out_in_time() {
    let Some(_docker) = require_docker() else { return };
    let scenario = Scenario::on("base").call("bash", json!({"command": "yes", "timeout": 1})).bash("echo on");
    let ended = Run::playing(scenario).to_end().with_code(0);
    assert_eq!(ended.end_of(0), &json!("timed_out"));
    assert_eq!(ended.written(1), "on\n");
}

#[test]
fn a_guest_that_floods_the_host_with_requests_costs_it_no_memory() {
    let Some(_docker) = require_docker() else { return };
    let flood = "guest=$(pgrep -f 'handspike-guest serve' | head -n 1); connect=$(pgrep -f 'handspike-guest connect'); \
                 kill -STOP $guest; yes '{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}' >/proc/$connect/fd/1";
    let mut live = Run::playing(Scenario::on("base").bash(flood)).arg("--timeout").arg("6s").start();
    live.wait_for_call("call_1_1");
    let peak = thread::spawn({
        let process = live.process();
        move || peak_memory_kib(process)
    });
    let _ended = live.end_within(Duration::from_secs(20)).with_code(5);
    let peak = peak.join().expect("the watcher ends with the program");
    assert!((1..200 * 1024).contains(&peak), "{peak} KiB");
}

#[test]
fn an_interrupt_works_with_standard_error_gone() {
    let Some(docker) = require_docker() else { return };
    let mut live = Run::playing(Scenario::on("base").bash("sleep 300")).with_broken_stderr().start();
    let session = live.session();
    live.wait_for_call("call_1_1");
    live.signal(Signal::SIGINT);
    let _ended = live.end_within(A_FEW_SECONDS).with_code(130);
    assert_eq!(docker.sandboxes_of(&session), Vec::<String>::new());
}

/// The most resident memory that a process has had by its end.
fn peak_memory_kib(process: u32) -> u64 {
    let mut peak = 0;
    // A process that has ended has no memory to tell of.
    while let Ok(status) = fs::read_to_string(format!("/proc/{process}/status"))
        && let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))
    {
        peak = line.trim().trim_end_matches(" kB").parse().unwrap_or(peak);
        thread::sleep(Duration::from_millis(20));
    }
    peak
}

//! A call that must stop stops with all it started, and the shell lives on.

mod support;

use std::{thread, time::Duration};

use handspike_types::bash::BashEnd;
use support::{Answer, Session, is_running};

fn assert_timed_out(answer: &Answer) {
    assert_eq!(answer.details.end, BashEnd::TimedOut, "{}", answer.text);
}

#[test]
fn a_timeout_shows_the_partial_output_and_after_how_long() {
    let mut session = Session::new();
    session.run("cd /usr; x=kept");
    let answer = session.run_for(300, "echo partial; echo err >&2; sleep 1000; echo never");
    assert_timed_out(&answer);
    assert!(answer.text.starts_with("partial\nerr\n"), "{}", answer.text);
    assert!(!answer.text.contains("never"), "{}", answer.text);
    assert!(answer.last_line().contains("timed out after 300 ms"), "{}", answer.text);
    session.run("echo $x $PWD").exited(0, "kept /usr");
}

#[test]
fn the_rest_of_a_list_does_not_run() {
    let mut session = Session::new();
    for command in [
        "sleep 1000; touch never",
        "while :; do sleep 1000; done; touch never",
        "while :; do :; done; touch never",
        "f() { sleep 1000; touch never; }; f; f",
        "echo $(sleep 1000); touch never",
        "sleep 1000 | cat; touch never",
        "sleep 1000 || touch never",
        "trap 'touch never' INT; sleep 1000; touch never",
        "wait; sleep 1000 & wait; touch never",
        "mkfifo f 2>/dev/null; read x < f; touch never",
        "(trap '' INT TERM; sleep 1000; sleep 1000); touch never",
    ] {
        let answer = session.run_for(100, command);
        assert_timed_out(&answer);
        assert!(answer.text.contains("the shell lives on"), "`{command}`: {}", answer.text);
    }
    assert!(!session.path("never").exists());
}

#[test]
fn processes_that_ignore_signals_or_hide_are_gone() {
    let mut session = Session::new();
    let answer = session.run_for(
        400,
        "trap '' TERM INT HUP; (setsid sleep 4321.1 &); (setsid sh -c 'trap \"\" TERM; sleep 4321.2; sleep 4321.2' &); \
         sh -c '(sleep 4321.3 &) &'; sleep 4321.4 & echo up; sleep 4321.5",
    );
    assert_timed_out(&answer);
    for mark in ["4321.1", "4321.2", "4321.3", "4321.4", "4321.5"] {
        assert!(!is_running(mark), "{mark}");
    }
}

#[test]
fn background_jobs_of_earlier_calls_live_on() {
    let mut session = Session::new();
    session.run("sleep 4322.1 & (setsid sleep 4322.2 &)");
    assert_timed_out(&session.run_for(100, "sleep 4322.3 & sleep 4322.3"));
    assert!(is_running("4322.1") && is_running("4322.2") && !is_running("4322.3"));
}

#[test]
fn silence_alone_ends_no_command() {
    let mut session = Session::new();
    session.run("sleep 1.2; echo done").exited(0, "done");
}

#[test]
fn a_cancelled_call_is_answered_within_a_second_and_the_shell_is_usable() {
    let mut session = Session::with(|config| config.kill_grace = Duration::from_secs(30));
    session.run("x=kept");
    let cancel = session.cancel.try_clone().expect("a copy");
    let canceller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        rustix::io::write(&cancel, &1_u64.to_ne_bytes()).expect("cancelled");
    });
    let answer = session.run("trap '' TERM; echo up; sleep 4323.1");
    canceller.join().expect("the canceller");
    assert_eq!(answer.details.end, BashEnd::Cancelled, "{}", answer.text);
    assert!(answer.took < Duration::from_millis(1200), "{:?}", answer.took);
    assert!(!is_running("4323.1"));
    rustix::io::read(&session.cancel, &mut [0; 8]).expect("the cancel is over");
    session.run("echo $x").exited(0, "kept");
}

#[test]
fn a_shell_that_cannot_be_interrupted_is_replaced() {
    let mut session = Session::new();
    let answer = session.run_for(100, "trap '' PWR INT; while :; do :; done");
    assert_timed_out(&answer);
    assert!(answer.text.contains("a new shell runs in"), "{}", answer.text);
    session.run("echo on").exited(0, "on");
}

#[test]
fn a_timeout_that_meets_the_commands_own_end_loses_no_answer() {
    let mut session = Session::new();
    for i in 0..60 {
        let answer = session.run_for(20, &format!("sleep 0.0{}; echo {i}", 15 + i % 8));
        let ended = matches!(answer.details.end, BashEnd::Exited(0) | BashEnd::TimedOut);
        assert!(ended && !answer.text.contains("new shell"), "{}", answer.text);
    }
    session.run("echo on").exited(0, "on");
}

#[test]
fn a_call_is_cancelled_in_the_midst_of_its_output() {
    let mut session = Session::new();
    let cancel = session.cancel.try_clone().expect("a copy");
    let canceller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        rustix::io::write(&cancel, &1_u64.to_ne_bytes()).expect("cancelled");
    });
    let answer = session.run("x=kept; yes");
    canceller.join().expect("the canceller");
    assert_eq!(answer.details.end, BashEnd::Cancelled, "{}", answer.last_line());
    assert!(answer.took < Duration::from_millis(1200), "{:?}", answer.took);
    assert!(answer.text.starts_with("y\ny\n"), "{}", answer.last_line());
    rustix::io::read(&session.cancel, &mut [0; 8]).expect("the cancel is over");
    session.run("echo $x").exited(0, "kept");
}

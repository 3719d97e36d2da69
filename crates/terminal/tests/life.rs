//! How terminals begin and end, how many there may be, and that none of them gets stuck or grows.

mod support;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::json;
use support::{Desk, eventually, is_running};

#[test]
fn what_scrolled_by_since_the_last_call_is_answered_once() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "s", "command": "seq 100; read x; seq 101 105; read x"}));
    let numbers: Vec<&str> = answer.text.lines().take(100).collect();
    assert_eq!(numbers, (1..=100).map(|i| i.to_string()).collect::<Vec<_>>());
    let answer = desk.call(json!({"name": "s", "input": "\n", "until": "105"}));
    assert!(answer.text.starts_with("78\n"), "{}", answer.text);
}

#[test]
fn a_flood_of_output_stays_bounded_and_is_answered() {
    let mut desk = Desk::new();
    let command = "head -c 10000000 /dev/zero | tr '\\0' x | fold -w 70; echo; echo the end; read x";
    let answer = desk.call(json!({"name": "f", "command": command, "until": "the end", "timeout": 60}));
    assert!(answer.shows("the end"), "{}", answer.last_line());
    assert!(answer.text.len() < 40_000, "{} bytes", answer.text.len());
    assert!(answer.text.contains(" bytes left out here]\n"), "{}", answer.last_line());
}

#[test]
fn a_command_that_never_stops_writing_is_answered_at_its_time_and_lives_on() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "y", "command": "yes", "timeout": 0.5}));
    assert!(answer.took < Duration::from_millis(1500), "{:?}", answer.took);
    assert!(answer.last_line().contains("not quiet after 0.5 s"), "{}", answer.last_line());
    assert_eq!(answer.details.exit_status, None);
    let answer = desk.call(json!({"name": "y", "keys": ["ctrl+c"], "timeout": 5}));
    assert_eq!(answer.details.exit_status, Some(130), "{}", answer.last_line());
}

#[test]
fn nobody_who_looks_away_blocks_a_command() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "w", "command": "read x; seq 30000; touch written; read x", "timeout": 0.2}));
    desk.call(json!({"name": "w", "input": "\n", "timeout": 0}));
    let written = desk.folder.path().join("written");
    eventually("the command's progress", || written.exists());
}

#[test]
fn bytes_of_any_kind_leave_a_usable_terminal() {
    let mut desk = Desk::new();
    let command = "head -c 2000000 /dev/urandom; printf '\\033c\\033[0m\\nafter\\n'; read x";
    let answer = desk.call(json!({"name": "r", "command": command, "until": "after", "timeout": 60}));
    assert!(answer.shows("after"), "{}", answer.last_line());
}

#[test]
fn a_silent_command_is_answered_soon_and_a_busy_one_is_given_time() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "s", "command": "sleep 1000"}));
    assert!(answer.took < Duration::from_millis(800), "{:?}", answer.took);
    let command = "echo begun; end=$((${EPOCHREALTIME/./} + 500000)); while ((${EPOCHREALTIME/./} < end)); do :; done; echo computed; read x";
    let answer = desk.call(json!({"name": "b", "command": command}));
    assert!(answer.shows("computed"), "{}", answer.text);
}

#[test]
fn a_text_that_does_not_come_is_told_of_and_nothing_is_killed() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "s", "command": "echo up; sleep 1000", "until": "READY", "timeout": 0.4}));
    assert!(answer.last_line().starts_with("[running; `READY` did not appear within 0.4 s; "), "{}", answer.text);
    assert!((400..900).contains(&answer.took.as_millis()), "{:?}", answer.took);
    assert_eq!(desk.call(json!({"name": "s"})).details.exit_status, None);
}

#[test]
fn a_cancelled_call_is_answered_at_once_and_the_command_runs_on() {
    let mut desk = Desk::new();
    let cancel = desk.cancel.try_clone().expect("a copy");
    let canceller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        rustix::io::write(&cancel, &1_u64.to_ne_bytes()).expect("cancelled");
    });
    let answer = desk.call(json!({"name": "c", "command": "sleep 6001.1", "until": "never", "timeout": 60}));
    canceller.join().expect("the canceller");
    assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
    assert!(answer.last_line().starts_with("[running; the call was cancelled; "), "{}", answer.text);
    assert!(is_running("6001.1"));
}

#[test]
fn closing_ends_all_that_was_started_also_what_ignores_it() {
    let mut desk = Desk::new();
    let command = "trap '' HUP TERM; (setsid sleep 6002.1 &); nohup sleep 6002.2 >/dev/null 2>&1 & sleep 6002.3 & echo up; sleep 6002.4";
    desk.call(json!({"name": "c", "command": command, "until": "up"}));
    eventually("the processes", || (1..=4).all(|i| is_running(&format!("6002.{i}"))));
    let answer = desk.call(json!({"name": "c", "close": true}));
    assert!(
        answer.text.ends_with("[terminal `c` is closed; its command was ended, and all it started]"),
        "{}",
        answer.text
    );
    assert!((1..=4).all(|i| !is_running(&format!("6002.{i}"))));
    assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
    assert!(desk.refused(json!({"name": "c"})).contains("there is none at all"));
}

#[test]
fn a_command_that_minds_its_hangup_gets_the_time_for_it() {
    let mut desk = Desk::with(|config| config.kill_grace = Duration::from_secs(5));
    desk.call(json!({"name": "c", "command": "trap 'echo saved > saved; exit' HUP; echo up; while :; do sleep 0.01; done", "until": "up"}));
    let answer = desk.call(json!({"name": "c", "close": true}));
    assert_eq!(fs::read_to_string(desk.folder.path().join("saved")).expect("it had the time"), "saved\n");
    assert!(answer.took < Duration::from_secs(2), "{:?}", answer.took);
}

#[test]
fn dropping_all_terminals_kills_all() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "a", "command": "(setsid sleep 6003.1 &); sleep 6003.2"}));
    assert!(is_running("6003.1") && is_running("6003.2"));
    drop(desk);
    assert!(!is_running("6003.1") && !is_running("6003.2"));
}

#[test]
fn starting_on_a_name_in_use_ends_what_ran_there_and_says_so() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "a", "command": "sleep 6004.1"}));
    let answer = desk.call(json!({"name": "a", "command": "echo new"}));
    assert!(
        answer.text.starts_with("[the command that ran on this terminal was ended: `sleep 6004.1`]\nnew\n"),
        "{}",
        answer.text
    );
    assert!(!is_running("6004.1"));
    let answer = desk.call(json!({"name": "a", "command": "echo newer"}));
    assert!(answer.text.starts_with("newer\n"), "{}", answer.text);
}

#[test]
fn a_command_that_ended_still_shows_its_screen() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "a", "command": "echo last words; kill -9 $$"}));
    assert_eq!(answer.details.exit_status, Some(137), "{}", answer.text);
    assert!(answer.last_line().contains("ended with exit status 137, which is 128 and signal 9"), "{}", answer.text);
    let answer = desk.call(json!({"name": "a", "input": "x\n"}));
    assert!(answer.shows("last words") && answer.last_line().contains("the program took 0"), "{}", answer.text);
    let answer = desk.call(json!({"name": "a", "close": true}));
    assert!(answer.last_line().contains("its command had ended with exit status 137"), "{}", answer.text);
}

#[test]
fn all_output_of_a_short_command_is_there() {
    let mut desk = Desk::new();
    for i in 0..30 {
        let answer = desk.call(json!({"name": "a", "command": format!("seq 20; echo last {i}")}));
        assert_eq!(answer.details.screen[20], format!("last {i}"), "{}", answer.text);
        assert_eq!(answer.details.exit_status, Some(0));
    }
}

#[test]
fn a_background_job_does_not_hide_the_commands_end() {
    let mut desk = Desk::new();
    let answer =
        desk.call(json!({"name": "a", "command": "nohup setsid sleep 6005.1 & sleep 0.05; echo done; exit 4"}));
    assert_eq!(answer.details.exit_status, Some(4), "{}", answer.text);
    assert!(answer.shows("done"), "{}", answer.text);
    drop(desk);
    assert!(!is_running("6005.1"));
}

#[test]
fn a_seventeenth_terminal_is_refused_with_the_names_of_the_others() {
    let mut desk = Desk::new();
    for i in 0..16 {
        desk.call(json!({"name": format!("t{i}"), "command": "read x", "timeout": 0}));
    }
    let error = desk.refused(json!({"name": "more", "command": "true"}));
    assert!(
        error.starts_with("there are 16 terminals already") && error.contains("`t0`") && error.contains("`t15`"),
        "{error}"
    );
    desk.call(json!({"name": "t3", "command": "true"}));
    desk.call(json!({"name": "t4", "close": true}));
    desk.call(json!({"name": "more", "command": "true"}));
}

#[test]
fn an_unknown_terminal_or_key_is_refused_and_nothing_is_sent() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "a", "command": "cat"}));
    let error = desk.refused(json!({"name": "b"}));
    assert!(error.contains("parameter `name` is `b`") && error.contains("there are `a`"), "{error}");
    let error = desk.refused(json!({"name": "a", "input": "typed\n", "keys": ["Entr"]}));
    assert!(error.contains("`Entr`") && error.contains("`Enter`"), "{error}");
    assert!(!desk.call(json!({"name": "a"})).shows("typed"));
    let error = desk.refused(json!({"name": "a", "command": "echo new", "keys": ["Entr"]}));
    assert!(error.contains("nothing was sent"), "{error}");
    assert_eq!(desk.call(json!({"name": "a"})).details.exit_status, None);
}

#[test]
fn much_input_that_nobody_reads_does_not_block_the_call() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "a", "command": "stty raw; echo up; sleep 1000", "until": "up"}));
    let cancel = desk.cancel.try_clone().expect("a copy");
    let canceller = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        rustix::io::write(&cancel, &1_u64.to_ne_bytes()).expect("cancelled");
    });
    let started = Instant::now();
    let answer = desk.call(json!({"name": "a", "input": "x".repeat(1_000_000)}));
    canceller.join().expect("the canceller");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(answer.last_line().contains("not all was typed"), "{}", answer.last_line());
}

#[test]
fn the_calls_own_time_bounds_the_typing_and_the_answer_says_how_much_was_typed() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "a", "command": "stty raw -echo; echo up; sleep 1000", "until": "up"}));
    let started = Instant::now();
    let answer = desk.call(json!({"name": "a", "input": "x".repeat(2_000_000), "timeout": 1}));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(answer.last_line().contains("of 2000000 bytes that were to be typed"), "{}", answer.last_line());
}

#[test]
fn much_input_that_is_read_arrives_whole() {
    let mut desk = Desk::new();
    let line = "y".repeat(99) + "\n";
    desk.call(json!({"name": "a", "command": "stty -echo; echo up; head -c 200000 | wc", "until": "up"}));
    let answer = desk.call(json!({"name": "a", "input": line.repeat(2000), "until": "200000"}));
    assert!(answer.text.contains("2000    2000  200000"), "{}", answer.text);
}

#[test]
fn an_image_without_bash_is_a_clear_error() {
    let mut desk = Desk::with(|config| config.program = "/no/such/bash".into());
    let error = desk.refused(json!({"name": "a", "command": "true"}));
    assert!(error.contains("`/no/such/bash` was not found"), "{error}");
}

//! Real programs find the terminal that they expect, and what they draw is what is answered.

mod support;

use std::{fs, time::Duration};

use serde_json::json;
use support::Desk;

#[test]
fn a_shell_is_typed_at_and_remembers() {
    let mut desk = Desk::new();
    desk.bash();
    desk.call(json!({"name": "sh", "input": "x=kept\n", "until": "$ "}));
    let answer = desk.call(json!({"name": "sh", "input": "echo \"[$x]\"\n", "until": "[kept]"}));
    assert!(answer.last_line().starts_with("[running; cursor at column "), "{}", answer.text);
    let answer = desk.call(json!({"name": "sh", "input": "exit 3\n"}));
    assert_eq!(answer.details.exit_status, Some(3), "{}", answer.text);
    assert!(answer.last_line().starts_with("[ended with exit status 3; "), "{}", answer.text);
}

#[test]
fn a_prompt_that_stood_there_before_is_not_waited_for() {
    let mut desk = Desk::new();
    desk.bash();
    let answer = desk.call(json!({"name": "sh", "input": "sleep 0.4; echo d''one\n", "until": "$ "}));
    assert!(answer.shows("done"), "{}", answer.text);
    assert!(answer.took >= Duration::from_millis(390), "{:?}", answer.took);
    let answer = desk.call(json!({"name": "sh", "until": "$ "}));
    assert!(answer.took < Duration::from_millis(100), "{:?}", answer.took);
}

#[test]
fn end_of_input_ends_cat() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "cat", "command": "cat", "input": "hello\n", "until": "hello"}));
    assert_eq!(answer.details.exit_status, None);
    let answer = desk.call(json!({"name": "cat", "keys": ["ctrl+d"]}));
    assert_eq!(answer.details.exit_status, Some(0), "{}", answer.text);
    assert_eq!(answer.details.screen[..3], ["hello", "hello", ""]);
    assert!(answer.took < Duration::from_millis(300), "{:?}", answer.took);
}

#[test]
fn a_question_is_answered_soon() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "q", "command": "read -p 'name? ' n; echo \"hello $n\"; exit 7"}));
    assert!(answer.shows("name?"), "{}", answer.text);
    assert_eq!(answer.details.cursor, (6, 0));
    assert!(answer.took < Duration::from_millis(500), "{:?}", answer.took);
    let answer = desk.call(json!({"name": "q", "input": "Ada\n"}));
    assert!(answer.shows("hello Ada"), "{}", answer.text);
    assert_eq!(answer.details.exit_status, Some(7));
}

#[test]
fn python_is_typed_at() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "py", "command": "python3 -q -i", "until": ">>> ", "timeout": 20}));
    let answer = desk.call(json!({"name": "py", "input": "6 * 7\n", "until": ">>> "}));
    assert!(answer.shows("42"), "{}", answer.text);
    let answer = desk.call(json!({"name": "py", "input": "for i in range(3): print('row', i)\n\n", "until": "row 2"}));
    assert!(answer.shows("row 0"), "{}", answer.text);
}

#[test]
fn a_program_that_redraws_is_answered_between_two_draws() {
    let mut desk = Desk::new();
    let answer = desk.call(json!({"name": "top", "command": "top -d 0.5", "timeout": 5}));
    assert!(answer.shows("PID") && answer.shows("load average"), "{}", answer.text);
    assert!(answer.took < Duration::from_secs(3), "{:?}", answer.took);
    let answer = desk.call(json!({"name": "top", "keys": ["q"]}));
    assert_eq!(answer.details.exit_status, Some(0), "{}", answer.text);
}

#[test]
fn less_scrolls_on_a_screen_of_its_own() {
    let mut desk = Desk::new();
    let text: String = (1..=200).map(|i| format!("line {i}\n")).collect();
    fs::write(desk.folder.path().join("text"), text).expect("written");
    let answer = desk.call(json!({"name": "less", "command": "echo before; LESS= less text", "until": "line 23"}));
    assert_eq!(answer.details.screen[0], "line 1", "{}", answer.text);
    let answer = desk.call(json!({"name": "less", "keys": ["Page_Down"], "until": "line 46"}));
    assert_eq!(answer.details.screen[0], "line 24", "{}", answer.text);
    let answer = desk.call(json!({"name": "less", "keys": ["Up", "Up"], "until": "line 22"}));
    assert_eq!(answer.details.screen[0], "line 22", "{}", answer.text);
    let answer = desk.call(json!({"name": "less", "keys": ["q"]}));
    assert_eq!(answer.details.screen[0], "before", "{}", answer.text);
    assert_eq!(answer.details.exit_status, Some(0));
}

#[test]
fn an_editor_takes_text_after_escape() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "vi", "command": "vim -u NONE -N file", "until": "[New]", "timeout": 20}));
    desk.call(json!({"name": "vi", "input": "ifirst", "until": "first"}));
    let keys = json!(["Escape", "o", "x", "Escape", ":", "w", "q", "Return"]);
    let answer = desk.call(json!({"name": "vi", "keys": keys, "until": "never", "timeout": 20}));
    assert_eq!(answer.details.exit_status, Some(0), "{}", answer.text);
    assert_eq!(fs::read_to_string(desk.folder.path().join("file")).expect("written"), "first\nx\n");
}

#[test]
fn interrupting_keys_reach_what_is_in_the_foreground() {
    let mut desk = Desk::new();
    desk.bash();
    desk.call(json!({"name": "sh", "input": "sleep 1000\n"}));
    let answer = desk.call(json!({"name": "sh", "keys": ["ctrl+z"], "until": "Stopped"}));
    assert!(answer.shows("Stopped"), "{}", answer.text);
    desk.call(json!({"name": "sh", "input": "fg\n"}));
    desk.call(json!({"name": "sh", "keys": ["ctrl+c"], "until": "^C"}));
    let answer = desk.call(json!({"name": "sh", "input": "echo status $?\n", "until": "status 130"}));
    assert!(answer.shows("status 130"), "{}", answer.text);
}

#[test]
fn a_change_of_size_is_seen_by_the_command() {
    let mut desk = Desk::new();
    desk.call(json!({"name": "s", "command": "trap 'stty size' WINCH; stty size; while :; do read -t 0.05 x; done", "columns": 100, "rows": 30, "until": "30 100"}));
    let answer = desk.call(json!({"name": "s", "columns": 60, "rows": 20, "until": "20 60"}));
    assert!(answer.shows("20 60"), "{}", answer.text);
    assert_eq!((answer.details.size.columns, answer.details.size.rows), (60, 20));
    assert_eq!(answer.details.screen.len(), 20);
}

#[test]
fn the_command_finds_a_terminal() {
    let mut desk = Desk::new();
    let command = "tty | grep -c pts; test -t 0 -a -t 1 -a -t 2 && echo all three; echo $TERM ä; env | grep -cE '^(COLUMNS|LINES)='; ls /proc/self/fd | tr '\\n' ' '";
    let answer = desk.call(json!({"name": "t", "command": command}));
    assert_eq!(answer.details.screen[..5], ["1", "all three", "xterm-256color ä", "0", "0 1 2 3"], "{}", answer.text);
    assert_eq!(answer.details.exit_status, Some(0));
    let answer = desk.call(json!({"name": "t", "command": "-x"}));
    assert_eq!(answer.details.exit_status, Some(127), "{}", answer.text);
}

#[test]
fn a_question_of_the_program_is_answered_by_the_terminal() {
    let mut desk = Desk::new();
    let command = "stty raw -echo; printf 'ab\\033[6n'; IFS= read -r -d R place; stty sane; printf '%q' \"$place\"";
    let answer = desk.call(json!({"name": "t", "command": command}));
    assert!(answer.shows("[1;3"), "{}", answer.text);
}

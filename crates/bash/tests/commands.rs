//! Any command is an ordinary command, and the shell is one shell.

mod support;

use std::time::Duration;

use handspike_types::bash::BashEnd;
use support::Session;

#[test]
fn the_exit_status_is_part_of_every_answer() {
    let mut session = Session::new();
    let fine = session.run("echo hello");
    assert!(fine.text.starts_with("hello\n[exit status 0, "), "{}", fine.text);
    assert!(session.run("(exit 7)").text.starts_with("[exit status 7, "));
    session.run("nonexistent-program").exited(127, "bash: nonexistent-program: command not found");
}

#[test]
fn folder_variables_functions_aliases_and_options_carry_over() {
    let mut session = Session::new();
    let answer =
        session.run("mkdir a && cd a; x=1; f() { echo f$x; }; alias g='echo g'; set -o pipefail; declare -A m=([k]=v)");
    assert!(answer.details.cwd.ends_with("/a"), "{}", answer.details.cwd);
    session.run("f; g; false | true; echo $? ${PWD##*/} ${m[k]}").exited(0, "f1\ng\n1 a v");
}

#[test]
fn the_status_of_the_last_command_carries_over() {
    let mut session = Session::new();
    session.run("(exit 42)").exited(42, "");
    session.run("echo $?").exited(0, "42");
    session.run("echo $?").exited(0, "0");
}

#[test]
fn a_status_carried_over_triggers_neither_set_e_nor_an_err_trap() {
    let mut session = Session::new();
    session.run("trap 'echo failed' ERR; set -e");
    let answer = session.run_for(100, "while :; do :; done");
    assert_eq!(answer.details.end, BashEnd::TimedOut, "{}", answer.text);
    session.run("echo $?; false || echo on").exited(0, "130\non");
}

#[test]
fn standard_input_is_empty() {
    let mut session = Session::new();
    session.run("cat; read -r x; echo \"[$x]\"").exited(0, "[]");
}

#[test]
fn odd_commands_are_ordinary() {
    let mut session = Session::new();
    for (command, output) in [
        ("", ""),
        ("# only a comment", ""),
        ("echo a # comment", "a"),
        ("echo a;", "a"),
        ("cat <<X\n$((1+1)) 'x'\nX", "2 'x'"),
        ("cat <<'X'\n$HOME\nX\n", "$HOME"),
        (
            "cat <<X\nno end",
            "bash: line 4: warning: here-document at line 2 delimited by end-of-file (wanted `X')\nno end",
        ),
        ("\n\necho 'two\nlines'\n\n", "two\nlines"),
        ("echo hey!! !x", "hey!! !x"),
        ("echo '\\' \"a'b\" $'\\''", "\\ a'b '"),
        ("for i in 1 2\ndo echo $i\ndone", "1\n2"),
        ("printf '0\\0/tmp\\0' | tr '\\0' .", "0./tmp."),
        ("history", ""),
        ("exec 9>lock; exec 200>&9; echo x >&200; exec 9>&- 200>&-; cat lock", "x"),
        ("echo done >&211", ""),
        ("PS1='$(echo hi) '; PS2=x; PROMPT_COMMAND='echo prompt'", ""),
        ("echo still", "still"),
        ("IFS=0123456789; readonly IFS; echo \"$?\"", "0"),
        ("eval() { echo mine; }; printf() { echo mine; }; alias .='echo mine' builtin='echo mine'", ""),
        ("trap 'echo bye' DEBUG; true", "bye"),
        ("trap - DEBUG; set -x; set -u", "bye\n++ set -u"),
        ("echo x", "++ echo x\nx"),
    ] {
        let answer = session.run(command);
        if command.contains("no end") {
            assert!(answer.output().ends_with("no end"), "{}", answer.text);
        } else {
            assert_eq!(answer.output(), output, "of `{command}`");
        }
        assert!(matches!(answer.details.end, BashEnd::Exited(_)), "`{command}`: {}", answer.text);
    }
}

#[test]
fn an_unterminated_command_is_a_syntax_error_and_changes_nothing() {
    let mut session = Session::new();
    session.run("x=kept; set -u");
    for command in ["echo 'open", "echo $(", "if true", "echo )", "foo() {", "echo \"${x"] {
        let answer = session.run(command);
        assert!(matches!(answer.details.end, BashEnd::Exited(1..)), "`{command}`: {}", answer.text);
        assert!(answer.details.stderr.contains("bash: "), "`{command}`: {}", answer.text);
    }
    assert!(session.run("echo $unset").details.stderr.contains("unset: unbound variable"));
    session.run("echo $x").exited(0, "kept");
}

#[test]
fn a_command_of_any_length_arrives_whole() {
    let mut session = Session::new();
    let word = "é'$\"\\".repeat(400_000);
    let command = format!("x=$(cat <<'END'\n{word}\nEND\n); echo ${{#x}}");
    session.run(&command).exited(0, "2000000");
}

#[test]
fn control_descriptors_are_not_inherited() {
    let mut session = Session::new();
    let answer = session.run("ls /proc/self/fd | grep -cE '[0-9][0-9]'");
    answer.exited(1, "0");
}

#[test]
fn descriptors_that_a_command_opens_stay_open() {
    let mut session = Session::new();
    session.run("exec 3>kept; exec {other}>other");
    session.run("echo a >&3; echo b >&$other; cat kept other").exited(0, "a\nb");
}

#[test]
fn an_unterminated_substitution_does_not_harm_the_shell() {
    let mut session = Session::new();
    session.run("x=kept");
    for command in ["echo $(", "if true", "echo 'open", "x=$(seq 3000) y=$x"] {
        assert!(matches!(session.run(command).details.end, BashEnd::Exited(_)), "`{command}`");
    }
    session.run("echo ${#x}").exited(0, "13892");
}

#[test]
fn a_child_killed_by_a_signal_makes_no_noise() {
    let mut session = Session::new();
    let answer = session.run("sh -c 'kill -9 $$'; echo $?");
    assert!(!answer.text.contains("tcsetattr"), "{}", answer.text);
    assert!(answer.output().ends_with("137"), "{}", answer.text);
}

#[test]
fn a_warm_echo_is_quick() {
    let mut session = Session::new();
    session.run("true");
    let quickest = (0..50).map(|_| session.run("echo hello").took).min().expect("fifty calls");
    assert!(quickest < Duration::from_millis(5), "{quickest:?}");
}

#[test]
fn the_locale_is_utf_8_and_pagers_are_off() {
    let mut session = Session::new();
    session.run("x=äö; echo ${#x} $PAGER $GIT_PAGER $TERM $NO_COLOR").exited(0, "2 cat cat dumb 1");
}

#[test]
fn standard_input_is_empty_for_the_whole_list() {
    let mut session = Session::new();
    session
        .run("cat; read x; head -c1; (cat & wait); cat | cat; bash -c cat; while read l; do :; done; echo rest")
        .exited(0, "rest");
}

#[test]
fn thousands_of_lines_are_one_command() {
    let mut session = Session::new();
    let command: String = (1..=5000).map(|i| format!("x{i}={i}\n")).collect();
    session.run(&command).exited(0, "");
    session.run("echo $((x1 + x5000))").exited(0, "5001");
}

#[test]
fn history_is_not_expanded() {
    let mut session = Session::new();
    session.run("echo one").exited(0, "one");
    session.run("echo hey!! !x !$ \"!!\" !-1").exited(0, "hey!! !x !$ !! !-1");
}

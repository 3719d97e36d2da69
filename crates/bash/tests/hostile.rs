//! Commands that reach for the shell's own workings are answered in time, and the next command finds a usable shell.
//!
//! No command here may harm what the test did not start: `kill` is given ids of this shell's own processes only.

mod support;

use std::time::Duration;

use handspike_types::bash::BashEnd;
use support::{Session, is_running};

/// The command is answered before its time is over, and the next one is an ordinary command in a shell of some kind.
#[track_caller]
fn leaves_a_usable_shell(command: &str) {
    let mut session = Session::new();
    session.run("cd /usr; export kept=yes");
    let answer = session.run_for(5000, command);
    assert!(answer.took < Duration::from_millis(1500), "`{command}`: {:?}", answer.took);
    assert!(!matches!(answer.details.end, BashEnd::TimedOut), "`{command}`: {}", answer.text);
    let next = session.run_for(5000, "/bin/echo on");
    assert!(next.output().lines().any(|line| line == "on"), "after `{command}`: {}", next.text);
    assert!(next.took < Duration::from_millis(1500), "after `{command}`: {:?}", next.took);
    assert_eq!(next.details.end, BashEnd::Exited(0), "after `{command}`: {}", next.text);
    let kept = session.run_for(5000, "/bin/echo \"[$kept]\"");
    assert!(kept.output().lines().any(|line| line == "[yes]"), "after `{command}`: {}", kept.text);
}

#[test]
fn descriptors_may_be_moved_and_closed() {
    for command in [
        "exec 3>&1; echo three >&3",
        "exec >file; echo into-file",
        "exec 2>&1",
        "exec >&- 2>&-; echo x",
        "exec </dev/zero",
        "for fd in /proc/self/fd/*; do n=${fd##*/}; exec {n}>&-; done 2>/dev/null; echo closed",
        "for n in $(seq 0 255); do eval \"exec $n>&-\"; done 2>/dev/null; echo closed",
        "for n in $(seq 10 255); do eval \"exec $n</dev/zero\"; done; echo opened",
        "exec 210</dev/null 211>/dev/null 212>/dev/null",
        "exec 211>&1; echo fake",
    ] {
        leaves_a_usable_shell(command);
    }
}

#[test]
fn limits_and_places_may_be_anything() {
    for command in [
        "ulimit -n 10; echo low",
        "ulimit -n 300; echo low",
        "ulimit -f 0; echo x > f",
        "ulimit -v 200000",
        "mkdir -p /tmp/handspike-gone-$$; cd /tmp/handspike-gone-$$; rmdir $PWD; pwd; ls",
        "unset PWD; cd /usr",
        "PWD=/lie; echo $PWD",
        "export PATH=/nonexistent; ls",
        "BASH_ENV=/nonexistent; export BASH_ENV; ENV=/nonexistent",
    ] {
        leaves_a_usable_shell(command);
    }
}

#[test]
fn traps_and_signals_to_the_shell_do_no_harm() {
    for command in [
        "trap '' CHLD; sleep 0.01; echo $?",
        "trap 'echo child' CHLD; sleep 0.01; sleep 0.01",
        "trap 'echo exiting' EXIT; exit 3",
        "trap 'echo dbg' DEBUG",
        "trap 'echo ret' RETURN ERR",
        "kill -TSTP $$; echo after",
        "kill -INT $$; echo after",
        "kill -PWR $$; echo after",
        "kill -TERM $$; kill -HUP $$; echo after",
        "kill -SEGV $$",
    ] {
        leaves_a_usable_shell(command);
    }
}

#[test]
fn options_of_the_shell_are_the_commands_to_set() {
    for command in [
        "set -o posix; eval() { echo mine; }; exec() { echo mine; }; trap() { :; }",
        "set -o posix",
        "shopt -s expand_aliases; alias eval='echo no' mapfile='echo no' printf='echo no' builtin='echo no' enable='echo no'",
        "set -n; echo x",
        "set -v",
        "set -x",
        "set -f; set -C; set -k; set -h; set -p",
        "set -t",
        "set -u; echo $nope",
        "set -e; (exit 3) || true; echo on",
        "set -eu -o pipefail; false | true",
        "set -m; sleep 0.01 & wait",
        "set -o history; echo hey !!",
        "set -o vi",
        "shopt -s extdebug",
        "shopt -s failglob; echo nope*",
        "IFS=; HISTFILE=file; HISTSIZE=3",
    ] {
        leaves_a_usable_shell(command);
    }
}

#[test]
fn functions_and_variables_that_shadow_what_the_shell_uses_are_passed_over() {
    for command in [
        "eval() { :; }; read() { :; }; cd() { echo mine; }; printf() { :; }; mapfile() { :; }; declare() { :; }; kill() { :; }; enable() { :; }",
        "builtin() { :; }",
        "builtin() { echo mine; return 3; }",
        "function return { :; }; false",
        "return() { :; }; unset() { echo mine; }; set() { echo mine; }; shopt() { echo mine; }; (exit 3)",
        "command() { :; }",
        "echo 'builtin() { :; }; command() { :; }' >f; source ./f",
        "enable -n eval",
        "enable -n printf",
        "enable -n mapfile",
        "enable -n declare",
        "enable -n builtin",
        "enable -n command",
        "unset -f __hs_mend __hs_return",
        "enable -n eval printf mapfile declare builtin command kill trap",
        "readonly PWD OLDPWD HOME PATH IFS",
        "readonly x=1; x=2; echo unreached",
        "unset -f __hs_return; unset __hs_code",
        "exec",
        "exec nonexistent-program",
        "return 3",
        "break; continue",
        "logout",
        "suspend",
        "source /dev/stdin <<< 'echo sourced; exit'",
    ] {
        leaves_a_usable_shell(command);
    }
}

#[test]
fn prompts_neither_run_nor_hold_up_anything() {
    for command in [
        "PROMPT_COMMAND='exit 4'",
        "PROMPT_COMMAND='while :; do :; done'",
        "PROMPT_COMMAND=('sleep 100' 'exit')",
        "PS1='$(exit 3)$(sleep 100)'",
        "PS0='$(sleep 100)'",
        "shopt -s promptvars; PS1='$(sleep 100)'; PS2=$PS1",
        "shopt -s promptvars; PS0='$(sleep 100)'",
        "set -o posix; PS0='$(sleep 100)'; PS1=$PS0",
        "TMOUT=1",
        "set -o ignoreeof; set -H; echo x",
    ] {
        leaves_a_usable_shell(command);
    }
}

#[test]
fn a_shell_that_cannot_read_its_next_command_is_replaced_and_the_command_told_as_not_run() {
    let mut session = Session::new();
    session.run("cd /usr; export e=kept; readonly __hs_code");
    let answer = session.run("echo never");
    assert_eq!(answer.details.end, BashEnd::ShellEnded, "{}", answer.text);
    assert!(answer.text.starts_with("[the command did not run: "), "{}", answer.text);
    session.run("echo $PWD $e").exited(0, "/usr kept");
}

#[test]
fn a_function_in_the_place_of_command_lasts_for_its_call_and_costs_no_option() {
    let mut session = Session::new();
    let options = |session: &mut Session| session.run("shopt; set -o").output().to_owned();
    for setting in [":", "set -o posix", "shopt -s inherit_errexit; shopt -u expand_aliases interactive_comments"] {
        session.restart();
        session.run(setting);
        let before = options(&mut session);
        session.run("x=kept; f() { echo other; }; command() { echo mine; }; command; (exit 7)").exited(7, "mine");
        session.run("echo $?").exited(0, "7");
        assert_eq!(options(&mut session), before, "{setting}");
        session.run("command echo $x; f").exited(0, "kept\nother");
    }
}

#[test]
fn a_function_in_the_place_of_a_builtin_costs_no_call_also_where_nobody_saw_it_coming() {
    let mut session = Session::new();
    session.run("cd /usr");
    for name in ["builtin", "command", "return", "set", "printf", "eval"] {
        session.run(&format!("text='{name}() {{ echo x; }}'; eval \"$text\"")).exited(0, "");
        session.run("echo $PWD; (exit 4)").exited(4, "/usr");
    }
}

#[test]
fn a_limit_of_open_files_below_the_shells_own_leaves_it_as_it_is() {
    for limit in ["16", "64", "100", "150", "211", "-Sn 64"] {
        let mut session = Session::new();
        session.run("x=kept");
        let command = format!("ulimit -n {limit}; /bin/echo 1; (exit 5)").replace("-n -Sn", "-Sn");
        session.run(&command).exited(5, "1");
        session.run("echo $x; ulimit -n >&2").exited(0, &format!("kept\n{}", limit.trim_start_matches("-Sn ")));
    }
}

#[test]
fn a_shell_left_with_too_few_open_files_is_replaced_and_its_last_status_told() {
    for limit in ["3", "4", "5"] {
        let mut session = Session::new();
        session.run("cd /usr; export e=kept");
        let answer = session.run(&format!("ulimit -n {limit}; echo 1; (exit 5)"));
        assert_eq!(answer.details.end, BashEnd::Exited(5), "{limit}: {}", answer.text);
        assert_eq!(answer.output(), "1", "{limit}");
        assert!(answer.last_line().contains("too few open files"), "{limit}: {}", answer.text);
        session.run("echo $PWD $e").exited(0, "/usr kept");
    }
}

#[test]
fn attributes_of_the_shells_own_variables_matter_to_no_call() {
    for attribute in ["-i", "-u", "-l", "-x", "-A", "-n", "-ai", "-au"] {
        let mut session = Session::new();
        session.run("x=kept");
        session.run(&format!("unset __hs_code; declare {attribute} __hs_code; true")).exited(0, "");
        session.run("echo $x Ran").exited(0, "kept Ran");
        session.run("unset __hs_code; declare -n __hs_code=other; (exit 3)").exited(3, "");
        session.run("echo $x Ran").exited(0, "kept Ran");
    }
}

#[test]
fn a_shell_that_stopped_itself_is_woken_and_keeps_its_state() {
    let mut session = Session::new();
    session.run("x=kept");
    for command in ["kill -STOP $$; echo never", "suspend -f; echo never"] {
        let answer = session.run_for(200, command);
        assert_eq!(answer.details.end, BashEnd::TimedOut, "{}", answer.text);
        assert!(answer.text.contains("the shell lives on"), "{}", answer.text);
        assert!(!answer.text.contains("never"), "{}", answer.text);
        session.run("echo $x").exited(0, "kept");
    }
}

#[test]
fn a_report_cannot_be_imitated() {
    let mut session = Session::new();
    for fd in (10..14).chain([211]) {
        let answer = session
            .run(&format!("printf '0\\0/fake\\0' >&{fd}; printf '0\\0000\\0/fake\\0' >&{fd}; sleep 0.05; (exit 9)"));
        assert_eq!(answer.details.end, BashEnd::Exited(9), "{}", answer.text);
        assert_ne!(answer.details.cwd, "/fake");
        session.run("echo mine").exited(0, "mine");
    }
}

#[test]
fn the_keepers_death_is_told_and_survived() {
    let mut session = Session::new();
    session.run("kill -9 $PPID; true");
    let answers: Vec<_> = (0..3).map(|_| session.run("echo on")).collect();
    assert!(answers.last().expect("three").text.starts_with("on\n"), "{}", answers[2].text);
}

#[test]
fn a_tree_that_keeps_forking_is_gone_after_its_time() {
    let mut session = Session::new();
    // Bounded, for a test that fails must not take the machine with it.
    let command = "trap '' TERM; f() { (($1)) && { f $(($1 - 1)) & f $(($1 - 1)) & }; exec sleep 7001.1; }; f 6";
    let answer = session.run_for(500, command);
    assert!(matches!(answer.details.end, BashEnd::TimedOut | BashEnd::ShellEnded), "{}", answer.text);
    session.restart();
    assert!(!is_running("7001.1"));
    session.run("echo on").exited(0, "on");
}

#[test]
fn a_loop_that_forks_faster_than_it_dies_is_gone_after_its_time() {
    let mut session = Session::new();
    let command = "trap '' TERM; for i in {1..8}; do (while :; do (exec sleep 7002.1) & sleep 0.01; done) & done; wait";
    let answer = session.run_for(300, command);
    assert_eq!(answer.details.end, BashEnd::TimedOut, "{}", answer.text);
    assert!(!is_running("7002.1"));
    session.run("echo on").exited(0, "on");
}

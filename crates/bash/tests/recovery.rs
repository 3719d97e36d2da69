//! A shell that ends is answered with a new one.

mod support;

use std::{fs, os::unix::fs::symlink, time::Duration};

use handspike_types::bash::{BashAction, BashEnd};
use nix::{
    sys::{ptrace, wait::waitpid},
    unistd::Pid,
};
use support::{Session, eventually, is_running};

#[test]
fn a_command_that_ends_the_shell_is_answered_at_once_with_how() {
    for (command, how) in [
        ("echo last; exit 3", "it exited with status 3"),
        ("echo last; kill -9 $$", "it was killed by signal 9"),
        ("echo last; set -e; false; echo never", "it exited with status 1"),
        ("exec sh -c 'echo last; exit 5'", "it exited with status 5"),
    ] {
        let mut session = Session::new();
        session.run("cd /usr; export e='a\nb'; v=1");
        let answer = session.run(command);
        assert_eq!(answer.details.end, BashEnd::ShellEnded, "{}", answer.text);
        assert!(answer.output().starts_with("last"), "{}", answer.text);
        assert!(answer.last_line().contains(how), "{}", answer.text);
        assert!(answer.last_line().contains("a new shell runs in /usr: exported variables"), "{}", answer.text);
        assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
        session.run("echo \"$PWD $e [$v]\"").exited(0, "/usr a\nb []");
    }
}

#[test]
fn a_program_that_takes_the_shells_place_is_answered_within_a_second() {
    let mut session = Session::new();
    let answer = session.run("exec sleep 5432.1");
    assert_eq!(answer.details.end, BashEnd::ShellEnded, "{}", answer.text);
    assert!(answer.text.contains("another program, which runs on"), "{}", answer.text);
    assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
    session.run("echo on").exited(0, "on");
    session.restart();
    assert!(!is_running("5432.1"));
}

#[test]
fn background_jobs_outlive_the_shell_that_started_them() {
    let mut session = Session::new();
    session.run("sleep 5433.1 &");
    session.run("exit");
    eventually("the job", || is_running("5433.1"));
    session.restart();
    assert!(!is_running("5433.1"));
}

#[test]
fn a_shell_that_died_between_calls_is_replaced_and_told_of() {
    let mut session = Session::new();
    session.run("export e=kept; (sleep 0.05; kill -9 $$; while kill -0 $$; do sleep 0.01; done; touch killed) 2>/dev/null & true");
    let killed = session.path("killed");
    eventually("the shell's death", || killed.exists());
    let answer = session.run("echo $e");
    assert!(
        answer.text.starts_with("[the shell had ended since the last call: it was killed by signal 9;"),
        "{}",
        answer.text
    );
    assert!(answer.output().ends_with("\nkept"), "{}", answer.text);
}

#[test]
fn a_folder_that_is_gone_does_not_keep_the_shell_from_starting() {
    let mut session = Session::new();
    session.run("mkdir gone; cd gone; rmdir ../gone");
    let answer = session.run("exit");
    assert!(answer.details.cwd.ends_with(session.folder.path().file_name().expect("a name").to_str().expect("text")));
    session.run("echo on").exited(0, "on");
}

#[test]
fn exported_variables_that_no_program_could_be_given_do_not_hold_up_the_next_shell() {
    let mut session = Session::new();
    session.run("export e=kept z=kept; export BIG=$(head -c 30000000 /dev/zero | tr '\\0' x); :").exited(0, "");
    session.run(":");
    let answer = session.run("exit");
    assert!(answer.last_line().contains("(not taken over, as too long: BIG)"), "{}", answer.text);
    assert!(answer.took < Duration::from_secs(2), "{:?}", answer.took);
    session.run("echo \"$e $z [$BIG]\"").exited(0, "kept kept []");
    session.run("head -c 50000000 /dev/zero >/proc/$$/fd/212; exit");
    session.run("echo on").exited(0, "on");
}

#[test]
fn a_restart_is_clean_and_kills_all() {
    let mut session = Session::new();
    session.run("cd /usr; export e=1; sleep 5434.1 & (setsid sh -c 'trap \"\" TERM HUP; sleep 5434.2; :' &)");
    let answer = session.restart();
    assert_eq!(answer.details.end, BashEnd::Restarted);
    assert!(!is_running("5434.1") && !is_running("5434.2"));
    let folder = session.folder.path().display().to_string();
    session.run("echo \"$PWD [$e]\"").exited(0, &format!("{folder} []"));
}

#[test]
fn an_image_without_bash_is_a_clear_tool_error() {
    let mut session = Session::with(|config| config.program = "/no/such/bash".into());
    let output = session.raw(&BashAction::Run { command: "true".into(), timeout: None });
    assert!(output.is_error);
    assert!(output.joined_text().starts_with("this image has no bash"), "{}", output.joined_text());
}

#[test]
fn a_program_that_is_no_bash_is_a_tool_error_with_its_last_words() {
    let mut session = Session::with(|config| config.program = "/bin/cat".into());
    let output = session.raw(&BashAction::Run { command: "true".into(), timeout: None });
    assert!(output.is_error && output.joined_text().contains("last words"), "{}", output.joined_text());
}

#[test]
fn what_a_command_wrote_is_told_also_where_no_shell_can_take_its_shells_place() {
    let programs = tempfile::tempdir().expect("a folder");
    let program = programs.path().join("bash");
    symlink("/bin/bash", &program).expect("a link");
    let mut session = Session::with(|config| config.program.clone_from(&program));
    session.run("cd /usr; export e=1");
    let answer = session.run(&format!("rm {}; echo last; exit 3", program.display()));
    assert_eq!((answer.details.end, answer.details.cwd.as_str()), (BashEnd::ShellEnded, "/usr"), "{}", answer.text);
    assert_eq!(answer.output(), "last\nexit");
    assert!(answer.last_line().contains("it exited with status 3"), "{}", answer.text);
    assert!(answer.last_line().contains("no new shell could be started: this image has no bash"), "{}", answer.text);

    let refused = session.raw(&BashAction::Run { command: "true".into(), timeout: None });
    assert!(refused.is_error, "{}", refused.joined_text());
    symlink("/bin/bash", &program).expect("a link");
    let answer = session.run("echo \"$PWD $e\"");
    assert!(
        answer.text.starts_with("[this command runs in a new shell in /usr: exported variables"),
        "{}",
        answer.text
    );
    assert!(answer.output().ends_with("\n/usr 1"), "{}", answer.text);
    session.run("echo on").exited(0, "on");
}

#[test]
fn a_restart_says_so_if_something_of_the_old_shell_does_not_go_away() {
    let mut session = Session::new();
    session.run("sleep 5435.1 & echo $! >process");
    let process = fs::read_to_string(session.path("process")).expect("written");
    // A process that somebody traces is dead only when its tracer has taken note.
    let process = Pid::from_raw(process.trim().parse().expect("a number"));
    ptrace::seize(process, ptrace::Options::empty()).expect("may be traced");
    let answer = session.restart();
    assert!(answer.text.contains("not all of them have ended"), "{}", answer.text);
    session.run("echo on").exited(0, "on");
    waitpid(process, None).expect("taken note of");
    let answer = session.restart();
    assert!(answer.text.contains("all processes of the old one were killed"), "{}", answer.text);
}

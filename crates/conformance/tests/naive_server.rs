//! The suite against a server that is written badly on purpose: it has to find the faults, and only those.

use std::{env, future::pending, path::PathBuf};

use futures_util::FutureExt as _;
use handspike_conformance::{Case, Report, ServerCommand, StartError, Suite, Tool, Verdict, cases};

/// The example, which cargo builds with the tests and puts beside their folder.
fn naive_server() -> ServerCommand {
    let tests: PathBuf = env::current_exe().expect("a path").parent().expect("a folder").to_owned();
    let program = tests.parent().expect("a folder").join("examples/naive_server");
    assert!(program.is_file(), "{} is built by `cargo test`", program.display());
    ServerCommand { program: program.into_os_string(), arguments: Vec::new() }
}

async fn run(names: &[&str]) -> Report {
    let chosen: Vec<Case> = cases().into_iter().filter(|case| names.contains(&case.name)).collect();
    assert_eq!(chosen.len(), names.len(), "each name is that of one case");
    suite(naive_server(), chosen).await.expect("it starts")
}

async fn suite(command: ServerCommand, chosen: Vec<Case>) -> Result<Report, StartError> {
    Suite::new(command, chosen, 3).run(|_| (), pending().shared()).await
}

fn verdict<'a>(report: &'a Report, name: &str) -> &'a Verdict {
    &report.cases.iter().find(|case| case.name == name).expect("a case of this name").verdict
}

#[tokio::test]
async fn faults_are_found_and_what_works_passes() {
    let faults = [
        "variables carry over",
        "stderr does not replace stdout",
        "the exit status is shown",
        "CRLF line ends stay",
        "a missing final newline stays missing",
        "a text that occurs several times is refused",
    ];
    let sound = ["a heredoc arrives byte for byte", "a comment may be the end of a command", "tabs stay"];
    let report = run(&[&faults[..], &sound[..]].concat()).await;
    for name in faults {
        assert!(matches!(verdict(&report, name), Verdict::Failed { .. }), "{name}\n{report}");
    }
    for name in sound {
        assert_eq!(verdict(&report, name), &Verdict::Passed, "{name}\n{report}");
    }
    assert!(!report.is_clean());
    assert_eq!(report.server, "naive-server 1.0");
}

#[tokio::test]
async fn what_a_server_lacks_is_not_held_against_it() {
    let lacking = [
        "the output before a timeout is kept",
        "undo of an insertion",
        "a screenshot is an image that decodes",
        "scroll down turns the wheel down",
        "each of the 17 actions is a tool",
    ];
    let report = run(&[&lacking[..], &["tabs stay"]].concat()).await;
    assert_eq!(report.counts().not_applicable, 5, "{report}");
    assert!(report.is_clean());
    assert_eq!(report.cases.last().map(|case| case.tool), Some(Tool::Computer));
    // A run that checks nothing is no success.
    assert!(!run(&lacking).await.is_clean());
}

#[tokio::test]
async fn a_server_that_ends_fails_one_case_and_is_replaced() {
    let program = naive_server().program;
    let command = ServerCommand::parse(&format!("env NAIVE_CALLS=7 '{}'", program.display())).expect("a command");
    // Each of these takes more than three and fewer than seven calls.
    let names = ["tabs stay", "unicode is matched and written", "a tab can be matched and written"];
    let chosen: Vec<Case> = cases().into_iter().filter(|case| names.contains(&case.name)).collect();
    let report = suite(command, chosen).await.expect("it starts");
    let verdicts: Vec<bool> = report.cases.iter().map(|case| case.verdict == Verdict::Passed).collect();
    assert_eq!(verdicts, [true, false, true], "{report}");
}

#[tokio::test]
async fn a_program_that_is_no_server_is_an_error_of_its_own() {
    let command = ServerCommand::parse("sh -c 'echo unknown option >&2; exit 2'").expect("a command");
    let error = suite(command, cases()).await.expect_err("it is no server");
    assert!(error.to_string().contains("unknown option"), "{error}");
}

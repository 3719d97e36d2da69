//! The sandbox's display: programs that start with it, X servers and window managers that end.

use handspike_tests::{Ended, Run, Scenario, require_docker};
use serde_json::json;

const NEW_DISPLAY: &str = "[the display had ended and there is a new one";

fn windows(ended: &Ended, call: usize) -> usize {
    let windows = &ended.output(call)["details"]["windows"];
    windows.as_array().map_or_else(|| panic!("no windows: {:#}", ended.output(call)), Vec::len)
}

fn list(scenario: Scenario) -> Scenario {
    scenario.call("desktop", json!({"action": "list_windows"}))
}

fn screenshot(scenario: Scenario) -> Scenario {
    scenario.call("computer", json!({"action": "screenshot"}))
}

#[test]
fn a_window_of_the_very_first_command_is_managed() {
    let Some(_docker) = require_docker() else { return };
    for _ in 0..3 {
        let scenario = list(Scenario::on("desktop").bash("xterm & sleep 1"));
        let ended = Run::playing(scenario).to_end().with_code(0);
        assert_eq!(windows(&ended, 1), 1, "{:#?}", ended.events);
    }
}

#[test]
fn an_x_server_that_is_killed_between_calls_costs_its_windows_and_no_call() {
    let Some(_docker) = require_docker() else { return };
    let scenario = screenshot(Scenario::on("desktop").bash("xterm & sleep 1"))
        .bash("pkill -KILL Xvfb")
        .call("computer", json!({"action": "mouse_move", "coordinate": [300, 200]}))
        .call("computer", json!({"action": "cursor_position"}))
        .bash("xterm & sleep 1");
    let ended = Run::playing(list(scenario)).to_end().with_code(0);
    assert!(ended.text(3).starts_with(NEW_DISPLAY), "{}", ended.text(3));
    assert_eq!(ended.output(3)["is_error"], json!(false), "{:#}", ended.output(3));
    assert!(ended.text(4).contains("300") && !ended.text(4).contains("[the display"), "{}", ended.text(4));
    assert_eq!(windows(&ended, 6), 1);
}

#[test]
fn an_x_server_that_is_killed_again_and_again_is_there_again_in_the_end() {
    let Some(_docker) = require_docker() else { return };
    let kill = "for i in $(seq 40); do pkill -KILL Xvfb; sleep 0.1; done";
    let scenario = screenshot(screenshot(Scenario::on("desktop").bash("true")).bash(kill).bash("sleep 3"));
    let ended = Run::playing(screenshot(scenario.bash("sleep 5"))).to_end().with_code(0);
    let last = ended.output(6);
    assert_eq!(last["is_error"], json!(false), "{last:#}");
}

#[test]
fn a_window_manager_that_is_killed_is_started_again_and_keeps_the_windows() {
    let Some(_docker) = require_docker() else { return };
    let scenario = Scenario::on("desktop")
        .bash("xterm & sleep 1")
        .bash("pkill -KILL openbox; sleep 1; pgrep -c openbox")
        .bash("xterm & sleep 1");
    let ended = Run::playing(list(scenario)).to_end().with_code(0);
    assert_eq!(ended.written(1), "1\n");
    assert_eq!(windows(&ended, 3), 2);
}

#[test]
fn a_display_of_another_number_is_that_of_programs_and_of_the_computer() {
    let Some(_docker) = require_docker() else { return };
    let scenario = list(screenshot(Scenario::on("desktop").bash("echo $DISPLAY; xterm & sleep 1")));
    let ended = Run::playing(scenario).arg("--display-number").arg("5").to_end().with_code(0);
    assert!(ended.text(0).starts_with(":5\n"), "{}", ended.text(0));
    assert_eq!((ended.output(1)["is_error"].clone(), windows(&ended, 2)), (json!(false), 1));
}

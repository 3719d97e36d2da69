//! A sandbox in which nothing more can be started: that is the calls' problem, and no fault that ends the turn.

use handspike_tests::{Run, Scenario, require_docker};
use serde_json::json;

#[test]
fn a_sandbox_without_a_free_process_refuses_calls_and_the_turn_goes_on() {
    let Some(_docker) = require_docker() else { return };
    let fill = "setsid perl -e 'for (1..600) { last if !defined($p = fork); \
                if (!$p) { close STDOUT; close STDERR; sleep 60; exit } }'; true";
    let refused = json!({"is_error": true});
    let scenario = Scenario::on("base")
        .bash(fill)
        .call_expecting("shell", json!({"name": "one-more", "command": "true"}), refused.clone())
        .call_expecting("terminal", json!({"name": "one-more", "command": "true"}), refused)
        .bash("echo on");
    let ended = Run::playing(scenario).to_end().with_code(0);
    for call in [1, 2] {
        assert!(ended.text(call).contains("Resource temporarily unavailable"), "{}", ended.text(call));
    }
    assert_eq!(ended.written(3), "on\n");
}

//! What a sandbox keeps in: each test does inside what must not work, and looks that it does not.

mod limits;
mod mounts;
mod network;
mod privileges;
mod processes;
mod secrets;

use handspike_tests::{Ended, Run, Scenario, require_docker};

/// The output of a command in a fresh default sandbox.
fn written_inside(command: &str) -> Option<String> {
    require_docker()?;
    let ended = play(Scenario::on("base").bash(command));
    Some(ended.written(0))
}

fn play(scenario: Scenario) -> Ended {
    Run::playing(scenario).to_end().with_code(0)
}

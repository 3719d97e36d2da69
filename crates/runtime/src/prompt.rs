//! What a model is told before everything else, in `handspike run`.

use handspike_sandbox::{Network, SandboxSpec};

use crate::Place;

const GENERAL: &str = "\
There is no person to ask: decide, act, and check with the tools that what you did works. Look at a tool's answer before \
you build on it. When the task is done, answer without calling a tool and say in a few sentences what you did and what \
came of it.";

/// The system prompt of a session whose tools run in such a place.
pub(crate) fn system_prompt(place: &Place) -> String {
    match place {
        Place::Sandbox(place) => in_a_sandbox(&place.spec),
        Place::Host(cwd) => format!(
            "You work autonomously on a task, with tools that act on the user's own machine, as the user, with nothing \
             around them. Your working directory is {}. Do nothing that the task does not need, and nothing that can't be \
             undone without need. The user may say no to a call; then do without. {GENERAL}",
            cwd.display()
        ),
    }
}

fn in_a_sandbox(sandbox: &SandboxSpec) -> String {
    let network = match sandbox.network {
        Network::None => "The sandbox has no network.",
        Network::Bridge => "The sandbox can reach the network.",
    };
    let mut prompt = format!(
        "You work autonomously on a task, with tools that act inside a Linux sandbox of your own. Your working directory \
         is /workspace. {GENERAL} {network}"
    );
    for mount in &sandbox.mounts {
        let mode = if mount.writable { "what you change there is changed for the user" } else { "read-only" };
        prompt.push_str(&format!(" The user's files are at {} ({mode}).", mount.container.display()));
    }
    prompt
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use handspike_sandbox::Mount;

    use super::*;

    #[test]
    fn the_prompt_tells_of_network_and_mounts() {
        let mut spec = SandboxSpec::new("base");
        assert!(in_a_sandbox(&spec).ends_with("The sandbox has no network."));
        spec.network = Network::Bridge;
        spec.mounts = vec![Mount::parse("/etc:/seed", Path::new("/")).expect("a mount")];
        let prompt = in_a_sandbox(&spec);
        assert!(!prompt.contains("no network") && prompt.contains("at /seed (read-only)"), "{prompt}");
    }
}

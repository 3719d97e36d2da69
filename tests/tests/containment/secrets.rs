//! Nothing of the caller's environment is inside.

use handspike_tests::{Run, Scenario, require_docker};

#[test]
fn the_caller_s_environment_is_not_to_be_seen() {
    let Some(_docker) = require_docker() else { return };
    let everything =
        "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'";
    let ended = Run::playing(Scenario::on("base").bash(everything))
        .env("OPENAI_API_KEY", "sk-canary-a1")
        .env("HTTPS_PROXY", "http://canary-b2.invalid")
        .env("HANDSPIKE_CANARY", "canary-c3")
        .to_end()
        .with_code(0);
    let seen = ended.written(0);
    assert!(seen.contains("HOME=/home/agent\n"), "{seen}");
    assert!(!seen.contains("canary"), "{seen}");
}

//! The reference client, Python's package `mcp`, against the server as a process.

#[allow(dead_code, unreachable_pub, reason = "shared by test programs, each of which uses its part")]
mod support;

use std::{path::PathBuf, time::Duration};

use support::{
    process::{Process, serve_fakes},
    web::KEY,
};
use tokio::{process::Command, time::timeout};

/// How the client begins: with a handshake, with a question and then what fits, with nothing.
const MODES: [(&str, &str); 3] = [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")];

fn python() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/mcp-venv/bin/python");
    assert!(python.is_file(), "`{}` is missing\nhint: scripts/setup tests", python.display());
    python
}

async fn drive(mode: &str, version: &str, target: &[&str]) {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/python_client.py");
    let mut command = Command::new(python());
    command.arg(script).arg(mode).args(target).kill_on_drop(true);
    let ran = timeout(Duration::from_secs(90), command.output()).await.expect("in time").expect("Python runs");
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{mode}: {complained}");
    assert_eq!(said.lines().collect::<Vec<_>>(), [format!("version {version}").as_str(), "good"], "{complained}");
}

#[tokio::test]
async fn the_reference_client_is_served_on_standard_streams() {
    let program = serve_fakes();
    for (mode, version) in MODES {
        drive(mode, version, &["stdio", program.to_str().expect("a plain path")]).await;
    }
}

#[tokio::test]
async fn the_reference_client_is_served_on_http() {
    let mut process = Process::start(&["http", KEY]);
    let url = process.line_of_stderr().await;
    for (mode, version) in MODES {
        drive(mode, version, &["http", &url, KEY]).await;
    }
    process.terminate().await;
    assert!(process.ended().await.0.success());
}

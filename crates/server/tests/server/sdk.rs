//! The Python SDK of the API, unchanged, as a client.

use std::{path::Path, time::Duration};

use tokio::{process::Command, time::timeout};

use crate::{
    served::{LONG, while_served},
    socket::while_serving,
    support::KEY,
};

/// Runs a program that uses the SDK against a server.
async fn all_is_well(program: &str, url: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/julep-venv/bin/python");
    assert!(python.exists(), "the Python SDK to test with is missing; scripts/setup tests installs it");
    let mut client = Command::new(&python);
    client.arg(root.join("tests/sdk").join(program)).env("JULEP_API_KEY", KEY).env("JULEP_BASE_URL", url);
    client.env("NO_PROXY", "*").kill_on_drop(true);
    let output = timeout(Duration::from_secs(120), client.output()).await.expect("it ends").expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.trim(), "all is well", "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_works_unchanged() {
    while_serving(async |url| all_is_well("client.py", &url).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_chats_unchanged() {
    while_served(LONG, async |served| {
        all_is_well("chat.py", &served.url).await;
        served.is_unharmed().await;
    })
    .await;
}

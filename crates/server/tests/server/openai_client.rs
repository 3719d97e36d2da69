//! OpenAI's own Python client, unchanged, as a client.

use std::{path::Path, sync::Arc, time::Duration};

use handspike_types::Message;
use serde_json::json;
use tokio::{process::Command, time::timeout};

use crate::{
    fakes::{Answer, Boxes, FakeModels, Models, call, say},
    socket::while_serving_with,
    support::KEY,
};

/// Uses the shell first, then the client's function, and then says what that has told.
fn thinks(messages: &[Message]) -> Answer {
    match messages {
        [.., Message::Tools { results }] => match results.last() {
            Some(result) if result.name == "look" => say(&format!("It is {}.", result.output.joined_text())),
            Some(_) | None => call([("c2", "look", json!({"city": "Rome"}))]),
        },
        [.., message] if message.joined_text() == "weather?" => call([("c1", "bash", json!({"command": "date"}))]),
        _ => Answer::Write(vec!["Good ", "day."]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_works_unchanged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../../target/openai-venv/bin/python");
    assert!(python.exists(), "the Python client to test with is missing; scripts/setup tests installs it");
    let models: Arc<FakeModels> = Arc::default();
    models.think(thinks);
    while_serving_with(Arc::new(Models(models)), Boxes(Arc::default()), async |url| {
        let mut client = Command::new(&python);
        client.arg(root.join("tests/sdk/openai_client.py")).env("OPENAI_API_KEY", KEY);
        client.env("OPENAI_BASE_URL", format!("{url}/v1")).env("NO_PROXY", "*").kill_on_drop(true);
        let output = timeout(Duration::from_secs(120), client.output()).await.expect("it ends").expect("it runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        assert_eq!(out.trim(), "all is well", "{err}");
    })
    .await;
}

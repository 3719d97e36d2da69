//! What the tests of both transports have in common.

pub mod fakes;
pub mod lines;
pub mod process;
pub mod web;

use std::{sync::Arc, time::Duration};

use handspike_mcp::{Server, ServerInfo, ToolHints};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use fakes::{FakeTools, Notes};

/// The versions that begin with `initialize`.
pub const WITH_INITIALIZE: [&str; 2] = ["2025-06-18", "2025-11-25"];
/// The version that begins with nothing.
pub const WITHOUT_INITIALIZE: &str = "2026-07-28";

pub fn server() -> (Arc<Server>, Notes, CancellationToken) {
    let (tools, stop) = (FakeTools::default(), CancellationToken::new());
    let notes = tools.notes.clone();
    let info = ServerInfo {
        name: "fakes".to_owned(),
        version: "1".to_owned(),
        instructions: Some("Try.".to_owned()),
        hints: ToolHints { looking: vec!["shot".to_owned()], open_world: false },
    };
    (Server::new(Box::new(tools), info, stop.clone()), notes, stop)
}

pub fn initialize(version: &str) -> Value {
    let client = json!({"name": "test", "version": "0"});
    request(0, "initialize", json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client}))
}

pub fn request(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub fn call(id: u64, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({"name": tool, "arguments": arguments}))
}

/// The same call by a client that wants to know how it goes.
pub fn with_progress(mut call: Value, token: &str) -> Value {
    call["params"]["_meta"]["progressToken"] = json!(token);
    call
}

/// The same request as a client of the version without `initialize` sends it.
pub fn on_its_own(mut request: Value) -> Value {
    let meta = &mut request["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!(WITHOUT_INITIALIZE);
    meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "test", "version": "0"});
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    request
}

pub fn cancelled(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id, "reason": "enough"}})
}

/// Waits until something is noted.
pub async fn noted(notes: &Notes, what: &str) {
    let seen = async {
        while !notes.read().iter().any(|note| note == what) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, seen).await.unwrap_or_else(|_| panic!("no `{what}` in {:?}", notes.read()));
}

/// The place of a note among the others.
pub fn place(notes: &Notes, what: &str) -> usize {
    let read = notes.read();
    read.iter().position(|note| note == what).unwrap_or_else(|| panic!("no `{what}` in {read:?}"))
}

/// The text of a call's result.
pub fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {answer}"))
}

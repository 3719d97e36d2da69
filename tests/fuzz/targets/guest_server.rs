//! Whatever a client sends, the guest's server neither panics nor hangs: the end of the stream is its end.
//! What it answers are lines of JSON-RPC, none of them to a request that nobody made.
//! The tools are given only what was read as a call; here they answer at once with what they were given.
#![no_main]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use handspike_guest::{Runs, Service, serve_streams};
use handspike_local::{Caller, WorkerFailed};
use handspike_types::{SandboxCall, ToolOutput, ToolSettings};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::Builder,
    time::timeout,
};

/// Of paused time, in which nothing but a hang takes any.
const LIMIT: Duration = Duration::from_secs(60);

struct Echo;

impl Runs for Echo {
    async fn run(
        &self,
        call: SandboxCall,
        _settings: ToolSettings,
        mut caller: Caller<impl Future<Output = ()> + Send>,
    ) -> Result<ToolOutput, WorkerFailed> {
        if let Some(tell) = &mut caller.progress {
            tell("running");
        }
        Ok(ToolOutput::text(format!("{call:?}")))
    }
}

// An even first byte: the client has introduced itself. An odd one: the rest are its first words.
fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let sent = if first % 2 == 0 { [greeting().as_bytes(), rest].concat() } else { rest.to_vec() };
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let answers = runtime.block_on(async {
        let (mut client, server) = duplex(64 << 10);
        let (read, write) = tokio::io::split(server);
        let server = tokio::spawn(serve_streams(Service::new(Arc::new(Echo)), read, write));
        let mut answers = Vec::new();
        let talk = async {
            let (mut read, mut write) = tokio::io::split(&mut client);
            let send = async {
                // A server that has enough hangs up.
                let _ = write.write_all(&sent).await;
                let _ = write.shutdown().await;
            };
            tokio::join!(send, read.read_to_end(&mut answers)).1
        };
        timeout(LIMIT, talk).await.expect("a server that ends with the stream").expect("a stream in memory");
        let ended = timeout(LIMIT, server).await.expect("a server that ends with the stream");
        // To end with an error is right for a client that speaks no MCP.
        let _ = ended.expect("a server that does not panic");
        answers
    });
    check(&sent, &answers);
});

fn greeting() -> String {
    let client = json!({"name": "fuzz", "version": "0"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": params});
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    format!("{initialize}\n{initialized}\n")
}

fn check(sent: &[u8], answers: &[u8]) {
    // Where a number is too large for it, JSON is read in more than one way, so ids are compared as text.
    let asked = String::from_utf8_lossy(sent);
    let mut answered = BTreeSet::new();
    for line in answers.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: Value = serde_json::from_slice(line).expect("an answer is JSON");
        assert_eq!(message["jsonrpc"], "2.0");
        match message.get("id") {
            Some(Value::String(id)) if !id.contains(['\\', '"']) && id.is_ascii() => {
                assert!(asked.contains(id.as_str()) || asked.contains('\\'), "nobody asked {id}");
                answered.insert(id.clone());
            }
            Some(_) => {}
            None => assert!(message["method"].is_string() || message["error"].is_object(), "{message}"),
        }
    }
    assert!(answered.len() <= asked.lines().count());
}

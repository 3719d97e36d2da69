//! Whatever an MCP client sends, the host's server neither panics nor hangs: the end of the stream is its end.
//! Each line that it writes is a message, and no request has more than one answer. A line that is no JSON has one, too.
//! The tools are given only what was read as a call, with arguments that are an object.
#![no_main]

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use handspike_core::{CallContext, Executor, Fault};
use handspike_mcp::{Server, ServerInfo, ToolHints, serve_streams};
use handspike_types::{ToolCall, ToolOutput, ToolSpec};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::Builder,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Of paused time, in which nothing but a hang takes any.
const LIMIT: Duration = Duration::from_secs(60);
/// The code of an answer to what is no JSON.
const PARSE_ERROR: i64 = -32700;

struct Echo;

#[async_trait]
impl Executor for Echo {
    fn specs(&self) -> Vec<ToolSpec> {
        vec![ToolSpec::new("echo", "Says what it was given.", json!({"type": "object"}))]
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        assert!(call.arguments.is_object(), "{}", call.arguments);
        context.progress.say("running");
        match call.name.as_str() {
            "echo" => Ok(ToolOutput::text(call.arguments.to_string())),
            "fault" => Err(Fault::new("as asked")),
            _ => Ok(ToolOutput::error("there is no such tool")),
        }
    }
}

// An even first byte: the client has introduced itself. An odd one: the rest are its first words.
fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let is_greeted = first % 2 == 0;
    let sent = if is_greeted { [greeting().as_bytes(), rest].concat() } else { rest.to_vec() };
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let answers = runtime.block_on(async {
        let info = ServerInfo {
            name: "fuzzed".to_owned(),
            version: "0".to_owned(),
            instructions: None,
            hints: ToolHints::default(),
        };
        let server = Server::new(Box::new(Echo), info, CancellationToken::new());
        let (mut client, streams) = duplex(64 << 10);
        let (read, write) = tokio::io::split(streams);
        let server = tokio::spawn(serve_streams(server, read, write));
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
    let parse_errors = check(&sent, &answers);
    if is_greeted {
        let missed = unreadable_lines(&sent).saturating_sub(parse_errors);
        assert_eq!(missed, 0, "lines that are no JSON have not been answered");
    }
});

fn greeting() -> String {
    let client = json!({"name": "fuzz", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": params});
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    format!("{initialize}\n{initialized}\n")
}

/// Looks at what was answered, and counts the answers to what is no JSON.
fn check(sent: &[u8], answers: &[u8]) -> usize {
    let asked = String::from_utf8_lossy(sent);
    let (mut results, mut parse_errors) = (HashMap::<String, usize>::new(), 0);
    for line in answers.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: Value = serde_json::from_slice(line).expect("an answer is JSON");
        assert_eq!(message["jsonrpc"], "2.0");
        parse_errors += usize::from(message["error"]["code"] == PARSE_ERROR);
        match message.get("id") {
            // One that was refused may be the id of another request that has its own answer.
            Some(Value::String(id)) if message.get("result").is_some() => *results.entry(id.clone()).or_default() += 1,
            Some(_) => {}
            None => assert!(message["method"].is_string() || message["error"].is_object(), "{message}"),
        }
    }
    // An escaped id is written in more than one way.
    if !asked.contains('\\') {
        for (id, times) in results {
            let written = format!("\"{id}\"");
            assert!(asked.matches(&written).count() >= times, "{times} results for {id}");
        }
    }
    parse_errors
}

/// How many lines there are that can't be JSON, whoever reads them.
fn unreadable_lines(sent: &[u8]) -> usize {
    let Some(end) = sent.iter().rposition(|byte| *byte == b'\n') else { return 0 };
    let lines = sent[..end].split(|byte| *byte == b'\n');
    let text = lines.map(|line| line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii());
    text.filter(|line| !line.is_empty() && serde_json::from_slice::<IgnoredAny>(line).is_err()).count()
}

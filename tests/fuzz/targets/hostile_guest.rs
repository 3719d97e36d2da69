//! Whatever a guest says, the host neither panics nor waits for ever: the end of the stream is the end of every call.
//! A call has an answer, a failure that names the guest, or the loss of the connection, before the call or under it.
//! What a guest tells of a call's progress is passed on only while the call runs, and cut short.
#![no_main]

use std::time::Duration;

use handspike_core::{CallContext, Progress, SandboxedCall};
use handspike_sandbox::connection::{Connection, ConnectionError};
use handspike_types::ToolSettings;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::Builder,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Of paused time, in which nothing but a hang takes any. The host's own limit for a greeting is shorter.
const LIMIT: Duration = Duration::from_secs(60);
/// What a call's request holds.
const CALL: &[u8] = b"tools/call";
/// Characters of progress, as the host has it.
const PROGRESS_LENGTH: usize = 200;

/// When the guest says what is in the input.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    /// Once it has greeted as it should, and has been called.
    Called,
    /// At once, as its first words.
    First,
    /// At once, after a proper greeting.
    Greeted,
}

// The first byte says when, the others are what the guest says.
fuzz_target!(|data: &[u8]| {
    let Some((first, said)) = data.split_first() else { return };
    let moment = [Moment::Called, Moment::First, Moment::Greeted][usize::from(first % 3)];
    let said = said.to_vec();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let (host, guest) = duplex(64 << 10);
        let guest = tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(guest);
            let mut heard = Vec::new();
            // A host that has enough hangs up; then nothing can be written, and there is nothing more to hear.
            if moment != Moment::First {
                let _ = write.write_all(greeting().as_bytes()).await;
            }
            while moment == Moment::Called && !heard.windows(CALL.len()).any(|window| window == CALL) {
                if !matches!(read.read_buf(&mut heard).await, Ok(1..)) {
                    break;
                }
            }
            let say = async {
                let _ = write.write_all(&said).await;
                let _ = write.shutdown().await;
            };
            let _ = tokio::join!(say, read.read_to_end(&mut heard));
        });
        let (read, write) = tokio::io::split(host);
        match timeout(LIMIT, Connection::over(read, write)).await.expect("a greeting has its limit") {
            Ok(connection) => call(connection).await,
            Err(ConnectionError::Greeting(error)) => assert!(!error.is_empty()),
            Err(error) => panic!("the stream ended: {error}"),
        }
        timeout(LIMIT, guest).await.expect("the host hangs up").expect("a guest that does not panic");
    });
});

async fn call(connection: Connection) {
    let (progress, mut news) = Progress::channel();
    let context = CallContext { cancel: CancellationToken::new(), progress };
    let settings = ToolSettings::default();
    let call = SandboxedCall { tool: "bash", arguments: Map::new(), settings: &settings };
    match timeout(LIMIT, connection.call(call, &context)).await.expect("the stream has ended") {
        Ok(_) | Err(ConnectionError::Lost | ConnectionError::NotReached | ConnectionError::Guest(_)) => {}
        Err(error) => panic!("a call that fails like a greeting: {error}"),
    }
    drop((connection, context));
    while let Ok(news) = news.try_recv() {
        assert!(news.chars().count() <= PROGRESS_LENGTH);
    }
}

fn greeting() -> String {
    let server = json!({"name": "handspike-guest", "version": "0"});
    let result = json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": server});
    format!("{}\n", json!({"jsonrpc": "2.0", "id": 0, "result": result}))
}

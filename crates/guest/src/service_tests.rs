//! A service over streams in memory, on tools that only wait to be told to stop.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex},
    sync::Notify,
    task::JoinHandle,
};

use super::*;

/// Longer than any of this takes, and shorter than the protocol's loop waits for answers.
const SOON: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Waiting {
    begun: Notify,
    cancelled: Notify,
}

impl Runs for Waiting {
    async fn run(
        &self,
        _: SandboxCall,
        _: ToolSettings,
        caller: Caller<impl Future<Output = ()> + Send>,
    ) -> Result<ToolOutput, WorkerFailed> {
        self.begun.notify_one();
        caller.cancelled.await;
        self.cancelled.notify_one();
        Ok(ToolOutput::text("stopped"))
    }
}

/// A client whose call is under way.
async fn calling(tools: &Arc<Waiting>) -> (DuplexStream, Client, JoinHandle<io::Result<()>>) {
    let (mut host, guest) = duplex(1 << 16);
    let (read, write) = tokio::io::split(guest);
    let service = Service::new(Arc::clone(tools));
    let client = service.client();
    let served = tokio::spawn(serve_streams(service, read, write));
    let about = r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"host","version":"0"}}"#;
    let call = r#"{"name":"bash","arguments":{"command":"sleep 100"}}"#;
    for line in [
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{about}}}"#),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{call}}}"#),
    ] {
        host.write_all((line + "\n").as_bytes()).await.expect("the guest is there");
    }
    tools.begun.notified().await;
    (host, client, served)
}

#[tokio::test]
async fn a_client_that_says_nothing_more_has_its_calls_cancelled_at_once_and_answered() {
    let tools = Arc::new(Waiting::default());
    let (mut host, _client, served) = calling(&tools).await;
    host.shutdown().await.expect("the guest is there");
    timeout(SOON, tools.cancelled.notified()).await.expect("the call is cancelled");
    let mut lines = BufReader::new(host).lines();
    let _greeting = lines.next_line().await.expect("a line");
    let answer = timeout(SOON, lines.next_line()).await.expect("in time").expect("a line").unwrap_or_default();
    assert!(answer.contains("stopped"), "{answer}");
    timeout(SOON, served).await.expect("in time").expect("no panic").expect("no failure");
}

#[tokio::test]
async fn the_streams_of_a_client_that_is_gone_are_given_back_at_once() {
    let tools = Arc::new(Waiting::default());
    let (mut host, client, _served) = calling(&tools).await;
    client.gone();
    timeout(SOON, tools.cancelled.notified()).await.expect("the call is cancelled");
    let mut rest = Vec::new();
    timeout(SOON, host.read_to_end(&mut rest)).await.expect("the stream ends").expect("a stream in memory");
}

//! A client that speaks JSON lines and believes nothing.

use std::{sync::Arc, time::Duration};

use handspike_mcp::{ServeError, Server, serve_streams};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream, Lines, duplex},
    task::JoinHandle,
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(30);

pub struct LineClient<R = DuplexStream, W = DuplexStream> {
    read: Lines<BufReader<R>>,
    write: Option<W>,
}

/// A client of a server in this process, and the end of its serving.
pub fn connect(server: Arc<Server>) -> (LineClient, JoinHandle<Result<(), ServeError>>) {
    let (to_server, from_client) = duplex(1 << 16);
    let (to_client, from_server) = duplex(1 << 16);
    let served = tokio::spawn(serve_streams(server, from_client, to_client));
    (LineClient::new(from_server, to_server), served)
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> LineClient<R, W> {
    pub fn new(read: R, write: W) -> Self {
        Self { read: BufReader::new(read).lines(), write: Some(write) }
    }

    pub async fn send(&mut self, message: &Value) {
        self.send_raw(&message.to_string()).await;
    }

    pub async fn send_raw(&mut self, line: &str) {
        let write = self.write.as_mut().expect("the client has not hung up");
        write.write_all(format!("{line}\n").as_bytes()).await.expect("the server reads");
        write.flush().await.expect("the server reads");
    }

    /// The next message; none when the server has ended.
    pub async fn receive(&mut self) -> Option<Value> {
        let line =
            timeout(LIMIT, self.read.next_line()).await.expect("the server says something").expect("readable")?;
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}")))
    }

    /// The answer to a request, and what came before it.
    pub async fn answer(&mut self, id: u64) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let message = self.receive().await.unwrap_or_else(|| panic!("ended without an answer: {before:?}"));
            if message["id"] == id {
                return (message, before);
            }
            before.push(message);
        }
    }

    /// Sends a request and returns its answer.
    pub async fn ask(&mut self, request: &Value) -> Value {
        self.send(request).await;
        self.answer(request["id"].as_u64().expect("a number")).await.0
    }

    /// The handshake of the versions that have one; the server's answer.
    pub async fn initialize(&mut self, version: &str) -> Value {
        let answer = self.ask(&super::initialize(version)).await;
        self.send(&serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        answer
    }

    pub fn hang_up(&mut self) {
        self.write = None;
    }
}

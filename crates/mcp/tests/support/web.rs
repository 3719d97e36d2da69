//! An HTTP client for raw JSON-RPC, and a server for it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use handspike_mcp::{HttpConfig, HttpServer, ServeError, Server};
use handspike_web::{ApiKey, Origin};
use reqwest::{Client, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{WITHOUT_INITIALIZE, initialize, on_its_own};

pub const KEY: &str = "a-key-for-tests-only";

pub struct Web {
    pub client: Client,
    pub address: SocketAddr,
    pub served: JoinHandle<Result<(), ServeError>>,
}

pub async fn listen(server: Arc<Server>) -> Web {
    listen_as(server, Vec::new(), Vec::new()).await
}

pub async fn listen_as(server: Arc<Server>, hosts: Vec<String>, origins: Vec<Origin>) -> Web {
    // A second test of this program finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key: ApiKey = KEY.parse().expect("a key");
    let config = HttpConfig { address: ([127, 0, 0, 1], 0).into(), key, hosts, origins };
    let http = HttpServer::bind(config).await.expect("a free port");
    let address = http.address();
    let served = tokio::spawn(http.serve(server));
    Web { client: Client::builder().no_proxy().build().expect("a client"), address, served }
}

impl Web {
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// A POST as the protocol wants it.
    pub fn post(&self, message: &Value) -> RequestBuilder {
        self.client
            .post(self.url())
            .bearer_auth(KEY)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(message.to_string())
    }

    /// The same for the version without `initialize`, which repeats the message's head in headers.
    pub fn post_alone(&self, message: Value) -> RequestBuilder {
        let message = on_its_own(message);
        let post = self
            .post(&message)
            .header("mcp-protocol-version", WITHOUT_INITIALIZE)
            .header("mcp-method", message["method"].as_str().expect("a method"));
        match message["params"]["name"].as_str() {
            Some(name) => post.header("mcp-name", name),
            None => post,
        }
    }

    /// Opens a session; its headers for further requests, and the server's greeting.
    pub async fn session(&self, version: &str) -> (HeaderMap, Value) {
        let response = self.post(&initialize(version)).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let mut headers = HeaderMap::new();
        headers.insert("mcp-session-id", response.headers()["mcp-session-id"].clone());
        headers.insert("mcp-protocol-version", version.parse().expect("a header"));
        let greeting = messages(response).await.remove(0);
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let response = self.post(&initialized).headers(headers.clone()).send().await.expect("an answer");
        assert_eq!(response.status(), 202);
        (headers, greeting)
    }
}

/// All messages of an answer, be it a stream of events or one message.
pub async fn messages(response: Response) -> Vec<Value> {
    let is_stream = response.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/event-stream"));
    let body = tokio::time::timeout(Duration::from_secs(60), response.text()).await.expect("an end").expect("a body");
    let lines: Vec<&str> = if is_stream {
        body.lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim)
            .filter(|data| !data.is_empty())
            .collect()
    } else {
        vec![&body]
    };
    lines.into_iter().map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

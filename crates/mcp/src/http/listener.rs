//! The socket and the ways from it to the tools.

use std::{net::SocketAddr, sync::Arc};

use axum::{Json, Router, http::StatusCode, middleware};
use handspike_web::{ApiKey, Door, ListenError, Listening, Origin};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;

use super::{
    guard::{self, Guard},
    sessions::Sessions,
};
use crate::{
    ServeError, Server,
    service::Service,
    stdio::{END_LIMIT, MESSAGE_LIMIT},
};

/// How many connections there may be at once. More wait to be accepted.
const CONNECTIONS_LIMIT: usize = 512;

/// Where and to whom a server is open.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where it listens. Port 0 is any free one.
    pub address: SocketAddr,
    /// The key that clients must give.
    pub key: ApiKey,
    /// Host names or addresses by which it may be called beside the loopback's. Without any it listens on nothing but
    /// the loopback.
    pub hosts: Vec<String>,
    /// Web pages that may use it beside those of its own address.
    pub origins: Vec<Origin>,
}

/// A server that listens and does not answer yet.
pub struct HttpServer {
    listening: Listening,
    config: HttpConfig,
}

impl HttpServer {
    /// The path that clients call.
    pub const PATH: &str = "/mcp";

    /// Begins to listen.
    pub async fn bind(config: HttpConfig) -> Result<Self, ListenError> {
        let listening = Listening::at(config.address, &config.hosts).await?;
        Ok(Self { listening, config })
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// What clients call.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address(), Self::PATH)
    }

    /// Serves until the server is stopped, then cancels what runs and closes the executor.
    pub async fn serve(self, server: Arc<Server>) -> Result<(), ServeError> {
        let routes = routes(&server, self.config, self.listening.address().port());
        let stop = server.stop.clone();
        // What the tools hold is given back whether or not clients take their last answers.
        let closing = async {
            stop.cancelled().await;
            server.close().await
        };
        let serving = self.listening.serve(routes, CONNECTIONS_LIMIT, stop.clone(), END_LIMIT);
        let ((), closed) = tokio::join!(serving, closing);
        closed
    }
}

fn routes(server: &Arc<Server>, config: HttpConfig, port: u16) -> Router {
    let sessions = Arc::new(Sessions::new(Arc::clone(server)));
    let guard = Arc::new(Guard {
        door: Door::new(config.key, config.hosts, config.origins, port),
        sessions: Arc::clone(&sessions),
    });
    // Hosts and origins are the guard's business, which answers in JSON.
    let protocol = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(MESSAGE_LIMIT)
        .with_cancellation_token(server.stop.clone());
    let service = Service(Arc::clone(server));
    let service = StreamableHttpService::new(move || Ok(service.clone()), sessions, protocol);
    Router::new()
        .route_service(HttpServer::PATH, service)
        .fallback(async || {
            let text = format!("there is nothing here but {}", HttpServer::PATH);
            let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": text}});
            (StatusCode::NOT_FOUND, Json(body))
        })
        .layer(middleware::from_fn_with_state(guard, guard::check))
}

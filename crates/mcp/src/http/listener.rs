//! The socket and the ways from it to the tools.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Json, Router, http::StatusCode, middleware};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpListener;

use super::{
    ApiKey, Origin, connections,
    guard::{self, Guard},
    sessions::Sessions,
};
use crate::{ServeError, Server, service::Service, stdio::MESSAGE_LIMIT};

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

/// Why a server can't listen.
#[derive(Debug, Error)]
pub enum HttpError {
    /// Others could reach the address, and nobody said that they may.
    #[error(
        "`{0}` can be reached from other machines\n\
         hint: listen on 127.0.0.1, or say by which host names clients may call the server"
    )]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// A server that listens and does not answer yet.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    config: HttpConfig,
}

impl HttpServer {
    /// The path that clients call.
    pub const PATH: &str = "/mcp";

    /// Begins to listen.
    pub async fn bind(config: HttpConfig) -> Result<Self, HttpError> {
        if !config.address.ip().is_loopback() && config.hosts.is_empty() {
            return Err(HttpError::NotLoopback(config.address));
        }
        let bound = TcpListener::bind(config.address).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| HttpError::Listen { address: config.address, source })?;
        Ok(Self { listener, address, config })
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients call.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, Self::PATH)
    }

    /// Serves until the server is stopped, then cancels what runs and closes the executor.
    pub async fn serve(self, server: Arc<Server>) -> Result<(), ServeError> {
        let routes = routes(&server, self.config, self.address.port());
        let stop = server.stop.clone();
        // What the tools hold is given back whether or not clients take their last answers.
        let closing = async {
            stop.cancelled().await;
            server.close().await
        };
        let ((), closed) = tokio::join!(connections::serve(self.listener, routes, stop.clone()), closing);
        closed
    }
}

fn routes(server: &Arc<Server>, config: HttpConfig, port: u16) -> Router {
    let sessions = Arc::new(Sessions::new(server.stop.clone()));
    let guard = Arc::new(Guard {
        key: config.key,
        hosts: config.hosts,
        origins: config.origins.into_iter().chain(Origin::of_loopback(port)).collect(),
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

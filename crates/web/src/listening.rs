//! The socket.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::connections;

/// A socket that takes connections, which nobody answers yet.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why a server can't listen.
#[derive(Debug, Error)]
pub enum ListenError {
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

impl Listening {
    /// Begins to listen. Port 0 is any free one. An address that others can reach is refused unless it is known by which
    /// names (`hosts`) they call it.
    pub async fn at(address: SocketAddr, hosts: &[String]) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() && hosts.is_empty() {
            return Err(ListenError::NotLoopback(address));
        }
        let bound = TcpListener::bind(address).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| ListenError::Listen { address, source })?;
        Ok(Self { listener, address })
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves at most so many connections at once, and the others after them, until the stop; then each has `grace` to
    /// come to its end.
    pub async fn serve(self, routes: Router, connections: usize, stop: CancellationToken, grace: Duration) {
        connections::serve(self.listener, routes, connections, stop, grace).await;
    }
}

//! Any number of clients over streamable HTTP at `/mcp`.
//!
//! A request passes the [`guard`] (host, origin, key, room for a session) and then the protocol's own service. Clients
//! of protocol versions before 2026-07-28 have [`sessions`]; later ones say everything with each request and have none.
//! Sessions are conversations of the protocol only: all clients share the one executor behind the server.

mod guard;
mod listener;
mod presence;
mod sessions;

pub use listener::{HttpConfig, HttpServer};
pub(crate) use presence::Presence;

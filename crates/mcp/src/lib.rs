//! The tools of an executor for any MCP client.
//!
//! [`Server`] is what all clients share: the executor, its lanes, the calls under way. [`serve_stdio`] and
//! [`HttpServer`] bring clients to it, one over standard streams or any number over HTTP. A call goes client >
//! `service` (the protocol) > `calls` (the lane, the cancel, the end) > executor, and back as a result: whatever goes
//! wrong in a call is a result that a model can read, never an error of the protocol.
//!
//! Which tools there are and what they do is the executor's business; nothing here knows a tool by name.

mod calls;
mod connection;
mod http;
mod lines;
mod progress;
mod server;
mod service;
mod stdio;
mod wire;

pub use http::{HttpConfig, HttpServer};
pub use server::{ServeError, Server, ServerInfo, ToolHints};
pub use stdio::{serve_stdio, serve_streams};

//! The guest's MCP side, apart from the process around it: [`serve_streams`] serves one client, over any streams, and
//! hands its calls to whatever [`Runs`] them.

mod service;

pub use service::{Client, Runs, Service, serve_streams};

//! The tools on the machine where this process runs.
//!
//! [`Tools`] owns shells, terminals, the editor and the screen. Each blocks and keeps state, so each has a thread of its
//! own (`worker`); a call is a future that ends with the tool's answer. A sandbox's guest serves them over MCP; a user's
//! own machine runs them in place. Where displays come from differs between the two, so they come in as [`Displays`].

mod screen;
mod tools;
mod worker;

pub use screen::Displays;
pub use tools::{LocalConfig, Tools};
pub use worker::{Caller, Tell, WorkerFailed};

//! From a call's name to the executor that runs it.
//!
//! [`Router`] holds executors and sends each call to the one that offers its tool; [`SandboxTools`] offers bash, the
//! editor and the computer, and makes the session's sandbox at the first call that needs one.

mod lanes;
mod no_such_tool;
mod router;
mod sandbox_tools;

pub use router::Router;
pub use sandbox_tools::{Order, SandboxTools};

#[cfg(test)]
mod tools_tests;

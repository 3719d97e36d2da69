//! What a tool answered, as a result of MCP.
//!
//! The guest says it to the host, and the server for any client says it again, so it is worded once: content in order, the
//! flag of an error, and in `_meta` what is for programs and not for a model.

mod result;

pub use result::{TOOLSET_KEY, details, result};

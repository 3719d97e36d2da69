//! The vocabulary of Handspike: messages, tool inputs, tool outputs, events and ids.
//!
//! Everything here is plain data that goes over a wire or into a file. A tool's input is defined once, in
//! [`bash`], [`editor`] or [`computer`]: the schema that a model sees, the parser of the guest and the types
//! of an API all come from that one definition. No behaviour lives here beyond parsing and checking.

pub mod bash;
mod causes;
pub mod computer;
pub mod editor;
mod event;
mod id;
mod input;
mod message;
pub mod spec;
mod tool;

pub use causes::with_causes;
pub use event::{Event, EventKind, Outcome};
pub use id::SessionId;
pub use input::{InvalidInput, parse_input};
pub use message::{ContentPart, FinishReason, Image, Message, ToolCall, ToolResult, Usage};
pub use tool::{ToolDetails, ToolOutput, ToolSpec};

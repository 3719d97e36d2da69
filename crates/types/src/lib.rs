//! The vocabulary of Handspike: messages, tool inputs, tool outputs, events and ids.
//!
//! Everything here is plain data that goes over a wire or into a file. A tool's input is defined once, in a module of
//! its name: the schema that a model sees ([`spec`]), the parser of host and guest ([`SandboxCall`]) and the types of an
//! API all come from that one definition, in every published version ([`ToolVersions`]). No behaviour lives here beyond
//! parsing and checking.

pub mod bash;
mod call;
mod causes;
pub mod computer;
pub mod desktop;
pub mod editor;
mod event;
pub mod file_transfer;
mod form;
mod id;
mod input;
mod message;
mod model_settings;
mod model_versions;
mod quoted;
mod settings;
pub mod shell;
pub mod spec;
pub mod terminal;
mod tool;
mod versions;

pub use call::{CallError, SandboxCall};
pub use causes::with_causes;
pub use event::{Event, EventKind, Limit, Outcome};
pub use file_transfer::{FileRefusal, FileReport};
pub use id::SessionId;
pub use input::{InvalidInput, parse_input};
pub use message::{
    Choice, ContentPart, FinishReason, Image, ImageDetail, Message, ToolCall, ToolCallDelta, ToolResult, Usage,
};
pub use model_settings::{ModelSettings, ResponseFormat, ToolChoice};
pub use model_versions::versions_for_model;
pub use quoted::{escaped, quoted};
pub use settings::{
    BashSettings, ComputerSettings, EditorSettings, Fit, RUN_KEY, SETTINGS_KEY, Settle, ToolSettings, Unchanged,
};
pub use tool::{ToolDetails, ToolOutput, ToolSpec};
pub use versions::{BashVersion, ComputerVersion, EditorVersion, ToolVersions, UnknownVersion};

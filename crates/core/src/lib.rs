//! The chat loop of Handspike.
//!
//! A [`Session`] is a conversation. Its user's input starts a *turn*; a turn is a chain of *steps*, each one
//! request to the [`Model`] and the tool calls that it answers with. The whole loop stands in [`turn`]; the
//! calls of a step in `calls`; what keeps a conversation well-formed in `history`. What happens is an event:
//! [`Recorder`] stores it, then announces it.
//!
//! This crate knows no Docker, no HTTP and no SQL: models, tools and stores come in as trait objects.

mod calls;
mod executor;
mod history;
mod limits;
mod model;
mod model_source;
mod policy;
mod recorder;
mod sandbox;
mod sandbox_access;
mod sandbox_path;
mod sandboxes;
mod session;
mod transcript;
pub mod turn;

#[cfg(test)]
mod fakes;

pub use calls::denied;
pub use executor::{CallContext, Executor, Fault, Lane, Progress};
pub use history::{InputError, interrupted, replay};
pub use limits::Limits;
pub use model::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
pub use model_source::{ModelSource, ModelUnavailable};
pub use policy::{AllowAll, Decision, Policy};
pub use recorder::{EventSink, Journal, RecordError, Recorder};
pub use sandbox::{NoRoom, OpenFailure, OpenedSandbox, Origin, Sandbox, SandboxFailure, SandboxSource, SandboxedCall};
pub use sandbox_access::{AccessError, FileBytes, ReadFile, SandboxAccess, WrittenFile};
pub use sandbox_path::{InvalidPath, SandboxPath, WORKSPACE};
pub use sandboxes::{SandboxWishes, Sandboxes};
pub use session::{Session, SessionParts};
pub use transcript::{Transcript, transcript_line};
pub use turn::{SoFar, TurnError, run_left};

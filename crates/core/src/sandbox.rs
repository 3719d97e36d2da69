//! What the loop's tools ask of a sandbox. The sandbox itself, Docker or another, lives in `handspike-sandbox`.

use std::time::Duration;

use async_trait::async_trait;
use handspike_types::{ToolOutput, ToolSettings};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{CallContext, Fault, Progress};

/// A place where tools run. What it answers is not to be trusted.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Runs a tool of the sandbox.
    async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, SandboxFailure>;

    /// Ends whatever runs in it, because a call was not answered. Opening it again then leads to one that works.
    async fn give_up(&self);

    /// Ends the sandbox, unless it is to be kept.
    async fn close(&self) -> Result<(), Fault>;
}

/// A call as it goes into a sandbox.
#[derive(Debug)]
pub struct SandboxedCall<'a> {
    /// The tool's name.
    pub tool: &'a str,
    /// What the model gave it.
    pub arguments: Map<String, Value>,
    /// As which version it is meant, and how it is to behave.
    pub settings: &'a ToolSettings,
}

/// Why a call has no answer.
#[derive(Debug)]
pub enum SandboxFailure {
    /// The sandbox, or the way to it, has come to its end. The call may have had effects; opening again helps.
    Ended(Fault),
    /// It had come to its end before the call was sent. The call has had no effect, and can be made again once the
    /// sandbox is open again.
    NotReached(Fault),
    /// The runtime failed.
    Failed(Fault),
}

/// Makes a session's sandbox when its first call needs one, and again when that has ended.
#[async_trait]
pub trait SandboxSource: Send + Sync {
    /// Opens the session's sandbox. Whoever asks waits for the end of it, also when nobody needs the sandbox any more: an
    /// engine finishes what it has begun, and only then can it be taken back.
    async fn open(&self, progress: &Progress) -> Result<OpenedSandbox, OpenFailure>;

    /// Whether opening comes to its end by itself, so that nobody need wait for it, and what it made stays the session's.
    fn opens_by_itself(&self) -> bool {
        false
    }
}

/// Why there is no sandbox.
#[derive(Debug, Error)]
pub enum OpenFailure {
    /// There is no room for it, which may change.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The runtime failed.
    #[error(transparent)]
    Failed(#[from] Fault),
}

/// As many sandboxes run as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("all {limit} sandboxes that may run at once are in use, and none became free within {} s", .waited.as_secs())]
pub struct NoRoom {
    /// How many may run.
    pub limit: usize,
    /// How long this one was waited for.
    pub waited: Duration,
}

/// A sandbox that answers.
pub struct OpenedSandbox {
    /// The sandbox.
    pub sandbox: Box<dyn Sandbox>,
    /// How it came to be there.
    pub origin: Origin,
}

/// How a sandbox came to be there, and so what of an earlier one is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was made, the session's first.
    Made,
    /// It was made in the place of one that is gone: nothing of that is left.
    Replaced,
    /// It had ended and was started again: its files are left.
    Restarted,
    /// It was running: everything is left.
    Found,
}

//! What the loop's tools ask of a sandbox. The sandbox itself, Docker or another, lives in `handspike-sandbox`.

use async_trait::async_trait;
use handspike_types::ToolOutput;
use serde_json::{Map, Value};

use crate::{CallContext, Fault, Progress};

/// A place where tools run. What it answers is not to be trusted.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Runs a tool of the sandbox.
    async fn call(&self, tool: &str, arguments: Map<String, Value>, context: &CallContext)
    -> Result<ToolOutput, Fault>;

    /// Ends the sandbox, unless it is to be kept.
    async fn close(&self) -> Result<(), Fault>;
}

/// Makes a session's sandbox when its first call needs one.
#[async_trait]
pub trait SandboxSource: Send + Sync {
    /// Makes and starts a sandbox. Whoever asks waits for the end of it, also when nobody needs the sandbox any more: an
    /// engine finishes what it has begun, and only then can it be taken back.
    async fn open(&self, progress: &Progress) -> Result<Box<dyn Sandbox>, Fault>;
}

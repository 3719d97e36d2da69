//! The sandboxes of a server that has none: every call that needs one is answered with a tool error that says so.

use async_trait::async_trait;
use handspike_core::{
    AccessError, CallContext, Fault, FileBytes, OpenFailure, OpenedSandbox, Origin, Progress, ReadFile, Sandbox,
    SandboxAccess, SandboxFailure, SandboxPath, SandboxSource, SandboxWishes, SandboxedCall, Sandboxes, WrittenFile,
};
use handspike_types::{SessionId, ToolOutput};

const WORDS: &str = "this server runs no sandboxes, so the tool cannot be used";

/// No sandboxes.
#[derive(Clone, Copy, Debug)]
pub struct NoSandboxes;

#[async_trait]
impl Sandboxes for NoSandboxes {
    fn source(&self, _: SessionId, _: &SandboxWishes) -> Box<dyn SandboxSource> {
        Box::new(Self)
    }

    async fn remove(&self, _: SessionId) -> Result<(), Fault> {
        Ok(())
    }

    fn running(&self) -> Option<usize> {
        Some(0)
    }
}

#[async_trait]
impl SandboxSource for NoSandboxes {
    async fn open(&self, _: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        Ok(OpenedSandbox { sandbox: Box::new(Self), origin: Origin::Found })
    }

    fn opens_by_itself(&self) -> bool {
        true
    }
}

#[async_trait]
impl Sandbox for NoSandboxes {
    async fn call(&self, _: SandboxedCall<'_>, _: &CallContext) -> Result<ToolOutput, SandboxFailure> {
        Ok(ToolOutput::error(WORDS))
    }

    async fn give_up(&self) {}

    async fn close(&self) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl SandboxAccess for NoSandboxes {
    async fn read_file(&self, _: SessionId, _: &SandboxPath) -> Result<ReadFile, AccessError> {
        Err(AccessError::NoSandbox)
    }

    async fn write_file(
        &self,
        _: SessionId,
        _: &SandboxWishes,
        _: &SandboxPath,
        _: FileBytes,
    ) -> Result<WrittenFile, AccessError> {
        Err(AccessError::NoSandbox)
    }

    async fn screenshot(&self, _: SessionId) -> Result<Vec<u8>, AccessError> {
        Err(AccessError::NoSandbox)
    }

    fn file_limit(&self) -> u64 {
        0
    }
}

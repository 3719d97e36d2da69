//! A turn's handle on its session's sandbox.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use handspike_core::{CallContext, Fault, Sandbox, SandboxFailure, SandboxedCall};
use handspike_sandbox::DockerSandbox;
use handspike_types::ToolOutput;

use crate::slot::{Handle, Slot, Use};

/// The session's sandbox, which stays when this is closed.
pub(crate) struct PoolSandbox {
    sandbox: Arc<DockerSandbox>,
    slot: Arc<Slot>,
    handle: Mutex<Option<Handle>>,
}

impl PoolSandbox {
    pub(crate) fn new(sandbox: Arc<DockerSandbox>, handle: Handle) -> Self {
        Self { sandbox, slot: Arc::clone(handle.slot()), handle: Mutex::new(Some(handle)) }
    }
}

#[async_trait]
impl Sandbox for PoolSandbox {
    async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, SandboxFailure> {
        let Some(_use) = Use::begin(&self.slot, &self.sandbox) else {
            return Err(SandboxFailure::NotReached(Fault::new("the sandbox had been stopped before the call")));
        };
        let answer = self.sandbox.call(call, context).await;
        match &answer {
            Err(SandboxFailure::Ended(_) | SandboxFailure::NotReached(_)) => self.slot.lost(&self.sandbox),
            Err(SandboxFailure::Failed(_)) | Ok(_) => {}
        }
        answer
    }

    async fn give_up(&self) {
        self.sandbox.give_up().await;
        self.slot.lost(&self.sandbox);
    }

    /// The turn is over; the sandbox is the session's.
    async fn close(&self) -> Result<(), Fault> {
        drop(self.handle.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }
}

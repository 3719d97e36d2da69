//! Files and the screen, for the server's clients.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use handspike_core::{
    AccessError, CallContext, Fault, FileBytes, Progress, ReadFile, Sandbox as _, SandboxAccess, SandboxFailure,
    SandboxPath, SandboxWishes, SandboxedCall, WrittenFile,
};
use handspike_sandbox::DockerSandbox;
use handspike_types::{
    ComputerSettings, ContentPart, Fit, SessionId, ToolOutput, ToolSettings, Unchanged, computer, quoted,
};
use serde_json::{Map, json};
use tokio::{
    io::{AsyncRead, ReadBuf},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Pool,
    opening::{Making, Opened, OpeningError},
    slot::{Handle, Slot, Use},
};

/// How long a picture may take. A long action of the model's comes first.
const PICTURE_LIMIT: Duration = Duration::from_secs(30);

/// How often a sandbox is opened that is stopped in the moment in which it is to be used.
const ATTEMPTS: usize = 3;

/// A sandbox that is not stopped meanwhile.
struct Lease {
    slot: Arc<Slot>,
    sandbox: Arc<DockerSandbox>,
    _handle: Handle,
    _use: Use,
}

#[async_trait]
impl SandboxAccess for Pool {
    async fn read_file(&self, session: SessionId, path: &SandboxPath) -> Result<ReadFile, AccessError> {
        let lease = self.lease(session, Making::Unwanted).await?;
        let read = self.shared.engine.read_file(lease.sandbox.container(), path, self.file_limit()).await;
        let ReadFile { bytes, size, modified } = read?;
        Ok(ReadFile { bytes: Box::pin(Leased { bytes, _lease: lease }), size, modified })
    }

    async fn write_file(
        &self,
        session: SessionId,
        wishes: &SandboxWishes,
        path: &SandboxPath,
        bytes: FileBytes,
    ) -> Result<WrittenFile, AccessError> {
        let lease = self.lease(session, Making::Wanted(*wishes)).await?;
        self.shared.engine.write_file(lease.sandbox.container(), path, self.file_limit(), bytes).await
    }

    async fn screenshot(&self, session: SessionId) -> Result<Vec<u8>, AccessError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let lease = self.lease(session, Making::Unwanted).await?;
            let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
            // A picture that nobody waits for any more is taken back.
            let _if_dropped = context.cancel.clone().drop_guard();
            let settings = picture_settings();
            let arguments = Map::from_iter([("action".to_owned(), json!("screenshot"))]);
            let call = SandboxedCall { tool: computer::NAME, arguments, settings: &settings };
            let Ok(answer) = timeout(PICTURE_LIMIT, lease.sandbox.call(call, &context)).await else {
                return Err(AccessError::Busy("its desktop does not answer"));
            };
            match answer {
                Ok(output) => return picture_in(output),
                Err(SandboxFailure::NotReached(fault)) => {
                    lease.slot.lost(&lease.sandbox);
                    if attempts == ATTEMPTS {
                        return Err(fault.into());
                    }
                }
                Err(SandboxFailure::Ended(fault)) => {
                    lease.slot.lost(&lease.sandbox);
                    return Err(fault.into());
                }
                Err(SandboxFailure::Failed(fault)) => return Err(fault.into()),
            }
        }
    }

    fn file_limit(&self) -> u64 {
        self.shared.config.file_limit
    }
}

impl Pool {
    async fn lease(&self, session: SessionId, making: Making) -> Result<Lease, AccessError> {
        let slot = self.shared.slot(session);
        for _ in 0..ATTEMPTS {
            let Opened { sandbox, handle, .. } = self.shared.open(&slot, making, &Progress::channel().0).await?;
            if let Some(in_use) = Use::begin(&slot, &sandbox) {
                return Ok(Lease { slot, sandbox, _handle: handle, _use: in_use });
            }
        }
        Err(AccessError::Busy("it is being stopped"))
    }
}

impl From<OpeningError> for AccessError {
    fn from(error: OpeningError) -> Self {
        match error {
            OpeningError::NoRoom(no_room) => Self::NoRoom(no_room),
            OpeningError::Absent | OpeningError::Over => Self::NoSandbox,
            error @ (OpeningError::Abandoned
            | OpeningError::Sandbox(_)
            | OpeningError::Store(_)
            | OpeningError::Task(_)) => Self::Failed(Fault::new(error)),
        }
    }
}

/// The screen as it is, whatever the model has seen last.
fn picture_settings() -> ToolSettings {
    let computer = ComputerSettings { fit: Fit::Native, unchanged: Unchanged::Sent, ..ComputerSettings::default() };
    ToolSettings { computer, ..ToolSettings::default() }
}

fn picture_in(output: ToolOutput) -> Result<Vec<u8>, AccessError> {
    let picture = output.content.iter().find_map(|part| match part {
        ContentPart::Image(image) if image.media_type == "image/png" => STANDARD.decode(&image.data).ok(),
        ContentPart::Image(_) | ContentPart::Text { .. } => None,
    });
    picture.ok_or_else(|| AccessError::NoPicture(quoted(&output.joined_text())))
}

/// A file's bytes, and the sandbox that they come from.
struct Leased {
    bytes: FileBytes,
    _lease: Lease,
}

impl AsyncRead for Leased {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.bytes.as_mut().poll_read(context, into)
    }
}

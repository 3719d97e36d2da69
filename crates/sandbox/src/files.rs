//! Files into a sandbox and out of it, through the guest, which is started for each of them (`read-file`, `write-file`).
//!
//! The engine has an interface for archives of a container's files. It is not used: it acts as root, so it reads and
//! overwrites what the sandbox's user may not, the guest among it, and it follows the container's links in the engine's
//! own process. The guest acts as the sandbox's user, inside, and nothing of the host is opened at all.
//!
//! What the guest says is bounded: one line, and then as many bytes as the host has agreed to.

use std::{
    future::ready,
    io::{self, ErrorKind},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt as _};
use handspike_core::{AccessError, Fault, FileBytes, ReadFile, SandboxPath, WrittenFile};
use handspike_types::{
    FileRefusal, FileReport,
    file_transfer::{LONGEST_PIECE, LONGEST_REPORT},
    quoted,
};
use thiserror::Error;
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, Take,
    },
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_util::io::StreamReader;

use crate::{
    Engine,
    exec::{ExecOutput, Output, Piece, Running},
    guest_binary::GUEST_PATH,
};

/// How long the guest may take to say what there is of a file, and to give or take the next of its bytes.
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take to put a whole file in its place: it waits for the disk.
const FINISH_LIMIT: Duration = Duration::from_secs(300);

/// Bytes that are sent at a time.
const PIECE: usize = 128 << 10;
const _: () = assert!(PIECE <= LONGEST_PIECE as usize);

/// Bytes of a piece's length.
const LENGTH: usize = 4;

/// Why a guest could not be used for a file.
#[derive(Debug, Error)]
enum TransferError {
    #[error("the engine did not start the sandbox's guest for a file")]
    Exec(#[from] bollard::errors::Error),
    #[error("the connection to the sandbox failed in the middle of a file")]
    Stream(#[from] io::Error),
    #[error("the sandbox's guest ended with status {0} and no word of the file")]
    Wordless(i64),
    #[error("what the sandbox's guest says of a file makes no sense")]
    Senseless,
}

impl From<TransferError> for AccessError {
    fn from(error: TransferError) -> Self {
        Fault::new(error).into()
    }
}

impl Engine {
    /// Reads a file of a running sandbox.
    pub async fn read_file(&self, container: &str, path: &SandboxPath, limit: u64) -> Result<ReadFile, AccessError> {
        let (output, _input, running) = self.on_file(container, "read-file", path, limit).await?.into_parts();
        let mut bytes = StreamReader::new(Box::pin(standard_output(output)));
        match report(&mut bytes, &running, STALL_LIMIT).await? {
            FileReport::Reading { size, .. } if size > limit => Err(AccessError::TooLarge { limit }),
            FileReport::Reading { size, modified: (seconds, nanoseconds) } => {
                let modified = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
                Ok(ReadFile { bytes: Box::pin(Announced::new(bytes, size)), size, modified })
            }
            FileReport::Refused(refusal) => Err(refused(refusal, path, limit)),
            FileReport::Written { .. } => Err(TransferError::Senseless.into()),
        }
    }

    /// Writes a file of a running sandbox.
    pub async fn write_file(
        &self,
        container: &str,
        path: &SandboxPath,
        limit: u64,
        bytes: FileBytes,
    ) -> Result<WrittenFile, AccessError> {
        let (output, input, running) = self.on_file(container, "write-file", path, limit).await?.into_parts();
        let mut answer = StreamReader::new(Box::pin(standard_output(output)));
        // It may say no before it has everything, and then takes no more.
        let mut answered = pin!(report(&mut answer, &running, FINISH_LIMIT));
        let sent = tokio::select! {
            biased;
            early = &mut answered => return written(early?, None, path, limit),
            sent = send(bytes, input, limit) => sent?,
        };
        written(answered.await?, sent, path, limit)
    }

    async fn on_file(
        &self,
        container: &str,
        verb: &str,
        path: &SandboxPath,
        limit: u64,
    ) -> Result<ExecOutput, TransferError> {
        let command = [GUEST_PATH, verb, path.as_str(), &limit.to_string()].map(str::to_owned);
        Ok(self.exec(container, command.to_vec(), false).await?)
    }
}

/// What a guest answers, of a file of which so many bytes were sent.
fn written(report: FileReport, sent: Option<u64>, path: &SandboxPath, limit: u64) -> Result<WrittenFile, AccessError> {
    match report {
        FileReport::Written { size, is_new } if Some(size) == sent => Ok(WrittenFile { size, is_new }),
        FileReport::Refused(refusal) => Err(refused(refusal, path, limit)),
        FileReport::Written { .. } | FileReport::Reading { .. } => Err(TransferError::Senseless.into()),
    }
}

fn refused(refusal: FileRefusal, path: &SandboxPath, limit: u64) -> AccessError {
    let refusal = match refusal {
        FileRefusal::TooLarge => return AccessError::TooLarge { limit },
        FileRefusal::System(words) => FileRefusal::System(quoted(&words)),
        other => other,
    };
    AccessError::File { path: path.clone(), refusal }
}

/// The guest's standard output; its standard error is for whoever looks for a fault.
fn standard_output(output: Output) -> impl Stream<Item = io::Result<bytes::Bytes>> + Send {
    output.filter_map(|piece| {
        ready(match piece {
            Ok(Piece::Out(bytes)) => Some(Ok(bytes)),
            Ok(Piece::Err(bytes)) => {
                let said = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
                tracing::debug!(said = quoted(&said), "a guest's words about a file");
                None
            }
            Err(error) => Some(Err(error)),
        })
    })
}

/// The line that a guest says first.
async fn report(
    bytes: &mut (impl AsyncBufRead + Unpin),
    running: &Running,
    limit: Duration,
) -> Result<FileReport, AccessError> {
    report_of(bytes, running.exit_status(), limit).await
}

/// The same, with the guest's exit status where it says nothing.
async fn report_of(
    bytes: &mut (impl AsyncBufRead + Unpin),
    status: impl Future<Output = Result<i64, bollard::errors::Error>>,
    limit: Duration,
) -> Result<FileReport, AccessError> {
    let mut line = Vec::new();
    let mut head = bytes.take(LONGEST_REPORT as u64);
    let Ok(read) = timeout(limit, head.read_until(b'\n', &mut line)).await else {
        return Err(AccessError::Busy("its guest does not answer"));
    };
    read.map_err(TransferError::from)?;
    if line.is_empty() {
        return Err(TransferError::Wordless(status.await.map_err(TransferError::from)?).into());
    }
    serde_json::from_slice(&line).map_err(|_| TransferError::Senseless.into())
}

/// Sends a file in pieces, and its end. Says how many bytes it had; none where the guest took no more of them, of which
/// it will have said the reason.
async fn send(
    mut bytes: FileBytes,
    mut input: impl AsyncWrite + Unpin,
    limit: u64,
) -> Result<Option<u64>, AccessError> {
    let mut piece = vec![0; LENGTH + PIECE];
    let mut sent = 0;
    loop {
        let length = bytes.read(&mut piece[LENGTH..]).await.map_err(AccessError::Cut)?;
        sent += length as u64;
        if sent > limit {
            return Err(AccessError::TooLarge { limit });
        }
        let announced = u32::try_from(length).unwrap_or(u32::MAX);
        piece[..LENGTH].copy_from_slice(&announced.to_be_bytes());
        let writing = async {
            input.write_all(&piece[..LENGTH + length]).await?;
            input.flush().await
        };
        match timeout(STALL_LIMIT, writing).await {
            Err(_) => return Err(AccessError::Busy("its guest takes no more bytes")),
            Ok(Err(_)) => return Ok(None),
            Ok(Ok(())) if length == 0 => return Ok(Some(sent)),
            Ok(Ok(())) => {}
        }
    }
}

/// Exactly as many bytes as were announced.
struct Announced<R> {
    bytes: Take<R>,
    /// Fires when none has come for too long.
    stall: Pin<Box<Sleep>>,
}

impl<R: AsyncRead + Unpin> Announced<R> {
    fn new(bytes: R, size: u64) -> Self {
        Self { bytes: bytes.take(size), stall: Box::pin(sleep(STALL_LIMIT)) }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Announced<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let left = self.bytes.limit();
        match Pin::new(&mut self.bytes).poll_read(context, into) {
            Poll::Ready(Ok(())) if left > 0 && self.bytes.limit() == left && into.remaining() > 0 => {
                Poll::Ready(Err(ErrorKind::UnexpectedEof.into()))
            }
            Poll::Ready(read) => {
                self.stall.as_mut().reset(Instant::now() + STALL_LIMIT);
                Poll::Ready(read)
            }
            Poll::Pending => self.stall.as_mut().poll(context).map(|()| Err(ErrorKind::TimedOut.into())),
        }
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;

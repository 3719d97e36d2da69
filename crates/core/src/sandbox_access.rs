//! What a server's clients may do with the sandbox of a session beside its tools: put files into it, take them out, and
//! look at its screen.

use std::pin::Pin;

use async_trait::async_trait;
use handspike_types::{FileRefusal, SessionId};
use thiserror::Error;
use tokio::io::AsyncRead;

use crate::{Fault, NoRoom, SandboxPath, SandboxWishes};

/// The bytes of a file, as they come.
pub type FileBytes = Pin<Box<dyn AsyncRead + Send>>;

/// The way into the sandboxes of many sessions. What comes out of one is not to be trusted.
#[async_trait]
pub trait SandboxAccess: Send + Sync {
    /// Reads a file. A sandbox that was stopped is started for it; a session without one is not given one.
    async fn read_file(&self, session: SessionId, path: &SandboxPath) -> Result<ReadFile, AccessError>;

    /// Writes a file, with the folders above it, making a sandbox where there is none. Either all of it is there
    /// afterwards or what was there before, also when the bytes end with an error.
    async fn write_file(
        &self,
        session: SessionId,
        wishes: &SandboxWishes,
        path: &SandboxPath,
        bytes: FileBytes,
    ) -> Result<WrittenFile, AccessError>;

    /// A picture of the whole screen, as PNG. A sandbox that was stopped is started for it.
    async fn screenshot(&self, session: SessionId) -> Result<Vec<u8>, AccessError>;

    /// How many bytes a file may have, to be read or written.
    fn file_limit(&self) -> u64;
}

/// A file that is being read.
pub struct ReadFile {
    /// Its bytes. Where they end before there are as many as `size` says, they end with an error.
    pub bytes: FileBytes,
    /// How many they are.
    pub size: u64,
    /// Nanoseconds from the Unix epoch to its last change.
    pub modified: i128,
}

/// A file that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its bytes.
    pub size: u64,
    /// Whether there was none before.
    pub is_new: bool,
}

/// Why there is no file or no picture.
#[derive(Debug, Error)]
pub enum AccessError {
    /// Nothing has needed a sandbox yet.
    #[error("the session has no sandbox yet; its first tool call or file makes one")]
    NoSandbox,
    /// The sandbox has no such file, or doesn't take it.
    #[error("`{path}`: {refusal}")]
    File {
        /// The path as it is in the sandbox.
        path: SandboxPath,
        /// What is wrong.
        refusal: FileRefusal,
    },
    /// The file is larger than the server takes or gives.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// The bytes to be written came to an end with an error.
    #[error("the file's bytes did not come to their end")]
    Cut(#[source] std::io::Error),
    /// There is nothing to be seen.
    #[error("there is no picture of the screen: {0}")]
    NoPicture(String),
    /// The sandbox takes too long.
    #[error("the sandbox is busy: {0}")]
    Busy(&'static str),
    /// No sandbox may run beside those that do.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The runtime or the sandbox failed.
    #[error(transparent)]
    Failed(#[from] Fault),
}

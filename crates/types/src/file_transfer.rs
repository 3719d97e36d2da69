//! What a guest and its host say to each other when a file goes into a sandbox or comes out of it. The guest is started
//! for each file, as `read-file PATH LIMIT` or `write-file PATH LIMIT`, and speaks over its standard streams.
//!
//! It says one line of JSON, a [`FileReport`]. Where that is `reading`, so many bytes follow it. A file to be written
//! comes in pieces, each after its length as four bytes, the most significant first; a piece without bytes is the end.
//! So the guest tells a file that is whole from one whose sender is gone.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of the longest piece.
pub const LONGEST_PIECE: u32 = 1 << 20;

/// Bytes that a report may have.
pub const LONGEST_REPORT: usize = 4096;

/// What a guest says of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileReport {
    /// It is there, and its bytes follow.
    Reading {
        /// How many they are.
        size: u64,
        /// When it was changed last: seconds from the Unix epoch, and nanoseconds from there.
        modified: (i64, u32),
    },
    /// It was written.
    Written {
        /// Its bytes.
        size: u64,
        /// Whether there was none before.
        is_new: bool,
    },
    /// It was not, or there is none to be read.
    Refused(FileRefusal),
}

/// Why a file is not read or written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRefusal {
    /// There is none.
    NotFound,
    /// It is a folder.
    IsFolder,
    /// It is a pipe, a device or a socket.
    NotRegular,
    /// What should be a folder above it is none.
    NotInFolder,
    /// The sandbox's user may not.
    Forbidden,
    /// It is larger than the limit.
    TooLarge,
    /// No space is left for it.
    NoSpace,
    /// Its sender was gone before the end.
    Cut,
    /// What the system says.
    System(String),
}

impl fmt::Display for FileRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "there is no such file",
            Self::IsFolder => "it is a folder",
            Self::NotRegular => "it is no regular file",
            Self::NotInFolder => "what is above it is no folder",
            Self::Forbidden => "the sandbox's user has no permission",
            Self::TooLarge => "it is too large",
            Self::NoSpace => "no space is left",
            Self::Cut => "its bytes did not come to their end",
            Self::System(words) => words,
        })
    }
}

impl std::error::Error for FileRefusal {}

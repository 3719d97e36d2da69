//! Opening a file: whether it is something to read or edit at all, and its bytes.
//!
//! The kind is checked before the file is opened, because opening a FIFO waits for its writer and opening a
//! device may do something; and again on the open file, because the path may have changed hands in between.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::fs::OFlags;

use crate::{
    error::EditError,
    place::{Place, Roots},
};

/// What the file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Opening for writing asks the kernel whether the edit is allowed, before any of it is done.
    Edit,
}

/// A regular file and all its bytes.
#[derive(Debug)]
pub(crate) struct OpenFile {
    /// Where it really is.
    pub(crate) place: Place,
    /// The open file.
    pub(crate) handle: File,
    /// What it was like before it was read.
    pub(crate) metadata: Metadata,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
}

impl OpenFile {
    /// Opens and reads a file of up to `limit` bytes.
    pub(crate) fn open(path: &Path, roots: &Roots, access: Access, limit: u64) -> Result<Self, EditError> {
        let place = Place::find(path, roots)?;
        check_kind(path, &fs::symlink_metadata(place.reach()).map_err(EditError::io("look at", path))?)?;
        let handle = OpenOptions::new()
            .read(true)
            .write(access == Access::Edit)
            .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits().cast_signed())
            .open(place.reach())
            .map_err(EditError::io(access.in_words(), path))?;
        let metadata = handle.metadata().map_err(EditError::io("look at", path))?;
        check_kind(path, &metadata)?;
        let content = read(path, &handle, metadata.len(), limit)?;
        Ok(Self { place, handle, metadata, content })
    }

    /// Whether the path still leads to the file as it was read.
    pub(crate) fn is_unchanged(&self) -> io::Result<bool> {
        let now = fs::symlink_metadata(self.place.reach())?;
        let facts =
            |of: &Metadata| (of.dev(), of.ino(), of.len(), of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec());
        Ok(facts(&now) == facts(&self.metadata))
    }
}

impl Access {
    fn in_words(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "open for editing",
        }
    }
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), EditError> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(EditError::IsFolder { path: path.to_owned() });
    }
    let kind = if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(EditError::Special { path: path.to_owned(), kind })
}

/// Reads to the end whatever the size says: files of `/proc` are longer than the 0 bytes they claim.
fn read(path: &Path, handle: &File, size: u64, limit: u64) -> Result<Vec<u8>, EditError> {
    let too_large = |size| EditError::TooLarge { path: path.to_owned(), size, limit };
    if size > limit {
        return Err(too_large(size));
    }
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    handle.take(limit + 1).read_to_end(&mut content).map_err(EditError::io("read", path))?;
    if content.len() as u64 > limit {
        return Err(too_large(content.len() as u64));
    }
    Ok(content)
}

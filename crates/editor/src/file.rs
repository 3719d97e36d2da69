//! Opening a file: what a path leads to, and whether it is something to read or edit at all.
//!
//! The kind is checked before the file is opened, because opening a FIFO waits for its writer and opening a
//! device may do something; and again on the open file, because the path may have changed hands in between.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use crate::error::EditError;

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
    /// Where it really is, symlinks resolved.
    pub(crate) path: PathBuf,
    /// The open file.
    pub(crate) handle: File,
    /// What it was like before it was read.
    pub(crate) metadata: Metadata,
    /// Its bytes.
    pub(crate) content: Vec<u8>,
}

impl OpenFile {
    /// Opens and reads a file of up to `limit` bytes.
    pub(crate) fn open(path: &Path, access: Access, limit: u64) -> Result<Self, EditError> {
        check_kind(path, &fs::metadata(path).map_err(missing_or_hidden(path))?)?;
        let resolved = resolve(path)?;
        let handle = OpenOptions::new()
            .read(true)
            .write(access == Access::Edit)
            .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
            .open(&resolved)
            .map_err(EditError::io(access.in_words(), path))?;
        let metadata = handle.metadata().map_err(EditError::io("look at", path))?;
        check_kind(path, &metadata)?;
        let content = read(path, &handle, metadata.len(), limit)?;
        Ok(Self { path: resolved, handle, metadata, content })
    }

    /// Whether the path still leads to the file as it was read.
    pub(crate) fn is_unchanged(&self) -> io::Result<bool> {
        let now = fs::symlink_metadata(&self.path)?;
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

/// The path with its symlinks resolved.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, EditError> {
    fs::canonicalize(path).map_err(missing_or_hidden(path))
}

fn missing_or_hidden(path: &Path) -> impl FnOnce(io::Error) -> EditError {
    move |error| match error.kind() {
        io::ErrorKind::NotFound => not_found(path),
        _ => EditError::io("look at", path)(error),
    }
}

fn not_found(path: &Path) -> EditError {
    match fs::read_link(path) {
        Ok(target) => {
            let target = path.parent().unwrap_or(path).join(target);
            EditError::DanglingLink { path: path.to_owned(), target }
        }
        Err(_) => {
            let closest_folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
            EditError::NotFound { path: path.to_owned(), closest_folder: closest_folder.to_owned() }
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

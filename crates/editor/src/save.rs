//! Writing a file so that a crash leaves the old content or the new one.
//!
//! The new content goes to a temporary file in the same folder, which gets the old file's attributes, is
//! flushed to the disk and then renamed over it. That is not possible for a file with hard links, which would
//! part from its other names; for one that is mounted by itself, as `/etc/hosts` is in a container; in a folder
//! where no file may be made; and for an owner or attribute that only another user could give. Such a file is
//! written in place: it stays the same file with all it has, room for it is reserved first so that a full disk
//! is noticed while it is still whole, but a crash in the middle leaves a mixture. Refusing would only send the
//! model to its shell, which writes in place as well and reserves nothing.

use std::{
    fs::{File, Permissions},
    io::{self, Write},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt},
    path::Path,
};

use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};
use tempfile::NamedTempFile;

use crate::{attributes, error::EditError, file::OpenFile};

/// Whether a file could be replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replacement {
    Done,
    Impossible,
}

/// Writes `content` to a file that was opened for editing.
pub(crate) fn over(file: &OpenFile, content: &[u8]) -> Result<(), EditError> {
    if file.metadata.nlink() == 1 && replace(file, content)? == Replacement::Done {
        return Ok(());
    }
    check_unchanged(file)?;
    overwrite(&file.handle, content).map_err(EditError::io("write", &file.path))
}

/// Writes `content` to a path that must not exist, though its folder does.
pub(crate) fn new(path: &Path, content: &[u8]) -> Result<(), EditError> {
    let write = || {
        let mut temporary = temporary_beside(path, 0o666)?;
        fill(&mut temporary, content)?;
        temporary.persist_noclobber(path)?;
        Ok(())
    };
    write().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => EditError::Exists { path: path.to_owned() },
        _ => EditError::io("write", path)(error),
    })?;
    flush_folder(path);
    Ok(())
}

fn replace(file: &OpenFile, content: &[u8]) -> Result<Replacement, EditError> {
    let failed = |error| EditError::io("write", &file.path)(error);
    let mut temporary = match temporary_beside(&file.path, 0o600) {
        Ok(temporary) => temporary,
        Err(error) if is_forbidden(&error) => return Ok(Replacement::Impossible),
        Err(error) => return Err(failed(error)),
    };
    if attributes::carry_over(&file.handle, &file.metadata, temporary.as_file()).is_err() {
        return Ok(Replacement::Impossible);
    }
    fill(&mut temporary, content).map_err(failed)?;
    check_unchanged(file)?;
    match temporary.persist(&file.path) {
        Ok(_) => flush_folder(&file.path),
        Err(refused) if is_forbidden(&refused.error) => return Ok(Replacement::Impossible),
        Err(refused) => return Err(failed(refused.error)),
    }
    Ok(Replacement::Done)
}

fn temporary_beside(path: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    tempfile::Builder::new().prefix(".handspike-").permissions(Permissions::from_mode(mode)).tempfile_in(folder)
}

fn fill(temporary: &mut NamedTempFile, content: &[u8]) -> io::Result<()> {
    temporary.write_all(content)?;
    temporary.as_file().sync_all()
}

/// A rename counts only once its folder is on the disk. A folder that may not be read cannot be flushed, and
/// the edit is done all the same.
fn flush_folder(path: &Path) {
    let _ = path.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
}

/// Whether a file beside the old one, or its renaming, is out of the question, while writing it may not be.
fn is_forbidden(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    [CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy].contains(&error.kind())
}

fn check_unchanged(file: &OpenFile) -> Result<(), EditError> {
    match file.is_unchanged() {
        Ok(true) => Ok(()),
        Ok(false) => Err(EditError::ChangedMeanwhile { path: file.path.clone() }),
        Err(error) => Err(EditError::io("look at", &file.path)(error)),
    }
}

fn overwrite(file: &File, content: &[u8]) -> io::Result<()> {
    let length = content.len() as u64;
    // Not every file system can reserve; there a full disk shows itself in the write.
    if length > 0
        && let Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) =
            fallocate(file, FallocateFlags::KEEP_SIZE, 0, length)
    {
        return Err(error.into());
    }
    file.write_all_at(content, 0)?;
    file.set_len(length)?;
    file.sync_all()
}

#[cfg(test)]
#[path = "save_tests.rs"]
mod tests;

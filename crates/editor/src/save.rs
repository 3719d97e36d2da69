//! Writing a file so that a crash leaves the old content or the new one.
//!
//! The new content goes to a temporary file in the same folder, which gets the old file's attributes, is
//! flushed to the disk and then renamed over it. That is not possible for a file with hard links, which would
//! part from its other names; for one that is mounted by itself, as `/etc/hosts` is in a container; in a folder
//! where no file may be made; and for an owner or attribute that only another user could give. Such a file is
//! written in place: it stays the same file with all it has, room for it is reserved first so that a full disk
//! is noticed while it is still whole, but a crash in the middle leaves a mixture. Refusing would only send the
//! model to its shell, which writes in place as well and reserves nothing.
//!
//! The folder is not flushed after the renaming. A power failure within the next seconds may then bring the old
//! file back, whole, and with it what the undo journal says of it; to wait for the disk a second time at every
//! edit is more than that is worth.
//!
//! The caller's note of the edit is written by a second thread while the content is: the two are independent,
//! both wait for the disk, and a file system commits them together. Nothing takes the old file's place before
//! both are there.

use std::{
    fs::{Metadata, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    panic, thread,
};

use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};
use tempfile::NamedTempFile;

use crate::{
    attributes,
    error::EditError,
    file::OpenFile,
    journal::Journal,
    place::{Folder, Place},
};

/// How the names of temporary files begin.
pub(crate) const TEMPORARY_PREFIX: &str = ".handspike-";

/// Whether a file could be replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replacement {
    Done,
    Impossible,
}

/// Writes `content` to a file that was opened for editing. `note` is done before the file changes.
pub(crate) fn over(
    file: &OpenFile,
    content: &[u8],
    journal: &mut Journal,
    note: impl FnOnce(&mut Journal) + Send,
) -> Result<(), EditError> {
    let mut note = Some(note);
    if file.metadata.nlink() == 1 && replace(file, content, journal, &mut note)? == Replacement::Done {
        return Ok(());
    }
    check_unchanged(file)?;
    if let Some(note) = note.take() {
        note(journal);
    }
    overwrite(file, content).map_err(EditError::io("write", &file.place.path))
}

/// Writes `content` to a place where nothing may be yet. `note` is done before there is something.
pub(crate) fn new(
    place: &Place,
    content: &[u8],
    journal: &mut Journal,
    note: impl FnOnce(&mut Journal) + Send,
) -> Result<(), EditError> {
    let write = || {
        let mut temporary = temporary_in(&place.folder, 0o666, journal)?;
        fill(&mut temporary, content, None, journal, &mut Some(note))?;
        temporary.persist_noclobber(place.reach())?;
        Ok(())
    };
    write().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => EditError::Exists { path: place.path.clone() },
        _ => EditError::io("write", &place.path)(error),
    })
}

fn replace(
    file: &OpenFile,
    content: &[u8],
    journal: &mut Journal,
    note: &mut Option<impl FnOnce(&mut Journal) + Send>,
) -> Result<Replacement, EditError> {
    let place = &file.place;
    let failed = |error| EditError::io("write", &place.path)(error);
    let mut temporary = match temporary_in(&place.folder, 0o600, journal) {
        Ok(temporary) => temporary,
        Err(error) if is_forbidden(&error) => return Ok(Replacement::Impossible),
        Err(error) => return Err(failed(error)),
    };
    if attributes::carry_over(&file.handle, &file.metadata, temporary.as_file()).is_err() {
        return Ok(Replacement::Impossible);
    }
    fill(&mut temporary, content, Some(&file.metadata), journal, note).map_err(failed)?;
    check_unchanged(file)?;
    match temporary.persist(place.reach()) {
        Ok(_) => Ok(Replacement::Done),
        Err(refused) if is_forbidden(&refused.error) => Ok(Replacement::Impossible),
        Err(refused) => Err(failed(refused.error)),
    }
}

/// A temporary file, of which the journal knows before it is there: whoever finds one after a kill removes it.
fn temporary_in(folder: &Folder, mode: u32, journal: &Journal) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(TEMPORARY_PREFIX).make_in(folder.reach(), |path| {
        journal.note_temporary(&folder.path.join(path.file_name().unwrap_or_default()));
        OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)
    })
}

/// Writes the content to a temporary file, which then has the mode of the file whose place it takes, if any.
fn fill(
    temporary: &mut NamedTempFile,
    content: &[u8],
    replaced: Option<&Metadata>,
    journal: &mut Journal,
    note: &mut Option<impl FnOnce(&mut Journal) + Send>,
) -> io::Result<()> {
    let mut noting = || {
        if let Some(note) = note.take() {
            note(journal);
        }
    };
    let filled = thread::scope(|scope| {
        let second = thread::Builder::new().spawn_scoped(scope, &mut noting);
        let mut write = || {
            // Its file alone, for an error of the whole names a file that nobody asked for.
            temporary.as_file_mut().write_all(content)?;
            if let Some(replaced) = replaced {
                attributes::restore_mode(replaced, temporary.as_file())?;
            }
            temporary.as_file().sync_all()
        };
        let filled = write();
        if let Ok(Err(panicked)) = second.map(thread::ScopedJoinHandle::join) {
            panic::resume_unwind(panicked);
        }
        filled
    });
    // Without a second thread, as where no more processes are allowed, the note has not been made yet.
    noting();
    filled
}

/// Whether a file beside the old one, or its renaming, is out of the question, while writing it may not be.
fn is_forbidden(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    [CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy].contains(&error.kind())
}

fn check_unchanged(file: &OpenFile) -> Result<(), EditError> {
    match file.is_unchanged() {
        Ok(true) => Ok(()),
        Ok(false) => Err(EditError::ChangedMeanwhile { path: file.place.path.clone() }),
        Err(error) => Err(EditError::io("look at", &file.place.path)(error)),
    }
}

fn overwrite(opened: &OpenFile, content: &[u8]) -> io::Result<()> {
    let file = &opened.handle;
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
    match attributes::restore_mode(&opened.metadata, file) {
        // Somebody else's file: the kernel has taken the bits off, and only its owner may set them again.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        restored => restored?,
    }
    file.sync_all()
}

#[cfg(test)]
#[path = "save_tests.rs"]
mod tests;

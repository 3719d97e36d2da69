//! The journal's folder: a file for each entry, and one that says who uses the folder and for what.
//!
//! An entry's file is named by its number and by whether its edit is known to have happened, so that a mark
//! costs a renaming and a damaged file harms no other. `in-use` is locked by the process that works with the
//! folder, which the kernel undoes however the process ends; it holds the path of the temporary file that a save
//! has under way, which whoever finds the folder next removes. `forgotten` holds how many entries were given up
//! for lack of room.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::{
    entry::{Heading, Standing},
    format::{self, HEADING_LIMIT},
};
use crate::save::TEMPORARY_PREFIX;

const IN_USE: &str = "in-use";
const FORGOTTEN: &str = "forgotten";
const DONE: &str = "done";
const UNCERTAIN: &str = "uncertain";
/// Digits of a number in a name, so that every number has one name only.
const DIGITS: usize = 20;

/// A folder that this process alone works with.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    in_use: File,
    next: u64,
}

/// An entry's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u64);

/// What a folder held.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of the edits.
    pub(crate) entries: Vec<(Number, Standing, Heading)>,
    /// Entries that were no longer as they were written, and were removed.
    pub(crate) damaged: usize,
    /// Entries given up for lack of room, ever.
    pub(crate) forgotten: u64,
}

impl Store {
    /// Takes a folder into use, which is made if it is not there, and reads what it holds.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Found)> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let folder = fs::canonicalize(folder)?;
        let metadata = fs::metadata(&folder)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        if metadata.mode() & 0o777 != 0o700 {
            fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        }
        let in_use = private().read(true).write(true).create(true).truncate(false).open(folder.join(IN_USE))?;
        in_use.try_lock().map_err(|_| io::Error::new(io::ErrorKind::ResourceBusy, "another editor works with it"))?;
        let mut store = Self { folder, in_use, next: 1 };
        store.clear_up()?;
        let found = store.find()?;
        Ok((store, found))
    }

    /// Writes an entry, which any process finds afterwards, also when this one is killed. It is not flushed to the disk,
    /// which would double what an edit costs: a failure of the machine may take the undo with it, and an entry that is
    /// then damaged, or missing before later edits, is known by its hashes and never used.
    pub(crate) fn write(&mut self, heading: &Heading, parts: &[&[u8]]) -> io::Result<Number> {
        let number = Number(self.next);
        self.next = self.next.saturating_add(1);
        let path = self.path(number, Standing::Uncertain);
        let mut file = private().write(true).create_new(true).open(&path)?;
        let mut fill = || {
            file.write_all(&format::encode(heading))?;
            parts.iter().try_for_each(|part| file.write_all(part))
        };
        fill().inspect_err(|_| self.remove(number, Standing::Uncertain))?;
        Ok(number)
    }

    /// Reads the bytes of an entry.
    pub(crate) fn read(&self, number: Number, standing: Standing, heading: &Heading) -> io::Result<Vec<u8>> {
        let mut file = private().read(true).open(self.path(number, standing))?;
        file.seek(SeekFrom::Start(format::encode(heading).len() as u64))?;
        // One more than there should be, so that a file that has grown is noticed and not read to its end.
        let limit = heading.length().unwrap_or_default().saturating_add(1);
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Notes whether an edit is known to have happened. Not synced: a crash of the machine that loses the note
    /// leaves an entry that is doubted, and the file itself resolves the doubt.
    pub(crate) fn mark(&self, number: Number, from: Standing, to: Standing) -> io::Result<()> {
        fs::rename(self.path(number, from), self.path(number, to))
    }

    /// Removes an entry. One that can't be removed is found again after a restart and harms nobody: the hash
    /// says that the file is not as it left it.
    pub(crate) fn remove(&self, number: Number, standing: Standing) {
        let _ = fs::remove_file(self.path(number, standing));
    }

    /// Notes the temporary file that a save is about to fill. Only tidiness depends on it.
    pub(crate) fn note_temporary(&self, path: &Path) {
        let _ = self.in_use.write_all_at(path.as_os_str().as_bytes(), 0);
    }

    /// The save has come to its end, and its temporary file with it.
    pub(crate) fn forget_temporary(&self) {
        let _ = self.in_use.set_len(0);
    }

    /// Notes how many entries were given up. It only words an answer, so a note that is lost is no failure.
    pub(crate) fn note_forgotten(&self, count: u64) {
        let note = private().write(true).create(true).truncate(true).open(self.folder.join(FORGOTTEN));
        let _ = note.and_then(|mut note| note.write_all(count.to_string().as_bytes()));
    }

    fn path(&self, number: Number, standing: Standing) -> PathBuf {
        let standing = match standing {
            Standing::Done => DONE,
            Standing::Uncertain => UNCERTAIN,
        };
        self.folder.join(format!("{:0DIGITS$}.{standing}", number.0))
    }

    /// Removes the temporary file that a process left when it was killed.
    fn clear_up(&self) -> io::Result<()> {
        let mut path = Vec::new();
        (&self.in_use).take(HEADING_LIMIT as u64).read_to_end(&mut path)?;
        let path = Path::new(OsStr::from_bytes(&path));
        let is_ours = path.file_name().is_some_and(|name| name.as_bytes().starts_with(TEMPORARY_PREFIX.as_bytes()));
        if is_ours && path.is_absolute() && !path.as_os_str().as_bytes().contains(&0) {
            let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
            let _ = if is_file { fs::remove_file(path) } else { Ok(()) };
        }
        self.in_use.set_len(0)
    }

    fn find(&mut self) -> io::Result<Found> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().to_str().and_then(parse_name));
        }
        names.sort_unstable_by_key(|(number, _)| *number);
        let mut found = Found { forgotten: self.forgotten(), ..Found::default() };
        for (number, standing) in names {
            self.next = self.next.max(number.0.saturating_add(1));
            match self.heading(number, standing) {
                Some(heading) => found.entries.push((number, standing, heading)),
                None => {
                    // Torn while it was being written: then its edit had not begun, and nothing is lost.
                    found.damaged += usize::from(standing == Standing::Done);
                    self.remove(number, standing);
                }
            }
        }
        Ok(found)
    }

    fn forgotten(&self) -> u64 {
        let mut text = String::new();
        let note = private().read(true).open(self.folder.join(FORGOTTEN));
        let read = note.and_then(|note| note.take(DIGITS as u64).read_to_string(&mut text));
        read.ok().and_then(|_| text.parse().ok()).unwrap_or_default()
    }

    fn heading(&self, number: Number, standing: Standing) -> Option<Heading> {
        let file = private().read(true).open(self.path(number, standing)).ok()?;
        let size = file.metadata().ok().filter(|metadata| metadata.is_file())?.len();
        let mut bytes = Vec::new();
        file.take(HEADING_LIMIT as u64).read_to_end(&mut bytes).ok()?;
        let (heading, length) = format::decode(&bytes)?;
        (heading.length()?.checked_add(length as u64)? == size).then_some(heading)
    }
}

/// For files that nobody else may read, and that are no links to elsewhere. A FIFO in their place is not waited
/// for.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    options
}

fn parse_name(name: &str) -> Option<(Number, Standing)> {
    let (number, standing) = name.split_once('.')?;
    let standing = match standing {
        DONE => Standing::Done,
        UNCERTAIN => Standing::Uncertain,
        _ => return None,
    };
    let is_number = number.len() == DIGITS && number.bytes().all(|digit| digit.is_ascii_digit());
    Some((Number(number.parse().ok().filter(|_| is_number)?), standing))
}

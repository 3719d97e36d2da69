//! One file out of the sandbox or into it, for the host: `read-file` and `write-file`. What is said meanwhile stands in
//! `handspike_types::file_transfer`.
//!
//! It runs as the sandbox's user, so it reads and writes what that user may, and follows the links that there are.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::AsFd as _,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use handspike_types::{
    FileRefusal, FileReport,
    file_transfer::{LONGEST_PIECE, LONGEST_REPORT},
};
use nix::{errno::Errno, libc};

/// How the names of files begin that are not whole yet.
const UNFINISHED: &str = ".handspike-";

/// How often a name is tried that something else has.
const ATTEMPTS: usize = 8;

/// Says what there is of a file, and then the file.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<()> {
    let mut out = standard_output()?;
    match open(path, limit) {
        Ok((file, size, modified)) => {
            report(&mut out, &FileReport::Reading { size, modified })?;
            // No more than was announced. Where there is less by now, the host sees that some is missing.
            io::copy(&mut file.take(size), &mut out).map(drop)
        }
        Err(refusal) => report(&mut out, &FileReport::Refused(refusal)),
    }
}

/// Writes a file from the pieces that come, and says what came of it.
pub(crate) fn write(path: &Path, limit: u64) -> io::Result<()> {
    let answer = match write_from(&mut io::stdin().lock(), path, limit) {
        Ok((size, is_new)) => FileReport::Written { size, is_new },
        Err(refusal) => FileReport::Refused(refusal),
    };
    report(&mut standard_output()?, &answer)
}

/// The standard output without the buffer that the library puts before it.
fn standard_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn report(out: &mut impl Write, report: &FileReport) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    if line.len() >= LONGEST_REPORT {
        return Err(io::Error::other("the report is too long"));
    }
    line.push(b'\n');
    out.write_all(&line)
}

type Modified = (i64, u32);

fn open(path: &Path, limit: u64) -> Result<(File, u64, Modified), FileRefusal> {
    // A pipe that nobody writes to would be waited for.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    let file = file.map_err(|error| refusal(&error))?;
    let about = file.metadata().map_err(|error| refusal(&error))?;
    check_kind(&about)?;
    if about.len() > limit {
        return Err(FileRefusal::TooLarge);
    }
    let nanoseconds = u32::try_from(about.mtime_nsec()).unwrap_or_default();
    Ok((file, about.len(), (about.mtime(), nanoseconds)))
}

fn write_from(pieces: &mut impl Read, path: &Path, limit: u64) -> Result<(u64, bool), FileRefusal> {
    let goal = Goal::of(path)?;
    let mut unfinished = Unfinished::beside(&goal)?;
    let size = unfinished.fill(pieces, limit)?;
    unfinished.take_the_place(&goal)?;
    Ok((size, goal.replaced.is_none()))
}

/// The place that a file is to have, links resolved.
struct Goal {
    path: PathBuf,
    /// The mode of the file that is there, if one is.
    replaced: Option<u32>,
}

impl Goal {
    fn of(path: &Path) -> Result<Self, FileRefusal> {
        match fs::canonicalize(path) {
            Ok(path) => {
                let about = fs::metadata(&path).map_err(|error| refusal(&error))?;
                check_kind(&about)?;
                Ok(Self { path, replaced: Some(about.mode() & 0o777) })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(Path::new("/"));
                fs::create_dir_all(folder).map_err(|error| match error.kind() {
                    ErrorKind::AlreadyExists => FileRefusal::NotInFolder,
                    _ => refusal(&error),
                })?;
                Ok(Self { path: path.to_owned(), replaced: None })
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => Err(FileRefusal::NotInFolder),
            Err(error) => Err(refusal(&error)),
        }
    }
}

/// A file that is not whole yet. It is removed unless it takes the place that it is for.
struct Unfinished {
    file: File,
    path: Option<PathBuf>,
}

impl Unfinished {
    fn beside(goal: &Goal) -> Result<Self, FileRefusal> {
        let folder = goal.path.parent().unwrap_or(Path::new("/"));
        let mode = if goal.replaced.is_some() { 0o600 } else { 0o666 };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let path = folder.join(format!("{UNFINISHED}{}", random_name().map_err(|error| refusal(&error))?));
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => return Ok(Self { file, path: Some(path) }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists && attempts < ATTEMPTS => {}
                Err(error) => return Err(refusal(&error)),
            }
        }
    }

    /// Writes the pieces, and says how many bytes they were.
    fn fill(&mut self, pieces: &mut impl Read, limit: u64) -> Result<u64, FileRefusal> {
        let mut size = 0;
        loop {
            let mut length = [0; 4];
            pieces.read_exact(&mut length).map_err(|_| FileRefusal::Cut)?;
            let length = match u32::from_be_bytes(length) {
                0 => return Ok(size),
                length @ 1..=LONGEST_PIECE => u64::from(length),
                _ => return Err(FileRefusal::System("a piece is too long".to_owned())),
            };
            size += length;
            if size > limit {
                return Err(FileRefusal::TooLarge);
            }
            let copied = io::copy(&mut pieces.take(length), &mut self.file).map_err(|error| refusal(&error))?;
            if copied < length {
                return Err(FileRefusal::Cut);
            }
        }
    }

    fn take_the_place(&mut self, goal: &Goal) -> Result<(), FileRefusal> {
        let finish = || {
            if let Some(mode) = goal.replaced {
                self.file.set_permissions(Permissions::from_mode(mode))?;
            }
            self.file.sync_all()?;
            match &self.path {
                Some(path) => fs::rename(path, &goal.path),
                None => Ok(()),
            }
        };
        finish().map_err(|error| refusal(&error))?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // What can't be removed was moved by somebody else, or its folder is gone.
            let _ = fs::remove_file(path);
        }
    }
}

fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

fn check_kind(about: &fs::Metadata) -> Result<(), FileRefusal> {
    if about.is_dir() {
        return Err(FileRefusal::IsFolder);
    }
    if about.is_file() { Ok(()) } else { Err(FileRefusal::NotRegular) }
}

fn refusal(error: &io::Error) -> FileRefusal {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileRefusal::NotFound,
        ErrorKind::IsADirectory => FileRefusal::IsFolder,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FileRefusal::Forbidden,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileRefusal::NoSpace,
        _ if error.raw_os_error() == Some(Errno::ENXIO as i32) => FileRefusal::NotRegular,
        _ => FileRefusal::System(error.to_string()),
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;

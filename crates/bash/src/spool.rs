//! The whole raw output of a call in a file, for when an answer shows only part of it. Of all such files that this process
//! wrote, the latest are kept, up to a number of bytes and of files.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    mem,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::config::SpoolLimits;

/// Holds the beginning in memory, and opens a file when there is more.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// Up to here nothing is written, as the answer shows it all.
    threshold: usize,
    limits: SpoolLimits,
    written: u64,
    complete: bool,
    state: State,
}

/// The files that answers have named, the oldest first, and their lengths. It is one list for all shells, as they
/// fill one disk.
static KEPT: Mutex<VecDeque<(PathBuf, u64)>> = Mutex::new(VecDeque::new());

#[derive(Debug)]
enum State {
    Held(Vec<u8>),
    Open { file: File, path: PathBuf },
    Failed(io::Error),
}

/// Where the whole output is.
#[derive(Debug)]
pub(crate) enum Spooled {
    All(PathBuf),
    /// Only this many of the first bytes.
    First(u64, PathBuf),
    Nowhere(io::Error),
}

impl Spool {
    pub(crate) fn new(folder: &Path, threshold: usize, limits: SpoolLimits) -> Self {
        let state = State::Held(Vec::new());
        Self { folder: folder.to_owned(), threshold, limits, written: 0, complete: true, state }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if let State::Held(held) = &mut self.state {
            held.extend_from_slice(bytes);
            if held.len() > self.threshold {
                self.open();
            }
        } else {
            self.write(bytes);
        }
    }

    /// Keeps the file and tells of it.
    pub(crate) fn keep(mut self) -> Spooled {
        if matches!(self.state, State::Held(_)) {
            self.open();
        }
        if let State::Open { path, .. } = &self.state {
            let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            keep_the_latest(&mut kept, path.clone(), self.written, self.limits);
        }
        match self.state {
            State::Open { path, .. } if self.complete => Spooled::All(path),
            State::Open { path, .. } => Spooled::First(self.written, path),
            State::Failed(error) => Spooled::Nowhere(error),
            State::Held(_) => Spooled::Nowhere(io::ErrorKind::NotFound.into()),
        }
    }

    /// Removes the file, if there is one.
    pub(crate) fn discard(self) {
        if let State::Open { path, .. } = self.state {
            let _ = fs::remove_file(path);
        }
    }

    fn open(&mut self) {
        match create(&self.folder) {
            Ok((file, path)) => {
                let held = mem::replace(&mut self.state, State::Open { file, path });
                if let State::Held(held) = held {
                    self.write(&held);
                }
            }
            Err(error) => self.state = State::Failed(error),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let State::Open { file, path } = &mut self.state else { return };
        let room = usize::try_from(self.limits.file - self.written).unwrap_or(usize::MAX);
        let bytes = if bytes.len() > room {
            self.complete = false;
            &bytes[..room]
        } else {
            bytes
        };
        match file.write_all(bytes) {
            Ok(()) => self.written += bytes.len() as u64,
            Err(error) => {
                let _ = fs::remove_file(path);
                self.state = State::Failed(error);
            }
        }
    }
}

fn create(folder: &Path) -> io::Result<(File, PathBuf)> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("bash-output-{}-{number}.txt", process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Adds a file to the kept ones, and removes the oldest for which there is no more room.
fn keep_the_latest(kept: &mut VecDeque<(PathBuf, u64)>, path: PathBuf, length: u64, limits: SpoolLimits) {
    kept.push_back((path, length));
    let mut total: u64 = kept.iter().map(|(_, length)| length).sum();
    while kept.len() > 1 && (total > limits.total || kept.len() > limits.files) {
        let Some((oldest, length)) = kept.pop_front() else { break };
        total -= length;
        // Whoever has removed it already has done the same.
        let _ = fs::remove_file(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_go_when_there_are_too_many_or_too_much_of_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut kept = VecDeque::new();
        let mut keep = |name: &str, length: u64, total: u64| {
            let path = folder.path().join(name);
            fs::write(&path, "").expect("a file");
            keep_the_latest(&mut kept, path, length, SpoolLimits { file: 100, total, files: 3 });
            let mut left: Vec<_> = fs::read_dir(folder.path())
                .expect("the folder")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect();
            left.sort();
            left.join(" ")
        };
        keep("a", 10, 1000);
        assert_eq!(keep("b", 10, 1000), "a b");
        keep("c", 10, 1000);
        assert_eq!(keep("d", 10, 1000), "b c d");
        assert_eq!(keep("e", 100, 115), "d e");
        assert_eq!(keep("f", 500, 115), "f");
    }
}

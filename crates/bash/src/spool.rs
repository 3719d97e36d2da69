//! The whole raw output of a call in a file, for when an answer shows only part of it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    mem,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Holds the beginning in memory, and opens a file when there is more.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// Up to here nothing is written, as the answer shows it all.
    threshold: usize,
    limit: u64,
    written: u64,
    complete: bool,
    state: State,
}

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
    pub(crate) fn new(folder: &Path, threshold: usize, limit: u64) -> Self {
        let state = State::Held(Vec::new());
        Self { folder: folder.to_owned(), threshold, limit, written: 0, complete: true, state }
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
        let room = usize::try_from(self.limit - self.written).unwrap_or(usize::MAX);
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

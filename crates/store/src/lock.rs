//! One process has a SQLite store: it holds a lock on a file beside it, which the system lets go of when the process ends,
//! however it ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::{OpenError, location::beside};

/// Held as long as the store is open.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a database.
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, ".lock");
        let failed = |source| OpenError::File { path: path.clone(), source };
        let mut file = private().open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Only for the message, and perhaps not yet written.
                let _ = file.take(20).read_to_string(&mut process);
                let process = process.trim();
                let process = if process.is_empty() { "unknown" } else { process }.to_owned();
                return Err(OpenError::InUse { file: database.to_owned(), process });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Opens for reading and writing, making a missing file for its owner only: conversations are nobody else's.
fn private() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// Makes a file where there is none.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    private().open(path).map(drop)
}

/// Makes a folder for its owner only, and those above it, where they are missing.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

//! Where a path leads, and whether that is inside the folders that the editor is confined to.
//!
//! Symlinks are resolved first. What is found is compared with the roots, and when there are any, its folder is
//! then held open and everything further goes through that handle: whoever exchanges a folder or a symlink
//! meanwhile does not lead the editor elsewhere. Without roots the resolved path is used as it is.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::{Component, Path, PathBuf},
};

use rustix::fs::OFlags;

use crate::error::EditError;

/// Bytes of the longest path and of the longest name in one.
const PATH_LIMIT: usize = 4095;
const NAME_LIMIT: usize = 255;

/// The only folders that may be seen and changed, or none, which is all of them.
#[derive(Debug)]
pub(crate) struct Roots {
    named: Vec<PathBuf>,
    resolved: Vec<PathBuf>,
}

/// A folder, symlinks resolved.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// Held where the editor is confined.
    handle: Option<OwnedFd>,
}

/// A file that is there or is to be made: a name in a folder.
#[derive(Debug)]
pub(crate) struct Place {
    /// Symlinks resolved.
    pub(crate) path: PathBuf,
    pub(crate) folder: Folder,
    name: OsString,
}

impl Roots {
    pub(crate) fn new(named: &[PathBuf]) -> Self {
        // One that is not there has nothing below it either.
        let resolved = named.iter().filter_map(|root| fs::canonicalize(root).ok()).collect();
        Self { named: named.to_vec(), resolved }
    }

    fn are_set(&self) -> bool {
        !self.named.is_empty()
    }

    fn check(&self, path: &Path, resolved: &Path) -> Result<(), EditError> {
        if !self.are_set() || self.resolved.iter().any(|root| resolved.starts_with(root)) {
            return Ok(());
        }
        Err(EditError::OutsideRoots { path: path.to_owned(), roots: self.named.clone() })
    }

    /// The path of something that is there.
    fn resolve(&self, path: &Path) -> Result<PathBuf, EditError> {
        match fs::canonicalize(path) {
            Ok(resolved) => self.check(path, &resolved).map(|()| resolved),
            Err(error) => {
                // What there is outside of the roots is not told by the kind of an error either.
                let folder = path.ancestors().skip(1).find_map(|folder| fs::canonicalize(folder).ok());
                self.check(path, &folder.unwrap_or_default())?;
                Err(EditError::unresolved(path, error))
            }
        }
    }
}

impl Folder {
    /// The folder that a path leads to.
    pub(crate) fn find(path: &Path, roots: &Roots) -> Result<Self, EditError> {
        let resolved = roots.resolve(path)?;
        Self::open(resolved, roots).map_err(EditError::io("open the folder of", path))
    }

    fn open(resolved: PathBuf, roots: &Roots) -> io::Result<Self> {
        if !roots.are_set() {
            return Ok(Self { path: resolved, handle: None });
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let handle = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&resolved)?;
        if fs::read_link(through(&handle))? != resolved {
            return Err(io::Error::other("it was exchanged meanwhile"));
        }
        Ok(Self { path: resolved, handle: Some(handle.into()) })
    }

    /// The path by which this very folder is reached.
    pub(crate) fn reach(&self) -> PathBuf {
        self.handle.as_ref().map_or_else(|| self.path.clone(), through)
    }

    fn make(&self, name: &OsStr, roots: &Roots) -> io::Result<Self> {
        match fs::create_dir(self.reach().join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Self::open(self.path.join(name), roots),
        }
    }
}

impl Place {
    /// Where something is that a path leads to, other than the root of all folders.
    pub(crate) fn find(path: &Path, roots: &Roots) -> Result<Self, EditError> {
        let resolved = roots.resolve(path)?;
        let (Some(folder), Some(name)) = (resolved.parent(), resolved.file_name()) else {
            return Err(EditError::IsFolder { path: path.to_owned() });
        };
        let open = || {
            // A root that is asked for itself lies in a folder outside.
            if roots.resolved.contains(&resolved) {
                return Ok(Folder { path: folder.to_owned(), handle: None });
            }
            Folder::open(folder.to_owned(), roots)
        };
        let folder = open().map_err(EditError::io("open the folder of", path))?;
        Ok(Self { folder, name: name.to_owned(), path: resolved })
    }

    /// The place of a file that is not there yet. Nothing is made.
    pub(crate) fn check_new(path: &Path, roots: &Roots) -> Result<(), EditError> {
        Missing::find(path, roots).map(drop)
    }

    /// The place of a file that is not there yet. Folders that lead to it are made.
    pub(crate) fn make(path: &Path, roots: &Roots) -> Result<Self, EditError> {
        let Missing { existing, folders, name } = Missing::find(path, roots)?;
        let make = || {
            let existing = Folder::open(existing, roots)?;
            folders.iter().try_fold(existing, |folder, name| folder.make(name, roots))
        };
        let folder = make().map_err(EditError::io("make the folder of", path))?;
        Ok(Self { path: folder.path.join(&name), folder, name })
    }

    /// The path by which this very place is reached.
    pub(crate) fn reach(&self) -> PathBuf {
        self.folder.reach().join(&self.name)
    }
}

/// A path to what is not there yet.
struct Missing {
    /// The last folder that is there, resolved.
    existing: PathBuf,
    /// Those below that are not.
    folders: Vec<OsString>,
    name: OsString,
}

impl Missing {
    fn find(path: &Path, roots: &Roots) -> Result<Self, EditError> {
        let names_folder = || EditError::NamesFolder { path: path.to_owned() };
        if [&b"/"[..], b"/."].iter().any(|end| path.as_os_str().as_bytes().ends_with(end)) {
            return Err(names_folder());
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(names_folder()) };
        let mut folders = Vec::new();
        let mut existing = folder;
        let resolved = loop {
            match (fs::canonicalize(existing), existing.parent(), existing.components().next_back()) {
                (Ok(resolved), _, _) => break resolved,
                (Err(error), Some(parent), Some(Component::Normal(missing)))
                    if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(existing).is_err() =>
                {
                    folders.push(missing.to_owned());
                    existing = parent;
                }
                (Err(_), ..) => {
                    roots.resolve(existing)?;
                    return Err(EditError::ChangedMeanwhile { path: path.to_owned() });
                }
            }
        };
        roots.check(path, &resolved)?;
        if !resolved.is_dir() {
            return Err(EditError::BelowFile { path: path.to_owned(), file: existing.to_owned() });
        }
        folders.reverse();
        Ok(Self { existing: resolved, folders, name: name.to_owned() })
    }
}

/// Refuses what the kernel would, before a resolution that goes step by step says something else about it.
pub(crate) fn check_length(path: &Path) -> Result<(), EditError> {
    if path.as_os_str().len() <= PATH_LIMIT && path.iter().all(|name| name.len() <= NAME_LIMIT) {
        return Ok(());
    }
    let start = path.to_string_lossy().chars().take(100).collect();
    Err(EditError::PathTooLong { start, length: path.as_os_str().len() })
}

/// Refuses a path that is not absolute, and tells which one is probably meant: what is there already below the working
/// folder or the root of all folders, or else what could be made there.
pub(crate) fn check_absolute(path: &Path, cwd: &Path, roots: &Roots) -> Result<(), EditError> {
    if path.is_absolute() {
        return Ok(());
    }
    let candidates = [cwd.join(path), Path::new("/").join(path)];
    // What is outside of the roots is not told to be there.
    let is_there = |path: &Path| roots.resolve(path).is_ok();
    let meant = candidates
        .iter()
        .find(|candidate| is_there(candidate))
        .or_else(|| candidates.iter().find(|candidate| candidate.parent().is_some_and(is_there)))
        .unwrap_or(&candidates[0]);
    Err(EditError::Relative { path: path.to_owned(), meant: meant.clone() })
}

/// The path by which an open folder is reached.
pub(crate) fn through(handle: &impl AsRawFd) -> PathBuf {
    format!("/proc/self/fd/{}", handle.as_raw_fd()).into()
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;

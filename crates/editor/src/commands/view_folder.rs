//! `view` of a folder: its entries and theirs, without hidden ones, one path a line.
//!
//! Only names below the folder are checked for a leading dot, so a hidden folder asked for by name lists its
//! own. Symlinks are named and not followed. However many entries there are, only as many names are held as
//! could be shown.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::Path,
};

use handspike_types::escaped;
use rustix::fs::OFlags;

use crate::{
    editor::Scope,
    error::{EditError, shown},
    place::{Folder, through},
};

/// What is known of an entry without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    Other,
}

/// The listing, up to a bound.
struct Listing {
    text: String,
    limit: usize,
    shown: usize,
    left_out: usize,
}

pub(crate) fn run(scope: &Scope, path: &Path) -> Result<String, EditError> {
    let held = Folder::find(path, &scope.roots)?;
    let folder = held.reach();
    let mut listing = Listing { text: String::new(), limit: scope.view_limit, shown: 0, left_out: 0 };
    for (name, kind) in listing.entries(&folder).map_err(EditError::io("list", path))? {
        let entry = path.join(&name);
        match kind {
            Kind::Other => listing.push(&entry, ""),
            Kind::Folder => listing.push_folder(&entry, &folder.join(name)),
        }
    }
    let Listing { text, left_out, .. } = listing;
    let note = match left_out {
        0 => String::new(),
        left_out => format!("[{left_out} more are left out; view a folder further down, or use `find` in a shell]\n"),
    };
    Ok(format!("{}, two levels deep, without hidden entries:\n{text}{note}", shown(path)))
}

/// A folder, and not what a symlink leads to that has taken its place meanwhile.
fn held(folder: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(folder)
}

impl Listing {
    /// The first entries by name, as many as could ever be shown; the others are only counted.
    fn entries(&mut self, folder: &Path) -> io::Result<BTreeMap<OsString, Kind>> {
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().as_bytes().starts_with(b".") {
                continue;
            }
            // An entry that is gone by now was a name all the same.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let kind = if is_folder { Kind::Folder } else { Kind::Other };
            entries.insert(entry.file_name(), kind);
            if entries.len() > self.limit {
                entries.pop_last();
                self.left_out += 1;
            }
        }
        Ok(entries)
    }

    /// Lists the folder that is reached by one path under another.
    fn push_folder(&mut self, path: &Path, reach: &Path) {
        match held(reach).and_then(|held| self.entries(&through(&held))) {
            Ok(entries) => {
                self.push(path, "/");
                for (name, kind) in entries {
                    self.push(&path.join(name), if kind == Kind::Folder { "/" } else { "" });
                }
            }
            Err(error) => self.push(path, &format!("/ (could not be listed: {error})")),
        }
    }

    fn push(&mut self, path: &Path, suffix: &str) {
        let line = format!("{}{suffix}\n", escaped(&path.to_string_lossy()));
        let length = line.chars().count();
        if self.shown + length > self.limit {
            self.left_out += 1;
            // Nothing that follows is shown either: a listing with holes would mislead.
            self.shown = self.limit;
            return;
        }
        self.shown += length;
        self.text.push_str(&line);
    }
}

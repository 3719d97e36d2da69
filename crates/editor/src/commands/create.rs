//! `create`: a new file and the folders that lead to it.

use std::{fs, os::unix::ffi::OsStrExt, path::Path};

use crate::{
    diff::{self, Fate},
    editor::{Answer, Editor},
    error::EditError,
    file::resolve,
    journal::{Entry, WayBack},
    lines, save,
    splice::Splice,
};

pub(crate) fn run(editor: &mut Editor, path: &Path, text: &str) -> Result<Answer, EditError> {
    let config = &editor.config;
    let content = text.as_bytes();
    refuse_existing(path)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(EditError::NamesFolder { path: path.to_owned() });
    };
    if [&b"/"[..], b"/."].iter().any(|end| path.as_os_str().as_bytes().ends_with(end)) {
        return Err(EditError::NamesFolder { path: path.to_owned() });
    }
    if content.len() as u64 > config.file_limit {
        let (size, limit) = (content.len() as u64, config.file_limit);
        return Err(EditError::WouldBeTooLarge { path: path.to_owned(), size, limit });
    }
    fs::create_dir_all(folder).map_err(EditError::io("make the folder of", path))?;
    let resolved = resolve(folder)?.join(name);
    save::new(&resolved, content)?;
    let diff = diff::of_splice(path, Fate::Created, &[], &Splice::creating(content), config.diff_limit);
    editor.journal.record(Entry::new(resolved, WayBack::Remove, content));
    // The model has just written the text, so the answer does not repeat it.
    let text = format!("created `{}`; lines: {}, bytes: {}\n", path.display(), lines::count(content), content.len());
    Ok(Answer { text, diff: Some(diff) })
}

fn refuse_existing(path: &Path) -> Result<(), EditError> {
    // A path that cannot be looked at is left to the making of its folder, which says why.
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if path.is_dir() {
        return Err(EditError::IsFolder { path: path.to_owned() });
    }
    if metadata.is_symlink() {
        resolve(path)?;
    }
    Err(EditError::Exists { path: path.to_owned() })
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;

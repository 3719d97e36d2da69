//! `undo_edit`: the last edit of a file, taken back; the one before it by the next call.
//!
//! Undone is only what the editor did. When the file is not as the edit left it, somebody else has written,
//! and taking the edit back would take that back too, so it is refused and shown.

use std::{fs, path::Path};

use crate::{
    change,
    diff::{self, Fate},
    editor::{Answer, Editor, EditorConfig},
    error::EditError,
    file::{Access, OpenFile, resolve},
    journal::{Entry, WayBack},
    lines,
    splice::Splice,
};

pub(crate) fn run(editor: &mut Editor, path: &Path) -> Result<Answer, EditError> {
    let resolved = resolve(path)?;
    let Some(entry) = editor.journal.newest(&resolved) else {
        return Err(EditError::NothingToUndo { path: path.to_owned() });
    };
    let mut file = OpenFile::open(path, Access::Edit, editor.config.file_limit)?;
    if !entry.left(&file.content) {
        let account = account(&editor.config, path, entry, &file.content);
        return Err(EditError::ChangedSince { path: path.to_owned(), account });
    }
    let answer = match &entry.way_back {
        WayBack::Splice(splice) => {
            change::carry_out(&editor.config, path, &mut file, splice, "took back the last edit of")?
        }
        WayBack::Remove => remove(&editor.config, path, &file)?,
    };
    editor.journal.forget_newest(&resolved);
    Ok(answer)
}

fn remove(config: &EditorConfig, path: &Path, file: &OpenFile) -> Result<Answer, EditError> {
    let splice = Splice::creating(&file.content).reversed();
    let diff = diff::of_splice(path, Fate::Removed, &file.content, &splice, config.diff_limit);
    fs::remove_file(&file.path).map_err(EditError::io("remove", path))?;
    let text = format!("removed `{}`, which the edit had created; the folders made for it stay\n", path.display());
    Ok(Answer { text, diff: Some(diff) })
}

/// What somebody else changed; where the content is no longer known, what the undo would have changed.
fn account(config: &EditorConfig, path: &Path, entry: &Entry, content: &[u8]) -> String {
    let (lead, diff) = match (entry.content(), &entry.way_back) {
        (Some(left), _) => {
            let splice = Splice::between(left, content);
            ("what was changed:", diff::of_splice(path, Fate::Edited, left, &splice, config.diff_limit))
        }
        (None, WayBack::Splice(splice)) if splice.size() <= config.diff_limit => {
            let hunks = diff::hunks(&lines::split(&splice.removed), &lines::split(&splice.inserted), [0, 0]);
            ("what the undo would have changed, its lines numbered from 1:", hunks)
        }
        (None, WayBack::Splice(_) | WayBack::Remove) => return "it is too large to show what was changed".into(),
    };
    format!("{lead}\n{}", diff::clipped(&diff, config.view_limit))
}

#[cfg(test)]
#[path = "undo_edit_tests.rs"]
mod tests;

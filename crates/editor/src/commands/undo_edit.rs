//! `undo_edit`: the last edit of a file, taken back; the one before it by the next call.
//!
//! Undone is only what the editor did. When the file is not as the edit left it, somebody else has written,
//! and taking the edit back would take that back too, so it is refused and shown.

use std::{fs, path::Path};

use crate::{
    change,
    diff::{self, Fate},
    editor::{Answer, Editor, EditorConfig, Scope},
    error::{EditError, shown},
    file::{Access, OpenFile},
    journal::{Journal, Kept, Standing, Step, digest},
    lines,
    place::Place,
    splice::Splice,
};

pub(crate) fn run(editor: &mut Editor, scope: &Scope, path: &Path) -> Result<Answer, EditError> {
    let resolved = Place::find(path, &scope.roots)?.path;
    let nothing = || EditError::NothingToUndo { path: path.to_owned() };
    editor.journal.newest(&resolved).ok_or_else(nothing)?;
    let mut file = OpenFile::open(path, &scope.roots, Access::Edit, editor.config.file_limit)?;
    forget_what_never_was(&mut editor.journal, &file);
    let position = editor.journal.newest(&file.place.path).ok_or_else(nothing)?;
    let is_as_left = digest(&file.content) == editor.journal.after(position);
    let Some(kept) = editor.journal.read(position) else {
        return Err(EditError::RecordDamaged { path: path.to_owned() });
    };
    if !is_as_left {
        let account = account(&editor.config, scope, path, kept, &file.content);
        return Err(EditError::ChangedSince { path: path.to_owned(), account });
    }
    // Its hashes are right, so whoever wrote the record wrote what can't be.
    if let Step::Spliced(splice) = &kept.step
        && !splice.stands_in(&file.content)
    {
        editor.journal.forget(position);
        return Err(EditError::RecordDamaged { path: path.to_owned() });
    }
    // From here until it is forgotten, only the file tells whether the edit still stands.
    editor.journal.set_standing(position, Standing::Uncertain);
    let done = match kept.step {
        Step::Spliced(splice) => change::take_back(editor, scope, path, &mut file, &splice.reversed()),
        Step::Created => remove(&editor.config, path, &file),
    };
    match &done {
        Ok(_) => editor.journal.forget(position),
        Err(_) => editor.journal.set_standing(position, Standing::Done),
    }
    done
}

/// Drops entries that a crash left in doubt and whose edits the file shows not to have happened.
fn forget_what_never_was(journal: &mut Journal, file: &OpenFile) {
    while let Some(position) = journal.newest(&file.place.path)
        && journal.standing(position) == Standing::Uncertain
        && let after = journal.after(position)
        && after != digest(&file.content)
        && let Some(kept) = journal.read(position)
        && kept.leads_to(&after, &file.content)
    {
        journal.forget(position);
    }
}

fn remove(config: &EditorConfig, path: &Path, file: &OpenFile) -> Result<Answer, EditError> {
    let splice = Splice::creating(&file.content).reversed();
    let diff = diff::of_splice(path, Fate::Removed, &file.content, &splice, config.diff_limit);
    fs::remove_file(file.place.reach()).map_err(EditError::io("remove", path))?;
    let text = format!("removed {}, which the edit had created; the folders made for it stay\n", shown(path));
    Ok(Answer::edit(text, diff))
}

/// What somebody else changed; where the content is no longer known, what the undo would have changed.
fn account(config: &EditorConfig, scope: &Scope, path: &Path, kept: Kept, content: &[u8]) -> String {
    let (lead, diff) = match kept {
        Kept { content: Some(left), .. } => {
            let splice = Splice::between(&left, content);
            ("what was changed:", diff::of_splice(path, Fate::Edited, &left, &splice, config.diff_limit))
        }
        Kept { step: Step::Spliced(splice), .. } if splice.size() <= config.diff_limit => {
            let hunks = diff::hunks(&lines::split(&splice.inserted), &lines::split(&splice.removed), [0, 0]);
            ("what the undo would have changed, its lines numbered from 1:", hunks)
        }
        Kept { step: Step::Spliced(_) | Step::Created, .. } => {
            return "it is too large to show what was changed".into();
        }
    };
    format!("{lead}\n{}", diff::clipped(&diff, scope.view_limit))
}

#[cfg(test)]
#[path = "undo_edit_tests.rs"]
mod tests;

//! Carrying a change out: apply it, save the file, and say what it looks like now.
//!
//! Commands that edit an existing file end here, and so does the undo of one. Every save has an entry of the
//! journal that is uncertain while it goes on: a new one for an edit, and for an undo the one that it takes back.

use std::{io, path::Path};

use crate::{
    diff::{self, Fate},
    editor::{Answer, Editor, EditorConfig, Scope},
    error::{EditError, shown},
    file::OpenFile,
    journal::{Edit, Journal},
    lines,
    numbered::numbered,
    save,
    splice::Splice,
};

/// Lines of the file shown on either side of an edit.
const AROUND: usize = 4;

/// Changes a file and remembers the way back. `path` is the file as the model calls it, `done` the word for
/// what was done to it.
pub(crate) fn record(
    editor: &mut Editor,
    scope: &Scope,
    path: &Path,
    mut file: OpenFile,
    splice: &Splice,
    done: &str,
) -> Result<Answer, EditError> {
    let Editor { config, journal } = editor;
    let diff = apply(config, path, &mut file, splice)?;
    let edit = Edit { path: &file.place.path, splice: Some(splice), content: &file.content };
    let mut text = String::new();
    // The answer is worded while the disk works.
    let saved = save::over(&file, &file.content, journal, |journal| {
        journal.prepare(&edit);
        text = in_words(scope, path, &file.content, splice, done, &diff);
    });
    text.push_str(&warning(settle(journal, saved)?));
    Ok(Answer::edit(text, diff))
}

/// Changes a file by taking an edit back. The journal is the caller's business.
pub(crate) fn take_back(
    editor: &mut Editor,
    scope: &Scope,
    path: &Path,
    file: &mut OpenFile,
    splice: &Splice,
) -> Result<Answer, EditError> {
    let diff = apply(&editor.config, path, file, splice)?;
    let journal = &mut editor.journal;
    let mut text = String::new();
    let saved = save::over(file, &file.content, journal, |_| {
        text = in_words(scope, path, &file.content, splice, "took back the last edit of", &diff);
    });
    journal.forget_temporary();
    saved?;
    Ok(Answer::edit(text, diff))
}

/// Tells the journal how a save went. An edit that was made and could not be written down is an edit: the inner
/// result says why it cannot be taken back.
pub(crate) fn settle(journal: &mut Journal, saved: Result<(), EditError>) -> Result<io::Result<()>, EditError> {
    journal.forget_temporary();
    match saved {
        Ok(()) => Ok(journal.confirm()),
        Err(error) => {
            journal.abandon();
            Err(error)
        }
    }
}

/// What to say of an edit that could not be written down.
pub(crate) fn warning(remembered: io::Result<()>) -> String {
    remembered.err().map_or_else(String::new, |error| {
        format!("[this edit cannot be undone, because the undo journal could not be written: {error}]\n")
    })
}

/// Applies a change in memory, and describes it.
fn apply(config: &EditorConfig, path: &Path, file: &mut OpenFile, splice: &Splice) -> Result<String, EditError> {
    let size = (file.content.len() - splice.removed.len() + splice.inserted.len()) as u64;
    if size > config.file_limit {
        return Err(EditError::WouldBeTooLarge { path: path.to_owned(), size, limit: config.file_limit });
    }
    let diff = diff::of_splice(path, Fate::Edited, &file.content, splice, config.diff_limit);
    splice.apply(&mut file.content);
    Ok(diff)
}

fn in_words(scope: &Scope, path: &Path, content: &[u8], splice: &Splice, done: &str, diff: &str) -> String {
    let snippet = snippet(content, splice, scope.view_limit);
    let change = diff::clipped(diff, scope.view_limit);
    format!("{done} {}; {snippet}\nthe change, to check that it is what you meant:\n{change}", shown(path))
}

/// The changed lines and those around them, after the change.
fn snippet(content: &[u8], splice: &Splice, limit: usize) -> String {
    if content.is_empty() {
        return "it is empty now\n".into();
    }
    let count = lines::count(content);
    let after = splice.after();
    // The end of a whole line that was inserted is the start of the next, which was not.
    let end = after.end - usize::from(splice.inserted.ends_with(b"\n"));
    let first = lines::number_at(content, after.start).saturating_sub(AROUND).max(1);
    let last = (lines::number_at(content, end) + AROUND).min(count);
    let lines = numbered(content, first..=last, limit);
    let note = if lines.cut.is_some() { "[the rest is cut here; `view` shows it]\n" } else { "" };
    format!("lines {first} to {} of {count} are now:\n{}{note}", lines.last, lines.text)
}

//! Carrying a change out: apply it, save the file, and say what it looks like now.
//!
//! Commands that edit an existing file end here, and so does the undo of one.

use std::path::Path;

use crate::{
    diff::{self, Fate},
    editor::{Answer, Editor, EditorConfig},
    error::EditError,
    file::OpenFile,
    journal::{Entry, WayBack},
    lines,
    numbered::numbered,
    save,
    splice::Splice,
};

/// Lines of the file shown on either side of an edit.
const AROUND: usize = 4;

/// Changes a file and remembers the way back. `path` is the file as the model calls it.
pub(crate) fn record(
    editor: &mut Editor,
    path: &Path,
    mut file: OpenFile,
    splice: Splice,
) -> Result<Answer, EditError> {
    let answer = carry_out(&editor.config, path, &mut file, &splice, "edited")?;
    editor.journal.record(Entry::new(file.path, WayBack::Splice(splice.reversed()), &file.content));
    Ok(answer)
}

/// Changes a file. `done` is the word for it.
pub(crate) fn carry_out(
    config: &EditorConfig,
    path: &Path,
    file: &mut OpenFile,
    splice: &Splice,
    done: &str,
) -> Result<Answer, EditError> {
    let size = (file.content.len() - splice.removed.len() + splice.inserted.len()) as u64;
    if size > config.file_limit {
        return Err(EditError::WouldBeTooLarge { path: path.to_owned(), size, limit: config.file_limit });
    }
    let diff = diff::of_splice(path, Fate::Edited, &file.content, splice, config.diff_limit);
    splice.apply(&mut file.content);
    save::over(file, &file.content)?;
    let snippet = snippet(&file.content, splice, config.view_limit);
    let shown = diff::clipped(&diff, config.view_limit);
    let text =
        format!("{done} `{}`; {snippet}\nthe change, to check that it is what you meant:\n{shown}", path.display());
    Ok(Answer { text, diff: Some(diff) })
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

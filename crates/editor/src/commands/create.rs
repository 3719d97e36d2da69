//! `create`: a new file and the folders that lead to it, or a new content for a file that is there.

use std::{fs, io, path::Path};

use handspike_types::editor::Existing;

use crate::{
    change,
    diff::{self, Fate},
    editor::{Answer, Editor, Scope},
    error::{EditError, shown},
    file::{Access, OpenFile},
    journal::Edit,
    lines,
    place::Place,
    save,
    splice::Splice,
};

pub(crate) fn run(
    editor: &mut Editor,
    scope: &Scope,
    path: &Path,
    text: &str,
    existing: Existing,
) -> Result<Answer, EditError> {
    match (fs::symlink_metadata(path), existing) {
        (Ok(_), Existing::Refused) => Err(refusal(scope, path)?),
        (Ok(_), Existing::Overwritten) => overwrite(editor, scope, path, text),
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => create(editor, scope, path, text),
        (Err(error), _) => {
            Place::check_new(path, &scope.roots)?;
            Err(EditError::unresolved(path, error))
        }
    }
}

fn refusal(scope: &Scope, path: &Path) -> Result<EditError, EditError> {
    let is_folder = fs::metadata(Place::find(path, &scope.roots)?.reach()).is_ok_and(|metadata| metadata.is_dir());
    let path = path.to_owned();
    Ok(if is_folder { EditError::IsFolder { path } } else { EditError::Exists { path } })
}

fn create(editor: &mut Editor, scope: &Scope, path: &Path, text: &str) -> Result<Answer, EditError> {
    let Editor { config, journal } = editor;
    let content = text.as_bytes();
    if content.len() as u64 > config.file_limit {
        let (size, limit) = (content.len() as u64, config.file_limit);
        return Err(EditError::WouldBeTooLarge { path: path.to_owned(), size, limit });
    }
    let place = Place::make(path, &scope.roots)?;
    let edit = Edit { path: &place.path, splice: None, content };
    let saved = save::new(&place, content, journal, |journal| journal.prepare(&edit));
    let remembered = change::settle(journal, saved)?;
    let diff = diff::of_splice(path, Fate::Created, &[], &Splice::creating(content), config.diff_limit);
    // The model has just written the text, so the answer does not repeat it.
    let text = format!("created {}; {}\n{}", shown(path), size(content), change::warning(remembered));
    Ok(Answer::edit(text, diff))
}

fn overwrite(editor: &mut Editor, scope: &Scope, path: &Path, text: &str) -> Result<Answer, EditError> {
    let file = OpenFile::open(path, &scope.roots, Access::Edit, editor.config.file_limit)?;
    let content = text.as_bytes();
    if file.content == content {
        return Ok(Answer::text(format!("{} holds exactly this already; nothing was written\n", shown(path))));
    }
    let splice = Splice::between(&file.content, content);
    let done = format!("gave a new content ({}) to", size(content));
    change::record(editor, scope, path, file, &splice, &done)
}

fn size(content: &[u8]) -> String {
    format!("lines: {}, bytes: {}", lines::count(content), content.len())
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;

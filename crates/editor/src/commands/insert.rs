//! `insert`: whole lines after a line, 0 being the top and the number of lines the end.

use std::path::Path;

use crate::{
    change,
    editor::{Answer, Editor, Scope},
    error::EditError,
    file::{Access, OpenFile},
    lines::{self, Ending},
    splice::Splice,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(crate) fn run(
    editor: &mut Editor,
    scope: &Scope,
    path: &Path,
    line: usize,
    text: &str,
) -> Result<Answer, EditError> {
    let file = OpenFile::open(path, &scope.roots, Access::Edit, editor.config.file_limit)?;
    let count = lines::count(&file.content);
    if line > count {
        return Err(EditError::LineOutOfFile { path: path.to_owned(), line, count });
    }
    let splice = insertion(&file.content, line, text);
    change::record(editor, scope, path, file, &splice, "edited")
}

fn insertion(content: &[u8], line: usize, text: &str) -> Splice {
    let at = match line {
        // The mark belongs at the very start, before whatever is the first line.
        0 if content.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
        line => lines::offset_after(content, line),
    };
    let ending = Ending::near(content, at);
    let mut text = ending.give_to(text).into_owned();
    if line > 0 && !content[..at].ends_with(b"\n") {
        // The last line was open. It gets its ending, and the text is as open as it was written.
        text.insert_str(0, ending.as_str());
    } else if !text.ends_with('\n') {
        text.push_str(ending.as_str());
    }
    Splice::replacing(content, at..at, &text)
}

#[cfg(test)]
#[path = "insert_tests.rs"]
mod tests;

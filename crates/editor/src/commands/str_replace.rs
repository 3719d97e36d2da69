//! `str_replace`: another text in the place of one that occurs once.

use std::{ops::Range, path::Path};

use crate::{
    change,
    closest::Closest,
    editor::{Answer, Editor, Scope},
    error::EditError,
    file::{Access, OpenFile},
    lines::{self, Ending},
    search::{self, MATCH_LIMIT},
    splice::Splice,
};

pub(crate) fn run(editor: &mut Editor, scope: &Scope, path: &Path, old: &str, new: &str) -> Result<Answer, EditError> {
    let file = OpenFile::open(path, &scope.roots, Access::Edit, editor.config.file_limit)?;
    let matches = search::find(&file.content, old);
    let splice = match matches.as_slice() {
        [] => return Err(EditError::NoMatch { path: path.to_owned(), closest: Closest::find(&file.content, old) }),
        [only] => replacement(&file.content, only.clone(), old, new),
        several => return Err(ambiguous(path, &file.content, several)),
    };
    change::record(editor, scope, path, file, &splice, "edited")
}

fn ambiguous(path: &Path, content: &[u8], matches: &[Range<usize>]) -> EditError {
    let (mut line, mut from) = (1, 0);
    let lines = matches.iter().take(MATCH_LIMIT).map(|range| {
        line += lines::number_at(&content[from..], range.start - from) - 1;
        from = range.start;
        line
    });
    EditError::SeveralMatches { path: path.to_owned(), lines: lines.collect(), are_all: matches.len() <= MATCH_LIMIT }
}

/// The change that puts `new` where `old` was found.
///
/// A text that matched lines of either ending replaces only the lines in which `old` and `new` differ: the
/// others are there for context, and in a file of mixed endings each keeps its own.
fn replacement(content: &[u8], found: Range<usize>, old: &str, new: &str) -> Splice {
    if old.contains('\r') || new.contains('\r') {
        return Splice::replacing(content, found, new);
    }
    let (start, end) = (same_lines(old.split_inclusive('\n'), new.split_inclusive('\n')), old.len());
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let tail = same_lines(old_rest.split_inclusive('\n').rev(), new_rest.split_inclusive('\n').rev());
    let lines_before = |offset: usize| old[..offset].matches('\n').count();
    let matched = &content[found.clone()];
    let differs_from = found.start + lines::offset_after(matched, lines_before(start));
    let differs_to =
        if tail == 0 { found.end } else { found.start + lines::offset_after(matched, lines_before(end - tail)) };
    let text = Ending::near(content, differs_from).give_to(&new_rest[..new_rest.len() - tail]);
    Splice::replacing(content, differs_from..differs_to, &text)
}

/// The length of the lines that two texts share, until they first differ.
fn same_lines<'a>(old: impl Iterator<Item = &'a str>, new: impl Iterator<Item = &'a str>) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).map(|(line, _)| line.len()).sum()
}

#[cfg(test)]
#[path = "str_replace_tests.rs"]
mod tests;

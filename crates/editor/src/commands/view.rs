//! `view`: a file's lines with their numbers, a picture, or what a folder holds.

use std::path::Path;

use handspike_types::editor::ViewRange;

use super::view_folder;
use crate::{
    editor::{Answer, EditorConfig, Scope},
    error::{EditError, shown},
    file::{Access, OpenFile},
    lines,
    numbered::{Cut, numbered},
    picture::{self, Format},
    place::Folder,
};

/// A NUL this early makes a file binary; git looks as far.
const BINARY_HEAD: usize = 8000;

pub(crate) fn run(
    config: &EditorConfig,
    scope: &Scope,
    path: &Path,
    range: Option<ViewRange>,
) -> Result<Answer, EditError> {
    match (path.is_dir(), range) {
        (true, None) => view_folder::run(scope, path).map(Answer::text),
        (true, Some(_)) => {
            Folder::find(path, &scope.roots)?;
            Err(EditError::RangeOfFolder { path: path.to_owned() })
        }
        (false, range) => view_file(config, scope, path, range),
    }
}

fn view_file(config: &EditorConfig, scope: &Scope, path: &Path, range: Option<ViewRange>) -> Result<Answer, EditError> {
    let content = OpenFile::open(path, &scope.roots, Access::Read, config.file_limit)?.content;
    match (Format::of(&content), range) {
        (None, range) => view_lines(scope, path, &content, range).map(Answer::text),
        (Some(_), Some(_)) => Err(EditError::RangeOfPicture { path: path.to_owned() }),
        (Some(format), None) => view_picture(path, format, &content),
    }
}

fn view_picture(path: &Path, format: Format, content: &[u8]) -> Result<Answer, EditError> {
    let picture =
        picture::check(format, content).map_err(|source| EditError::Picture { path: path.to_owned(), source })?;
    let text = format!("{}, {} of {}x{} pixels\n", shown(path), format.in_words(), picture.width, picture.height);
    Ok(Answer { image: Some(picture.image), ..Answer::text(text) })
}

fn view_lines(scope: &Scope, path: &Path, content: &[u8], range: Option<ViewRange>) -> Result<String, EditError> {
    if content[..content.len().min(BINARY_HEAD)].contains(&0) {
        return Err(EditError::Binary { path: path.to_owned(), size: content.len() });
    }
    let count = lines::count(content);
    let (first, last) = match range {
        None if count == 0 => return Ok(format!("{} is empty\n", shown(path))),
        None => (1, count),
        Some(ViewRange { first, last }) => {
            if !(1..=count).contains(&first) || last.is_some_and(|last| !(first..=count).contains(&last)) {
                return Err(EditError::RangeOutOfFile { path: path.to_owned(), first, last, count });
            }
            (first, last.unwrap_or(count))
        }
    };
    let lines = numbered(content, first..=last, scope.view_limit);
    let note = lines.cut.map_or_else(String::new, |cut| rest(cut, lines.last, last, count, scope.view_limit));
    Ok(format!("{}, numbered as by `cat -n`:\n{}{note}", shown(path), lines.text))
}

/// How to see what the bound left out.
fn rest(cut: Cut, shown: usize, asked: usize, count: usize, limit: usize) -> String {
    let next = shown + 1;
    let end = if asked == count { "-1".into() } else { asked.to_string() };
    match cut {
        Cut::BetweenLines => format!(
            "[cut after line {shown} of {count}, at {limit} characters; the rest is `view_range` [{next}, {end}], and `grep -n` finds the lines that matter]\n"
        ),
        Cut::WithinLine => {
            let following = if shown < asked {
                format!("; what follows it is `view_range` [{next}, {end}]")
            } else {
                String::new()
            };
            format!(
                "[line {shown} of {count} is cut after {limit} characters; a shell shows the rest of it with `sed -n {shown}p` and `cut -c {}-`{following}]\n",
                limit + 1
            )
        }
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;

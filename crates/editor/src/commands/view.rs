//! `view`: a file's lines with their numbers, or what a folder holds.

use std::path::Path;

use handspike_types::editor::ViewRange;

use super::view_folder;
use crate::{
    editor::{Answer, EditorConfig},
    error::EditError,
    file::{Access, OpenFile},
    lines,
    numbered::{Cut, numbered},
};

/// A NUL this early makes a file binary; git looks as far.
const BINARY_HEAD: usize = 8000;

pub(crate) fn run(config: &EditorConfig, path: &Path, range: Option<ViewRange>) -> Result<Answer, EditError> {
    let text = match (path.is_dir(), range) {
        (true, None) => view_folder::run(config, path)?,
        (true, Some(_)) => return Err(EditError::RangeOfFolder { path: path.to_owned() }),
        (false, range) => view_file(config, path, range)?,
    };
    Ok(Answer { text, diff: None })
}

fn view_file(config: &EditorConfig, path: &Path, range: Option<ViewRange>) -> Result<String, EditError> {
    let content = OpenFile::open(path, Access::Read, config.file_limit)?.content;
    if content[..content.len().min(BINARY_HEAD)].contains(&0) {
        return Err(EditError::Binary { path: path.to_owned(), size: content.len() });
    }
    let count = lines::count(&content);
    let (first, last) = match range {
        None if count == 0 => return Ok(format!("`{}` is empty\n", path.display())),
        None => (1, count),
        Some(ViewRange { first, last }) => {
            if !(1..=count).contains(&first) || last.is_some_and(|last| !(first..=count).contains(&last)) {
                return Err(EditError::RangeOutOfFile { path: path.to_owned(), first, last, count });
            }
            (first, last.unwrap_or(count))
        }
    };
    let lines = numbered(&content, first..=last, config.view_limit);
    let note = lines.cut.map_or_else(String::new, |cut| rest(cut, lines.last, last, count, config.view_limit));
    Ok(format!("`{}`, numbered as by `cat -n`:\n{}{note}", path.display(), lines.text))
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

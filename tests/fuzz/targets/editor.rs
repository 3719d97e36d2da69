//! No command on no bytes panics, and one that is refused leaves the file as it was.
//! Undoing to the start gives the states of the file in reverse, and at last its first bytes or no file.
//! None of that depends on whether the editor is the same all the time or a new one with the old one's journal.
#![no_main]

use std::{fs, path::Path};

use arbitrary::Arbitrary;
use handspike_editor::{Editor, EditorConfig};
use handspike_fuzz::folder;
use handspike_types::{
    EditorSettings,
    editor::{EditorCommand, Existing, ViewRange},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Work {
    start: Option<Vec<u8>>,
    view_limit: u16,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    View {
        range: Option<(u8, Option<u8>)>,
    },
    Create {
        text: String,
        overwrite: bool,
    },
    Replace {
        old: String,
        new: String,
    },
    /// A part of the file in the place of `old`, where it is text.
    ReplacePart {
        at: u8,
        length: u8,
        new: String,
    },
    Insert {
        line: u8,
        text: String,
    },
    Undo,
    Restart,
}

fuzz_target!(|work: Work| {
    let folder = folder();
    let file = folder.path().join("file");
    if let Some(start) = &work.start {
        fs::write(&file, start).expect("the file is written");
    }
    let start =
        || Editor::new(EditorConfig { journal: Some(folder.path().join("journal")), ..EditorConfig::default() });
    let settings = EditorSettings { max_characters: work.view_limit.into(), ..EditorSettings::default() };
    let mut editor = start();
    let mut states = vec![content(&file)];
    for step in work.steps.iter().take(12) {
        let before = content(&file);
        let Some(command) = command(step, &file, before.as_deref().unwrap_or_default()) else {
            if matches!(step, Step::Restart) {
                drop(editor);
                editor = start();
            }
            continue;
        };
        let output = editor.run(&command, &settings);
        let now = content(&file);
        if output.is_error || matches!(step, Step::View { .. }) {
            assert_eq!(now, before, "{}", output.joined_text());
        } else if matches!(step, Step::Undo) {
            go_back(&mut states, &now);
        } else if now != before {
            states.push(now);
        }
    }
    let undo = EditorCommand::UndoEdit { path: file.clone() };
    for _ in 0..=work.steps.len() {
        if editor.run(&undo, &settings).is_error {
            break;
        }
        go_back(&mut states, &content(&file));
    }
    assert!(states.len() == 1 && content(&file) == work.start, "{:?} is left of {:?}", content(&file), work.start);
    drop(editor);
});

/// An undo leads to the state before, or, where an edit changed nothing, to the same.
fn go_back(states: &mut Vec<Option<Vec<u8>>>, now: &Option<Vec<u8>>) {
    if states.last() != Some(now) {
        states.pop();
    }
    assert_eq!(states.last(), Some(now));
}

fn content(file: &Path) -> Option<Vec<u8>> {
    fs::read(file).ok()
}

fn command(step: &Step, file: &Path, content: &[u8]) -> Option<EditorCommand> {
    let path = file.to_owned();
    Some(match step {
        Step::View { range } => {
            let range = range.map(|(first, last)| ViewRange {
                first: usize::from(first.max(1)),
                last: last.map(|last| usize::from(last.max(first).max(1))),
            });
            EditorCommand::View { path, range }
        }
        Step::Create { text, overwrite } => {
            let existing = if *overwrite { Existing::Overwritten } else { Existing::Refused };
            EditorCommand::Create { path, text: text.clone(), existing }
        }
        Step::Replace { old, new } if !old.is_empty() && old != new => {
            EditorCommand::StrReplace { path, old: old.clone(), new: new.clone() }
        }
        Step::ReplacePart { at, length, new } => {
            let part = content.get(usize::from(*at)..)?;
            let old = std::str::from_utf8(part.get(..usize::from(*length)).unwrap_or(part)).ok()?;
            if old.is_empty() || old == new {
                return None;
            }
            EditorCommand::StrReplace { path, old: old.to_owned(), new: new.clone() }
        }
        Step::Insert { line, text } => EditorCommand::Insert { path, line: (*line).into(), text: text.clone() },
        Step::Undo => EditorCommand::UndoEdit { path },
        Step::Replace { .. } | Step::Restart => return None,
    })
}

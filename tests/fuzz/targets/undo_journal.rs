//! Whatever became of the undo journal's files, no undo panics, and none touches another file.
//! Damage is told by the hashes: the file is afterwards as one of its edits left it, and never anything else.
//! An entry that was forged with all its hashes right may be refused or done, and is no more than an edit of its file.
#![no_main]

use std::{
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use arbitrary::Arbitrary;
use handspike_editor::{Editor, EditorConfig};
use handspike_fuzz::folder;
use handspike_types::{EditorSettings, editor::EditorCommand};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Story {
    start: Vec<u8>,
    inserted: Vec<(u8, String)>,
    damage: Vec<Damage>,
    forged: Option<Forged>,
}

#[derive(Arbitrary, Debug)]
enum Damage {
    Flip { entry: u8, at: u16, bits: u8 },
    Cut { entry: u8, length: u16 },
    Replace { entry: u8, bytes: Vec<u8> },
    Rename { entry: u8, number: u64, done: bool },
    InUse(Vec<u8>),
    Forgotten(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Forged {
    number: u64,
    done: bool,
    kind: u8,
    at: u64,
    removed: Vec<u8>,
    inserted: Vec<u8>,
    kept: Option<Vec<u8>>,
    /// Whether it claims to have left the file as it is.
    fits: bool,
}

fuzz_target!(|story: Story| {
    let folder = folder();
    let (file, other, journal) =
        (folder.path().join("file"), folder.path().join("other"), folder.path().join("journal"));
    fs::write(&file, &story.start).expect("the file is written");
    fs::write(&other, "untouched").expect("the other file is written");
    let start = || Editor::new(EditorConfig { journal: Some(journal.clone()), ..EditorConfig::default() });
    let mut states = vec![story.start.clone()];
    let mut editor = start();
    for (line, text) in story.inserted.iter().take(3) {
        let insert = EditorCommand::Insert { path: file.clone(), line: (*line).into(), text: text.clone() };
        let _ = editor.run(&insert, &EditorSettings::default());
        states.push(fs::read(&file).expect("the file"));
    }
    drop(editor);
    for damage in story.damage.iter().take(4) {
        harm(&journal, damage);
    }
    if let Some(forged) = &story.forged {
        forge(&journal, &file, forged);
    }

    let mut editor = start();
    for _ in 0..5 {
        let _ = editor.run(&EditorCommand::UndoEdit { path: file.clone() }, &EditorSettings::default());
        let content = fs::read(&file).ok();
        let is_known = content.as_ref().is_some_and(|content| states.contains(content));
        assert!(is_known || story.forged.is_some(), "the file became {content:?}");
        assert_eq!(fs::read(&other).ok().as_deref(), Some(&b"untouched"[..]));
    }
    let names = fs::read_dir(folder.path()).expect("the folder").count();
    assert!(names == 3 || (names == 2 && !file.exists()), "{names} files are left");
});

/// The journal's entries, in an order that each run has.
fn entries(journal: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(journal).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut entries: Vec<PathBuf> = entries.filter(|path| path.extension().is_some()).collect();
    entries.sort();
    entries
}

fn harm(journal: &Path, damage: &Damage) {
    let entries = entries(journal);
    let entry = |index: u8| entries.get(usize::from(index) % entries.len().max(1));
    let change = |index: u8, change: &dyn Fn(&mut Vec<u8>)| {
        if let Some(path) = entry(index) {
            let mut bytes = fs::read(path).expect("an entry");
            change(&mut bytes);
            fs::write(path, bytes).expect("the entry is written");
        }
    };
    match damage {
        Damage::Flip { entry, at, bits } => change(*entry, &|bytes| {
            let at = usize::from(*at) % bytes.len().max(1);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits);
        }),
        Damage::Cut { entry, length } => change(*entry, &|bytes| bytes.truncate((*length).into())),
        Damage::Replace { entry, bytes } => change(*entry, &|old| old.clone_from(bytes)),
        Damage::Rename { entry: index, number, done } => {
            if let Some(path) = entry(*index) {
                fs::rename(path, named(journal, *number, *done)).expect("the entry is renamed");
            }
        }
        Damage::InUse(bytes) => fs::write(journal.join("in-use"), bytes).expect("the note is written"),
        Damage::Forgotten(bytes) => fs::write(journal.join("forgotten"), bytes).expect("the note is written"),
    }
}

fn named(journal: &Path, number: u64, done: bool) -> PathBuf {
    journal.join(format!("{number:020}.{}", if done { "done" } else { "uncertain" }))
}

/// Writes an entry as the editor would, but for what it says.
fn forge(journal: &Path, file: &Path, forged: &Forged) {
    let Forged { number, done, kind, at, removed, inserted, kept, fits } = forged;
    let content = fs::read(file).expect("the file");
    let after = if *fits { blake3::hash(&content) } else { blake3::hash(inserted) };
    let bytes = [removed.as_slice(), inserted, kept.as_deref().unwrap_or_default()].concat();
    let path = file.as_os_str().as_bytes();
    let mut entry = b"HSEDIT1\n".to_vec();
    entry.extend((path.len() as u64).to_le_bytes());
    entry.extend(after.as_bytes());
    entry.extend(blake3::hash(&bytes).as_bytes());
    let kept = kept.as_ref().map_or(u64::MAX, |kept| kept.len() as u64);
    for number in [u64::from(kind % 3), *at, removed.len() as u64, inserted.len() as u64, kept] {
        entry.extend(number.to_le_bytes());
    }
    entry.extend(path);
    let hash = blake3::hash(&entry);
    entry.extend(hash.as_bytes());
    entry.extend(bytes);
    fs::write(named(journal, *number, *done), entry).expect("the entry is written");
}

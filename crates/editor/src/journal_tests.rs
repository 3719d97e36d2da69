use std::{
    ffi::OsString,
    fs::{self, OpenOptions, Permissions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::PathBuf,
};

use proptest::prelude::*;

use super::{Edit, Journal};
use crate::{
    Editor, EditorConfig,
    scratch::{Scratch, done, refused},
    splice::Splice,
};

fn entries(scratch: &Scratch) -> Vec<PathBuf> {
    let files = fs::read_dir(scratch.journal()).expect("the journal is there");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some());
    paths.sort();
    paths
}

/// Writes down an edit of `file` that a crash keeps from being made.
fn prepare(scratch: &mut Scratch, splice: &Splice) {
    let path = scratch.path("file");
    let mut content = scratch.bytes("file");
    splice.apply(&mut content);
    scratch.editor.journal.prepare(&Edit { path: &path, splice: Some(splice), content: &content });
}

fn write_over(path: &PathBuf, at: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).expect("an entry").write_all_at(bytes, at).expect("it is written");
}

#[test]
fn undo_goes_on_after_a_restart() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "0");
    for number in 0..10 {
        done(scratch.replace("file", &number.to_string(), &(number + 1).to_string()));
        scratch.restart();
    }
    done(scratch.create("new", "x"));
    scratch.restart();
    done(scratch.undo("new"));
    assert!(!scratch.path("new").exists());
    for number in (0..10).rev() {
        done(scratch.undo("file"));
        assert_eq!(scratch.bytes("file"), number.to_string().as_bytes());
        scratch.restart();
    }
    assert!(refused(scratch.undo("file")).contains("no edit of"));
    assert!(entries(&scratch).is_empty());
}

#[test]
fn a_change_by_somebody_else_is_shown_after_a_restart_too() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a\nb\nc\n");
    done(scratch.replace("file", "b", "B"));
    scratch.restart();
    scratch.write("file", "a\nB\nC\n");
    assert!(refused(scratch.undo("file")).contains("-c\n+C"));
    scratch.write("file", "a\nb\nc\n");
    assert!(refused(scratch.undo("file")).contains("-B\n+b"), "a revert by somebody else is a change as well");
    assert_eq!(entries(&scratch).len(), 1);
}

#[test]
fn folder_and_files_are_private() {
    let mut scratch = Scratch::new();
    fs::create_dir(scratch.journal()).expect("a folder is made");
    fs::set_permissions(scratch.journal(), Permissions::from_mode(0o755)).expect("the mode is set");
    scratch.restart_with(EditorConfig { journal_limit: 5000, ..EditorConfig::default() });
    done(scratch.create("one", "a"));
    done(scratch.create("two", "a"));
    let mode = |path: PathBuf| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(scratch.journal()), 0o700);
    let names = ["00000000000000000002.done", "forgotten", "in-use"];
    for name in names {
        assert_eq!(mode(scratch.journal().join(name)), 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(scratch.journal()).expect("a folder").count(), names.len());
}

#[test]
fn an_edit_that_a_crash_prevented_is_passed_over() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a");
    done(scratch.replace("file", "a", "b"));
    prepare(&mut scratch, &Splice { at: 0, removed: b"b".to_vec(), inserted: b"c".to_vec() });
    scratch.restart();
    assert_eq!(entries(&scratch).len(), 2);
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"a");
    assert!(refused(scratch.undo("file")).contains("no edit of"));
    assert!(entries(&scratch).is_empty());
}

#[test]
fn an_edit_that_a_crash_followed_at_once_is_undone() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a");
    prepare(&mut scratch, &Splice { at: 0, removed: b"a".to_vec(), inserted: b"b".to_vec() });
    scratch.restart();
    scratch.write("file", "b");
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"a");
}

#[test]
fn an_undo_that_a_crash_followed_at_once_is_not_done_twice() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a");
    done(scratch.replace("file", "a", "b"));
    done(scratch.replace("file", "b", "c"));
    // As an undo leaves it between its renaming and its forgetting.
    let newest = entries(&scratch).pop().expect("an entry");
    fs::rename(&newest, newest.with_extension("uncertain")).expect("the mark goes");
    scratch.write("file", "b");
    scratch.restart();
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"a");
}

#[test]
fn an_edit_in_doubt_does_not_excuse_a_change_by_somebody_else() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a");
    prepare(&mut scratch, &Splice { at: 0, removed: b"a".to_vec(), inserted: b"b".to_vec() });
    scratch.restart();
    scratch.write("file", "theirs");
    assert!(refused(scratch.undo("file")).contains("+theirs"));
    assert_eq!(scratch.bytes("file"), b"theirs");
}

#[test]
fn the_temporary_file_of_a_killed_editor_is_removed_and_nothing_else() {
    let mut scratch = Scratch::with_journal();
    let ours = scratch.write(".handspike-abc", "half");
    let theirs = scratch.write("important", "whole");
    for path in [&ours, &theirs] {
        scratch.editor.journal.note_temporary(path);
        scratch.restart();
    }
    assert!(!ours.exists() && theirs.exists());
    let folder = scratch.path(".handspike-folder");
    fs::create_dir(&folder).expect("a folder is made");
    scratch.editor.journal.note_temporary(&folder);
    scratch.restart();
    assert!(folder.exists());
}

#[test]
fn a_full_journal_forgets_the_oldest_and_says_so_also_later() {
    let mut scratch = Scratch::with_journal();
    let config = EditorConfig { journal_limit: 5 * 5000, ..EditorConfig::default() };
    scratch.restart_with(config.clone());
    scratch.write("file", "0");
    for number in 0..20 {
        done(scratch.replace("file", &number.to_string(), &(number + 1).to_string()));
        assert!(entries(&scratch).len() <= 6);
    }
    scratch.restart_with(config);
    let undone = (0..20).take_while(|_| !scratch.undo("file").is_error).count();
    assert!((4..=6).contains(&undone), "{undone}");
    assert_eq!(scratch.bytes("file"), (20 - undone).to_string().as_bytes());
    let text = refused(scratch.undo("file"));
    assert!(text.contains("no edit of") && text.contains(&format!("25000 bytes: {}", 20 - undone)), "{text}");
}

#[test]
fn a_journal_that_cannot_be_used_is_said_so_and_replaced_by_memory() {
    let mut scratch = Scratch::new();
    scratch.write("journal", "a file where a folder should be");
    scratch.restart();
    scratch.write("file", "a");
    done(scratch.replace("file", "a", "b"));
    let text = done(scratch.undo("file"));
    assert!(text.contains("the undo journal in") && text.contains("cannot be used"), "{text}");
    assert_eq!(scratch.bytes("file"), b"a");
}

#[test]
fn a_journal_serves_one_editor_at_a_time() {
    let mut scratch = Scratch::with_journal();
    let second = Journal::open(Some(&scratch.journal()), 1 << 20);
    assert!(second.notes().iter().any(|note| note.contains("another editor works with it")), "{:?}", second.notes());
    scratch.editor = Editor::new(EditorConfig::default());
    assert!(Journal::open(Some(&scratch.journal()), 1 << 20).notes().is_empty());
}

#[test]
fn an_edit_whose_record_cannot_be_written_is_made_and_says_so() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a");
    fs::remove_dir_all(scratch.journal()).expect("the journal is removed");
    let text = done(scratch.replace("file", "a", "b"));
    assert!(text.contains("this edit cannot be undone"), "{text}");
    assert_eq!(scratch.bytes("file"), b"b");
    assert!(refused(scratch.undo("file")).contains("no edit of"));
}

#[test]
fn a_damaged_record_is_dropped_with_a_note_and_older_ones_do_no_harm() {
    let mut scratch = Scratch::with_journal();
    scratch.write("file", "a");
    done(scratch.replace("file", "a", "b"));
    done(scratch.replace("file", "b", "c"));
    let newest = entries(&scratch).pop().expect("an entry");
    let end = fs::metadata(&newest).expect("an entry").len();
    write_over(&newest, end - 1, b"X");
    let text = refused(scratch.undo("file"));
    assert!(text.contains("is damaged") && text.contains("damaged and dropped: 1"), "{text}");
    let text = refused(scratch.undo("file"));
    assert!(text.contains("changed by somebody else") && text.contains("damaged and dropped: 1"), "{text}");
    assert_eq!(scratch.bytes("file"), b"c");
}

#[test]
fn a_record_of_an_edit_that_can_not_have_been_is_refused_and_dropped() {
    for (at, inserted) in [(0, "b"), (7, "a"), (7, ""), (usize::MAX, ""), (0, "aaa")] {
        let mut scratch = Scratch::with_journal();
        let path = scratch.write("file", "a");
        let splice = Splice { at, removed: b"x".to_vec(), inserted: inserted.into() };
        scratch.editor.journal.prepare(&Edit { path: &path, splice: Some(&splice), content: b"a" });
        scratch.editor.journal.confirm().expect("it is written");
        scratch.restart();
        assert!(refused(scratch.undo("file")).contains("is damaged"), "{splice:?}");
        assert_eq!(scratch.bytes("file"), b"a");
        assert!(refused(scratch.undo("file")).contains("no edit of"));
    }
}

#[test]
fn strange_files_in_the_journal_are_left_alone_or_dropped() {
    let mut scratch = Scratch::with_journal();
    done(scratch.create("file", "a"));
    let journal = scratch.journal();
    let names = ["note.txt", "7.done", "+0000000000000000007.done", "00000000000000000007.else"];
    for name in names {
        fs::write(journal.join(name), "?").expect("a file is written");
    }
    fs::create_dir(journal.join("00000000000000000008.done")).expect("a folder is made");
    fs::write(journal.join("99999999999999999999.done"), "no such number").expect("a file is written");
    fs::write(journal.join("18446744073709551615.done"), "the last number").expect("a file is written");
    fs::write(journal.join("00000000000000000009.uncertain"), "torn").expect("a file is written");
    rustix::fs::mkfifoat(rustix::fs::CWD, journal.join("00000000000000000010.done"), rustix::fs::Mode::RWXU)
        .expect("a FIFO is made");
    scratch.restart();
    assert!(done(scratch.undo("file")).contains("damaged and dropped: 3"));
    let left: Vec<OsString> = names.iter().map(OsString::from).collect();
    assert!(left.iter().all(|name| journal.join(name).exists()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_becomes_of_a_record_no_undo_is_wrong(
        which in 0usize..3,
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        is_cut in any::<bool>(),
        is_restarted in any::<bool>(),
    ) {
        let mut scratch = Scratch::with_journal();
        let states = ["one\n", "two\n", "three\n", "four\n"];
        scratch.write("file", states[0]);
        for pair in states.windows(2) {
            done(scratch.replace("file", pair[0].trim(), pair[1].trim()));
        }
        let path = entries(&scratch)[which].clone();
        let length = fs::metadata(&path).expect("an entry").len();
        let at = at.index(usize::try_from(length).expect("small")) as u64;
        if is_cut {
            OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(at)).expect("it is cut");
        }
        write_over(&path, at, &bytes);
        if is_restarted {
            scratch.restart();
        }
        // Each undo either leads exactly one state back or changes nothing.
        for _ in 0..6 {
            let before = scratch.bytes("file");
            let index = states.iter().position(|state| state.as_bytes() == before).expect("one of the states");
            let output = scratch.undo("file");
            let expected = if output.is_error { index } else { index - 1 };
            prop_assert_eq!(scratch.bytes("file"), states[expected].as_bytes());
        }
    }
}

use std::{fs, os::unix::fs::symlink};

use crate::{
    EditorConfig,
    scratch::{Scratch, diff, done, refused},
};

#[test]
fn undo_walks_back_through_every_edit() {
    let mut scratch = Scratch::holding("0");
    for number in 0..50 {
        done(scratch.replace("file", &number.to_string(), &(number + 1).to_string()));
    }
    for number in (0..50).rev() {
        done(scratch.undo("file"));
        assert_eq!(scratch.bytes("file"), number.to_string().as_bytes());
    }
    assert!(refused(scratch.undo("file")).contains("no edit of"));
}

#[test]
fn undo_of_create_removes_the_file() {
    let mut scratch = Scratch::new();
    done(scratch.create("new", "a\n"));
    done(scratch.insert("new", 1, "b"));
    done(scratch.undo("new"));
    let output = scratch.undo("new");
    assert!(diff(&output).contains("+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n"), "{}", diff(&output));
    assert!(done(output).contains("removed"));
    assert!(scratch.names().is_empty());
    assert!(refused(scratch.undo("new")).contains("does not exist"));
}

#[test]
fn the_answer_shows_the_file_as_it_is_again() {
    let mut scratch = Scratch::holding("a\nb\n");
    done(scratch.replace("file", "b", "c"));
    let output = scratch.undo("file");
    assert!(diff(&output).ends_with("-c\n+b\n"), "{}", diff(&output));
    assert!(done(output).contains("     2\tb\n"));
}

#[test]
fn a_change_by_somebody_else_is_not_overwritten_but_shown() {
    let mut scratch = Scratch::holding("a\nb\nc\n");
    done(scratch.replace("file", "b", "B"));
    scratch.write("file", "a\nB\nC\n");
    let text = refused(scratch.undo("file"));
    assert!(text.contains("changed by somebody else") && text.contains("-c\n+C"), "{text}");
    assert_eq!(scratch.bytes("file"), b"a\nB\nC\n");
    scratch.write("file", "a\nB\nc\n");
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"a\nb\nc\n");
}

#[test]
fn a_change_between_two_edits_stops_the_walk_where_it_was_made() {
    let mut scratch = Scratch::holding("a\n");
    done(scratch.replace("file", "a", "b"));
    scratch.write("file", "b\nforeign\n");
    done(scratch.insert("file", 2, "ours"));
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"b\nforeign\n");
    assert!(refused(scratch.undo("file")).contains("+foreign"));
}

#[test]
fn a_change_of_a_large_file_is_refused_with_what_the_undo_would_do() {
    let mut scratch = Scratch::holding(format!("a\n{}", "filler\n".repeat(100_000)));
    done(scratch.replace("file", "a\n", "b\n"));
    let mut bytes = scratch.bytes("file");
    bytes.extend_from_slice(b"more\n");
    scratch.write("file", &bytes);
    let text = refused(scratch.undo("file"));
    assert!(text.contains("would have changed") && text.contains("-b\n+a"), "{text}");
    assert_eq!(scratch.bytes("file"), bytes);
}

#[test]
fn a_created_file_that_was_changed_since_is_not_removed() {
    let mut scratch = Scratch::new();
    done(scratch.create("new", "a"));
    scratch.write("new", "theirs");
    assert!(refused(scratch.undo("new")).contains("+theirs"));
    assert_eq!(scratch.bytes("new"), b"theirs");
}

#[test]
fn edits_through_a_symlink_and_by_name_share_one_history() {
    let mut scratch = Scratch::holding("a");
    symlink("file", scratch.path("link")).expect("a symlink is made");
    done(scratch.replace("link", "a", "b"));
    done(scratch.replace("file", "b", "c"));
    done(scratch.undo("link"));
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"a");
}

#[test]
fn files_have_histories_of_their_own() {
    let mut scratch = Scratch::holding("a");
    scratch.write("other", "a");
    done(scratch.replace("file", "a", "b"));
    done(scratch.replace("other", "a", "c"));
    done(scratch.undo("file"));
    assert_eq!((scratch.bytes("file"), scratch.bytes("other")), (b"a".to_vec(), b"c".to_vec()));
}

#[test]
fn a_refused_edit_leaves_nothing_to_undo() {
    let mut scratch = Scratch::holding("a");
    refused(scratch.replace("file", "x", "y"));
    assert!(refused(scratch.undo("file")).contains("no edit of"));
}

#[test]
fn a_file_removed_since_is_reported_as_missing() {
    let mut scratch = Scratch::holding("a");
    done(scratch.replace("file", "a", "b"));
    fs::remove_file(scratch.path("file")).expect("the file is removed");
    assert!(refused(scratch.undo("file")).contains("does not exist"));
}

#[test]
fn a_full_journal_forgets_the_oldest_edits() {
    let mut scratch = Scratch::with_config(EditorConfig { journal_limit: 50_000, ..EditorConfig::default() });
    scratch.write("file", "0");
    for number in 0..50 {
        done(scratch.replace("file", &number.to_string(), &(number + 1).to_string()));
    }
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"49");
    let undone = (0..50).take_while(|_| !scratch.undo("file").is_error).count();
    assert!((5..20).contains(&undone), "{undone} edits were kept");
    assert!(refused(scratch.undo("file")).contains("were forgotten"));
}

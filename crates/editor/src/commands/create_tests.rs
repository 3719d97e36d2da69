use std::os::unix::fs::{PermissionsExt, symlink};

use crate::{
    EditorConfig,
    scratch::{Scratch, diff, done, refused},
};

#[test]
fn a_file_is_made_with_the_folders_that_lead_to_it() {
    let mut scratch = Scratch::new();
    let output = scratch.create("a/b/file", "one\r\ntwo");
    assert!(diff(&output).starts_with("--- /dev/null\n+++ b/"), "{}", diff(&output));
    assert!(done(output).contains("lines: 2, bytes: 8"));
    assert_eq!(scratch.bytes("a/b/file"), b"one\r\ntwo");
}

#[test]
fn a_new_file_gets_the_mode_that_any_program_would_give_it() {
    let mut scratch = Scratch::new();
    done(scratch.create("ours", ""));
    let mode = |path| std::fs::metadata(path).expect("the file is there").permissions().mode();
    assert_eq!(mode(scratch.path("ours")), mode(scratch.write("theirs", "")));
}

#[test]
fn an_existing_file_is_refused_and_left_alone() {
    let mut scratch = Scratch::holding("old");
    assert!(refused(scratch.create("file", "new")).contains("exists already"));
    assert_eq!(scratch.bytes("file"), b"old");
    assert_eq!(scratch.names(), ["file"]);
}

#[test]
fn a_folder_is_no_place_for_a_file() {
    let mut scratch = Scratch::holding("");
    assert!(refused(scratch.create("", "x")).contains("is a folder"));
    assert!(refused(scratch.create("new/", "x")).contains("names a folder"));
    assert!(refused(scratch.create("new/.", "x")).contains("names a folder"));
    assert!(refused(scratch.create("file/below", "x")).contains("could not make the folder"));
    assert_eq!(scratch.names(), ["file"]);
}

#[test]
fn a_dangling_symlink_is_refused_by_its_target() {
    let mut scratch = Scratch::new();
    symlink("nowhere", scratch.path("link")).expect("a symlink is made");
    let text = refused(scratch.create("link", "x"));
    assert!(text.contains("is a symlink") && text.contains("/nowhere` instead"), "{text}");
}

#[test]
fn a_text_above_the_limit_is_refused() {
    let mut scratch = Scratch::with_config(EditorConfig { file_limit: 3, ..EditorConfig::default() });
    assert!(refused(scratch.create("a/file", "four")).contains("4 bytes"));
    assert!(scratch.names().is_empty());
}

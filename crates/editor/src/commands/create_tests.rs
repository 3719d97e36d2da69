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
    assert!(refused(scratch.create("file/below", "x")).contains("is a file and not a folder"));
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

#[test]
fn overwriting_answers_with_a_diff_and_is_one_edit_to_undo() {
    let mut scratch = Scratch::holding("one\r\ntwo\r\nthree");
    let output = scratch.overwrite("file", "one\r\n2\r\nthree\n");
    let diff = diff(&output);
    assert!(diff.contains("--- a/") && diff.contains("-two\r\n") && diff.contains("+2\r\n"), "{diff}");
    let text = done(output);
    assert!(text.contains("lines: 3, bytes: 14") && text.contains("     2\t2\n"), "{text}");
    assert_eq!(scratch.bytes("file"), b"one\r\n2\r\nthree\n");
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"one\r\ntwo\r\nthree");
    assert!(refused(scratch.undo("file")).contains("no edit of"));
}

#[test]
fn overwriting_takes_and_gives_back_any_bytes() {
    for content in [&b""[..], b"\0\xff\xfe binary", b"\xef\xbb\xbfmark\n", b"a\0b\0\n\0"] {
        let mut scratch = Scratch::holding(content);
        done(scratch.overwrite("file", "text\n"));
        assert_eq!(scratch.bytes("file"), b"text\n");
        done(scratch.undo("file"));
        assert_eq!(scratch.bytes("file"), content);
    }
    let mut scratch = Scratch::holding("x");
    assert!(done(scratch.overwrite("file", "")).contains("it is empty now"));
    assert_eq!(scratch.bytes("file"), b"");
}

#[test]
fn overwriting_keeps_the_mode_and_follows_symlinks() {
    let mut scratch = Scratch::new();
    let target = scratch.write("deep/target", "old");
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o751)).expect("the mode is set");
    symlink("deep/target", scratch.path("link")).expect("a symlink is made");
    done(scratch.overwrite("link", "new"));
    assert!(std::fs::symlink_metadata(scratch.path("link")).expect("the link is there").is_symlink());
    assert_eq!(scratch.bytes("deep/target"), b"new");
    assert_eq!(std::fs::metadata(&target).expect("the file is there").permissions().mode() & 0o7777, 0o751);
}

#[test]
fn overwriting_what_is_not_there_creates_it_and_undo_removes_it() {
    let mut scratch = Scratch::new();
    assert!(done(scratch.overwrite("a/new", "x")).contains("created"));
    done(scratch.overwrite("a/new", "y"));
    done(scratch.undo("a/new"));
    assert_eq!(scratch.bytes("a/new"), b"x");
    done(scratch.undo("a/new"));
    assert!(!scratch.path("a/new").exists());
}

#[test]
fn overwriting_with_the_same_text_writes_nothing() {
    let mut scratch = Scratch::holding("same");
    assert!(done(scratch.overwrite("file", "same")).contains("nothing was written"));
    assert!(refused(scratch.undo("file")).contains("no edit of"));
}

#[test]
fn overwriting_refuses_what_is_no_file() {
    let mut scratch = Scratch::new();
    std::fs::create_dir(scratch.path("folder")).expect("a folder is made");
    assert!(refused(scratch.overwrite("folder", "x")).contains("is a folder"));
    assert!(refused(scratch.overwrite("/dev/null", "x")).contains("is a device"));
}

#[test]
fn paths_of_impossible_length_are_refused_with_what_is_possible() {
    let mut scratch = Scratch::new();
    for name in ["x".repeat(300), "d/".repeat(2500) + "file", "a/".to_owned() + &"x".repeat(5000)] {
        let outputs = [
            scratch.view(&name, None),
            scratch.create(&name, "x"),
            scratch.overwrite(&name, "x"),
            scratch.replace(&name, "a", "b"),
            scratch.insert(&name, 0, "a"),
            scratch.undo(&name),
        ];
        for output in outputs {
            let text = refused(output);
            assert!(text.contains("4095") && text.len() < 600, "{text}");
        }
    }
    assert!(scratch.names().is_empty());
}

#[test]
fn a_path_below_a_file_is_refused_by_every_command() {
    let mut scratch = Scratch::holding("x");
    let outputs = [
        scratch.view("file/below", None),
        scratch.create("file/below", "x"),
        scratch.overwrite("file/a/b", "x"),
        scratch.replace("file/below", "a", "b"),
        scratch.insert("file/below", 0, "a"),
        scratch.undo("file/below"),
    ];
    for output in outputs {
        let text = refused(output);
        assert!(text.contains("/file` is a file and not a folder"), "{text}");
    }
}

#[test]
fn a_symlink_to_itself_is_named_as_one() {
    let mut scratch = Scratch::new();
    symlink("loop", scratch.path("loop")).expect("a symlink is made");
    assert!(refused(scratch.view("loop", None)).contains("is a symlink to itself"));
    assert!(refused(scratch.overwrite("loop", "x")).contains("is a symlink to itself"));
}

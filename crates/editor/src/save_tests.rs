use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use handspike_types::{ToolOutput, editor::EditorCommand};
use rustix::{
    fs::{XattrFlags, getxattr, setxattr},
    process::{Gid, Uid, geteuid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use super::over;
use crate::{
    Editor, EditorConfig,
    error::EditError,
    file::{Access, OpenFile},
    scratch::{Scratch, done, refused},
};

const NOBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the mode is set");
}

fn facts(path: &Path) -> (u32, u32, u32) {
    let metadata = fs::metadata(path).expect("the file is there");
    (metadata.mode(), metadata.uid(), metadata.gid())
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("the file is there").ino()
}

fn attribute(path: &Path, name: &str) -> Vec<u8> {
    let mut value = vec![0; 100];
    let length = getxattr(path, name, &mut value[..]).expect("the attribute is there");
    value.truncate(length);
    value
}

/// Replaces `a` by `b` as a user whom nothing here belongs to, in a thread that alone becomes that user. Whether
/// that could be tried: only root can become somebody else.
fn edited_as_nobody(path: &Path) -> Option<ToolOutput> {
    if !geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "this test must run as root");
        eprintln!("SKIPPED: only root can try what another user may do");
        return None;
    }
    let command = EditorCommand::StrReplace { path: path.to_owned(), old: "a".into(), new: "b".into() };
    let edit = move || {
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        set_thread_groups(&[]).expect("the groups are left");
        set_thread_res_gid(group, group, group).expect("the group changes");
        set_thread_res_uid(user, user, user).expect("the user changes");
        Editor::new(EditorConfig::default()).run(&command)
    };
    Some(thread::spawn(edit).join().expect("the thread ends"))
}

#[test]
fn an_edit_replaces_the_file_and_leaves_nothing_beside_it() {
    let mut scratch = Scratch::holding("a");
    let before = inode(&scratch.path("file"));
    done(scratch.replace("file", "a", "b"));
    assert_ne!(inode(&scratch.path("file")), before);
    assert_eq!(scratch.names(), ["file"]);
}

#[test]
fn mode_owner_and_extended_attributes_survive() {
    let mut scratch = Scratch::holding("a");
    let path = scratch.path("file");
    if geteuid().is_root() {
        chown(&path, Some(12), Some(34)).expect("the owner changes");
    }
    set_mode(&path, 0o6751);
    setxattr(&path, "user.origin", b"test\0\xff", XattrFlags::empty()).expect("the attribute is set");
    let before = facts(&path);
    done(scratch.replace("file", "a", "b"));
    assert_eq!(facts(&path), before);
    assert_eq!(attribute(&path, "user.origin"), b"test\0\xff");
    done(scratch.undo("file"));
    assert_eq!(facts(&path), before);
    assert_eq!(attribute(&path, "user.origin"), b"test\0\xff");
}

#[test]
fn an_access_list_that_the_folder_gives_to_new_files_is_not_caught_by_the_edit() {
    let mut scratch = Scratch::holding("a");
    // Version 2; owner rwx, user 12 rwx, group ---, mask rwx, others ---.
    let entries: [(u16, u16, u32); 5] =
        [(1, 7, u32::MAX), (2, 7, 12), (4, 0, u32::MAX), (16, 7, u32::MAX), (32, 0, u32::MAX)];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    setxattr(scratch.folder(), "system.posix_acl_default", &list, XattrFlags::empty()).expect("the list is set");
    let path = scratch.path("file");
    let before = facts(&path);
    done(scratch.replace("file", "a", "b"));
    assert_eq!(facts(&path), before);
    assert!(getxattr(&path, "system.posix_acl_access", &mut [0u8; 100][..]).is_err());
}

#[test]
fn a_symlink_stays_and_its_target_is_edited() {
    let mut scratch = Scratch::new();
    scratch.write("deep/target", "a");
    symlink("deep/target", scratch.path("link")).expect("a symlink is made");
    done(scratch.replace("link", "a", "b"));
    assert!(fs::symlink_metadata(scratch.path("link")).expect("the link is there").is_symlink());
    assert_eq!(scratch.bytes("deep/target"), b"b");
    assert_eq!(scratch.names(), ["deep", "link"]);
}

#[test]
fn a_hard_link_stays_the_same_file_under_all_its_names() {
    let mut scratch = Scratch::holding("a longer text");
    fs::hard_link(scratch.path("file"), scratch.path("other")).expect("a link is made");
    done(scratch.replace("file", "a longer", "a"));
    assert_eq!(scratch.bytes("other"), b"a text");
    assert_eq!(inode(&scratch.path("file")), inode(&scratch.path("other")));
}

#[test]
fn a_file_in_a_folder_that_takes_no_new_ones_is_written_in_place() {
    let scratch = Scratch::holding("a");
    let path = scratch.path("file");
    set_mode(&path, 0o666);
    set_mode(scratch.folder(), 0o755);
    let before = inode(&path);
    let Some(output) = edited_as_nobody(&path) else { return };
    done(output);
    assert_eq!(scratch.bytes("file"), b"b");
    assert_eq!(inode(&path), before);
}

#[test]
fn a_file_whose_owner_cannot_be_carried_over_is_written_in_place() {
    let scratch = Scratch::holding("a");
    let path = scratch.path("file");
    set_mode(&path, 0o666);
    set_mode(scratch.folder(), 0o777);
    let before = facts(&path);
    let Some(output) = edited_as_nobody(&path) else { return };
    done(output);
    assert_eq!(scratch.bytes("file"), b"b");
    assert_eq!(facts(&path), before);
    assert_eq!(scratch.names(), ["file"]);
}

#[test]
fn a_file_that_may_not_be_written_is_refused_though_its_folder_may() {
    let scratch = Scratch::holding("a");
    let path = scratch.path("file");
    set_mode(&path, 0o444);
    set_mode(scratch.folder(), 0o777);
    let Some(output) = edited_as_nobody(&path) else { return };
    let text = refused(output);
    assert!(text.contains("could not open for editing") && text.contains("Permission denied"), "{text}");
    assert_eq!(scratch.bytes("file"), b"a");
}

#[test]
fn a_change_by_somebody_else_during_the_edit_is_not_overwritten() {
    let scratch = Scratch::holding("a");
    for name in ["file", "linked"] {
        scratch.write(name, "a");
        if name == "linked" {
            fs::hard_link(scratch.path(name), scratch.path("other")).expect("a link is made");
        }
        let file = OpenFile::open(&scratch.path(name), Access::Edit, 100).expect("the file is opened");
        scratch.write(name, "theirs");
        assert!(matches!(over(&file, b"ours"), Err(EditError::ChangedMeanwhile { .. })));
        assert_eq!(scratch.bytes(name), b"theirs");
    }
}

#[test]
fn a_reader_sees_the_old_content_or_the_new_and_never_a_part() {
    let mut scratch = Scratch::holding("0".repeat(200_000) + "|");
    let path = scratch.path("file");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !is_over.load(Ordering::Relaxed) {
                let bytes = fs::read(&path).expect("the file is always there");
                assert!(bytes.len() >= 200_001 && bytes.ends_with(b"|"), "{} bytes", bytes.len());
                reads += 1;
            }
            reads
        });
        for _ in 0..30 {
            done(scratch.replace("file", "|", "more|"));
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().expect("the reader saw whole files") > 0);
    });
}

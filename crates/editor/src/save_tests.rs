use std::{
    ffi::CString,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use handspike_types::{EditorSettings, ToolOutput, editor::EditorCommand};
use rustix::{
    fs::{XattrFlags, getxattr, setxattr},
    mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount},
    process::{Gid, Uid, geteuid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use super::{TEMPORARY_PREFIX, over};
use crate::{
    Editor, EditorConfig,
    error::EditError,
    file::{Access, OpenFile},
    journal::Journal,
    place::Roots,
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
    Some(as_nobody(move || Editor::new(EditorConfig::default()).run(&command, &EditorSettings::default())))
}

/// Does something in a thread that alone becomes another user.
fn as_nobody<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let become_nobody = || {
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        set_thread_groups(&[]).expect("the groups are left");
        set_thread_res_gid(group, group, group).expect("the group changes");
        set_thread_res_uid(user, user, user).expect("the user changes");
    };
    let thread = thread::spawn(move || {
        become_nobody();
        what()
    });
    thread.join().expect("the thread ends")
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
fn the_bits_that_the_kernel_takes_off_at_a_write_are_there_again() {
    if !geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "this test must run as root");
        eprintln!("SKIPPED: only root can become somebody from whom the bits are taken");
        return;
    }
    let scratch = Scratch::new();
    set_mode(scratch.folder(), 0o777);
    for (name, links) in [("alone", 1), ("linked", 2)] {
        let path = scratch.write(name, "a");
        if links == 2 {
            fs::hard_link(&path, scratch.path("other")).expect("a link is made");
        }
        chown(&path, Some(NOBODY), Some(NOBODY)).expect("the owner changes");
        set_mode(&path, 0o7755);
        let before = facts(&path);
        let edited = path.clone();
        let edit = EditorCommand::StrReplace { path: path.clone(), old: "a".into(), new: "b".into() };
        let undo = EditorCommand::UndoEdit { path };
        let modes = as_nobody(move || {
            let mut editor = Editor::new(EditorConfig::default());
            [edit, undo].map(|command| {
                done(editor.run(&command, &EditorSettings::default()));
                facts(&edited)
            })
        });
        assert_eq!(modes, [before, before], "{name}");
        assert_eq!(scratch.bytes(name), b"a");
    }
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
        let file =
            OpenFile::open(&scratch.path(name), &Roots::new(&[]), Access::Edit, 100).expect("the file is opened");
        let mut journal = Journal::open(None, 0);
        scratch.write(name, "theirs");
        assert!(matches!(over(&file, b"ours", &mut journal, |_| {}), Err(EditError::ChangedMeanwhile { .. })));
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

/// A file system of its own, as small as asked for. None where it may not be mounted.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(folder: &'a Path, size: &str) -> Option<Self> {
        fs::create_dir_all(folder).expect("a folder is made");
        let options = CString::new(format!("size={size}")).expect("no NUL");
        match mount("none", folder, "tmpfs", MountFlags::empty(), options.as_c_str()) {
            Ok(()) => Some(Self(folder)),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "this test must be able to mount: {error}");
                eprintln!("SKIPPED: only who may mount can try a full disk: {error}");
                None
            }
        }
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = unmount(self.0, UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_no_litter() {
    let mut scratch = Scratch::new();
    let folder = scratch.path("small");
    let Some(_mounted) = Mounted::new(&folder, "256k") else { return };
    let content = "(here)".to_owned() + &"x".repeat(150_000);
    scratch.write("small/file", &content);
    scratch.write("small/linked", &content[..90_000]);
    fs::hard_link(folder.join("linked"), folder.join("other")).expect("a link is made");
    let outputs = [
        scratch.replace("small/file", "(here)", "(there)"),
        scratch.overwrite("small/file", &"y".repeat(150_000)),
        scratch.create("small/new", &"y".repeat(150_000)),
        // Written in place, and so with the room reserved first.
        scratch.overwrite("small/linked", &"y".repeat(200_000)),
    ];
    for output in outputs {
        let text = refused(output);
        assert!(text.contains("could not write") && text.contains("No space left"), "{text}");
        assert!(!text.contains(TEMPORARY_PREFIX), "{text}");
    }
    assert_eq!(scratch.bytes("small/file"), content.as_bytes());
    assert_eq!(scratch.bytes("small/linked"), &content.as_bytes()[..90_000]);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 3);
    assert!(refused(scratch.undo("small/file")).contains("no edit of"));
}

#[test]
fn a_read_only_file_system_is_named_as_the_cause() {
    let mut scratch = Scratch::new();
    let folder = scratch.path("fixed");
    let Some(_mounted) = Mounted::new(&folder, "256k") else { return };
    scratch.write("fixed/file", "a");
    mount_remount(&folder, MountFlags::RDONLY, c"").expect("it is made read-only");
    let outputs = [
        scratch.replace("fixed/file", "a", "b"),
        scratch.insert("fixed/file", 0, "b"),
        scratch.overwrite("fixed/file", "b"),
        scratch.create("fixed/new", "b"),
        scratch.create("fixed/folder/new", "b"),
    ];
    for output in outputs {
        let text = refused(output);
        assert!(text.contains("Read-only file system"), "{text}");
    }
    assert!(done(scratch.view("fixed/file", None)).contains("     1\ta\n"));
}

#[test]
fn a_file_mounted_by_itself_is_written_in_place_and_can_be_undone() {
    let mut scratch = Scratch::holding("a");
    scratch.write("source", "a");
    let (source, target) = (scratch.path("source"), scratch.path("file"));
    if let Err(error) = mount_bind(&source, &target) {
        assert!(std::env::var_os("CI").is_none(), "this test must be able to mount: {error}");
        eprintln!("SKIPPED: only who may mount can try a mounted file: {error}");
        return;
    }
    let _mounted = Mounted(&target);
    done(scratch.replace("file", "a", "b"));
    assert_eq!(scratch.bytes("source"), b"b");
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("source"), b"a");
    assert_eq!(scratch.names(), ["file", "source"]);
}

#[test]
fn a_file_that_may_not_be_read_is_refused_with_the_cause() {
    let scratch = Scratch::holding("a");
    let path = scratch.path("file");
    set_mode(&path, 0o000);
    set_mode(scratch.folder(), 0o755);
    let Some(output) = edited_as_nobody(&path) else { return };
    assert!(refused(output).contains("Permission denied"));
}

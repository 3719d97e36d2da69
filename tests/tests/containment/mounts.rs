//! What a sandbox sees of the machine's files.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use handspike_tests::{Scenario, require_docker};
use tempfile::TempDir;

use super::{play, written_inside};

/// A folder of the machine, with a file in it, that everybody may write to.
fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    set_mode(folder.path(), 0o777);
    fs::write(folder.path().join("file"), "the host's\n").expect("a file");
    set_mode(&folder.path().join("file"), 0o666);
    folder
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

#[test]
fn a_mount_is_read_only_by_default() {
    let Some(_docker) = require_docker() else { return };
    let folder = open_folder();
    let ended = play(
        Scenario::on("base")
            .mount(format!("{}:/mnt/host", folder.path().display()))
            .bash("cat /mnt/host/file; cd /mnt/host; { echo x >file; echo x >new; rm file; chmod 700 .; } 2>&1 | grep -c 'Read-only'"),
    );
    assert_eq!(ended.written(0), "the host's\n4\n");
    assert_eq!(fs::read_to_string(folder.path().join("file")).expect("the file"), "the host's\n");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

#[test]
fn a_mount_is_written_to_where_that_was_said() {
    let Some(_docker) = require_docker() else { return };
    let folder = open_folder();
    let _ended = play(
        Scenario::on("base")
            .mount(format!("{}:/mnt/host:rw", folder.path().display()))
            .bash("echo \"the sandbox's\" >/mnt/host/new"),
    );
    let new = folder.path().join("new");
    assert_eq!(fs::read_to_string(&new).expect("a new file"), "the sandbox's\n");
    assert_eq!(fs::metadata(&new).expect("a new file").uid(), 1000);
}

#[test]
fn a_mount_over_the_workspace_leaves_the_folder_s_owner_and_mode() {
    let Some(_docker) = require_docker() else { return };
    let folder = open_folder();
    set_mode(folder.path(), 0o1775);
    let look =
        || fs::metadata(folder.path()).map(|folder| (folder.uid(), folder.gid(), folder.mode())).expect("a folder");
    let before = look();
    let ended =
        play(Scenario::on("base").mount(format!("{}:/workspace:rw", folder.path().display())).bash("pwd; cat file"));
    assert_eq!(ended.written(0), "/workspace\nthe host's\n");
    assert_eq!(look(), before);
}

#[test]
fn the_machine_s_own_files_are_not_to_be_seen() {
    let marked = tempfile::Builder::new().prefix("handspike-canary-").tempdir().expect("a temporary folder");
    let name = marked.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(found) = written_inside(&format!("find / -name '{name}' 2>/dev/null; echo looked")) else { return };
    assert_eq!(found, "looked\n");
}

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{Roots, check_absolute};
use crate::scratch::{Scratch, done, refused};

/// An editor confined to `in`, beside which there is `out`.
fn confined() -> Scratch {
    let mut scratch = Scratch::new();
    scratch.write("in/file", "inside\n");
    scratch.write("in/deep/file", "inside\n");
    scratch.write("out/file", "outside\n");
    scratch.write("inner/file", "outside\n");
    scratch.settings.roots = vec![scratch.path("in")];
    scratch
}

#[track_caller]
fn outside(text: &str, scratch: &Scratch) {
    let root = scratch.path("in").display().to_string();
    assert!(text.contains("lies outside of") && text.contains(&format!("`{root}`")), "{text}");
}

#[test]
fn every_command_works_inside() {
    let mut scratch = confined();
    done(scratch.replace("in/file", "inside", "edited"));
    done(scratch.insert("in/deep/file", 1, "more"));
    done(scratch.create("in/new/folders/file", "new"));
    done(scratch.overwrite("in/new/folders/file", "newer"));
    for name in ["in/new/folders/file", "in/new/folders/file", "in/deep/file", "in/file"] {
        done(scratch.undo(name));
    }
    assert_eq!(scratch.bytes("in/file"), b"inside\n");
    assert!(!scratch.path("in/new/folders/file").exists());
    assert!(done(scratch.view("in", None)).contains("in/deep/file\n"));
    assert!(done(scratch.view("in/file", None)).contains("\tinside\n"));
}

#[test]
fn every_command_is_refused_outside_and_the_roots_named() {
    let mut scratch = confined();
    // The last is a neighbour whose name begins like the root's; the first the folder that holds the root.
    for name in ["", "out/file", "in/../out/file", "in/deep/../../out/file", "out", "inner/file"] {
        outside(&refused(scratch.view(name, None)), &scratch);
        outside(&refused(scratch.view(name, Some((1, None)))), &scratch);
        outside(&refused(scratch.create(name, "x")), &scratch);
        outside(&refused(scratch.overwrite(name, "x")), &scratch);
        outside(&refused(scratch.replace(name, "outside", "x")), &scratch);
        outside(&refused(scratch.insert(name, 0, "x")), &scratch);
        outside(&refused(scratch.undo(name)), &scratch);
    }
    assert_eq!(scratch.bytes("out/file"), b"outside\n");
}

#[test]
fn nothing_is_made_outside_nor_told_of_what_is_not_there() {
    let mut scratch = confined();
    for name in ["out/new", "out/a/b/new", "in/../new", "in/no/../../new", "new"] {
        let text = refused(scratch.create(name, "x"));
        assert!(text.contains("lies outside of") || text.contains("does not exist"), "{text}");
        outside(&refused(scratch.view(if name.contains("no") { "out/none" } else { name }, None)), &scratch);
    }
    assert_eq!(scratch.names(), ["in", "inner", "out"]);
    assert_eq!(fs::read_dir(scratch.path("out")).expect("a folder").count(), 1);
    outside(&refused(scratch.view("out/file/below", None)), &scratch);
}

#[test]
fn symlinks_that_lead_outside_are_refused_and_those_inside_followed() {
    let mut scratch = confined();
    for (target, name) in [("../out/file", "in/link"), ("../out", "in/folder"), ("deep/file", "in/inner")] {
        symlink(target, scratch.path(name)).expect("a symlink is made");
    }
    symlink(scratch.path("in/deep"), scratch.path("in/absolute")).expect("a symlink is made");
    symlink("../out/none", scratch.path("in/dangling")).expect("a symlink is made");
    for name in ["in/link", "in/folder/file", "in/folder"] {
        outside(&refused(scratch.view(name, None)), &scratch);
        outside(&refused(scratch.overwrite(name, "x")), &scratch);
    }
    outside(&refused(scratch.create("in/folder/new", "x")), &scratch);
    outside(&refused(scratch.create("in/folder/a/new", "x")), &scratch);
    refused(scratch.overwrite("in/dangling", "x"));
    assert!(!scratch.path("out/none").exists() && !scratch.path("out/new").exists());
    done(scratch.replace("in/inner", "inside", "edited"));
    done(scratch.replace("in/absolute/file", "edited", "twice"));
    assert_eq!(scratch.bytes("in/deep/file"), b"twice\n");
}

#[test]
fn an_edit_from_before_the_confinement_is_not_undone_outside() {
    let mut scratch = confined();
    let roots = std::mem::take(&mut scratch.settings.roots);
    done(scratch.replace("out/file", "outside", "edited"));
    scratch.settings.roots = roots;
    outside(&refused(scratch.undo("out/file")), &scratch);
    assert_eq!(scratch.bytes("out/file"), b"edited\n");
}

#[test]
fn a_root_that_is_not_there_has_nothing_below_it() {
    let mut scratch = confined();
    scratch.settings.roots = vec![scratch.path("none")];
    assert!(refused(scratch.view("in/file", None)).contains("/none`"));
    assert!(refused(scratch.create("none/file", "x")).contains("/none`"));
}

#[test]
fn a_root_may_be_named_by_a_symlink() {
    let mut scratch = confined();
    symlink("in", scratch.path("alias")).expect("a symlink is made");
    scratch.settings.roots = vec![scratch.path("alias")];
    done(scratch.replace("alias/file", "inside", "edited"));
    done(scratch.replace("in/file", "edited", "again"));
    outside_of_alias(&refused(scratch.view("out/file", None)));
}

#[track_caller]
fn outside_of_alias(text: &str) {
    assert!(text.contains("/alias`"), "{text}");
}

#[test]
fn a_folder_exchanged_for_a_symlink_meanwhile_leads_nowhere_else() {
    let mut scratch = confined();
    let (folder, link) = (scratch.path("in/deep"), scratch.path("in/link"));
    symlink("../out", &link).expect("a symlink is made");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).expect("they change places");
            }
        });
        let mut done = 0;
        while done < 200 {
            let output = scratch.view("in/deep/file", None);
            assert!(!output.joined_text().contains("\toutside"), "{}", output.joined_text());
            done += usize::from(!output.is_error);
            let output = scratch.overwrite("in/deep/file", &format!("inside {done}\n"));
            done += usize::from(!output.is_error);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(scratch.bytes("out/file"), b"outside\n");
    assert_eq!(fs::read_dir(scratch.path("out")).expect("a folder").count(), 1);
}

#[test]
fn a_path_that_is_not_absolute_is_answered_with_the_one_that_is_probably_meant() {
    let scratch = Scratch::new();
    let cwd = scratch.path("work");
    fs::create_dir_all(cwd.join("project")).expect("a folder is made");
    fs::write(cwd.join("project/a.py"), "").expect("a file is made");
    let told = |path: &str, roots: &[PathBuf]| {
        let refused = check_absolute(Path::new(path), &cwd, &Roots::new(roots)).expect_err("relative");
        refused.in_words()
    };
    let below_cwd = |path: &str| format!("did you mean `{}`?", cwd.join(path).display());
    assert!(told("project/a.py", &[]).ends_with(&below_cwd("project/a.py")));
    assert!(told("etc/passwd", &[]).ends_with("did you mean `/etc/passwd`?"));
    for new in ["new.py", "project/new.py", "none/of/these"] {
        assert!(told(new, &[]).ends_with(&below_cwd(new)), "{}", told(new, &[]));
    }
    assert!(told("etc/new", &[]).ends_with("did you mean `/etc/new`?"));
    // What is outside is not told to be there.
    assert!(told("etc/passwd", std::slice::from_ref(&cwd)).ends_with(&below_cwd("etc/passwd")));
    assert!(check_absolute(Path::new("/etc"), &cwd, &Roots::new(&[])).is_ok());
}

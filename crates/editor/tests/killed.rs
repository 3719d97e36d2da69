//! An editor killed at any moment leaves the old file or the new one, no litter, and a journal that leads back.
//!
//! This program starts itself again as the editor to be killed, which is why it has no test harness. Each victim
//! counts a number in a file up, and every few steps down again by an undo, until it is killed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use handspike_editor::{Editor, EditorConfig};
use handspike_types::{EditorSettings, ToolOutput, editor::EditorCommand};

const FOLDER: &str = "HANDSPIKE_TEST_VICTIM_FOLDER";
const VICTIMS: u64 = 60;
/// Enough that a kill often falls into the writing.
const FILLER: usize = 50_000;
const DEADLINE: Duration = Duration::from_secs(120);

fn main() {
    match env::var_os(FOLDER) {
        Some(folder) => edit_until_killed(Path::new(&folder)),
        None => an_editor_killed_at_any_moment_can_still_be_undone(),
    }
}

fn editor(folder: &Path) -> Editor {
    Editor::new(EditorConfig { journal: Some(folder.join("journal")), ..EditorConfig::default() })
}

fn run(editor: &mut Editor, command: &EditorCommand) -> ToolOutput {
    editor.run(command, &EditorSettings::default())
}

fn file(folder: &Path) -> PathBuf {
    folder.join("work/file")
}

/// The number in the file, all of which must be there.
fn number(folder: &Path) -> u64 {
    let content = fs::read_to_string(file(folder)).expect("the file is always there");
    let number = content.strip_prefix(&"x".repeat(FILLER)).expect("its beginning").trim();
    number.strip_suffix("end").expect("its end").parse().expect("its number")
}

fn count_up(editor: &mut Editor, folder: &Path) {
    let number = number(folder);
    let (old, new) = (format!("{number}end"), format!("{}end", number + 1));
    let output = run(editor, &EditorCommand::StrReplace { path: file(folder), old, new });
    assert!(!output.is_error, "{}", output.joined_text());
}

fn edit_until_killed(folder: &Path) {
    let mut editor = editor(folder);
    count_up(&mut editor, folder);
    fs::write(folder.join("started"), "").expect("the start is told");
    loop {
        for _ in 0..3 {
            count_up(&mut editor, folder);
        }
        run(&mut editor, &EditorCommand::UndoEdit { path: file(folder) });
    }
}

fn an_editor_killed_at_any_moment_can_still_be_undone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    fs::create_dir(folder.join("work")).expect("a folder is made");
    fs::write(file(folder), format!("{} 0end\n", "x".repeat(FILLER))).expect("the file is written");
    for victim in 0..VICTIMS {
        kill_one(folder, Duration::from_micros(victim * 997 % 40_000));
        number(folder);
        // Whoever comes next cleans up.
        drop(editor(folder));
        let names: Vec<_> = fs::read_dir(folder.join("work")).expect("a folder").collect();
        assert_eq!(names.len(), 1, "{names:?} after victim {victim}");
    }
    let reached = number(folder);
    assert!(reached >= VICTIMS, "each victim tells of its start after an edit, and no undo takes back as many");
    let mut editor = editor(folder);
    for expected in (0..reached).rev() {
        let output = run(&mut editor, &EditorCommand::UndoEdit { path: file(folder) });
        assert!(!output.is_error, "{expected}: {}", output.joined_text());
        assert!(!output.joined_text().contains("damaged"), "{}", output.joined_text());
        assert_eq!(number(folder), expected);
    }
    assert!(run(&mut editor, &EditorCommand::UndoEdit { path: file(folder) }).is_error);
    eprintln!("{VICTIMS} editors killed, {reached} edits undone");
}

/// Starts an editor and kills it some time after its first edit.
fn kill_one(folder: &Path, after: Duration) {
    let started = folder.join("started");
    let _ = fs::remove_file(&started);
    let itself = env::current_exe().expect("this program has a path");
    let mut victim = Command::new(itself).env(FOLDER, folder).stdin(Stdio::null()).spawn().expect("it starts");
    let deadline = Instant::now() + DEADLINE;
    while !started.exists() {
        assert!(Instant::now() < deadline && victim.try_wait().expect("its state").is_none(), "a victim fails");
        thread::yield_now();
    }
    // The moment of the kill is what varies, and so the only thing to wait for.
    thread::sleep(after);
    victim.kill().expect("it is killed");
    assert!(!victim.wait().expect("it ends").success(), "a victim ends only by being killed");
}

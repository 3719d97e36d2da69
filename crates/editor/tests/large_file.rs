//! A large file is edited in memory of at most three times its size.
//!
//! The peak is the whole process's, so this test has a binary to itself.

use std::{fs, path::Path, time::Instant};

use handspike_editor::{Editor, EditorConfig};
use handspike_types::{
    EditorSettings,
    editor::{EditorCommand, Existing},
};

/// A third of the limit, so that a build without optimisation is done in seconds.
const SIZE: usize = 32 << 20;

/// The process's peak of resident memory in bytes, since the last call of `forget_peak`.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("the process has a status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("it has a peak");
    let kibibytes = line.split_whitespace().nth(1).expect("a number");
    kibibytes.parse::<usize>().expect("a number") * 1024
}

fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("the peak is reset");
}

#[test]
fn a_large_file_is_edited_and_restored_in_memory_of_three_times_its_size() {
    let size = std::env::var("LARGE_FILE_BYTES").map_or(SIZE, |size| size.parse().expect("a number of bytes"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, line) in
        [("lf", "a line of some length\n"), ("crlf", "a line with its ending\r\n"), ("open", "no ending")]
    {
        let path = folder.path().join(name);
        let mut content = line.repeat(size / line.len() - 1);
        content.insert_str(content.len() / line.len() / 2 * line.len(), "(here\n and there)");
        fs::write(&path, &content).expect("the file is written");
        edit_and_restore(&path, content.len());
        assert!(fs::read(&path).expect("the file is read") == content.as_bytes(), "{name} is not as it was");
    }
}

fn edit_and_restore(path: &Path, size: usize) {
    let journal = Some(path.with_extension("journal"));
    let mut editor = Editor::new(EditorConfig { journal, ..EditorConfig::default() });
    let path = path.to_owned();
    let commands = [
        EditorCommand::StrReplace { path: path.clone(), old: "(here\n and".into(), new: "(there\n and\n".into() },
        EditorCommand::Insert { path: path.clone(), line: 1, text: "inserted".into() },
        EditorCommand::UndoEdit { path: path.clone() },
        EditorCommand::UndoEdit { path: path.clone() },
        EditorCommand::Create { path: path.clone(), text: "short".into(), existing: Existing::Overwritten },
        EditorCommand::UndoEdit { path },
    ];
    for command in commands {
        forget_peak();
        let (before, start) = (peak(), Instant::now());
        let output = editor.run(&command, &EditorSettings::default());
        let grown = peak() - before;
        assert!(!output.is_error, "{}", output.joined_text());
        assert!(grown <= 3 * size, "{command:?} took {grown} bytes for a file of {size}");
        eprintln!("{:.2} times the size in {:?}: {command:?}", grown as f64 / size as f64, start.elapsed());
    }
}

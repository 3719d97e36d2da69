//! What a `str_replace` costs, beside reading the same file, writing it to a temporary one, flushing that to the
//! disk and renaming it. Both are done in turns, in one folder (the first argument, or the system's for temporary
//! files), the editor with its journal on the same disk. Printed are medians.

#![allow(clippy::print_stdout, reason = "a program that prints")]

use std::{
    env, fs, io,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use handspike_editor::{Editor, EditorConfig};
use handspike_types::{EditorSettings, editor::EditorCommand};

const LINE: &str = "a line of some forty characters, as usual\n";

fn main() -> io::Result<()> {
    let parent = env::args_os().nth(1).map_or_else(env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(parent)?;
    let journal = folder.path().join("journal");
    let mut editor = Editor::new(EditorConfig { journal: Some(journal), ..EditorConfig::default() });
    println!("{:>12} {:>12} {:>12} {:>8} {:>12}", "bytes", "plain", "edit", "times", "undo");
    for (size, rounds) in [(10_000, 301), (1_000_000, 101), (100_000_000, 11)] {
        let path = folder.path().join("file");
        let mut content = LINE.repeat(size / LINE.len());
        content.insert_str(content.len() / LINE.len() / 2 * LINE.len(), "(0)\n");
        fs::write(&path, &content)?;
        let [mut plain, mut edit, mut undo] = [const { Vec::new() }; 3];
        for round in 0..rounds {
            plain.push(timed(|| plainly(&path))?);
            let (old, new) = (format!("({round})"), format!("({})", round + 1));
            let command = EditorCommand::StrReplace { path: path.clone(), old, new };
            edit.push(timed(|| run(&mut editor, &command))?);
        }
        for _ in 0..rounds {
            undo.push(timed(|| run(&mut editor, &EditorCommand::UndoEdit { path: path.clone() }))?);
        }
        assert!(fs::read(&path)? == content.as_bytes(), "the undo of every edit gives the start");
        let [plain, edit, undo] = [plain, edit, undo].map(median);
        let times = edit.as_secs_f64() / plain.as_secs_f64();
        println!("{size:>12} {plain:>12.2?} {edit:>12.2?} {times:>8.2} {undo:>12.2?}");
    }
    Ok(())
}

fn plainly(path: &Path) -> io::Result<()> {
    let content = fs::read(path)?;
    let temporary = path.with_extension("temporary");
    let mut file = fs::File::create(&temporary)?;
    file.write_all(&content)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

fn run(editor: &mut Editor, command: &EditorCommand) -> io::Result<()> {
    let output = editor.run(command, &EditorSettings::default());
    if output.is_error { Err(io::Error::other(output.joined_text())) } else { Ok(()) }
}

fn timed(work: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

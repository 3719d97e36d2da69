//! An xterm whose program hands the test every byte that is typed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::backend::Computer;
use tempfile::TempDir;

use crate::xserver::{XServer, move_to};

/// How long the terminal may take for what it does at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether what is typed shows on the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    On,
    Off,
}

/// A running xterm, which ends with the test.
pub(crate) struct Terminal {
    child: Child,
    typed: Receiver<String>,
    _folder: TempDir,
}

impl Terminal {
    /// Opens one that waits for this many bytes, and puts the pointer, which the keyboard follows, into it.
    pub(crate) fn open(server: &XServer, computer: &mut Computer, bytes: usize, echo: Echo) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = make_pipe(folder.path());
        let echo = if echo == Echo::On { "echo" } else { "-echo" };
        let script = format!(
            "exec 3>{}; stty -icanon -isig -iexten -ixon {echo}; echo ready >&3; head -c {bytes} >&3",
            pipe.display()
        );
        let child = Command::new("xterm")
            .args(["-u8", "-geometry", "100x40+0+0", "-e", "sh", "-c", &script])
            .env("DISPLAY", &server.display)
            .env("LC_ALL", "C.UTF-8")
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need `xterm`: apt-get install xterm");
        let (sender, typed) = channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(File::open(pipe).unwrap());
            let mut ready = String::new();
            reader.read_line(&mut ready).unwrap();
            sender.send(ready).unwrap();
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        let ready = typed.recv_timeout(PATIENCE).expect("xterm starts");
        assert_eq!(ready, "ready\n");
        move_to(computer, 100, 100);
        Self { child, typed, _folder: folder }
    }

    /// What was typed, once all of it is there. Panics when some never comes.
    pub(crate) fn typed(&self) -> String {
        self.typed.recv_timeout(PATIENCE).expect("as many bytes as were typed")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn make_pipe(folder: &Path) -> PathBuf {
    let pipe = folder.join("typed");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

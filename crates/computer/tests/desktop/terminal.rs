//! An xterm whose program hands the test every byte that is typed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::Computer;
use rustix::process::Pid;
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
    arrived: Arrived,
    _folder: TempDir,
}

/// What has been typed so far, also for other threads.
#[derive(Clone, Default)]
pub(crate) struct Arrived(Arc<Mutex<Vec<u8>>>);

impl Arrived {
    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Waits until it is this many bytes.
    pub(crate) fn wait_for(&self, bytes: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.0.lock().unwrap().len() < bytes {
            assert!(Instant::now() < deadline, "{bytes} bytes never arrive");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Terminal {
    /// Opens one that waits for this many bytes, and puts the pointer, which the keyboard follows, into it.
    pub(crate) fn open(server: &XServer, computer: &mut Computer, bytes: usize, echo: Echo) -> Self {
        let echo = if echo == Echo::On { "echo" } else { "-echo" };
        Self::start(&server.display, computer, bytes, &format!("stty {echo};"))
    }

    /// Opens one that is never done with writing, over what is typed.
    pub(crate) fn open_busy(server: &XServer, computer: &mut Computer, bytes: usize) -> Self {
        Self::start(&server.display, computer, bytes, "stty -echo; yes &")
    }

    /// Opens one on a display that it reaches in another way than the computer does.
    pub(crate) fn open_on(display: &str, computer: &mut Computer, bytes: usize) -> Self {
        Self::start(display, computer, bytes, "")
    }

    fn start(display: &str, computer: &mut Computer, bytes: usize, first: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = make_pipe(folder.path());
        let script = format!(
            "exec 3>{}; stty -icanon -isig -iexten -ixon; {first} echo ready >&3; exec cat >&3",
            pipe.display()
        );
        let child = Command::new("xterm")
            .args(["-u8", "-geometry", "100x40+0+0", "-e", "sh", "-c", &script])
            .env("DISPLAY", display)
            .env("LC_ALL", "C.UTF-8")
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need `xterm`: apt-get install xterm");
        let (sender, typed) = channel();
        let arrived = Arrived::default();
        let arriving = arrived.clone();
        thread::spawn(move || {
            let mut reader = BufReader::new(File::open(pipe).unwrap());
            let mut ready = String::new();
            reader.read_line(&mut ready).unwrap();
            sender.send(ready).unwrap();
            let (mut piece, mut length) = ([0; 4096], 0);
            while length < bytes {
                let read = match reader.read(&mut piece).unwrap() {
                    0 => break,
                    read => read.min(bytes - length),
                };
                length += read;
                arriving.0.lock().unwrap().extend_from_slice(&piece[..read]);
            }
            let _ = sender.send(arriving.text());
        });
        let ready = typed.recv_timeout(PATIENCE).expect("xterm starts");
        assert_eq!(ready, "ready\n");
        move_to(computer, 100, 100);
        Self { child, typed, arrived, _folder: folder }
    }

    /// What is typed, as it arrives.
    pub(crate) fn arrived(&self) -> Arrived {
        self.arrived.clone()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
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

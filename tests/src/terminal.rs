//! A person at a terminal: a pseudo-terminal with a program on it, something that is typed, and what is to be seen.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Child, Command},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use nix::{
    pty::{Winsize, openpty},
    sys::termios::{LocalFlags, tcgetattr},
};

use crate::{program, wait_until};

const LIMIT: Duration = Duration::from_secs(30);

/// A terminal of 100 columns and 40 lines, and the program on it.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    /// The program's side, held open so that its settings can be read.
    line: OwnedFd,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts a program on a new terminal.
    ///
    /// # Panics
    /// When the system has no terminal to give, or the program can't be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).expect("a pseudo-terminal");
        let end = || pair.slave.try_clone().expect("a descriptor");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program starts");
        let mut screen = File::from(pair.master.try_clone().expect("a descriptor"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&seen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(bytes @ 1..) = screen.read(&mut buffer) {
                shown.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..bytes]);
            }
        });
        Self { child, keyboard: File::from(pair.master), line: pair.slave, seen }
    }

    /// What was to be seen so far.
    #[must_use]
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until a text is to be seen.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_to_see(&self, text: &str) {
        wait_until(&format!("`{text}` on the terminal"), LIMIT, || self.seen().contains(text));
    }

    /// Types a text.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("the terminal takes what is typed");
    }

    /// Whether the terminal edits lines and shows what is typed, as it does for a shell's user.
    ///
    /// # Panics
    /// When its settings can't be read.
    #[must_use]
    pub fn is_cooked(&self) -> bool {
        let flags = tcgetattr(&self.line).expect("a terminal").local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    /// Waits for the program's end and returns its exit status.
    ///
    /// # Panics
    /// When it does not end.
    pub fn exit_status(&mut self) -> i32 {
        program::wait_for_status(&mut self.child, LIMIT).unwrap_or_else(|| panic!("it did not end: {}", self.seen()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

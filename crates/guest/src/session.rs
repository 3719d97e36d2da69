//! The image's session on a display: window manager and so on, one program that stands for all of them. It is started
//! again when it ends, after a pause that grows as long as it does not live.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};

/// Where an image has its session.
pub(crate) const PROGRAM: &str = "/usr/local/lib/handspike/desktop-session";

/// A session that lived for less had a short life.
const SHORT_LIFE: Duration = Duration::from_secs(10);

/// The pause before the next one: after a long life, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// A session that is kept running. Dropping it ends it.
pub(crate) struct DesktopSession {
    life: Arc<Life>,
    keeper: Option<JoinHandle<()>>,
}

/// What the keeper and the owner of a session share.
#[derive(Default)]
struct Life {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    /// The program, from its start until just before it is reaped. So its id is that of no other.
    program: Option<Pid>,
}

impl DesktopSession {
    /// Starts a session's program on a display and keeps it running; none where there is no such program.
    pub(crate) fn start(program: &Path, display: &str) -> io::Result<Option<Self>> {
        if !program.is_file() {
            return Ok(None);
        }
        let life = Arc::new(Life::default());
        let (program, display) = (program.to_owned(), display.to_owned());
        let keeper = thread::Builder::new().name("session".to_owned()).spawn({
            let life = Arc::clone(&life);
            move || life.keep(&program, &display)
        })?;
        Ok(Some(Self { life, keeper: Some(keeper) }))
    }
}

impl Drop for DesktopSession {
    fn drop(&mut self) {
        let mut state = self.life.locked();
        state.is_over = true;
        if let Some(program) = state.program {
            // One that has ended by itself needs none.
            let _ = kill(program, Signal::SIGKILL);
        }
        drop(state);
        self.life.over.notify_all();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

impl Life {
    fn keep(&self, program: &Path, display: &str) {
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            // What can't be started now may be later, when there are fewer processes.
            let _ = self.run(program, display);
            if started.elapsed() >= SHORT_LIFE {
                pause = FIRST_PAUSE;
            }
            let waited = self.over.wait_timeout_while(self.locked(), pause, |state| !state.is_over);
            if waited.unwrap_or_else(PoisonError::into_inner).0.is_over {
                return;
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Runs the program to its end.
    fn run(&self, program: &Path, display: &str) -> io::Result<()> {
        let mut state = self.locked();
        if state.is_over {
            return Ok(());
        }
        let mut child = Command::new(program)
            .env("DISPLAY", display)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let id = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        state.program = Some(id);
        drop(state);
        while waitid(Id::Pid(id), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
        self.locked().program = None;
        child.wait().map(drop)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

    use super::*;

    /// A program that writes a line with its display and its process id, and then does something.
    fn program(folder: &Path, then: &str) -> (PathBuf, PathBuf) {
        let (program, starts) = (folder.join("session"), folder.join("starts"));
        fs::write(&program, format!("#!/bin/sh\necho $DISPLAY $$ >>{}\n{then}\n", starts.display())).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        (program, starts)
    }

    fn wait_for_starts(starts: &Path, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let text = fs::read_to_string(starts).unwrap_or_default();
            if text.lines().count() >= count {
                return text.lines().map(str::to_owned).collect();
            }
            assert!(Instant::now() < deadline, "only {text:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_session_that_ends_is_started_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (program, starts) = program(folder.path(), "exit 1");
        let session = DesktopSession::start(&program, ":77").expect("starts").expect("a session");
        let lines = wait_for_starts(&starts, 3);
        assert!(lines.iter().all(|line| line.starts_with(":77 ")), "{lines:?}");
        drop(session);
    }

    #[test]
    fn a_session_that_is_dropped_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let (program, starts) = program(folder.path(), "exec sleep 100");
        let session = DesktopSession::start(&program, ":77").expect("starts").expect("a session");
        let lines = wait_for_starts(&starts, 1);
        let id = lines[0].rsplit(' ').next().expect("an id").to_owned();
        drop(session);
        assert!(!Path::new("/proc").join(id).exists());
    }

    #[test]
    fn an_image_without_a_session_has_none() {
        assert!(DesktopSession::start(Path::new("/nonexistent"), ":77").expect("no failure").is_none());
    }
}

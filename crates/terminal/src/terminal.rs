//! One command on its terminal: how it starts, is typed at, and ends.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use handspike_command::{Death, Keeper, Setting, Tree, any_is_busy_below, children_of, open_pty};
use handspike_types::terminal::TerminalSize;
use rustix::{
    buffer::spare_capacity,
    event::{PollFd, PollFlags, Timespec, epoll, poll},
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
    process::Signal,
    termios::{Winsize, tcsetwinsize},
};

use crate::{
    TerminalConfig,
    keys::Chord,
    reader::{self, Shared, Sources},
    screen::Screen,
};

/// A lone Escape is told from the beginning of a longer key only by the pause after it; editors wait up to 100 ms.
const ESCAPE_PAUSE: Duration = Duration::from_millis(120);
/// How long a program may take to read what is typed before the rest is given up, as long as it reads nothing and the call
/// has time.
const TYPING_LIMIT: Duration = Duration::from_secs(5);
/// The cancel descriptor among the processes that end.
const CANCEL: u64 = 0;
const PROCESS: u64 = 1 << 32;

/// Why no command could be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(
        "commands on terminals need bash: `{0}` was not found\nhint: install the bash package of the image's distribution"
    )]
    NoBash(PathBuf),
    #[error("the terminal could not be opened")]
    System(#[from] io::Error),
}

/// What became of what was to be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    All,
    /// Only this many bytes of so many: the program does not read.
    Part(usize, usize),
    Cancelled,
}

/// A command and its terminal. Dropping it kills the command and all that it ever started.
pub(crate) struct Terminal {
    pub(crate) command: String,
    pty: Arc<OwnedFd>,
    shared: Arc<Shared>,
    /// None only while it is dropped.
    keeper: Option<Keeper>,
    reader: Option<JoinHandle<()>>,
    exit_status: Option<i32>,
}

impl Terminal {
    pub(crate) fn start(command: &str, size: TerminalSize, config: &TerminalConfig) -> Result<Self, StartError> {
        let (pty, theirs) = open_pty()?;
        set_size(&pty, size)?;
        fcntl_setfl(&pty, fcntl_getfl(&pty).map_err(io::Error::from)? | OFlags::NONBLOCK).map_err(io::Error::from)?;
        let mut program = command_line(command, config);
        program.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
        let keeper = Keeper::start(&mut program, Setting::Terminal).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StartError::NoBash(config.program.clone()),
            _ => error.into(),
        })?;
        // It holds our copies of the command's end; with them open, the output would never come to its end.
        drop(program);
        let pty = Arc::new(pty);
        let shared = Arc::new(Shared::new(Screen::new(size, config.scrolled_limit))?);
        let sources = Sources { pty: Arc::clone(&pty), obituary: keeper.obituary_fd().try_clone()? };
        let reader = Some(reader::start(&shared, sources)?);
        tracing::info!(keeper = keeper.pid().as_raw_nonzero(), "a command was started on a terminal");
        Ok(Self { command: command.to_owned(), pty, shared, keeper: Some(keeper), reader, exit_status: None })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The command's status, 128 and the signal's number where one ended it; none while it runs.
    pub(crate) fn exit_status(&mut self) -> Option<i32> {
        if self.exit_status.is_none() && self.shared.state().has_ended {
            let death = self.keeper.as_ref().and_then(Keeper::death);
            self.exit_status = Some(match death.unwrap_or(Death::Unknown) {
                Death::Exited(status) => status,
                Death::Killed(signal) => 128 + signal,
                // Nobody but SIGKILL ends a keeper before its command, and then nobody knows of the command.
                Death::Unknown => 128 + Signal::KILL.as_raw(),
            });
        }
        self.exit_status
    }

    /// Whether the command, or anything that it started, is at work rather than waiting.
    pub(crate) fn is_busy(&self) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| any_is_busy_below(keeper.pid()))
    }

    pub(crate) fn resize(&self, size: TerminalSize) -> io::Result<()> {
        // First the picture, as what the command draws in answer is for the new size.
        self.shared.state().screen.resize(size);
        set_size(&self.pty, size)
    }

    /// Sends a text, in which a newline is the Return key, and then keys, for as long as the call may take.
    pub(crate) fn type_in(
        &self,
        text: &str,
        keys: &[Chord],
        until: Option<Instant>,
        cancel: BorrowedFd<'_>,
    ) -> io::Result<Taken> {
        let taken = self.send(text.replace("\r\n", "\r").replace('\n', "\r").as_bytes(), until, cancel)?;
        let mut after_escape = false;
        for chord in keys {
            if taken != Taken::All {
                return Ok(taken);
            }
            if after_escape && is_readable_within(cancel, ESCAPE_PAUSE)? {
                return Ok(Taken::Cancelled);
            }
            after_escape = chord.is_escape();
            let mode = self.shared.state().screen.cursor_mode();
            match self.send(&chord.bytes(mode), until, cancel)? {
                Taken::All => {}
                taken @ (Taken::Part(..) | Taken::Cancelled) => return Ok(taken),
            }
        }
        Ok(taken)
    }

    fn send(&self, bytes: &[u8], until: Option<Instant>, cancel: BorrowedFd<'_>) -> io::Result<Taken> {
        let mut sent = 0;
        while sent < bytes.len() {
            match rustix::io::write(&*self.pty, &bytes[sent..]) {
                Ok(written) => sent += written,
                Err(Errno::AGAIN) => {
                    let mut fds =
                        [PollFd::new(&*self.pty, PollFlags::OUT), PollFd::from_borrowed_fd(cancel, PollFlags::IN)];
                    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    let limit = left.unwrap_or(TYPING_LIMIT).min(TYPING_LIMIT);
                    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
                    let ready = match poll(&mut fds, Some(&limit)) {
                        Err(Errno::INTR) => continue,
                        ready => ready?,
                    };
                    if !fds[1].revents().is_empty() {
                        return Ok(Taken::Cancelled);
                    }
                    if ready == 0 {
                        return Ok(Taken::Part(sent, bytes.len()));
                    }
                }
                Err(Errno::INTR) => {}
                // Nobody is at the other end any more.
                Err(Errno::IO) => return Ok(Taken::Part(sent, bytes.len())),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Taken::All)
    }

    /// Hangs up as a terminal does whose window is closed, and waits a while for all processes to end. Those that don't
    /// are killed when this is dropped.
    pub(crate) fn hang_up(&self, grace: Duration, cancel: BorrowedFd<'_>) -> io::Result<()> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, cancel, epoll::EventData::new_u64(CANCEL), epoll::EventFlags::IN)?;
        let mut tree = Tree::default();
        for signal in [Signal::HUP, Signal::CONT] {
            tree.signal(children_of(keeper.pid()), signal, &epoll, PROCESS);
        }
        let deadline = Instant::now() + grace;
        while !tree.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut ready = Vec::with_capacity(16);
            let limit = Timespec::try_from(left).map_err(io::Error::other)?;
            match epoll::wait(&epoll, spare_capacity(&mut ready), Some(&limit)) {
                Ok(0) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &ready {
                match event.data.u64() {
                    CANCEL => return Ok(()),
                    process => tree.ended(process - PROCESS),
                }
            }
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            let _told = keeper.bury();
        }
        self.shared.stop();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn command_line(command: &str, config: &TerminalConfig) -> Command {
    let cwd = if config.cwd.is_dir() { config.cwd.as_path() } else { Path::new("/") };
    let mut program = Command::new(&config.program);
    program
        .args(["-c", "--", command])
        .current_dir(cwd)
        .env("PWD", cwd)
        .envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")])
        // Else ncurses draws lines with a character set that only terminals of old have.
        .env("NCURSES_NO_UTF8_ACS", "1");
    // What would tell a wrong size, or make bash run code at its start.
    for name in ["COLUMNS", "LINES", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS"] {
        program.env_remove(name);
    }
    program
}

fn set_size(pty: &OwnedFd, size: TerminalSize) -> io::Result<()> {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(pty, size)?)
}

fn is_readable_within(fd: BorrowedFd<'_>, limit: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let limit = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&limit)) {
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

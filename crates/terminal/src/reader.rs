//! The thread that reads a terminal into its screen for as long as there is anything to read.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};
use rustix::{
    buffer::spare_capacity,
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};

use crate::screen::Screen;

/// How long the output pauses after a finished command's last, where somebody else still holds its end of the terminal
/// open. Otherwise the end of the output is seen.
const LAST_OUTPUT: Duration = Duration::from_millis(50);
/// When it is taken to have ended all the same, as what is written now must be somebody else's.
const LAST_OUTPUT_LIMIT: Duration = Duration::from_secs(1);
/// How much is read and drawn before anybody else may look at the screen.
const CHUNK: usize = 4 * 1024;

/// What the thread and the calls share.
pub(crate) struct Shared {
    state: Mutex<State>,
    news: OwnedFd,
    stop: OwnedFd,
}

/// What is known of a terminal.
pub(crate) struct State {
    pub(crate) screen: Screen,
    pub(crate) last_output: Option<Instant>,
    /// The command has ended, and all of its output is on the screen.
    pub(crate) has_ended: bool,
}

/// Where the thread gets its news.
pub(crate) struct Sources {
    pub(crate) pty: Arc<OwnedFd>,
    /// Readable once the command has ended.
    pub(crate) obituary: OwnedFd,
}

impl Shared {
    pub(crate) fn new(screen: Screen) -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let state = Mutex::new(State { screen, last_output: None, has_ended: false });
        Ok(Self { state, news: eventfd(0, flags)?, stop: eventfd(0, flags)? })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Readable when something has happened since [`Self::hear`].
    pub(crate) fn news(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }

    /// Takes note of the news so far.
    pub(crate) fn hear(&self) {
        let _ = rustix::io::read(&self.news, &mut [0; 8]);
    }

    /// Has the thread end.
    pub(crate) fn stop(&self) {
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
    }

    fn tell(&self) {
        let _ = rustix::io::write(&self.news, &1_u64.to_ne_bytes());
    }
}

/// Starts the thread.
pub(crate) fn start(shared: &Arc<Shared>, sources: Sources) -> io::Result<thread::JoinHandle<()>> {
    let shared = Arc::clone(shared);
    thread::Builder::new().name("terminal-reader".into()).spawn(move || {
        if let Err(error) = read(&shared, &sources) {
            tracing::warn!(%error, "a terminal is not read any more");
        }
        shared.state().has_ended = true;
        shared.tell();
    })
}

/// Reads until told to stop. A command's end is told at once; what it left in the background may still write.
fn read(shared: &Shared, sources: &Sources) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(CHUNK);
    let mut is_open = true;
    let mut ended_at: Option<Instant> = None;
    loop {
        let has_told = shared.state().has_ended;
        let obituary = if ended_at.is_none() { PollFlags::IN } else { PollFlags::empty() };
        let mut fds = vec![
            PollFd::new(&shared.stop, PollFlags::IN),
            // An end that has been seen would be reported for ever, even when nothing is asked.
            PollFd::new(if ended_at.is_none() { &sources.obituary } else { &shared.stop }, obituary),
        ];
        if is_open {
            fds.push(PollFd::new(&*sources.pty, PollFlags::IN));
        }
        let limit =
            ended_at.filter(|_| !has_told).map(|ended| (ended + LAST_OUTPUT).saturating_duration_since(Instant::now()));
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[0] {
            return Ok(());
        }
        let has_output = ready.get(2) == Some(&true);
        if has_output {
            is_open = read_some(shared, &sources.pty, &mut buffer);
        }
        if ended_at.is_none() && ready[1] {
            ended_at = Some(Instant::now());
        }
        let is_over = ended_at.is_some_and(|ended| {
            let limit = if has_output { LAST_OUTPUT_LIMIT } else { LAST_OUTPUT };
            !is_open || ended.elapsed() >= limit
        });
        if is_over && !has_told {
            shared.state().has_ended = true;
            shared.tell();
        }
        if !is_open && ended_at.is_some() {
            return Ok(());
        }
    }
}

/// Draws what there is to read. False at the end, which is when nobody holds the other end any more.
fn read_some(shared: &Shared, pty: &OwnedFd, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    match rustix::io::read(pty, spare_capacity(buffer)) {
        Ok(1..) => {}
        Err(Errno::AGAIN | Errno::INTR) => return true,
        Ok(_) | Err(_) => return false,
    }
    let replies = {
        let mut state = shared.state();
        let replies = state.screen.process(buffer);
        state.last_output = Some(Instant::now());
        // Released in any other way, a command that never stops writing would keep all others waiting: this thread is
        // back before they wake up.
        MutexGuard::unlock_fair(state);
        replies
    };
    if !replies.is_empty() {
        // A program that does not read its answers does not get them.
        let _ = rustix::io::write(pty, &replies);
    }
    shared.tell();
    true
}

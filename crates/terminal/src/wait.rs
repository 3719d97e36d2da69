//! When a call has waited long enough.

use std::{
    io,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use handspike_types::terminal::TerminalWait;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{TerminalConfig, terminal::Terminal};

/// Why a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Ended,
    Found,
    Quiet,
    TimedOut,
    Cancelled,
}

/// Waits for the end of the command, or for the text of the screen's search, or for the terminal to be quiet, and at most
/// until the time is over. `since` is when the terminal was last done something to.
pub(crate) fn wait(
    terminal: &Terminal,
    wait: &TerminalWait,
    since: Instant,
    cancel: BorrowedFd<'_>,
    config: &TerminalConfig,
) -> io::Result<Reason> {
    let deadline = Instant::now() + wait.timeout;
    let mut is_busy = false;
    loop {
        terminal.shared().hear();
        let (has_ended, found, last_output, is_blank) = {
            let state = terminal.shared().state();
            (state.has_ended, state.screen.found(), state.last_output, state.screen.is_blank())
        };
        let now = Instant::now();
        if has_ended {
            return Ok(Reason::Ended);
        }
        if found {
            return Ok(Reason::Found);
        }
        let quiet = wait.until.is_none().then(|| quiet_at(last_output, since, (is_busy, is_blank), config));
        if quiet.is_some_and(|quiet| now >= quiet) {
            // A command at work has more to say soon; it is asked once per pause, as asking costs more than waiting.
            if is_busy || !terminal.is_busy() {
                return Ok(Reason::Quiet);
            }
            is_busy = true;
            continue;
        }
        if now >= deadline {
            return Ok(Reason::TimedOut);
        }
        let next = quiet.map_or(deadline, |quiet| quiet.min(deadline));
        if is_cancelled_while_waiting(terminal.shared().news(), cancel, next - now)? {
            return Ok(Reason::Cancelled);
        }
        is_busy &= terminal.shared().state().last_output == last_output;
    }
}

/// When the terminal counts as quiet unless something happens before.
fn quiet_at(
    last_output: Option<Instant>,
    since: Instant,
    (is_busy, is_blank): (bool, bool),
    config: &TerminalConfig,
) -> Instant {
    let output = last_output.filter(|last| *last >= since);
    let pause = match output {
        _ if is_busy => config.busy_quiet,
        // A program has cleared the screen and is about to draw, or has said nothing yet.
        _ if is_blank => config.first_output,
        Some(_) => config.quiet,
        None => config.first_output,
    };
    output.unwrap_or(since) + pause
}

/// Waits for news; true if the call was cancelled.
fn is_cancelled_while_waiting(news: BorrowedFd<'_>, cancel: BorrowedFd<'_>, limit: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(news, PollFlags::IN), PollFd::from_borrowed_fd(cancel, PollFlags::IN)];
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    match poll(&mut fds, Some(&limit)) {
        Ok(_) | Err(Errno::INTR) => Ok(!fds[1].revents().is_empty()),
        Err(error) => Err(error.into()),
    }
}

//! The one wait of this crate: poll(2) on at most two descriptors with a deadline.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The watched descriptor is ready, or broken, which its next use will tell.
    Ready,
    /// The cancel descriptor is readable.
    Cancelled,
    /// Neither happened in time.
    TimedOut,
}

/// A descriptor and what is awaited of it.
pub(crate) type Watched<'a> = (BorrowedFd<'a>, PollFlags);

/// Waits until `watched` is ready, `cancel` is readable or the time is over. Readiness wins over a cancel,
/// so that what can be finished without waiting is finished.
pub(crate) fn wait(
    watched: Option<Watched<'_>>,
    cancel: Option<BorrowedFd<'_>>,
    limit: Duration,
) -> Result<Woken, Errno> {
    let deadline = Instant::now() + limit;
    let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(2);
    fds.extend(watched.map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags)));
    fds.extend(cancel.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
    loop {
        match poll(&mut fds, Some(&timespec(deadline.saturating_duration_since(Instant::now())))) {
            Ok(0) => return Ok(Woken::TimedOut),
            Ok(_) if watched.is_some() && !fds[0].revents().is_empty() => return Ok(Woken::Ready),
            Ok(_) => return Ok(Woken::Cancelled),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

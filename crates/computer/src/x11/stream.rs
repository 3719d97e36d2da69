//! The socket below x11rb, with an end to every wait.
//!
//! x11rb blocks for a reply for as long as it takes. A frozen server, or a client that has grabbed it, would
//! hold a call for ever; so the one place where x11rb waits also watches the cancel descriptor and a clock.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::PollFlags;
use x11rb::rust_connection::{DefaultStream, PollMode, Stream};
use x11rb::utils::RawFdContainer;

use crate::error::WaitEnd;
use crate::wait::{Woken, wait};

/// A connected socket whose waits end when they are cancelled or last too long.
#[derive(Debug)]
pub(super) struct WatchedStream {
    inner: DefaultStream,
    cancel: RefCell<Option<OwnedFd>>,
    patience: Cell<Duration>,
    /// A request may have been sent in part: whatever followed would be taken for its rest.
    torn: Cell<bool>,
}

impl WatchedStream {
    pub(super) fn new(inner: DefaultStream, patience: Duration) -> Self {
        Self { inner, cancel: RefCell::new(None), patience: Cell::new(patience), torn: Cell::new(false) }
    }

    /// From now on waits end when `cancel` is readable, if there is one.
    pub(super) fn watch(&self, cancel: Option<OwnedFd>) {
        self.cancel.replace(cancel);
    }

    /// From now on waits end after this time.
    pub(super) fn set_patience(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// Waits for the socket to be readable.
    pub(super) fn wait_readable(&self, limit: Duration) -> Result<Woken, rustix::io::Errno> {
        self.wait(PollFlags::IN, limit)
    }

    /// Whether the call is to end.
    pub(super) fn is_cancelled(&self) -> Result<bool, rustix::io::Errno> {
        let cancel = self.cancel.borrow();
        Ok(wait(None, cancel.as_ref().map(AsFd::as_fd), Duration::ZERO)? == Woken::Cancelled)
    }

    fn check_whole(&self) -> io::Result<()> {
        if self.torn.get() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    fn wait(&self, flags: PollFlags, limit: Duration) -> Result<Woken, rustix::io::Errno> {
        let cancel = self.cancel.borrow();
        wait(Some((self.inner.as_fd(), flags)), cancel.as_ref().map(AsFd::as_fd), limit)
    }
}

impl AsFd for WatchedStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl Stream for WatchedStream {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, mode.readable());
        flags.set(PollFlags::OUT, mode.writable());
        let patience = self.patience.get();
        let woken = self.wait(flags, patience)?;
        if woken != Woken::Ready && mode.writable() {
            self.torn.set(true);
        }
        match woken {
            Woken::Ready => Ok(()),
            Woken::Cancelled => Err(io::Error::other(WaitEnd::Cancelled)),
            Woken::TimedOut => Err(io::Error::new(io::ErrorKind::TimedOut, WaitEnd::Unanswered(patience))),
        }
    }

    fn read(&self, buf: &mut [u8], fd_storage: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.inner.read(buf, fd_storage)
    }

    fn write(&self, buf: &[u8], fds: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.check_whole()?;
        self.inner.write(buf, fds)
    }

    fn write_vectored(&self, bufs: &[io::IoSlice<'_>], fds: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.check_whole()?;
        self.inner.write_vectored(bufs, fds)
    }
}

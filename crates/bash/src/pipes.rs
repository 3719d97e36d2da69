//! The two pipes that take a call's standard output and error.
//!
//! Two pipes tell the streams apart but lose the order between them, unless neither can run ahead: in packet mode and
//! with room for a single write, a second write to one pipe waits until the first has been read, and an edge-triggered
//! epoll reports the pipes in the order in which they became readable. So what is read one packet at a time is in the
//! order in which it was written. That costs a switch of process per write, so a call with much output goes over to
//! large pipes, where order is as good as the reading is prompt.

use std::{
    cell::Cell,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    pipe::{PipeFlags, fcntl_setpipe_size, pipe_with},
};

/// What a pipe in packet mode holds: one page, so one packet.
const NARROW: usize = 4096;
/// What a pipe holds when throughput matters; the most that an unprivileged process gets by default.
pub(crate) const WIDE: usize = 1024 * 1024;

/// One of a command's two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Standard output and error of a call, seen from the reading side. The writing ends are kept to set their modes, which
/// the shell's inherited descriptors share.
#[derive(Debug)]
pub(crate) struct Pair {
    out: Pipe,
    err: Pipe,
}

#[derive(Debug)]
struct Pipe {
    read: Arc<OwnedFd>,
    write: OwnedFd,
    /// Whether it was last made narrow. Almost all calls find it so.
    is_narrow: Cell<bool>,
}

/// Whether a pair keeps the order between its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Exact,
    Approximate,
}

impl Pair {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { out: Pipe::new()?, err: Pipe::new()? })
    }

    pub(crate) fn reader(&self, stream: Stream) -> BorrowedFd<'_> {
        self.pipe(stream).read.as_fd()
    }

    pub(crate) fn shared_reader(&self, stream: Stream) -> Arc<OwnedFd> {
        Arc::clone(&self.pipe(stream).read)
    }

    pub(crate) fn writer(&self, stream: Stream) -> BorrowedFd<'_> {
        self.pipe(stream).write.as_fd()
    }

    /// One packet at a time. Not every kernel and quota allows it; then the order is approximate.
    pub(crate) fn narrow(&self) -> Order {
        match self.out.narrow().and_then(|()| self.err.narrow()) {
            Ok(()) => Order::Exact,
            Err(error) => {
                tracing::debug!(%error, "output pipes cannot hold single packets");
                Order::Approximate
            }
        }
    }

    /// As much at a time as the system allows.
    pub(crate) fn widen(&self) {
        self.out.widen();
        self.err.widen();
    }

    fn pipe(&self, stream: Stream) -> &Pipe {
        match stream {
            Stream::Out => &self.out,
            Stream::Err => &self.err,
        }
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setfl(&read, OFlags::NONBLOCK)?;
        Ok(Self { read: Arc::new(read), write, is_narrow: Cell::new(false) })
    }

    fn narrow(&self) -> io::Result<()> {
        if self.is_narrow.get() {
            return Ok(());
        }
        let size = fcntl_setpipe_size(&self.write, NARROW)?;
        if size > NARROW {
            return Err(io::Error::other(format!("a page of this machine is {size} bytes")));
        }
        fcntl_setfl(&self.write, fcntl_getfl(&self.write)? | OFlags::DIRECT)?;
        self.is_narrow.set(true);
        Ok(())
    }

    fn widen(&self) {
        self.is_narrow.set(false);
        // A user's quota of pipe pages may refuse the size; the pipe then stays small and is only slower.
        let _ = fcntl_setpipe_size(&self.write, WIDE);
        let _ = fcntl_getfl(&self.write).and_then(|flags| fcntl_setfl(&self.write, flags - OFlags::DIRECT));
    }
}

//! Bridges this process's standard streams to the guest: one connection of an MCP client, carried by an exec stream of
//! the container engine.
//!
//! The streams themselves are handed to the server over its socket, which then reads and writes them without a detour:
//! copying would cost each message two more changes of process, more than the rest of the way inside the sandbox.

use std::{
    io::{self, ErrorKind, IoSlice, IoSliceMut, Read as _},
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    path::Path,
};

use nix::sys::{
    inotify::{AddWatchFlags, InitFlags, Inotify},
    socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg},
};

/// The first byte on a socket whose client hands over streams. No MCP message begins with it.
pub(crate) const HANDOVER: u8 = 0;

/// A client's two streams.
pub(crate) struct Streams {
    pub(crate) input: OwnedFd,
    pub(crate) output: OwnedFd,
}

/// Hands over the standard streams and waits until the server is done with them.
pub(crate) fn run(socket: &Path) -> io::Result<()> {
    let mut stream = wait_and_connect(socket)?;
    let streams: [RawFd; 2] = [io::stdin().as_raw_fd(), io::stdout().as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&streams)];
    sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(&[HANDOVER])], &rights, MsgFlags::empty(), None)?;
    // The server closes the socket when the connection is over, and so does the kernel when the server dies.
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Takes the streams that a client hands over.
pub(crate) fn take_streams(socket: RawFd) -> io::Result<Streams> {
    let mut byte = [0];
    let mut into = [IoSliceMut::new(&mut byte)];
    let mut rights = nix::cmsg_space!([RawFd; 2]);
    let message = recvmsg::<()>(socket, &mut into, Some(&mut rights), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = control {
            #[allow(unsafe_code, reason = "the kernel has just given these descriptors to this process alone")]
            descriptors.extend(received.into_iter().map(|descriptor| unsafe { OwnedFd::from_raw_fd(descriptor) }));
        }
    }
    match <[OwnedFd; 2]>::try_from(descriptors) {
        Ok([input, output]) => Ok(Streams { input, output }),
        Err(_) => Err(io::Error::new(ErrorKind::InvalidData, "two streams were to be handed over")),
    }
}

/// Connects, waiting for the server to make its socket when the container has only just started. The server renames a
/// listening socket into place, so a name that is there can be connected to. Whoever waits for us has the deadline.
fn wait_and_connect(socket: &Path) -> io::Result<UnixStream> {
    let folder = socket.parent().unwrap_or(Path::new("/"));
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC)?;
    inotify.add_watch(folder, AddWatchFlags::IN_MOVED_TO)?;
    loop {
        match UnixStream::connect(socket) {
            Err(error) if error.kind() == ErrorKind::NotFound => drop(inotify.read_events()?),
            outcome => return outcome,
        }
    }
}

//! Bridges this process's standard streams to the guest's socket: one connection of an MCP client, carried by an
//! exec stream of the container engine.

use std::{
    io::{self, ErrorKind},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::Path,
    thread,
};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// Runs until either side has closed.
pub(crate) fn run(socket: &Path) -> io::Result<()> {
    let stream = wait_and_connect(socket)?;
    let mut from_host = stream.try_clone()?;
    thread::spawn(move || {
        let copied = io::copy(&mut io::stdin(), &mut from_host);
        let _ = from_host.shutdown(Shutdown::Write);
        copied
    });
    let mut to_host = io::stdout();
    io::copy(&mut &stream, &mut to_host)?;
    Ok(())
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

//! PID 1 of the sandbox. It does as little as possible, because nothing survives its end: start the server, reap
//! orphans, and end with the server or on SIGTERM. The kernel then ends everything else in the container.
//!
//! It is a process of its own so that reaping orphans can't take the exit status of a child that the server waits for.

use std::{env, io, process::Command};

use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, Signal},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

/// Runs until the server has ended or the container is told to stop.
pub(crate) fn run() -> io::Result<()> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT] {
        signals.add(signal);
    }
    signals.thread_block()?;

    // The server inherits the block and lifts it before anything else.
    let mut server = Command::new(env::current_exe()?);
    server.arg("serve");
    if let Some(display) = crate::desktop::display_of_this_image() {
        server.env("DISPLAY", display);
    }
    let server = server.spawn()?;
    let server = Pid::from_raw(i32::try_from(server.id()).map_err(io::Error::other)?);

    loop {
        match signals.wait()? {
            Signal::SIGCHLD => {
                if let Some(status) = reap(server)? {
                    return Err(io::Error::other(format!("the server has ended: {status:?}")));
                }
            }
            _ => return Ok(()),
        }
    }
}

/// Reaps all dead children; returns the server's end where that was among them.
fn reap(server: Pid) -> io::Result<Option<WaitStatus>> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(None),
            Ok(status) if status.pid() == Some(server) => return Ok(Some(status)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

//! Ctrl-C in stages: the first asks for a polite end, the second stops waiting for it, the third ends the program.

use std::{io, process};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{Exit, tell};

/// What interrupts have asked for so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    /// Come to an end.
    pub(crate) polite: CancellationToken,
    /// Stop waiting for the end and clean up.
    pub(crate) at_once: CancellationToken,
}

impl Interrupt {
    /// Listens to SIGINT, SIGTERM, SIGQUIT and the end of the terminal from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        let mut hangups = signal(SignalKind::hangup())?;
        let mut quits = signal(SignalKind::quit())?;
        let interrupt = Self::default();
        let stages = interrupt.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                    _ = hangups.recv() => {}
                    _ = quits.recv() => {}
                }
                if !stages.polite.is_cancelled() {
                    stages.polite.cancel();
                    tell("\nstopping; press Ctrl-C again to stop waiting");
                } else if !stages.at_once.is_cancelled() {
                    stages.at_once.cancel();
                    tell("\nremoving the sandbox; press Ctrl-C again to leave it to the next start");
                } else {
                    process::exit(Exit::Interrupted.code().into());
                }
            }
        });
        Ok(interrupt)
    }
}

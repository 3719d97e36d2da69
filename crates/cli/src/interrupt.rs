//! Ctrl-C in stages: the first asks for a polite end, the second stops waiting for it, the third ends the program.

use std::{future::pending, io, process};

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

/// How far interrupts have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The first.
    Polite,
    /// The second.
    AtOnce,
}

impl Interrupt {
    /// Listens to SIGINT, SIGTERM, SIGQUIT and the end of the terminal from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        Self::listen_saying(|stage| match stage {
            Stage::Polite => tell("\nstopping; press Ctrl-C again to stop waiting"),
            Stage::AtOnce => tell("\nremoving the sandbox; press Ctrl-C again to leave it to the next start"),
        })
    }

    /// The same, with words of the caller's. Where the program was started to outlive its terminal (`nohup`), it does.
    pub(crate) fn listen_saying(say: impl Fn(Stage) + Send + 'static) -> io::Result<Self> {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        let mut quits = signal(SignalKind::quit())?;
        let mut hangups = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
        let interrupt = Self::default();
        let stages = interrupt.clone();
        tokio::spawn(async move {
            loop {
                let hangup = async {
                    match &mut hangups {
                        Some(hangups) => hangups.recv().await,
                        None => pending().await,
                    }
                };
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                    _ = quits.recv() => {}
                    _ = hangup => {}
                }
                if !stages.polite.is_cancelled() {
                    stages.polite.cancel();
                    say(Stage::Polite);
                } else if !stages.at_once.is_cancelled() {
                    stages.at_once.cancel();
                    say(Stage::AtOnce);
                } else {
                    process::exit(Exit::Interrupted.code().into());
                }
            }
        });
        Ok(interrupt)
    }
}

/// Whether SIGHUP is ignored, as the system tells it: listening to it would end that.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

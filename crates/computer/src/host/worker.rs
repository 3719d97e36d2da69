//! A thread for what may take long: the libraries of a platform block for as long as they like, callers do not.
//!
//! It does one thing at a time. A caller who is cancelled or out of patience leaves it at that; the next one waits for it
//! first, so that nothing overtakes what is still under way.

use std::{
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use rustix::event::PollFlags;

use crate::{
    DesktopError,
    wait::{Woken, wait},
};

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// The thread and what it is busy with. It ends when this is dropped and it is done.
pub(super) struct Worker<S> {
    jobs: SyncSender<Job<S>>,
    /// Closes when that is done which a caller gave up on.
    under_way: Option<UnixStream>,
}

/// The thread is gone, which takes a panic.
#[derive(Debug, thiserror::Error)]
#[error("a library that operates the desktop has crashed")]
struct Crashed;

impl<S: 'static> Worker<S> {
    /// Starts a thread whose state is made on it, and tells what became of that.
    pub(super) fn start<E: Send + 'static>(
        limit: Duration,
        open: impl FnOnce() -> Result<S, E> + Send + 'static,
    ) -> Result<Result<Self, E>, DesktopError> {
        let (jobs, todo) = sync_channel(1);
        let (outcome, opened) = sync_channel(1);
        let (done, signal) = UnixStream::pair().map_err(DesktopError::System)?;
        let body = move || {
            let state = open();
            let (state, told) = state.map_or_else(|error| (None, Err(error)), |state| (Some(state), Ok(())));
            let _ = outcome.send(told);
            drop(signal);
            serve(state, &todo);
        };
        thread::Builder::new().name("desktop".to_owned()).spawn(body).map_err(DesktopError::System)?;
        wait_for_close(&done, None, limit)?;
        let opened = opened.recv().map_err(|_| crashed())?;
        Ok(opened.map(|()| Self { jobs, under_way: None }))
    }

    /// Has something done, and waits for it until `cancel` is readable or the time is over.
    pub(super) fn run<T: Send + 'static>(
        &mut self,
        cancel: Option<BorrowedFd<'_>>,
        limit: Duration,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, DesktopError> {
        if let Some(earlier) = &self.under_way {
            wait_for_close(earlier, cancel, limit)?;
            self.under_way = None;
        }
        let (done, signal) = UnixStream::pair().map_err(DesktopError::System)?;
        let (sender, result) = sync_channel(1);
        let job = move |state: &mut S| {
            // Closes after the result is there, and also when the work panics.
            let _signal = signal;
            let _ = sender.send(work(state));
        };
        self.jobs.send(Box::new(job)).map_err(|_| crashed())?;
        if let Err(error) = wait_for_close(&done, cancel, limit) {
            self.under_way = Some(done);
            return Err(error);
        }
        result.recv().map_err(|_| crashed())
    }
}

fn serve<S>(state: Option<S>, jobs: &Receiver<Job<S>>) {
    let Some(mut state) = state else { return };
    while let Ok(job) = jobs.recv() {
        job(&mut state);
    }
}

fn wait_for_close(stream: &UnixStream, cancel: Option<BorrowedFd<'_>>, limit: Duration) -> Result<(), DesktopError> {
    match wait(Some((stream.as_fd(), PollFlags::IN)), cancel, limit)? {
        Woken::Ready => Ok(()),
        Woken::Cancelled => Err(DesktopError::Cancelled),
        Woken::TimedOut => Err(DesktopError::Unanswered(limit)),
    }
}

fn crashed() -> DesktopError {
    DesktopError::Lost(Box::new(Crashed))
}

#[cfg(test)]
mod tests {
    use std::{io::Write, sync::mpsc::channel, time::Instant};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn worker() -> Worker<u32> {
        Worker::start(LONG, || Ok::<_, ()>(0)).expect("a thread").expect("a state")
    }

    #[test]
    fn a_result_comes_back() {
        let mut worker = worker();
        worker.run(None, LONG, |count| *count += 1).expect("done");
        assert_eq!(worker.run(None, LONG, |count| *count).expect("done"), 1);
    }

    #[test]
    fn a_state_that_cannot_be_made_is_told() {
        let started = Worker::<u32>::start(LONG, || Err("no display")).expect("a thread");
        assert_eq!(started.err(), Some("no display"));
    }

    #[test]
    fn a_cancelled_caller_does_not_wait_and_the_next_one_waits_for_what_is_under_way() {
        let mut worker = worker();
        let (hold, held) = channel::<()>();
        let (cancel, mut canceller) = UnixStream::pair().expect("sockets");
        canceller.write_all(b"!").expect("written");
        let start = Instant::now();
        let slow = worker.run(Some(cancel.as_fd()), LONG, move |count| {
            let _ = held.recv();
            *count += 1;
        });
        assert!(matches!(slow, Err(DesktopError::Cancelled)), "{slow:?}");
        let early = worker.run(None, Duration::from_millis(20), |count| *count);
        assert!(matches!(early, Err(DesktopError::Unanswered(_))), "{early:?}");
        assert!(start.elapsed() < LONG / 3);
        drop(hold);
        assert_eq!(worker.run(None, LONG, |count| *count).expect("done"), 1);
    }

    #[test]
    fn a_panic_is_a_lost_desktop_and_not_a_hang() {
        let mut worker = worker();
        let outcome = worker.run(None, LONG, |_| panic!("on purpose"));
        assert!(matches!(outcome, Err(DesktopError::Lost(_))), "{outcome:?}");
        assert!(matches!(worker.run(None, LONG, |count| *count), Err(DesktopError::Lost(_))));
    }
}

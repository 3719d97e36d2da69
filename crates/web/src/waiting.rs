//! Which connections wait for a request's head. Anybody can open one and say nothing, also who has no key, so where all
//! places are taken the one that has waited longest gives way to a new one. One that is being answered is never ended
//! for another.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The connections that wait.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    queue: Mutex<Queue>,
    joined: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    last_turn: u64,
    by_turn: BTreeMap<Turn, CancellationToken>,
}

/// Since when a connection waits. Those that have asked for nothing yet are before those that have been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    asked: Asked,
    number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Nothing,
    Before,
}

/// A connection's place among them.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiting: Arc<Waiting>,
    turn: Mutex<Option<Turn>>,
    dismissed: CancellationToken,
}

impl Waiting {
    /// A new connection, which waits for its first request.
    pub(crate) fn join(self: &Arc<Self>) -> Arc<Waiter> {
        let waiter = Waiter { waiting: Arc::clone(self), turn: Mutex::default(), dismissed: CancellationToken::new() };
        waiter.wait(Asked::Nothing);
        Arc::new(waiter)
    }

    /// Ends the connection that has waited longest, once there is one.
    pub(crate) async fn dismiss_one(&self) {
        loop {
            let joined = self.joined.notified();
            if let Some((_, dismissed)) = self.queue().by_turn.pop_first() {
                return dismissed.cancel();
            }
            joined.await;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Ends when the connection has to give way.
    pub(crate) async fn dismissed(&self) {
        self.dismissed.cancelled().await;
    }

    /// A request has come, which is being answered until the guard is dropped.
    pub(crate) fn asked(self: &Arc<Self>) -> Answering {
        self.leave();
        Answering(Arc::clone(self))
    }

    fn wait(&self, asked: Asked) {
        let mut queue = self.waiting.queue();
        queue.last_turn += 1;
        let turn = Turn { asked, number: queue.last_turn };
        queue.by_turn.insert(turn, self.dismissed.clone());
        *self.turn() = Some(turn);
        self.waiting.joined.notify_one();
    }

    fn leave(&self) {
        if let Some(turn) = self.turn().take() {
            self.waiting.queue().by_turn.remove(&turn);
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<Turn>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is being answered.
#[derive(Debug)]
pub(crate) struct Answering(Arc<Waiter>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.wait(Asked::Before);
    }
}

/// Takes a connection that has ended out of the queue.
#[derive(Debug)]
pub(crate) struct UntilEnd(pub(crate) Arc<Waiter>);

impl Drop for UntilEnd {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// An answer's body, with which the answering ends.
pub(crate) struct HeldBody {
    body: Body,
    _answering: Answering,
}

impl HeldBody {
    pub(crate) fn new(body: Body, answering: Answering) -> Self {
        Self { body, _answering: answering }
    }
}

impl hyper::body::Body for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

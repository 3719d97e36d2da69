//! Whether a session's client is still there. HTTP does not say: a client may be between two requests, or about to take
//! up an answer again whose connection broke. So the number of open streams and of running calls decides how long to
//! wait for its next sign of life.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use tokio::{sync::watch, time::sleep};

/// How long a session without calls may be silent.
const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How long the client of a running call may take to come back for its answer. Clients are told to try after 3 s.
const RETURN_LIMIT: Duration = Duration::from_secs(15);

/// What a session has open.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    streams: usize,
    calls: usize,
    has_called: bool,
}

/// Counts what a session has open.
#[derive(Clone, Debug)]
pub(crate) struct Presence(watch::Sender<Open>);

/// Which count a hold is of.
#[derive(Clone, Copy, Debug)]
enum Held {
    Stream,
    Call,
}

/// Something open. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Hold {
    presence: Presence,
    held: Held,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Open::default()))
    }

    /// The client holds a connection, or shows for a moment that it is there.
    pub(crate) fn stream(&self) -> Hold {
        self.hold(Held::Stream)
    }

    /// The client waits for an answer.
    pub(crate) fn call(&self) -> Hold {
        self.hold(Held::Call)
    }

    fn hold(&self, held: Held) -> Hold {
        self.0.send_modify(|open| {
            *open.count(held) += 1;
            open.has_called |= matches!(held, Held::Call);
        });
        Hold { presence: self.clone(), held }
    }

    /// Whether the client has ever made a call.
    pub(crate) fn has_called(&self) -> bool {
        self.0.borrow().has_called
    }

    /// Waits until the client must be taken for gone.
    pub(crate) async fn gone(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let limit = match *changes.borrow_and_update() {
                Open { streams: 0, calls: 0, .. } => Some(IDLE_LIMIT),
                Open { streams: 0, .. } => Some(RETURN_LIMIT),
                Open { .. } => None,
            };
            let silence = async {
                match limit {
                    Some(limit) => sleep(limit).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = changes.changed() => if changed.is_err() { return },
                () = silence => return,
            }
        }
    }
}

impl Open {
    fn count(&mut self, held: Held) -> &mut usize {
        match held {
            Held::Stream => &mut self.streams,
            Held::Call => &mut self.calls,
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.presence.0.send_modify(|open| *open.count(self.held) -= 1);
    }
}

/// A stream that counts for as long as somebody has it.
pub(crate) struct HeldStream<S> {
    inner: Pin<Box<S>>,
    _hold: Hold,
}

impl<S> HeldStream<S> {
    pub(crate) fn new(inner: S, hold: Hold) -> Self {
        Self { inner: Box::pin(inner), _hold: hold }
    }
}

impl<S: Stream> Stream for HeldStream<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_session_ends_after_the_idle_limit_and_each_sign_of_life_begins_it_anew() {
        let presence = Presence::new();
        let started = Instant::now();
        let signs = async {
            sleep(IDLE_LIMIT / 2).await;
            drop(presence.stream());
            std::future::pending::<()>().await;
        };
        tokio::select! { () = presence.gone() => {}, () = signs => {} }
        assert_eq!(started.elapsed().as_secs(), (IDLE_LIMIT * 3 / 2).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_stream_keeps_a_session_for_as_long_as_it_is_open() {
        let presence = Presence::new();
        let stream = presence.stream();
        timeout(IDLE_LIMIT * 10, presence.gone()).await.expect_err("the client is there");
        drop(stream);
        timeout(IDLE_LIMIT * 2, presence.gone()).await.expect("the client is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_come_back_for_an_answer_is_gone_sooner() {
        let presence = Presence::new();
        let _call = presence.call();
        let started = Instant::now();
        presence.gone().await;
        assert_eq!(started.elapsed().as_secs(), RETURN_LIMIT.as_secs());
    }
}

//! Following a session: its events from a number on, or from now, and then as they happen. A follower takes a place in
//! the hub and no more memory than a page of events; whoever reads too slowly reads on from the store.

use std::{collections::VecDeque, sync::Arc};

use axum::body::Bytes;
use futures_util::{Stream, stream};
use handspike_store::StoredEvent;
use serde_json::Value;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use super::{
    hub::{Hub, News},
    pictures,
    sse::{HEARTBEAT, PING, named},
};
use crate::{error::ApiError, server::Server};

/// Events that are read from the store at once.
const PAGE: u32 = 32;

/// Where a follower begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// With what happens next.
    Now,
    /// After the event of this number.
    After(u64),
}

struct Follower {
    server: Arc<Server>,
    session: Uuid,
    news: Receiver<News>,
    /// The number of the last event that was passed on.
    last: u64,
    /// Whether there may be events in the store that were not.
    is_behind: bool,
    /// What is to be passed on first.
    ready: VecDeque<Bytes>,
    _left: Left,
}

/// Tells the hub that a follower has left. It stands behind the receiver, which has to go first.
struct Left {
    hub: Arc<Hub>,
    session: Uuid,
}

impl Drop for Left {
    fn drop(&mut self) {
        self.hub.leave(self.session);
    }
}

impl Server {
    /// The events of a session, which must be there.
    pub(super) async fn follow(
        self: &Arc<Self>,
        session: Uuid,
        from: From,
    ) -> Result<impl Stream<Item = Bytes> + Send + use<>, ApiError> {
        // Listening begins before the store is looked at: nothing is missed in between.
        let news = self.hub.listen(session);
        let left = Left { hub: Arc::clone(&self.hub), session };
        let last = self.store.last_event(session).await?;
        let (last, is_behind) = match from {
            From::Now => (last, false),
            From::After(seq) => (seq.min(last), seq < last),
        };
        let server = Arc::clone(self);
        // The head goes out at once, so that a client knows that it follows.
        let ready = VecDeque::from([Bytes::from_static(PING.as_bytes())]);
        let follower = Follower { server, session, news, last, is_behind, ready, _left: left };
        Ok(stream::unfold(follower, async |mut follower| follower.next().await.map(|bytes| (bytes, follower))))
    }
}

impl Follower {
    /// The next bytes; none where the session is gone.
    async fn next(&mut self) -> Option<Bytes> {
        let silent_until = Instant::now() + HEARTBEAT;
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if self.is_behind {
                self.catch_up().await?;
                continue;
            }
            tokio::select! {
                news = self.news.recv() => match news {
                    Ok(news) => self.take(news),
                    Err(RecvError::Lagged(_)) => self.is_behind = true,
                    Err(RecvError::Closed) => {
                        // The room is closed where the session is gone; then so are its events.
                        self.server.store.last_event(self.session).await.ok()?;
                        self.news = self.server.hub.listen(self.session);
                        self.is_behind = true;
                    }
                },
                () = sleep_until(silent_until) => {
                    // Another server may have told its own followers only.
                    let last = self.server.store.last_event(self.session).await.ok()?;
                    self.is_behind = last > self.last;
                    self.ready.push_back(Bytes::from_static(PING.as_bytes()));
                }
            }
        }
    }

    fn take(&mut self, news: News) {
        let News { seq, is_stored, frame } = news;
        // What passes belongs after the event of its number, and is of no use before or later.
        let is_next = if is_stored { seq == self.last + 1 } else { seq == self.last };
        if is_next {
            self.last = seq;
            self.ready.push_back(Bytes::copy_from_slice(frame.as_bytes()));
        } else if seq > self.last {
            self.is_behind = true;
        }
    }

    /// Reads a page of what was missed.
    async fn catch_up(&mut self) -> Option<()> {
        let page = self.server.store.events_after(self.session, self.last, PAGE).await;
        let page = page.inspect_err(|error| tracing::error!(%error, "events can't be read")).ok()?;
        self.is_behind = page.len() == PAGE as usize;
        for StoredEvent { seq, body, .. } in page {
            let Value::Object(mut event) = body else { continue };
            pictures::bring_back(&self.server.store, &mut event).await;
            self.last = seq;
            self.ready.push_back(named(Some(seq), &Value::Object(event)).into());
        }
        Some(())
    }
}

//! Room for sandboxes: so many may run at once, and who comes later waits in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use handspike_core::NoRoom;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout_at},
};

/// Sessions that may wait; more are told at once that there is no room.
const MOST_WAITING: usize = 1000;

/// Lets in as many sandboxes as may run.
pub(crate) struct Gate {
    limit: usize,
    state: Mutex<State>,
    /// Rings when somebody waits, and when something is idle that might make room for who does.
    bell: Notify,
}

#[derive(Default)]
struct State {
    /// Permits that are out. They may be more than the limit, where more ran already.
    out: usize,
    queue: VecDeque<oneshot::Sender<Permit>>,
}

/// One sandbox's room, given back when it is dropped.
pub(crate) struct Permit(Arc<Gate>);

impl Gate {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, state: Mutex::default(), bell: Notify::new() })
    }

    /// Room, at once or in turn.
    pub(crate) async fn enter(self: &Arc<Self>, longest_wait: Duration) -> Result<Permit, NoRoom> {
        let started = Instant::now();
        let no_room = || NoRoom { limit: self.limit, waited: started.elapsed() };
        let mut turn = {
            let mut state = self.locked();
            state.queue.retain(|waiting| !waiting.is_closed());
            if state.out < self.limit && state.queue.is_empty() {
                state.out += 1;
                return Ok(Permit(Arc::clone(self)));
            }
            if state.queue.len() >= MOST_WAITING {
                return Err(no_room());
            }
            let (sender, turn) = oneshot::channel();
            state.queue.push_back(sender);
            turn
        };
        self.ring();
        match timeout_at(started + longest_wait, &mut turn).await {
            Ok(Ok(permit)) => Ok(permit),
            // The gate outlives whoever waits at it, so this is a turn that came in the last moment, or none.
            Ok(Err(_)) | Err(_) => turn.try_recv().map_err(|_| no_room()),
        }
    }

    /// Room for what runs already.
    pub(crate) fn enter_anyway(self: &Arc<Self>) -> Permit {
        self.locked().out += 1;
        Permit(Arc::clone(self))
    }

    /// Whether whoever comes now has to wait.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.locked();
        state.out >= self.limit || state.queue.iter().any(|waiting| !waiting.is_closed())
    }

    /// Whether somebody waits whom no free room can help.
    pub(crate) fn is_crowded(&self) -> bool {
        let state = self.locked();
        state.out >= self.limit && state.queue.iter().any(|waiting| !waiting.is_closed())
    }

    /// How many have room, and how many wait for it.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.locked();
        (state.out, state.queue.iter().filter(|waiting| !waiting.is_closed()).count())
    }

    /// Has whoever makes room look again.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Comes back when it is time to look whether room can be made.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    fn leave(self: &Arc<Self>) {
        let next = {
            let mut state = self.locked();
            state.out -= 1;
            if state.out >= self.limit {
                return;
            }
            let next = loop {
                match state.queue.pop_front() {
                    Some(waiting) if waiting.is_closed() => {}
                    next => break next,
                }
            };
            state.out += usize::from(next.is_some());
            next
        };
        if let Some(waiting) = next {
            // One who has gone in this moment drops the permit, and so it goes to the next.
            let _ = waiting.send(Permit(Arc::clone(self)));
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    const WAIT: Duration = Duration::from_secs(60);

    /// Waits in a task of its own, and is at its place in the queue when this returns.
    async fn waiting(gate: &Arc<Gate>) -> JoinHandle<Result<Permit, NoRoom>> {
        let (_, before) = gate.counts();
        let own = Arc::clone(gate);
        let waiting = tokio::spawn(async move { own.enter(WAIT).await });
        while gate.counts().1 == before {
            yield_now().await;
        }
        waiting
    }

    async fn entered(waiting: JoinHandle<Result<Permit, NoRoom>>) -> Permit {
        waiting.await.expect("it does not panic").expect("room")
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_first_enters_first() {
        let gate = Gate::new(2);
        let (first, second) = (gate.enter(WAIT).await.expect("room"), gate.enter(WAIT).await.expect("room"));
        let (third, fourth) = (waiting(&gate).await, waiting(&gate).await);
        assert_eq!((gate.counts(), gate.is_crowded()), ((2, 2), true));
        drop(second);
        let third = entered(third).await;
        assert!(!fourth.is_finished());
        drop(first);
        let fourth = entered(fourth).await;
        assert_eq!((gate.counts(), gate.is_crowded()), ((2, 0), false));
        drop((third, fourth));
        assert_eq!(gate.counts(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_long_enough_is_told_so() {
        let gate = Gate::new(1);
        let permit = gate.enter(WAIT).await.expect("room");
        let told = gate.enter(WAIT).await.err().expect("no room");
        assert_eq!(told, NoRoom { limit: 1, waited: WAIT });
        drop(permit);
        assert_eq!(gate.counts(), (0, 0));
        gate.enter(Duration::ZERO).await.expect("room");
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_the_room_to_the_next() {
        let gate = Gate::new(1);
        let permit = gate.enter(WAIT).await.expect("room");
        let (gone, next) = (waiting(&gate).await, waiting(&gate).await);
        gone.abort();
        assert!(gone.await.is_err());
        drop(permit);
        // Also one that was let in and has gone before it noticed.
        next.abort();
        assert!(next.await.is_err());
        assert_eq!(gate.counts(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_ran_already_counts_and_nobody_enters_before_there_is_room_again() {
        let gate = Gate::new(1);
        let found = [gate.enter_anyway(), gate.enter_anyway()];
        let next = waiting(&gate).await;
        let [first, second] = found;
        drop(first);
        yield_now().await;
        assert!(!next.is_finished());
        drop(second);
        entered(next).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_has_an_end() {
        let gate = Gate::new(0);
        let mut queue = Vec::new();
        for _ in 0..MOST_WAITING {
            queue.push(waiting(&gate).await);
        }
        let told = gate.enter(WAIT).await.err().expect("no room");
        assert_eq!(told.waited, Duration::ZERO);
        queue.iter().for_each(JoinHandle::abort);
    }
}

use std::sync::{Arc, Mutex as StdMutex};

use super::*;

/// What was stored and announced, in order: a list of numbers for each time that something was written.
#[derive(Clone, Default)]
struct Seen(Arc<StdMutex<Vec<Written>>>);

type Written = (&'static str, Vec<u64>);

impl Seen {
    fn add(&self, what: &'static str, events: &[Event]) {
        let numbers = events.iter().map(|event| event.seq).collect();
        self.0.lock().expect("nobody panics here").push((what, numbers));
    }

    fn taken(&self) -> Vec<Written> {
        std::mem::take(&mut self.0.lock().expect("nobody panics here"))
    }
}

struct Store {
    seen: Seen,
    is_full: bool,
}

#[async_trait]
impl Journal for Store {
    async fn write(&mut self, events: &mut [Event]) -> io::Result<()> {
        self.seen.add("stored", events);
        if self.is_full { Err(io::Error::other("no space left")) } else { Ok(()) }
    }
}

#[async_trait]
impl EventSink for Seen {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        self.add("announced", std::slice::from_ref(event));
        Ok(())
    }
}

fn recorder(next_seq: u64, is_full: bool) -> (Recorder, Seen) {
    let seen = Seen::default();
    let store = Store { seen: seen.clone(), is_full };
    let session = SessionId::generate();
    (Recorder::resume(session, next_seq, Some(Box::new(store)), vec![Box::new(seen.clone())]), seen)
}

fn news(text: &str) -> EventKind {
    EventKind::Progress { text: text.to_owned() }
}

#[tokio::test]
async fn events_that_belong_together_are_stored_in_one_go_before_any_is_announced() {
    let (recorder, seen) = recorder(0, false);
    recorder.record_all(vec![news("a"), news("b")]).await.expect("there is room");
    recorder.record(news("c")).await.expect("there is room");
    let order = [("stored", vec![0, 1]), ("announced", vec![0]), ("announced", vec![1])];
    let then = [("stored", vec![2]), ("announced", vec![2])];
    assert_eq!(seen.taken(), [&order[..], &then].concat());
}

#[tokio::test]
async fn a_resumed_recorder_counts_on_and_what_is_only_announced_takes_no_number() {
    let (recorder, seen) = recorder(7, false);
    recorder.announce(news("x")).await.expect("the sink takes it");
    recorder.record(news("a")).await.expect("there is room");
    recorder.announce(news("y")).await.expect("the sink takes it");
    let order = [("announced", vec![6]), ("stored", vec![7]), ("announced", vec![7]), ("announced", vec![7])];
    assert_eq!(seen.taken(), order);
}

#[tokio::test]
async fn what_could_not_be_stored_is_not_announced() {
    let (recorder, seen) = recorder(0, true);
    recorder.record(news("a")).await.expect_err("the store is full");
    assert_eq!(seen.taken(), [("stored", vec![0])]);
}

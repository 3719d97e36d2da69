//! A process that writes is killed in the middle of it, with no chance to tidy up. What it had been told was stored is
//! there afterwards, and nothing is there by half.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use handspike_store::{BlobHash, HistoryPage, Kind, Location, NewEntry, NewRecord, StepWrites, Store, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Place, done, on_both, said, session};

/// Where the writing process finds what to write to; set for that process only.
const PLACE: &str = "HANDSPIKE_TEST_CRASH_PLACE";

/// The other side of the tests below: this program runs itself with this one test, which writes until it is killed.
/// Run by itself it has nothing to write to, and nothing to do.
#[tokio::test]
async fn writer() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let mut words = place.split('\n');
    let mut word = || words.next().expect("a word").to_owned();
    let (session, location, blobs) = (word(), word(), word());
    let session: Uuid = session.parse().expect("an id");
    let location = Location::parse(&location, blobs.as_ref()).expect("a place");
    let store = Store::open(&location).await.expect("a store");
    let mut out = std::io::stderr();
    for round in 0.. {
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let hash = store.put_blob(format!("blob {round}").into_bytes()).await.expect("stored");
        let entries = vec![said(&format!("{round}")), NewEntry { blobs: vec![hash], ..said(&format!("{round}")) }];
        let writes = StepWrites { entries, events: vec![json!(round), json!(round)], ..StepWrites::default() };
        let committed = store.commit(session, turn, &writes).await.expect("committed");
        writeln!(out, "committed {} {}", committed.first_entry, committed.first_event).expect("told");
        store.end_turn(session, turn, done()).await.expect("ended");
    }
}

on_both! {
    async fn what_was_acknowledged_survives_a_kill(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        store.close().await;
        for kill in 0..3 {
            let (entries, events) = write_and_kill(place, session, 15 + 10 * kill);
            let store = open_after_death(place).await;
            let read = store.entries(session, &HistoryPage::first(1000)).await.expect("read");
            assert!(read.len() as u64 > entries, "entry {} was acknowledged, of {}", entries + 1, read.len());
            assert!(read.iter().map(|entry| entry.seq).eq(1..=read.len() as u64), "no gaps");
            let stored = store.events_after(session, 0, 1000).await.expect("read");
            assert!(stored.len() as u64 > events, "event {} was acknowledged, of {}", events + 1, stored.len());
            assert_eq!(stored.len(), read.len(), "both or neither");
            for pair in read.chunks(2) {
                assert_eq!((pair[0].turn, &pair[0].body), (pair[1].turn, &pair[1].body), "both or neither");
                let text = pair[0].body["content"].as_str().expect("text");
                let bytes = store.blob(BlobHash::of(format!("blob {text}").as_bytes())).await.expect("its blob");
                assert_eq!(bytes, format!("blob {text}").into_bytes());
            }
            let open = store.open_turns().await.expect("read");
            assert!(open.len() <= 1, "{open:?}");
            for open in open {
                let busy = store.begin_turn(session, &Value::Null).await.expect_err("still open");
                assert!(matches!(busy, StoreError::Busy { turn } if turn == open.turn.id), "{busy}");
                assert!(store.adopt_turn(&open.turn).await.expect("adopted"));
                store.end_turn(session, open.turn.id, done()).await.expect("ended");
            }
            store.collect_blobs(Duration::ZERO).await.expect("collected");
            assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
            store.create(NewRecord::new(Kind::Agent)).await.expect("usable");
            store.close().await;
        }
    }
}

/// The last numbers that the writer was told, before it was killed after so many rounds.
fn write_and_kill(place: &Place, session: Uuid, rounds: u32) -> (u64, u64) {
    let location = match &place.location {
        Location::Sqlite { file } => file.to_str().expect("UTF-8").to_owned(),
        Location::Postgres { url, .. } => url.clone(),
    };
    let blobs = place.location.blobs();
    let mut writer = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "crash::writer", "--nocapture", "--test-threads=1"])
        .env(PLACE, format!("{session}\n{location}\n{}", blobs.to_str().expect("UTF-8")))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let (mut last, mut told, mut said) = (None, 0, String::new());
    for line in BufReader::new(writer.stderr.take().expect("piped")).lines() {
        let line = line.expect("text");
        if let Some(numbers) = line.strip_prefix("committed ") {
            let (entry, event) = numbers.split_once(' ').expect("two numbers");
            last = Some((entry.parse().expect("a number"), event.parse().expect("a number")));
            told += 1;
        }
        said.push_str(&line);
        said.push('\n');
        if told == rounds {
            // SIGKILL, in the middle of whatever it does.
            writer.kill().expect("killed");
        }
    }
    writer.wait().expect("ended");
    assert!(told >= rounds, "the writer ended by itself\n{said}");
    last.expect("at least one")
}

/// PostgreSQL may need a moment to notice that the client is gone, and to undo what it was at.
async fn open_after_death(place: &Place) -> Store {
    if !place.is_sqlite() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    place.open().await
}

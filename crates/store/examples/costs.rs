//! What it costs to save a chat on SQLite: beginning a turn, committing a step with its question, its answer and a few
//! events, and ending the turn. Prints medians, in sessions with a short history and a long one.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use handspike_store::{
    EntriesOfTurn, HistoryPage, Kind, Location, NewEntry, NewRecord, StepUsage, StepWrites, Store, TurnEnd,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Chats that are measured, of each history.
const CHATS: usize = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(&Location::file(folder.path().join("costs.db"))).await?;
    println!("medians of {CHATS} chats, in microseconds (the slowest of a hundred behind each)");
    println!("{:>8} {:>14} {:>14} {:>14} {:>14} {:>14}", "history", "begin", "commit", "end", "together", "last 50");
    for history in [10, 10_000] {
        let session = store.create(NewRecord::new(Kind::Session)).await?.id;
        let entries: Vec<_> = (0..history).map(|_| entry("user")).collect();
        store.append_entries(session, &entries).await?;
        let mut times: [Vec<Duration>; 5] = Default::default();
        for _ in 0..CHATS {
            for (times, time) in times.iter_mut().zip(chat(&store, session).await?) {
                times.push(time);
            }
        }
        print!("{history:>8}");
        for mut times in times {
            times.sort();
            let slow = times[times.len() * 99 / 100].as_micros();
            print!(" {:>14}", format!("{} ({slow})", times[times.len() / 2].as_micros()));
        }
        println!();
    }
    store.close().await;
    Ok(())
}

async fn chat(store: &Store, session: Uuid) -> Result<[Duration; 5], Box<dyn Error>> {
    let start = Instant::now();
    let turn = store.begin_turn(session, &Value::Null).await?;
    let begun = start.elapsed();
    let writes = StepWrites {
        entries: vec![entry("user"), entry("assistant")],
        events: (0..4).map(|number| json!({"type": "message.completed", "number": number})).collect(),
        usage: StepUsage { steps: 1, input_tokens: 1000, output_tokens: 100 },
        ..StepWrites::default()
    };
    store.commit(session, turn, &writes).await?;
    let committed = start.elapsed();
    let end = TurnEnd { outcome: "done".to_owned(), detail: Value::Null, entries: EntriesOfTurn::Kept };
    store.end_turn(session, turn, end).await?;
    let ended = start.elapsed();
    store.entries(session, &HistoryPage::last(50)).await?;
    Ok([begun, committed - begun, ended - committed, ended, start.elapsed() - ended])
}

fn entry(role: &str) -> NewEntry {
    let body = json!({"content": [{"type": "text", "text": "word ".repeat(100)}]});
    let body = body.as_object().cloned().unwrap_or_else(Map::new);
    NewEntry::new("api_request", role, body)
}

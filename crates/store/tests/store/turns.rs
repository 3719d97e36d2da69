use std::time::Duration;

use handspike_store::{
    BlobHash, CallFinish, CallStart, HistoryPage, Kind, NewEntry, StepUsage, StepWrites, Store, StoreError, Turn,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Place, done, on_both, said, session};

fn start(id: &str) -> CallStart {
    CallStart { id: id.to_owned(), request: json!({"name": "bash", "arguments": {"command": "ls\u{0}"}}) }
}

fn finish(id: &str) -> CallFinish {
    CallFinish { id: id.to_owned(), result: json!({"content": "a"}) }
}

/// All that a commit may have changed.
async fn contents(store: &Store, session: Uuid, turn: Uuid) -> (usize, usize, usize, u64) {
    let entries = store.entries(session, &HistoryPage::last(100)).await.expect("read").len();
    let calls = store.calls(turn).await.expect("read").len();
    let events = store.events_after(session, 0, 100).await.expect("read").len();
    (entries, calls, events, store.turn(turn).await.expect("read").expect("there").input_tokens)
}

on_both! {
    async fn a_step_is_committed_as_a_whole(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let usage = StepUsage { steps: 1, input_tokens: 10, output_tokens: 2 };
        let writes = StepWrites {
            entries: vec![said("a"), said("b")],
            started: vec![start("1"), start("2")],
            finished: vec![finish("1")],
            events: vec![json!({"type": "turn.started"}), json!(2), json!(3)],
            usage,
            ..StepWrites::default()
        };
        let committed = store.commit(session, turn, &writes).await.expect("committed");
        assert_eq!((committed.first_entry, committed.first_event), (1, 1));
        let more = StepWrites { entries: vec![said("c")], finished: vec![finish("2")], usage, ..StepWrites::default() };
        let committed = store.commit(session, turn, &more).await.expect("committed");
        assert_eq!((committed.first_entry, committed.first_event), (3, 4));
        let calls = store.calls(turn).await.expect("read");
        assert_eq!(calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(calls[0].request, start("1").request);
        assert!(calls.iter().all(|call| call.finished_at.is_some() && call.result == Some(finish("").result)));
        let read = store.turn(turn).await.expect("read").expect("there");
        assert_eq!((read.steps, read.input_tokens, read.output_tokens, read.ended_at), (2, 20, 4, None));
        let entries = store.entries(session, &HistoryPage::last(9)).await.expect("read");
        assert!(entries.iter().all(|entry| entry.turn == Some(turn)));
    }

    async fn a_step_that_cannot_be_written_leaves_nothing(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let first = StepWrites { started: vec![start("1")], ..StepWrites::default() };
        store.commit(session, turn, &first).await.expect("committed");
        let usage = StepUsage { steps: 1, input_tokens: 1, output_tokens: 1 };
        let writes = StepWrites { entries: vec![said("a")], events: vec![json!(1)], usage, ..StepWrites::default() };
        let before = contents(&store, session, turn).await;

        let again = StepWrites { started: vec![start("1")], ..writes.clone() };
        let error = store.commit(session, turn, &again).await.expect_err("started before");
        assert!(matches!(&error, StoreError::CallStartedBefore { call, .. } if call == "1"), "{error}");
        let unknown = StepWrites { finished: vec![finish("2")], ..writes.clone() };
        let error = store.commit(session, turn, &unknown).await.expect_err("never started");
        assert!(matches!(&error, StoreError::NoSuchCall { call, .. } if call == "2"), "{error}");
        let twice = StepWrites { finished: vec![finish("1"), finish("1")], ..writes.clone() };
        assert!(matches!(store.commit(session, turn, &twice).await, Err(StoreError::NoSuchCall { .. })));
        let nul = StepWrites { started: vec![start("\0")], ..writes.clone() };
        assert!(matches!(store.commit(session, turn, &nul).await, Err(StoreError::Nul(_))));
        let unknown = NewEntry { blobs: vec![BlobHash::of(b"nobody's")], ..said("a") };
        let unknown = StepWrites { entries: vec![unknown], ..writes.clone() };
        assert!(matches!(store.commit(session, turn, &unknown).await, Err(StoreError::NoSuchBlob(_))));
        assert_eq!(contents(&store, session, turn).await, before);

        let committed = store.commit(session, turn, &writes).await.expect("committed");
        assert_eq!((committed.first_entry, committed.first_event), (1, 1), "no gaps are left");
    }

    async fn a_session_has_one_open_turn(place: &Place) {
        let store = place.open().await;
        let (session, other) = (session(&store).await, session(&store).await);
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let busy = store.begin_turn(session, &Value::Null).await.expect_err("open");
        assert!(matches!(busy, StoreError::Busy { turn: open } if open == turn), "{busy}");
        store.begin_turn(other, &Value::Null).await.expect("another session");
        assert_eq!(store.open_turn(session).await.expect("read").map(|open| open.id), Some(turn));
        let end = StepWrites { entries: vec![said("a")], end: Some(done()), ..StepWrites::default() };
        store.commit(session, turn, &end).await.expect("ended");
        let read = store.turn(turn).await.expect("read").expect("there");
        assert_eq!((read.outcome.as_deref(), read.detail), (Some("done"), Some(Value::Null)));
        assert_eq!(store.open_turn(session).await.expect("read"), None);
        for late in [store.commit(session, turn, &end).await.map(drop), store.end_turn(session, turn, done()).await] {
            assert!(matches!(late, Err(StoreError::TurnNotOpen { turn: ended }) if ended == turn));
        }
        let next = store.begin_turn(session, &Value::Null).await.expect("free again");
        assert_eq!(store.turn(next).await.expect("read").expect("there").after_entry, 1);
        let mixed = store.commit(other, next, &StepWrites::default()).await.expect_err("another session's turn");
        assert!(matches!(mixed, StoreError::TurnNotOpen { .. }), "{mixed}");
        let unknown = store.begin_turn(Uuid::now_v7(), &Value::Null).await.expect_err("no session");
        assert!(matches!(unknown, StoreError::NotFound { kind: Kind::Session, .. }), "{unknown}");
    }

    async fn of_turns_begun_at_once_exactly_one_wins(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        for _ in 0..20 {
            let tries: Vec<_> = (0..8)
                .map(|_| {
                    let store = store.clone();
                    tokio::spawn(async move { store.begin_turn(session, &Value::Null).await })
                })
                .collect();
            let (mut won, mut busy) = (Vec::new(), Vec::new());
            for begun in tries {
                match begun.await.expect("no panic") {
                    Ok(turn) => won.push(turn),
                    Err(StoreError::Busy { turn }) => busy.push(turn),
                    Err(other) => panic!("{other}"),
                }
            }
            assert_eq!((won.len(), busy.len()), (1, 7));
            assert!(busy.iter().all(|turn| *turn == won[0]));
            store.end_turn(session, won[0], done()).await.expect("ended");
        }
    }

    async fn what_another_server_left_open_is_found_with_its_calls(place: &Place) {
        let before = place.open().await;
        let session = session(&before).await;
        let turn = before.begin_turn(session, &Value::Null).await.expect("begun");
        let writes = StepWrites {
            started: vec![start("ran"), start("runs")],
            finished: vec![finish("ran")],
            ..StepWrites::default()
        };
        before.commit(session, turn, &writes).await.expect("committed");
        assert_eq!(before.open_turns().await.expect("read"), [], "its own are not left");
        before.close().await;

        let store = place.open().await;
        let open = store.open_turns().await.expect("read");
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].turn.id, open[0].turn.session, open[0].turn.opened_by), (turn, session, before.instance()));
        let running: Vec<_> = open[0].calls.iter().filter(|call| call.result.is_none()).map(|call| &call.id).collect();
        assert_eq!(running, ["runs"]);
        let writes = StepWrites { finished: vec![finish("runs")], end: Some(done()), ..StepWrites::default() };
        let foreign = store.commit(session, turn, &writes).await.expect_err("another's");
        assert!(matches!(foreign, StoreError::TurnNotOpen { .. }), "{foreign}");
        let touched = Turn { updated_at: open[0].turn.updated_at - 1, ..open[0].turn.clone() };
        assert!(!store.adopt_turn(&touched).await.expect("tried"), "somebody is at work on it");
        assert!(store.adopt_turn(&open[0].turn).await.expect("adopted"));
        assert!(!store.adopt_turn(&open[0].turn).await.expect("tried"), "it is this one's already");
        store.touch_turns().await.expect("touched");
        store.commit(session, turn, &writes).await.expect("ended in its place");
        assert_eq!(store.open_turns().await.expect("read"), []);
    }

    async fn a_commit_that_nobody_waits_for_any_more_is_whole_or_not_there(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let usage = StepUsage { steps: 1, input_tokens: 1, output_tokens: 0 };
        let writes = StepWrites {
            entries: vec![said("a"), said("b")],
            events: vec![json!(1), json!(2)],
            usage,
            ..StepWrites::default()
        };
        let mut returned = 0;
        for pause in 0..200 {
            let mut writes = writes.clone();
            writes.entries.iter_mut().for_each(|entry| entry.id = Uuid::now_v7());
            let patience = Duration::from_micros(pause * 10);
            let commit = tokio::time::timeout(patience, store.commit(session, turn, &writes)).await;
            returned += u64::from(commit.map(|committed| committed.expect("committed")).is_ok());
        }
        store.commit(session, turn, &StepWrites::default()).await.expect("goes on");
        let written = store.turn(turn).await.expect("read").expect("there").input_tokens;
        assert!(written >= returned, "{returned} were acknowledged, {written} are there");
        assert_eq!(store.count_entries(session).await.expect("counted"), 2 * written);
        let events = store.events_after(session, 0, 1000).await.expect("read");
        assert!(events.iter().map(|event| event.seq).eq(1..=2 * written), "no gaps");
        store.end_turn(session, turn, done()).await.expect("ended");
    }

    async fn a_deleted_session_takes_all_of_its_own_along(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let writes = StepWrites {
            entries: vec![said("a")],
            started: vec![start("1")],
            events: vec![json!(1)],
            ..StepWrites::default()
        };
        store.commit(session, turn, &writes).await.expect("committed");
        store.delete(Kind::Session, session).await.expect("deleted");
        assert!(matches!(store.commit(session, turn, &writes).await, Err(StoreError::TurnNotOpen { .. })));
        assert_eq!(store.turn(turn).await.expect("read"), None);
        assert_eq!(store.calls(turn).await.expect("read"), []);
        assert_eq!(store.count_entries(session).await.expect("counted"), 0);
        assert_eq!(store.events_after(session, 0, 9).await.expect("read"), []);
        assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
    }
}
